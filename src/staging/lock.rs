//! One writer at a time, across processes. Boundary: the lock file beside the staging file; the kernel gives the lock back
//! whatever becomes of the process, so a lock file that is left lying means nothing.

use std::fs::File;
use std::path::Path;

use super::StagingError;

/// The exclusive lock of a staging file.
#[derive(Debug)]
pub struct StagingLock {
    _file: File,
}

impl StagingLock {
    /// Takes the lock of the staging file at `path`.
    pub fn acquire(path: &Path) -> Result<Self, StagingError> {
        let _ = path;
        todo!()
    }

    /// Whether a process holds the lock, and which (0 where it cannot be read).
    pub fn holder(path: &Path) -> Option<u32> {
        let _ = path;
        todo!()
    }
}
