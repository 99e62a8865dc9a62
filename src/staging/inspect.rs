//! Reading the staging file freely: single queries in SQL, and the check of the file as a whole. Boundary: reads only; how
//! results are shown is the command line's matter.

use super::{StagingError, StagingReader};

/// The answer to a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlRows {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows in text; bytes as `x'…'`, NULL as `None`.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether there were more rows than asked for.
    pub more: bool,
}

impl StagingReader {
    /// Answers one query that reads.
    pub fn sql(&self, query: &str, limit: usize) -> Result<SqlRows, StagingError> {
        let _ = (query, limit);
        todo!()
    }

    /// Reads the whole file and fails where it is damaged.
    pub fn check_integrity(&self) -> Result<(), StagingError> {
        todo!()
    }
}
