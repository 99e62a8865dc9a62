//! Expectations about the source, asked in the snapshot that is read and before anything is read in it. Boundary: the questions are the
//! plan's; the answers are kept for the validation, which needs no source.

use super::settings::PipelineError;
use super::shared::Shared;
use crate::pg::{PgError, ask};
use crate::plan::{ExpectOn, Gravity};
use crate::source::{SnapshotHolder, SourceError, source_question};
use crate::staging::{SnapshotId, StagingWriter};

/// Asks, keeps the answers, and fails when one that is no mere alarm is not the expected one.
pub(super) fn ask_source(
    shared: &Shared<'_>,
    writer: &mut StagingWriter,
    holder: &mut SnapshotHolder,
    snapshot: SnapshotId,
) -> Result<(), PipelineError> {
    let plan = shared.setup.plan;
    let (mut answers, mut broken) = (Vec::new(), Vec::new());
    for (entity, expect) in plan.expectations(ExpectOn::Source, &shared.setup.selected) {
        let question = source_question(plan, entity.map(|index| &plan.entities[index]), expect);
        let found = match ask(holder.reader().session(), &question, expect.timeout) {
            Ok(found) => found,
            Err(PgError::Server { error, .. }) => {
                broken.push(format!("{}: the source refuses it: {} (SQLSTATE {})", expect.name, error.safe_message(), error.sqlstate));
                continue;
            }
            Err(other) => return Err(SourceError::from(other).into()),
        };
        if !expect.wanted.is_met_by(&found) {
            let said = format!("{}: expected {}, found {found}", expect.name, expect.wanted.words());
            match expect.gravity {
                Gravity::Error => broken.push(said),
                Gravity::Alarm => shared.note(format!("alarm: expectation {said}")),
            }
        }
        answers.push((expect.name.as_str(), question.sql(), found));
    }
    writer.record_answers(snapshot, &answers)?;
    if broken.is_empty() {
        return Ok(());
    }
    Err(PipelineError::Expectations { message: broken.join("; ") })
}
