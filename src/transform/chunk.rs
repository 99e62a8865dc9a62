//! One staged chunk in, one encoded chunk and the fate of each of its rows out. Boundary: sequential and pure; which threads
//! call it and where the result is kept is `pipeline`'s matter.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

use thiserror::Error;

use super::control::{ControlSum, Sum};
use super::keys::Fate;
use super::mint::Minter;
use super::row::{Inputs, RowEnd, RowTransformer, Stop, Traces, controls};
use super::survey::Exception;
use crate::expr::Resolved;
use crate::pg::{KeyError, KeyReader};
use crate::plan::CompiledEntity;
use crate::row::{Group, LegacyKey, MalformedTuple, Outcome, Reject, TupleWriter, Tuples, reason};

/// What stops a transform. A bad row does not: it is data.
#[derive(Debug, Error)]
pub enum TransformError {
    /// The plan says that the run fails at such a row.
    #[error("{entity}.{column}, row {key}: {message}; the plan lets the run fail here, so mend the source row or the plan and run again")]
    Stopped {
        /// The entity.
        entity: String,
        /// The column, filter or control.
        column: String,
        /// The legacy key of the row.
        key: String,
        /// Why.
        message: String,
    },
    /// A row has no usable key.
    #[error("{entity}: {message}; choose another key in the plan, or leave such rows out in `from`")]
    Key {
        /// The entity.
        entity: String,
        /// What is wrong.
        message: String,
    },
    /// Staged bytes are no tuples.
    #[error("{entity}: a staged chunk is damaged; run `etl extract` again with a fresh staging file")]
    Tuple {
        /// The entity.
        entity: String,
        /// What is wrong.
        source: MalformedTuple,
    },
}

impl TransformError {
    pub(super) fn stop(entity: &CompiledEntity, key: &LegacyKey, stop: Stop) -> Self {
        Self::Stopped { entity: entity.name.clone(), column: stop.column, key: key.to_string(), message: stop.message }
    }

    pub(super) fn key(entity: &CompiledEntity, error: &KeyError) -> Self {
        Self::Key { entity: entity.name.clone(), message: error.to_string() }
    }

    pub(super) fn tuple(entity: &CompiledEntity, source: MalformedTuple) -> Self {
        Self::Tuple { entity: entity.name.clone(), source }
    }
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFate {
    /// Its tuple is in the output, under this new key.
    Loaded([u8; 16]),
    /// The row with this key and new key stands for it.
    Merged {
        /// The new key.
        id: [u8; 16],
        /// The survivor's legacy key, where the merge is by an expression or by columns.
        survivor: String,
    },
    /// It is in the target already, under this new key.
    Adopted([u8; 16]),
    /// This filter left it out.
    Filtered(String),
    /// It is kept aside for this reason.
    Quarantined(Cow<'static, str>),
}

impl KeyFate {
    /// The outcome that it is.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Loaded(_) => Outcome::Loaded,
            Self::Merged { .. } => Outcome::Merged,
            Self::Adopted(_) => Outcome::Adopted,
            Self::Filtered(_) => Outcome::Filtered,
            Self::Quarantined(_) => Outcome::Quarantined,
        }
    }
}

/// A row's key and fate, in row order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowKey {
    /// The row's position in the chunk.
    pub row: u32,
    /// Its legacy key.
    pub key: LegacyKey,
    /// What became of it.
    pub fate: KeyFate,
}

/// A row for the quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedRow {
    /// The row's position in the chunk.
    pub row: u32,
    /// Its legacy key.
    pub key: LegacyKey,
    /// Why.
    pub reject: Reject,
}

/// Incidents of loaded rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentCount {
    /// The target column.
    pub column: String,
    /// The code.
    pub code: String,
    /// How many rows.
    pub count: u64,
}

/// How the references of one column fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceCount {
    /// The target column.
    pub column: String,
    /// The parent's index in the plan.
    pub parent: usize,
    /// Loaded rows with this parent.
    pub hit: u64,
    /// Loaded rows that name no parent at all; counted with the column's first parent.
    pub null: u64,
    /// Rows whose parent the source does not have, whatever became of them.
    pub missing: u64,
    /// Rows whose parent is in quarantine.
    pub parent_quarantined: u64,
    /// Rows whose parent a filter left out.
    pub parent_filtered: u64,
}

/// A transformed chunk.
#[derive(Debug)]
pub struct ChunkOutput {
    /// The tuples that COPY will send, columns in the order of [`CompiledEntity::columns`].
    pub tuples: Vec<u8>,
    /// How many.
    pub loaded: u64,
    /// Every row of the chunk.
    pub keys: Vec<RowKey>,
    /// Rows for the quarantine.
    pub rejects: Vec<RejectedRow>,
    /// Repairs of loaded rows.
    pub incidents: Vec<IncidentCount>,
    /// Control sums by outcome.
    pub controls: Vec<ControlSum>,
    /// References by column.
    pub references: Vec<ReferenceCount>,
}

