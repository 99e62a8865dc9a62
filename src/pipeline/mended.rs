//! A plan that was mended after rows were loaded: it is taken over where all loaded rows come out of it as they are, to the byte, and
//! refused where one would not. Boundary: finding out and saying so; taking it over is one step of `staging`, and what is in quarantine
//! is `retry`'s matter.
//!
//! A row was made with the keys that were known then: what came out of quarantine later was kept aside for it. So chunks are compared
//! in groups that saw the same later chunks.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

use rayon::prelude::*;

use super::prepare::{self, Sight};
use super::retry::only;
use super::run::{control_sum, reference_of};
use super::settings::{PipelineError, Setup};
use crate::plan::CompiledEntity;
use crate::row::{Group, Incident, KeyKind, LegacyKey, Outcome, Tuples};
use crate::staging::{ChunkId, ChunkKey, ChunkRow, ChunkState, EntityId, IncidentCount, MendedChunk, MendedEntity, RunId, StagingReader};
use crate::transform::{ChunkOutput, Inputs, KeyFate, KeySnapshot, KeySnapshotBuilder, control_sums, same_sum, transform_chunk};

/// Keys that are named of rows that would change.
const KEYS_NAMED: usize = 3;

/// What a comparison needs besides the entity.
pub(super) struct Comparison<'a> {
    pub(super) setup: &'a Setup<'a>,
    pub(super) reader: &'a StagingReader,
    /// Staging ids by entity index, of those that are known.
    pub(super) ids: Vec<Option<EntityId>>,
    /// Microseconds since 2000-01-01 UTC at which the migration's first run began.
    pub(super) run_started_at: i64,
    /// Runs in their order.
    pub(super) order: HashMap<RunId, usize>,
    pub(super) pool: rayon::ThreadPool,
}

/// What a mended plan would change in loaded rows.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Rows that were compared, and those of them that would come out different.
    rows: u64,
    differing: u64,
    /// By what would change: how many rows, and the keys of the first.
    what: BTreeMap<String, (u64, Vec<String>)>,
    /// Control sums that would be others.
    controls: BTreeSet<String>,
}

impl Changes {
    fn is_none(&self) -> bool {
        self.differing == 0 && self.controls.is_empty()
    }

    fn note(&mut self, what: String, key: &LegacyKey) {
        let (rows, keys) = self.what.entry(what).or_default();
        *rows += 1;
        if keys.len() < KEYS_NAMED {
            keys.push(key.to_string());
        }
    }

    fn join(&mut self, other: Self) {
        self.rows += other.rows;
        self.differing += other.differing;
        self.controls.extend(other.controls);
        for (what, (rows, keys)) in other.what {
            let known = self.what.entry(what).or_default();
            known.0 += rows;
            known.1.extend(keys);
            known.1.truncate(KEYS_NAMED);
        }
    }

    /// The changes in words.
    fn told(&self, name: &str) -> String {
        let mut text = String::new();
        if self.differing > 0 {
            let _ = write!(text, "{} of the {} rows of {name} that are done would come out different (", self.differing, self.rows);
            for (at, (what, (rows, keys))) in self.what.iter().enumerate() {
                let more = if *rows > keys.len() as u64 { ", …" } else { "" };
                let _ = write!(text, "{}{what}: {rows} rows, keys {}{more}", if at > 0 { "; " } else { "" }, keys.join(", "));
            }
            text.push(')');
        }
        for control in &self.controls {
            let _ = write!(
                text,
                "{}the control sum {name}.{control} would be another, and the source can be asked for it only while its rows are read",
                if text.is_empty() { "" } else { "; " }
            );
        }
        text
    }
}

