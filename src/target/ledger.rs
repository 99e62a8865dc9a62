//! skeleton
use super::{Refused, TargetError};
use crate::pg::{QualifiedName, Session};
use uuid::Uuid;

/// A loaded chunk in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerChunk {
    /// The chunk's number in the staging file.
    pub chunk: i64,
    /// The entity.
    pub entity: String,
    /// The table, as `schema.name`.
    pub table: String,
    /// Rows loaded.
    pub rows: u64,
    /// Rows refused.
    pub refused: u64,
    /// The digest of the tuples as staged.
    pub digest: Vec<u8>,
}

/// A refused row of a loaded chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// The chunk.
    pub chunk: i64,
    /// The row and why.
    pub refused: Refused,
}

/// What another staging file loaded into a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignLoad {
    /// That staging file's id.
    pub staging_id: Uuid,
    /// The table.
    pub table: String,
    /// Chunks.
    pub chunks: u64,
    /// Rows.
    pub rows: u64,
    /// When last, by the server's clock.
    pub last_loaded_at: String,
}

/// Creates the schema `etl` and its tables where they are missing.
pub fn ensure_schema(_session: &mut Session) -> Result<(), TargetError> {
    unimplemented!()
}
/// The chunks of a staging file that are in the target; empty where there is no ledger yet.
pub fn loaded_chunks(_session: &mut Session, _staging_id: Uuid) -> Result<Vec<LedgerChunk>, TargetError> {
    unimplemented!()
}
/// The refused rows of a staging file's chunks.
pub fn refused_rows(_session: &mut Session, _staging_id: Uuid) -> Result<Vec<RefusedRow>, TargetError> {
    unimplemented!()
}
/// What other staging files loaded into these tables.
pub fn foreign_loads(_session: &mut Session, _staging_id: Uuid, _tables: &[QualifiedName]) -> Result<Vec<ForeignLoad>, TargetError> {
    unimplemented!()
}
