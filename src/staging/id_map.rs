//! The id map: where every legacy key of every entity ended, and the new key it has. Boundary: rows and their digest; the
//! compact snapshot that references are resolved from is built of them by whoever resolves.

use std::hash::Hasher as _;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row};
use siphasher::sip128::{Hasher128 as _, SipHasher13};
use uuid::Uuid;

use super::chunks::chunk_row;
use super::database::{count, key, key_value, rows};
use super::entities::name_of;
use super::quarantine::refused_rows;
use super::retry::moved_tuples;
use super::{ChunkId, EntityId, StagingError, StagingReader};
use crate::row::{LegacyKey, Outcome};

/// Where a row of a chunk ended. The records of a chunk stand in row order, one for each source row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The source row within the chunk, from 0.
    pub row_no: u32,
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

/// What is told of a chunk's part of the id map, beside the rows.
pub(super) struct KeyPart {
    /// The sum of the rows' digests.
    pub digest: MapDigest,
    /// The smallest and the greatest key: where the rows of the chunk are found without an index of their own.
    pub bounds: Option<(LegacyKey, LegacyKey)>,
}

/// A digest of rows of the id map that does not depend on their order, so that it can be kept for each chunk and added up for an
/// entity: the sum, modulo 2^128, of a SipHash-128 of each row. It finds what was altered by accident or by hand; it is no
/// protection against somebody who computes it anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MapDigest(u128);

impl MapDigest {
    /// Adds a row. The bytes that are hashed are in `FORMAT.md`.
    pub fn add(&mut self, entity: EntityId, key: &LegacyKey, outcome: Outcome, new_key: Option<Uuid>) {
        self.0 = self.0.wrapping_add(row_digest(entity, key, outcome, new_key));
    }

    /// Adds what another chunk has.
    pub fn join(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }

    /// Takes out what no longer holds.
    pub fn leave(&mut self, other: Self) {
        self.0 = self.0.wrapping_sub(other.0);
    }

    /// As it stands in `chunks.map_digest`.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// As it was kept.
    pub fn from_row(row: &Row<'_>, at: usize) -> Result<Self, StagingError> {
        Ok(Self(u128::from_le_bytes(row.get(at)?)))
    }
}

fn row_digest(entity: EntityId, key: &LegacyKey, outcome: Outcome, new_key: Option<Uuid>) -> u128 {
    let mut hasher = SipHasher13::new();
    hasher.write(&entity.0.to_le_bytes());
    match key {
        LegacyKey::Int(key) => {
            hasher.write(&[1]);
            hasher.write(&key.to_le_bytes());
        }
        LegacyKey::Text(key) => {
            hasher.write(&[2]);
            hasher.write(&(key.len() as u64).to_le_bytes());
            hasher.write(key.as_bytes());
        }
    }
    hasher.write(&[outcome as u8, u8::from(new_key.is_some())]);
    if let Some(new_key) = new_key {
        hasher.write(new_key.as_bytes());
    }
    hasher.finish128().into()
}

/// Adds the rows of a chunk, in row order.
pub(super) fn insert_keys(db: &Connection, entity: EntityId, chunk: ChunkId, keys: &[KeyRecord]) -> Result<KeyPart, StagingError> {
    let mut insert =
        db.prepare_cached("INSERT INTO id_map (entity, chunk, key, outcome, new_key, row_no, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    // Bound once for all rows: most of the time of an insert this small is in binding and looking up.
    insert.raw_bind_parameter(1, entity.0)?;
    insert.raw_bind_parameter(2, chunk.0)?;
    let mut digest = MapDigest::default();
    let mut bounds: Option<(&LegacyKey, &LegacyKey)> = None;
    for record in keys {
        let row_no = record.row_no;
        insert.raw_bind_parameter(3, key_value(&record.key))?;
        insert.raw_bind_parameter(4, record.outcome as u8)?;
        insert.raw_bind_parameter(5, record.new_key.as_ref().map(|new_key| &new_key.as_bytes()[..]))?;
        insert.raw_bind_parameter(6, row_no)?;
        insert.raw_bind_parameter(7, record.detail.as_deref())?;
        insert.raw_execute().map_err(|failure| match failure.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => match name_of(db, entity) {
                Ok(entity) => StagingError::DuplicateKey { entity, key: record.key.to_string() },
                Err(unnamed) => unnamed,
            },
            _ => failure.into(),
        })?;
        digest.add(entity, &record.key, record.outcome, record.new_key);
        bounds = Some(bounds.map_or((&record.key, &record.key), |(min, max)| (min.min(&record.key), max.max(&record.key))));
    }
    Ok(KeyPart { digest, bounds: bounds.map(|(min, max)| (min.clone(), max.clone())) })
}

