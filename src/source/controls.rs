//! skeleton
use super::{EntityQuery, Reader, SourceError};

/// Control sums of an entity in the snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlSums {
    /// Rows.
    pub rows: u64,
    /// The sums in the order asked for, as text; `None` where all values are NULL.
    pub sums: Vec<Option<String>>,
}

/// Counts an entity's rows and sums expressions over its columns, in SQL of the source.
pub fn control_sums(_reader: &mut Reader, _entity: &EntityQuery, _expressions: &[&str]) -> Result<ControlSums, SourceError> {
    unimplemented!()
}
