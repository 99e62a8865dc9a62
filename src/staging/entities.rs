//! Entities as they were when their rows were stored, and the key ranges they are read in. Boundary: what is needed to
//! continue and to read stored rows without any server; the plan itself is kept whole with the run.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::columns::{columns_from_json, columns_to_json};
use super::database::{key_value, optional_key, rows, run_id};
use super::{RunId, SourceControl, StagingError, StagingReader, StagingWriter};
use crate::row::{Column, KeyKind, LegacyKey, same_to_the_byte};

/// An entity of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityId(pub i64);

/// What is recorded of an entity.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityRecord {
    /// Its name in the plan.
    pub name: String,
    /// Where it goes, `schema.table`.
    pub target_table: String,
    /// What its keys are made of.
    pub key_kind: KeyKind,
    /// The columns of its source query, in the order of the stored tuples.
    pub source_columns: Vec<Column>,
    /// The columns of the target that are written, in the order of the stored tuples.
    pub target_columns: Vec<Column>,
    /// Identifies the part of the plan that decides what is read.
    pub extract_hash: String,
    /// Identifies the part of the plan that decides what is made of it.
    pub transform_hash: String,
    /// Identifies the part of the plan that decides which rows of the target are adopted.
    pub adopt_hash: String,
}

/// An entity as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityRow {
    /// The entity.
    pub id: EntityId,
    /// What was recorded.
    pub record: EntityRecord,
    /// The run that finished reading it.
    pub extracted_run: Option<RunId>,
}

/// A range of keys: `lower < key <= upper`, open where there is no bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeSpec {
    /// The greatest key before the range.
    pub lower: Option<LegacyKey>,
    /// The last key that can be in the range.
    pub upper: Option<LegacyKey>,
}

/// A range as recorded, and how far it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeRow {
    /// Its number within the entity, from 0.
    pub range_no: u32,
    /// Its bounds.
    pub spec: RangeSpec,
    /// Whether it was read to its end.
    pub done: bool,
    /// Chunks stored of it: the next one has this sequence number.
    pub chunks: u32,
    /// The key of the last row stored of it: reading continues behind it.
    pub last_key: Option<LegacyKey>,
}

impl StagingWriter {
    /// Registers an entity, once: a second time with the same record it gives the same id. What differs is replaced as long as
    /// no row depends on it; otherwise the rows must be given up first (`invalidate_extract`, `invalidate_transform`).
    pub fn register_entity(&mut self, entity: &EntityRecord) -> Result<EntityId, StagingError> {
        self.step(|db| {
            let Some(known) = entity_by_name(db, &entity.name)? else {
                insert_entity(db, entity)?;
                return Ok(EntityId(db.last_insert_rowid()));
            };
            let changed = |stage| StagingError::EntityChanged { entity: entity.name.clone(), stage };
            let (old, new) = (&known.record, entity);
            let chunks = |state: &str| -> Result<bool, StagingError> {
                let sql = "SELECT EXISTS (SELECT 1 FROM chunks WHERE entity = ?1 AND state <> ?2)";
                Ok(db.prepare_cached(sql)?.query_row((known.id.0, state), |row| row.get(0))?)
            };
            if (old.key_kind, &old.source_columns, &old.extract_hash) != (new.key_kind, &new.source_columns, &new.extract_hash) {
                if chunks("")? || known.extracted_run.is_some() {
                    return Err(changed("extract"));
                }
                // Ranges without a chunk are worth nothing, and may be over another key.
                db.prepare_cached("DELETE FROM ranges WHERE entity = ?1")?.execute([known.id.0])?;
            }
            let columns = same_to_the_byte(&old.target_columns, &new.target_columns);
            let made_by = |record: &EntityRecord| [&record.target_table, &record.transform_hash, &record.adopt_hash].map(String::clone);
            if (!columns || made_by(old) != made_by(new)) && chunks("extracted")? {
                return Err(changed("transform"));
            }
            if old != new || !columns || !same_to_the_byte(&old.source_columns, &new.source_columns) {
                update_entity(db, known.id, entity)?;
            }
            Ok(known.id)
        })
    }

    /// Plans the ranges in which an entity is read, once: those that are planned already stay, and are given back.
    pub fn plan_ranges(&mut self, entity: EntityId, ranges: &[RangeSpec]) -> Result<Vec<RangeRow>, StagingError> {
        self.step(|db| {
            let known = read_ranges(db, entity)?;
            if !known.is_empty() {
                return Ok(known);
            }
            let mut insert = db.prepare_cached("INSERT INTO ranges (entity, range_no, lower, upper) VALUES (?1, ?2, ?3, ?4)")?;
            for (range_no, range) in (0_u32..).zip(ranges) {
                insert.execute((entity.0, range_no, range.lower.as_ref().map(key_value), range.upper.as_ref().map(key_value)))?;
            }
            read_ranges(db, entity)
        })
    }

    /// Marks a range as read to its end when there is nothing behind its last stored chunk.
    pub fn finish_range(&mut self, entity: EntityId, range_no: u32) -> Result<(), StagingError> {
        self.step(|db| finish_range(db, entity, range_no))
    }

    /// Marks an entity as read to its end, with the control sums that the source itself gave. All ranges must be done.
    pub fn finish_extract(&mut self, entity: EntityId, run: RunId, controls: &[SourceControl]) -> Result<(), StagingError> {
        self.step(|db| {
            let ranges = read_ranges(db, entity)?;
            let open = ranges.iter().filter(|range| !range.done).count() as u64;
            if open > 0 {
                return Err(StagingError::RangesOpen { entity: name_of(db, entity)?, open });
            }
            db.prepare_cached("DELETE FROM source_controls WHERE entity = ?1")?.execute([entity.0])?;
            let mut insert =
                db.prepare_cached("INSERT INTO source_controls (entity, name, snapshot, grp, sum) VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for control in controls {
                insert.execute((entity.0, &control.name, control.snapshot.0, control.group.to_json(), &control.sum))?;
            }
            let changed =
                db.prepare_cached("UPDATE entities SET extracted_run = ?2 WHERE id = ?1")?.execute((entity.0, run.to_string()))?;
            if changed == 1 { Ok(()) } else { Err(unknown(entity)) }
        })
    }
}

