//! What can go wrong with the staging file. Boundary: every error of this module; what a command does about it (exit code,
//! retry) is decided once, in the crate's `error`.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;
use thiserror::Error;

use super::chunks::{ChunkEvent, ChunkState};
use super::payload::PayloadError;
use crate::row::NewKey;

/// Why the staging file could not be opened, read or written.
#[derive(Debug, Error)]
pub enum StagingError {
    /// Nothing is at the path.
    #[error("there is no staging file at {}; start one with `etl extract` or `etl run`, or name it with --staging", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A staging file is there already, and one was to be created.
    #[error("a staging file is already at {}; continue it with `etl run`, or name another with --staging", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is not a staging file; name another with --staging", path.display())]
    NotStaging {
        /// The file.
        path: PathBuf,
    },
    /// The file was written in another format.
    #[error(
        "{} has staging format {found}, this etl reads format {supported}; use the etl that wrote it, or start anew with another --staging",
        path.display()
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// The format in the file.
        found: u32,
        /// The format of this program.
        supported: u32,
    },
    /// The file is shorter than it says itself.
    #[error(
        "{} is cut off: {found} bytes of {expected}; restore it from a copy together with its -wal file, or start anew with another --staging",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes according to its header.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// SQLite finds the file damaged.
    #[error(
        "the staging file is damaged: {detail}; restore it from a copy together with its -wal file, or start anew with another --staging"
    )]
    Malformed {
        /// What SQLite says.
        detail: String,
    },
    /// A record holds something that this format does not have.
    #[error("the staging file is damaged: {table} holds {what}; restore it from a copy, or start anew with another --staging")]
    BadRecord {
        /// The table.
        table: &'static str,
        /// What is wrong.
        what: String,
    },
    /// The file or its folder cannot be written.
    #[error("the staging file cannot be written: {detail}; make the file and its folder writable, or name another with --staging")]
    NotWritable {
        /// What the system says.
        detail: String,
    },
    /// The disk is full.
    #[error("the disk that holds the staging file is full; free some space and type the same command again, it continues where it stopped")]
    DiskFull,
    /// A file operation failed.
    #[error("cannot {action} {}; see the cause, then type the same command again", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Another `etl` works with this staging file.
    #[error("another etl{} works with {}; wait until it ends, or look at it with `etl status`", holder.map(|pid| format!(" (process {pid})")).unwrap_or_default(), path.display())]
    Busy {
        /// The staging file.
        path: PathBuf,
        /// The process that holds it, where it could be read.
        holder: Option<u32>,
    },
    /// Another program holds SQLite's lock.
    #[error("another program holds the staging file locked; close it (an open sqlite3 session, perhaps) and type the same command again")]
    Locked,
    /// Anything else that SQLite reports.
    #[error("the staging file could not be used; see the cause, then type the same command again")]
    Sqlite {
        /// The cause.
        source: rusqlite::Error,
    },
    /// A payload is damaged.
    #[error(
        "chunk {chunk} of the staging file is damaged ({which} rows); restore the file from a copy, or start anew with another --staging"
    )]
    DamagedChunk {
        /// The chunk.
        chunk: i64,
        /// `extracted` or `transformed`.
        which: &'static str,
        /// The cause.
        source: PayloadError,
    },
    /// A payload that was to be stored is not one.
    #[error("the rows for chunk {chunk} cannot be stored; see the cause")]
    BadPayload {
        /// What the chunk is called.
        chunk: String,
        /// The cause.
        source: PayloadError,
    },
    /// The id map is not what was stored.
    #[error(
        "the id map of {entity} was altered: its rows do not add up to the digest of its chunks; restore the staging file from a copy, or redo the entity with `etl transform`"
    )]
    AlteredKeys {
        /// The entity.
        entity: String,
    },
    /// A chunk is not in a state for this.
    #[error("chunk {chunk} is {}, which does not allow {}; see `etl inspect chunks`", state.word(), event.word())]
    WrongState {
        /// The chunk.
        chunk: i64,
        /// Where it stands.
        state: ChunkState,
        /// What was tried.
        event: ChunkEvent,
    },
    /// Two rows of an entity have one key.
    #[error("{entity} has two rows with the key {key}; make the key in the entity's file unique, or its query give each row once")]
    DuplicateKey {
        /// The entity.
        entity: String,
        /// The key.
        key: String,
    },
    /// Two rows got one new key.
    #[error("{first} and {second} both got the new key {new_key} in {table}; give one of the entities keys of its own")]
    Collision {
        /// The target table.
        table: String,
        /// Entity and key of the first row.
        first: String,
        /// Entity and key of the second row.
        second: String,
        /// What both got.
        new_key: NewKey,
    },
    /// Rows and outcomes of a chunk or an entity are not equally many.
    #[error(
        "the ledger of {what} does not close: {rows} rows were read, {counted} have an outcome ({detail}); keep the staging file and report this"
    )]
    OpenLedger {
        /// A chunk or an entity.
        what: String,
        /// Rows read.
        rows: u64,
        /// Rows with an outcome.
        counted: u64,
        /// Which count differs.
        detail: String,
    },
    /// An entity is registered otherwise, and rows were stored by what was registered.
    #[error("the {stage} part of {entity} is not what its stored rows were made with; redo it with `etl {stage} --only {entity}`")]
    EntityChanged {
        /// The entity.
        entity: String,
        /// `extract` or `transform`.
        stage: &'static str,
    },
    /// An entity cannot be begun anew, its rows are in the target.
    #[error("{chunks} chunks of {entity} are loaded already; take them out of the target first with `etl rollback --only {entity}`")]
    LoadedAlready {
        /// The entity.
        entity: String,
        /// How many chunks.
        chunks: u64,
    },
    /// An extract was called finished while ranges are open.
    #[error("{open} ranges of {entity} are not read to their end; continue with `etl extract`")]
    RangesOpen {
        /// The entity.
        entity: String,
        /// How many.
        open: u64,
    },
    /// Something was asked for that the file does not hold.
    #[error("the staging file has no {what}; see `etl inspect`")]
    Unknown {
        /// What was asked for.
        what: String,
    },
    /// A step of the open batch failed before, and everything in it was taken back.
    #[error(
        "an earlier step of this batch failed and all of it was taken back; type the same command again, it continues where it stopped"
    )]
    BatchLost,
    /// A text for `inspect sql` that is no query.
    #[error(
        "the query cannot be answered: {what}; one query that reads (SELECT, WITH, VALUES, EXPLAIN) can be asked over the tables and views that staging/FORMAT.md describes"
    )]
    NotAQuery {
        /// What is wrong.
        what: String,
    },
}

impl From<rusqlite::Error> for StagingError {
    fn from(source: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, detail) = &source else {
            return Self::Sqlite { source };
        };
        let detail = || detail.clone().unwrap_or_else(|| failure.to_string());
        match failure.code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Malformed { detail: detail() },
            ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => Self::NotWritable { detail: detail() },
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Locked,
            ErrorCode::DiskFull => Self::DiskFull,
            _ => Self::Sqlite { source },
        }
    }
}
