//! Rows that come out of quarantine: they move from their chunk into a later one, in one step, so that every row counts once.
//! Boundary: bookkeeping; which rows can go on was found out by `pipeline`.

use rusqlite::{Connection, Row};

use super::chunks::chunk_row;
use super::controls::{delete_sums, insert_sums};
use super::database::{key, key_value, rows, stored};
use super::id_map::MapDigest;
use super::quarantine::refused_rows;
use super::steps::{extracted_head, put_extracted, put_transformed, transformed_head};
use super::{
    ChunkId, ChunkKey, ChunkState, ControlSum, EntityId, ExtractedChunk, ReferenceCount, RunId, SourceControl, StagingError, StagingReader,
    StagingWriter, TransformedChunk,
};
use crate::row::{LegacyKey, Outcome, Reject, reason};

/// Rows that leave a chunk.
#[derive(Clone, Debug)]
pub struct DepartingRows {
    /// The chunk in whose quarantine they are.
    pub chunk: ChunkId,
    /// Their numbers in it.
    pub rows: Vec<u32>,
    /// The control sums of the rows that stay.
    pub controls: Vec<ControlSum>,
    /// What they contributed to the chunk's counts of references.
    pub references: Vec<ReferenceCount>,
}

/// A chunk of rows that come out of quarantine.
#[derive(Clone, Debug)]
pub struct RetriedChunk {
    /// Their source rows as they are now; the range is given by the step.
    pub extracted: ExtractedChunk,
    /// What transform makes of them; the chunk is given by the step.
    pub transformed: TransformedChunk,
    /// Where they come from.
    pub departing: Vec<DepartingRows>,
    /// The source's own sums anew, where the rows hold other amounts now.
    pub source_controls: Vec<SourceControl>,
}

impl StagingWriter {
    /// Stores a chunk of rows that come out of quarantine, transformed, and takes them out of where they were.
    pub fn store_retried(&mut self, retried: &RetriedChunk) -> Result<ChunkId, StagingError> {
        let entity = retried.extracted.entity;
        let transformed_head = transformed_head(&retried.transformed)?;
        let extracted_head = extracted_head(&retried.extracted)?;
        self.step(|db| {
            let sql = "SELECT coalesce(max(range_no) + 1, 0) FROM ranges WHERE entity = ?1";
            let range_no: u32 = db.prepare_cached(sql)?.query_row([entity.0], |row| row.get(0))?;
            db.prepare_cached("INSERT INTO ranges (entity, range_no, lower, upper, done) VALUES (?1, ?2, NULL, NULL, 1)")?
                .execute((entity.0, range_no))?;
            let extracted = ExtractedChunk { range_no, seq: 0, ..retried.extracted.clone() };
            let id = put_extracted(db, &extracted, &extracted_head)?;
            for departing in &retried.departing {
                depart(db, entity, departing, id)?;
            }
            put_transformed(db, &TransformedChunk { chunk: id, ..retried.transformed.clone() }, &transformed_head)?;
            for control in &retried.source_controls {
                db.prepare_cached(
                    "INSERT INTO source_controls (entity, name, snapshot, grp, sum) VALUES (?1, ?2, ?3, ?4, ?5) \
                     ON CONFLICT (entity, name, grp) DO UPDATE SET sum = excluded.sum",
                )?
                .execute((entity.0, &control.name, control.snapshot.0, control.group.to_json(), &control.sum))?;
            }
            Ok(id)
        })
    }
}

/// A row that stays in quarantine, for another reason than before.
#[derive(Clone, Debug)]
pub struct RestatedRow {
    /// Its chunk.
    pub chunk: ChunkId,
    /// Its number there.
    pub row_no: u32,
    /// Why it stays.
    pub reject: Reject,
}

impl StagingWriter {
    /// Records why rows stay in quarantine, where that has changed.
    pub fn restate(&mut self, rows: &[RestatedRow], run: RunId) -> Result<(), StagingError> {
        self.step(|db| {
            for row in rows {
                let reject = &row.reject;
                db.prepare_cached(
                    "UPDATE quarantine SET code = ?3, column_name = ?4, sqlstate = ?5, message = ?6, run = ?7 \
                     WHERE chunk = ?1 AND row_no = ?2 AND stage = 'transform'",
                )?
                .execute((row.chunk.0, row.row_no, &reject.code, &reject.column, &reject.sqlstate, &reject.message, run.to_string()))?;
                db.prepare_cached(
                    "UPDATE id_map SET detail = ?3 WHERE (entity, key) = (SELECT entity, key FROM quarantine WHERE chunk = ?1 AND row_no = ?2)",
                )?
                .execute((row.chunk.0, row.row_no, &reject.code))?;
            }
            Ok(())
        })
    }
}

