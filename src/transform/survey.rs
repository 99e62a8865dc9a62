//! A first look at all rows of an entity whose outcomes depend on one another: duplicates, merges, self references. Finds
//! which rows lose, which are in a cycle, and what the entity's own key snapshot will be.
//!
//! Boundary: in memory, a few dozen bytes a row; the rows themselves are looked at chunk by chunk and not kept. The second,
//! real pass over the chunks then needs nothing but this.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use siphasher::sip128::{Hasher128, SipHasher13};

use super::chunk::TransformError;
use super::keys::{KeySnapshot, KeySnapshotBuilder};
use super::row::{Inputs, RowEnd, RowTransformer, SelfEdge, Traces};
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

#[derive(Debug)]
enum Seen {
    Written {
        by: Option<Digest>,
        unique: Option<Digest>,
        edges: Vec<SelfEdge>,
    },
    MergedInto(LegacyKey),
    /// It is in the target already, or the row that stands for it is. It wins over every row that is not.
    Adopted {
        id: [u8; 16],
        own: bool,
        by: Option<Digest>,
        unique: Option<Digest>,
    },
    Filtered,
    Rejected,
}

impl Seen {
    /// Whether a row of it will be in the target.
    fn stands(&self) -> bool {
        matches!(self, Self::Written { .. } | Self::Adopted { .. })
    }
}

/// Looks at the chunks of an entity.
#[derive(Debug)]
pub struct Surveyor {
    rows: Vec<(LegacyKey, Seen)>,
    /// Where the rows begin that came later than those before.
    later: Vec<usize>,
}

impl Default for Surveyor {
    fn default() -> Self {
        Self::new()
    }
}

impl Surveyor {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self { rows: Vec::new(), later: Vec::new() }
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
        let by = match &entity.merge {
            Some(CompiledMerge::By(columns)) => columns.as_slice(),
            _ => &[],
        };
        let mut next = 0_u32;
        while walk.next_into(&mut fields).map_err(|e| TransformError::tuple(entity, e))?.is_some() {
            let row = next;
            next = next.saturating_add(1);
            if moved.binary_search(&row).is_ok() {
                continue;
            }
            let key = keys.read(&fields).map_err(|e| TransformError::key(entity, &e))?;
            if held.binary_search(&row).is_ok() {
                self.rows.push((key, Seen::Rejected));
                continue;
            }
            out.clear();
            let adopted = inputs.adopted.as_ref().and_then(|adopted| adopted.get(&key));
            if let Some((id, survivor)) = adopted
                && entity.unique.is_empty()
                && by.is_empty()
            {
                self.rows.push((key, Seen::Adopted { id, own: survivor.is_none(), by: None, unique: None }));
                continue;
            }
            let end = transformer.run(&key, &OnceCell::new(), &fields, &mut traces, &mut out);
            let seen = match end.map_err(|stop| TransformError::stop(entity, &key, stop))? {
                end if let Some((id, survivor)) = adopted => {
                    let written = matches!(end, RowEnd::Written);
                    let digest = |columns: &[usize]| if written { digest(out.as_bytes(), columns, &traces) } else { None };
                    Seen::Adopted { id, own: survivor.is_none(), by: digest(by), unique: digest(&entity.unique) }
                }
                RowEnd::Written => Seen::Written {
                    by: digest(out.as_bytes(), by, &traces),
                    unique: digest(out.as_bytes(), &entity.unique, &traces),
                    edges: std::mem::take(&mut traces.self_edges),
                },
                RowEnd::MergedInto(survivor) => Seen::MergedInto(survivor),
                RowEnd::Filtered(_) => Seen::Filtered,
                RowEnd::Rejected(_) => Seen::Rejected,
            };
            self.rows.push((key, seen));
        }
        Ok(())
    }

    /// Draws the conclusions. `mint` gives the new key of a legacy key.
    pub fn finish(self, kind: KeyKind, mut mint: impl FnMut(&LegacyKey) -> [u8; 16]) -> Survey {
        let mut rows = self.rows;
        // The smallest key wins, and rows that came out of quarantine stand behind all others: these are in the target already. Texts
        // stay in the order in which they were read, which is the source's.
        if kind == KeyKind::Int {
            let mut begin = 0;
            for end in self.later.iter().copied().chain([rows.len()]) {
                rows[begin..end].sort_by(|a, b| a.0.cmp(&b.0));
                begin = end;
            }
        }
        let at: HashMap<&LegacyKey, usize> = rows.iter().enumerate().map(|(at, (key, _))| (key, at)).collect();
        let cycles = cycles(&rows, &at);
        let mut gone = vec![false; rows.len()];
        let exceptions = loop {
            let exceptions = duplicates(&rows, &gone);
            // A row whose mandatory parent is not there goes, and with it what depends on it; until nothing changes.
            let mut changed = false;
            for (index, (_, seen)) in rows.iter().enumerate() {
                let Seen::Written { edges, .. } = seen else { continue };
                if gone[index] || exceptions.contains_key(&index) {
                    continue;
                }
                let mandatory = edges.iter().filter(|e| !e.optional);
                let lost = mandatory.into_iter().any(|edge| match at.get(&edge.parent) {
                    Some(parent) => !stands(&rows, &gone, &exceptions, &at, *parent),
                    None => true,
                });
                if lost {
                    gone[index] = true;
                    changed = true;
                }
            }
            if !changed {
                break exceptions;
            }
        };
        let mut builder = KeySnapshotBuilder::new(kind);
        for (index, (key, _)) in rows.iter().enumerate() {
            match survivor(&rows, &exceptions, &at, index) {
                Some(end) if rows[end].1.stands() && !gone[end] && !is_duplicate(&exceptions, end) => {
                    let (outcome, id) = match &rows[end].1 {
                        Seen::Adopted { id, own, .. } => (if *own { Outcome::Adopted } else { Outcome::Merged }, *id),
                        _ => (Outcome::Loaded, mint(&rows[end].0)),
                    };
                    builder.add(key.clone(), if end == index { outcome } else { Outcome::Merged }, Some(id));
                }
                Some(end) if matches!(rows[end].1, Seen::Filtered) => builder.add(key.clone(), Outcome::Filtered, None),
                _ => builder.add(key.clone(), Outcome::Quarantined, None),
            }
        }
        let exceptions = exceptions
            .into_iter()
            .map(|(index, winner)| {
                (rows[index].0.clone(), winner.map_or(Exception::Duplicate, |winner| Exception::MergedInto(rows[winner].0.clone())))
            })
            .collect();
        Survey { keys: builder.finish(), exceptions, cycles }
    }
}

