//! The small schema `etl` in the target: which chunks are in, which rows were refused, what was taken down. Boundary: its tables and the
//! questions to them; a chunk's row is written by `writer`, in the chunk's own transaction.

use uuid::Uuid;

use super::constraints::{OUTSTANDING, in_order};
use super::{DismantleRecord, Refused, TargetError};
use crate::pg::{Row, Session, SqlParam, literal};

/// A loaded chunk in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerChunk {
    /// The chunk's number in the staging file.
    pub chunk: i64,
    /// The entity.
    pub entity: String,
    /// The table, as the plan names it.
    pub table: String,
    /// Rows loaded.
    pub rows: u64,
    /// Rows refused.
    pub refused: u64,
    /// The digest of the tuples as staged.
    pub digest: Vec<u8>,
}

/// A refused row of a loaded chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// The chunk.
    pub chunk: i64,
    /// The row and why.
    pub refused: Refused,
}

/// What another staging file loaded into a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignLoad {
    /// That staging file's id.
    pub staging_id: Uuid,
    /// The table.
    pub table: String,
    /// Chunks.
    pub chunks: u64,
    /// Rows.
    pub rows: u64,
    /// When last, by the server's clock.
    pub last_loaded_at: String,
}

const TABLES: [(&str, &str); 3] = [
    (
        "etl.ledger",
        "CREATE TABLE etl.ledger (
           staging_id uuid NOT NULL, chunk bigint NOT NULL, entity text NOT NULL, target_table text NOT NULL,
           rows bigint NOT NULL, refused bigint NOT NULL DEFAULT 0, digest bytea NOT NULL,
           loaded_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (staging_id, chunk));
         COMMENT ON TABLE etl.ledger IS 'One row a chunk, written in the transaction that loaded the chunk'",
    ),
    (
        "etl.refused",
        "CREATE TABLE etl.refused (
           staging_id uuid NOT NULL, chunk bigint NOT NULL, row_no bigint NOT NULL, sqlstate text NOT NULL, constraint_name text,
           column_name text, message text NOT NULL, detail text, PRIMARY KEY (staging_id, chunk, row_no));
         COMMENT ON TABLE etl.refused IS 'Rows of loaded chunks that this server refused'",
    ),
    (
        "etl.dismantled",
        "CREATE TABLE etl.dismantled (
           staging_id uuid NOT NULL, seq int NOT NULL, kind text NOT NULL, schema_name text NOT NULL, table_name text NOT NULL,
           name text NOT NULL, drop_sql text NOT NULL, create_sql text NOT NULL, key text[] NOT NULL, predicate text,
           nulls_equal boolean NOT NULL, parent_schema text, parent_table text, parent_key text[] NOT NULL,
           dropped_at timestamptz NOT NULL DEFAULT clock_timestamp(), restored_at timestamptz, PRIMARY KEY (staging_id, seq));
         COMMENT ON TABLE etl.dismantled IS 'What was taken down for a load; create_sql puts it back where restored_at is null'",
    ),
];

/// What the schema `etl` of a target holds of a migration; nothing where there is no such schema.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Whether there is such a schema.
    pub is_there: bool,
    /// The chunks of the staging file that are in the target, by their numbers.
    pub chunks: Vec<LedgerChunk>,
    /// The refused rows of these chunks.
    pub refused: Vec<RefusedRow>,
    /// What is down and was not put back, in the order of putting back.
    pub down: Vec<DismantleRecord>,
    /// What other staging files loaded.
    pub foreign: Vec<ForeignLoad>,
}

/// Reads what the schema holds; writes nothing.
pub fn read_ledger(session: &mut Session, staging_id: Uuid) -> Result<Ledger, TargetError> {
    // All are made together.
    if missing(session)?.contains(&true) {
        return Ok(Ledger::default());
    }
    read(session, staging_id)
}

/// The same where the schema should be there, because something was loaded.
pub fn read_standing_ledger(session: &mut Session, staging_id: Uuid) -> Result<Ledger, TargetError> {
    match read(session, staging_id) {
        // There is no such table, or no such schema.
        Err(TargetError::Pg { source }) if matches!(source.sqlstate(), Some("42P01" | "3F000")) => Ok(Ledger::default()),
        read => read,
    }
}

fn read(session: &mut Session, staging_id: Uuid) -> Result<Ledger, TargetError> {
    let id = staging_id.to_string();
    let refused = format!("{REFUSED} ORDER BY chunk, row_no");
    let asked: [(&str, &[&dyn SqlParam]); 4] =
        [(CHUNKS, &[&id]), (&refused, &[&id]), (OUTSTANDING, &[&Some(id.clone())]), (FOREIGN, &[&id])];
    let answers = session.query_all(&asked)?;
    let [chunks, refused, down, foreign] = answers.as_slice() else { return Ok(Ledger::default()) };
    Ok(Ledger {
        is_there: true,
        chunks: chunks.iter().map(ledger_chunk).collect(),
        refused: refused.iter().map(refused_row).collect(),
        down: in_order(down).into_iter().map(|(_, record)| record).collect(),
        foreign: foreign.iter().map(foreign_load).collect(),
    })
}

