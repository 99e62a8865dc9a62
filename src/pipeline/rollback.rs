//! Taking back what was loaded: children first, chunk by chunk, so that it can be stopped and goes on where it stopped. What the target had
//! before, and what other staging files loaded, is not touched. Boundary: which chunks, in which order; removing them is `target`'s.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use uuid::Uuid;

use super::failpoint::failpoint;
use super::load::loaded_chunk;
use super::resume;
use super::settings::{PipelineError, Setup};
use super::shared::Shared;
use crate::plan::{CompiledEntity, NewIds};
use crate::row::{NewKey, Outcome};
use crate::staging::{ChunkRow, ChunkState, EntityId, Meta, PlanFile, RunExit, RunId, RunStart, StagingReader, StagingWriter};
use crate::target::{
    LedgerChunk, LoadPlan, Loaded, Removal, Removed, TargetError, TargetLock, ensure_schema, read_ledger, remove_chunks,
    remove_empty_schema, vacuum,
};

/// What is to be taken back of an entity.
#[derive(Clone, Debug)]
pub struct RollbackEntity {
    /// Its index in the plan.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// The rows that were loaded.
    pub rows: u64,
    /// Whether it goes because of what it refers to, not because it was named.
    pub dependant: bool,
    id: EntityId,
    chunks: Vec<ChunkRow>,
}

/// What is to be taken back, children first.
#[derive(Clone, Debug, Default)]
pub struct Rollback {
    /// The entities.
    pub entities: Vec<RollbackEntity>,
    /// Whether it goes on with one that was stopped.
    pub continues: bool,
}

/// What a rollback did.
#[derive(Clone, Debug, Default)]
pub struct RolledBack {
    /// For each entity, in the order of removal, its name and what was removed.
    pub entities: Vec<(String, Removed)>,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// Whether nothing of any load is recorded in the target any more.
    pub bare: bool,
}

/// Brings the staging file up to what the target committed: a load that died may have left a chunk that only the target's ledger
/// knows of. To be called before [`plan_rollback`].
pub fn catch_up(setup: &Setup<'_>) -> Result<(), PipelineError> {
    let mut writer = StagingWriter::open(&setup.staging)?;
    let reader = StagingReader::open(&setup.staging)?;
    let Some(last) = reader.runs()?.pop() else { return Ok(()) };
    let mut ids = Vec::new();
    for entity in &setup.plan.entities {
        ids.push(reader.entity(&entity.name)?.map(|row| row.id));
    }
    if resume::no_rollback_is_open(&reader).is_err() {
        return Ok(());
    }
    let endpoint = setup.target.as_ref().ok_or_else(no_target)?;
    let _lock = TargetLock::acquire(endpoint)?;
    let mut session = endpoint.connect().map_err(TargetError::from)?;
    ensure_schema(&mut session)?;
    let (stop, meta) = (AtomicBool::new(false), writer.meta()?);
    let shared = Shared::new(setup, (&stop, &|_| {}), meta, (last.id, last.started), ids);
    let ledger = read_ledger(&mut session, shared.meta.staging_id)?;
    resume::late_refusals(&shared, &ledger, &mut writer, &reader)?;
    let known: BTreeMap<i64, &LedgerChunk> = ledger.chunks.iter().map(|chunk| (chunk.chunk, chunk)).collect();
    for (index, id) in shared.ids.iter().enumerate().filter_map(|(index, id)| Some((index, (*id)?))) {
        for chunk in reader.chunks(id, Some(ChunkState::Transformed))? {
            let Some(entry) = known.get(&chunk.id.0) else { continue };
            let refused = ledger.refused.iter().filter(|row| row.chunk == chunk.id.0);
            let loaded = Loaded { rows: entry.rows, refused: refused.map(|row| row.refused.clone()).collect(), already: true };
            let rows = reader.tuple_rows(chunk.id)?;
            writer.mark_loaded(&loaded_chunk(&shared, index, chunk.id, &loaded, &rows, &reader)?)?;
        }
    }
    Ok(())
}

fn no_target() -> PipelineError {
    PipelineError::NotReady { message: "no target is given: set [target] url, or --target URL".into() }
}