/// Transforms the rows of `tuples`, but for those (ascending numbers) that count in another chunk.
pub fn transform_chunk(entity: &CompiledEntity, inputs: &Inputs, tuples: &[u8], moved: &[u32]) -> Result<ChunkOutput, TransformError> {
    let key_reader = KeyReader::new(&entity.source, &entity.key.columns).map_err(|e| TransformError::key(entity, &e))?;
    let mut transformer = RowTransformer::new(entity, inputs, false);
    let mut minter = Minter::of(entity.ids, inputs.namespace, &entity.entity_type);
    let (mut walk, mut fields) = (Tuples::new(tuples, entity.source.len()), Vec::new());
    let (mut out, mut traces) = (TupleWriter::with_capacity(tuples.len() + tuples.len() / 2), Traces::default());
    let mut tally = Tally::new(entity);
    let mut keys = Vec::new();
    let mut rejects = Vec::new();
    let mut next = 0_u32;
    while walk.next_into(&mut fields).map_err(|e| TransformError::tuple(entity, e))?.is_some() {
        let row = next;
        next = next.saturating_add(1);
        if moved.binary_search(&row).is_ok() {
            continue;
        }
        let key = key_reader.read(&fields).map_err(|e| TransformError::key(entity, &e))?;
        let id = OnceCell::new();
        let end = match inputs.adopted.as_ref().and_then(|adopted| adopted.get(&key)) {
            // What is there already is not transformed: nothing of it is written.
            Some((id, survivor)) => {
                traces.clear();
                survivor.map_or(Settled::Adopted(id), |survivor| Settled::Merged { id, survivor: survivor.to_string() })
            }
            None => {
                let end = transformer.run(&key, &id, &fields, &mut traces, &mut out);
                settle(end.map_err(|stop| TransformError::stop(entity, &key, stop))?, &key, inputs, &mut out)
            }
        };
        let fate = match end {
            Settled::Loaded => KeyFate::Loaded(*id.get_or_init(|| transformer.mint(&key))),
            Settled::Merged { id, survivor } => KeyFate::Merged { id, survivor },
            Settled::Adopted(id) => KeyFate::Adopted(id),
            Settled::Filtered(name) => KeyFate::Filtered(name),
            Settled::Rejected(reject) => {
                let code = reject.code.clone();
                rejects.push(RejectedRow { row, key: key.clone(), reject });
                KeyFate::Quarantined(code)
            }
        };
        tally.count(&traces, fate.outcome());
        let mut add = |control: usize, group: Group, value: &crate::row::Value<'_>| tally.add(control, group, fate.outcome(), value);
        controls(entity, inputs, &mut minter, &key, &fields, &mut add).map_err(|stop| TransformError::stop(entity, &key, stop))?;
        keys.push(RowKey { row, key, fate });
    }
    let loaded = keys.iter().filter(|k| matches!(k.fate, KeyFate::Loaded(_))).count() as u64;
    let (incidents, controls, references) = tally.finish(entity);
    Ok(ChunkOutput { tuples: out.into_bytes(), loaded, keys, rejects, incidents, controls, references })
}

/// The control sums of a chunk, with the outcome of each row given (none: it counts in another chunk): when the target refuses rows,
/// their part moves from one outcome to another.
pub fn control_sums(
    entity: &CompiledEntity,
    inputs: &Inputs,
    tuples: &[u8],
    outcome: impl Fn(u32) -> Option<Outcome>,
) -> Result<Vec<ControlSum>, TransformError> {
    let key_reader = KeyReader::new(&entity.source, &entity.key.columns).map_err(|e| TransformError::key(entity, &e))?;
    let mut minter = Minter::of(entity.ids, inputs.namespace, &entity.entity_type);
    let (mut walk, mut fields) = (Tuples::new(tuples, entity.source.len()), Vec::new());
    let mut tally = Tally::new(entity);
    let mut row = 0;
    while walk.next_into(&mut fields).map_err(|e| TransformError::tuple(entity, e))?.is_some() {
        if let Some(outcome) = outcome(row) {
            let key = key_reader.read(&fields).map_err(|e| TransformError::key(entity, &e))?;
            let mut add = |control: usize, group: Group, value: &crate::row::Value<'_>| tally.add(control, group, outcome, value);
            controls(entity, inputs, &mut minter, &key, &fields, &mut add).map_err(|stop| TransformError::stop(entity, &key, stop))?;
        }
        row += 1;
    }
    Ok(tally.finish(entity).1)
}

enum Settled {
    Loaded,
    Merged { id: [u8; 16], survivor: String },
    Adopted([u8; 16]),
    Filtered(String),
    Rejected(Reject),
}

