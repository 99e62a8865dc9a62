//! When the stages of a run began and ended, by the clock. Boundary: times of the staging file and of a validation, put on one scale; nothing
//! is measured here.

use super::summary::StageSpan;
use crate::plan::Plan;
use crate::staging::{EntityId, EntityLedger, Moment, RunRecord, StageTime};
use crate::validate::Validation;

/// A validation that began longer than this after the stages ended belongs to another command, and not on the scale of the run.
const SAME_COMMAND: u64 = 60_000_000;

/// The spans of a run, in load order.
pub(super) fn spans(
    plan: &Plan,
    run: &RunRecord,
    ledgers: &[(EntityId, EntityLedger)],
    times: &[StageTime],
    validation: Option<&Validation>,
) -> Vec<StageSpan> {
    let name = |id: EntityId| ledgers.iter().find(|(known, _)| *known == id).map(|(_, ledger)| ledger.name.clone());
    let since = |moment: Moment| moment.micros_since(run.started);
    let of_stages = times.iter().filter(|time| time.run == run.id).filter_map(|time| {
        Some(StageSpan {
            entity: name(time.entity)?,
            stage: time.stage.clone(),
            began: since(time.began),
            ended: since(time.ended),
            worked: time.micros,
        })
    });
    let mut spans: Vec<StageSpan> = of_stages.collect();
    let moved = spans.iter().map(|span| span.ended).max().unwrap_or(0);
    for check in validation.iter().flat_map(|found| &found.entities).filter(|check| check.micros > 0) {
        let began = since(Moment(check.began));
        if began <= moved + SAME_COMMAND && check.began >= run.started.0 {
            let entity = check.name.clone();
            spans.push(StageSpan { entity, stage: "validate".to_owned(), began, ended: began + check.micros, worked: check.micros });
        }
    }
    let order = |stage: &str| ["extract", "transform", "load", "validate"].iter().position(|known| *known == stage);
    spans.sort_by_key(|span| (plan.entity(&span.entity), order(&span.stage)));
    spans
}
