//! Loader threads: staged target tuples to the target, constraints back up, sequences and statistics. Boundary: one job at a
//! time on a connection of its own; what may be done when is the coordinator's.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use siphasher::sip128::{Hasher128, SipHasher13};

use super::coordinator::Message;
use super::failpoint::failpoint;
use super::settings::PipelineError;
use super::shared::{Shared, guarded, refused_row};
use super::store::Store;
use super::{account, constraints};
use crate::pg::Session;
use crate::row::{LegacyKey, Outcome, TupleWriter};
use crate::staging::{ChunkId, ChunkKey, LoadedChunk, Moment, StagingReader};
use crate::target::{self, DismantleRecord, Loaded, MappingTuples, load_chunk};
use crate::transform::control_sums;

/// Attempts at a job whose connection is lost, with a pause of 0.2 s, 0.4 s, 0.8 s … between them.
const ATTEMPTS: u32 = 6;

/// What a loader does next.
#[derive(Clone, Debug)]
pub(super) enum LoadJob {
    /// `rows` of the source are in the chunk.
    Chunk {
        entity: usize,
        chunk: ChunkId,
        rows: u64,
    },
    Rebuild {
        number: usize,
        record: Box<DismantleRecord>,
    },
    Finish {
        entity: usize,
    },
}

/// Works until the coordinator hangs up. A job that fails for good is told, and ends the run. One that is `spare` does without work where
/// there is no connection for it.
pub(super) fn work(shared: &Shared<'_>, jobs: &Receiver<LoadJob>, store: &Store<'_>, coordinator: &Sender<Message>, spare: bool) {
    let mut loader = Loader { shared, session: None, reader: None };
    // There is time for it until the first chunk comes. What goes wrong is told where the connection is needed.
    let connected = account::idle(|| guarded("a loader", || loader.session().map(|_| ())));
    if spare && connected.is_err() {
        return;
    }
    let mut all_done = true;
    while let Ok(job) = account::idle(|| jobs.recv()) {
        if let Err(error) = guarded("a loader", || loader.persist(&job, store)) {
            all_done = false;
            let _ = coordinator.send(Message::Failed(error));
            // The coordinator waits for every job that it began, also when it already knows that the run has failed.
            let _ = coordinator.send(Message::LoadGivenUp);
        }
    }
    if let (true, Some(session), Some(endpoint)) = (all_done, loader.session, &shared.setup.target) {
        endpoint.keep(session);
    }
}

struct Loader<'l, 's> {
    shared: &'l Shared<'s>,
    session: Option<Session>,
    reader: Option<StagingReader>,
}

