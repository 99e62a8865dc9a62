//! Unit tests of the mapping: run with the check, because they need nothing but the columns' types. Boundary: running a row is
//! `transform`'s; here a test that fails becomes a problem where it is written.

use crate::plan::{CompiledEntity, Plan, Problems};
use crate::transform::{Verdict, run_test};

/// A test that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestRun {
    /// The entity, by its index in the plan.
    pub entity: usize,
    /// The test's name.
    pub name: String,
    /// Where it stands: the file's number and a range in it.
    pub place: (usize, std::ops::Range<usize>),
    /// How it ended.
    pub verdict: Verdict,
}

impl TestRun {
    /// Whether the mapping does what the test says.
    pub fn passed(&self) -> bool {
        self.verdict == Verdict::Passed
    }
}

/// Runs the tests of the entities that could be compiled.
pub fn run_tests(plan: &Plan, entities: &[Option<CompiledEntity>]) -> Vec<TestRun> {
    let run = |entity: &CompiledEntity| {
        let verdicts = entity.tests.iter().map(|test| TestRun {
            entity: entity.index,
            name: test.name.clone(),
            place: test.place.clone(),
            verdict: run_test(entity, test, plan.namespace),
        });
        verdicts.collect::<Vec<_>>()
    };
    entities.iter().flatten().flat_map(run).collect()
}

/// Tells of the tests that did not pass.
pub fn tell_tests(plan: &Plan, runs: &[TestRun], problems: &mut Problems) {
    for run in runs {
        let entity = plan.entities.get(run.entity).map_or("", |entity| entity.name.as_str());
        let (code, message, label, help) = match &run.verdict {
            Verdict::Passed => continue,
            Verdict::Unfit(why) => {
                let message = format!("test `{}` of {entity} cannot be run: {why}", run.name);
                ("E0253", message, String::new(), "give values that the columns can hold".to_owned())
            }
            Verdict::Failed(mismatches) => {
                let named: Vec<&str> = mismatches.iter().map(|m| m.what.as_str()).collect();
                let message = format!("test `{}` of {entity} fails: {}", run.name, named.join(", "));
                let label = mismatches.iter().map(|m| format!("{}: expected {}, got {}", m.what, m.expected, m.got));
                let help = format!("side by side: etl test --only {entity}; then mend the rule, or the test");
                ("E0254", message, label.collect::<Vec<_>>().join("\n"), help)
            }
        };
        problems.error(code, Some(run.place.clone()), message, label, Some(help));
    }
}
