//! Where a command takes up: what the staging file holds, and whether the target agrees. Boundary: reading and comparing; the threads start behind it.

use std::collections::{HashMap, HashSet};

use super::coordinator::EntityState;
use super::load::refuse;
use super::settings::{PipelineError, Setup, Stage, Stages};
use super::shared::{Shared, refused_row};
use crate::pg::QualifiedName;
use crate::plan::{CompiledEntity, NewIds};
use crate::staging::{ChunkState, EntityId, EntityRecord, LoadedChunk, RunRecord, StagingReader, StagingWriter};
use crate::target::{Ledger, LoadPlan};

/// The columns of the mapping table, in the order in which they are sent.
const MAPPING_COLUMNS: [&str; 4] = ["entity_type", "legacy_id", "new_id", "migration_batch"];

/// What the staging file records of an entity.
pub(super) fn record(setup: &Setup<'_>, entity: &CompiledEntity) -> EntityRecord {
    let plan = &setup.plan.entities[entity.index];
    EntityRecord {
        name: entity.name.clone(),
        target_table: entity.target.clone(),
        key_kind: entity.key.kind,
        source_columns: entity.source.clone(),
        target_columns: entity.columns.iter().map(|c| c.column.clone()).collect(),
        extract_hash: plan.extract_fingerprint.to_string(),
        transform_hash: plan.transform_fingerprint.to_string(),
        adopt_hash: plan.adopt_fingerprint.to_string(),
    }
}

/// The run that was not brought to an end, if the last one was not.
pub(super) fn unfinished(runs: &[RunRecord]) -> Option<&RunRecord> {
    let moving =
        |command: &str| ["run", "extract", "transform", "load", "quarantine"].iter().any(|c| command.split_whitespace().any(|w| w == *c));
    runs.iter().rev().find(|r| moving(&r.command)).filter(|r| r.exit.as_ref().is_none_or(|exit| !matches!(exit.code, 0 | 3 | 4)))
}

/// Where every entity stands.
pub(super) fn states(setup: &Setup<'_>, reader: &StagingReader, ids: &[Option<EntityId>]) -> Result<Vec<EntityState>, PipelineError> {
    let known: HashMap<EntityId, bool> = reader.entities()?.into_iter().map(|e| (e.id, e.extracted_run.is_some())).collect();
    let mut states = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        let mut state = EntityState::new(setup.selected[index]);
        if let Some(id) = id {
            state.extracted = known.get(id).copied().unwrap_or(false);
            for chunk in reader.chunks(*id, None)? {
                state.refused += chunk.refused;
                state.rows[0] += chunk.rows;
                match chunk.state {
                    ChunkState::Planned => {}
                    ChunkState::Extracted => state.untransformed.push_back((chunk.id, chunk.rows)),
                    ChunkState::Transformed => {
                        state.rows[1] += chunk.rows;
                        state.unloaded.push_back((chunk.id, chunk.rows));
                    }
                    ChunkState::Loaded => {
                        state.rows[1] += chunk.rows;
                        state.rows[2] += chunk.rows;
                    }
                }
            }
        }
        states.push(state);
    }
    // Load order: an ancestor stands before what refers to it.
    for index in 0..states.len() {
        let lost = |states: &[EntityState], at: usize| states[at].refused > 0 || states[at].sent_back;
        states[index].sent_back = setup.plan.entities[index].parents.iter().any(|p| lost(&states, p.entity));
    }
    Ok(states)
}

/// Whether a stage can begin: the one before it is complete, and so are parents that do not take part.
pub(super) fn ready(setup: &Setup<'_>, states: &[EntityState]) -> Result<(), PipelineError> {
    let name = |index: usize| setup.plan.entities[index].name.clone();
    let not_ready = |message: String| Err(PipelineError::NotReady { message });
    let taking_part = || (0..states.len()).filter(|e| states[*e].taking_part);
    match setup.settings.stages {
        Stages::One(Stage::Transform) => {
            let unread: Vec<String> = taking_part().filter(|e| !states[*e].extracted).map(name).collect();
            if !unread.is_empty() {
                return not_ready(format!("{} {} not extracted to the end: run `etl extract` first", unread.join(", "), verb(&unread)));
            }
        }
        Stages::One(Stage::Load) => {
            let unmade: Vec<String> = taking_part().filter(|e| !states[*e].is_transformed() && !states[*e].sent_back).map(name).collect();
            if !unmade.is_empty() {
                return not_ready(format!("{} {} not transformed to the end: run `etl transform` first", unmade.join(", "), verb(&unmade)));
            }
        }
        _ => {}
    }
    if setup.settings.stages == Stages::One(Stage::Extract) {
        return Ok(());
    }
    for entity in taking_part() {
        for parent in &setup.plan.entities[entity].parents {
            let state = &states[parent.entity];
            let missing = if setup.settings.stages.include(Stage::Load) { !state.is_loaded() } else { !state.is_transformed() };
            if !state.taking_part && missing {
                return not_ready(format!(
                    "{} refers to {}, which is not migrated yet: add it to --only, or add --with-deps",
                    name(entity),
                    name(parent.entity)
                ));
            }
        }
    }
    Ok(())
}

