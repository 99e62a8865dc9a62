//! The writing side: one connection, one lock, transactions. Boundary: opening and group commit; the operations themselves are
//! in `runs`, `entities`, `steps` and `constraints`.

use std::path::Path;

use rusqlite::Connection;

use super::{Meta, StagingError, StagingLock};

/// The one connection that writes. Holds the lock of the staging file as long as it lives.
#[derive(Debug)]
pub struct StagingWriter {
    // Closed before the lock is given back: fields are dropped in this order.
    pub(super) db: Connection,
    _lock: StagingLock,
}

impl StagingWriter {
    /// Opens the staging file, continuing with what is there.
    pub fn open(path: &Path) -> Result<Self, StagingError> {
        let _ = path;
        todo!()
    }

    /// Creates a staging file that is not there yet.
    pub fn create(path: &Path) -> Result<Self, StagingError> {
        let _ = path;
        todo!()
    }

    /// Opens the staging file, or creates it.
    pub fn open_or_create(path: &Path) -> Result<Self, StagingError> {
        let _ = path;
        todo!()
    }

    /// What the file says of itself.
    pub fn meta(&self) -> Result<Meta, StagingError> {
        todo!()
    }

    /// Opens a batch: the operations until `commit_batch` become durable together, or not at all. When one of them fails, all of
    /// them are taken back, and the rest of the batch is refused.
    pub fn begin_batch(&mut self) -> Result<(), StagingError> {
        let _ = &self.db;
        todo!()
    }

    /// Makes the batch durable.
    pub fn commit_batch(&mut self) -> Result<(), StagingError> {
        todo!()
    }

    /// Takes the batch back.
    pub fn abandon_batch(&mut self) -> Result<(), StagingError> {
        todo!()
    }
}
