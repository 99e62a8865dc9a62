//! The quarantine: rows kept aside, each with its reason. Boundary: what was decided in `transform` and by the target server
//! is kept here; nothing is decided here.

use rusqlite::{Connection, Row};

use super::database::{count, key, key_value, of_entity, rows, run_id, stored};
use super::{ChunkId, EntityId, RunId, StagingError, StagingReader};
use crate::row::{LegacyKey, Reject, Tuples, reason};

/// Which stage kept a row aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QuarantineStage {
    /// Before anything was sent.
    Transform,
    /// The server refused it, or a row it was merged into.
    Load,
}

/// A row that transform keeps aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineRecord {
    /// The source row within the chunk, from 0.
    pub row_no: u32,
    /// Why.
    pub reject: Reject,
}

/// A row that the target server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// The source row within the chunk, from 0.
    pub row_no: u32,
    /// The server's SQLSTATE.
    pub sqlstate: Option<String>,
    /// The constraint, where the server names one.
    pub constraint: Option<String>,
    /// The column, where the server names one.
    pub column: Option<String>,
    /// The server's message.
    pub message: String,
    /// The server's detail; can hold values of the row.
    pub detail: Option<String>,
}

/// A row in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Its entity.
    pub entity: EntityId,
    /// Its key.
    pub key: LegacyKey,
    /// Its chunk.
    pub chunk: ChunkId,
    /// Its place in the chunk, from 0.
    pub row_no: u32,
    /// Which stage kept it aside.
    pub stage: QuarantineStage,
    /// The reason's code.
    pub code: String,
    /// The target column.
    pub column: Option<String>,
    /// The SQLSTATE.
    pub sqlstate: Option<String>,
    /// The constraint that refused it.
    pub constraint: Option<String>,
    /// The reason in words.
    pub message: String,
    /// The server's detail; can hold values of the row.
    pub detail: Option<String>,
    /// The run that kept it aside.
    pub run: RunId,
}

/// Which rows of the quarantine are asked for.
#[derive(Clone, Debug, Default)]
pub struct QuarantineFilter {
    /// Of one entity.
    pub entity: Option<EntityId>,
    /// With one code.
    pub code: Option<String>,
    /// At most so many.
    pub limit: Option<u64>,
}

/// How many rows of an entity are kept aside for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineCount {
    /// The entity.
    pub entity: EntityId,
    /// Which stage kept them aside.
    pub stage: QuarantineStage,
    /// The reason's code.
    pub code: String,
    /// The target column.
    pub column: Option<String>,
    /// How many.
    pub rows: u64,
}

impl QuarantineStage {
    /// The word that stands in the table and in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Transform => "transform",
            Self::Load => "load",
        }
    }

    fn from_word(word: &str) -> Result<Self, StagingError> {
        match word {
            "transform" => Ok(Self::Transform),
            "load" => Ok(Self::Load),
            _ => Err(StagingError::BadRecord { table: "quarantine", what: format!("the stage {word}") }),
        }
    }
}

impl RefusedRow {
    /// The refusal as it is kept for a row.
    pub(super) fn into_row(self, entity: EntityId, chunk: ChunkId, key: LegacyKey, run: RunId) -> QuarantineRow {
        QuarantineRow {
            entity,
            key,
            chunk,
            row_no: self.row_no,
            stage: QuarantineStage::Load,
            code: reason::SERVER_REFUSED.to_owned(),
            column: self.column,
            sqlstate: self.sqlstate,
            constraint: self.constraint,
            message: self.message,
            detail: self.detail,
            run,
        }
    }
}

impl QuarantineRecord {
    /// The reject as it is kept for a row.
    pub(super) fn to_row(&self, entity: EntityId, chunk: ChunkId, key: LegacyKey, run: RunId) -> QuarantineRow {
        QuarantineRow {
            entity,
            key,
            chunk,
            row_no: self.row_no,
            stage: QuarantineStage::Transform,
            code: self.reject.code.to_string(),
            column: self.reject.column.clone(),
            sqlstate: self.reject.sqlstate.as_deref().map(str::to_owned),
            constraint: None,
            message: self.reject.message.clone(),
            detail: None,
            run,
        }
    }
}

/// Keeps a row aside.
pub(super) fn insert_row(db: &Connection, row: &QuarantineRow) -> Result<(), StagingError> {
    db.prepare_cached(
        "INSERT INTO quarantine (entity, key, chunk, row_no, stage, code, column_name, sqlstate, constraint_name, message, detail, run) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute((
        row.entity.0,
        key_value(&row.key),
        row.chunk.0,
        row.row_no,
        row.stage.word(),
        &row.code,
        &row.column,
        &row.sqlstate,
        &row.constraint,
        &row.message,
        &row.detail,
        row.run.to_string(),
    ))?;
    Ok(())
}

/// The rows of a chunk that the server refused, ascending. Rows that were merged into a refused row have another code: they
/// have no tuple.
pub(super) fn refused_rows(db: &Connection, chunk: ChunkId) -> Result<Vec<u32>, StagingError> {
    let sql = "SELECT row_no FROM quarantine WHERE chunk = ?1 AND stage = 'load' AND code = ?2 ORDER BY row_no";
    rows(db, sql, (chunk.0, reason::SERVER_REFUSED), |row| Ok(row.get(0)?))
}

