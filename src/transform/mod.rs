//! Row in, row or reject out. One staged chunk becomes one chunk of target tuples, with an outcome for every row of it.
//!
//! Boundary: pure. No connection, no file, no clock, no randomness: the same chunk, plan and key snapshots give the same
//! bytes, which is what makes a chunk repeatable after a crash.

mod adopted;
mod assign;
mod chunk;
mod control;
mod keys;
mod limit;
mod mint;
mod row;
mod survey;
mod unit;

pub use adopted::AdoptedKeys;
pub use chunk::{ChunkOutput, IncidentCount, KeyFate, ReferenceCount, RejectedRow, RowKey, TransformError, control_sums, transform_chunk};
pub use control::{ControlSum, adjusted, same_sum};
pub use keys::{Fate, KeySnapshot, KeySnapshotBuilder};
pub use mint::Minter;
pub use row::Inputs;
pub use survey::{Survey, Surveyor};
pub use unit::{Mismatch, Verdict, run_test};
