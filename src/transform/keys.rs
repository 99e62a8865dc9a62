//! The id map of one entity as transforms read it: immutable, compact, shared between threads. Boundary: built by `pipeline` from
//! the staging file; look-ups only.

use std::collections::HashMap;

use crate::row::{KeyKind, LegacyKey, Outcome};

/// What became of a legacy key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its row, or the row it was merged into, has this new key.
    Found([u8; 16]),
    /// It is in quarantine.
    Quarantined,
    /// A filter left it out.
    Filtered,
}

/// Legacy keys of one entity and what became of them, in at most 24 bytes for a key that is a number.
#[derive(Debug)]
pub struct KeySnapshot {
    index: Index,
    /// The new key at each place. Where there is none, [`MARK`] and the reason: so that a look-up reads one place, and rows that are
    /// filtered or kept aside take no more room than others, however many they are.
    ids: Vec<[u8; 16]>,
    /// By place, the new keys that begin as [`MARK`] does: `keep` may use any id.
    marked: HashMap<usize, [u8; 16]>,
    keys: usize,
}

/// How what stands at the place of a key without a new key begins.
const MARK: [u8; 15] = [0xFF; 15];
/// What follows [`MARK`].
const ABSENT: u8 = 0;
const QUARANTINED: u8 = 1;
const FILTERED: u8 = 2;

fn mark(why: u8) -> [u8; 16] {
    let mut id = [why; 16];
    id[..15].copy_from_slice(&MARK);
    id
}

#[derive(Debug)]
enum Index {
    /// Keys with hardly a gap: the place is `key - first`.
    Direct {
        first: i64,
    },
    /// Keys that lie close together: the place is `slots[key - first]`, counted from 1.
    Dense {
        first: i64,
        slots: Vec<u32>,
    },
    /// Sorted keys, binary search.
    Sorted(Vec<i64>),
    Text(HashMap<Box<str>, u32>),
}

/// Up to this span for two keys, places are given to gaps as well: 16 bytes each.
const DIRECT_SPAN_FOR_TWO: u128 = 3;
/// Up to this span for a key there is a table of slots of four bytes; a sorted list costs eight bytes for a key.
const SLOTS_PER_KEY: u128 = 2;

impl KeySnapshot {
    /// What became of `key`; `None` when the source has no such row.
    #[inline]
    pub fn fate(&self, key: &LegacyKey) -> Option<Fate> {
        let at = match (&self.index, key) {
            (Index::Direct { first }, LegacyKey::Int(key)) => usize::try_from(key.checked_sub(*first)?).ok()?,
            (Index::Dense { first, slots }, LegacyKey::Int(key)) => {
                let slot = usize::try_from(key.checked_sub(*first)?).ok()?;
                usize::try_from(*slots.get(slot)?).ok()?.checked_sub(1)?
            }
            (Index::Sorted(keys), LegacyKey::Int(key)) => keys.binary_search(key).ok()?,
            (Index::Text(keys), LegacyKey::Text(key)) => usize::try_from(*keys.get(key)?).ok()?,
            _ => return None,
        };
        let id = self.ids.get(at)?;
        if id[..15] == MARK { self.without(at, id[15]) } else { Some(Fate::Found(*id)) }
    }

    #[cold]
    fn without(&self, at: usize, why: u8) -> Option<Fate> {
        if let Some(id) = self.marked.get(&at) {
            return Some(Fate::Found(*id));
        }
        match why {
            QUARANTINED => Some(Fate::Quarantined),
            FILTERED => Some(Fate::Filtered),
            _ => None,
        }
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys == 0
    }
}

/// Collects keys for a [`KeySnapshot`].
#[derive(Debug)]
pub struct KeySnapshotBuilder {
    kind: KeyKind,
    ints: Vec<i64>,
    texts: HashMap<Box<str>, u32>,
    ids: Vec<[u8; 16]>,
    marked: HashMap<usize, [u8; 16]>,
    sorted: bool,
}

impl KeySnapshotBuilder {
    /// For keys of this kind.
    pub fn new(kind: KeyKind) -> Self {
        Self { kind, ints: Vec::new(), texts: HashMap::new(), ids: Vec::new(), marked: HashMap::new(), sorted: true }
    }

    /// The same with room for so many keys: growing by doubling would hold half as many again for a while.
    pub fn with_capacity(kind: KeyKind, keys: usize) -> Self {
        let ints = if kind == KeyKind::Int { keys } else { 0 };
        let texts = HashMap::with_capacity(keys - ints);
        Self { kind, ints: Vec::with_capacity(ints), texts, ids: Vec::with_capacity(keys), marked: HashMap::new(), sorted: true }
    }

