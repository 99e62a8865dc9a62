//! `etl status`: where every entity stands and what to type next; offline, also while a run goes on. Boundary: reads the staging file.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::context::{Context, if_there};
use super::table::{Table, duration, number, rate};
use crate::error::{Error, Exit};
use crate::staging::{EntityId, EntityLedger, Moment, QuarantineCount, RunRecord, StageTime, StagingLock, StagingReader};

/// Where an entity stands. The names are those of the summary of a run.
#[derive(Debug, Serialize)]
struct EntityStatus {
    name: String,
    state: &'static str,
    read: u64,
    transformed: u64,
    loaded: u64,
    merged: u64,
    adopted: u64,
    filtered: u64,
    quarantined: u64,
    /// Rows that have no outcome yet, or wait for their load.
    pending: u64,
    /// Reasons in quarantine with their counts.
    reasons: BTreeMap<String, u64>,
}

#[derive(Debug, Serialize)]
struct RunStatus {
    id: String,
    command: String,
    started: String,
    finished: Option<String>,
    exit: Option<u8>,
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
struct Status {
    schema: u32,
    staging: String,
    /// The process that works with the staging file; 0 where its number cannot be read.
    working: Option<u32>,
    run: Option<RunStatus>,
    entities: Vec<EntityStatus>,
    rows_per_second: Option<u64>,
    seconds_left: Option<u64>,
    next: &'static str,
}

pub(super) fn run(context: &Context<'_>) -> Result<Exit, Error> {
    let path = context.staging_path()?;
    let Some(reader) = if_there(&path)? else { return not_begun(context, &path) };
    let order = context.plan_if_any().map(|plan| plan.entity_names()).unwrap_or_default();
    let status = status(&path, &reader, &order, context)?;
    if context.out.json {
        context.out.object(&serde_json::to_value(&status).unwrap_or_default())?;
    } else {
        context.out.result(&text(&status))?;
    }
    Ok(Exit::Done)
}

/// Before the first run there is nothing, and that is no failure.
fn not_begun(context: &Context<'_>, path: &Path) -> Result<Exit, Error> {
    let nothing = Status {
        schema: 1,
        staging: path.display().to_string(),
        working: None,
        run: None,
        entities: Vec::new(),
        rows_per_second: None,
        seconds_left: None,
        next: "etl check",
    };
    if context.out.json {
        context.out.object(&serde_json::to_value(&nothing).unwrap_or_default())?;
    } else {
        context.out.result(&format!("nothing was begun: there is no {}\nnext: etl check, then etl run", path.display()))?;
    }
    Ok(Exit::Done)
}

fn status(path: &Path, reader: &StagingReader, order: &[String], context: &Context<'_>) -> Result<Status, Error> {
    let (ledger, counts, last, times) = reader.at_once(|reader| {
        let last = reader.last_run()?;
        let times = last.as_ref().map_or(Ok(Vec::new()), |run| reader.stage_times(run.id))?;
        Ok((reader.ledger()?, reader.quarantine_counts(None)?, last, times))
    })?;
    let working = StagingLock::holder(path);
    let wanted = |name: &str| {
        let args = context.args;
        (args.only.is_empty() || args.only.iter().any(|only| only == name)) && !args.exclude.iter().any(|exclude| exclude == name)
    };
    let mut reasons: BTreeMap<EntityId, Vec<QuarantineCount>> = BTreeMap::new();
    for count in counts {
        reasons.entry(count.entity).or_default().push(count);
    }
    let known: HashSet<&str> = ledger.iter().map(|(_, ledger)| ledger.name.as_str()).collect();
    let mut entities: Vec<EntityStatus> = Vec::new();
    for (id, ledger) in ledger.iter().filter(|(_, ledger)| wanted(&ledger.name)) {
        let mut held = BTreeMap::new();
        for count in reasons.get(id).into_iter().flatten() {
            *held.entry(count.code.clone()).or_default() += count.rows;
        }
        entities.push(entity_status(ledger, held));
    }
    for name in order.iter().filter(|name| wanted(name) && !known.contains(name.as_str())) {
        entities.push(entity_status(&EntityLedger { name: name.clone(), ..EntityLedger::default() }, BTreeMap::new()));
    }
    let places: HashMap<&str, usize> = order.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
    entities.sort_by_key(|entity| places.get(entity.name.as_str()).copied().unwrap_or(usize::MAX));
    let (rows_per_second, seconds_left) = pace(&entities, last.as_ref(), &times, working);
    Ok(Status {
        schema: 1,
        staging: path.display().to_string(),
        working,
        next: next(&entities, last.as_ref(), working),
        run: last.map(|run| RunStatus {
            id: run.id.to_string(),
            command: run.command,
            started: run.started.to_string(),
            finished: run.finished.map(|at| at.to_string()),
            exit: run.exit.as_ref().map(|exit| exit.code),
            reason: run.exit.map(|exit| exit.reason),
        }),
        entities,
        rows_per_second,
        seconds_left,
    })
}

fn entity_status(ledger: &EntityLedger, reasons: BTreeMap<String, u64>) -> EntityStatus {
    let (done, pending) = (&ledger.done, &ledger.pending);
    EntityStatus {
        name: ledger.name.clone(),
        state: state(ledger),
        read: ledger.read,
        transformed: ledger.read - ledger.untransformed.min(ledger.read),
        loaded: done.loaded,
        merged: done.merged + pending.merged,
        adopted: done.adopted + pending.adopted,
        filtered: done.filtered + pending.filtered,
        quarantined: done.quarantined + pending.quarantined,
        pending: ledger.untransformed + pending.loaded,
        reasons,
    }
}

fn state(ledger: &EntityLedger) -> &'static str {
    if ledger.is_finished() {
        "loaded"
    } else if ledger.chunks_loaded > 0 {
        "loading"
    } else if ledger.is_transformed() {
        "transformed"
    } else if ledger.chunks_transformed > 0 {
        "transforming"
    } else if ledger.extracted {
        "extracted"
    } else if ledger.ranges > 0 {
        "extracting"
    } else {
        "planned"
    }
}

