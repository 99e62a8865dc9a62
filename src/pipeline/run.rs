//! One run from its first line to its last: open, take up, start the threads, wait, close. Reads as a table of contents; each
//! step is in a file of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{bounded, unbounded};

use super::account::{self, Role};
use super::agenda::Agenda;
use super::coordinator::{Coordinator, Dismantled, EntityState, Message};
use super::failpoint::failpoint;
use super::open::{Opened, Reached, Source, Target, open, open_target, reach_target, take_down};
use super::plan_change::{self, Registered};
use super::retry::retry;
use super::settings::{Event, Finished, PipelineError, Retry, Setup, Stage};
use super::shared::{Shared, guarded};
use super::store::{self, Store};
use super::{adopt, extract, load, resume};
use uuid::Uuid;

use crate::plan::CompiledEntity;
use crate::row::Incident;
use crate::source::{EntityQuery, source_query};
use crate::staging::{
    ChunkId, EntityId, IncidentCount, KeyRecord, Moment, PlanFile, QuarantineRecord, ReferenceCount, RunExit, RunRecord, RunStart,
    StagingReader, StagingWriter, TransformedChunk, encode_payload,
};
use crate::transform::{ChunkOutput, Inputs, KeyFate, transform_chunk};

/// Steps that may wait for the staging file's thread. Each can hold a chunk, so together with the readers and workers this bounds
/// the memory of a run.
const WAITING_STEPS: usize = 4;

/// Runs the stages of `setup` until there is nothing left to do, an error stops it, or `stop` is set. Whatever happens, what is
/// durable stays, and the same command continues there.
pub fn run(setup: &Setup<'_>, stop: &AtomicBool, observe: &(dyn Fn(&Event) + Sync)) -> Result<Finished, PipelineError> {
    plan_change::catch_up(setup)?;
    let mut writer = StagingWriter::open_or_create(&setup.staging)?;
    let meta = writer.meta()?;
    let reader = StagingReader::open(&setup.staging)?;
    resume::no_rollback_is_open(&reader)?;
    let Registered { ids, mended } = plan_change::register(setup, &mut writer, &reader)?;
    let runs = reader.runs()?;
    let mut states = resume::states(setup, &reader, &ids)?;
    resume::ready(setup, &states)?;
    // One step: a run that took a mended plan over says so, whenever it is killed.
    writer.begin_batch()?;
    let record = writer.start_run(&RunStart {
        command: setup.settings.command.clone(),
        plan_hash: setup.plan.hash.to_string(),
        plan_files: setup.plan.files.iter().map(|f| PlanFile { path: f.name.clone(), text: f.text.clone() }).collect(),
        source: setup.source.as_ref().map(|e| e.redacted().to_owned()),
        target: setup.target.as_ref().map(|e| e.redacted().to_owned()),
    })?;
    for entity in &mended {
        writer.change_plan(entity, record.id)?;
    }
    if mended.is_empty() {
        writer.commit_batch()?;
    } else {
        failpoint("plan.storing");
        writer.commit_batch()?;
        failpoint("plan.stored");
        states = resume::states(setup, &reader, &ids)?;
    }
    let first = runs.first().unwrap_or(&record);
    let shared = Shared::new(setup, (stop, observe), meta, (record.id, first.started), ids);
    for entity in &mended {
        let (name, rows) = (&entity.record.name, entity.rows);
        shared.note(format!("{name}: the plan was mended, and all {rows} rows that have an outcome come out the same: it is taken over"));
    }
    let unfinished = resume::unfinished(&runs);
    let mut writer = Some(writer);
    let mut result = stages(&shared, &mut writer, &reader, states, unfinished);
    if let (Ok(finished), Some(retry)) = (&result, &setup.settings.retry)
        && !finished.interrupted
    {
        result = again(&shared, &mut writer, &reader, retry, finished.moved);
    }
    if let Ok(finished) = &mut result {
        finished.usages = shared.account.usages();
    }
    let exit = match &result {
        Ok(finished) if finished.interrupted => RunExit { code: 130, reason: "interrupted".into() },
        Ok(_) => RunExit { code: 0, reason: "done".into() },
        // As the command will end: the plan does not fit this source.
        Err(error @ PipelineError::Expectations { .. }) => RunExit { code: 2, reason: error.to_string() },
        Err(error) => RunExit { code: 1, reason: error.to_string() },
    };
    // The writer is the last to close: then SQLite folds the write-ahead log into the file, which can be copied as it is.
    drop(reader);
    shared.close_readers();
    // Without a writer the thread that had it panicked, and the run stays without an end, as if it had been killed.
    if let Some(mut writer) = writer {
        writer.finish_run(shared.run, &exit)?;
    }
    result
}

