//! Runs: who did what when, with which plan, between which databases, in which snapshots. Boundary: the only place of the
//! program that reads the clock.

use std::fmt;

use uuid::Uuid;

use super::{EntityId, StagingError, StagingReader, StagingWriter};

/// A run of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub Uuid);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A snapshot of the source in which chunks were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SnapshotId(pub i64);

/// A point in time: microseconds since 1970-01-01 00:00 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment(pub i64);

/// A file of the plan, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFile {
    /// Its path as the plan names it.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What is recorded when a run begins.
#[derive(Clone, Debug)]
pub struct RunStart {
    /// The command, without values that could be secret.
    pub command: String,
    /// Identifies the plan as a whole.
    pub plan_hash: String,
    /// All files of the plan.
    pub plan_files: Vec<PlanFile>,
    /// The source as URL or as host, port and database. A password in it is left out before it is stored.
    pub source: Option<String>,
    /// The target, likewise.
    pub target: Option<String>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunExit {
    /// The exit code of the process.
    pub code: u8,
    /// In words: `done`, `interrupted`, or the message of the error.
    pub reason: String,
}

/// A run as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    /// The run.
    pub id: RunId,
    /// The command.
    pub command: String,
    /// When it began.
    pub started: Moment,
    /// When it ended; `None` while it goes on, or when it was killed.
    pub finished: Option<Moment>,
    /// How it ended.
    pub exit: Option<RunExit>,
    /// The version of `etl`.
    pub tool_version: String,
    /// The plan.
    pub plan_hash: String,
    /// The source without its password.
    pub source: Option<String>,
    /// The target without its password.
    pub target: Option<String>,
}

/// A snapshot of the source as taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRecord {
    /// The run that took it.
    pub run: RunId,
    /// The name that `pg_export_snapshot()` gave.
    pub exported_name: String,
    /// `system_identifier` of `pg_control_system()`, where it may be read.
    pub system_identifier: Option<String>,
    /// The database.
    pub database: String,
    /// `server_version`
    pub server_version: String,
    /// `pg_current_wal_lsn()`, where it may be read.
    pub wal_lsn: Option<String>,
}

/// A snapshot as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    /// The snapshot.
    pub id: SnapshotId,
    /// When it was taken.
    pub taken: Moment,
    /// What was recorded.
    pub record: SnapshotRecord,
}

/// What a stage of a run took for an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageTime {
    /// The run.
    pub run: RunId,
    /// The entity.
    pub entity: EntityId,
    /// The stage, in the words of the report.
    pub stage: String,
    /// Microseconds.
    pub micros: u64,
    /// Rows that went through.
    pub rows: u64,
}

impl Moment {
    /// Now.
    pub fn now() -> Self {
        todo!()
    }
}

impl StagingWriter {
    /// Records that a run begins, with its plan.
    pub fn start_run(&mut self, start: &RunStart) -> Result<RunRecord, StagingError> {
        let _ = start;
        todo!()
    }

    /// Records how a run ended.
    pub fn finish_run(&mut self, run: RunId, exit: &RunExit) -> Result<RunRecord, StagingError> {
        let _ = (run, exit);
        todo!()
    }

    /// Records a snapshot of the source.
    pub fn record_snapshot(&mut self, snapshot: &SnapshotRecord) -> Result<SnapshotId, StagingError> {
        let _ = snapshot;
        todo!()
    }

    /// Adds to what a stage of a run took for an entity.
    pub fn record_stage_time(&mut self, time: &StageTime) -> Result<(), StagingError> {
        let _ = time;
        todo!()
    }
}

impl StagingReader {
    /// All runs, oldest first.
    pub fn runs(&self) -> Result<Vec<RunRecord>, StagingError> {
        todo!()
    }

    /// The latest run.
    pub fn last_run(&self) -> Result<Option<RunRecord>, StagingError> {
        todo!()
    }

    /// The files of a plan, in the order in which they were given.
    pub fn plan_files(&self, plan_hash: &str) -> Result<Vec<PlanFile>, StagingError> {
        let _ = plan_hash;
        todo!()
    }

    /// All snapshots, oldest first.
    pub fn snapshots(&self) -> Result<Vec<SnapshotRow>, StagingError> {
        todo!()
    }

    /// What each stage of a run took.
    pub fn stage_times(&self, run: RunId) -> Result<Vec<StageTime>, StagingError> {
        let _ = run;
        todo!()
    }
}
