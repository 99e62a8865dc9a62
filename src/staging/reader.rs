//! The reading side: a read-only connection of its own. Boundary: opening, and payloads; each kind of record is read in its
//! own file.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use super::database::{check_file, connect_reader, read_meta};
use super::payload::payload_head;
use super::{ChunkId, Moment, Payload, PayloadError, StagingError, decode_payload};

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
        check_file(path)?;
        let db = connect_reader(path)?;
        read_meta(&db)?;
        Ok(Self { db })
    }

    /// What the file says of itself.
    pub fn meta(&self) -> Result<Meta, StagingError> {
        read_meta(&self.db)
    }

    /// Runs several reads on one state of the file. Inside another `at_once` it is part of that.
    pub fn at_once<T>(&self, read: impl FnOnce(&Self) -> Result<T, StagingError>) -> Result<T, StagingError> {
        if !self.db.is_autocommit() {
            return read(self);
        }
        let view = self.db.unchecked_transaction()?;
        let result = read(self);
        view.rollback()?;
        result
    }

    /// The source tuples of a chunk, verified.
    pub fn load_extracted(&self, chunk: ChunkId) -> Result<Payload, StagingError> {
        let sql = "SELECT p.payload, c.digest, c.rows FROM chunks AS c JOIN extracted AS p ON p.chunk = c.id WHERE c.id = ?1";
        self.load(chunk, "extracted", sql)
    }

    /// The target tuples of a transformed chunk, verified.
    pub fn load_transformed(&self, chunk: ChunkId) -> Result<Payload, StagingError> {
        let sql = "SELECT p.payload, c.transformed_digest, c.transformed_rows FROM chunks AS c JOIN transformed AS p ON p.chunk = c.id \
                   WHERE c.id = ?1";
        self.load(chunk, "transformed", sql)
    }

    /// The digest and the count of rows are kept with the chunk as well: a payload that is whole but another's is found out.
    fn load(&self, chunk: ChunkId, which: &'static str, sql: &str) -> Result<Payload, StagingError> {
        let unpacked = self
            .db
            .prepare_cached(sql)?
            .query_row([chunk.0], |row| {
                let (bytes, digest, rows) = (row.get_ref(0)?.as_blob()?, row.get_ref(1)?.as_blob()?, row.get::<_, i64>(2)?);
                Ok(unpack(bytes, digest, rows))
            })
            .optional()?
            .ok_or_else(|| StagingError::Unknown { what: format!("{which} rows of chunk {chunk}") })?;
        unpacked.map_err(|source| StagingError::DamagedChunk { chunk: chunk.0, which, source })
    }
}

fn unpack(bytes: &[u8], digest: &[u8], rows: i64) -> Result<Payload, PayloadError> {
    if payload_head(bytes)?.digest != digest {
        return Err(PayloadError::Exchanged);
    }
    let payload = decode_payload(bytes)?;
    match u64::try_from(rows) {
        Ok(expected) if expected != payload.rows => Err(PayloadError::Count { what: "rows", found: payload.rows, expected }),
        _ => Ok(payload),
    }
}