    /// Adds a key. Keys come once each; ascending order is cheapest.
    pub fn add(&mut self, key: LegacyKey, outcome: Outcome, id: Option<[u8; 16]>) {
        let at = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        match key {
            LegacyKey::Int(key) => {
                self.sorted &= self.ints.last().is_none_or(|last| *last < key);
                self.ints.push(key);
            }
            LegacyKey::Text(key) => {
                self.texts.insert(key, at);
            }
        }
        let id = match (outcome, id) {
            (Outcome::Loaded | Outcome::Merged | Outcome::Adopted, Some(id)) => {
                if id[..15] == MARK {
                    self.marked.insert(self.ids.len(), id);
                }
                id
            }
            (Outcome::Filtered, _) => mark(FILTERED),
            _ => mark(QUARANTINED),
        };
        self.ids.push(id);
    }

    /// The snapshot.
    pub fn finish(mut self) -> KeySnapshot {
        let keys = self.ids.len();
        if self.kind == KeyKind::Text {
            return KeySnapshot { index: Index::Text(self.texts), ids: self.ids, marked: self.marked, keys };
        }
        if !self.sorted {
            let mut order: Vec<u32> = (0..u32::try_from(keys).unwrap_or(u32::MAX)).collect();
            order.sort_unstable_by_key(|at| self.ints[*at as usize]);
            self.ints = order.iter().map(|at| self.ints[*at as usize]).collect();
            self.ids = order.iter().map(|at| self.ids[*at as usize]).collect();
            let moved = order.iter().zip(0..).filter_map(|(from, to)| Some((to, self.marked.remove(&(*from as usize))?)));
            self.marked = moved.collect();
        }
        let (first, last) = (self.ints.first().copied().unwrap_or(0), self.ints.last().copied().unwrap_or(0));
        let span = u128::from(last.abs_diff(first)) + 1;
        let place = |key: &i64| usize::try_from(key.abs_diff(first)).unwrap_or(0);
        if 2 * span <= DIRECT_SPAN_FOR_TWO * keys as u128 {
            let marked = self.marked.into_iter().map(|(at, id)| (place(&self.ints[at]), id)).collect();
            return KeySnapshot { index: Index::Direct { first }, ids: spread(self.ids, &self.ints, place), marked, keys };
        }
        let index = if span <= SLOTS_PER_KEY * keys as u128 {
            let mut slots = vec![0_u32; usize::try_from(span).unwrap_or(0)];
            for (at, key) in self.ints.iter().enumerate() {
                slots[place(key)] = u32::try_from(at + 1).unwrap_or(u32::MAX);
            }
            Index::Dense { first, slots }
        } else {
            Index::Sorted(self.ints)
        };
        KeySnapshot { index, ids: self.ids, marked: self.marked, keys }
    }
}

/// Puts each id at the place of its key, in the room where they stand: a second one would be the most that a run takes. Keys ascend, so no place is
/// before that of the id's number, and from behind no id is written over that was not moved.
fn spread(mut ids: Vec<[u8; 16]>, keys: &[i64], place: impl Fn(&i64) -> usize) -> Vec<[u8; 16]> {
    let last = keys.last().map_or(0, |key| place(key) + 1);
    ids.resize(last, mark(ABSENT));
    for (at, key) in keys.iter().enumerate().rev() {
        let to = place(key);
        if to == at {
            // All before it stand side by side from the first one on.
            break;
        }
        ids[to] = std::mem::replace(&mut ids[at], mark(ABSENT));
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_key_is_found_and_no_other(keys in prop::collection::btree_map(any::<i64>(), 0_u8..4, 0..40), dense in prop::collection::btree_map(-50_i64..50, 0_u8..4, 0..40), full in prop::collection::btree_map(7_i64..30, 0_u8..4, 18..23), shuffled: bool) {
            for keys in [keys, dense, full] {
                let mut builder = KeySnapshotBuilder::new(KeyKind::Int);
                let mut entries: Vec<(i64, u8)> = keys.iter().map(|(k, o)| (*k, *o)).collect();
                if shuffled { entries.reverse(); }
                for (key, outcome) in entries {
                    let outcome = Outcome::from_code(outcome).unwrap();
                    let mut id = [0; 16];
                    id[..8].copy_from_slice(&key.to_be_bytes());
                    if key % 5 == 0 { id = mark(key.to_le_bytes()[0] % 4); }
                    builder.add(LegacyKey::Int(key), outcome, Some(id));
                }
                let snapshot = builder.finish();
                for (key, outcome) in &keys {
                    let mut id = [0; 16];
                    id[..8].copy_from_slice(&key.to_be_bytes());
                    if key % 5 == 0 { id = mark(key.to_le_bytes()[0] % 4); }
                    let expected = match outcome { 2 => Fate::Filtered, 3 => Fate::Quarantined, _ => Fate::Found(id) };
                    prop_assert_eq!(snapshot.fate(&LegacyKey::Int(*key)), Some(expected));
                }
                for probe in [i64::MIN, i64::MAX, 0, 77] {
                    prop_assert_eq!(snapshot.fate(&LegacyKey::Int(probe)).is_some(), keys.contains_key(&probe));
                }
                prop_assert!(snapshot.fate(&LegacyKey::Text("1".into())).is_none());
            }
        }
    }
}