/// Finds out what would be taken back: of the selected entities, all that this staging file loaded or what `run` loaded. A
/// rollback that was stopped is gone on with, whatever is selected.
///
/// # Errors
/// When rows of other entities, loaded too, refer to what would go, and `cascade` does not say that they go with it.
pub fn plan_rollback(setup: &Setup<'_>, reader: &StagingReader, run: Option<RunId>, cascade: bool) -> Result<Rollback, PipelineError> {
    let plan = setup.plan;
    let mut found: Vec<Option<RollbackEntity>> = Vec::new();
    let mut begun = false;
    for (index, entity) in plan.entities.iter().enumerate() {
        let Some(row) = reader.entity(&entity.name)? else {
            found.push(None);
            continue;
        };
        let chunks = reader.chunks(row.id, Some(ChunkState::Loaded))?;
        begun |= chunks.iter().any(|chunk| chunk.withdrawn_by.is_some());
        found.push(Some(RollbackEntity { index, name: entity.name.clone(), rows: 0, dependant: false, id: row.id, chunks }));
    }
    let mut chosen = vec![false; found.len()];
    for (index, entity) in found.iter_mut().enumerate() {
        let Some(entity) = entity else { continue };
        let (all, selected) = (entity.chunks.len(), setup.selected[index]);
        entity.chunks.retain(|chunk| match (begun, run) {
            (true, _) => chunk.withdrawn_by.is_some(),
            (false, Some(run)) => selected && chunk.loaded_run == Some(run),
            (false, None) => selected,
        });
        chosen[index] = !entity.chunks.is_empty() && all > 0;
    }
    if !begun {
        with_dependants(setup, reader, &mut found, &mut chosen, cascade)?;
    }
    let mut entities: Vec<RollbackEntity> = found.into_iter().zip(chosen).filter_map(|(e, chosen)| e.filter(|_| chosen)).collect();
    for entity in &mut entities {
        entity.rows = entity.chunks.iter().map(|chunk| chunk.counts.loaded).sum();
    }
    // Load order puts parents first.
    entities.reverse();
    Ok(Rollback { entities, continues: begun })
}

/// Everything loaded that refers to what goes must go as well.
fn with_dependants(
    setup: &Setup<'_>,
    reader: &StagingReader,
    found: &mut [Option<RollbackEntity>],
    chosen: &mut [bool],
    cascade: bool,
) -> Result<(), PipelineError> {
    let mut named: Vec<&str> = Vec::new();
    for index in 0..found.len() {
        if !chosen[index] {
            continue;
        }
        for below in setup.plan.descendants(index) {
            let Some(entity) = &mut found[below] else { continue };
            let loaded = reader.chunks(entity.id, Some(ChunkState::Loaded))?;
            if loaded.len() > entity.chunks.len() {
                entity.dependant = !chosen[below];
                entity.chunks = loaded;
                chosen[below] = true;
                named.push(&setup.plan.entities[below].name);
            }
        }
    }
    if named.is_empty() || cascade {
        return Ok(());
    }
    named.dedup();
    Err(PipelineError::NotReady {
        message: format!(
            "{} {} loaded and would lose what {} to: add --cascade to take them back as well",
            named.join(", "),
            if named.len() == 1 { "is" } else { "are" },
            if named.len() == 1 { "it refers" } else { "they refer" },
        ),
    })
}

/// Takes back what `rollback` says.
pub fn roll_back(
    setup: &Setup<'_>,
    rollback: &Rollback,
    stop: &AtomicBool,
    mut observe: impl FnMut(&str, Removed),
) -> Result<RolledBack, PipelineError> {
    let mut writer = StagingWriter::open(&setup.staging)?;
    let meta = writer.meta()?;
    let reader = StagingReader::open(&setup.staging)?;
    let run = writer.start_run(&RunStart {
        command: setup.settings.command.clone(),
        plan_hash: setup.plan.hash.to_string(),
        plan_files: setup.plan.files.iter().map(|f| PlanFile { path: f.name.clone(), text: f.text.clone() }).collect(),
        source: None,
        target: setup.target.as_ref().map(|e| e.redacted().to_owned()),
    })?;
    let result = remove_all(setup, rollback, (&mut writer, &reader, &meta), run.id, stop, &mut observe);
    let exit = match &result {
        Ok(done) if done.interrupted => RunExit { code: 130, reason: "interrupted".into() },
        Ok(_) => RunExit { code: 0, reason: "done".into() },
        Err(error) => RunExit { code: 1, reason: error.to_string() },
    };
    drop(reader);
    writer.finish_run(run.id, &exit)?;
    result
}

type Staging<'a> = (&'a mut StagingWriter, &'a StagingReader, &'a Meta);

