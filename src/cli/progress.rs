//! How a run is followed: bars on a terminal, a line every ten seconds elsewhere, events for programs. Boundary: it is told what
//! happened and shows it; what it says is printed by `output`.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::args::ProgressMode;
use super::output::Output;
use super::table::{duration, number, rate};
use crate::pipeline::{Event, Stage, Stages};
use crate::staging::{Moment, RunId};
use crate::validate;

/// Between two lines where there is no terminal.
const LINE_EVERY: u64 = 10_000_000;
/// Between two looks at Ctrl-C and the clock.
const TICK: Duration = Duration::from_millis(100);
const ALL: [Stage; 3] = [Stage::Extract, Stage::Transform, Stage::Load];

/// Follows one command.
pub(super) struct Progress<'a> {
    out: &'a Output,
    names: Vec<String>,
    stages: Vec<Stage>,
    what: &'static str,
    state: Mutex<State>,
}

/// What was told so far.
#[derive(Debug)]
struct State {
    began: Moment,
    last_line: Moment,
    told_to_stop: bool,
    /// Rows expected of each entity, where it is known.
    expected: Vec<Option<u64>>,
    /// Rows of each entity by stage.
    rows: Vec<[u64; 3]>,
    /// Rows of all entities and stages that were done before this run.
    before: u64,
    /// Rows to read back, and rows read back of each table's first entity.
    validating: Option<(u64, Vec<u64>)>,
    bars: Vec<Option<ProgressBar>>,
    total: Option<ProgressBar>,
}

impl<'a> Progress<'a> {
    /// Follows a command over these entities.
    pub fn new(out: &'a Output, names: Vec<String>, stages: Option<Stages>, what: &'static str) -> Self {
        let now = Moment::now();
        let count = names.len();
        let state = State {
            began: now,
            last_line: now,
            told_to_stop: false,
            expected: vec![None; count],
            rows: vec![[0; 3]; count],
            before: 0,
            validating: None,
            bars: vec![None; count],
            total: None,
        };
        let stages = ALL.into_iter().filter(|stage| stages.is_some_and(|stages| stages.include(*stage))).collect();
        Self { out, names, stages, what, state: Mutex::new(state) }
    }

