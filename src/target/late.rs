//! Taking loaded rows out again that a rebuilt constraint does not allow. Boundary: the target's side of it, in one transaction; the staging
//! file's side is the caller's.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{LoadPlan, Refused, TargetError, ledger};
use crate::pg::{Session, ident};

/// A loaded row that has to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateRefusal {
    /// The chunk that loaded it.
    pub chunk: i64,
    /// Its new id, in text form.
    pub id: String,
    /// Which row of the chunk it is, and why.
    pub refused: Refused,
}

/// Deletes the rows and the mapping rows that lead to them, enters them in `etl.refused` and corrects the ledger's counts, all in one
/// transaction. Done a second time it changes nothing. Gives the number of rows deleted.
///
/// `id_column` is the table's column with the new id, `mapping_id` the mapping table's.
pub fn refuse_late(
    session: &mut Session,
    staging_id: Uuid,
    plan: &LoadPlan,
    id_column: &str,
    mapping_id: &str,
    rows: &[LateRefusal],
) -> Result<u64, TargetError> {
    let ids: Vec<&str> = rows.iter().map(|r| r.id.as_str()).collect();
    session.transaction(|session| {
        // As text: the id's type need not be known, and where keys are down there is no index that the cast could keep from being used.
        let deleted = session
            .run(&format!("DELETE FROM {} WHERE {}::text = ANY ($1)", plan.table.to_sql(), ident(id_column)), &[&ids])
            .map_err(|source| plan.failed(source))?;
        if let Some((table, _)) = &plan.mapping {
            session
                .run(&format!("DELETE FROM {} WHERE {}::text = ANY ($1)", table.to_sql(), ident(mapping_id)), &[&ids])
                .map_err(|source| TargetError::Mapping { entity: plan.entity.clone(), table: table.to_string(), source })?;
        }
        let refused: Vec<(i64, &Refused)> = rows.iter().map(|r| (r.chunk, &r.refused)).collect();
        let mut new: BTreeMap<i64, i64> = BTreeMap::new();
        for chunk in ledger::write_refused(session, staging_id, &refused)? {
            *new.entry(chunk).or_default() += 1;
        }
        for (chunk, count) in new {
            session.run(
                "UPDATE etl.ledger SET rows = rows - $3, refused = refused + $3 WHERE staging_id = $1::text::uuid AND chunk = $2",
                &[&staging_id.to_string(), &chunk, &count],
            )?;
        }
        Ok(deleted)
    })
}
