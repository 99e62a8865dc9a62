//! What a run works on, opened: the source's snapshot with what is to be read in it, the target with its lock and its ledger. Boundary: asks both servers
//! at once and writes down what they say; the threads that move rows begin behind it.

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use super::coordinator::{Dismantled, EntityState, Rebuild, RebuildState};
use super::extract::{self, ReadQueue, ReadTask};
use super::run::entity_query;
use super::settings::{Event, PipelineError, Stage};
use super::shared::Shared;
use super::store::Store;
use super::{constraints, expect, resume};
use crate::pg::{Endpoint, QualifiedName, Session, TableInfo};
use crate::source::{EntityQuery, RangeOptions, RangePlan, SnapshotHolder, plan_ranges, whole_sizes};
use crate::staging::{SnapshotRecord, StagingReader, StagingWriter};
use crate::target::{Ledger, TargetError, TargetLock, ensure_schema, read_ledger};

/// What a server sends of a table, about.
const BYTES_PER_MICROSECOND: u64 = 100;

/// What a run works on.
pub(super) struct Opened<'e> {
    pub(super) source: Option<Source>,
    pub(super) target: Option<Target<'e>>,
}

/// Opens what is to be read and where it goes, both at once: most of it is waiting for answers.
pub(super) fn open<'e>(
    shared: &Shared<'e>,
    writer: &mut StagingWriter,
    reader: &StagingReader,
    states: &mut Vec<EntityState>,
    loads: bool,
) -> Result<Opened<'e>, PipelineError> {
    let (asked, reached) = thread::scope(|scope| {
        let reached = loads.then(|| scope.spawn(|| reach_target(shared)));
        let reads = shared.setup.settings.stages.include(Stage::Extract) && states.iter().any(|s| s.taking_part && !s.extracted);
        if let Some(source) = shared.setup.source.as_ref().filter(|_| reads) {
            // For the readers, which begin when it is known what they read.
            scope.spawn(|| source.connect_ahead(shared.setup.settings.jobs));
        }
        let asked = ask_source(shared, states);
        (asked, reached.map(|thread| thread.join().unwrap_or_else(|_| Err(PipelineError::Panicked { thread: "the target".into() }))))
    });
    let asked = asked?;
    let unread = asked.as_ref().map_or(0, |asked| asked.estimated_rows);
    let staged: u64 = states.iter().filter(|s| s.taking_part).map(|s| s.rows[0].saturating_sub(s.rows[2])).sum();
    // The source's answers first: where they forbid the migration, nothing is touched in the target.
    let source = asked.map(|asked| open_source(shared, asked, writer, reader, states)).transpose()?;
    let target = match reached {
        Some(reached) => Some(open_target(shared, reached?, writer, reader, states, unread + staged)?),
        None => None,
    };
    Ok(Opened { source, target })
}

/// Connections to the target, the sole right to work on it, and what it says of this migration.
pub(super) struct Reached<'e> {
    pub(super) endpoint: &'e Endpoint,
    pub(super) _lock: TargetLock,
    pub(super) session: Session,
    pub(super) ledger: Ledger,
}

pub(super) fn reach_target<'e>(shared: &Shared<'e>) -> Result<Reached<'e>, PipelineError> {
    let missing = || PipelineError::NotReady { message: "no target is given: set [target] url, or --target URL".into() };
    let endpoint = shared.setup.target.as_ref().ok_or_else(missing)?;
    let (lock, session) = thread::scope(|scope| {
        let session = scope.spawn(|| endpoint.connect().map_err(TargetError::from));
        (TargetLock::acquire(endpoint), session.join())
    });
    let session = session.map_err(|_| PipelineError::Panicked { thread: "the target".into() })?;
    let (lock, mut session) = (lock?, session?);
    let ledger = read_ledger(&mut session, shared.meta.staging_id)?;
    Ok(Reached { endpoint, _lock: lock, session, ledger })
}

/// The target, ready to be loaded but for the constraints that are still up.
pub(super) struct Target<'e> {
    pub(super) reached: Reached<'e>,
    /// Rows to load, as estimated.
    expected: u64,
}

/// Brings the staging file and the target's ledger together.
pub(super) fn open_target<'e>(
    shared: &Shared<'e>,
    mut reached: Reached<'e>,
    writer: &mut StagingWriter,
    reader: &StagingReader,
    states: &mut Vec<EntityState>,
    expected: u64,
) -> Result<Target<'e>, PipelineError> {
    if !reached.ledger.is_there {
        // Some of its tables may have been there: what they hold counts.
        ensure_schema(&mut reached.session)?;
        reached.ledger = read_ledger(&mut reached.session, shared.meta.staging_id)?;
    }
    resume::reconcile(shared, &reached.ledger, writer, reader)?;
    *states = resume::states(shared.setup, reader, &shared.ids)?;
    Ok(Target { reached, expected })
}