fn remove_all(
    setup: &Setup<'_>,
    rollback: &Rollback,
    (writer, reader, meta): Staging<'_>,
    run: RunId,
    stop: &AtomicBool,
    observe: &mut impl FnMut(&str, Removed),
) -> Result<RolledBack, PipelineError> {
    let endpoint = setup.target.as_ref().ok_or_else(no_target)?;
    let _lock = TargetLock::acquire(endpoint)?;
    let mut session = endpoint.connect().map_err(TargetError::from)?;
    let plans = resume::load_plans(setup);
    let all: Vec<_> = rollback.entities.iter().flat_map(|entity| entity.chunks.iter().map(|chunk| chunk.id)).collect();
    writer.begin_withdrawal(&all, run)?;
    failpoint("rollback.begun");
    let mut done = RolledBack::default();
    for entity in &rollback.entities {
        let (Some(compiled), Some(plan), Some(table)) = (&setup.entities[entity.index], &plans[entity.index], &setup.tables[entity.index])
        else {
            return Err(PipelineError::NotReady { message: format!("{} is not ready: run `etl check` to see why", entity.name) });
        };
        // Rows that refer to each other go together; all others chunk by chunk.
        let by_itself = table.referenced_by.iter().any(|key| key.table == plan.table);
        let parts: Vec<&[ChunkRow]> = if by_itself { vec![entity.chunks.as_slice()] } else { entity.chunks.chunks(1).rev().collect() };
        let below: Vec<EntityId> = ids_below(setup, reader, entity.index)?;
        let mut removed = Removed::default();
        for part in parts {
            if stop.load(Ordering::Relaxed) {
                done.entities.push((entity.name.clone(), removed));
                done.interrupted = true;
                return Ok(done);
            }
            let one = remove_part(&mut session, reader, meta, entity, compiled, (plan, &table.referenced_by), part)?;
            failpoint("rollback.removed");
            let chunks: Vec<_> = part.iter().map(|chunk| chunk.id).collect();
            writer.finish_withdrawal(&chunks, &below)?;
            failpoint("rollback.stored");
            removed = Removed { rows: removed.rows + one.rows, pairs: removed.pairs + one.pairs };
            observe(&entity.name, removed);
        }
        vacuum(&mut session, plan);
        done.entities.push((entity.name.clone(), removed));
    }
    done.bare = remove_empty_schema(&mut session)?;
    Ok(done)
}

fn ids_below(setup: &Setup<'_>, reader: &StagingReader, index: usize) -> Result<Vec<EntityId>, PipelineError> {
    let mut ids = Vec::new();
    for below in setup.plan.descendants(index) {
        ids.extend(reader.entity(&setup.plan.entities[below].name)?.map(|row| row.id));
    }
    Ok(ids)
}

fn remove_part(
    session: &mut crate::pg::Session,
    reader: &StagingReader,
    meta: &Meta,
    entity: &RollbackEntity,
    compiled: &CompiledEntity,
    (plan, referenced_by): (&LoadPlan, &[crate::pg::ForeignKey]),
    part: &[ChunkRow],
) -> Result<Removed, PipelineError> {
    let (mut ids, mut pairs, mut chunks): (Vec<NewKey>, Vec<(String, Uuid)>, Vec<i64>) = (Vec::new(), Vec::new(), Vec::new());
    let kept = compiled.ids == NewIds::Keep;
    for chunk in part {
        let published = reader.published_keys(entity.id, chunk.id)?;
        for key in reader.chunk_keys(chunk.id)? {
            let Some(new_key) = key.new_key else { continue };
            if key.outcome == Outcome::Loaded {
                let id = NewKey::from(new_key);
                if id.as_kept().is_some() != kept {
                    let name = &entity.name;
                    let message = format!("the rows of {name} have other keys than `ids` says now: put it back until they are taken back");
                    return Err(PipelineError::NotReady { message });
                }
                ids.push(id);
            }
            // A pair that was there before the load is not ours to take.
            if plan.mapping.is_some() && !published.contains(&key.key) {
                pairs.push((key.key.to_string(), new_key));
            }
        }
        chunks.push(chunk.id.0);
    }
    let removal = Removal {
        plan,
        id_column: &compiled.columns[compiled.id_column].column.name,
        entity_type: &compiled.entity_type,
        referenced_by,
        staging_id: meta.staging_id,
        chunks: &chunks,
        kept,
        ids: &ids,
        pairs: &pairs,
    };
    Ok(remove_chunks(session, &removal)?)
}
