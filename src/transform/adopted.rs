//! Rows that are in the target already, as transforms look them up. Boundary: built by `pipeline` from the staging file.

use std::collections::HashMap;

use super::keys::{Fate, KeySnapshot, KeySnapshotBuilder};
use crate::row::{KeyKind, LegacyKey, Outcome};

/// The adopted keys of an entity.
#[derive(Debug)]
pub struct AdoptedKeys {
    ids: KeySnapshot,
    /// Only of keys that another row stands for.
    survivors: HashMap<LegacyKey, LegacyKey>,
}

impl AdoptedKeys {
    /// From keys in ascending order, each with its new key and the key of the row that stands for it, where it is another one.
    pub fn new(kind: KeyKind, keys: impl IntoIterator<Item = (LegacyKey, [u8; 16], Option<LegacyKey>)>) -> Self {
        let (mut ids, mut survivors) = (KeySnapshotBuilder::new(kind), HashMap::new());
        for (key, id, survivor) in keys {
            if let Some(survivor) = survivor {
                survivors.insert(key.clone(), survivor);
            }
            ids.add(key, Outcome::Adopted, Some(id));
        }
        Self { ids: ids.finish(), survivors }
    }

    /// The new key of an adopted key, and the key of the row that stands for it.
    pub fn get(&self, key: &LegacyKey) -> Option<([u8; 16], Option<&LegacyKey>)> {
        match self.ids.fate(key)? {
            Fate::Found(id) => Some((id, self.survivors.get(key))),
            Fate::Quarantined | Fate::Filtered => None,
        }
    }
}
