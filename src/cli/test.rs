//! `etl test`: the unit tests of the plan. Boundary: they are run by the check; here it is told how they ended.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::context::Context;
use super::prepare::{Prepared, Purpose, prepare};
use super::table::Table;
use crate::check::TestRun;
use crate::error::{Error, Exit};
use crate::plan::{Plan, Problem, Problems, Severity};
use crate::transform::Verdict;

pub(super) fn run(context: &Context<'_>, name: Option<&str>) -> Result<Exit, Error> {
    let Prepared { plan, checked, problems, .. } = prepare(context, Purpose::Test)?;
    let chosen = |run: &&TestRun| name.is_none_or(|name| run.name.contains(name));
    let runs: Vec<&TestRun> = checked.tests.iter().filter(chosen).collect();
    if let (true, Some(name)) = (runs.is_empty(), name) {
        let hint = if checked.tests.is_empty() { "no entity has a [[test]]" } else { "etl test runs all of them and names them" };
        return Err(Error::usage(format!("no test has `{name}` in its name"), hint));
    }
    let failed = runs.iter().filter(|run| !run.passed()).count();
    let exit = if failed == 0 { Exit::Done } else { Exit::Wrong };
    let lines = Lines { problems: &problems };
    if context.out.json {
        let tests: Vec<Value> = runs.iter().map(|run| object(&plan, run, &lines)).collect();
        let found = json!({"schema": 1, "status": exit.word(), "exit": exit.code(), "migration": plan.name, "passed": runs.len() - failed,
                           "failed": failed, "tests": tests});
        context.out.object(&found)?;
        return Ok(exit);
    }
    context.out.result(&text(&plan, &runs, failed, &lines))?;
    Ok(exit)
}

/// Where tests stand, as people name places.
struct Lines<'p> {
    problems: &'p Problems,
}

impl Lines<'_> {
    fn of(&self, run: &TestRun) -> Option<(String, usize)> {
        let at = Problem {
            severity: Severity::Error,
            code: "",
            message: String::new(),
            place: Some(run.place.clone()),
            label: String::new(),
            help: None,
        };
        self.problems.location(&at).map(|(file, line, _)| (file, line))
    }
}

fn entity<'p>(plan: &'p Plan, run: &TestRun) -> &'p str {
    plan.entities.get(run.entity).map_or("", |entity| entity.name.as_str())
}

fn text(plan: &Plan, runs: &[&TestRun], failed: usize, lines: &Lines<'_>) -> String {
    let mut out = String::new();
    let mut of = None;
    for run in runs {
        if of.replace(run.entity) != Some(run.entity) {
            let _ = writeln!(out, "{}", entity(plan, run));
        }
        let place = || lines.of(run).map_or_else(String::new, |(file, line)| format!("  {file}:{line}"));
        match &run.verdict {
            Verdict::Passed => {
                let _ = writeln!(out, "  ok      {}", run.name);
            }
            Verdict::Unfit(why) => {
                let _ = writeln!(out, "  FAILED  {}{}\n          it cannot be run: {why}", run.name, place());
            }
            Verdict::Failed(mismatches) => {
                let _ = writeln!(out, "  FAILED  {}{}", run.name, place());
                let mut table = Table::new(&["column", "expected", "got"]).widest(100);
                for one in mismatches {
                    table.row([one.what.clone(), one.expected.clone(), one.got.clone()]);
                }
                for line in table.render().lines() {
                    let _ = writeln!(out, "          {line}");
                }
            }
        }
    }
    match (runs.len(), failed) {
        (0, _) => out.push_str("the plan has no tests; an entity says [[test]] given = { … } expect = { … }\n"),
        (all, 0) => {
            let _ = writeln!(out, "{}, all passed", count(all));
        }
        (all, failed) => {
            let _ = writeln!(out, "{}, {failed} failed; mend the rule or the test, then: etl test", count(all));
        }
    }
    out
}

fn count(tests: usize) -> String {
    if tests == 1 { "1 test".to_owned() } else { format!("{tests} tests") }
}

fn object(plan: &Plan, run: &TestRun, lines: &Lines<'_>) -> Value {
    let (mismatches, unfit) = match &run.verdict {
        Verdict::Passed => (Vec::new(), None),
        Verdict::Unfit(why) => (Vec::new(), Some(why)),
        Verdict::Failed(found) => {
            (found.iter().map(|m| json!({"column": m.what, "expected": m.expected, "got": m.got})).collect::<Vec<_>>(), None)
        }
    };
    let place = lines.of(run);
    json!({"entity": entity(plan, run), "name": run.name, "passed": run.passed(), "file": place.as_ref().map(|(file, _)| file),
           "line": place.as_ref().map(|(_, line)| line), "mismatches": mismatches, "unfit": unfit})
}
