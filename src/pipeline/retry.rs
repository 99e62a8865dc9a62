//! Quarantine taken up again: the rows kept aside are read anew and transformed as things stand now; those that go through leave
//! quarantine for a chunk of their own, children after their parents, and nothing else is touched. Boundary: which rows; storing them is
//! one step of `staging`, loading them the coordinator's.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::failpoint::failpoint;
use super::prepare::{self, Instead};
use super::run::{control_sum, packed, reference};
use super::settings::{PipelineError, Retry};
use super::shared::Shared;
use super::source_sums::source_sums;
use crate::plan::CompiledEntity;
use crate::row::{LegacyKey, Outcome, Tuples, read_tuple};
use crate::source::{SnapshotHolder, read_rows};
use crate::staging::{
    ChunkId, DepartingRows, EntityId, ExtractedChunk, QuarantineFilter, QuarantineRow, QuarantineStage, RestatedRow, RetriedChunk,
    SnapshotId, SnapshotRecord, StagingReader, StagingWriter, encode_payload,
};
use crate::transform::{ChunkOutput, Inputs, KeyFate, KeySnapshot, control_sums, transform_chunk};

/// Takes up what is in quarantine; gives how many rows left it.
pub(super) fn retry(shared: &Shared<'_>, writer: &mut StagingWriter, reader: &StagingReader, what: &Retry) -> Result<u64, PipelineError> {
    let mut attempt = Attempt {
        shared,
        reader,
        what,
        source: None,
        generations: vec![0; shared.ids.len()],
        before: HashMap::new(),
        reached: HashSet::new(),
    };
    // Key snapshots of the run may be older than what the run itself changed.
    shared.snapshots().clear();
    let mut released = 0;
    for index in 0..shared.setup.plan.entities.len() {
        if let (true, Some(id)) = (shared.setup.selected[index], shared.ids[index]) {
            let left = attempt.entity(index, id, writer)?;
            if left > 0 {
                attempt.reached.extend(shared.descendants(index).into_iter().chain([index]));
            }
            released += left;
        }
    }
    shared.snapshots().clear();
    if let (Some(source), Some(endpoint)) = (attempt.source, &shared.setup.source) {
        source.holder.close(endpoint);
    }
    Ok(released)
}

/// A row in quarantine with its source tuple as it was read first.
struct Held {
    row: QuarantineRow,
    tuple: Vec<u8>,
}

struct Source {
    holder: SnapshotHolder,
    snapshot: SnapshotId,
}

struct Attempt<'a, 's> {
    shared: &'a Shared<'s>,
    reader: &'a StagingReader,
    what: &'a Retry,
    source: Option<Source>,
    /// Raised for an entity whose keys changed, so that its snapshot is built anew.
    generations: Vec<u64>,
    /// Key snapshots as they were before the first row left quarantine, of entities whose keys changed.
    before: HashMap<usize, Arc<KeySnapshot>>,
    /// Entities of which rows left quarantine, and all that refer to them.
    reached: HashSet<usize>,
}

impl Attempt<'_, '_> {
    fn entity(&mut self, index: usize, id: EntityId, writer: &mut StagingWriter) -> Result<u64, PipelineError> {
        let held = self.held(index, id)?;
        if held.is_empty() {
            return Ok(0);
        }
        let entity = self.shared.entity(index)?;
        let Some((tuples, snapshot)) = self.read_anew(index, &held, writer)? else { return Ok(0) };
        let by_key: HashMap<&LegacyKey, &Held> = held.iter().map(|held| (&held.row.key, held)).collect();
        let Some((candidates, inputs, tried)) = self.tried(index, &held, &tuples, &by_key)? else { return Ok(0) };
        let restated: Vec<RestatedRow> = tried
            .rejects
            .iter()
            .filter_map(|rejected| {
                let row = &by_key.get(&rejected.key)?.row;
                let same = row.code == rejected.reject.code && row.column == rejected.reject.column;
                let stays = !same && row.stage == QuarantineStage::Transform;
                stays.then(|| RestatedRow { chunk: row.chunk, row_no: row.row_no, reject: rejected.reject.clone() })
            })
            .collect();
        if !restated.is_empty() {
            writer.restate(&restated, self.shared.run)?;
        }
        let goes: Vec<u32> = tried.keys.iter().filter(|k| !matches!(k.fate, KeyFate::Quarantined(_))).map(|k| k.row).collect();
        if goes.is_empty() {
            return Ok(0);
        }
        let released = only(&candidates, entity.source.len(), &goes)?;
        let leaving: Vec<&Held> =
            tried.keys.iter().filter(|key| goes.binary_search(&key.row).is_ok()).filter_map(|key| by_key.get(&key.key).copied()).collect();
        let retried = self.retried(index, id, &inputs, &released, &leaving, snapshot)?;
        self.remember(index)?;
        failpoint("retry.storing");
        writer.store_retried(&retried)?;
        failpoint("retry.stored");
        self.generations[index] += 1;
        let count = goes.len() as u64;
        self.shared.note(format!("{}: {count} rows go through now and leave quarantine", entity.name));
        Ok(count)
    }