const ROW: &str =
    "SELECT entity, key, chunk, row_no, stage, code, column_name, sqlstate, constraint_name, message, detail, run FROM quarantine";

fn read_row(row: &Row<'_>) -> Result<QuarantineRow, StagingError> {
    Ok(QuarantineRow {
        entity: EntityId(row.get(0)?),
        key: key(row, 1)?,
        chunk: ChunkId(row.get(2)?),
        row_no: row.get(3)?,
        stage: QuarantineStage::from_word(&row.get::<_, String>(4)?)?,
        code: row.get(5)?,
        column: row.get(6)?,
        sqlstate: row.get(7)?,
        constraint: row.get(8)?,
        message: row.get(9)?,
        detail: row.get(10)?,
        run: run_id(&row.get::<_, String>(11)?)?,
    })
}

impl StagingReader {
    /// Reasons with their counts, by entity, most frequent first.
    pub fn quarantine_counts(&self, entity: Option<EntityId>) -> Result<Vec<QuarantineCount>, StagingError> {
        let sql = format!(
            "SELECT entity, stage, code, column_name, count(*) FROM quarantine WHERE {} \
             GROUP BY 1, 2, 3, 4 ORDER BY 1, 5 DESC, 2, 3, 4",
            of_entity("chunk IN (SELECT id FROM chunks WHERE entity = ?1)", entity)
        );
        rows(&self.db, &sql, [entity.map(|entity| entity.0)], |row| {
            Ok(QuarantineCount {
                entity: EntityId(row.get(0)?),
                stage: QuarantineStage::from_word(&row.get::<_, String>(1)?)?,
                code: row.get(2)?,
                column: row.get(3)?,
                rows: count(row, 4)?,
            })
        })
    }

    /// The source rows of a chunk that are in quarantine, in order.
    pub fn quarantined_rows(&self, chunk: ChunkId) -> Result<Vec<u32>, StagingError> {
        rows(&self.db, "SELECT row_no FROM quarantine WHERE chunk = ?1 ORDER BY row_no", [chunk.0], |row| Ok(row.get(0)?))
    }

    /// The source rows of a chunk that transform keeps aside, in order; those that the server refused are not among them.
    pub fn rejected_rows(&self, chunk: ChunkId) -> Result<Vec<u32>, StagingError> {
        let sql = "SELECT row_no FROM quarantine WHERE chunk = ?1 AND stage = 'transform' ORDER BY row_no";
        rows(&self.db, sql, [chunk.0], |row| Ok(row.get(0)?))
    }

    /// Rows in quarantine in entity, chunk and row order.
    pub fn quarantine(&self, filter: &QuarantineFilter) -> Result<Vec<QuarantineRow>, StagingError> {
        let sql = format!("{ROW} WHERE (?1 IS NULL OR entity = ?1) AND (?2 IS NULL OR code = ?2) ORDER BY entity, chunk, row_no LIMIT ?3");
        let limit = filter.limit.map_or(-1, stored);
        rows(&self.db, &sql, (filter.entity.map(|entity| entity.0), &filter.code, limit), read_row)
    }

    /// Whether a row in quarantine was kept aside by another run than this.
    pub fn has_quarantine_of_others(&self, run: RunId) -> Result<bool, StagingError> {
        let found = rows(&self.db, "SELECT EXISTS (SELECT 1 FROM quarantine WHERE run <> ?1)", [run.to_string()], |row| Ok(row.get(0)?))?;
        Ok(found.contains(&true))
    }

    /// One row in quarantine, and its source tuple (to be read with `row::read_tuple` and the entity's source columns).
    pub fn quarantined_row(&self, entity: EntityId, key: &LegacyKey) -> Result<Option<(QuarantineRow, Vec<u8>)>, StagingError> {
        self.at_once(|reader| {
            let sql = format!("{ROW} WHERE (chunk, row_no) = (SELECT chunk, row_no FROM id_map WHERE entity = ?1 AND key = ?2)");
            let Some(found) = rows(&reader.db, &sql, (entity.0, key_value(key)), read_row)?.pop() else { return Ok(None) };
            let tuple = reader.source_tuple(found.chunk, found.row_no)?;
            Ok(Some((found, tuple)))
        })
    }

    /// One source row as it was read.
    pub fn source_tuple(&self, chunk: ChunkId, row_no: u32) -> Result<Vec<u8>, StagingError> {
        let payload = self.load_extracted(chunk)?;
        let missing = || StagingError::Unknown { what: format!("row {row_no} of chunk {chunk}") };
        let mut tuples = Tuples::new(&payload.tuples, payload.columns);
        let mut fields = Vec::with_capacity(payload.columns);
        for _ in 0..row_no {
            tuples.next_into(&mut fields).map_err(|_| missing())?;
        }
        let place = tuples.next_into(&mut fields).ok().flatten().ok_or_else(missing)?;
        Ok(payload.tuples[place].to_vec())
    }
}