impl Comparison<'_> {
    /// Compares the loaded rows of an entity with what the plan makes of them now. Gives what is to be recorded where all of them come
    /// out the same, else what would change, in words.
    pub(super) fn compare(&self, entity: &CompiledEntity, id: EntityId) -> Result<Result<MendedEntity, String>, PipelineError> {
        let (mut changes, mut chunks) = (Changes::default(), Vec::new());
        for (later, group) in self.groups(entity, id)? {
            let inputs = self.inputs(entity, id, &later)?;
            let (staging, ids) = (&self.setup.staging, &self.ids);
            let found: Result<Vec<_>, PipelineError> = self.pool.install(|| {
                group
                    .par_iter()
                    .map_init(
                        || StagingReader::open(staging),
                        |reader, chunk| {
                            let reader = reader.as_ref().map_err(|error| PipelineError::NotReady { message: error.to_string() })?;
                            look_at(entity, ids, &inputs, *chunk, reader)
                        },
                    )
                    .collect()
            });
            for (changed, mended) in found? {
                changes.join(changed);
                chunks.push(mended);
            }
        }
        if !changes.is_none() {
            return Ok(Err(changes.told(&entity.name)));
        }
        Ok(Ok(MendedEntity {
            entity: id,
            record: super::resume::record(self.setup, entity),
            rows: changes.rows,
            chunks,
            descendants: self.setup.plan.descendants(entity.index).into_iter().filter_map(|at| self.ids[at]).collect(),
            controls: entity.controls.iter().map(|control| control.name.clone()).collect(),
        }))
    }

    /// The loaded chunks of an entity by the chunks that are later: those of it or of its parents whose rows were in quarantine when
    /// the chunk was made.
    fn groups(&self, entity: &CompiledEntity, id: EntityId) -> Result<BTreeMap<Vec<ChunkId>, Vec<ChunkId>>, PipelineError> {
        let mut retried = Vec::new();
        for of in entity.parents.iter().copied().chain([entity.index]).filter_map(|at| self.ids[at]) {
            for chunk in self.reader.retried_chunks(of)? {
                retried.push(self.reader.chunk(chunk)?);
            }
        }
        let made = |chunk: &ChunkRow| chunk.transformed_run.and_then(|run| self.order.get(&run).copied());
        // A chunk of a retry that was rolled back since was made anew with its entity, as any other.
        let by_retry = |chunk: &ChunkRow| chunk.transformed_run == Some(chunk.extracted_run);
        let is_later = |other: &ChunkRow, chunk: &ChunkRow| match made(other).cmp(&made(chunk)) {
            Ordering::Greater => true,
            Ordering::Less => false,
            // A run takes up what is in quarantine at its end, parents first.
            Ordering::Equal => by_retry(other) && (chunk.id < other.id || !retried.iter().any(|retried| retried.id == chunk.id)),
        };
        let mut groups: BTreeMap<Vec<ChunkId>, Vec<ChunkId>> = BTreeMap::new();
        for chunk in self.reader.chunks(id, Some(ChunkState::Loaded))? {
            let later = retried.iter().filter(|other| is_later(other, &chunk)).map(|other| other.id).collect();
            groups.entry(later).or_default().push(chunk.id);
        }
        Ok(groups)
    }

    /// The inputs that a chunk was made with, `later` being the chunks whose rows were in quarantine then.
    fn inputs(&self, entity: &CompiledEntity, id: EntityId, later: &[ChunkId]) -> Result<Inputs, PipelineError> {
        let mut parents: Vec<Option<Arc<KeySnapshot>>> = vec![None; self.setup.plan.entities.len()];
        for parent in &entity.parents {
            parents[*parent] = Some(Arc::new(self.keys(*parent, later)?));
        }
        let namespace = self.setup.plan.namespace;
        let mut inputs = Inputs { namespace, run_started_at: self.run_started_at, parents, adopted: None, survey: None };
        inputs.adopted = prepare::adopted(entity, id, self.reader)?;
        if entity.needs_survey() {
            let sight = |chunk: &ChunkRow| {
                if later.contains(&chunk.id) {
                    return Ok(None);
                }
                let all = self.reader.moved(chunk.id)?;
                let (gone, moved): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, to)| later.contains(to));
                let mut held: Vec<u32> = gone.into_iter().map(|(row, _)| row).collect();
                if chunk.state == ChunkState::Loaded {
                    held.extend(self.reader.rejected_rows(chunk.id)?);
                }
                held.sort_unstable();
                Ok(Some(Sight { moved: moved.into_iter().map(|(row, _)| row).collect(), held }))
            };
            inputs.survey = Some(Arc::new(prepare::survey(entity, &inputs, id, self.reader, sight, &[])?));
        }
        Ok(inputs)
    }

    /// The keys of an entity as they were when the rows of `later` were in quarantine.
    fn keys(&self, index: usize, later: &[ChunkId]) -> Result<KeySnapshot, PipelineError> {
        let name = &self.setup.plan.entities[index].name;
        let unknown = || PipelineError::NotReady { message: format!("{name} is not migrated yet: run `etl run --only {name}` first") };
        let id = self.ids[index].ok_or_else(unknown)?;
        let mut held = BTreeSet::new();
        for chunk in later {
            if self.reader.chunk(*chunk)?.entity == id {
                held.extend(self.reader.chunk_keys(*chunk)?.into_iter().map(|key| key.key));
            }
        }
        let kind = self.reader.entity(name)?.map_or(KeyKind::Text, |entity| entity.record.key_kind);
        let mut builder = KeySnapshotBuilder::new(kind);
        self.reader.for_each_key(id, |row| {
            let (outcome, id) = if held.contains(&row.key) { (Outcome::Quarantined, None) } else { (row.outcome, row.new_key) };
            builder.add(row.key, outcome, id.map(|id| *id.as_bytes()));
        })?;
        Ok(builder.finish())
    }
}

