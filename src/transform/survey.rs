//! A first look at all rows of an entity whose outcomes depend on one another: duplicates, merges, self references. Finds
//! which rows lose, which are in a cycle, and what the entity's own key snapshot will be.
//!
//! Boundary: in memory, a few dozen bytes a row; the rows themselves are looked at chunk by chunk and not kept. The second,
//! real pass over the chunks then needs nothing but this.

mod found;

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use siphasher::sip128::{Hasher128, SipHasher13};

use found::Found;

use super::chunk::TransformError;
use super::keys::{KeySnapshot, KeySnapshotBuilder};
use super::row::{Inputs, RowEnd, RowTransformer, SelfEdge, Stop, Traces};
use crate::pg::KeyReader;
use crate::plan::{CompiledEntity, CompiledMerge};
use crate::row::{KeyKind, LegacyKey, Outcome, TupleWriter, Tuples};

/// Why a row that went through by itself is not loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exception {
    /// It equals this row, which has a smaller key.
    MergedInto(LegacyKey),
    /// It equals a row with a smaller key in columns where the plan allows no duplicates.
    Duplicate,
}

/// What the survey of an entity found.
#[derive(Debug)]
pub struct Survey {
    keys: KeySnapshot,
    exceptions: HashMap<LegacyKey, Exception>,
    cycles: HashSet<(usize, LegacyKey)>,
}

impl Survey {
    /// What will have become of each key of the entity.
    pub(super) fn keys(&self) -> &KeySnapshot {
        &self.keys
    }

    pub(super) fn exception(&self, key: &LegacyKey) -> Option<&Exception> {
        self.exceptions.get(key)
    }

    pub(super) fn in_cycle(&self, column: usize, key: &LegacyKey) -> bool {
        self.cycles.contains(&(column, key.clone()))
    }
}

/// A digest of the columns in which rows are compared. 128 bits: among 10^9 rows, two different ones share a digest with a
/// probability below 10^-20.
type Digest = u128;

/// No digest: a row that is not written, or has a NULL in the columns.
const NONE: Digest = 0;

/// How a row ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Written,
    /// Into which row is told in [`Surveyor::into`].
    MergedInto,
    /// It is in the target already, or the row that stands for it is, see [`Surveyor::adopted`]. It wins over every row that is not.
    Adopted,
    Filtered,
    Rejected,
}

impl End {
    /// Whether a row of it will be in the target.
    fn stands(self) -> bool {
        matches!(self, Self::Written | Self::Adopted)
    }
}

/// A row that was looked at: there are as many as the entity has rows, so what only some have stands elsewhere.
#[derive(Debug)]
struct Seen {
    key: LegacyKey,
    /// Its number in the order in which rows were looked at.
    number: u32,
    end: End,
}

// Memory is what bounds the entities that can be surveyed.
const _: () = assert!(size_of::<Seen>() == 24);

/// Looks at the chunks of an entity.
#[derive(Debug, Default)]
pub struct Surveyor {
    rows: Vec<Seen>,
    /// Where the rows begin that came later than those before.
    later: Vec<usize>,
    /// By a row's number, where the entity merges by columns.
    by: Vec<Digest>,
    /// By a row's number, where columns of the entity must not repeat.
    unique: Vec<Digest>,
    /// By a row's number: what it refers to in its own entity.
    edges: HashMap<u32, Vec<SelfEdge>>,
    /// By a row's number: the row that it was merged into by an expression.
    into: HashMap<u32, LegacyKey>,
    /// By a row's number: the new key that it has already, and whether it is its own.
    adopted: HashMap<u32, ([u8; 16], bool)>,
}

impl Surveyor {
    /// Nothing seen yet, and room for so many rows.
    pub fn new(entity: &CompiledEntity, rows: usize) -> Self {
        let room = |compares: bool| Vec::with_capacity(if compares { rows } else { 0 });
        Self {
            rows: Vec::with_capacity(rows),
            by: room(!by(entity).is_empty()),
            unique: room(!entity.unique.is_empty()),
            ..Self::default()
        }
    }

    /// From here on the rows are later than all before: what came out of quarantine finds the others there, and they win.
    pub fn later(&mut self) {
        self.later.push(self.rows.len());
    }