/// Removes the rows of a chunk.
pub(super) fn delete_keys(db: &Connection, chunk: ChunkId) -> Result<(), StagingError> {
    db.prepare_cached(
        "DELETE FROM id_map WHERE chunk = ?1 AND entity = (SELECT entity FROM chunks WHERE id = ?1) AND key BETWEEN \
         (SELECT key_min FROM chunks WHERE id = ?1) AND (SELECT key_max FROM chunks WHERE id = ?1)",
    )?
    .execute([chunk.0])?;
    Ok(())
}

/// Quarantines a row that had another outcome.
pub(super) fn quarantine_key(db: &Connection, entity: EntityId, key: &LegacyKey, code: &str) -> Result<(), StagingError> {
    db.prepare_cached("UPDATE id_map SET outcome = ?3, new_key = NULL, detail = ?4 WHERE entity = ?1 AND key = ?2")?.execute((
        entity.0,
        key_value(key),
        Outcome::Quarantined as u8,
        code,
    ))?;
    Ok(())
}

/// The keys of a chunk in row order. They lie between the chunk's smallest and greatest key; the table has no index by chunk,
/// which every insert would have to pay for.
pub(super) fn chunk_keys(db: &Connection, chunk: ChunkId) -> Result<Vec<ChunkKey>, StagingError> {
    let sql = "SELECT m.row_no, m.key, m.outcome, m.new_key, m.detail FROM chunks AS c JOIN id_map AS m \
               ON m.entity = c.entity AND m.key BETWEEN c.key_min AND c.key_max AND m.chunk = c.id WHERE c.id = ?1";
    let mut keys = rows(db, sql, [chunk.0], |row| read_chunk_key(row, 0))?;
    // Of numbers in key order this is a no-op that costs one look at each.
    keys.sort_by_key(|key| key.row_no);
    Ok(keys)
}

/// The rows of an entity that were merged.
pub(super) fn merged_keys(db: &Connection, entity: EntityId) -> Result<Vec<KeyEntry>, StagingError> {
    let sql = format!("{ENTRY} WHERE entity = ?1 AND outcome = ?2");
    rows(db, &sql, (entity.0, Outcome::Merged as u8), read_entry)
}

const ENTRY: &str = "SELECT entity, chunk, row_no, key, outcome, new_key, detail FROM id_map";

fn read_entry(row: &Row<'_>) -> Result<KeyEntry, StagingError> {
    Ok(KeyEntry { entity: EntityId(row.get(0)?), chunk: ChunkId(row.get(1)?), row: read_chunk_key(row, 2)? })
}

/// Reads row number, key, outcome, new key and detail from five columns.
fn read_chunk_key(row: &Row<'_>, at: usize) -> Result<ChunkKey, StagingError> {
    Ok(ChunkKey {
        row_no: row.get(at)?,
        key: key(row, at + 1)?,
        outcome: outcome(row, at + 2)?,
        new_key: new_key(row, at + 3)?,
        detail: row.get(at + 4)?,
    })
}

pub(super) fn outcome(row: &Row<'_>, at: usize) -> Result<Outcome, StagingError> {
    let code: i64 = row.get(at)?;
    u8::try_from(code)
        .ok()
        .and_then(Outcome::from_code)
        .ok_or_else(|| StagingError::BadRecord { table: "id_map", what: format!("the outcome {code}") })
}

pub(super) fn new_key(row: &Row<'_>, at: usize) -> Result<Option<Uuid>, StagingError> {
    let bad = |what: &str| StagingError::BadRecord { table: "id_map", what: what.to_owned() };
    match row.get_ref(at)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        rusqlite::types::ValueRef::Blob(bytes) => Uuid::from_slice(bytes).map(Some).map_err(|_| bad("a new key that has not 16 bytes")),
        _ => Err(bad("a new key that is not bytes")),
    }
}

/// How many new keys are compared in one pass: 16 bytes each, so that the check needs 32 MB however large the entity is. Passes
/// take the keys apart by their last bits, which are random in every kind of UUID that is minted.
const KEYS_PER_PASS: u64 = 2 << 20;

impl StagingReader {
    /// Gives every key of an entity in key order (numbers by value, texts by their bytes), and verifies at the end that the rows
    /// add up to the digest of their chunks. What was given must not be used when this fails.
    pub fn for_each_key(&self, entity: EntityId, mut each: impl FnMut(KeyRow)) -> Result<u64, StagingError> {
        self.at_once(|reader| {
            let (mut found, mut keys) = (MapDigest::default(), 0);
            let mut statement = reader.db.prepare_cached("SELECT key, outcome, new_key FROM id_map WHERE entity = ?1 ORDER BY key")?;
            let mut all = statement.query([entity.0])?;
            while let Some(row) = all.next()? {
                let row = KeyRow { key: key(row, 0)?, outcome: outcome(row, 1)?, new_key: new_key(row, 2)? };
                found.add(entity, &row.key, row.outcome, row.new_key);
                keys += 1;
                each(row);
            }
            let sql = "SELECT map_digest FROM chunks WHERE entity = ?1 AND map_digest IS NOT NULL";
            let mut kept = MapDigest::default();
            rows(&reader.db, sql, [entity.0], |row| MapDigest::from_row(row, 0).map(|digest| kept.join(digest)))?;
            if found == kept { Ok(keys) } else { Err(StagingError::AlteredKeys { entity: name_of(&reader.db, entity)? }) }
        })
    }

