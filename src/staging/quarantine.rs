//! The quarantine: rows kept aside, each with its reason. Boundary: what was decided in `transform` and by the target server
//! is kept here; nothing is decided here.

use super::{ChunkId, EntityId, RunId, StagingError, StagingReader};
use crate::row::{LegacyKey, Reject};

/// Which stage kept a row aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QuarantineStage {
    /// Before anything was sent.
    Transform,
    /// The server refused it, or a row it was merged into.
    Load,
}

/// A row that transform keeps aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineRecord {
    /// The source row within the chunk, from 0.
    pub row_no: u32,
    /// Why.
    pub reject: Reject,
}

/// A row that the target server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// The source row within the chunk, from 0.
    pub row_no: u32,
    /// The server's SQLSTATE.
    pub sqlstate: Option<String>,
    /// The constraint, where the server names one.
    pub constraint: Option<String>,
    /// The column, where the server names one.
    pub column: Option<String>,
    /// The server's message.
    pub message: String,
    /// The server's detail; can hold values of the row.
    pub detail: Option<String>,
}

/// A row in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Its entity.
    pub entity: EntityId,
    /// Its key.
    pub key: LegacyKey,
    /// Its chunk.
    pub chunk: ChunkId,
    /// Its place in the chunk, from 0.
    pub row_no: u32,
    /// Which stage kept it aside.
    pub stage: QuarantineStage,
    /// The reason's code.
    pub code: String,
    /// The target column.
    pub column: Option<String>,
    /// The SQLSTATE.
    pub sqlstate: Option<String>,
    /// The constraint that refused it.
    pub constraint: Option<String>,
    /// The reason in words.
    pub message: String,
    /// The server's detail; can hold values of the row.
    pub detail: Option<String>,
    /// The run that kept it aside.
    pub run: RunId,
}

/// Which rows of the quarantine are asked for.
#[derive(Clone, Debug, Default)]
pub struct QuarantineFilter {
    /// Of one entity.
    pub entity: Option<EntityId>,
    /// With one code.
    pub code: Option<String>,
    /// At most so many.
    pub limit: Option<u64>,
}

/// How many rows of an entity are kept aside for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineCount {
    /// The entity.
    pub entity: EntityId,
    /// Which stage kept them aside.
    pub stage: QuarantineStage,
    /// The reason's code.
    pub code: String,
    /// The target column.
    pub column: Option<String>,
    /// How many.
    pub rows: u64,
}

impl StagingReader {
    /// Reasons with their counts, by entity, most frequent first.
    pub fn quarantine_counts(&self, entity: Option<EntityId>) -> Result<Vec<QuarantineCount>, StagingError> {
        let _ = entity;
        todo!()
    }

    /// Rows in quarantine in entity, chunk and row order.
    pub fn quarantine(&self, filter: &QuarantineFilter) -> Result<Vec<QuarantineRow>, StagingError> {
        let _ = filter;
        todo!()
    }

    /// One row in quarantine, and its source tuple (to be read with `row::read_tuple` and the entity's source columns).
    pub fn quarantined_row(&self, entity: EntityId, key: &LegacyKey) -> Result<Option<(QuarantineRow, Vec<u8>)>, StagingError> {
        let _ = (entity, key);
        todo!()
    }
}
