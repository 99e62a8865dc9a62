//! skeleton
use super::TargetError;
use crate::pg::{QualifiedName, Session};

/// Sets the sequences that feed columns of a table behind the largest value there. Gives each sequence with its new value.
pub fn reset_sequences(_session: &mut Session, _table: &QualifiedName) -> Result<Vec<(QualifiedName, i64)>, TargetError> {
    unimplemented!()
}
/// ANALYZE.
pub fn analyze(_session: &mut Session, _table: &QualifiedName) -> Result<(), TargetError> {
    unimplemented!()
}
