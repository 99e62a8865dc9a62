//! The reading side: a read-only connection of its own. Boundary: opening, and payloads; each kind of record is read in its
//! own file.

use std::path::Path;

use rusqlite::Connection;
use uuid::Uuid;

use super::{ChunkId, Moment, Payload, StagingError};

/// A read-only view of a staging file. Each call sees what was committed last; calls inside [`StagingReader::at_once`] all see
/// the same state.
#[derive(Debug)]
pub struct StagingReader {
    pub(super) db: Connection,
}

/// What a staging file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// The format of the file.
    pub format: u32,
    /// Identifies the staging file, also in the target's ledger.
    pub staging_id: Uuid,
    /// When it was created.
    pub created: Moment,
    /// The version of `etl` that created it.
    pub tool_version: String,
}

impl StagingReader {
    /// Opens a staging file for reading; also while another process writes to it.
    pub fn open(path: &Path) -> Result<Self, StagingError> {
        let _ = path;
        todo!()
    }

    /// What the file says of itself.
    pub fn meta(&self) -> Result<Meta, StagingError> {
        todo!()
    }

    /// Runs several reads on one state of the file.
    pub fn at_once<T>(&self, read: impl FnOnce(&Self) -> Result<T, StagingError>) -> Result<T, StagingError> {
        let _ = &self.db;
        read(self)
    }

    /// The source tuples of a chunk, verified.
    pub fn load_extracted(&self, chunk: ChunkId) -> Result<Payload, StagingError> {
        let _ = chunk;
        todo!()
    }

    /// The target tuples of a transformed chunk, verified.
    pub fn load_transformed(&self, chunk: ChunkId) -> Result<Payload, StagingError> {
        let _ = chunk;
        todo!()
    }
}