    /// The rows of an entity that are to be taken up.
    fn held(&self, index: usize, id: EntityId) -> Result<Vec<Held>, PipelineError> {
        let Retry { entity, code, .. } = self.what;
        if entity.as_ref().is_some_and(|name| *name != self.shared.setup.plan.entities[index].name) {
            return Ok(Vec::new());
        }
        let mut rows = self.reader.quarantine(&QuarantineFilter { entity: Some(id), code: code.clone(), limit: None })?;
        if !self.what.on_request && !self.reached.contains(&index) {
            // What this run kept aside it has read in its own snapshot, and nothing that it depends on has changed since.
            rows.retain(|row| row.run != self.shared.run);
        }
        let columns = self.shared.entity(index)?.source.len();
        let mut held = Vec::with_capacity(rows.len());
        // In chunk and row order: each chunk is unpacked once, and only what is held is kept of it.
        for of_chunk in rows.chunk_by(|one, other| one.chunk == other.chunk) {
            let payload = self.reader.load_extracted(of_chunk[0].chunk)?;
            let (mut walk, mut fields, mut next) = (Tuples::new(&payload.tuples, columns), Vec::new(), 0);
            for row in of_chunk {
                while let Some(range) = walk.next_into(&mut fields).map_err(broken)? {
                    next += 1;
                    if next > row.row_no {
                        held.push(Held { row: row.clone(), tuple: payload.tuples[range].to_vec() });
                        break;
                    }
                }
            }
        }
        Ok(held)
    }

    /// The rows as the source has them now, in key order; as they were read first where there is no source, and where the table has no key:
    /// another row may stand at that place by now. `None` where the source
    /// cannot be reached and nobody asked for it by name.
    fn read_anew(
        &mut self,
        index: usize,
        held: &[Held],
        writer: &mut StagingWriter,
    ) -> Result<Option<(Vec<u8>, SnapshotId)>, PipelineError> {
        let entity = self.shared.entity(index)?;
        if self.shared.setup.source.is_none() || self.shared.setup.plan.entities[index].has_no_key() {
            let chunk = self.reader.chunk(held[0].row.chunk)?;
            let mut rows: Vec<&Held> = held.iter().collect();
            rows.sort_by(|a, b| a.row.key.cmp(&b.row.key));
            return Ok(Some((rows.iter().flat_map(|held| held.tuple.iter().copied()).collect(), chunk.snapshot)));
        }
        if self.source.is_none() {
            match self.open(writer) {
                Ok(source) => self.source = Some(source),
                Err(error) if self.what.on_request => return Err(error),
                Err(error) => {
                    self.shared.note(format!("rows in quarantine were not looked at again: {error}"));
                    return Ok(None);
                }
            }
        }
        let Some(source) = &mut self.source else { return Ok(None) };
        let query = super::run::entity_query(self.shared.setup, entity);
        let mut keys = Vec::with_capacity(held.len());
        let mut fields = Vec::new();
        for held in held {
            read_tuple(&held.tuple, 0, entity.source.len(), &mut fields).map_err(|e| damaged(entity, e))?;
            keys.push(entity.key.columns.iter().map(|at| fields[*at]).collect::<Vec<_>>());
        }
        Ok(Some((read_rows(source.holder.reader(), &query, &keys)?, source.snapshot)))
    }