fn missing(session: &mut Session) -> Result<Vec<bool>, TargetError> {
    let tables = TABLES.map(|(name, _)| format!(", pg_catalog.to_regclass({}) IS NULL", literal(name)));
    let rows = session.query(&format!("SELECT ARRAY[pg_catalog.to_regnamespace('etl') IS NULL{}]", tables.concat()), &[])?;
    Ok(rows.first().map_or_else(Vec::new, |row| row.get(0)))
}

/// Creates the schema `etl` and its tables where they are missing. Only what is missing is created, because `IF NOT EXISTS` asks for the
/// privilege even where nothing is to be done.
pub fn ensure_schema(session: &mut Session) -> Result<(), TargetError> {
    if missing(session)?.iter().all(|missing| !missing) {
        return Ok(());
    }
    session.transaction(|session| {
        let schema =
            "CREATE SCHEMA etl; COMMENT ON SCHEMA etl IS 'What etl keeps about its loads; can be dropped when the migration is over'";
        let all = [schema].into_iter().chain(TABLES.map(|(_, create)| create));
        for (create, _) in all.zip(missing(session)?).filter(|(_, missing)| *missing) {
            session.execute(create)?;
        }
        Ok(())
    })
}

fn count(row: &Row, name: &str) -> u64 {
    u64::try_from(row.get::<_, i64>(name)).unwrap_or(0)
}

const CHUNKS: &str =
    "SELECT chunk, entity, target_table, rows, refused, digest FROM etl.ledger WHERE staging_id = $1::text::uuid ORDER BY chunk";

fn ledger_chunk(row: &Row) -> LedgerChunk {
    LedgerChunk {
        chunk: row.get("chunk"),
        entity: row.get("entity"),
        table: row.get("target_table"),
        rows: count(row, "rows"),
        refused: count(row, "refused"),
        digest: row.get("digest"),
    }
}

/// One chunk's ledger row.
pub(super) fn one_chunk(session: &mut Session, staging_id: Uuid, chunk: i64) -> Result<Option<LedgerChunk>, TargetError> {
    let rows = session.query(
        "SELECT chunk, entity, target_table, rows, refused, digest FROM etl.ledger WHERE staging_id = $1::text::uuid AND chunk = $2",
        &[&staging_id.to_string(), &chunk],
    )?;
    Ok(rows.first().map(ledger_chunk))
}

/// The refused rows of one chunk.
pub(super) fn refused_of_chunk(session: &mut Session, staging_id: Uuid, chunk: i64) -> Result<Vec<Refused>, TargetError> {
    let rows = session.query(&format!("{REFUSED} AND chunk = $2 ORDER BY row_no"), &[&staging_id.to_string(), &chunk])?;
    Ok(rows.iter().map(|row| refused_row(row).refused).collect())
}

const REFUSED: &str = "SELECT chunk, row_no, sqlstate, constraint_name, column_name, message, detail FROM etl.refused
     WHERE staging_id = $1::text::uuid";

fn refused_row(row: &Row) -> RefusedRow {
    RefusedRow {
        chunk: row.get("chunk"),
        refused: Refused {
            row_no: u32::try_from(row.get::<_, i64>("row_no")).unwrap_or(u32::MAX),
            sqlstate: row.get("sqlstate"),
            constraint: row.get("constraint_name"),
            column: row.get("column_name"),
            message: row.get("message"),
            detail: row.get("detail"),
        },
    }
}

/// Writes refused rows, given with their chunk; those that are there already stay. Gives the chunks of the rows that are new.
pub(super) fn write_refused(session: &mut Session, staging_id: Uuid, rows: &[(i64, &Refused)]) -> Result<Vec<i64>, TargetError> {
    let chunks: Vec<i64> = rows.iter().map(|(chunk, _)| *chunk).collect();
    let numbers: Vec<i64> = rows.iter().map(|(_, r)| i64::from(r.row_no)).collect();
    let column = |get: fn(&Refused) -> Option<&str>| -> Vec<Option<&str>> { rows.iter().map(|(_, r)| get(r)).collect() };
    let written = session.query(
        "INSERT INTO etl.refused (staging_id, chunk, row_no, sqlstate, constraint_name, column_name, message, detail)
         SELECT $1::text::uuid, * FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
         ON CONFLICT DO NOTHING RETURNING chunk",
        &[
            &staging_id.to_string(),
            &chunks,
            &numbers,
            &column(|r| Some(&r.sqlstate)),
            &column(|r| r.constraint.as_deref()),
            &column(|r| r.column.as_deref()),
            &column(|r| Some(&r.message)),
            &column(|r| r.detail.as_deref()),
        ],
    )?;
    Ok(written.iter().map(|r| r.get(0)).collect())
}

const FOREIGN: &str = "SELECT staging_id::text AS id, target_table, count(*) AS chunks, sum(rows)::bigint AS rows,
        to_char(max(loaded_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS last
   FROM etl.ledger WHERE staging_id <> $1::text::uuid GROUP BY 1, 2 ORDER BY 2, 1";

fn foreign_load(row: &Row) -> ForeignLoad {
    ForeignLoad {
        staging_id: row.get::<_, &str>("id").parse().unwrap_or_default(),
        table: row.get("target_table"),
        chunks: count(row, "chunks"),
        rows: count(row, "rows"),
        last_loaded_at: row.get("last"),
    }
}
