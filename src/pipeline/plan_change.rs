//! Whether the plan is still the one that made what the staging file holds; what it touches is given up where the settings say so, and
//! a plan that leaves all loaded rows as they are is taken over. Boundary: what differs, and what follows; comparing loaded rows is
//! `mended`'s.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::mended::Comparison;
use super::settings::{PipelineError, Redo, Setup, Stage};
use super::shared::POSTGRES_EPOCH;
use super::{resume, rollback};
use crate::plan::CompiledEntity;
use crate::row::same_to_the_byte;
use crate::staging::{ChunkState, EntityId, EntityRecord, EntityRow, MendedEntity, RunId, StagingError, StagingReader, StagingWriter};

/// The entities of the plan in the staging file, and what is to be taken over with the run that begins.
pub(super) struct Registered {
    /// Staging ids by entity index; `None` for entities that the staging file does not know.
    pub(super) ids: Vec<Option<EntityId>>,
    pub(super) mended: Vec<MendedEntity>,
}

/// An entity whose plan is another than the one that made its rows.
struct Change {
    index: usize,
    id: EntityId,
    /// From which stage on what is staged is not the plan's any more.
    stage: Stage,
    loaded: bool,
    /// Whether chunks are transformed and not loaded.
    waiting: bool,
    /// Why loaded rows cannot stay, without looking at them.
    fixed: Option<String>,
}

/// Registers the entities that take part, in load order; a plan that changed under staged rows is refused, or what it touches is
/// given up where the settings say so, or it is found to leave loaded rows as they are.
pub(super) fn register(setup: &Setup<'_>, writer: &mut StagingWriter, reader: &StagingReader) -> Result<Registered, PipelineError> {
    removed(setup, reader)?;
    let changed = changes(setup, reader)?;
    if let Some(refusal) = refusal(setup, &changed) {
        return Err(refusal);
    }
    let mended = mended(setup, reader, &changed)?;
    for change in changed.iter().filter(|change| !change.loaded) {
        let below = setup.plan.descendants(change.index);
        let below = below.into_iter().map(|at| reader.entity(&setup.plan.entities[at].name));
        let below: Vec<EntityId> = below.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().map(|entity| entity.id).collect();
        writer.invalidate_transform(&below)?;
        match change.stage {
            Stage::Extract => writer.invalidate_extract(&[change.id])?,
            _ => {
                writer.invalidate_transform(&[change.id])?;
            }
        }
    }
    let mut ids = Vec::new();
    let staged: HashMap<String, EntityId> = reader.entities()?.into_iter().map(|entity| (entity.record.name, entity.id)).collect();
    let known: HashMap<&str, EntityId> = mended.iter().map(|mended| (mended.record.name.as_str(), mended.entity)).collect();
    // One step for all: a plan of thousands of entities would wait for the disk once for each.
    writer.begin_batch()?;
    for (index, plan) in setup.plan.entities.iter().enumerate() {
        let known = known.get(plan.name.as_str()).copied();
        ids.push(match (known, setup.entities[index].as_ref().filter(|_| setup.selected[index])) {
            (None, Some(entity)) => Some(writer.register_entity(&resume::record(setup, entity))?),
            (None, None) => staged.get(&plan.name).copied(),
            (known, _) => known,
        });
    }
    writer.commit_batch()?;
    Ok(Registered { ids, mended })
}

/// What the target committed of chunks whose plan changed, where a load died before it could note it: only then it is known which rows
/// are loaded. To be called before the staging file is opened for the run.
pub(super) fn catch_up(setup: &Setup<'_>) -> Result<(), PipelineError> {
    let reader = match StagingReader::open(&setup.staging) {
        Err(StagingError::Missing { .. }) => return Ok(()),
        opened => opened?,
    };
    let changed = changes(setup, &reader)?;
    drop(reader);
    let loads = setup.settings.stages.include(Stage::Load) && setup.target.is_some();
    let unknown = changed.iter().any(|change| change.waiting && (change.loaded || setup.settings.redo != Redo::Nothing));
    if loads && unknown { rollback::catch_up(setup) } else { Ok(()) }
}