    fn open(&self, writer: &mut StagingWriter) -> Result<Source, PipelineError> {
        let no_source = || PipelineError::NotReady { message: "no source is given: set [source] url, or --source URL".into() };
        let holder = SnapshotHolder::open(self.shared.setup.source.as_ref().ok_or_else(no_source)?)?;
        let info = holder.info();
        let snapshot = writer.record_snapshot(&SnapshotRecord {
            run: self.shared.run,
            exported_name: info.name.clone().unwrap_or_default(),
            system_identifier: info.system_identifier.clone(),
            database: info.database.clone(),
            server_version: info.version.clone(),
            wal_lsn: info.lsn.clone(),
        })?;
        Ok(Source { holder, snapshot })
    }

    /// The rows that are to be taken up, what becomes of them now, and the inputs by which it is found; `None` where there are none.
    fn tried(
        &self,
        index: usize,
        held: &[Held],
        tuples: &[u8],
        by_key: &HashMap<&LegacyKey, &Held>,
    ) -> Result<Option<(Vec<u8>, Inputs, ChunkOutput)>, PipelineError> {
        let entity = self.shared.entity(index)?;
        let mut candidates = known(entity, tuples, by_key, &HashSet::new())?;
        if candidates.is_empty() {
            return Ok(None);
        }
        // What a row makes by itself is found at once; all rows of the entity are surveyed only where one could go on.
        let (mut inputs, mut tried) = if entity.refers_to_itself {
            self.attempt(index, held, &candidates)?
        } else {
            let inputs = prepare::alone(self.shared, index, &self.generations)?;
            let tried = transform_chunk(entity, &inputs, &candidates, &[])?;
            (inputs, tried)
        };
        let unchanged = self.unchanged(entity, &tried, by_key)?;
        if !unchanged.is_empty() {
            candidates = known(entity, tuples, by_key, &unchanged)?;
            if candidates.is_empty() {
                return Ok(None);
            }
        }
        let survivor_is_gone = crate::row::reason::SURVIVOR_NOT_LOADED;
        let by_itself = |fate: &KeyFate| matches!(fate, KeyFate::Quarantined(code) if code != survivor_is_gone);
        let settled = inputs.survey.is_some() || !entity.needs_survey() || tried.keys.iter().all(|row| by_itself(&row.fate));
        if !(settled && unchanged.is_empty()) {
            // Without those that are not sent: nothing may be merged into them.
            (inputs, tried) = self.attempt(index, held, &candidates)?;
        }
        Ok(Some((candidates, inputs, tried)))
    }

    /// What becomes of rows now, all rows of the entity considered.
    fn attempt(&self, index: usize, held: &[Held], candidates: &[u8]) -> Result<(Inputs, ChunkOutput), PipelineError> {
        let entity = self.shared.entity(index)?;
        let keys = crate::pg::KeyReader::new(&entity.source, &entity.key.columns);
        let keys = keys.map_err(|e| PipelineError::NotReady { message: e.to_string() })?;
        let (mut taken, mut fields) = (HashSet::new(), Vec::new());
        let mut walk = Tuples::new(candidates, entity.source.len());
        while walk.next_into(&mut fields).map_err(|e| damaged(entity, e))?.is_some() {
            taken.insert(keys.read(&fields).map_err(|e| PipelineError::NotReady { message: e.to_string() })?);
        }
        let left_out = by_chunk(held.iter().map(|held| &held.row).filter(|row| taken.contains(&row.key)));
        let instead = Instead { left_out: &left_out, tuples: candidates };
        let inputs = prepare::inputs_with(self.shared, index, &self.generations, Some(&instead))?;
        let tried = transform_chunk(entity, &inputs, candidates, &[])?;
        Ok((inputs, tried))
    }

