//! skeleton
use super::TargetError;
use crate::pg::{QualifiedName, Session};
use uuid::Uuid;

/// What was taken down. The order is the order of putting back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// A primary key.
    PrimaryKey,
    /// A unique constraint.
    Unique,
    /// A unique index that is no constraint.
    UniqueIndex,
    /// Any other index.
    Index,
    /// A foreign key.
    ForeignKey,
    /// Triggers that were disabled.
    Trigger,
}

/// One thing that was, or is to be, taken down, with all that is needed to put it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DismantleRecord {
    /// Its number within the staging file's records.
    pub seq: i32,
    /// What it is.
    pub kind: RecordKind,
    /// The table.
    pub table: QualifiedName,
    /// The constraint, index or trigger.
    pub name: String,
    /// The statement that takes it down.
    pub drop_sql: String,
    /// The statements that put it back.
    pub create_sql: String,
    /// For a unique key: its columns or expressions as SQL, else empty.
    pub key: Vec<String>,
    /// For a partial index: its predicate.
    pub predicate: Option<String>,
    /// For a foreign key: the table it refers to.
    pub parent: Option<QualifiedName>,
    /// Whether it was put back.
    pub restored: bool,
}

/// Something that stays up, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The table.
    pub table: QualifiedName,
    /// The constraint or index.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// What to take down.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DismantlePlan {
    /// In the order of putting back.
    pub records: Vec<DismantleRecord>,
    /// What stays.
    pub kept: Vec<Kept>,
}

/// Plans what to take down for `tables`, which the caller knows to be empty and ours.
pub fn plan_dismantle(_session: &mut Session, _tables: &[QualifiedName]) -> Result<DismantlePlan, TargetError> {
    unimplemented!()
}
/// Plans the disabling of the user triggers of `tables`.
pub fn plan_triggers(_session: &mut Session, _tables: &[QualifiedName]) -> Result<DismantlePlan, TargetError> {
    unimplemented!()
}
/// Takes the plan's records down in one transaction: they are written to `etl.dismantled`, dropped, given to `store` (which makes
/// them durable in the staging file), and only then is the transaction committed. What others depend on is kept; the plan that
/// comes back says what was really taken down.
pub fn dismantle(
    _session: &mut Session,
    _staging_id: Uuid,
    _plan: DismantlePlan,
    _store: impl FnOnce(&DismantlePlan) -> Result<(), Box<dyn std::error::Error + Send + Sync>>,
) -> Result<DismantlePlan, TargetError> {
    unimplemented!()
}