    /// The keys of a chunk in row order.
    pub fn chunk_keys(&self, chunk: ChunkId) -> Result<Vec<ChunkKey>, StagingError> {
        self.at_once(|reader| {
            chunk_row(&reader.db, chunk)?;
            chunk_keys(&reader.db, chunk)
        })
    }

    /// The source rows behind the tuples of a transformed chunk, in the order of the tuples: the rows that are loaded or to be
    /// loaded, and those that the server refused (their outcome is quarantined, their tuple stays in the payload), also when they
    /// count in a later chunk now.
    pub fn tuple_rows(&self, chunk: ChunkId) -> Result<Vec<ChunkKey>, StagingError> {
        self.at_once(|reader| {
            let expected = chunk_row(&reader.db, chunk)?.transformed_rows.unwrap_or(0);
            let refused = refused_rows(&reader.db, chunk)?;
            let mut keys = chunk_keys(&reader.db, chunk)?;
            keys.retain(|key| key.outcome == Outcome::Loaded || refused.binary_search(&key.row_no).is_ok());
            let moved = moved_tuples(&reader.db, chunk)?;
            if !moved.is_empty() {
                keys.extend(moved);
                keys.sort_by_key(|key| key.row_no);
            }
            let counted = keys.len() as u64;
            if counted == expected {
                return Ok(keys);
            }
            let detail = "rows of the id map that have a tuple".to_owned();
            Err(StagingError::OpenLedger { what: format!("chunk {chunk}"), rows: expected, counted, detail })
        })
    }

    /// Where one key of an entity ended.
    pub fn key(&self, entity: EntityId, key: &LegacyKey) -> Result<Option<KeyEntry>, StagingError> {
        let sql = format!("{ENTRY} WHERE entity = ?1 AND key = ?2");
        let mut statement = self.db.prepare_cached(&sql)?;
        statement.query_row((entity.0, key_value(key)), |row| Ok(read_entry(row))).optional()?.transpose()
    }

    /// The rows that have a new key: the row itself, and those that were merged into it. Reads the whole map.
    pub fn keys_of(&self, new_key: Uuid) -> Result<Vec<KeyEntry>, StagingError> {
        rows(&self.db, &format!("{ENTRY} WHERE new_key = ?1 ORDER BY outcome, entity, key"), [&new_key.as_bytes()[..]], read_entry)
    }

    /// Fails, naming both rows, when two rows that go into a target table have one new key.
    ///
    /// Asked for once when all entities of a table are transformed: an index that refused the second row at once would be over
    /// random values, and make every chunk rewrite most of its pages.
    pub fn check_collisions(&self, target_table: &str) -> Result<(), StagingError> {
        self.at_once(|reader| {
            let db = &reader.db;
            let sql = "SELECT coalesce(sum(c.loaded), 0) FROM chunks AS c JOIN entities AS e ON e.id = c.entity WHERE e.target_table = ?1";
            let total = db.prepare_cached(sql)?.query_row([target_table], |row| Ok(count(row, 0)))??;
            let passes = u128::from(total.div_ceil(KEYS_PER_PASS).max(1));
            for pass in 0..passes {
                let mut minted = Vec::new();
                let sql = "SELECT new_key FROM id_map WHERE entity IN (SELECT id FROM entities WHERE target_table = ?1) AND outcome = ?2";
                let mut statement = db.prepare_cached(sql)?;
                let mut all = statement.query((target_table, Outcome::Loaded as u8))?;
                while let Some(row) = all.next()? {
                    minted.extend(new_key(row, 0)?.map(|new_key| new_key.as_u128()).filter(|value| value % passes == pass));
                }
                minted.sort_unstable();
                if let Some(twice) = minted.windows(2).find(|pair| pair[0] == pair[1]) {
                    return Err(collision(db, target_table, Uuid::from_u128(twice[0]))?);
                }
            }
            Ok(())
        })
    }
}

fn collision(db: &Connection, table: &str, new_key: Uuid) -> Result<StagingError, StagingError> {
    let sql = "SELECT e.name, m.key FROM id_map AS m JOIN entities AS e ON e.id = m.entity \
               WHERE e.target_table = ?1 AND m.outcome = ?2 AND m.new_key = ?3 ORDER BY m.entity, m.key LIMIT 2";
    let params = (table, Outcome::Loaded as u8, &new_key.as_bytes()[..]);
    let mut found = rows(db, sql, params, |row| Ok(format!("{} {}", row.get::<_, String>(0)?, key(row, 1)?)))?.into_iter();
    let (first, second) = (found.next().unwrap_or_default(), found.next().unwrap_or_default());
    Ok(StagingError::Collision { table: table.to_owned(), first, second, new_key: new_key.into() })
}
