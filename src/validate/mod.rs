//! Whether the target holds what was staged: the ledger, every cell read back, references, control sums, the mapping table,
//! constraints and sequences.
//!
//! Boundary: reads both sides and changes neither. It finds and names differences; what a difference means for the command (its
//! exit code, what is printed) is decided above.

mod adopted;
mod alarms;
mod amount;
mod cells;
mod controls;
mod describe;
mod error;
mod expectations;
mod finding;
mod known;
mod ledger;
mod lookup;
mod mapping;
mod multiset;
mod profile;
mod references;
mod run;
mod staged;
mod subject;
mod upkeep;

pub use error::ValidateError;
pub use finding::{
    Alarm, AlarmKind, ColumnFacts, Control, ControlGroup, Difference, DifferenceKind, EntityCheck, Expectation, OrphanProof, Profile,
    Reference, TableCheck, TargetColumn, Upkeep, Validation,
};
pub use run::{Progress, Request, validate};
