//! What all threads of a run read. Boundary: nothing here decides; the few things that change are behind atomics or a lock.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::account::Account;
use super::settings::{Event, PipelineError, Setup};
use crate::plan::CompiledEntity;
use crate::staging::{EntityId, Meta, Moment, RunId, StageTime, StagingReader};
use crate::target::{ChunkEntry, LoadPlan, Refused};
use crate::transform::KeySnapshot;

/// The surroundings of every thread.
pub(super) struct Shared<'s> {
    pub(super) setup: &'s Setup<'s>,
    pub(super) stop: &'s AtomicBool,
    pub(super) observe: &'s (dyn Fn(&Event) + Sync),
    pub(super) staging: PathBuf,
    pub(super) meta: Meta,
    pub(super) run: RunId,
    /// Microseconds since 2000-01-01 UTC at which the migration's first run began: the same for every run of it.
    pub(super) run_started_at: i64,
    /// Staging ids by entity index; `None` for entities that the staging file does not know.
    pub(super) ids: Vec<Option<EntityId>>,
    /// How often the keys of an entity, or of one that it refers to, lost rows. Raised by the store thread, in the step that records
    /// the loss. A transform carries the number that the coordinator knew when it began, and is stored only when that still is the
    /// number here: what was made of keys that are gone is made again.
    pub(super) generations: Vec<Arc<AtomicU64>>,
    /// Key snapshots by entity index, with the generation for which they were built; kept while somebody needs them.
    pub(super) snapshots: Mutex<HashMap<usize, (u64, Arc<KeySnapshot>)>>,
    /// What the threads spend their time on.
    pub(super) account: Account,
    /// How loading goes, by entity index.
    pub(super) load_plans: Vec<Option<LoadPlan>>,
    /// Connections to the staging file that nobody uses now: to open one reads the schema anew.
    idle_readers: Mutex<Vec<StagingReader>>,
}

/// Microseconds from 1970-01-01 to 2000-01-01, where PostgreSQL's timestamps begin.
pub(super) const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

impl<'s> Shared<'s> {
    /// The surroundings of a run, `first` being when the migration's first run began.
    pub(super) fn new(
        setup: &'s Setup<'s>,
        (stop, observe): (&'s AtomicBool, &'s (dyn Fn(&Event) + Sync)),
        meta: Meta,
        (run, first): (RunId, Moment),
        ids: Vec<Option<EntityId>>,
    ) -> Self {
        Self {
            setup,
            stop,
            observe,
            staging: setup.staging.clone(),
            meta,
            run,
            run_started_at: first.0 - POSTGRES_EPOCH,
            generations: ids.iter().map(|_| Arc::new(AtomicU64::new(0))).collect(),
            ids,
            snapshots: Mutex::new(HashMap::new()),
            account: Account::default(),
            load_plans: super::resume::load_plans(setup),
            idle_readers: Mutex::default(),
        }
    }
}

impl Shared<'_> {
    /// Whether everyone should stop at the next chunk.
    pub(super) fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(super) fn note(&self, text: impl Into<String>) {
        (self.observe)(&Event::Note(text.into()));
    }

    /// A compiled entity that takes part.
    pub(super) fn entity(&self, index: usize) -> Result<&CompiledEntity, PipelineError> {
        self.setup.entities[index].as_ref().ok_or_else(|| PipelineError::NotReady {
            message: format!("entity {} is not ready: run `etl check` to see why", self.setup.plan.entities[index].name),
        })
    }

    pub(super) fn id(&self, index: usize) -> Result<EntityId, PipelineError> {
        self.ids[index].ok_or_else(|| PipelineError::NotReady {
            message: format!("the staging file does not know {}: run `etl extract` first", self.setup.plan.entities[index].name),
        })
    }

    pub(super) fn reader(&self) -> Result<StagingReader, PipelineError> {
        Ok(StagingReader::open(&self.staging)?)
    }

    /// Lends a connection to the staging file.
    pub(super) fn read<T>(&self, work: impl FnOnce(&StagingReader) -> Result<T, PipelineError>) -> Result<T, PipelineError> {
        let idle = self.idle_readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = idle.map_or_else(|| self.reader(), Ok)?;
        let read = work(&reader)?;
        self.idle_readers.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        Ok(read)
    }

    /// Closes the connections that nobody uses.
    pub(super) fn close_readers(&self) {
        self.idle_readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn snapshots(&self) -> std::sync::MutexGuard<'_, HashMap<usize, (u64, Arc<KeySnapshot>)>> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that refers to an entity, directly or through others.
    pub(super) fn descendants(&self, index: usize) -> Vec<usize> {
        self.setup.plan.descendants(index)
    }

    /// The counters to raise when rows of an entity are lost: its own, and those of everything that refers to it.
    pub(super) fn generations_below(&self, index: usize) -> Vec<Arc<AtomicU64>> {
        self.descendants(index).into_iter().chain([index]).map(|at| Arc::clone(&self.generations[at])).collect()
    }

    pub(super) fn stage_time(&self, index: usize, stage: &'static str, since: Moment, rows: u64) -> Result<StageTime, PipelineError> {
        let ended = Moment::now();
        let micros = ended.micros_since(since);
        Ok(StageTime { run: self.run, entity: self.id(index)?, stage: stage.to_owned(), micros, rows, began: since, ended })
    }

    pub(super) fn ledger_entry<'c>(&self, chunk: i64, rows: u64, digest: &'c [u8]) -> ChunkEntry<'c> {
        ChunkEntry { staging_id: self.meta.staging_id, chunk, rows, digest }
    }
}

/// A refused row as staging records it; `row_no` is the row's number in the staged chunk.
pub(super) fn refused_row(refused: &Refused, row_no: u32) -> crate::staging::RefusedRow {
    crate::staging::RefusedRow {
        row_no,
        sqlstate: Some(refused.sqlstate.clone()),
        constraint: refused.constraint.clone(),
        column: refused.column.clone(),
        message: refused.message.clone(),
        detail: refused.detail.clone(),
    }
}

/// Does a thread's piece of work; a panic in it becomes an error, so that whoever waits for the piece hears of its end.
pub(super) fn guarded<T>(thread: &str, work: impl FnOnce() -> Result<T, PipelineError>) -> Result<T, PipelineError> {
    // What a panic may have left half done is dropped with the run; what is durable was committed whole.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(PipelineError::Panicked { thread: thread.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_that_names_its_thread() {
        let ended = guarded("a loader", || -> Result<(), PipelineError> { panic!("broken on purpose") });
        assert!(matches!(ended, Err(PipelineError::Panicked { thread }) if thread == "a loader"));
        assert!(guarded("a loader", || Ok(7)).is_ok_and(|n| n == 7));
    }
}
