//! skeleton
use super::TargetError;
use crate::pg::{CopyOut, QualifiedName, Session, TupleBatch};

/// Rows of a table, streamed.
pub struct TupleStream<'a> {
    copy: CopyOut<'a>,
}

impl TupleStream<'_> {
    /// The next batch of whole tuples, `None` at the end.
    pub fn next_batch(&mut self) -> Result<Option<TupleBatch>, TargetError> {
        Ok(self.copy.next_batch()?)
    }
}

/// Streams columns of a table's rows, in no order, those for which `filter` (SQL) holds.
pub fn read_back<'a>(
    _session: &'a mut Session,
    _table: &QualifiedName,
    _columns: &[String],
    _filter: Option<&str>,
    _batch_bytes: usize,
) -> Result<TupleStream<'a>, TargetError> {
    unimplemented!()
}
/// Counts rows.
pub fn count_rows(_session: &mut Session, _table: &QualifiedName, _filter: Option<&str>) -> Result<u64, TargetError> {
    unimplemented!()
}
/// Sums an expression; text, so that no digit is lost. `None` where there is no value.
pub fn sum_text(
    _session: &mut Session,
    _table: &QualifiedName,
    _expression: &str,
    _filter: Option<&str>,
) -> Result<Option<String>, TargetError> {
    unimplemented!()
}
/// Rows of `table` whose `columns` are all set and find no row in `parent`.
pub fn orphan_count(
    _session: &mut Session,
    _table: &QualifiedName,
    _columns: &[String],
    _parent: &QualifiedName,
    _parent_columns: &[String],
) -> Result<u64, TargetError> {
    unimplemented!()
}