    /// Rows that the target refused and that would be sent just as they were: that is done only when somebody asks, since the target
    /// itself may have been mended. Whether source, plan or parents changed, the target row tells.
    fn unchanged(
        &self,
        entity: &CompiledEntity,
        tried: &ChunkOutput,
        held: &HashMap<&LegacyKey, &Held>,
    ) -> Result<HashSet<LegacyKey>, PipelineError> {
        let mut unchanged = HashSet::new();
        if self.what.on_request {
            return Ok(unchanged);
        }
        let columns = entity.columns.len();
        let mut sent: HashMap<ChunkId, HashMap<u32, Vec<u8>>> = HashMap::new();
        let loaded = tried.keys.iter().filter(|row| matches!(row.fate, KeyFate::Loaded(_)));
        for (row, tuple) in loaded.zip(split(&tried.tuples, columns)?) {
            let Some(known) = held.get(&row.key).map(|held| &held.row) else { continue };
            if known.stage != QuarantineStage::Load || known.code != crate::row::reason::SERVER_REFUSED {
                continue;
            }
            let of_chunk = match sent.entry(known.chunk) {
                Entry::Occupied(place) => place.into_mut(),
                Entry::Vacant(place) => {
                    let tuples = split(&self.reader.load_transformed(known.chunk)?.tuples, columns)?;
                    let rows = self.reader.tuple_rows(known.chunk)?.into_iter().map(|row| row.row_no);
                    place.insert(rows.zip(tuples).collect())
                }
            };
            if of_chunk.get(&known.row_no) == Some(&tuple) {
                unchanged.insert(row.key.clone());
            }
        }
        Ok(unchanged)
    }

    /// Keeps the entity's keys as they were, for whoever counts what rows contributed before.
    fn remember(&mut self, index: usize) -> Result<(), PipelineError> {
        if let Entry::Vacant(place) = self.before.entry(index) {
            place.insert(prepare::snapshot(self.shared, self.reader, index, self.generations[index])?);
        }
        Ok(())
    }

    fn retried(
        &self,
        index: usize,
        id: EntityId,
        inputs: &Inputs,
        released: &[u8],
        leaving: &[&Held],
        snapshot: SnapshotId,
    ) -> Result<RetriedChunk, PipelineError> {
        let shared = self.shared;
        let entity = shared.entity(index)?;
        let output = transform_chunk(entity, inputs, released, &[])?;
        let rows = output.keys.len() as u64;
        let unreadable = || PipelineError::NotReady { message: format!("{}: a row in quarantine has no key", entity.name) };
        let (first, last) =
            (output.keys.first().ok_or_else(unreadable)?.key.clone(), output.keys.last().ok_or_else(unreadable)?.key.clone());
        let payload = encode_payload(entity.source.len(), rows, released)
            .map_err(|source| crate::staging::StagingError::BadPayload { chunk: entity.name.clone(), source })?;
        let transformed = packed(shared, index, ChunkId(0), output)?;
        let extracted =
            ExtractedChunk { entity: id, range_no: 0, seq: 0, snapshot, first_key: first, last_key: last, payload, run: shared.run };
        let inputs_before = self.inputs_before(index)?;
        let mut of_chunk: BTreeMap<ChunkId, Vec<&Held>> = BTreeMap::new();
        for held in leaving {
            of_chunk.entry(held.row.chunk).or_default().push(held);
        }
        let mut departing = Vec::with_capacity(of_chunk.len());
        for (chunk, mut rows) in of_chunk {
            rows.sort_by_key(|held| held.row.row_no);
            departing.push(self.departing(index, &inputs_before, chunk, &rows)?);
        }
        let old: Vec<u8> = leaving.iter().flat_map(|held| held.tuple.iter().copied()).collect();
        Ok(RetriedChunk { extracted, transformed, departing, source_controls: source_sums(shared, self.reader, entity, &old, released)? })
    }