/// An entity that the plan does not have any more, and whose rows are in the target: nobody would count or compare them.
fn removed(setup: &Setup<'_>, reader: &StagingReader) -> Result<(), PipelineError> {
    let planned = setup.plan.by_name();
    for known in reader.entities()? {
        let name = &known.record.name;
        if planned.contains_key(name.as_str()) || reader.chunks(known.id, Some(ChunkState::Loaded))?.is_empty() {
            continue;
        }
        let message = format!(
            "the plan has no entity {name} any more, and rows of it are loaded; put it back, and where it is to go or to have another name, take its rows back first: etl rollback --only {name} --cascade"
        );
        return Err(PipelineError::PlanChanged { message });
    }
    Ok(())
}

/// The entities that take part whose plan changed.
fn changes(setup: &Setup<'_>, reader: &StagingReader) -> Result<Vec<Change>, PipelineError> {
    let mut changed = Vec::new();
    let staged: HashMap<String, EntityRow> = reader.entities()?.into_iter().map(|entity| (entity.record.name.clone(), entity)).collect();
    for (index, entity) in setup.entities.iter().enumerate() {
        let Some(entity) = entity.as_ref().filter(|_| setup.selected[index]) else { continue };
        let Some(known) = staged.get(&entity.name) else { continue };
        changed.extend(change(setup, entity, known, reader)?);
    }
    Ok(changed)
}

fn change(setup: &Setup<'_>, entity: &CompiledEntity, known: &EntityRow, reader: &StagingReader) -> Result<Option<Change>, PipelineError> {
    let (old, record) = (&known.record, resume::record(setup, entity));
    let chunks = reader.chunks(known.id, None)?;
    let has = |state| chunks.iter().any(|chunk| chunk.state == state);
    let reads_differently = (old.extract_hash != record.extract_hash || old.source_columns != record.source_columns)
        && (!chunks.is_empty() || known.extracted_run.is_some());
    let same_plan =
        (&old.transform_hash, &old.adopt_hash, &old.target_table) == (&record.transform_hash, &record.adopt_hash, &record.target_table);
    let makes_differently = !(same_plan && same_to_the_byte(&old.target_columns, &record.target_columns))
        && (has(ChunkState::Transformed) || has(ChunkState::Loaded));
    Ok((reads_differently || makes_differently).then(|| Change {
        index: entity.index,
        id: known.id,
        stage: if reads_differently { Stage::Extract } else { Stage::Transform },
        loaded: has(ChunkState::Loaded),
        waiting: has(ChunkState::Transformed),
        fixed: fixed(old, &record, reads_differently),
    }))
}

/// Why loaded rows cannot stay, whatever they hold.
fn fixed(old: &EntityRecord, new: &EntityRecord, reads_differently: bool) -> Option<String> {
    let name = &new.name;
    if reads_differently {
        return Some(format!("what is read of {name} (its `from`, its key, or a named query) changed"));
    }
    if old.target_table != new.target_table {
        return Some(format!("{name} goes into {} instead of {}", new.target_table, old.target_table));
    }
    if old.adopt_hash != new.adopt_hash {
        return Some(format!("`adopt` of {name} changed"));
    }
    let names = |record: &EntityRecord| record.target_columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    let (before, now) = (names(old), names(new));
    let lacking = |of: &[String], other: &[String]| of.iter().filter(|name| !other.contains(name)).cloned().collect::<Vec<_>>().join(", ");
    let (gone, added) = (lacking(&before, &now), lacking(&now, &before));
    match (before == now, gone.is_empty(), added.is_empty()) {
        (true, ..) => None,
        (false, true, true) => Some(format!("the columns of {name} stand in another order")),
        (false, true, false) => Some(format!("loaded rows of {name} have no {added}")),
        (false, false, true) => Some(format!("loaded rows of {name} have {gone}, which the plan does not write any more")),
        (false, false, false) => Some(format!("loaded rows of {name} have {gone} and not {added}")),
    }
}

