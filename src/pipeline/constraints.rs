//! Foreign keys and indexes down before the load and up after it, and what becomes of rows that stand in their way when they
//! come back. Boundary: which table and when; how a constraint is taken down and put back is `target`'s.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::coordinator::Message;
use super::load::refuse;
use super::settings::PipelineError;
use super::shared::Shared;
use super::store::Store;
use crate::pg::{QualifiedName, Session, are_empty};
use crate::plan::{Constraints, NewIds, Triggers};
use crate::row::NewKey;
use crate::staging::{DismantledConstraint, LoadedChunk, RefusedRow, StagingError, StagingReader, StagingWriter};
use crate::target::{self, DismantlePlan, DismantleRecord, LateRefusal, RecordKind, Refused, TargetError};

/// The mapping table's column with the new key.
const MAPPING_ID: &str = "new_id";

/// A staged row and its new key.
type Located = (usize, crate::staging::KeyEntry, NewKey);

/// A loaded chunk that loses rows: its entity, and what staging is told.
pub(super) type Refusal = (usize, LoadedChunk);

/// How many rows there must be to load for each row that the mapping table holds, in quarters, before its indexes are built anew rather
/// than kept: a bulk build of a row costs about a quarter of its insertion into two standing indexes.
const WORTH_A_BUILD: u64 = 4;

/// Takes down what may be taken down, and gives everything that is down; `down` is down from earlier runs. About
/// `expected` rows are to be loaded.
pub(super) fn dismantle(
    shared: &Shared<'_>,
    session: &mut Session,
    store: &Store<'_>,
    reader: &StagingReader,
    down: Vec<DismantleRecord>,
    expected: u64,
) -> Result<Vec<DismantleRecord>, PipelineError> {
    let plan = shared.setup.plan;
    let chosen = shared.load_plans.iter().zip(&shared.setup.selected).filter(|(_, selected)| **selected);
    let mut seen: HashSet<QualifiedName> = HashSet::new();
    let tables: Vec<QualifiedName> =
        chosen.filter_map(|(load, _)| load.as_ref()).map(|load| load.table.clone()).filter(|table| seen.insert(table.clone())).collect();
    let mapping = shared.load_plans.iter().flatten().find_map(|load| load.mapping.as_ref().map(|(table, _)| table.clone()));
    let mut records = down;
    let down: HashSet<QualifiedName> = records.iter().map(|record| record.table.clone()).collect();
    // The check has described the tables of the entities a moment ago; of thousands that takes a second.
    let checked = shared.setup.tables.iter().flatten().map(|table| (&table.name, table.privileges.owner));
    let checked: HashMap<&QualifiedName, bool> = checked.collect();
    let mut owned = Vec::new();
    for name in tables.iter().chain(&mapping) {
        let may_alter = match checked.get(name) {
            Some(ours) => *ours,
            None => crate::pg::describe_table(session, name).map_err(TargetError::from)?.privileges.owner,
        };
        if may_alter && !down.contains(name) {
            owned.push(name.clone());
        }
    }
    let mut empty = Vec::new();
    let holds_nothing = are_empty(session, &owned).map_err(TargetError::from)?;
    for (table, holds_nothing) in owned.into_iter().zip(holds_nothing) {
        if holds_nothing || (mapping.as_ref() == Some(&table) && is_our_mapping(shared, session, reader, &table, expected)?) {
            empty.push(table);
        }
    }
    if plan.constraints == Constraints::Auto && !empty.is_empty() {
        let planned = target::plan_dismantle(session, &empty)?;
        records.extend(take_down(shared, session, store, planned)?);
    }
    if plan.triggers == Triggers::Disable {
        let planned = target::plan_triggers(session, &tables)?;
        records.extend(take_down(shared, session, store, planned)?);
    }
    let is_down: HashSet<(&str, &str)> = records.iter().map(|r| (r.table.name.as_str(), r.name.as_str())).collect();
    // A crash between staging's record and the target's commit leaves a record of what never came down, and one between the
    // target's rebuild and staging's mark a record of what is up again. The target's own list is the truth.
    let recorded = reader.dismantled()?.into_iter().filter(|d| !d.restored);
    let up: Vec<DismantledConstraint> = recorded.filter(|d| !is_down.contains(&(d.table.as_str(), d.name.as_str()))).collect();
    if !up.is_empty() {
        store.put("dismantle", move |writer| {
            up.iter().try_for_each(|one| writer.mark_restored(&one.schema, &one.table, &one.name))?;
            Ok(Message::Nothing)
        });
    }
    Ok(records)
}

