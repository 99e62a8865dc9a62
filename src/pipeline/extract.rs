//! Reader threads: ranges of entities to staged chunks, over one shared snapshot. Boundary: order and resume of reading; how
//! a range is read is `source`'s.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::Sender;

use super::account;
use super::coordinator::Message;
use super::settings::PipelineError;
use super::shared::{Shared, guarded};
use super::store::Store;
use crate::plan::ControlPlan;
use crate::row::{Group, KeyKind, LegacyKey, TupleWriter, Tuples};
use crate::source::{
    ChunkReader, EntityQuery, KeyRange, Reader, ResumePoint, SnapshotInfo, SourceChunk, SourceError, control_sums, group_sums,
};
use crate::staging::{ExtractedChunk, Moment, RangeRow, SnapshotId, SourceControl, StagingReader, encode_payload};

/// Attempts at a range whose connection is lost, with a pause of 0.2 s, 0.4 s, 0.8 s … between them.
const ATTEMPTS: u32 = 6;

/// What a reader does next.
#[derive(Clone, Debug)]
pub(super) enum ReadTask {
    Range { entity: usize, range: KeyRange, seq: u32, resume: Option<ResumePoint> },
    Controls { entity: usize },
}

impl ReadTask {
    fn entity(&self) -> usize {
        match self {
            Self::Range { entity, .. } | Self::Controls { entity } => *entity,
        }
    }
}

/// The work of all readers.
pub(super) struct ReadQueue {
    tasks: Mutex<Tasks>,
    /// Tasks of each entity that are not finished.
    open: Vec<AtomicUsize>,
    controls: Vec<Mutex<Vec<SourceControl>>>,
    pub(super) queries: Vec<Option<EntityQuery>>,
    pub(super) snapshot: SnapshotId,
    pub(super) info: SnapshotInfo,
}

/// What is left, in two orders: each is gone through from its front, and what the other one took is jumped over.
struct Tasks {
    left: Vec<Option<ReadTask>>,
    by_size: std::ops::Range<usize>,
    by_entity: std::vec::IntoIter<usize>,
}

impl Tasks {
    fn new(tasks: Vec<ReadTask>) -> Self {
        let mut by_entity: Vec<usize> = (0..tasks.len()).collect();
        by_entity.sort_by_key(|at| tasks[*at].entity());
        Self { by_size: 0..tasks.len(), by_entity: by_entity.into_iter(), left: tasks.into_iter().map(Some).collect() }
    }

    fn next(&mut self, biggest_first: bool) -> Option<ReadTask> {
        let left = &mut self.left;
        if biggest_first { self.by_size.find_map(|at| left[at].take()) } else { self.by_entity.find_map(|at| left[at].take()) }
    }
}

impl ReadQueue {
    /// `tasks` in the order of size, biggest first.
    pub(super) fn new(tasks: Vec<ReadTask>, queries: Vec<Option<EntityQuery>>, snapshot: SnapshotId, info: SnapshotInfo) -> Self {
        let open: Vec<AtomicUsize> = queries.iter().map(|_| AtomicUsize::new(0)).collect();
        for task in &tasks {
            open[task.entity()].fetch_add(1, Ordering::SeqCst);
        }
        let controls = queries.iter().map(|_| Mutex::new(Vec::new())).collect();
        Self { tasks: Mutex::new(Tasks::new(tasks)), open, controls, queries, snapshot, info }
    }

    /// One reader works from the biggest down, the others from the roots of the load order up: the long reads are under way
    /// from the start, and the stages behind have something to do meanwhile.
    fn next(&self, biggest_first: bool) -> Option<ReadTask> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).next(biggest_first)
    }
}

/// Reads until nothing is left, an error, or the stop.
pub(super) fn work(shared: &Shared<'_>, queue: &ReadQueue, number: usize, store: &Store<'_>, coordinator: &Sender<Message>) {
    if let Err(error) = guarded("a reader", || read_all(shared, queue, number, store)) {
        let _ = coordinator.send(Message::Failed(error));
    }
}

