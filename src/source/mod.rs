//! Reading the old database: one snapshot for all readers, key ranges, chunks cut from binary COPY streams.
//!
//! Boundary: it reads and never writes; it knows neither the staging file nor the target. What is read is described by plain
//! values ([`EntityQuery`]), threads and resume are the pipeline's.

mod controls;
mod error;
mod expect;
mod keyed;
mod query;
mod ranges;
mod read;
mod snapshot;

pub use controls::{ControlSums, GroupSum, control_sums, group_sums};
pub use error::SourceError;
pub use expect::source_question;
pub use keyed::read_rows;
pub use query::source_query;
pub use ranges::{KeyRange, RangeOptions, RangePlan, WholeSize, biggest_first, plan_ranges, whole_sizes};
pub use read::{ChunkReader, EntityQuery, ResumePoint, SourceChunk, WITHOUT_KEY_BYTES};
pub use snapshot::{Reader, SnapshotHolder, SnapshotInfo};
