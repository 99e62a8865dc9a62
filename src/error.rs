//! One error over all layers, and the one place where policy is made of it: the exit code, whether trying again can help, what to do
//! next. Boundary: no words of its own where a layer has them; the command line prints.

use std::error::Error as _;

use thiserror::Error;

use crate::check::CheckError;
use crate::pg::{EndpointError, PgError, ServerError};
use crate::pipeline::PipelineError;
use crate::plan::SettingError;
use crate::report::ReportError;
use crate::source::SourceError;
use crate::staging::StagingError;
use crate::target::TargetError;
use crate::validate::ValidateError;

/// How the process ends. The numbers are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Everything was done.
    Done = 0,
    /// Something failed; what was done is kept.
    Failed = 1,
    /// The command line or the plan is wrong; nothing was begun.
    Wrong = 2,
    /// Done, but more rows are in quarantine than the plan's budget.
    OverBudget = 3,
    /// The target differs from what was staged.
    Different = 4,
    /// Refused: somebody else is at work, or the plan changed under what is continued.
    Refused = 5,
    /// Interrupted; the same command continues.
    Interrupted = 130,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The word used in events and summaries.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Wrong => "invalid",
            Self::OverBudget => "over_budget",
            Self::Different => "different",
            Self::Refused => "refused",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Why a command ends without having done what it was asked.
#[derive(Debug, Error)]
pub enum Error {
    /// The plan is wrong.
    #[error("{}", count(*errors))]
    Problems {
        /// How many mistakes there are.
        errors: usize,
        /// All of them, with their places.
        rendered: String,
    },
    /// The command line asks for something that is not there.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to type instead.
        hint: Option<String>,
    },
    /// A setting cannot be filled in.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A database's address cannot be used.
    #[error("the URL of the {which} cannot be used: {source}")]
    Endpoint {
        /// `source` or `target`.
        which: &'static str,
        /// What is wrong.
        source: EndpointError,
    },
    /// The plan could not be checked.
    #[error(transparent)]
    Check(Box<CheckError>),
    /// A stage stopped.
    #[error(transparent)]
    Pipeline(Box<PipelineError>),
    /// The staging file.
    #[error(transparent)]
    Staging(Box<StagingError>),
    /// The validation could not be done.
    #[error(transparent)]
    Validate(Box<ValidateError>),
    /// The report could not be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Staged bytes cannot be shown.
    #[error("{what} cannot be decoded: {detail}")]
    Damaged {
        /// Which row.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The result could not be written out.
    #[error("the result could not be written: {source}")]
    Output {
        /// Why.
        #[from]
        source: std::io::Error,
    },
    /// The process cannot listen to Ctrl-C.
    #[error("the system does not let signals be handled: {source}")]
    Signals {
        /// Why.
        source: std::io::Error,
    },
}

fn count(errors: usize) -> String {
    if errors == 1 {
        "the plan has 1 problem; nothing was begun".to_owned()
    } else {
        format!("the plan has {errors} problems; nothing was begun")
    }
}