/// A rollback that was stopped must be brought to its end first: until then nobody can say which of its rows are there.
pub(super) fn no_rollback_is_open(reader: &StagingReader) -> Result<(), PipelineError> {
    for entity in reader.entities()? {
        if reader.chunks(entity.id, Some(ChunkState::Loaded))?.iter().any(|chunk| chunk.withdrawn_by.is_some()) {
            let message =
                format!("a rollback of {} was stopped in the middle: bring it to its end with `etl rollback`", entity.record.name);
            return Err(PipelineError::NotReady { message });
        }
    }
    Ok(())
}

fn verb(names: &[String]) -> &'static str {
    if names.len() == 1 { "is" } else { "are" }
}

/// How each entity is loaded.
pub(super) fn load_plans(setup: &Setup<'_>) -> Vec<Option<LoadPlan>> {
    let mapping = setup.plan.mappings.as_ref().and_then(|name| QualifiedName::parse(&name.value));
    let mapping = mapping.map(|table| (table, MAPPING_COLUMNS.map(str::to_owned).to_vec()));
    let plan = |(index, entity): (usize, &Option<CompiledEntity>)| {
        let entity = entity.as_ref()?;
        let table = setup.tables[index].as_ref().map(|t| t.name.clone()).or_else(|| QualifiedName::parse(&entity.target))?;
        let columns = entity.columns.iter().map(|c| c.column.name.clone()).collect();
        // A key that is kept is its own map.
        let mapping = mapping.clone().filter(|_| entity.ids != NewIds::Keep);
        Some(LoadPlan { entity: entity.name.clone(), table, columns, mapping })
    };
    setup.entities.iter().enumerate().map(plan).collect()
}

/// Compares the staging file with the target's ledger: what the target committed and staging had no time to note is noted now, and
/// what does not fit is refused.
pub(super) fn reconcile(
    shared: &Shared<'_>,
    ledger: &Ledger,
    writer: &mut StagingWriter,
    reader: &StagingReader,
) -> Result<(), PipelineError> {
    let (setup, load_plans, ids) = (shared.setup, &shared.load_plans, &shared.ids);
    // What another staging file loaded would come twice, unless its keys were adopted.
    let mut tables: HashSet<String> = HashSet::new();
    for (index, load) in load_plans.iter().enumerate().filter(|(index, _)| setup.selected[*index]) {
        let adopted = ids[index].map_or(Ok(None), |id| reader.adoption(id))?.is_some();
        tables.extend(load.iter().filter(|_| !adopted).map(|load| load.table.to_string()));
    }
    if let Some(other) = ledger.foreign.iter().find(|other| tables.contains(&other.table)) {
        return Err(PipelineError::Mismatch {
            message: format!(
                "{} holds {} rows that were loaded from another staging file (last {}); continue with that staging file (--staging FILE); if it is lost, `etl adopt` takes up what it loaded",
                other.table, other.rows, other.last_loaded_at
            ),
        });
    }
    late_refusals(shared, ledger, writer, reader)
}

/// Rows of loaded chunks that a rebuilt constraint refused, where the staging file does not know it yet.
pub(super) fn late_refusals(
    shared: &Shared<'_>,
    ledger: &Ledger,
    writer: &mut StagingWriter,
    reader: &StagingReader,
) -> Result<(), PipelineError> {
    let (run, ids) = (shared.run, &shared.ids);
    let in_target: HashSet<i64> = ledger.chunks.iter().map(|chunk| chunk.chunk).collect();
    let mut refused: HashMap<i64, Vec<_>> = HashMap::new();
    for row in &ledger.refused {
        refused.entry(row.chunk).or_default().push(&row.refused);
    }
    for (index, id) in ids.iter().enumerate().filter_map(|(index, id)| Some((index, id.as_ref()?))) {
        for chunk in reader.chunks(*id, Some(ChunkState::Loaded))? {
            if !in_target.contains(&chunk.id.0) {
                return Err(PipelineError::Mismatch {
                    message: format!(
                        "chunk {} is loaded according to the staging file and not according to the target: this is another target, or it was restored from a backup; begin with a new staging file",
                        chunk.id
                    ),
                });
            }
            // Rows that a rebuilt constraint refused, taken out of the target by a run that died before it could say so here.
            if !refused.contains_key(&chunk.id.0) {
                continue;
            }
            let rows = reader.tuple_rows(chunk.id)?;
            let known: Vec<u32> = rows.iter().filter(|r| r.outcome != crate::row::Outcome::Loaded).map(|r| r.row_no).collect();
            let late: Vec<_> = refused
                .get(&chunk.id.0)
                .into_iter()
                .flatten()
                .filter_map(|r| Some(refused_row(r, rows.get(usize::try_from(r.row_no).ok()?)?.row_no)))
                .filter(|r| !known.contains(&r.row_no))
                .collect();
            if !late.is_empty() {
                let mut mark = LoadedChunk { chunk: chunk.id, run, refused: late, controls: None, invalidate: Vec::new() };
                refuse(shared, index, reader, &mut mark)?;
                writer.refuse_loaded(&mark)?;
            }
        }
    }
    Ok(())
}