    /// Looks at one chunk, but for its rows (ascending numbers) that count in another one. Rows that are `held` are kept aside, whatever
    /// the plan makes of them now. Chunks come in key order, those of a retry at the end.
    pub fn look_at(
        &mut self,
        entity: &CompiledEntity,
        inputs: &Inputs,
        tuples: &[u8],
        moved: &[u32],
        held: &[u32],
    ) -> Result<(), TransformError> {
        let keys = KeyReader::new(&entity.source, &entity.key.columns).map_err(|e| TransformError::key(entity, &e))?;
        let mut transformer = RowTransformer::new(entity, inputs, true);
        let (mut walk, mut fields) = (Tuples::new(tuples, entity.source.len()), Vec::new());
        let (mut out, mut traces) = (TupleWriter::default(), Traces::default());
        let mut next = 0_u32;
        while walk.next_into(&mut fields).map_err(|e| TransformError::tuple(entity, e))?.is_some() {
            let row = next;
            next = next.saturating_add(1);
            if moved.binary_search(&row).is_ok() {
                continue;
            }
            let key = keys.read(&fields).map_err(|e| TransformError::key(entity, &e))?;
            let number = u32::try_from(self.rows.len()).ok().filter(|number| *number < u32::MAX).ok_or_else(|| {
                let message = "an entity whose rows depend on one another can have 4,294,967,295 rows and has more".to_owned();
                TransformError::stop(entity, &key, Stop { column: String::new(), message })
            })?;
            let mut end = End::Rejected;
            let mut digests = [NONE; 2];
            if held.binary_search(&row).is_err() {
                let adopted = inputs.adopted.as_ref().and_then(|adopted| adopted.get(&key));
                let compares = !entity.unique.is_empty() || !by(entity).is_empty();
                let ended = if adopted.is_some() && !compares {
                    RowEnd::Written
                } else {
                    out.clear();
                    let ended = transformer.run(&key, &OnceCell::new(), &fields, &mut traces, &mut out);
                    ended.map_err(|stop| TransformError::stop(entity, &key, stop))?
                };
                if compares && matches!(ended, RowEnd::Written) {
                    digests = [by(entity), &entity.unique].map(|columns| digest(out.as_bytes(), columns, &traces));
                }
                end = match ended {
                    _ if let Some((id, survivor)) = adopted => {
                        self.adopted.insert(number, (id, survivor.is_none()));
                        End::Adopted
                    }
                    RowEnd::Written => {
                        if !traces.self_edges.is_empty() {
                            self.edges.insert(number, std::mem::take(&mut traces.self_edges));
                        }
                        End::Written
                    }
                    RowEnd::MergedInto(survivor) => {
                        self.into.insert(number, survivor);
                        End::MergedInto
                    }
                    RowEnd::Filtered(_) => End::Filtered,
                    RowEnd::Rejected(_) => End::Rejected,
                };
            }
            if !by(entity).is_empty() {
                self.by.push(digests[0]);
            }
            if !entity.unique.is_empty() {
                self.unique.push(digests[1]);
            }
            self.rows.push(Seen { key, number, end });
        }
        Ok(())
    }

    /// Draws the conclusions. `mint` gives the new key of a legacy key.
    pub fn finish(mut self, kind: KeyKind, mut mint: impl FnMut(&LegacyKey) -> [u8; 16]) -> Survey {
        // The smallest key wins, and rows that came out of quarantine stand behind all others: these are in the target already. Texts
        // stay in the order in which they were read, which is the source's.
        if kind == KeyKind::Int {
            let mut begin = 0;
            for end in self.later.iter().copied().chain([self.rows.len()]) {
                let rows = &mut self.rows[begin..end];
                if !rows.is_sorted_by(|a, b| a.key <= b.key) {
                    rows.sort_by(|a, b| a.key.cmp(&b.key));
                }
                begin = end;
            }
        }
        let found = Found::new(&self, kind);
        let cycles = found.cycles();
        let mut gone = HashSet::new();
        let exceptions = loop {
            let exceptions = found.duplicates(&gone);
            if !found.lose_children(&exceptions, &mut gone) {
                break exceptions;
            }
        };
        let mut builder = KeySnapshotBuilder::with_capacity(kind, self.rows.len());
        for (index, row) in self.rows.iter().enumerate() {
            let (outcome, id) = match found.survivor(&exceptions, index) {
                Some(end) if found.stays(&gone, &exceptions, end) => {
                    let standing = &self.rows[end];
                    let (outcome, id) = match self.adopted.get(&standing.number) {
                        Some((id, own)) => (if *own { Outcome::Adopted } else { Outcome::Merged }, *id),
                        None => (Outcome::Loaded, mint(&standing.key)),
                    };
                    (if end == index { outcome } else { Outcome::Merged }, Some(id))
                }
                Some(end) if self.rows[end].end == End::Filtered => (Outcome::Filtered, None),
                _ => (Outcome::Quarantined, None),
            };
            builder.add(row.key.clone(), outcome, id);
        }
        let exceptions = exceptions
            .into_iter()
            .map(|(index, winner)| {
                let winner = winner.map(|winner| self.rows[winner].key.clone());
                (self.rows[index].key.clone(), winner.map_or(Exception::Duplicate, Exception::MergedInto))
            })
            .collect();
        Survey { keys: builder.finish(), exceptions, cycles }
    }
}

/// The columns by which an entity's rows are merged; none where it does not merge, or merges by an expression.
fn by(entity: &CompiledEntity) -> &[usize] {
    match &entity.merge {
        Some(CompiledMerge::By(columns)) => columns.as_slice(),
        _ => &[],
    }
}

/// Of the columns of a tuple, or [`NONE`].
fn digest(tuple: &[u8], columns: &[usize], traces: &Traces) -> Digest {
    digest_of(tuple, columns, traces).unwrap_or(NONE)
}

fn digest_of(tuple: &[u8], columns: &[usize], traces: &Traces) -> Option<Digest> {
    if columns.is_empty() {
        return None;
    }
    let mut hasher = SipHasher13::new();
    for column in columns {
        let range = traces.fields.get(*column)?.clone();
        let field = tuple.get(range.clone())?;
        // NULLs are never equal: a row with one in a compared column has no duplicates.
        if tuple.get(range.start - 4..range.start)? == (-1_i32).to_be_bytes() {
            return None;
        }
        std::hash::Hasher::write_usize(&mut hasher, field.len());
        std::hash::Hasher::write(&mut hasher, field);
    }
    // That one of 2^128 digests is the other's neighbour does no harm.
    Some(hasher.finish128().as_u128().max(NONE + 1))
}
