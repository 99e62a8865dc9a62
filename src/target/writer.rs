//! skeleton
use super::TargetError;
use crate::pg::{QualifiedName, Session};
use uuid::Uuid;

/// Where the chunks of an entity go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadPlan {
    /// The entity.
    pub entity: String,
    /// Its table.
    pub table: QualifiedName,
    /// The table's columns in the order of the tuples' fields.
    pub columns: Vec<String>,
    /// The mapping table and its columns in the order of the mapping tuples' fields; `None` where none is kept.
    pub mapping: Option<(QualifiedName, Vec<String>)>,
}

/// The mapping rows of a chunk.
#[derive(Clone, Copy, Debug)]
pub struct MappingTuples<'a> {
    /// In `row::tuple` layout.
    pub tuples: &'a [u8],
    /// For each the number of the row of the chunk that it belongs to, so that it goes where that row goes; `u32::MAX` for none
    /// (a merged key whose survivor is in another chunk). `None`: one for each row, in order.
    pub owners: Option<&'a [u32]>,
}

/// What the ledger is told.
#[derive(Clone, Copy, Debug)]
pub struct ChunkEntry<'a> {
    /// The staging file's id.
    pub staging_id: Uuid,
    /// The chunk's number there.
    pub chunk: i64,
    /// Rows in the tuples.
    pub rows: u64,
    /// Digest of the tuples, as staged.
    pub digest: &'a [u8],
}

/// A row that the server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The row's number in the chunk, from 0.
    pub row_no: u32,
    /// The code.
    pub sqlstate: String,
    /// The constraint.
    pub constraint: Option<String>,
    /// The column.
    pub column: Option<String>,
    /// The server's message.
    pub message: String,
    /// The server's detail; quotes the row.
    pub detail: Option<String>,
}

/// A loaded chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Rows in the table now.
    pub rows: u64,
    /// Rows that were left out.
    pub refused: Vec<Refused>,
    /// Whether the ledger held the chunk already (loaded by a run that was stopped before it could mark it).
    pub already: bool,
}

/// Loads a chunk in one transaction: table, mapping table, refused rows, ledger.
pub fn load_chunk(
    _session: &mut Session,
    _plan: &LoadPlan,
    _tuples: &[u8],
    _mapping: Option<MappingTuples<'_>>,
    _entry: &ChunkEntry<'_>,
) -> Result<Loaded, TargetError> {
    unimplemented!()
}
