//! skeleton
use super::SourceError;
use crate::pg::{Endpoint, Session};

/// The snapshot that a run reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// Its exported name; `None` where the server cannot export one, and only one reader can work.
    pub name: Option<String>,
    /// When it was taken, by the server's clock (ISO text, UTC).
    pub taken_at: String,
    /// The cluster's identity, where this user may know it.
    pub system_identifier: Option<String>,
    /// The database.
    pub database: String,
    /// The server's version.
    pub version: String,
    /// The write-ahead log's position, where this user may know it.
    pub lsn: Option<String>,
    /// Why only one reader can work, where that is so.
    pub single_reader: Option<String>,
}

/// Keeps the snapshot alive: readers can join as long as this lives.
pub struct SnapshotHolder {}

impl SnapshotHolder {
    /// Opens and exports a snapshot.
    pub fn open(_endpoint: &Endpoint) -> Result<Self, SourceError> {
        unimplemented!()
    }
    /// What it is.
    pub fn info(&self) -> &SnapshotInfo {
        unimplemented!()
    }
    /// The holder's own connection as a reader: for planning and control sums, and the only reader where the snapshot cannot be shared.
    pub fn reader(&mut self) -> &mut Reader {
        unimplemented!()
    }
}

/// A connection that reads the snapshot.
pub struct Reader {
    session: Session,
}

impl Reader {
    /// Opens a further connection to the same snapshot.
    pub fn join(_endpoint: &Endpoint, _snapshot: &SnapshotInfo) -> Result<Self, SourceError> {
        unimplemented!()
    }
    /// The connection.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }
}