/// Marks a range as read to its end.
pub(super) fn finish_range(db: &Connection, entity: EntityId, range_no: u32) -> Result<(), StagingError> {
    let changed = db.prepare_cached("UPDATE ranges SET done = 1 WHERE entity = ?1 AND range_no = ?2")?.execute((entity.0, range_no))?;
    if changed == 1 { Ok(()) } else { Err(StagingError::Unknown { what: format!("range {range_no} of entity {}", entity.0) }) }
}

fn insert_entity(db: &Connection, entity: &EntityRecord) -> Result<(), StagingError> {
    db.prepare_cached(
        "INSERT INTO entities (name, target_table, key_kind, source_columns, target_columns, extract_hash, transform_hash, adopt_hash) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute((
        &entity.name,
        &entity.target_table,
        kind_word(entity.key_kind),
        columns_to_json(&entity.source_columns)?,
        columns_to_json(&entity.target_columns)?,
        &entity.extract_hash,
        &entity.transform_hash,
        &entity.adopt_hash,
    ))?;
    Ok(())
}

pub(super) fn update_entity(db: &Connection, id: EntityId, entity: &EntityRecord) -> Result<(), StagingError> {
    db.prepare_cached(
        "UPDATE entities SET target_table = ?2, key_kind = ?3, source_columns = ?4, target_columns = ?5, extract_hash = ?6, \
         transform_hash = ?7, adopt_hash = ?8 WHERE id = ?1",
    )?
    .execute((
        id.0,
        &entity.target_table,
        kind_word(entity.key_kind),
        columns_to_json(&entity.source_columns)?,
        columns_to_json(&entity.target_columns)?,
        &entity.extract_hash,
        &entity.transform_hash,
        &entity.adopt_hash,
    ))?;
    Ok(())
}

const ENTITY: &str = "SELECT id, name, target_table, key_kind, source_columns, target_columns, extract_hash, transform_hash, adopt_hash, \
                      extracted_run FROM entities";

fn read_entity(row: &Row<'_>) -> Result<EntityRow, StagingError> {
    let kind: String = row.get(3)?;
    let key_kind = match kind.as_str() {
        "int" => KeyKind::Int,
        "text" => KeyKind::Text,
        _ => return Err(StagingError::BadRecord { table: "entities", what: format!("the key kind {kind}") }),
    };
    let record = EntityRecord {
        name: row.get(1)?,
        target_table: row.get(2)?,
        key_kind,
        source_columns: columns_from_json(row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?)?,
        target_columns: columns_from_json(row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?)?,
        extract_hash: row.get(6)?,
        transform_hash: row.get(7)?,
        adopt_hash: row.get(8)?,
    };
    let extracted_run = row.get::<_, Option<String>>(9)?.map(|run| run_id(&run)).transpose()?;
    Ok(EntityRow { id: EntityId(row.get(0)?), record, extracted_run })
}

fn entity_by_name(db: &Connection, name: &str) -> Result<Option<EntityRow>, StagingError> {
    Ok(rows(db, &format!("{ENTITY} WHERE name = ?1"), [name], read_entity)?.pop())
}

/// The name of an entity.
pub(super) fn name_of(db: &Connection, entity: EntityId) -> Result<String, StagingError> {
    let name = db.prepare_cached("SELECT name FROM entities WHERE id = ?1")?.query_row([entity.0], |row| row.get(0)).optional()?;
    name.ok_or_else(|| unknown(entity))
}

pub(super) fn unknown(entity: EntityId) -> StagingError {
    StagingError::Unknown { what: format!("entity {}", entity.0) }
}

fn read_ranges(db: &Connection, entity: EntityId) -> Result<Vec<RangeRow>, StagingError> {
    // A bare column beside max() is that of the row with the maximum: https://sqlite.org/lang_select.html#bareagg
    let sql = "SELECT r.range_no, r.lower, r.upper, r.done, c.next, c.last_key FROM ranges AS r LEFT JOIN \
               (SELECT range_no, max(seq) + 1 AS next, last_key FROM chunks WHERE entity = ?1 GROUP BY range_no) AS c USING (range_no) \
               WHERE r.entity = ?1 ORDER BY r.range_no";
    rows(db, sql, [entity.0], |row| {
        Ok(RangeRow {
            range_no: row.get(0)?,
            spec: RangeSpec { lower: optional_key(row, 1)?, upper: optional_key(row, 2)? },
            done: row.get(3)?,
            chunks: row.get::<_, Option<u32>>(4)?.unwrap_or(0),
            last_key: optional_key(row, 5)?,
        })
    })
}

fn kind_word(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Int => "int",
        KeyKind::Text => "text",
    }
}

impl StagingReader {
    /// All entities, in the order in which they were registered.
    pub fn entities(&self) -> Result<Vec<EntityRow>, StagingError> {
        rows(&self.db, &format!("{ENTITY} ORDER BY id"), [], read_entity)
    }

    /// The entity of this name.
    pub fn entity(&self, name: &str) -> Result<Option<EntityRow>, StagingError> {
        entity_by_name(&self.db, name)
    }

    /// The ranges of an entity, and how far each was read.
    pub fn ranges(&self, entity: EntityId) -> Result<Vec<RangeRow>, StagingError> {
        read_ranges(&self.db, entity)
    }
}
