//! What a transform needs before its first chunk: the key snapshots of its parents, and the survey of its own rows where their
//! outcomes depend on one another. Boundary: reads the staging file, decides nothing.

use std::collections::HashMap;
use std::sync::Arc;

use super::settings::PipelineError;
use super::shared::Shared;
use crate::plan::{CompiledEntity, NewIds};
use crate::row::{KeyKind, NewKey};
use crate::staging::{ChunkId, ChunkRow, ChunkState, EntityId, StagingReader};
use crate::transform::{AdoptedKeys, Inputs, KeySnapshot, KeySnapshotBuilder, Minter, Survey, Surveyor};

/// Rows that stand in for others in a survey: rows of chunks that are left out, and the tuples that take their place.
pub(super) struct Instead<'a> {
    pub(super) left_out: &'a HashMap<ChunkId, Vec<u32>>,
    pub(super) tuples: &'a [u8],
}

/// The inputs of an entity whose parents are transformed. `generations` are those that the coordinator knows.
pub(super) fn inputs(shared: &Shared<'_>, index: usize, generations: &[u64]) -> Result<Inputs, PipelineError> {
    inputs_with(shared, index, generations, None)
}

/// The same, with some rows as they are now instead of as they were read first.
pub(super) fn inputs_with(
    shared: &Shared<'_>,
    index: usize,
    generations: &[u64],
    instead: Option<&Instead<'_>>,
) -> Result<Inputs, PipelineError> {
    let mut inputs = alone(shared, index, generations)?;
    let entity = shared.entity(index)?;
    if entity.needs_survey() {
        let reader = shared.reader()?;
        let sight = |chunk: &ChunkRow| {
            let mut moved = reader.moved_rows(chunk.id)?;
            // What is loaded was transformed without the rows that are kept aside, and they are looked at by a retry alone: here they stay
            // what they are, also where a mended plan would let them through.
            let mut held = match (instead, chunk.state) {
                (Some(_), _) => reader.quarantined_rows(chunk.id)?,
                (None, ChunkState::Loaded) => reader.rejected_rows(chunk.id)?,
                (None, _) => Vec::new(),
            };
            if let Some(rows) = instead.and_then(|instead| instead.left_out.get(&chunk.id)) {
                moved.extend(rows);
                moved.sort_unstable();
                held.retain(|row| moved.binary_search(row).is_err());
            }
            Ok(Some(Sight { moved, held }))
        };
        let last = instead.map_or(&[][..], |instead| instead.tuples);
        inputs.survey = Some(Arc::new(survey(entity, &inputs, shared.id(index)?, &reader, sight, last)?));
    }
    Ok(inputs)
}

/// The inputs but for the survey: what a row needs that no other row of its entity decides on.
pub(super) fn alone(shared: &Shared<'_>, index: usize, generations: &[u64]) -> Result<Inputs, PipelineError> {
    let entity = shared.entity(index)?;
    let reader = shared.reader()?;
    let mut parents: Vec<Option<Arc<KeySnapshot>>> = vec![None; shared.setup.plan.entities.len()];
    for parent in &entity.parents {
        parents[*parent] = Some(snapshot(shared, &reader, *parent, generations[*parent])?);
    }
    let mut inputs =
        Inputs { namespace: shared.setup.plan.namespace, run_started_at: shared.run_started_at, parents, adopted: None, survey: None };
    inputs.adopted = adopted(entity, shared.id(index)?, &reader)?;
    Ok(inputs)
}

/// The keys of the entity's rows that are in the target already.
pub(super) fn adopted(entity: &CompiledEntity, id: EntityId, reader: &StagingReader) -> Result<Option<Arc<AdoptedKeys>>, PipelineError> {
    let known = reader.adopted(id)?;
    let keys = known.into_iter().map(|row| (row.key, row.new_key.into_bytes(), row.survivor)).collect::<Vec<_>>();
    Ok((!keys.is_empty()).then(|| Arc::new(AdoptedKeys::new(entity.key.kind, keys))))
}

/// How a survey sees a chunk: the rows that count elsewhere, and those that are kept aside whatever the plan makes of them; both ascending.
pub(super) struct Sight {
    pub(super) moved: Vec<u32>,
    pub(super) held: Vec<u32>,
}

/// Surveys the chunks of an entity that `sight` does not leave out; the tuples of `last` are looked at behind all others.
pub(super) fn survey(
    entity: &CompiledEntity,
    inputs: &Inputs,
    id: EntityId,
    reader: &StagingReader,
    sight: impl Fn(&ChunkRow) -> Result<Option<Sight>, PipelineError>,
    last: &[u8],
) -> Result<Survey, PipelineError> {
    let mut chunks = reader.chunks(id, None)?;
    let rows = chunks.iter().map(|chunk| chunk.rows).sum::<u64>();
    let mut surveyor = Surveyor::new(entity, usize::try_from(rows).unwrap_or(0));
    chunks.sort_by_key(|c| (c.range_no, c.seq));
    let retried = reader.retried_chunks(id)?;
    for chunk in chunks {
        let Some(Sight { moved, held }) = sight(&chunk)? else { continue };
        if retried.binary_search(&chunk.id).is_ok() {
            surveyor.later();
        }
        surveyor.look_at(entity, inputs, &reader.load_extracted(chunk.id)?.tuples, &moved, &held)?;
    }
    surveyor.later();
    surveyor.look_at(entity, inputs, last, &[], &[])?;
    let mut minter = Minter::of(entity.ids, inputs.namespace, &entity.entity_type);
    Ok(surveyor.finish(entity.key.kind, |key| minter.mint(key)))
}

/// The key snapshot of an entity; built once and shared.
pub(super) fn snapshot(
    shared: &Shared<'_>,
    reader: &StagingReader,
    index: usize,
    generation: u64,
) -> Result<Arc<KeySnapshot>, PipelineError> {
    // Held while it is built: two children that need one snapshot at once would build it twice.
    let mut snapshots = shared.snapshots();
    if let Some((_, known)) = snapshots.get(&index).filter(|(built, _)| *built == generation) {
        return Ok(Arc::clone(known));
    }
    let id = shared.id(index)?;
    let kind = match &shared.setup.entities[index] {
        Some(entity) => entity.key.kind,
        None => reader.entity(&shared.setup.plan.entities[index].name)?.map_or(KeyKind::Text, |e| e.record.key_kind),
    };
    let rows = reader.chunks(id, None)?.iter().map(|chunk| chunk.rows).sum::<u64>();
    let mut builder = KeySnapshotBuilder::with_capacity(kind, usize::try_from(rows).unwrap_or(0));
    let plan = &shared.setup.plan.entities[index];
    let (keeps, mut others) = (plan.ids == NewIds::Keep, false);
    reader.for_each_key(id, |row| {
        others |= row.new_key.is_some_and(|id| NewKey::from(id).as_kept().is_some() != keeps);
        builder.add(row.key, row.outcome, row.new_key.map(|id| *id.as_bytes()));
    })?;
    if others {
        // Only of a parent that does not take part: the plan of one that does is compared with the one that made its rows.
        let message = format!(
            "the rows of {0} have other keys than `ids` says now, and are referred to; take {0} along, or take it back before `ids` is changed: etl rollback --only {0} --cascade",
            plan.name
        );
        return Err(PipelineError::PlanChanged { message });
    }
    let snapshot = Arc::new(builder.finish());
    snapshots.insert(index, (generation, Arc::clone(&snapshot)));
    Ok(snapshot)
}