/// Takes up what is in quarantine, and brings what leaves it to its end.
fn again(
    shared: &Shared<'_>,
    slot: &mut Option<StagingWriter>,
    reader: &StagingReader,
    what: &Retry,
    moved: [u64; 3],
) -> Result<Finished, PipelineError> {
    let done = Finished { run: shared.run, interrupted: false, moved, usages: Vec::new() };
    // What this run kept aside it has read in its own snapshot: to look again at once would only mix in a later state of the source.
    if !what.on_request && !reader.has_quarantine_of_others(shared.run)? {
        return Ok(done);
    }
    let writer = slot.as_mut().ok_or_else(|| PipelineError::Panicked { thread: "store".into() })?;
    let released = retry(shared, writer, reader, what)?;
    if released == 0 {
        return Ok(done);
    }
    let mut states = resume::states(shared.setup, reader, &shared.ids)?;
    let target = open_target(shared, reach_target(shared)?, writer, reader, &mut states, released)?;
    let finished = threads(shared, slot, states, Opened { source: None, target: Some(target) })?;
    Ok(Finished { moved: [moved[0] + released, moved[1] + released, moved[2] + finished.moved[2]], ..finished })
}

/// What `unfinished` says of the run that is continued, and whether there is anything to do.
fn stages(
    shared: &Shared<'_>,
    slot: &mut Option<StagingWriter>,
    reader: &StagingReader,
    mut states: Vec<EntityState>,
    unfinished: Option<&RunRecord>,
) -> Result<Finished, PipelineError> {
    let setup = shared.setup;
    let mut done_before = [0; 3];
    for state in states.iter().filter(|s| s.taking_part) {
        (0..3).for_each(|stage| done_before[stage] += state.rows[stage]);
    }
    let loads = setup.settings.stages.include(Stage::Load);
    let down = loads && reader.dismantled()?.iter().any(|d| !d.restored);
    let moved_all = states.iter().filter(|s| s.taking_part).all(|s| match (loads, setup.settings.stages.include(Stage::Transform)) {
        (true, _) => s.is_loaded(),
        (_, true) => s.is_transformed(),
        _ => s.extracted,
    });
    let nothing_left = moved_all && !down && (unfinished.is_none() || !loads);
    (shared.observe)(&Event::Started {
        run: shared.run,
        continues: unfinished.map(|r| (r.id, r.started, r.exit.as_ref().map_or_else(|| "killed".to_owned(), |e| e.reason.clone()))),
        done_before,
        nothing_left,
    });
    for (entity, state) in states.iter().enumerate().filter(|(_, s)| s.taking_part && s.extracted) {
        (shared.observe)(&Event::Expected { entity, rows: state.rows[0] });
    }
    if nothing_left {
        return Ok(Finished { run: shared.run, interrupted: false, moved: [0; 3], usages: Vec::new() });
    }
    let writer = slot.as_mut().ok_or_else(|| PipelineError::Panicked { thread: "store".into() })?;
    if setup.settings.stages.include(Stage::Transform) {
        adopt::before_transform(shared, writer, reader, &states)?;
    }
    let opened = open(shared, writer, reader, &mut states, loads)?;
    threads(shared, slot, states, opened)
}

/// What is read for an entity.
pub(super) fn entity_query(setup: &Setup<'_>, entity: &CompiledEntity) -> EntityQuery {
    EntityQuery {
        entity: entity.name.clone(),
        query: source_query(setup.plan, &setup.plan.entities[entity.index]),
        columns: entity.source.clone(),
        key: entity.key.columns.clone(),
    }
}

/// What a server does for one piece of work, and how often an answer is waited for meanwhile. A chunk is loaded in four round trips.
const LOADING: (Duration, u32) = (Duration::from_millis(100), 4);

/// Connections that keep a server busy over a way of this length: each stands idle while its answers are under way. On a short way those that
/// are asked for do.
fn connections(jobs: usize, round_trip: Option<Duration>, (busy, answers): (Duration, u32)) -> usize {
    // Servers with room for a few dozen connections are common, and others work there, too.
    const MORE: u128 = 8;
    const SHORT: Duration = Duration::from_millis(2);
    let (jobs, round_trip) = (jobs.max(1) as u128, round_trip.unwrap_or_default());
    let idle = (jobs * (round_trip * answers).as_micros()).div_ceil(busy.as_micros().max(1));
    if round_trip < SHORT {
        return usize::try_from(jobs).unwrap_or(1);
    }
    usize::try_from(jobs + idle.min(2 * jobs).min(MORE)).unwrap_or(1)
}

