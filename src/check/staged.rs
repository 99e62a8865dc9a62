//! Shapes out of the staging file: what was recorded of both sides when the rows were stored, so that a plan can be compiled when a
//! server is gone. Boundary: reads records; the columns that were not written are not known here.

use std::collections::HashMap;

use super::CheckError;
use crate::plan::{EntityPlan, Plan, Problems, TargetColumn};
use crate::row::Column;
use crate::staging::{EntityRecord, StagingReader};

/// The records of the plan's entities, `None` for one that was never registered.
pub(super) fn records(plan: &Plan, staging: &StagingReader) -> Result<Vec<Option<EntityRecord>>, CheckError> {
    let mut known: HashMap<String, EntityRecord> = staging.entities()?.into_iter().map(|e| (e.record.name.clone(), e.record)).collect();
    Ok(plan.entities.iter().map(|e| known.remove(&e.name)).collect())
}

/// The source columns of an entity as they were read.
pub(super) fn source_columns(
    entity: &EntityPlan,
    record: Option<&EntityRecord>,
    wanted: bool,
    problems: &mut Problems,
) -> Option<Vec<Column>> {
    if record.is_none() && wanted {
        let help = Some(format!("read it first: etl extract --only {}", entity.name));
        let message = format!("{} is not in the staging file", entity.name);
        problems.error("E0341", Some(entity.from.whole()), message, "was never read from here", help);
    }
    record.map(|record| record.source_columns.clone())
}

/// The target columns of an entity as far as they were written. A column that the plan has since gained needs the target itself.
pub(super) fn target_columns(entity: &EntityPlan, record: &EntityRecord, problems: &mut Problems) -> Option<Vec<TargetColumn>> {
    let known = |name: &str| record.target_columns.iter().any(|c| c.name == name);
    let mut whole = true;
    for column in entity.columns.iter().filter(|c| !known(&c.name)) {
        let message = format!("`{}` is new in the plan, so the type of the target's column is not known here", column.name);
        let help = Some("run this where the target can be reached, or name it with --target URL".to_owned());
        problems.error("E0342", Some(column.place.clone()), message, "not written before", help);
        whole = false;
    }
    let columns = record.target_columns.iter().map(|column| TargetColumn { column: column.clone(), has_default: false, generated: false });
    whole.then(|| columns.collect())
}
