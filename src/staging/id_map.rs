//! The id map: where every legacy key of every entity ended, and the new key it has. Boundary: rows and their digest; the
//! compact snapshot that references are resolved from is built of them by whoever resolves.

use uuid::Uuid;

use super::{ChunkId, EntityId, StagingError, StagingReader};
use crate::row::{LegacyKey, Outcome};

/// Where a row of a chunk ended. The records of a chunk stand in row order, one for each source row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key of the row.
    pub key: LegacyKey,
    /// Where it ended.
    pub outcome: Outcome,
    /// The new key: of the row itself (loaded, adopted), of the row that stands for it (merged), none otherwise.
    pub new_key: Option<Uuid>,
    /// The name of the filter, the code of the reject, or the key of the row that stands for it.
    pub detail: Option<Box<str>>,
}

/// A row of the id map as references need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// The legacy key.
    pub key: LegacyKey,
    /// Where the row ended.
    pub outcome: Outcome,
    /// The new key.
    pub new_key: Option<Uuid>,
}

/// A row of the id map with its place in its chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkKey {
    /// The source row within the chunk, from 0.
    pub row_no: u32,
    /// The legacy key.
    pub key: LegacyKey,
    /// Where the row ended.
    pub outcome: Outcome,
    /// The new key.
    pub new_key: Option<Uuid>,
    /// The name of the filter, the code of the reject, or the key of the row that stands for it.
    pub detail: Option<Box<str>>,
}

/// A row of the id map, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    /// The entity.
    pub entity: EntityId,
    /// The chunk that holds the row.
    pub chunk: ChunkId,
    /// The row.
    pub row: ChunkKey,
}

impl StagingReader {
    /// Gives every key of an entity in key order (numbers by value, texts by their bytes), and verifies at the end that the rows
    /// add up to the digest of their chunks. What was given must not be used when this fails.
    pub fn for_each_key(&self, entity: EntityId, each: impl FnMut(KeyRow)) -> Result<u64, StagingError> {
        let _ = (entity, each);
        todo!()
    }

    /// The keys of a chunk in row order.
    pub fn chunk_keys(&self, chunk: ChunkId) -> Result<Vec<ChunkKey>, StagingError> {
        let _ = chunk;
        todo!()
    }

    /// The source rows behind the tuples of a transformed chunk, in the order of the tuples: the rows that are loaded or to be
    /// loaded, and those that the server refused (their outcome is quarantined, their tuple stays in the payload).
    pub fn tuple_rows(&self, chunk: ChunkId) -> Result<Vec<ChunkKey>, StagingError> {
        let _ = chunk;
        todo!()
    }

    /// Where one key of an entity ended.
    pub fn key(&self, entity: EntityId, key: &LegacyKey) -> Result<Option<KeyEntry>, StagingError> {
        let _ = (entity, key);
        todo!()
    }

    /// The rows that have a new key: the row itself, and those that were merged into it. Reads the whole map.
    pub fn keys_of(&self, new_key: Uuid) -> Result<Vec<KeyEntry>, StagingError> {
        let _ = new_key;
        todo!()
    }

    /// Fails, naming both rows, when two rows that go into a target table have one new key.
    pub fn check_collisions(&self, target_table: &str) -> Result<(), StagingError> {
        let _ = target_table;
        todo!()
    }
}
