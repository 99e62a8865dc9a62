//! Expectations about the source, asked in the snapshot that is read and before anything is read in it. Boundary: the questions are the
//! plan's; the answers are kept for the validation, which needs no source.

use super::settings::PipelineError;
use super::shared::Shared;
use crate::pg::{PgError, Question, ask_all};
use crate::plan::{ExpectOn, ExpectPlan, Gravity};
use crate::source::{SnapshotHolder, SourceError, source_question};
use crate::staging::{SnapshotId, StagingWriter};

/// What the source answered.
#[derive(Default)]
pub(super) struct Answers<'p> {
    /// Name, question and answer.
    answers: Vec<(&'p str, String, String)>,
    /// What is not as expected, and no mere alarm.
    broken: Vec<String>,
}

/// Asks the source.
pub(super) fn ask_source<'p>(shared: &Shared<'p>, holder: &mut SnapshotHolder) -> Result<Answers<'p>, PipelineError> {
    let plan = shared.setup.plan;
    let mut asked = Answers::default();
    let expectations = plan.expectations(ExpectOn::Source, &shared.setup.selected);
    let question = |(entity, expect): &(Option<usize>, &'p ExpectPlan)| {
        let entity = entity.map(|index| &plan.entities[index]);
        (*expect, source_question(plan, entity, expect))
    };
    let questions: Vec<(&ExpectPlan, Question)> = expectations.iter().map(question).collect();
    let timed: Vec<_> = questions.iter().map(|(expect, question)| (question, expect.timeout)).collect();
    let answers = ask_all(holder.reader().session(), &timed).map_err(SourceError::from)?;
    for ((expect, question), answer) in questions.iter().zip(answers) {
        let found = match answer {
            Ok(found) => found,
            Err(PgError::Server { error, .. }) => {
                let refused = format!("{}: the source refuses it: {} (SQLSTATE {})", expect.name, error.safe_message(), error.sqlstate);
                asked.broken.push(refused);
                continue;
            }
            Err(other) => return Err(SourceError::from(other).into()),
        };
        if !expect.wanted.is_met_by(&found) {
            let said = format!("{}: expected {}, found {found}", expect.name, expect.wanted.words());
            match expect.gravity {
                Gravity::Error => asked.broken.push(said),
                Gravity::Alarm => shared.note(format!("alarm: expectation {said}")),
            }
        }
        asked.answers.push((expect.name.as_str(), question.sql(), found));
    }
    Ok(asked)
}

impl Answers<'_> {
    /// Whether nothing may be read.
    pub(super) fn forbid(&self) -> bool {
        !self.broken.is_empty()
    }

    /// Keeps the answers, and fails when one that is no mere alarm is not the expected one.
    pub(super) fn record(&self, writer: &mut StagingWriter, snapshot: SnapshotId) -> Result<(), PipelineError> {
        writer.record_answers(snapshot, &self.answers)?;
        if self.forbid() {
            return Err(PipelineError::Expectations { message: self.broken.join("; ") });
        }
        Ok(())
    }
}
