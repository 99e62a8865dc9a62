//! Why a report could not be made or written. Boundary: errors only.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::staging::StagingError;

/// Why there is no report.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The staging file.
    #[error(transparent)]
    Staging(Box<StagingError>),
    /// A report file could not be written.
    #[error("cannot write the report {}: {source}; make its folder writable, then `etl report` writes it again", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The summary could not be put into JSON.
    #[error("the report could not be put into JSON: {source}; this is a bug, the migration itself is not concerned")]
    Json {
        /// Why.
        source: serde_json::Error,
    },
}

// Boxed, because a result carries the room of its largest error through every call.
impl From<StagingError> for ReportError {
    fn from(source: StagingError) -> Self {
        Self::Staging(Box::new(source))
    }
}
