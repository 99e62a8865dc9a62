//! What a run is asked to do, and what it tells while it does it.

use std::path::PathBuf;

use thiserror::Error;

use super::account::{Role, Usage};
use crate::pg::{Endpoint, TableInfo};
use crate::plan::{CompiledEntity, Plan};
use crate::source::SourceError;
use crate::staging::{Moment, RunId, StagingError};
use crate::target::TargetError;
use crate::transform::TransformError;

/// A stage of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Source to staging file.
    Extract,
    /// Staged source rows to staged target rows.
    Transform,
    /// Staging file to target.
    Load,
}

impl Stage {
    /// The word used in commands and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Extract => "extract",
            Self::Transform => "transform",
            Self::Load => "load",
        }
    }
}

/// Which stages a command goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stages {
    /// One of them, as `etl extract`, `etl transform`, `etl load`.
    One(Stage),
    /// All three, overlapped, as `etl run`.
    All,
}

impl Stages {
    /// Whether a stage is among them.
    pub fn include(self, stage: Stage) -> bool {
        match self {
            Self::One(one) => one == stage,
            Self::All => true,
        }
    }
}

/// What is done again because the plan changed; without it a changed plan is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redo {
    /// Nothing: refuse.
    Nothing,
    /// What was transformed and not loaded is transformed again.
    Transform,
    /// What was read and not loaded is read again.
    Extract,
}

/// What is taken up again of the quarantine once everything else is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retry {
    /// Somebody asked for it: rows that the target refused are sent again even where nothing of them has changed.
    pub on_request: bool,
    /// Only of this entity.
    pub entity: Option<String>,
    /// Only what was kept aside for this reason.
    pub code: Option<String>,
}

/// How a run goes about it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The stages.
    pub stages: Stages,
    /// Worker threads of transform; also the number of readers and of loaders.
    pub jobs: usize,
    /// Bytes of tuples in a chunk.
    pub chunk_bytes: usize,
    /// What a changed plan may redo.
    pub redo: Redo,
    /// What is taken up again of the quarantine at the end; `None` for nothing.
    pub retry: Option<Retry>,
    /// The command as recorded with the run, without secrets.
    pub command: String,
}

impl Settings {
    /// For a command that moves no rows through the stages.
    pub fn beside_the_stages(jobs: usize, command: &str) -> Self {
        Self { stages: Stages::All, jobs, chunk_bytes: 0, redo: Redo::Nothing, retry: None, command: command.to_owned() }
    }
}

/// Everything a run works with.
pub struct Setup<'p> {
    /// The plan.
    pub plan: &'p Plan,
    /// Its entities, compiled, in load order; `None` for an entity that is not selected and could not be compiled.
    pub entities: Vec<Option<CompiledEntity>>,
    /// Which entities the command is about.
    pub selected: Vec<bool>,
    /// The target tables by entity, where the target was looked at.
    pub tables: Vec<Option<TableInfo>>,
    /// The staging file.
    pub staging: PathBuf,
    /// The source; not needed without extract.
    pub source: Option<Endpoint>,
    /// The target; not needed without load.
    pub target: Option<Endpoint>,
    /// How.
    pub settings: Settings,
}

/// What happens during a run, for whoever shows it. Rows are totals so far.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The run began; `continues` says what it continues.
    Started {
        /// The run.
        run: RunId,
        /// The earlier run that was not finished: its id, when it began and how it ended.
        continues: Option<(RunId, Moment, String)>,
        /// Rows each stage has done before, over all selected entities: extracted, transformed, loaded.
        done_before: [u64; 3],
        /// Whether there is nothing left to do.
        nothing_left: bool,
    },
    /// An entity's rows, estimated before it is read, exact after.
    Expected {
        /// The entity's index.
        entity: usize,
        /// Rows.
        rows: u64,
    },
    /// A stage has durably done a chunk.
    Progress {
        /// The entity's index.
        entity: usize,
        /// The stage.
        stage: Stage,
        /// Rows of it done by this run and before.
        rows: u64,
    },
    /// Something worth a line: constraints taken down or rebuilt, a retry.
    Note(String),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The run.
    pub run: RunId,
    /// Whether it was interrupted; everything done is kept.
    pub interrupted: bool,
    /// Rows extracted, transformed and loaded by this run.
    pub moved: [u64; 3],
    /// What its threads spent their time on.
    pub usages: Vec<(Role, Usage)>,
}

/// Why a run stopped.
#[derive(Debug, Error)]
pub enum PipelineError {
    /// Reading the source.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The staging file.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// Transforming.
    #[error(transparent)]
    Transform(#[from] TransformError),
    /// Writing the target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The plan differs from the one whose stage would be continued.
    #[error("{message}")]
    PlanChanged {
        /// What changed, which stages that concerns, and what to type.
        message: String,
    },
    /// The staging file and the target do not belong together.
    #[error("{message}")]
    Mismatch {
        /// What does not fit, and what to do.
        message: String,
    },
    /// The source is not what the plan rests on.
    #[error(
        "the source does not meet what the plan expects of it, so nothing was read: {message}; `etl check` shows where that is written"
    )]
    Expectations {
        /// Which expectations, what was expected and what was found.
        message: String,
    },
    /// A stage cannot begin.
    #[error("{message}")]
    NotReady {
        /// What is missing and what to type.
        message: String,
    },
    /// A thread of ours panicked.
    #[error("internal error in {thread}: this is a bug; what was done is kept, run the same command again")]
    Panicked {
        /// The thread.
        thread: String,
    },
}
