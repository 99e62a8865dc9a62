//! Writing the new database: chunks with their ledger row in one transaction, constraints taken down and put back, sequences,
//! and reading back what was written.
//!
//! Boundary: it knows the target's tables and the small schema `etl` in it, but not the staging file; threads, retries and the
//! order of things are the pipeline's.

mod adopt;
mod constraints;
mod dismantle;
mod error;
mod expect;
mod finish;
mod isolate;
mod late;
mod ledger;
mod lock;
mod readback;
mod remove;
mod writer;

pub use adopt::{AdoptSource, Adopted, AdoptedRow, read_adopted};
pub use constraints::{Duplicates, Orphans, find_duplicates, find_orphans, outstanding, restore_all, restore_one};
pub use dismantle::{DismantlePlan, DismantleRecord, Kept, RecordKind, dismantle, plan_dismantle, plan_triggers, room_for_locks};
pub use error::TargetError;
pub use expect::target_question;
pub use finish::finish;
pub use late::{LateRefusal, refuse_late};
pub use ledger::{ForeignLoad, Ledger, LedgerChunk, RefusedRow, ensure_schema, read_ledger, read_standing_ledger};
pub use lock::TargetLock;
pub use readback::{GroupSum, TupleStream, count_rows, group_sums, orphan_count, read_back};
pub use remove::{Removal, Removed, remove_chunks, remove_empty_schema, vacuum};
pub use writer::{ChunkEntry, LoadPlan, Loaded, MappingTuples, Refused, load_chunk};