/// Moves the rows. Reading and transforming begin at once, loading when constraints are down.
fn threads(
    shared: &Shared<'_>,
    slot: &mut Option<StagingWriter>,
    states: Vec<EntityState>,
    opened: Opened<'_>,
) -> Result<Finished, PipelineError> {
    let Opened { source, mut target } = opened;
    let (queue, mut held) = source.map_or((None, None), |Source { queue, holder, reading }| (Some(queue), Some((holder, reading))));
    let settings = &shared.setup.settings;
    let writer = slot.take().ok_or_else(|| PipelineError::Panicked { thread: "store".into() })?;
    let readers = held.as_mut().map_or(0, |(holder, reading)| {
        let round_trip = holder.reader().session().round_trip();
        if holder.info().single_reader.is_some() { 1 } else { connections(settings.jobs, round_trip, *reading) }
    });
    let loaders = target.as_ref().map_or(0, |target| connections(settings.jobs, target.reached.session.round_trip(), LOADING));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(settings.jobs.max(1)).thread_name(|n| format!("transform-{n}")).build();
    let pool = pool.map_err(|_| PipelineError::Panicked { thread: "transform".into() })?;
    for (role, threads) in [(Role::Read, readers), (Role::Transform, pool.current_num_threads()), (Role::Store, 1), (Role::Load, loaders)] {
        shared.account.count(role, threads);
    }
    let pending = AtomicUsize::new(0);
    let (own, messages) = unbounded();
    let (steps, hand_in) = bounded(WAITING_STEPS);
    let (loads, jobs) = bounded(loaders + 1);
    let mut finished = Finished { run: shared.run, interrupted: false, moved: [0; 3], usages: Vec::new() };
    let result = thread::scope(|scope| {
        let coordinator = own.clone();
        let pending = &pending;
        let account = &shared.account;
        let storing = scope.spawn(move || account.of(Role::Store, || store::work(writer, &hand_in, &coordinator, pending)));
        let store = Store::new(steps, pending);
        for number in 0..readers {
            let (store, own) = (store.clone(), own.clone());
            if let Some(queue) = &queue {
                scope.spawn(move || {
                    account.of(Role::Read, || extract::work(shared, queue, number, &store, &own));
                    drop(store);
                    let _ = own.send(Message::ReaderDone);
                });
            }
        }
        for number in 0..loaders {
            let (jobs, store, own) = (jobs.clone(), store.clone(), own.clone());
            let spare = number >= settings.jobs.max(1);
            scope.spawn(move || account.of(Role::Load, || load::work(shared, &jobs, &store, &own, spare)));
        }
        drop(jobs);
        let dismantling = target.is_some();
        if let Some(target) = target.as_mut() {
            let (store, own) = (store.clone(), own.clone());
            scope.spawn(move || {
                let taken = guarded("taking constraints down", || take_down(shared, target, &store));
                let dismantled = taken.unwrap_or_else(|error| {
                    let _ = own.send(Message::Failed(error));
                    Dismantled::default()
                });
                let _ = own.send(Message::Dismantled(dismantled));
            });
        }
        // What was asked about the ranges locks nothing any more. A connection that is lost is noticed by who needs it.
        let _ = held.as_mut().map(|(holder, _)| holder.reader().let_go());
        let mut coordinator = Coordinator {
            shared,
            store,
            pending,
            loads,
            own,
            agenda: Agenda::new(&shared.setup.plan.entities, &shared.load_plans, &states, &[]),
            states,
            rebuilds: Vec::new(),
            dismantling,
            // Not zeros: a run that takes up its quarantine comes here twice.
            generations: Arc::new(shared.generations.iter().map(|generation| generation.load(Ordering::SeqCst)).collect()),
            readers,
            loaders,
            moved: [0; 3],
            transforms_running: 0,
            loads_running: 0,
            rebuilds_running: 0,
        };
        pool.broadcast(|_| account::open());
        let result = pool.in_place_scope(|transforms| coordinator.work(transforms, &messages));
        pool.broadcast(|_| account.close(Role::Transform));
        finished.moved = coordinator.moved;
        // Hangs up on loaders and store, which end when they have done what was handed in.
        drop(coordinator);
        (result, storing.join())
    });
    let (result, writer) = result;
    *slot = writer.ok();
    let done = result?;
    finished.interrupted = !done;
    // What follows, another look at the quarantine or the validation, works with the others; a lock and a snapshot end with their connections.
    drop(held);
    if let Some(Target { reached: Reached { endpoint, session, .. }, .. }) = target {
        endpoint.keep(session);
    }
    Ok(finished)
}