fn refusal(setup: &Setup<'_>, changed: &[Change]) -> Option<PipelineError> {
    let name = |index: usize| setup.plan.entities[index].name.as_str();
    let fixed: Vec<&str> = changed.iter().filter(|c| c.loaded).filter_map(|c| c.fixed.as_deref()).collect();
    if !fixed.is_empty() {
        let names = changed.iter().filter(|c| c.loaded && c.fixed.is_some()).map(|c| name(c.index)).collect::<Vec<_>>().join(",");
        return Some(take_back(&format!("the plan changed under loaded rows: {}", fixed.join("; ")), &names, changed));
    }
    let loaded: Vec<&str> = changed.iter().filter(|c| c.loaded).map(|c| name(c.index)).collect();
    if !loaded.is_empty() && setup.settings.retry.is_none() {
        let message = format!(
            "the plan of {} changed after rows of it were loaded with the old one; `etl run` or `etl quarantine retry` takes it over where all loaded rows come out the same, or put the plan back",
            loaded.join(", ")
        );
        return Some(PipelineError::PlanChanged { message });
    }
    // What is loaded and not waiting is compared; everything else has to be made anew.
    let redone = |change: &&Change| !change.loaded || change.waiting;
    let reads: Vec<&str> = changed.iter().filter(redone).filter(|c| c.stage == Stage::Extract).map(|c| name(c.index)).collect();
    let makes: Vec<&str> = changed.iter().filter(redone).filter(|c| c.stage == Stage::Transform).map(|c| name(c.index)).collect();
    let refused = match setup.settings.redo {
        Redo::Nothing => !(reads.is_empty() && makes.is_empty()),
        Redo::Transform => !reads.is_empty(),
        Redo::Extract => false,
    };
    if !refused {
        return None;
    }
    let mut message = String::from("the plan changed since it was last used with this staging file:");
    if !reads.is_empty() {
        let _ = write!(message, " what is read of {} (extract and transform must be redone);", reads.join(", "));
    }
    if !makes.is_empty() {
        let _ = write!(message, " what is made of {} (transform must be redone);", makes.join(", "));
    }
    let redo = if reads.is_empty() { "transform" } else { "extract" };
    let asked = setup.settings.retry.as_ref().is_some_and(|retry| retry.on_request);
    let how = if asked { format!("type etl run --redo {redo}") } else { format!("add --redo {redo}") };
    let _ = write!(message, " {how} to redo that and no more, or put the plan back");
    Some(PipelineError::PlanChanged { message })
}

fn take_back(what: &str, names: &str, changed: &[Change]) -> PipelineError {
    let redo = if changed.iter().any(|c| c.loaded && c.stage == Stage::Extract) { " --redo extract" } else { "" };
    let message = format!(
        "{what}; put the plan back, or take these rows back and load them anew: etl rollback --only {names} --cascade, then etl run{redo}"
    );
    PipelineError::PlanChanged { message }
}

/// The entities whose loaded rows the changed plan leaves as they are; refused where it does not.
fn mended(setup: &Setup<'_>, reader: &StagingReader, changed: &[Change]) -> Result<Vec<MendedEntity>, PipelineError> {
    let loaded: Vec<&Change> = changed.iter().filter(|change| change.loaded).collect();
    if loaded.is_empty() {
        return Ok(Vec::new());
    }
    let runs = reader.runs()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(setup.settings.jobs.max(1)).thread_name(|n| format!("compare-{n}")).build();
    let ids = setup.plan.entities.iter().map(|entity| Ok(reader.entity(&entity.name)?.map(|known| known.id)));
    let comparison = Comparison {
        setup,
        reader,
        ids: ids.collect::<Result<_, StagingError>>()?,
        run_started_at: runs.first().map_or(0, |run| run.started.0 - POSTGRES_EPOCH),
        order: runs.iter().enumerate().map(|(at, run)| (run.id, at)).collect::<HashMap<RunId, usize>>(),
        pool: pool.map_err(|_| PipelineError::Panicked { thread: "compare".into() })?,
    };
    let (mut good, mut bad, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for change in loaded {
        let Some(entity) = &setup.entities[change.index] else { continue };
        match comparison.compare(entity, change.id)? {
            Ok(mended) => good.push(mended),
            Err(told) => {
                names.push(entity.name.as_str());
                bad.push(told);
            }
        }
    }
    if bad.is_empty() {
        return Ok(good);
    }
    Err(take_back(&format!("the plan changed under loaded rows: {}", bad.join("; ")), &names.join(","), changed))
}
