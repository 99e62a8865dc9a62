//! Keys of rows that were in the target before: read there once, kept here, so that every later step knows them without the
//! target. Boundary: what was read; which rows of the source they are is told by transform.

use std::collections::HashSet;

use rusqlite::{Row, params};
use uuid::Uuid;

use super::database::{count, key, key_value, optional_key, rows, stored};
use super::entities::unknown;
use super::id_map::new_key;
use super::steps::{invalidate, refuse_if_loaded};
use super::{ChunkId, EntityId, RunId, StagingError, StagingReader, StagingWriter};
use crate::row::LegacyKey;

/// A legacy key whose row is in the target already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptedKey {
    /// The legacy key.
    pub key: LegacyKey,
    /// The new key that it has there.
    pub new_key: Uuid,
    /// The key of the row that stands for it, where it is another one.
    pub survivor: Option<LegacyKey>,
    /// Whether the target's mapping table has the pair already under the entity's own type.
    pub published: bool,
}

/// How an adoption ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdoptionCounts {
    /// Keys whose row carries them.
    pub adopted: u64,
    /// Keys that another row stands for.
    pub merged: u64,
    /// Pairs whose row is not in the target, left aside.
    pub stale: u64,
}

fn read_key(row: &Row<'_>) -> Result<AdoptedKey, StagingError> {
    let missing = || StagingError::BadRecord { table: "adopted", what: "a key without a new key".to_owned() };
    Ok(AdoptedKey {
        key: key(row, 0)?,
        new_key: new_key(row, 1)?.ok_or_else(missing)?,
        survivor: optional_key(row, 2)?,
        published: row.get(3)?,
    })
}

impl StagingWriter {
    /// Stores the adopted keys of an entity in place of those that are known. What was made of its rows, and of those of
    /// `descendants`, is given up in the same step; fails where rows of any of them are loaded.
    pub fn store_adopted(
        &mut self,
        entity: EntityId,
        descendants: &[EntityId],
        run: RunId,
        keys: &[AdoptedKey],
        stale: u64,
    ) -> Result<(), StagingError> {
        self.step(|db| {
            let all: Vec<EntityId> = descendants.iter().copied().chain([entity]).collect();
            refuse_if_loaded(db, &all)?;
            invalidate(db, &all)?;
            db.prepare_cached("DELETE FROM adopted WHERE entity = ?1")?.execute([entity.0])?;
            let mut insert =
                db.prepare_cached("INSERT INTO adopted (entity, key, new_key, survivor, published) VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for row in keys {
                let survivor = row.survivor.as_ref().map(key_value);
                insert.execute(params![entity.0, key_value(&row.key), &row.new_key.as_bytes()[..], survivor, row.published])?;
            }
            let changed = db.prepare_cached("UPDATE entities SET adopted_run = ?2, adopted_stale = ?3 WHERE id = ?1")?.execute((
                entity.0,
                run.to_string(),
                stored(stale),
            ))?;
            if changed == 1 { Ok(()) } else { Err(unknown(entity)) }
        })
    }
}

impl StagingReader {
    /// The adopted keys of an entity, ascending.
    pub fn adopted(&self, entity: EntityId) -> Result<Vec<AdoptedKey>, StagingError> {
        let sql = "SELECT key, new_key, survivor, published FROM adopted WHERE entity = ?1 ORDER BY key";
        self.at_once(|reader| rows(&reader.db, sql, [entity.0], read_key))
    }

    /// The keys of a chunk that the target's mapping table has already under the entity's type.
    pub fn published_keys(&self, entity: EntityId, chunk: ChunkId) -> Result<HashSet<LegacyKey>, StagingError> {
        let sql = "SELECT a.key FROM chunks AS c JOIN adopted AS a ON a.entity = c.entity AND a.key BETWEEN c.key_min AND c.key_max \
                   WHERE c.id = ?2 AND a.entity = ?1 AND a.published";
        Ok(rows(&self.db, sql, (entity.0, chunk.0), |row| key(row, 0))?.into_iter().collect())
    }

    /// Whether, and with what result, the keys of an entity were read in the target.
    pub fn adoption(&self, entity: EntityId) -> Result<Option<AdoptionCounts>, StagingError> {
        let sql = "SELECT count(a.key) FILTER (WHERE a.survivor IS NULL), count(a.survivor), e.adopted_stale FROM entities AS e \
                   LEFT JOIN adopted AS a ON a.entity = e.id WHERE e.id = ?1 AND e.adopted_run IS NOT NULL GROUP BY e.id";
        let found = rows(&self.db, sql, [entity.0], |row| {
            Ok(AdoptionCounts { adopted: count(row, 0)?, merged: count(row, 1)?, stale: count(row, 2)? })
        })?;
        Ok(found.into_iter().next())
    }
}