/// Takes rows out of a chunk.
fn depart(db: &Connection, entity: EntityId, departing: &DepartingRows, to: ChunkId) -> Result<(), StagingError> {
    let known = chunk_row(db, departing.chunk)?;
    if known.state != ChunkState::Loaded {
        return Err(StagingError::Unknown { what: format!("the loaded chunk {}", departing.chunk) });
    }
    let refused = refused_rows(db, departing.chunk)?;
    let sql = "SELECT map_digest FROM chunks WHERE id = ?1";
    let mut digest = db.prepare_cached(sql)?.query_row([departing.chunk.0], |row| Ok(MapDigest::from_row(row, 0)))??;
    let mut had_tuples = 0_u64;
    for row_no in &departing.rows {
        let sql = "SELECT key FROM quarantine WHERE chunk = ?1 AND row_no = ?2";
        let found = rows(db, sql, (departing.chunk.0, row_no), |row| key(row, 0))?.pop();
        let held =
            found.ok_or_else(|| StagingError::Unknown { what: format!("row {row_no} of chunk {} in quarantine", departing.chunk) })?;
        let had_tuple = refused.binary_search(row_no).is_ok();
        had_tuples += u64::from(had_tuple);
        let mut left = MapDigest::default();
        left.add(entity, &held, Outcome::Quarantined, None);
        digest.leave(left);
        db.prepare_cached("DELETE FROM id_map WHERE entity = ?1 AND key = ?2")?.execute((entity.0, key_value(&held)))?;
        db.prepare_cached("DELETE FROM quarantine WHERE chunk = ?1 AND row_no = ?2")?.execute((departing.chunk.0, row_no))?;
        db.prepare_cached("INSERT INTO moved_rows (chunk, row_no, key, moved_to, had_tuple) VALUES (?1, ?2, ?3, ?4, ?5)")?.execute((
            departing.chunk.0,
            row_no,
            key_value(&held),
            to.0,
            had_tuple,
        ))?;
    }
    db.prepare_cached(
        "UPDATE chunks SET quarantined = quarantined - ?2, moved = moved + ?2, refused = refused - ?3, map_digest = ?4 WHERE id = ?1",
    )?
    .execute((departing.chunk.0, stored(departing.rows.len() as u64), stored(had_tuples), &digest.to_bytes()))?;
    delete_sums(db, departing.chunk)?;
    insert_sums(db, departing.chunk, &departing.controls)?;
    for gone in &departing.references {
        db.prepare_cached(
            "UPDATE reference_counts SET missing = max(0, missing - ?4), parent_quarantined = max(0, parent_quarantined - ?5), \
             parent_filtered = max(0, parent_filtered - ?6) WHERE chunk = ?1 AND column_name = ?2 AND parent = ?3",
        )?
        .execute((
            departing.chunk.0,
            &gone.column,
            gone.parent.0,
            stored(gone.missing),
            stored(gone.parent_quarantined),
            stored(gone.parent_filtered),
        ))?;
    }
    Ok(())
}

/// Rows that count in a later chunk and whose tuple, refused by the server, stays in the payload of this one.
pub(super) fn moved_tuples(db: &Connection, chunk: ChunkId) -> Result<Vec<ChunkKey>, StagingError> {
    let sql = "SELECT row_no, key FROM moved_rows WHERE chunk = ?1 AND had_tuple ORDER BY row_no";
    rows(db, sql, [chunk.0], |row: &Row<'_>| {
        let detail = Some(reason::SERVER_REFUSED.into());
        Ok(ChunkKey { row_no: row.get(0)?, key: key(row, 1)?, outcome: Outcome::Quarantined, new_key: None, detail })
    })
}

impl StagingReader {
    /// The rows of a chunk that count in a later one, ascending.
    pub fn moved_rows(&self, chunk: ChunkId) -> Result<Vec<u32>, StagingError> {
        let sql = "SELECT row_no FROM moved_rows WHERE chunk = ?1 ORDER BY row_no";
        rows(&self.db, sql, [chunk.0], |row| Ok(row.get(0)?))
    }

    /// The same, each with the chunk where it counts.
    pub fn moved(&self, chunk: ChunkId) -> Result<Vec<(u32, ChunkId)>, StagingError> {
        let sql = "SELECT row_no, moved_to FROM moved_rows WHERE chunk = ?1 ORDER BY row_no";
        rows(&self.db, sql, [chunk.0], |row| Ok((row.get(0)?, ChunkId(row.get(1)?))))
    }

    /// The chunks of an entity whose rows came out of quarantine.
    pub fn retried_chunks(&self, entity: EntityId) -> Result<Vec<ChunkId>, StagingError> {
        let sql = "SELECT DISTINCT m.moved_to FROM moved_rows AS m JOIN chunks AS c ON c.id = m.moved_to WHERE c.entity = ?1 ORDER BY 1";
        rows(&self.db, sql, [entity.0], |row| Ok(ChunkId(row.get(0)?)))
    }

    /// Where a row that came out of quarantine counts now.
    pub fn moved_to(&self, chunk: ChunkId, key: &LegacyKey) -> Result<Option<ChunkId>, StagingError> {
        let sql = "SELECT moved_to FROM moved_rows WHERE chunk = ?1 AND key = ?2";
        Ok(rows(&self.db, sql, (chunk.0, key_value(key)), |row| Ok(ChunkId(row.get(0)?)))?.pop())
    }
}