/// Compares a loaded chunk with what the plan makes of it now.
fn look_at(
    entity: &CompiledEntity,
    ids: &[Option<EntityId>],
    inputs: &Inputs,
    chunk: ChunkId,
    reader: &StagingReader,
) -> Result<(Changes, MendedChunk), PipelineError> {
    let source = reader.load_extracted(chunk)?.tuples;
    let staged = reader.load_transformed(chunk)?.tuples;
    let (keys, with_tuple) = (reader.chunk_keys(chunk)?, reader.tuple_rows(chunk)?);
    let held = reader.quarantined_rows(chunk)?;
    let mut left_out = reader.moved_rows(chunk)?;
    left_out.extend(&held);
    left_out.sort_unstable();
    let output = transform_chunk(entity, inputs, &source, &left_out)?;
    let settled: Vec<&ChunkKey> = keys.iter().filter(|key| key.outcome != Outcome::Quarantined).collect();
    let (mut changes, filters) = compared(entity, &settled, &with_tuple, &staged, &output)?;
    changes.controls = controls(entity, inputs, chunk, &source, &keys, reader)?;
    // What is kept aside counts where it leads as well; it is in no tuple.
    let kept = transform_chunk(entity, inputs, &only(&source, entity.source.len(), &held)?, &[])?.references;
    let mut references = output.references;
    for (known, kept) in references.iter_mut().zip(kept) {
        known.missing += kept.missing;
        known.parent_quarantined += kept.parent_quarantined;
        known.parent_filtered += kept.parent_filtered;
    }
    let incidents = output.incidents.into_iter();
    let mended = MendedChunk {
        chunk,
        filters,
        incidents: incidents.map(|i| IncidentCount { incident: Incident { column: i.column, code: i.code }, count: i.count }).collect(),
        references: references.into_iter().filter_map(|count| reference_of(ids, count)).collect(),
    };
    Ok((changes, mended))
}

/// The control sums of a chunk that would be others.
fn controls(
    entity: &CompiledEntity,
    inputs: &Inputs,
    chunk: ChunkId,
    source: &[u8],
    keys: &[ChunkKey],
    reader: &StagingReader,
) -> Result<BTreeSet<String>, PipelineError> {
    let outcomes: HashMap<u32, Outcome> = keys.iter().map(|key| (key.row_no, key.outcome)).collect();
    let sums = control_sums(entity, inputs, source, |row| outcomes.get(&row).copied())?;
    let by_place = |sums: Vec<crate::staging::ControlSum>| -> Sums {
        sums.into_iter().map(|sum| ((sum.name, sum.outcome, sum.group), sum.sum)).collect()
    };
    let now = by_place(sums.into_iter().map(|sum| control_sum(entity, sum)).collect());
    let mut known = by_place(reader.chunk_sums(chunk)?);
    known.retain(|(name, ..), _| entity.controls.iter().any(|control| control.name == *name));
    let places: BTreeSet<_> = now.keys().chain(known.keys()).cloned().collect();
    let differs = |place: &_| {
        let [one, other] = [&now, &known].map(|sums| sums.get(place).map_or("0", String::as_str));
        !same_sum(one, other)
    };
    Ok(places.into_iter().filter(differs).map(|(name, ..)| name).collect())
}