/// Whether the mapping table holds nothing but what was published from this staging file, and little of it beside what is to come.
fn is_our_mapping(
    shared: &Shared<'_>,
    session: &mut Session,
    reader: &StagingReader,
    table: &QualifiedName,
    expected: u64,
) -> Result<bool, PipelineError> {
    let entities = &shared.setup.plan.entities;
    let is_kept = |name: &str| entities.iter().any(|entity| entity.name == name && entity.ids == NewIds::Keep);
    let ledgers = reader.ledger()?;
    let minted = ledgers.iter().map(|(_, ledger)| ledger).filter(|ledger| !is_kept(&ledger.name));
    let published: u64 = minted.map(|ledger| ledger.done.loaded + ledger.done.merged).sum();
    Ok(expected.saturating_mul(WORTH_A_BUILD) >= published && target::count_rows(session, table, None)? == published)
}

/// Taken down in one transaction at most.
const DOWN_AT_ONCE: usize = 500;
/// What one that goes locks: itself and its table, of an index the constraint as well; of a foreign key four triggers and the other table.
fn locks_of(kind: RecordKind) -> usize {
    if kind == RecordKind::ForeignKey { 8 } else { 3 }
}

/// The part of the server's room for locks that is taken: it is shared by everybody who works there.
const PART_OF_LOCKS: usize = 4;

fn take_down(
    shared: &Shared<'_>,
    session: &mut Session,
    store: &Store<'_>,
    planned: DismantlePlan,
) -> Result<Vec<DismantleRecord>, PipelineError> {
    if planned.records.is_empty() {
        return Ok(Vec::new());
    }
    super::failpoint::failpoint("dismantle.begin");
    let run = shared.run;
    let (mut down, mut kept) = (Vec::new(), planned.kept.len());
    let room = target::room_for_locks(session)? / PART_OF_LOCKS;
    let mut records = planned.records;
    while !records.is_empty() {
        // From behind: foreign keys go before the keys that they lean on.
        let mut locks = 0;
        let fits = |record: &&DismantleRecord| {
            locks += locks_of(record.kind);
            locks <= room
        };
        let at_once = records.iter().rev().take(DOWN_AT_ONCE).take_while(fits).count().max(1);
        let part = DismantlePlan { records: records.split_off(records.len().saturating_sub(at_once)), kept: Vec::new() };
        let done = target::dismantle(session, shared.meta.staging_id, part, |plan| {
            let recorded: Vec<DismantledConstraint> = plan.records.iter().map(recorded).collect();
            Ok(store.put_and_wait("dismantle", move |writer| writer.record_dismantled(run, &recorded))?)
        })?;
        super::failpoint::failpoint("dismantle.committed");
        down.extend(done.records);
        kept += done.kept.len();
    }
    shared.note(format!("{} constraints and indexes are down until the load is done; {kept} stay up", down.len()));
    Ok(down)
}

fn recorded(record: &DismantleRecord) -> DismantledConstraint {
    DismantledConstraint {
        ordinal: u32::try_from(record.seq).unwrap_or(0),
        schema: record.table.schema.clone().unwrap_or_default(),
        table: record.table.name.clone(),
        name: record.name.clone(),
        kind: format!("{:?}", record.kind),
        definition: record.create_sql.clone(),
        restored: false,
    }
}

/// Whether uniqueness hangs on it: children wait for these.
pub(super) fn is_unique(kind: RecordKind) -> bool {
    matches!(kind, RecordKind::PrimaryKey | RecordKind::Unique | RecordKind::UniqueIndex)
}

/// When its turn comes. What lets children be loaded is first. Foreign keys are looked through by one process of the server, one of a table at a
/// time; so they go while other tables are at work, and indexes, which several processes build together, are left for the end.
pub(super) fn turn(kind: RecordKind) -> u8 {
    match kind {
        kind if is_unique(kind) => 0,
        RecordKind::ForeignKey => 1,
        _ => 2,
    }
}

