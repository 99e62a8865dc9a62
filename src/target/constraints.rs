//! skeleton
use super::{DismantleRecord, TargetError};
use crate::pg::{QualifiedName, Session};
use uuid::Uuid;

/// Rows that stand in the way of a unique key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicates {
    /// Each group: the ids of the rows that are equal, in text form. Which one stays is the caller's choice.
    pub groups: Vec<Vec<String>>,
}

/// Rows that stand in the way of a foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphans {
    /// Their ids, in text form.
    pub ids: Vec<String>,
}

/// What is down and was not put back, in the order of putting back. With `None` whatever the staging file.
pub fn outstanding(_session: &mut Session, _staging_id: Option<Uuid>) -> Result<Vec<(Uuid, DismantleRecord)>, TargetError> {
    unimplemented!()
}
/// Puts one back and marks it; one that exists already is only marked.
pub fn restore_one(_session: &mut Session, _staging_id: Uuid, _record: &DismantleRecord) -> Result<(), TargetError> {
    unimplemented!()
}
/// Puts all back in order. Gives those that could not be, with their errors; a lost connection ends it.
pub fn restore_all(
    _session: &mut Session,
    _staging_id: Uuid,
    _records: &[DismantleRecord],
) -> Result<Vec<(DismantleRecord, TargetError)>, TargetError> {
    unimplemented!()
}
/// The rows that are equal in a unique key that is down.
pub fn find_duplicates(_session: &mut Session, _record: &DismantleRecord, _id_column: &str) -> Result<Duplicates, TargetError> {
    unimplemented!()
}
/// The rows whose parent is missing, for a foreign key that is down.
pub fn find_orphans(_session: &mut Session, _record: &DismantleRecord, _id_column: &str) -> Result<Orphans, TargetError> {
    unimplemented!()
}
/// Deletes rows by id in one transaction, and their mapping rows (`new_id`), and records why in `etl.refused`... skeleton
pub fn delete_rows(_session: &mut Session, _table: &QualifiedName, _id_column: &str, _ids: &[String]) -> Result<u64, TargetError> {
    unimplemented!()
}
