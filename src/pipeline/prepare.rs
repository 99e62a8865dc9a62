//! What a transform needs before its first chunk: the key snapshots of its parents, and the survey of its own rows where their
//! outcomes depend on one another. Boundary: reads the staging file, decides nothing.

use std::collections::HashMap;
use std::sync::Arc;

use super::settings::PipelineError;
use super::shared::Shared;
use crate::row::KeyKind;
use crate::staging::{ChunkId, StagingReader};
use crate::transform::{AdoptedKeys, Inputs, KeySnapshot, KeySnapshotBuilder, Minter, Surveyor};

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
    let entity = shared.entity(index)?;
    let reader = shared.reader()?;
    let mut parents: Vec<Option<Arc<KeySnapshot>>> = vec![None; shared.setup.plan.entities.len()];
    for parent in &entity.parents {
        parents[*parent] = Some(snapshot(shared, &reader, *parent, generations[*parent])?);
    }
    let mut inputs =
        Inputs { namespace: shared.setup.plan.namespace, run_started_at: shared.run_started_at, parents, adopted: None, survey: None };
    let known = reader.adopted(shared.id(index)?)?;
    if !known.is_empty() {
        let keys = known.into_iter().map(|row| (row.key, row.new_key.into_bytes(), row.survivor));
        inputs.adopted = Some(Arc::new(AdoptedKeys::new(entity.key.kind, keys)));
    }
    if entity.needs_survey() {
        let mut surveyor = Surveyor::new();
        let mut chunks = reader.chunks(shared.id(index)?, None)?;
        chunks.sort_by_key(|c| (c.range_no, c.seq));
        for chunk in chunks {
            let mut moved = reader.moved_rows(chunk.id)?;
            if let Some(rows) = instead.and_then(|instead| instead.left_out.get(&chunk.id)) {
                moved.extend(rows);
                moved.sort_unstable();
            }
            surveyor.look_at(entity, &inputs, &reader.load_extracted(chunk.id)?.tuples, &moved)?;
        }
        if let Some(instead) = instead {
            surveyor.look_at(entity, &inputs, instead.tuples, &[])?;
        }
        let mut minter = Minter::new(inputs.namespace, &entity.entity_type);
        inputs.survey = Some(Arc::new(surveyor.finish(entity.key.kind, |key| minter.mint(key))));
    }
    Ok(inputs)
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
    let mut builder = KeySnapshotBuilder::new(kind);
    reader.for_each_key(id, |row| builder.add(row.key, row.outcome, row.new_key.map(|id| *id.as_bytes())))?;
    let snapshot = Arc::new(builder.finish());
    snapshots.insert(index, (generation, Arc::clone(&snapshot)));
    Ok(snapshot)
}