/// Puts one thing back. Rows that stand in its way are taken out of the target and reported for the quarantine.
pub(super) fn rebuild(
    shared: &Shared<'_>,
    session: &mut Session,
    reader: &StagingReader,
    record: &DismantleRecord,
) -> Result<Vec<Refusal>, PipelineError> {
    let mut refused: BTreeMap<(usize, i64), LoadedChunk> = BTreeMap::new();
    // Again and again: a row that refers to one that was taken out of the same table stands in the way next.
    while let Err(error) = target::restore_one(session, shared.meta.staging_id, record) {
        let (losers, sqlstate, message) = losers(shared, session, reader, record, error)?;
        let mut by_chunk: BTreeMap<(usize, i64), LoadedChunk> = BTreeMap::new();
        for (index, entry, _) in &losers {
            let place = (*index, entry.chunk.0);
            for marks in [&mut by_chunk, &mut refused] {
                let mark = marks.entry(place).or_insert_with(|| LoadedChunk {
                    chunk: entry.chunk,
                    run: shared.run,
                    refused: Vec::new(),
                    controls: None,
                    invalidate: Vec::new(),
                });
                mark.refused.push(RefusedRow {
                    row_no: entry.row.row_no,
                    sqlstate: Some(sqlstate.to_owned()),
                    constraint: Some(record.name.clone()),
                    column: None,
                    message: message.to_owned(),
                    detail: None,
                });
            }
        }
        take_out(shared, session, reader, &losers, &by_chunk)?;
        super::failpoint::failpoint("rebuild.refused");
    }
    let mut refusals = Vec::new();
    for ((index, _), mut mark) in refused {
        refuse(shared, index, reader, &mut mark)?;
        refusals.push((index, mark));
    }
    Ok(refusals)
}

/// The rows that stand in the way of a constraint, with the SQLSTATE and the reason. The error, where nobody can say which they are.
fn losers(
    shared: &Shared<'_>,
    session: &mut Session,
    reader: &StagingReader,
    record: &DismantleRecord,
    error: TargetError,
) -> Result<(Vec<Located>, &'static str, &'static str), PipelineError> {
    let index = shared.load_plans.iter().position(|load| load.as_ref().is_some_and(|load| load.table == record.table));
    let Some(index) = index else { return Err(error.into()) };
    let entity = shared.entity(index)?;
    let id_column = entity.columns[entity.id_column].column.name.clone();
    let (groups, sqlstate, message) = match &error {
        TargetError::DuplicatesOnRestore { .. } => {
            let groups = target::find_duplicates(session, record, &id_column)?.groups;
            (groups, "23505", "another row with a smaller legacy key has the same values")
        }
        TargetError::OrphansOnRestore { .. } => {
            let ids = target::find_orphans(session, record, &id_column)?.ids;
            (ids.into_iter().map(|id| vec![id]).collect(), "23503", "the row it refers to is not in the target")
        }
        _ => return Err(error.into()),
    };
    let located = locate(shared, reader, record, &groups)?;
    let mut losers: Vec<Located> = Vec::new();
    for group in &groups {
        let mut rows: Vec<_> = group
            .iter()
            .filter_map(|id| NewKey::parse(id))
            .filter_map(|id| located.get(&id).cloned().map(|(at, entry)| (at, entry, id)))
            .collect();
        let ids: HashSet<&String> = group.iter().collect();
        if rows.len() < group.len() || ids.len() < group.len() {
            // A row that is not ours is in the way: it was there before, or somebody else wrote it meanwhile. Or the id itself is
            // there twice, and nothing tells which row is which.
            return Err(error.into());
        }
        rows.sort_by(|a, b| (a.0, &a.1.row.key).cmp(&(b.0, &b.1.row.key)));
        let keep = usize::from(sqlstate == "23505");
        losers.extend(rows.into_iter().skip(keep));
    }
    // Nothing that is taken out could bring it back.
    if losers.is_empty() { Err(error.into()) } else { Ok((losers, sqlstate, message)) }
}

