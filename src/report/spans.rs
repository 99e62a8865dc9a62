//! A run: when its stages began and ended, by the clock, and its circumstances. Boundary: times of the staging file and of a validation, put on one scale; nothing
//! is measured here.

use std::collections::HashMap;

use serde::Serialize;

use super::summary::seconds;
use crate::plan::Plan;
use crate::staging::{EntityId, EntityLedger, Moment, RunRecord, StageTime};
use crate::validate::Validation;

/// A stage of this run for an entity, by the clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StageSpan {
    /// The entity.
    pub entity: String,
    /// `extract`, `transform`, `load` or `validate`.
    pub stage: String,
    /// Seconds from the start of the run to the first of it.
    #[serde(serialize_with = "seconds")]
    pub began: u64,
    /// Seconds from the start of the run to the last of it.
    #[serde(serialize_with = "seconds")]
    pub ended: u64,
    /// Seconds that threads worked at it.
    #[serde(serialize_with = "seconds")]
    pub worked: u64,
}

/// The circumstances of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// The command.
    pub command: String,
    /// The version of `etl`.
    pub tool_version: String,
    /// The source without its password.
    pub source: Option<String>,
    /// The target without its password.
    pub target: Option<String>,
    /// When the run began, in UTC.
    pub started: String,
    /// When its stages ended, in UTC; `null` where it did not end.
    pub finished: Option<String>,
    /// The staging file.
    pub staging: String,
}

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
    let names: HashMap<EntityId, &str> = ledgers.iter().map(|(id, ledger)| (*id, ledger.name.as_str())).collect();
    let since = |moment: Moment| moment.micros_since(run.started);
    let of_stages = times.iter().filter(|time| time.run == run.id).filter_map(|time| {
        Some(StageSpan {
            entity: (*names.get(&time.entity)?).to_owned(),
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
    let places = plan.by_name();
    spans.sort_by_key(|span| (places.get(span.entity.as_str()).copied(), order(&span.stage)));
    spans
}