/// Control sums by name, outcome and group.
type Sums = BTreeMap<(String, Outcome, Group), String>;

/// Compares rows that have an outcome with what the plan makes of them now; also gives the rows whose filter has another name.
fn compared(
    entity: &CompiledEntity,
    settled: &[&ChunkKey],
    with_tuple: &[ChunkKey],
    staged: &[u8],
    output: &ChunkOutput,
) -> Result<(Changes, Vec<(LegacyKey, String)>), PipelineError> {
    let damaged = |source| PipelineError::Transform(crate::transform::TransformError::Tuple { entity: entity.name.clone(), source });
    let columns = entity.columns.len();
    let mut changes = Changes { rows: settled.len() as u64, ..Changes::default() };
    let mut filters = Vec::new();
    let reasons: HashMap<u32, &str> =
        output.rejects.iter().map(|rejected| (rejected.row, rejected.reject.column.as_deref().unwrap_or(&rejected.reject.code))).collect();
    let (mut old, mut new) = (Tuples::new(staged, columns), Tuples::new(&output.tuples, columns));
    let (mut old_fields, mut new_fields) = (Vec::new(), Vec::new());
    // A row that the server refused has a tuple, too.
    let mut tuples = with_tuple.iter();
    for (known, now) in settled.iter().zip(&output.keys) {
        if known.outcome == Outcome::Loaded {
            for row in tuples.by_ref() {
                old.next_into(&mut old_fields).map_err(damaged)?;
                if row.row_no == known.row_no {
                    break;
                }
            }
        }
        let id = known.new_key.map(uuid::Uuid::into_bytes);
        if matches!(now.fate, KeyFate::Loaded(_)) {
            new.next_into(&mut new_fields).map_err(damaged)?;
        }
        let before = changes.what.values().map(|(rows, _)| rows).sum::<u64>();
        match (known.outcome, &now.fate) {
            (Outcome::Loaded, KeyFate::Loaded(now)) => {
                for (at, column) in entity.columns.iter().enumerate() {
                    if old_fields.get(at) != new_fields.get(at) {
                        changes.note(format!("column {}", column.column.name), &known.key);
                    }
                }
                // The same row may be called by another of its columns now.
                if old_fields == new_fields && id != Some(*now) {
                    changes.note("the new key".to_owned(), &known.key);
                }
            }
            (Outcome::Filtered, KeyFate::Filtered(name)) => {
                if known.detail.as_deref() != Some(name) {
                    filters.push((known.key.clone(), name.clone()));
                }
            }
            (Outcome::Merged, KeyFate::Merged { id: now, .. }) | (Outcome::Adopted, KeyFate::Adopted(now)) if id == Some(*now) => {}
            (_, KeyFate::Loaded(_)) => changes.note(format!("{} so far, loaded now", known.outcome.word()), &known.key),
            (_, KeyFate::Filtered(name)) => changes.note(format!("filtered by {name}"), &known.key),
            (_, KeyFate::Merged { .. }) => changes.note("merged into another row".to_owned(), &known.key),
            (_, KeyFate::Adopted(_)) => changes.note("adopted".to_owned(), &known.key),
            (_, KeyFate::Quarantined(code)) => {
                let place = reasons.get(&now.row).filter(|place| **place != code.as_ref());
                changes.note(format!("quarantined as {code}{}", place.map_or_else(String::new, |c| format!(" of {c}"))), &known.key);
            }
        }
        let after = changes.what.values().map(|(rows, _)| rows).sum::<u64>();
        changes.differing += u64::from(after > before);
    }
    Ok((changes, filters))
}
