//! skeleton
use super::{EntityQuery, Reader, SourceError};

/// A part of an entity, by its whole-number key; without bounds it is all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Its number, from 0 in key order.
    pub index: u32,
    /// Keys above this.
    pub above: Option<i64>,
    /// Keys up to and with this.
    pub to: Option<i64>,
    /// Rows as estimated.
    pub estimated_rows: u64,
}

/// How to cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeOptions {
    /// At most this many ranges an entity.
    pub max_ranges: u32,
    /// Entities with fewer rows are not cut.
    pub min_rows: u64,
}

impl Default for RangeOptions {
    fn default() -> Self {
        Self { max_ranges: 8, min_rows: 150_000 }
    }
}

/// The ranges of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangePlan {
    /// In key order. Together they hold every row once.
    pub ranges: Vec<KeyRange>,
    /// Rows as estimated.
    pub estimated_rows: u64,
    /// Bytes as estimated.
    pub estimated_bytes: u64,
    /// Why it is cut so, in words.
    pub why: &'static str,
}

/// Plans the ranges of an entity.
pub fn plan_ranges(_reader: &mut Reader, _entity: &EntityQuery, _options: RangeOptions) -> Result<RangePlan, SourceError> {
    unimplemented!()
}

/// The order in which (entity, range) pairs should be read so that the longest does not come last.
pub fn biggest_first<T>(_work: &mut [(T, KeyRange)]) {
    unimplemented!()
}