fn digest(tuple: &[u8], columns: &[usize], traces: &Traces) -> Option<Digest> {
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
    Some(hasher.finish128().as_u128())
}

/// Rows equal to an earlier one: merged into it (`Some(winner)`), or not allowed (`None`).
fn duplicates(rows: &[(LegacyKey, Seen)], gone: &[bool]) -> HashMap<usize, Option<usize>> {
    let mut found = HashMap::new();
    let (mut first_by, mut first_unique) = (HashMap::new(), HashSet::new());
    for (index, (_, seen)) in rows.iter().enumerate() {
        let Seen::Adopted { by, unique, .. } = seen else { continue };
        if let Some(by) = by {
            first_by.entry(*by).or_insert(index);
        }
        first_unique.extend(unique);
    }
    for (index, (_, seen)) in rows.iter().enumerate() {
        let Seen::Written { by, unique, .. } = seen else { continue };
        if gone[index] {
            continue;
        }
        if let Some(by) = by
            && let Some(winner) = first_by.get(by)
        {
            found.insert(index, Some(*winner));
            continue;
        }
        if let Some(unique) = unique
            && !first_unique.insert(*unique)
        {
            found.insert(index, None);
            continue;
        }
        if let Some(by) = by {
            first_by.insert(*by, index);
        }
    }
    found
}

fn is_duplicate(exceptions: &HashMap<usize, Option<usize>>, index: usize) -> bool {
    exceptions.contains_key(&index)
}

/// Follows merges to the row that stands in the end; `None` when they go in a circle or lead nowhere.
fn survivor(
    rows: &[(LegacyKey, Seen)],
    exceptions: &HashMap<usize, Option<usize>>,
    at: &HashMap<&LegacyKey, usize>,
    mut index: usize,
) -> Option<usize> {
    for _ in 0..rows.len() {
        index = match (&rows[index].1, exceptions.get(&index)) {
            (Seen::MergedInto(into), _) => *at.get(into)?,
            (_, Some(Some(winner))) => *winner,
            _ => return Some(index),
        };
    }
    None
}

fn stands(
    rows: &[(LegacyKey, Seen)],
    gone: &[bool],
    exceptions: &HashMap<usize, Option<usize>>,
    at: &HashMap<&LegacyKey, usize>,
    index: usize,
) -> bool {
    survivor(rows, exceptions, at, index).is_some_and(|end| rows[end].1.stands() && !gone[end] && !is_duplicate(exceptions, end))
}

/// Members of cycles of self references, column by column: each row has at most one parent in a column, so walking up from a
/// row either ends or comes back.
fn cycles(rows: &[(LegacyKey, Seen)], at: &HashMap<&LegacyKey, usize>) -> HashSet<(usize, LegacyKey)> {
    let mut parents: HashMap<usize, HashMap<usize, usize>> = HashMap::new();
    for (index, (_, seen)) in rows.iter().enumerate() {
        let Seen::Written { edges, .. } = seen else { continue };
        for edge in edges {
            if let Some(parent) = at.get(&edge.parent) {
                parents.entry(edge.column).or_default().insert(index, *parent);
            }
        }
    }
    let mut members = HashSet::new();
    for (column, up) in parents {
        // 0 not seen; otherwise the number of the walk that saw it.
        let mut walk_of: HashMap<usize, usize> = HashMap::new();
        let mut starts: Vec<usize> = up.keys().copied().collect();
        starts.sort_unstable();
        for (walk, start) in starts.into_iter().enumerate() {
            let mut node = Some(start);
            while let Some(current) = node {
                match walk_of.get(&current) {
                    Some(seen) if *seen == walk => {
                        let mut member = current;
                        loop {
                            members.insert((column, rows[member].0.clone()));
                            member = up[&member];
                            if member == current {
                                break;
                            }
                        }
                        break;
                    }
                    Some(_) => break,
                    None => {
                        walk_of.insert(current, walk);
                        node = up.get(&current).copied();
                    }
                }
            }
        }
    }
    members
}