/// Transforms a chunk and hands the result to the store.
pub(super) fn transform_one(
    shared: &Shared<'_>,
    index: usize,
    chunk: ChunkId,
    rows: u64,
    generation: u64,
    inputs: &Inputs,
    store: &Store<'_>,
) -> Result<(), PipelineError> {
    let entity = shared.entity(index)?;
    let since = Moment::now();
    let (source, moved) = shared.read(|reader| Ok((reader.load_extracted(chunk)?, reader.moved_rows(chunk)?)))?;
    let output = transform_chunk(entity, inputs, &source.tuples, &moved)?;
    drop(source);
    account::bytes(output.tuples.len());
    let transformed = packed(shared, index, chunk, output)?;
    let time = shared.stage_time(index, "transform", since, rows)?;
    let current = Arc::clone(&shared.generations[index]);
    store.put("transform", move |writer| {
        account::bytes(transformed.payload.len());
        // Only this thread raises the counter, so what is current here stays current until the commit.
        if current.load(Ordering::SeqCst) != generation {
            return Ok(Message::Stale { entity: index, chunk, rows });
        }
        writer.store_transformed(&transformed)?;
        writer.record_stage_time(&time)?;
        Ok(Message::Transformed { entity: index, chunk, rows })
    });
    Ok(())
}

/// What transform made of a chunk, as the staging file takes it.
pub(super) fn packed(shared: &Shared<'_>, index: usize, chunk: ChunkId, output: ChunkOutput) -> Result<TransformedChunk, PipelineError> {
    let entity = shared.entity(index)?;
    let payload = encode_payload(entity.columns.len(), output.loaded, &output.tuples)
        .map_err(|source| crate::staging::StagingError::BadPayload { chunk: format!("{} {chunk}", entity.name), source })?;
    drop(output.tuples);
    let keys = output.keys.into_iter().map(|row| {
        let row_no = row.row;
        let (outcome, key) = (row.fate.outcome(), row.key);
        let (new_key, detail) = match row.fate {
            KeyFate::Loaded(id) | KeyFate::Adopted(id) => (Some(Uuid::from_bytes(id)), None),
            KeyFate::Merged { id, survivor } => (Some(Uuid::from_bytes(id)), Some(survivor.into_boxed_str())),
            KeyFate::Filtered(name) => (None, Some(name.into_boxed_str())),
            KeyFate::Quarantined(code) => (None, Some(code.into())),
        };
        KeyRecord { row_no, key, outcome, new_key, detail }
    });
    Ok(TransformedChunk {
        chunk,
        run: shared.run,
        payload,
        keys: keys.collect(),
        quarantine: output.rejects.into_iter().map(|r| QuarantineRecord { row_no: r.row, reject: r.reject }).collect(),
        incidents: output
            .incidents
            .into_iter()
            .map(|i| IncidentCount { incident: Incident { column: i.column, code: i.code }, count: i.count })
            .collect(),
        controls: output.controls.into_iter().map(|sum| control_sum(entity, sum)).collect(),
        references: output.references.into_iter().filter_map(|r| reference(shared, r)).collect(),
    })
}

/// A control sum under its name.
pub(super) fn control_sum(entity: &CompiledEntity, sum: crate::transform::ControlSum) -> crate::staging::ControlSum {
    crate::staging::ControlSum { name: entity.controls[sum.control].name.clone(), outcome: sum.outcome, group: sum.group, sum: sum.sum }
}

pub(super) fn reference(shared: &Shared<'_>, count: crate::transform::ReferenceCount) -> Option<ReferenceCount> {
    reference_of(&shared.ids, count)
}

/// How references fared, as the staging file keeps it; `ids` by entity index.
pub(super) fn reference_of(ids: &[Option<EntityId>], count: crate::transform::ReferenceCount) -> Option<ReferenceCount> {
    Some(ReferenceCount {
        column: count.column,
        parent: ids[count.parent]?,
        hit: count.hit,
        null: count.null,
        missing: count.missing,
        parent_quarantined: count.parent_quarantined,
        parent_filtered: count.parent_filtered,
    })
}