/// Rows in a second of the run that is going on, and how long the rows that are read will still take.
fn pace(entities: &[EntityStatus], last: Option<&RunRecord>, times: &[StageTime], working: Option<u32>) -> (Option<u64>, Option<u64>) {
    let Some(run) = last.filter(|run| working.is_some() && run.finished.is_none()) else { return (None, None) };
    let elapsed = Moment::now().micros_since(run.started);
    let by_stage = ["load", "transform", "extract"].map(|stage| times.iter().filter(|t| t.stage == stage).map(|t| t.rows).sum::<u64>());
    let moved = by_stage.into_iter().find(|rows| *rows > 0).unwrap_or(0);
    let pending: u64 = entities.iter().map(|entity| entity.pending).sum();
    let per_second = rate(moved, elapsed);
    (per_second, per_second.filter(|rows| *rows > 0).map(|rows| pending / rows))
}

fn next(entities: &[EntityStatus], last: Option<&RunRecord>, working: Option<u32>) -> &'static str {
    let finished = !entities.is_empty() && entities.iter().all(|entity| entity.state == "loaded");
    match last.and_then(|run| run.exit.as_ref()).map(|exit| exit.code) {
        _ if working.is_some() => "wait; Ctrl-C there stops it at a chunk boundary",
        Some(3) => "etl quarantine list",
        Some(4) => "etl validate",
        _ if !finished => "etl run",
        _ if entities.iter().any(|entity| entity.quarantined > 0) => "etl quarantine list, or etl report",
        _ => "etl report",
    }
}

fn text(status: &Status) -> String {
    let command = status.run.as_ref().and_then(|run| run.command.split_whitespace().next()).unwrap_or_default();
    let mut text = match (&status.run, status.working) {
        (None, _) => format!("{}: no run yet\n", status.staging),
        (Some(run), Some(pid)) if run.finished.is_none() => {
            let by = if pid == 0 { String::new() } else { format!(" (process {pid})") };
            format!("{}: etl {command} is at work since {}{by}\n", status.staging, run.started)
        }
        (Some(run), _) => {
            let how = match (&run.finished, &run.reason) {
                (Some(at), Some(reason)) => format!("ended {at}: {}", reason.lines().next().unwrap_or_default()),
                _ => "was killed; the same command continues".to_owned(),
            };
            format!("{}: etl {command} of {} {how}\n", status.staging, run.started)
        }
    };
    text.push('\n');
    let mut table = Table::new(&["entity", "state", ">read", ">made", ">loaded", ">merged", ">filtered", ">held"]).widest(20);
    let mut sums = [0_u64; 6];
    for e in &status.entities {
        let numbers = [e.read, e.transformed, e.loaded, e.merged, e.filtered, e.quarantined];
        sums.iter_mut().zip(numbers).for_each(|(sum, rows)| *sum += rows);
        table.row([e.name.clone(), e.state.to_owned()].into_iter().chain(numbers.map(number)));
    }
    table.row(["total".to_owned(), String::new()].into_iter().chain(sums.map(number)));
    text.push_str(&table.render());
    text.push('\n');
    if let Some(rows) = status.rows_per_second {
        let left = status
            .seconds_left
            .map_or_else(String::new, |left| format!(", about {} for the rows that are read", duration(left * 1_000_000)));
        let _ = writeln!(text, "{} rows/s{left}", number(rows));
    }
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for (code, rows) in status.entities.iter().flat_map(|entity| &entity.reasons) {
        *reasons.entry(code).or_default() += rows;
    }
    if !reasons.is_empty() {
        let listed: Vec<String> = reasons.iter().map(|(code, rows)| format!("{code} {}", number(*rows))).collect();
        let _ = writeln!(text, "in quarantine: {}", listed.join(", "));
    }
    let _ = writeln!(text, "next: {}", status.next);
    text
}

/// Names of entities by their number.
pub(super) fn names(reader: &StagingReader) -> Result<BTreeMap<EntityId, String>, Error> {
    Ok(reader.entities()?.into_iter().map(|entity| (entity.id, entity.record.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staging::OutcomeCounts;

    #[test]
    fn an_entity_is_as_far_as_its_slowest_chunk() {
        let mut ledger = EntityLedger { name: "tasks".into(), ..EntityLedger::default() };
        assert_eq!(state(&ledger), "planned");
        (ledger.ranges, ledger.chunks_extracted, ledger.read, ledger.untransformed) = (2, 1, 10, 10);
        assert_eq!(state(&ledger), "extracting");
        ledger.extracted = true;
        assert_eq!(state(&ledger), "extracted");
        (ledger.chunks_transformed, ledger.chunks_extracted, ledger.untransformed) = (1, 0, 0);
        ledger.pending = OutcomeCounts { loaded: 9, quarantined: 1, ..OutcomeCounts::default() };
        assert_eq!(state(&ledger), "transformed");
        let status = entity_status(&ledger, BTreeMap::new());
        assert_eq!((status.pending, status.quarantined, status.transformed, status.loaded), (9, 1, 10, 0));
        (ledger.chunks_transformed, ledger.chunks_loaded) = (0, 1);
        assert_eq!(state(&ledger), "loaded");
    }
}