/// Takes rows out of the target, entity by entity, with the ledger told in the same transaction.
fn take_out(
    shared: &Shared<'_>,
    session: &mut Session,
    reader: &StagingReader,
    losers: &[Located],
    by_chunk: &BTreeMap<(usize, i64), LoadedChunk>,
) -> Result<(), PipelineError> {
    let mut late: BTreeMap<usize, Vec<LateRefusal>> = BTreeMap::new();
    for ((index, chunk), mark) in by_chunk {
        let tuples = reader.tuple_rows(mark.chunk)?;
        for row in &mark.refused {
            let tuple = tuples.iter().position(|t| t.row_no == row.row_no).and_then(|at| u32::try_from(at).ok()).unwrap_or(u32::MAX);
            let id = losers
                .iter()
                .find(|(_, entry, _)| entry.chunk == mark.chunk && entry.row.row_no == row.row_no)
                .map(|(_, _, id)| id.to_string());
            late.entry(*index).or_default().push(LateRefusal {
                chunk: *chunk,
                id: id.unwrap_or_default(),
                refused: Refused {
                    row_no: tuple,
                    sqlstate: row.sqlstate.clone().unwrap_or_default(),
                    constraint: row.constraint.clone(),
                    column: None,
                    message: row.message.clone(),
                    detail: None,
                },
            });
        }
    }
    for (index, rows) in late {
        let entity = shared.entity(index)?;
        let Some(plan) = &shared.load_plans[index] else { continue };
        let id_column = &entity.columns[entity.id_column].column.name;
        target::refuse_late(session, shared.meta.staging_id, plan, id_column, MAPPING_ID, &rows)?;
    }
    Ok(())
}

/// Where the rows with these new keys are staged.
fn locate(
    shared: &Shared<'_>,
    reader: &StagingReader,
    record: &DismantleRecord,
    groups: &[Vec<String>],
) -> Result<HashMap<NewKey, (usize, crate::staging::KeyEntry)>, PipelineError> {
    let wanted: HashSet<NewKey> = groups.iter().flatten().filter_map(|id| NewKey::parse(id)).collect();
    let mut located = HashMap::new();
    for (index, load) in shared.load_plans.iter().enumerate() {
        if load.as_ref().is_none_or(|load| load.table != record.table) {
            continue;
        }
        let id = shared.id(index)?;
        let mut found = Vec::new();
        reader.for_each_key(id, |row| {
            let new_key = row.new_key.map(NewKey::from);
            if let Some(new_key) = new_key.filter(|new_key| row.outcome == crate::row::Outcome::Loaded && wanted.contains(new_key)) {
                found.push((new_key, row.key));
            }
        })?;
        for (new_key, key) in found {
            if let Some(entry) = reader.key(id, &key)? {
                located.insert(new_key, (index, entry));
            }
        }
    }
    Ok(located)
}

/// Puts back whatever a run that died left down, for commands that do not load. What rows stand in the way of stays down, and so does
/// everything while another `etl` works on this migration; the next load brings it back. Gives how many came back and how many did not.
pub fn put_back(staging: &std::path::Path, endpoint: &crate::pg::Endpoint) -> Result<(usize, usize), PipelineError> {
    let reader = StagingReader::open(staging)?;
    if reader.dismantled()?.iter().all(|d| d.restored) {
        return Ok((0, 0));
    }
    let staging_id = reader.meta()?.staging_id;
    let mut writer = match StagingWriter::open(staging) {
        Err(StagingError::Busy { .. }) => return Ok((0, 0)),
        writer => writer?,
    };
    let _lock = match target::TargetLock::acquire(endpoint) {
        Err(TargetError::Locked { .. }) => return Ok((0, 0)),
        lock => lock?,
    };
    let mut session = endpoint.connect().map_err(TargetError::from)?;
    let down: Vec<DismantleRecord> = target::outstanding(&mut session, Some(staging_id))?.into_iter().map(|(_, record)| record).collect();
    let failed = target::restore_all(&mut session, staging_id, &down)?;
    let stays = |schema: &str, table: &str, name: &str| {
        failed.iter().any(|(r, _)| r.name == name && r.table.name == table && r.table.schema.as_deref().unwrap_or_default() == schema)
    };
    for recorded in reader.dismantled()?.into_iter().filter(|d| !d.restored) {
        if !stays(&recorded.schema, &recorded.table, &recorded.name) {
            writer.mark_restored(&recorded.schema, &recorded.table, &recorded.name)?;
        }
    }
    Ok((down.len() - failed.len(), failed.len()))
}