impl Loader<'_, '_> {
    fn persist(&mut self, job: &LoadJob, store: &Store<'_>) -> Result<(), PipelineError> {
        let mut attempt = 1;
        loop {
            let done = match job {
                LoadJob::Chunk { entity, chunk, rows } => self.chunk(*entity, *chunk, *rows, store),
                LoadJob::Rebuild { number, record } => account::finishing(|| self.rebuild(*number, record, store)),
                LoadJob::Finish { entity } => account::finishing(|| self.finish(*entity, store)),
            };
            match done {
                Err(PipelineError::Target(error)) if error.is_transient() && attempt < ATTEMPTS && !self.shared.stopping() => {
                    self.shared.note(format!("{error}; trying again"));
                    self.session = None;
                    std::thread::sleep(Duration::from_millis(100 << attempt));
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    fn session(&mut self) -> Result<&mut Session, PipelineError> {
        if self.session.as_ref().is_none_or(Session::is_closed) {
            let endpoint = self.shared.setup.target.as_ref();
            let endpoint = endpoint.ok_or_else(|| PipelineError::NotReady { message: "no target is given: set [target] url".into() })?;
            self.session = Some(endpoint.connect().map_err(crate::target::TargetError::from)?);
        }
        self.session.as_mut().ok_or_else(|| PipelineError::NotReady { message: "no connection to the target".into() })
    }

    fn reader(&mut self) -> Result<StagingReader, PipelineError> {
        self.reader.take().map_or_else(|| self.shared.reader(), Ok)
    }

    fn chunk(&mut self, index: usize, chunk: ChunkId, source_rows: u64, store: &Store<'_>) -> Result<(), PipelineError> {
        let shared = self.shared;
        let since = Moment::now();
        let plan = shared.load_plans[index]
            .as_ref()
            .ok_or_else(|| PipelineError::NotReady { message: "an entity without table was to be loaded".into() })?;
        let reader = self.reader()?;
        let payload = reader.load_transformed(chunk)?;
        account::bytes(payload.tuples.len());
        let keys = reader.chunk_keys(chunk)?;
        // Which source row a tuple is of matters only where the server refuses one, or where earlier ones were refused or moved.
        let counted = keys.iter().filter(|key| key.outcome == Outcome::Loaded).count() as u64;
        let mut rows = if counted == payload.rows { Vec::new() } else { reader.tuple_rows(chunk)? };
        let published = reader.published_keys(shared.id(index)?, chunk)?;
        let mapping = plan.mapping.as_ref().map(|_| mapping_tuples(shared, index, &keys, &published));
        let mut digest = SipHasher13::new();
        std::hash::Hasher::write(&mut digest, &payload.tuples);
        let digest = digest.finish128().as_u128().to_be_bytes();
        let entry = shared.ledger_entry(chunk.0, payload.rows, &digest);
        failpoint("load.begin");
        let mapping = mapping.as_ref().map(|(tuples, owners)| MappingTuples { tuples, owners: Some(owners) });
        let loaded = load_chunk(self.session()?, plan, &payload.tuples, mapping, &entry)?;
        failpoint("load.committed");
        if rows.is_empty() && !loaded.refused.is_empty() {
            rows = reader.tuple_rows(chunk)?;
        }
        let count = loaded.rows;
        let mark = loaded_chunk(shared, index, chunk, &loaded, &rows, &reader)?;
        let time = shared.stage_time(index, "load", since, count)?;
        let refused = loaded.refused.len();
        let generations = if refused > 0 { shared.generations_below(index) } else { Vec::new() };
        self.reader = Some(reader);
        store.put("load", move |writer| {
            let marked = writer.mark_loaded(&mark)?;
            writer.record_stage_time(&time)?;
            for generation in &generations {
                generation.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
            Ok(Message::Loaded { entity: index, rows: source_rows, refused, mark: marked })
        });
        Ok(())
    }

    fn rebuild(&mut self, number: usize, record: &DismantleRecord, store: &Store<'_>) -> Result<(), PipelineError> {
        let shared = self.shared;
        let reader = self.reader()?;
        failpoint("rebuild.begin");
        let marks = constraints::rebuild(shared, self.session()?, &reader, record)?;
        failpoint("rebuild.committed");
        self.reader = Some(reader);
        let (schema, table, name) = (record.table.schema.clone().unwrap_or_default(), record.table.name.clone(), record.name.clone());
        let generations: Vec<_> = marks.iter().map(|(entity, _)| shared.generations_below(*entity)).collect();
        store.put("rebuild", move |writer| {
            let mut changed = Vec::new();
            for ((entity, mark), generations) in marks.iter().zip(&generations) {
                changed.push((*entity, writer.refuse_loaded(mark)?));
                for generation in generations {
                    generation.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                }
            }
            writer.mark_restored(&schema, &table, &name)?;
            Ok(Message::Rebuilt { number, changed })
        });
        Ok(())
    }

    fn finish(&mut self, index: usize, store: &Store<'_>) -> Result<(), PipelineError> {
        if let Some(plan) = &self.shared.load_plans[index] {
            target::finish(self.session()?, &plan.table)?;
        }
        store.put("finish", move |_| Ok(Message::Finished { entity: index }));
        Ok(())
    }
}

/// What staging is told of a loaded chunk.
pub(super) fn loaded_chunk(
    shared: &Shared<'_>,
    index: usize,
    chunk: ChunkId,
    loaded: &Loaded,
    rows: &[ChunkKey],
    reader: &StagingReader,
) -> Result<LoadedChunk, PipelineError> {
    // The server counts tuples, staging counts source rows.
    let row_no = |tuple: u32| usize::try_from(tuple).ok().and_then(|at| rows.get(at)).map_or(u32::MAX, |row| row.row_no);
    let refused: Vec<_> = loaded.refused.iter().map(|r| refused_row(r, row_no(r.row_no))).collect();
    let mut mark = LoadedChunk { chunk, run: shared.run, refused, controls: None, invalidate: Vec::new() };
    refuse(shared, index, reader, &mut mark)?;
    Ok(mark)
}

/// Adds to a mark what follows from its refused rows: the control sums anew, and whose transforms are no longer good.
pub(super) fn refuse(shared: &Shared<'_>, index: usize, reader: &StagingReader, mark: &mut LoadedChunk) -> Result<(), PipelineError> {
    if mark.refused.is_empty() {
        return Ok(());
    }
    let entity = shared.entity(index)?;
    let keys: HashMap<u32, Outcome> = reader.chunk_keys(mark.chunk)?.into_iter().map(|key| (key.row_no, key.outcome)).collect();
    let refused: HashSet<u32> = mark.refused.iter().map(|r| r.row_no).collect();
    let outcome = |row: u32| if refused.contains(&row) { Some(Outcome::Quarantined) } else { keys.get(&row).copied() };
    let inputs = crate::transform::Inputs {
        namespace: shared.setup.plan.namespace,
        run_started_at: shared.run_started_at,
        parents: Vec::new(),
        adopted: None,
        survey: None,
    };
    let sums = control_sums(entity, &inputs, &reader.load_extracted(mark.chunk)?.tuples, outcome)?;
    mark.controls = Some(sums.into_iter().map(|sum| super::run::control_sum(entity, sum)).collect());
    mark.invalidate = shared.descendants(index).into_iter().filter_map(|d| shared.ids[d]).collect();
    Ok(())
}

/// The rows of the mapping table that go with a chunk, and for each the tuple that it belongs to.
fn mapping_tuples(shared: &Shared<'_>, index: usize, keys: &[ChunkKey], published: &HashSet<LegacyKey>) -> (Vec<u8>, Vec<u32>) {
    let entity_type = shared.setup.entities[index].as_ref().map_or("", |e| e.entity_type.as_str());
    let batch = shared.setup.plan.name.as_bytes();
    let (mut out, mut owners) = (TupleWriter::with_capacity(keys.len() * 64), Vec::with_capacity(keys.len()));
    let mut tuple = 0;
    for key in keys {
        let owner = match key.outcome {
            Outcome::Loaded => {
                tuple += 1;
                tuple - 1
            }
            // The target has these pairs already.
            Outcome::Merged | Outcome::Adopted if published.contains(&key.key) => continue,
            Outcome::Merged | Outcome::Adopted => u32::MAX,
            _ => continue,
        };
        let Some(new_key) = key.new_key else { continue };
        owners.push(owner);
        out.begin(4);
        out.field(entity_type.as_bytes());
        out.field_with(|bytes| {
            use std::io::Write as _;
            // Writing to a Vec cannot fail.
            let _ = write!(bytes, "{}", key.key);
        });
        out.field(new_key.as_bytes());
        out.field(batch);
    }
    (out.into_bytes(), owners)
}
