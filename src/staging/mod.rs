//! The embedded state of a migration: one SQLite file that holds the runs with their plans, the rows as read and as
//! transformed, the id map, the quarantine and the ledger. Whatever happens, what this file says is true.
//!
//! Boundary: the only module that knows SQLite. It starts no thread: one thread of `pipeline` owns the [`StagingWriter`], and
//! every [`StagingReader`] is a read-only connection of its own, also while a run goes on, also when there is no server. There
//! are no setters: every operation puts rows *and* state into one transaction. The tables and the bytes are documented in
//! `staging/FORMAT.md`.

mod adoption;
mod block;
mod by_columns;
mod chunks;
mod columns;
mod constraints;
mod controls;
mod database;
mod entities;
mod error;
mod expectations;
mod id_map;
mod inspect;
mod ledger;
mod lock;
mod payload;
mod plan_change;
mod quarantine;
mod reader;
mod retry;
mod runs;
mod steps;
mod writer;

pub use adoption::{AdoptedKey, AdoptionCounts};
#[doc(hidden)]
pub use block::compress;
pub use chunks::{ChunkEvent, ChunkId, ChunkRow, ChunkState, OutcomeCounts};
pub use constraints::DismantledConstraint;
pub use controls::{ControlSum, ControlTotal, IncidentCount, IncidentTotal, ReferenceCount, ReferenceTotal, SourceControl};
pub use entities::{EntityId, EntityRecord, EntityRow, RangeRow, RangeSpec};
pub use error::StagingError;
pub use expectations::RecordedAnswer;
pub use id_map::{ChunkKey, KeyEntry, KeyRecord, KeyRow};
pub use inspect::SqlRows;
pub use ledger::EntityLedger;
pub use lock::StagingLock;
#[doc(hidden)]
pub use payload::seal;
pub use payload::{Payload, PayloadError, decode_payload, encode_payload};
pub use plan_change::{MendedChunk, MendedEntity, PlanChange};
pub use quarantine::{QuarantineCount, QuarantineFilter, QuarantineRecord, QuarantineRow, QuarantineStage, RefusedRow};
pub use reader::{Meta, StagingReader};
pub use retry::{DepartingRows, RestatedRow, RetriedChunk};
pub use runs::{Moment, PlanFile, RunExit, RunId, RunRecord, RunStart, SnapshotId, SnapshotRecord, SnapshotRow, StageTime};
pub use steps::{ExtractedChunk, LoadMark, LoadedChunk, OrphanedMerge, TransformedChunk};
pub use writer::StagingWriter;

#[cfg(test)]
mod tests;