/// What other rows of the entity make of a row.
fn settle(end: RowEnd, key: &LegacyKey, inputs: &Inputs, out: &mut TupleWriter) -> Settled {
    let survey = inputs.survey.as_ref();
    let survivor = match end {
        RowEnd::Filtered(name) => return Settled::Filtered(name),
        RowEnd::Rejected(reject) => return Settled::Rejected(reject),
        RowEnd::MergedInto(survivor) => survivor,
        RowEnd::Written => match survey.and_then(|s| s.exception(key)) {
            None => return Settled::Loaded,
            Some(Exception::Duplicate) => {
                out.abandon();
                return Settled::Rejected(reject(
                    reason::DUPLICATE_KEY,
                    "a row with a smaller key is equal in the columns that `unique` names",
                ));
            }
            Some(Exception::MergedInto(survivor)) => {
                out.abandon();
                survivor.clone()
            }
        },
    };
    match survey.and_then(|s| s.keys().fate(key)) {
        Some(Fate::Found(id)) => Settled::Merged { id, survivor: survivor.to_string() },
        Some(Fate::Filtered) => Settled::Filtered(reason::PARENT_FILTERED.to_owned()),
        _ => Settled::Rejected(reject(reason::SURVIVOR_NOT_LOADED, "the row it would be merged into is not loaded")),
    }
}

fn reject(code: &'static str, message: &str) -> Reject {
    Reject { code: Cow::Borrowed(code), column: None, sqlstate: None, message: message.to_owned() }
}

/// Counts over the rows of a chunk.
struct Tally {
    incidents: BTreeMap<(usize, String), u64>,
    /// One for each parent that a column names, in column order, with the column's position.
    references: Vec<(usize, ReferenceCount)>,
    sums: Vec<BTreeMap<(Group, Outcome), Sum>>,
}

impl Tally {
    fn new(entity: &CompiledEntity) -> Self {
        let mut references: Vec<(usize, ReferenceCount)> = Vec::new();
        for (at, compiled) in entity.columns.iter().enumerate() {
            for reference in compiled.expr.references() {
                let known = references.iter().any(|(column, count)| *column == at && count.parent == reference.entity);
                if !known {
                    let column = compiled.column.name.clone();
                    let (hit, null, missing, parent_quarantined, parent_filtered) = (0, 0, 0, 0, 0);
                    references.push((
                        at,
                        ReferenceCount { column, parent: reference.entity, hit, null, missing, parent_quarantined, parent_filtered },
                    ));
                }
            }
        }
        Self { incidents: BTreeMap::new(), references, sums: vec![BTreeMap::new(); entity.controls.len()] }
    }

    fn count(&mut self, traces: &Traces, outcome: Outcome) {
        let loaded = outcome == Outcome::Loaded;
        for (column, parent, found) in &traces.lookups {
            let Some((_, count)) = self.references.iter_mut().find(|(at, count)| at == column && count.parent == *parent) else { continue };
            match found {
                Resolved::Found(_) => count.hit += u64::from(loaded),
                Resolved::Missing => count.missing += 1,
                Resolved::ParentQuarantined => count.parent_quarantined += 1,
                Resolved::ParentFiltered => count.parent_filtered += 1,
                Resolved::Cycle => {}
            }
        }
        if !loaded {
            return;
        }
        for (column, code) in &traces.incidents {
            *self.incidents.entry((*column, code.clone())).or_default() += 1;
        }
        for (column, null) in &traces.references {
            let looked_up = traces.lookups.iter().any(|(at, ..)| at == column);
            if *null
                && !looked_up
                && let Some((_, count)) = self.references.iter_mut().find(|(at, _)| at == column)
            {
                count.null += 1;
            }
        }
    }

    fn add(&mut self, control: usize, group: Group, outcome: Outcome, value: &crate::row::Value<'_>) {
        self.sums[control].entry((group, outcome)).or_default().add(value);
    }

    fn finish(self, entity: &CompiledEntity) -> (Vec<IncidentCount>, Vec<ControlSum>, Vec<ReferenceCount>) {
        let column = |at: usize| entity.columns.get(at).map_or_else(|| "(row)".to_owned(), |c| c.column.name.clone());
        let incidents = self.incidents.into_iter().map(|((at, code), count)| IncidentCount { column: column(at), code, count }).collect();
        let sums = self.sums.into_iter().enumerate().flat_map(|(control, sums)| {
            let seen = sums.into_iter().filter(|(_, sum)| !sum.is_empty());
            seen.map(move |((group, outcome), sum)| ControlSum { control, group, outcome, sum: sum.total().to_string() })
        });
        (incidents, sums.collect(), self.references.into_iter().map(|(_, count)| count).collect())
    }
}