    /// Does the work, with the clock and Ctrl-C looked at beside it; bars are gone behind it, however it ends.
    pub fn beside<T>(&self, stop: &AtomicBool, work: impl FnOnce() -> T) -> T {
        struct Over<'t>(&'t AtomicBool, thread::Thread);
        impl Drop for Over<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Release);
                self.1.unpark();
            }
        }
        let over = AtomicBool::new(false);
        let result = thread::scope(|scope| {
            let ticker = scope.spawn(|| {
                while !over.load(Ordering::Acquire) {
                    self.tick(stop.load(Ordering::Relaxed));
                    thread::park_timeout(TICK);
                }
            });
            let _over = Over(&over, ticker.thread().clone());
            work()
        });
        self.clear();
        result
    }

    /// Shows what the pipeline tells.
    pub fn observe(&self, event: &Event) {
        match event {
            Event::Started { run, continues, done_before, nothing_left } => {
                self.state().before = self.stages.iter().map(|stage| done_before[*stage as usize]).sum();
                if self.out.progress == ProgressMode::Json {
                    let continued = continues
                        .as_ref()
                        .map(|(id, began, how)| json!({"run": id.to_string(), "started": began.to_string(), "ended": how}));
                    let before = json!({"extract": done_before[0], "transform": done_before[1], "load": done_before[2]});
                    self.out.event(&json!({"event": "started", "run": run.to_string(), "continues": continued, "done_before": before, "nothing_left": nothing_left}));
                } else {
                    self.out.say(&opening(self.what, *run, continues.as_ref(), *done_before, *nothing_left));
                }
            }
            Event::Expected { entity, rows } => {
                if let Some(expected) = self.state().expected.get_mut(*entity) {
                    *expected = Some(*rows);
                }
                self.event_of(*entity, || json!({"event": "expected", "entity": self.names.get(*entity), "rows": rows}));
            }
            Event::Progress { entity, stage, rows } => {
                if let Some(done) = self.state().rows.get_mut(*entity) {
                    done[*stage as usize] = *rows;
                }
                self.event_of(
                    *entity,
                    || json!({"event": "progress", "entity": self.names.get(*entity), "stage": stage.word(), "rows": rows}),
                );
            }
            Event::Note(text) => self.out.say(text),
        }
    }

    /// Shows what the validation tells.
    pub fn observe_validation(&self, progress: &validate::Progress) {
        match progress {
            validate::Progress::Began { rows } => {
                let mut state = self.state();
                state.validating = Some((*rows, vec![0; self.names.len()]));
                (state.began, state.total) = (Moment::now(), None);
                drop(state);
                self.clear();
                if self.out.progress == ProgressMode::Json {
                    self.out.event(&json!({"event": "validating", "rows": rows}));
                } else {
                    self.out.say(&format!("validating: {} rows are read back and compared, cell by cell", number(*rows)));
                }
            }
            validate::Progress::Rows { entity, rows } => {
                if let Some((_, read)) = &mut self.state().validating
                    && let Some(read) = read.get_mut(*entity)
                {
                    *read = *rows;
                }
                self.event_of(
                    *entity,
                    || json!({"event": "progress", "entity": self.names.get(*entity), "stage": "validate", "rows": rows}),
                );
            }
            validate::Progress::Note(text) => self.out.say(text),
        }
    }

    fn event_of(&self, entity: usize, event: impl FnOnce() -> serde_json::Value) {
        match self.out.progress {
            ProgressMode::Json => self.out.event(&event()),
            ProgressMode::Bar => self.draw(entity),
            ProgressMode::Auto | ProgressMode::Log | ProgressMode::None => {}
        }
    }

    fn tick(&self, stopping: bool) {
        let mut state = self.state();
        if stopping && !state.told_to_stop {
            state.told_to_stop = true;
            drop(state);
            self.out.say("stopping at the next chunk boundary; Ctrl-C again ends it at once (nothing is lost either way)");
            return;
        }
        let now = Moment::now();
        if self.out.progress == ProgressMode::Log && now.micros_since(state.last_line) >= LINE_EVERY {
            state.last_line = now;
            let line = state.line(&self.names, &self.stages, now.micros_since(state.began));
            drop(state);
            self.out.say(&line);
        }
    }

    /// Brings the bar of an entity and that of the whole run up to date.
    fn draw(&self, entity: usize) {
        let mut state = self.state();
        let elapsed = Moment::now().micros_since(state.began);
        let (done, expected) = state.work(&self.stages);
        let message = state.message(&self.stages, elapsed);
        let total = state.total.get_or_insert_with(|| {
            let bar = ProgressBar::new(expected.unwrap_or(0)).with_style(style()).with_prefix(self.what);
            self.out.bars().insert(0, bar)
        });
        total.set_length(expected.unwrap_or(done).max(done));
        total.set_position(done);
        total.set_message(message);
        let Some(rows) = state.rows.get(entity).copied().filter(|_| state.validating.is_none()) else { return };
        let per_stage = state.expected[entity].unwrap_or(rows[0]).max(1);
        let stages = self.stages.len() as u64;
        let done: u64 = self.stages.iter().map(|stage| rows[*stage as usize].min(per_stage)).sum();
        if done >= per_stage * stages {
            if let Some(bar) = state.bars[entity].take() {
                bar.finish_and_clear();
                self.out.bars().remove(&bar);
            }
            return;
        }
        let bar = state.bars[entity].get_or_insert_with(|| {
            let bar = ProgressBar::new(per_stage * stages).with_style(style()).with_prefix(self.names[entity].clone());
            self.out.bars().add(bar)
        });
        bar.set_length(per_stage * stages);
        bar.set_position(done);
        let parts: Vec<String> = self.stages.iter().map(|stage| format!("{} {}", stage.word(), number(rows[*stage as usize]))).collect();
        bar.set_message(parts.join(" "));
    }

    fn clear(&self) {
        if self.out.progress == ProgressMode::Bar {
            let mut state = self.state();
            for bar in state.bars.iter_mut().filter_map(Option::take).chain(None) {
                bar.finish_and_clear();
            }
            if let Some(total) = state.total.take() {
                total.finish_and_clear();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Numbers for show: what a thread that panicked left of them is good enough.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn style() -> ProgressStyle {
    // 16 + 1 + 16 + 1 + 4 + 1 characters leave 41 of 80 for the message.
    let template = "{prefix:16!} {bar:16} {percent:>3}% {msg}";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("█▉░")
}

/// The first line: what begins, or what is continued and how far it had come.
fn opening(what: &str, run: RunId, continues: Option<&(RunId, Moment, String)>, done_before: [u64; 3], nothing_left: bool) -> String {
    let [extracted, transformed, loaded] = done_before.map(number);
    let stands = format!("extracted {extracted}, transformed {transformed}, loaded {loaded} rows");
    let short = |run: &RunId| run.to_string().chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect::<String>();
    match (nothing_left, continues) {
        (true, _) => format!("etl {what}: everything was done before ({stands}); nothing is moved"),
        (false, Some((earlier, began, how))) => {
            let how = how.lines().next().unwrap_or_default();
            format!("etl {what} continues run {} of {began} ({how}): {stands}", short(earlier))
        }
        (false, None) if done_before.iter().any(|rows| *rows > 0) => format!("etl {what} continues: {stands}"),
        (false, None) => format!("etl {what}: run {}", short(&run)),
    }
}

impl State {
    /// What is done of all work and how much there is; `None` as long as that is not known.
    fn work(&self, stages: &[Stage]) -> (u64, Option<u64>) {
        if let Some((rows, read)) = &self.validating {
            return (read.iter().sum(), Some(*rows));
        }
        let done = self.rows.iter().map(|rows| stages.iter().map(|stage| rows[*stage as usize]).sum::<u64>()).sum();
        let expected = self.expected_rows().map(|rows| rows * stages.len() as u64);
        (done, expected)
    }

    fn expected_rows(&self) -> Option<u64> {
        self.expected.iter().any(Option::is_some).then(|| self.expected.iter().flatten().sum())
    }

    /// Rows in a second by this run, and microseconds that are left, as far as they can be told.
    fn pace(&self, stages: &[Stage], elapsed: u64) -> (Option<u64>, Option<u64>) {
        let (done, expected) = self.work(stages);
        let count = if self.validating.is_some() { 1 } else { stages.len().max(1) as u64 };
        let before = if self.validating.is_some() { 0 } else { self.before };
        let by_us = done.saturating_sub(before);
        let left = expected.and_then(|expected| {
            let micros = u128::from(expected.saturating_sub(done)) * u128::from(elapsed) / u128::from(by_us.max(1));
            (by_us > 0).then(|| u64::try_from(micros).unwrap_or(u64::MAX))
        });
        (rate(by_us / count, elapsed), left)
    }

    fn message(&self, stages: &[Stage], elapsed: u64) -> String {
        let (rate, left) = self.pace(stages, elapsed);
        let rate = rate.map_or_else(String::new, |rate| format!("{} rows/s", number(rate)));
        let left = left.map_or_else(String::new, |left| format!(", {} left", duration(left)));
        rate + &left
    }

    /// Everything in one line.
    fn line(&self, names: &[String], stages: &[Stage], elapsed: u64) -> String {
        let (rate, left) = self.pace(stages, elapsed);
        let mut line = format!("{}: ", duration(elapsed));
        if let Some((rows, read)) = &self.validating {
            let _ = write!(line, "read back {} of {} rows", number(read.iter().sum()), number(*rows));
        } else {
            let done = |stage: Stage| self.rows.iter().map(|rows| rows[stage as usize]).sum::<u64>();
            let parts: Vec<String> = stages.iter().map(|stage| format!("{} {}", past(*stage), number(done(*stage)))).collect();
            line.push_str(&parts.join(", "));
            line.push_str(&self.expected_rows().map_or_else(|| " rows".to_owned(), |rows| format!(" of about {} rows", number(rows))));
        }
        if let Some(rate) = rate {
            let _ = write!(line, ", {} rows/s", number(rate));
        }
        if let Some(left) = left {
            let _ = write!(line, ", {} left", duration(left));
        }
        let last = stages.last().map_or(0, |stage| *stage as usize);
        let at_work = names
            .iter()
            .zip(&self.rows)
            .zip(&self.expected)
            .filter(|((_, rows), expected)| rows.iter().any(|rows| *rows > 0) && rows[last] < expected.unwrap_or(u64::MAX));
        let at_work: Vec<&str> = at_work.map(|((name, _), _)| name.as_str()).collect();
        if !at_work.is_empty() && self.validating.is_none() {
            let _ = write!(line, "; at work: {}", at_work.join(", "));
        }
        line
    }
}

fn past(stage: Stage) -> &'static str {
    match stage {
        Stage::Extract => "extracted",
        Stage::Transform => "transformed",
        Stage::Load => "loaded",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        State {
            began: Moment(0),
            last_line: Moment(0),
            told_to_stop: false,
            expected: vec![Some(1_000), Some(3_000)],
            rows: vec![[1_000, 1_000, 1_000], [3_000, 2_000, 1_000]],
            before: 3_000,
            validating: None,
            bars: vec![None, None],
            total: None,
        }
    }

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long() {
        let names = ["orders".to_owned(), "tasks".to_owned()];
        let line = state().line(&names, &ALL, 10_000_000);
        assert_eq!(
            line,
            "10.0 s: extracted 4,000, transformed 3,000, loaded 2,000 of about 4,000 rows, 200 rows/s, 5.0 s left; at work: tasks"
        );
        let mut state = state();
        state.validating = Some((3_000, vec![1_000, 500]));
        assert_eq!(state.line(&names, &ALL, 1_000_000), "1.0 s: read back 1,500 of 3,000 rows, 1,500 rows/s, 1.0 s left");
    }

    #[test]
    fn the_first_line_says_what_is_continued() {
        let run = RunId(uuid::Uuid::from_u128(0x7f3a_9c12_0000_4000_8000_0000_0000_00ab));
        let earlier = (run, Moment(0), "killed".to_owned());
        let line = opening("run", run, Some(&earlier), [1_500, 20, 0], false);
        assert_eq!(line, "etl run continues run 000000ab of 1970-01-01T00:00:00Z (killed): extracted 1,500, transformed 20, loaded 0 rows");
        assert!(opening("run", run, None, [5, 5, 5], true).ends_with("nothing is moved"));
        assert_eq!(opening("load", run, None, [0; 3], false), "etl load: run 000000ab");
    }
}