    /// The inputs as they were when the rows went into quarantine.
    fn inputs_before(&self, index: usize) -> Result<Inputs, PipelineError> {
        // It is for counting references, and other rows of the entity matter only to those within it.
        let itself = self.shared.entity(index)?.refers_to_itself;
        let inputs = if itself { prepare::inputs } else { prepare::alone };
        let mut inputs = inputs(self.shared, index, &self.generations)?;
        for (parent, known) in inputs.parents.iter_mut().enumerate() {
            if let (Some(known), Some(before)) = (known, self.before.get(&parent)) {
                *known = Arc::clone(before);
            }
        }
        Ok(inputs)
    }

    fn departing(&self, index: usize, before: &Inputs, chunk: ChunkId, rows: &[&Held]) -> Result<DepartingRows, PipelineError> {
        let entity = self.shared.entity(index)?;
        let numbers: Vec<u32> = rows.iter().map(|held| held.row.row_no).collect();
        let old: Vec<u8> = rows.iter().flat_map(|held| held.tuple.iter().copied()).collect();
        let contributed = transform_chunk(entity, before, &old, &[])?.references;
        let mut sums = Vec::new();
        if !entity.controls.is_empty() {
            let stay: HashMap<u32, Outcome> = self.reader.chunk_keys(chunk)?.into_iter().map(|key| (key.row_no, key.outcome)).collect();
            sums = control_sums(entity, before, &self.reader.load_extracted(chunk)?.tuples, |row| {
                if numbers.binary_search(&row).is_ok() { None } else { stay.get(&row).copied() }
            })?;
        }
        Ok(DepartingRows {
            chunk,
            rows: numbers,
            controls: sums.into_iter().map(|sum| control_sum(entity, sum)).collect(),
            references: contributed.into_iter().filter_map(|count| reference(self.shared, count)).collect(),
        })
    }
}

/// The rows that are in quarantine, but for those with these keys.
fn known(
    entity: &CompiledEntity,
    tuples: &[u8],
    held: &HashMap<&LegacyKey, &Held>,
    but: &HashSet<LegacyKey>,
) -> Result<Vec<u8>, PipelineError> {
    let keys = crate::pg::KeyReader::new(&entity.source, &entity.key.columns);
    let keys = keys.map_err(|e| PipelineError::NotReady { message: e.to_string() })?;
    let (mut chosen, mut fields) = (Vec::with_capacity(tuples.len()), Vec::new());
    let mut walk = Tuples::new(tuples, entity.source.len());
    while let Some(range) = walk.next_into(&mut fields).map_err(|e| damaged(entity, e))? {
        let key = keys.read(&fields).map_err(|e| PipelineError::NotReady { message: e.to_string() })?;
        if held.contains_key(&key) && !but.contains(&key) {
            chosen.extend_from_slice(&tuples[range]);
        }
    }
    Ok(chosen)
}

fn damaged(entity: &CompiledEntity, source: crate::row::MalformedTuple) -> PipelineError {
    PipelineError::Transform(crate::transform::TransformError::Tuple { entity: entity.name.clone(), source })
}

fn by_chunk<'a>(rows: impl Iterator<Item = &'a QuarantineRow>) -> HashMap<ChunkId, Vec<u32>> {
    let mut found: HashMap<ChunkId, Vec<u32>> = HashMap::new();
    for row in rows {
        found.entry(row.chunk).or_default().push(row.row_no);
    }
    found
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn broken(error: crate::row::MalformedTuple) -> PipelineError {
    PipelineError::NotReady { message: format!("a staged chunk is damaged: {error}") }
}

fn split(tuples: &[u8], columns: usize) -> Result<Vec<Vec<u8>>, PipelineError> {
    let (mut rows, mut fields) = (Vec::new(), Vec::new());
    let mut walk = Tuples::new(tuples, columns);
    while let Some(range) = walk.next_into(&mut fields).map_err(broken)? {
        rows.push(tuples[range].to_vec());
    }
    Ok(rows)
}

/// The tuples with these numbers, ascending.
pub(super) fn only(tuples: &[u8], columns: usize, numbers: &[u32]) -> Result<Vec<u8>, PipelineError> {
    let rows = split(tuples, columns)?;
    let chosen = numbers.iter().filter_map(|number| rows.get(usize::try_from(*number).ok()?));
    Ok(chosen.flat_map(|row| row.iter().copied()).collect())
}
