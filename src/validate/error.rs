//! What keeps a validation from being done. Boundary: a difference is no error, it is a finding.

use thiserror::Error;

use crate::pg::PgError;
use crate::row::MalformedTuple;
use crate::staging::StagingError;
use crate::target::TargetError;

/// Why nothing can be said about the target.
#[derive(Debug, Error)]
pub enum ValidateError {
    /// The staging file.
    #[error(transparent)]
    Staging(Box<StagingError>),
    /// The server or the way to it.
    #[error(transparent)]
    Pg(Box<PgError>),
    /// Reading the target.
    #[error(transparent)]
    Target(Box<TargetError>),
    /// The entity is not in the staging file.
    #[error("{entity} is not in the staging file, so there is nothing to compare with; run `etl run --only {entity}` first")]
    NotStaged {
        /// The entity.
        entity: String,
    },
    /// The entity is not loaded to its end.
    #[error("{entity} is not finished: {what}; run `etl run` first, it continues where it stopped")]
    NotFinished {
        /// The entity.
        entity: String,
        /// What is left.
        what: String,
    },
    /// The plan's entity has no usable target.
    #[error("{entity}: {what}; see `etl check`")]
    Plan {
        /// The entity.
        entity: String,
        /// What is wrong.
        what: String,
    },
    /// Staged target rows that are no tuples.
    #[error("{entity}: the transformed rows of chunk {chunk} are damaged; restore the staging file from a copy")]
    Damaged {
        /// The entity.
        entity: String,
        /// The chunk.
        chunk: i64,
        /// What is wrong.
        source: MalformedTuple,
    },
    /// The server sent rows that are no tuples.
    #[error("the rows read back from {table} cannot be understood; run `etl validate` again, and see the cause if it stays")]
    ReadBack {
        /// The table.
        table: String,
        /// What is wrong.
        source: MalformedTuple,
    },
    /// A sum is no number.
    #[error("the control sum {control} of {entity} is not a number; sum an integer or numeric expression in [control]")]
    NotANumber {
        /// The entity.
        entity: String,
        /// The control.
        control: String,
    },
    /// It was asked to stop.
    #[error("the validation was interrupted and says nothing about the target; run `etl validate` again")]
    Interrupted,
    /// A thread of ours panicked.
    #[error("internal error in {thread}: this is a bug; nothing was changed, run `etl validate` again")]
    Panicked {
        /// The thread.
        thread: &'static str,
    },
}

impl ValidateError {
    /// Whether trying again can help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Pg(source) => source.is_transient(),
            Self::Target(source) => source.is_transient(),
            Self::Staging(_)
            | Self::NotStaged { .. }
            | Self::NotFinished { .. }
            | Self::Plan { .. }
            | Self::Damaged { .. }
            | Self::ReadBack { .. }
            | Self::NotANumber { .. }
            | Self::Interrupted
            | Self::Panicked { .. } => false,
        }
    }
}

// Boxed, because a result carries the room of its largest error through every call.
impl From<StagingError> for ValidateError {
    fn from(source: StagingError) -> Self {
        Self::Staging(Box::new(source))
    }
}

impl From<PgError> for ValidateError {
    fn from(source: PgError) -> Self {
        Self::Pg(Box::new(source))
    }
}

impl From<TargetError> for ValidateError {
    fn from(source: TargetError) -> Self {
        Self::Target(Box::new(source))
    }
}