fn read_all(shared: &Shared<'_>, queue: &ReadQueue, number: usize, store: &Store<'_>) -> Result<(), PipelineError> {
    let mut reader: Option<Reader> = None;
    // One more than was asked for does without work where there is no connection for it.
    if number >= shared.setup.settings.jobs.max(1) && connected(shared, queue, &mut reader).is_err() {
        return Ok(());
    }
    while let Some(mut task) = queue.next(number == 0) {
        let mut attempt = 1;
        loop {
            if shared.stopping() {
                return Ok(());
            }
            let done = connected(shared, queue, &mut reader).and_then(|reader| read(shared, queue, &mut task, reader, store));
            match done {
                Ok(Read::Done) => break,
                Ok(Read::Stopped) => return Ok(()),
                Err(PipelineError::Source(error)) if error.is_transient() && !lost(&error) && attempt < ATTEMPTS => {
                    shared.note(format!("reading {}: {error}; trying again", shared.setup.plan.entities[task.entity()].name));
                    reader = None;
                    std::thread::sleep(Duration::from_millis(100 << attempt));
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

fn lost(error: &SourceError) -> bool {
    matches!(error, SourceError::SnapshotLost { .. })
}

fn connected<'r>(shared: &Shared<'_>, queue: &ReadQueue, reader: &'r mut Option<Reader>) -> Result<&'r mut Reader, PipelineError> {
    if let Some(reader) = reader {
        return Ok(reader);
    }
    let endpoint =
        shared.setup.source.as_ref().ok_or_else(|| PipelineError::NotReady { message: "no source is given: set [source] url".into() })?;
    Ok(reader.insert(Reader::join(endpoint, &queue.info)?))
}

enum Read {
    Done,
    Stopped,
}

fn read(
    shared: &Shared<'_>,
    queue: &ReadQueue,
    task: &mut ReadTask,
    reader: &mut Reader,
    store: &Store<'_>,
) -> Result<Read, PipelineError> {
    let index = task.entity();
    let query = queue.queries[index]
        .as_ref()
        .ok_or_else(|| PipelineError::NotReady { message: "an entity without query was to be read".into() })?;
    let since = Moment::now();
    match task {
        ReadTask::Controls { .. } => {
            let controls = &shared.setup.plan.entities[index].controls;
            let expressions: Vec<&str> = controls.iter().map(|c| c.source_text.value.as_str()).collect();
            // Without a sum there is nothing to ask, and a pass over the whole query less.
            let sums = if expressions.is_empty() { Vec::new() } else { control_sums(reader, query, &expressions)?.sums };
            let named = |control: &ControlPlan, group: Group, sum: Option<String>| SourceControl {
                name: control.name.clone(),
                snapshot: queue.snapshot,
                group,
                sum: sum.unwrap_or_else(|| "0".to_owned()),
            };
            let mut asked = Vec::new();
            for (control, sum) in controls.iter().zip(sums) {
                if !control.source_has_groups() {
                    asked.push(named(control, Group::default(), sum));
                    continue;
                }
                let by: Vec<&str> = control.by.iter().filter_map(|group| Some(group.source.as_ref()?.value.as_str())).collect();
                let groups = group_sums(reader, query, &control.source_text.value, &by)?;
                asked.extend(groups.into_iter().map(|(parts, sum)| named(control, Group(parts), sum)));
            }
            *queue.controls[index].lock().unwrap_or_else(PoisonError::into_inner) = asked;
        }
        ReadTask::Range { range, seq, resume, .. } => {
            let range_no = range.index;
            let mut chunks = ChunkReader::start(reader, query, range, resume.as_ref(), shared.setup.settings.chunk_bytes)?;
            let mut held: Option<SourceChunk> = None;
            loop {
                let next = chunks.next_chunk()?;
                // A chunk is held back until the next one is there, so that the last one closes its range in its own transaction.
                if let Some(chunk) = held.take() {
                    let last = next.is_none();
                    let point = chunk.resume.clone();
                    if !put(shared, queue, index, range_no, *seq, chunk, last, since, store)? {
                        return Ok(Read::Stopped);
                    }
                    *seq += 1;
                    *resume = Some(point);
                } else if next.is_none() {
                    let entity = shared.id(index)?;
                    store.put("extract", move |writer| {
                        writer.finish_range(entity, range_no)?;
                        Ok(Message::Nothing)
                    });
                }
                match next {
                    None => break,
                    // What is held back was not stored and is read again by the run that continues.
                    Some(_) if shared.stopping() => return Ok(Read::Stopped),
                    Some(chunk) => held = Some(chunk),
                }
            }
        }
    }
    reader.let_go_and_read_on();
    if queue.open[index].fetch_sub(1, Ordering::SeqCst) == 1 {
        let controls = std::mem::take(&mut *queue.controls[index].lock().unwrap_or_else(PoisonError::into_inner));
        let (entity, run) = (shared.id(index)?, shared.run);
        store.put("extract.finish", move |writer| {
            writer.finish_extract(entity, run, &controls)?;
            Ok(Message::EntityExtracted { entity: index })
        });
    }
    Ok(Read::Done)
}

#[allow(clippy::too_many_arguments, reason = "the parts of one record")]
fn put(
    shared: &Shared<'_>,
    queue: &ReadQueue,
    index: usize,
    range_no: u32,
    seq: u32,
    chunk: SourceChunk,
    last: bool,
    since: Moment,
    store: &Store<'_>,
) -> Result<bool, PipelineError> {
    let rows = u64::from(chunk.rows);
    let columns = queue.queries[index].as_ref().map_or(0, |q| q.columns.len());
    account::bytes(chunk.tuples.len());
    let payload = encode_payload(columns, rows, &chunk.tuples).map_err(|source| crate::staging::StagingError::BadPayload {
        chunk: format!("{} {range_no}/{seq}", shared.setup.plan.entities[index].name),
        source,
    })?;
    let extracted = ExtractedChunk {
        entity: shared.id(index)?,
        range_no,
        seq,
        snapshot: queue.snapshot,
        run: shared.run,
        first_key: chunk.first_key,
        last_key: chunk.last_key,
        payload,
    };
    // Reading time is told once a range, with its last chunk: chunks of one range come one after another.
    let time = if last { Some(shared.stage_time(index, "extract", since, 0)?) } else { None };
    Ok(store.put("extract", move |writer| {
        account::bytes(extracted.payload.len());
        let chunk = writer.store_extracted(&extracted, last)?;
        if let Some(time) = time {
            writer.record_stage_time(&time)?;
        }
        Ok(Message::Extracted { entity: index, chunk, rows })
    }))
}

/// The range as `source` reads it, and where it continues.
pub(super) fn task(
    entity: usize,
    query: &EntityQuery,
    row: &RangeRow,
    reader: &StagingReader,
    id: crate::staging::EntityId,
    estimated_rows: u64,
) -> Result<ReadTask, PipelineError> {
    let bound = |key: &Option<LegacyKey>| match key {
        Some(LegacyKey::Int(key)) => Some(*key),
        _ => None,
    };
    let range = KeyRange { index: row.range_no, above: bound(&row.spec.lower), to: bound(&row.spec.upper), estimated_rows };
    let resume = if row.chunks == 0 { None } else { Some(last_key(query, row, reader, id)?) };
    Ok(ReadTask::Range { entity, range, seq: row.chunks, resume })
}

/// The key fields of the last row that is staged of a range.
fn last_key(
    query: &EntityQuery,
    row: &RangeRow,
    reader: &StagingReader,
    id: crate::staging::EntityId,
) -> Result<ResumePoint, PipelineError> {
    let chunks = reader.chunks(id, None)?;
    let last = chunks.iter().filter(|c| c.range_no == row.range_no).max_by_key(|c| c.seq);
    let damaged = || PipelineError::Mismatch {
        message: format!("the staged chunks of {} do not fit its ranges: begin a new staging file", query.entity),
    };
    let payload = reader.load_extracted(last.ok_or_else(damaged)?.id)?;
    let (mut walk, mut fields) = (Tuples::new(&payload.tuples, query.columns.len()), Vec::new());
    let mut point = TupleWriter::default();
    while let Ok(Some(_)) = walk.next_into(&mut fields) {
        point.clear();
        point.begin(query.key.len());
        for at in &query.key {
            point.field(fields[*at].unwrap_or_default());
        }
    }
    if point.as_bytes().is_empty() {
        return Err(damaged());
    }
    Ok(ResumePoint::from_bytes(point.as_bytes()))
}

/// What a key of this kind has as bounds: only whole numbers can be cut into ranges.
pub(super) fn bounds(kind: KeyKind, range: &KeyRange) -> crate::staging::RangeSpec {
    let key = |bound: Option<i64>| bound.filter(|_| kind == KeyKind::Int).map(LegacyKey::Int);
    crate::staging::RangeSpec { lower: key(range.above), upper: key(range.to) }
}
