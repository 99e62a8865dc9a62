//! What keeps the plan from being checked at all. Boundary: mistakes of the plan are problems, not errors.

use thiserror::Error;

use crate::pg::PgError;
use crate::staging::StagingError;

/// Why nothing can be said about the plan.
#[derive(Debug, Error)]
pub enum CheckError {
    /// The source cannot be asked.
    #[error("the source cannot be looked at: {source}")]
    Source {
        /// What happened.
        source: PgError,
    },
    /// The target cannot be asked.
    #[error("the target cannot be looked at: {source}")]
    Target {
        /// What happened.
        source: PgError,
    },
    /// The staging file cannot be read.
    #[error(transparent)]
    Staging(Box<StagingError>),
    /// A thread of ours panicked.
    #[error("internal error in the look at the target: this is a bug; nothing was changed, run the same command again")]
    Panicked,
}

impl CheckError {
    /// The server's error, where a server gave it.
    pub fn pg(&self) -> Option<&PgError> {
        match self {
            Self::Source { source } | Self::Target { source } => Some(source),
            Self::Staging(_) | Self::Panicked => None,
        }
    }
}

impl From<StagingError> for CheckError {
    fn from(error: StagingError) -> Self {
        Self::Staging(Box::new(error))
    }
}
