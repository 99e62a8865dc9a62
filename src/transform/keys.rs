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

/// Legacy keys of one entity and what became of them.
#[derive(Debug)]
pub struct KeySnapshot {
    index: Index,
    ids: Vec<[u8; 16]>,
    /// One byte a key: 0 found, 1 quarantined, 2 filtered. An id of zeros cannot say it, since `keep` may use any id.
    fates: Vec<u8>,
}

#[derive(Debug)]
enum Index {
    /// Keys that lie close together: position = `slots[key - first]`, counted from 1.
    Dense {
        first: i64,
        slots: Vec<u32>,
    },
    /// Sorted keys, binary search.
    Sorted(Vec<i64>),
    Text(HashMap<Box<str>, u32>),
}

/// A table of slots is chosen where it costs at most four slots of four bytes a key; a sorted list costs eight bytes.
const SLOTS_PER_KEY: u128 = 4;

impl KeySnapshot {
    /// What became of `key`; `None` when the source has no such row.
    pub fn fate(&self, key: &LegacyKey) -> Option<Fate> {
        let at = match (&self.index, key) {
            (Index::Dense { first, slots }, LegacyKey::Int(key)) => {
                let slot = usize::try_from(key.checked_sub(*first)?).ok()?;
                usize::try_from(*slots.get(slot)?).ok()?.checked_sub(1)?
            }
            (Index::Sorted(keys), LegacyKey::Int(key)) => keys.binary_search(key).ok()?,
            (Index::Text(keys), LegacyKey::Text(key)) => usize::try_from(*keys.get(key)?).ok()?,
            _ => return None,
        };
        Some(match self.fates[at] {
            0 => Fate::Found(self.ids[at]),
            1 => Fate::Quarantined,
            _ => Fate::Filtered,
        })
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.fates.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fates.is_empty()
    }
}

/// Collects keys for a [`KeySnapshot`].
#[derive(Debug)]
pub struct KeySnapshotBuilder {
    kind: KeyKind,
    ints: Vec<i64>,
    texts: HashMap<Box<str>, u32>,
    ids: Vec<[u8; 16]>,
    fates: Vec<u8>,
    sorted: bool,
}

impl KeySnapshotBuilder {
    /// For keys of this kind.
    pub fn new(kind: KeyKind) -> Self {
        Self { kind, ints: Vec::new(), texts: HashMap::new(), ids: Vec::new(), fates: Vec::new(), sorted: true }
    }

    /// Adds a key. Keys come once each; ascending order is cheapest.
    pub fn add(&mut self, key: LegacyKey, outcome: Outcome, id: Option<[u8; 16]>) {
        match key {
            LegacyKey::Int(key) => {
                self.sorted &= self.ints.last().is_none_or(|last| *last < key);
                self.ints.push(key);
            }
            LegacyKey::Text(key) => {
                let at = u32::try_from(self.fates.len()).unwrap_or(u32::MAX);
                self.texts.insert(key, at);
            }
        }
        let (fate, id) = match (outcome, id) {
            (Outcome::Loaded | Outcome::Merged | Outcome::Adopted, Some(id)) => (0, id),
            (Outcome::Filtered, _) => (2, [0; 16]),
            _ => (1, [0; 16]),
        };
        self.ids.push(id);
        self.fates.push(fate);
    }

    /// The snapshot.
    pub fn finish(mut self) -> KeySnapshot {
        if self.kind == KeyKind::Text {
            return KeySnapshot { index: Index::Text(self.texts), ids: self.ids, fates: self.fates };
        }
        if !self.sorted {
            let mut order: Vec<usize> = (0..self.ints.len()).collect();
            order.sort_by_key(|at| self.ints[*at]);
            self.ints = order.iter().map(|at| self.ints[*at]).collect();
            self.ids = order.iter().map(|at| self.ids[*at]).collect();
            self.fates = order.iter().map(|at| self.fates[*at]).collect();
        }
        let (first, last) = (self.ints.first().copied().unwrap_or(0), self.ints.last().copied().unwrap_or(0));
        let span = u128::from(last.abs_diff(first)) + 1;
        let index = if span <= SLOTS_PER_KEY * self.ints.len() as u128 {
            let mut slots = vec![0_u32; usize::try_from(span).unwrap_or(0)];
            for (at, key) in self.ints.iter().enumerate() {
                let slot = usize::try_from(key.abs_diff(first)).unwrap_or(0);
                slots[slot] = u32::try_from(at + 1).unwrap_or(u32::MAX);
            }
            Index::Dense { first, slots }
        } else {
            Index::Sorted(self.ints)
        };
        KeySnapshot { index, ids: self.ids, fates: self.fates }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_key_is_found_and_no_other(keys in prop::collection::btree_map(any::<i64>(), 0_u8..4, 0..40), dense in prop::collection::btree_map(-50_i64..50, 0_u8..4, 0..40), shuffled: bool) {
            for keys in [keys, dense] {
                let mut builder = KeySnapshotBuilder::new(KeyKind::Int);
                let mut entries: Vec<(i64, u8)> = keys.iter().map(|(k, o)| (*k, *o)).collect();
                if shuffled { entries.reverse(); }
                for (key, outcome) in entries {
                    let outcome = Outcome::from_code(outcome).unwrap();
                    let mut id = [0; 16];
                    id[..8].copy_from_slice(&key.to_be_bytes());
                    builder.add(LegacyKey::Int(key), outcome, Some(id));
                }
                let snapshot = builder.finish();
                for (key, outcome) in &keys {
                    let mut id = [0; 16];
                    id[..8].copy_from_slice(&key.to_be_bytes());
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