impl Error {
    /// A command line that asks for something that is not there.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: Some(hint.into()) }
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        if let Some(error) = self.staging() {
            return of_staging(error);
        }
        match self {
            Self::Problems { .. } | Self::Usage { .. } | Self::Setting(_) | Self::Endpoint { .. } => Exit::Wrong,
            Self::Validate(error) if matches!(**error, ValidateError::Interrupted) => Exit::Interrupted,
            Self::Pipeline(error) if matches!(**error, PipelineError::Expectations { .. }) => Exit::Wrong,
            Self::Pipeline(error) if matches!(**error, PipelineError::PlanChanged { .. } | PipelineError::Mismatch { .. }) => Exit::Refused,
            _ if matches!(self.target(), Some(TargetError::Locked { .. } | TargetError::LedgerMismatch { .. })) => Exit::Refused,
            _ => Exit::Failed,
        }
    }

    /// Whether the same command can succeed when it is simply typed again.
    pub fn is_transient(&self) -> bool {
        let passing = matches!(self.staging(), Some(StagingError::Busy { .. } | StagingError::Locked));
        passing || self.source_error().is_some_and(SourceError::is_transient) || self.pg().is_some_and(PgError::is_transient)
    }

    /// What to do next, where the message does not say so itself.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Problems { errors: 1, .. } => Some("mend it, then: etl check".to_owned()),
            Self::Problems { .. } => Some("mend them, then: etl check".to_owned()),
            Self::Usage { hint, .. } => hint.clone(),
            Self::Pipeline(error) if matches!(**error, PipelineError::Panicked { .. }) => {
                Some("run it with RUST_LOG=debug, and report what it says".to_owned())
            }
            Self::Output { source } if source.kind() == std::io::ErrorKind::BrokenPipe => None,
            Self::Output { .. } => Some("see that there is room where stdout goes".to_owned()),
            Self::Damaged { .. } => {
                Some("restore the staging file from a copy, or read the entity anew: etl run --redo extract".to_owned())
            }
            Self::Pipeline(_) if self.is_transient() => {
                Some("everything that was done is kept: type the same command again, it continues where it stopped".to_owned())
            }
            _ => None,
        }
    }

    /// What the server reported, where a server is behind the error.
    pub fn server_error(&self) -> Option<&ServerError> {
        self.pg().and_then(PgError::server_error)
    }

    /// The causes that the message does not already name, the outermost first.
    pub fn causes(&self) -> Vec<String> {
        let mut said = self.to_string();
        let mut causes = Vec::new();
        let mut next = self.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            if !said.contains(&text) {
                said.push_str(&text);
                causes.push(text);
            }
            next = cause.source();
        }
        causes
    }

    fn staging(&self) -> Option<&StagingError> {
        match self {
            Self::Staging(error) | Self::Report(ReportError::Staging(error)) => Some(error),
            Self::Check(error) => match &**error {
                CheckError::Staging(error) => Some(error),
                CheckError::Source { .. } | CheckError::Target { .. } | CheckError::Panicked => None,
            },
            Self::Pipeline(error) => match &**error {
                PipelineError::Staging(error) => Some(error),
                _ => None,
            },
            Self::Validate(error) => match &**error {
                ValidateError::Staging(error) => Some(error),
                _ => None,
            },
            _ => None,
        }
    }

    fn source_error(&self) -> Option<&SourceError> {
        match self {
            Self::Pipeline(error) => match &**error {
                PipelineError::Source(error) => Some(error),
                _ => None,
            },
            _ => None,
        }
    }

    fn target(&self) -> Option<&TargetError> {
        match self {
            Self::Pipeline(error) => match &**error {
                PipelineError::Target(error) => Some(error),
                _ => None,
            },
            Self::Validate(error) => match &**error {
                ValidateError::Target(error) => Some(error),
                _ => None,
            },
            _ => None,
        }
    }

    fn pg(&self) -> Option<&PgError> {
        match self {
            Self::Check(error) => error.pg(),
            Self::Validate(error) if matches!(**error, ValidateError::Pg(_)) => error.source()?.downcast_ref(),
            _ => self.source_error().and_then(of_source).or_else(|| self.target().and_then(of_target)),
        }
    }
}

fn of_staging(error: &StagingError) -> Exit {
    match error {
        StagingError::Busy { .. } | StagingError::Locked | StagingError::EntityChanged { .. } | StagingError::LoadedAlready { .. } => {
            Exit::Refused
        }
        StagingError::NotAQuery { .. } | StagingError::Unknown { .. } => Exit::Wrong,
        _ => Exit::Failed,
    }
}

fn of_source(error: &SourceError) -> Option<&PgError> {
    match error {
        SourceError::Pg { source } | SourceError::Query { source, .. } | SourceError::SnapshotLost { source, .. } => Some(source),
        SourceError::NoKey { .. }
        | SourceError::Key { .. }
        | SourceError::DuplicateKey { .. }
        | SourceError::TooLarge { .. }
        | SourceError::ResumePoint { .. }
        | SourceError::NotShared { .. } => None,
    }
}

fn of_target(error: &TargetError) -> Option<&PgError> {
    error.source().and_then(|cause| cause.downcast_ref::<PgError>())
}

/// Errors of the layers are boxed: they are big, and results are passed through every function of the command line.
macro_rules! boxed {
    ($($variant:ident: $error:ty),*) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::$variant(Box::new(error))
            }
        }
    )*};
}

boxed!(Check: CheckError, Pipeline: PipelineError, Staging: StagingError, Validate: ValidateError);

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn lost() -> PgError {
        PgError::ConnectionLost { server: "postgresql://u@h:5432/d".into(), what: "reset".into(), source: None }
    }

    #[test]
    fn every_kind_has_its_exit_code() {
        let busy = || StagingError::Busy { path: PathBuf::from("s.db"), holder: Some(7) };
        let cases: [(Error, Exit); 8] = [
            (Error::Problems { errors: 2, rendered: String::new() }, Exit::Wrong),
            (Error::usage("x", "y"), Exit::Wrong),
            (Error::from(busy()), Exit::Refused),
            (Error::from(PipelineError::Staging(busy())), Exit::Refused),
            (Error::from(PipelineError::PlanChanged { message: "m".into() }), Exit::Refused),
            (Error::from(PipelineError::Target(TargetError::Locked { server: "s".into(), holder: None })), Exit::Refused),
            (Error::from(ValidateError::Interrupted), Exit::Interrupted),
            (Error::from(CheckError::Source { source: lost() }), Exit::Failed),
        ];
        for (error, exit) in cases {
            assert_eq!(error.exit(), exit, "{error}");
        }
    }

    #[test]
    fn a_lost_connection_is_transient_wherever_it_happens() {
        let load = TargetError::Load { entity: "tasks".into(), table: "public.tasks".into(), source: lost() };
        let error = Error::from(PipelineError::Target(load));
        assert!(error.is_transient());
        assert!(error.hint().is_some_and(|hint| hint.contains("continues")));
        assert!(error.causes().is_empty(), "the message names its cause already");
        assert!(!Error::usage("x", "y").is_transient());
    }
}
