//! Constraints and indexes of the target that are taken down for the load: the copy of their definitions on this side.
//! Boundary: text that is kept; who takes down and rebuilds is `target`.

use super::{RunId, StagingError, StagingReader, StagingWriter};

/// A constraint or an index of the target that is, or was, taken down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DismantledConstraint {
    /// The order in which they are taken down; they are rebuilt in the opposite order.
    pub ordinal: u32,
    /// The schema of its table.
    pub schema: String,
    /// Its table.
    pub table: String,
    /// Its own name.
    pub name: String,
    /// What it is, in the words of `target`.
    pub kind: String,
    /// The statement that rebuilds it.
    pub definition: String,
    /// Whether it stands again.
    pub restored: bool,
}

impl StagingWriter {
    /// Records what will be taken down, before it is. What is recorded already is recorded anew, as taken down.
    pub fn record_dismantled(&mut self, run: RunId, constraints: &[DismantledConstraint]) -> Result<(), StagingError> {
        let _ = (run, constraints);
        todo!()
    }

    /// Records that a constraint stands again.
    pub fn mark_restored(&mut self, schema: &str, table: &str, name: &str) -> Result<(), StagingError> {
        let _ = (schema, table, name);
        todo!()
    }
}

impl StagingReader {
    /// What was ever taken down, in the order in which it was; `restored` says what stands again.
    pub fn dismantled(&self) -> Result<Vec<DismantledConstraint>, StagingError> {
        todo!()
    }
}