/// Takes constraints down.
pub(super) fn take_down(shared: &Shared<'_>, target: &mut Target<'_>, store: &Store<'_>) -> Result<Dismantled, PipelineError> {
    if shared.stopping() {
        // Nothing will be loaded: what is up stays up.
        return Ok(Dismantled::default());
    }
    let reader = shared.reader()?;
    let (session, down) = (&mut target.reached.session, std::mem::take(&mut target.reached.ledger.down));
    let mut down = constraints::dismantle(shared, session, store, &reader, down, target.expected)?;
    let is_down: HashSet<(&QualifiedName, &str)> = down.iter().map(|record| (&record.table, record.name.as_str())).collect();
    let stands_on_itself = |table: &TableInfo| {
        table.foreign_keys.iter().any(|fk| fk.parent == table.name && !is_down.contains(&(&table.name, fk.name.as_str())))
    };
    let on_themselves = shared.setup.tables.iter().map(|table| table.as_ref().is_some_and(stands_on_itself)).collect();
    down.sort_by_key(|record| (constraints::turn(record.kind), record.kind, record.seq));
    let rebuilds = down.into_iter().map(|record| Rebuild { record, state: RebuildState::Waiting }).collect();
    Ok(Dismantled { rebuilds, on_themselves })
}

/// What the source said of what is to be read.
struct Asked<'e> {
    holder: SnapshotHolder,
    answers: expect::Answers<'e>,
    planned: Vec<(usize, EntityQuery, RangePlan)>,
    estimated_rows: u64,
}

/// Opens a snapshot and asks in it what is to be read; nothing when everything is read.
fn ask_source<'e>(shared: &Shared<'e>, states: &[EntityState]) -> Result<Option<Asked<'e>>, PipelineError> {
    let setup = shared.setup;
    let unread: Vec<usize> = (0..states.len()).filter(|e| states[*e].taking_part && !states[*e].extracted).collect();
    if !setup.settings.stages.include(Stage::Extract) || unread.is_empty() {
        return Ok(None);
    }
    let endpoint = setup
        .source
        .as_ref()
        .ok_or_else(|| PipelineError::NotReady { message: "no source is given: set [source] url, or --source URL".into() })?;
    let mut holder = SnapshotHolder::open(endpoint)?;
    let answers = expect::ask_source(shared, &mut holder)?;
    let (mut planned, mut estimated_rows) = (Vec::new(), 0);
    if !answers.forbid() {
        let asked = unread.iter().map(|index| Ok((*index, entity_query(setup, shared.entity(*index)?))));
        let asked = asked.collect::<Result<Vec<_>, PipelineError>>()?;
        let sizes = whole_sizes(holder.reader(), asked.iter().map(|(_, query)| query))?;
        for ((index, query), size) in asked.into_iter().zip(sizes) {
            let plan = plan_ranges(holder.reader(), &query, size, RangeOptions::default())?;
            (shared.observe)(&Event::Expected { entity: index, rows: plan.estimated_rows });
            estimated_rows += plan.estimated_rows;
            planned.push((index, query, plan));
        }
    }
    Ok(Some(Asked { holder, answers, planned, estimated_rows }))
}

/// What is to be read. The snapshot lives as long as its holder.
pub(super) struct Source {
    pub(super) queue: ReadQueue,
    pub(super) holder: SnapshotHolder,
    /// What the server does for one task, as estimated, and how often an answer is waited for: until the COPY begins, and until its locks are
    /// given up.
    pub(super) reading: (Duration, u32),
}

/// Writes down what is to be read, and puts it into the order in which it is read.
fn open_source<'e>(
    shared: &Shared<'e>,
    asked: Asked<'e>,
    writer: &mut StagingWriter,
    reader: &StagingReader,
    states: &[EntityState],
) -> Result<Source, PipelineError> {
    let Asked { holder, answers, planned, .. } = asked;
    let info = holder.info().clone();
    let snapshot = writer.record_snapshot(&SnapshotRecord {
        run: shared.run,
        exported_name: info.name.clone().unwrap_or_default(),
        system_identifier: info.system_identifier.clone(),
        database: info.database.clone(),
        server_version: info.version.clone(),
        wal_lsn: info.lsn.clone(),
    })?;
    answers.record(writer, snapshot)?;
    let mut queries: Vec<Option<EntityQuery>> = vec![None; states.len()];
    let mut tasks: Vec<(u64, ReadTask)> = Vec::new();
    let mut plans = Vec::new();
    for (index, query, plan) in planned {
        let kind = shared.entity(index)?.key.kind;
        let specs: Vec<_> = plan.ranges.iter().map(|range| extract::bounds(kind, range)).collect();
        plans.push((index, shared.id(index)?, query, plan, specs));
    }
    // One step for all: a plan of thousands of entities would wait for the disk once for each.
    writer.begin_batch()?;
    let rows: Result<Vec<_>, _> = plans.iter().map(|(_, id, .., specs)| writer.plan_ranges(*id, specs)).collect();
    if rows.is_err() {
        writer.abandon_batch();
    }
    let rows = rows?;
    writer.commit_batch()?;
    for ((index, id, query, plan, _), rows) in plans.into_iter().zip(rows) {
        let each = plan.estimated_bytes / u64::try_from(rows.len().max(1)).unwrap_or(1);
        for row in rows.iter().filter(|row| !row.done) {
            tasks.push((each, extract::task(index, &query, row, reader, id, plan.estimated_rows)?));
        }
        // Always a task, so that an entity whose ranges were all read when it was killed is closed, too.
        tasks.push((each / 8, ReadTask::Controls { entity: index }));
        queries[index] = Some(query);
    }
    tasks.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    let bytes: u64 = tasks.iter().map(|(bytes, _)| bytes).sum();
    let reading = (Duration::from_micros(bytes / BYTES_PER_MICROSECOND / (tasks.len() as u64).max(1)), 3);
    let tasks = tasks.into_iter().map(|(_, task)| task).collect();
    Ok(Source { queue: ReadQueue::new(tasks, queries, snapshot, info), holder, reading })
}
