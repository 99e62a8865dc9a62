//! Putting back what was taken down, and finding the rows that stand in its way. Boundary: one record after the other; which rows lose is the
//! caller's choice.

use uuid::Uuid;

use super::dismantle::QUALIFIED;
use super::{DismantleRecord, RecordKind, TargetError};
use crate::pg::{PgError, QualifiedName, Row, Session, ident, literal};

/// Rows that stand in the way of a unique key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicates {
    /// Each group: the ids of the rows that are equal, in text form. Which one stays is the caller's choice.
    pub groups: Vec<Vec<String>>,
}

/// Rows that stand in the way of a foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphans {
    /// Their ids, in text form.
    pub ids: Vec<String>,
}

/// What is down and was not put back, in the order of putting back, with the staging file it was taken down for. With `None` whatever the
/// staging file. Empty where there is no schema `etl`.
pub fn outstanding(session: &mut Session, staging_id: Option<Uuid>) -> Result<Vec<(Uuid, DismantleRecord)>, TargetError> {
    let there = session.query("SELECT pg_catalog.to_regclass('etl.dismantled') IS NOT NULL", &[])?;
    if !there.first().is_some_and(|r| r.get(0)) {
        return Ok(Vec::new());
    }
    let rows = session.query(OUTSTANDING, &[&staging_id.map(|id| id.to_string())])?;
    Ok(in_order(&rows))
}

/// What is down, of one staging file or, with NULL, of all.
pub(super) const OUTSTANDING: &str =
    "SELECT staging_id::text AS id, seq, kind, schema_name, table_name, name, drop_sql, create_sql, key, predicate, nulls_equal,
            parent_schema, parent_table, parent_key
       FROM etl.dismantled WHERE restored_at IS NULL AND ($1::text IS NULL OR staging_id = $1::text::uuid) ORDER BY staging_id, seq";

/// The records of an answer to [`OUTSTANDING`], in the order of putting back.
pub(super) fn in_order(rows: &[Row]) -> Vec<(Uuid, DismantleRecord)> {
    let mut records: Vec<(Uuid, DismantleRecord)> = rows.iter().map(record).collect();
    records.sort_by_key(|(id, record)| (record.kind, *id, record.seq));
    records
}

fn record(row: &Row) -> (Uuid, DismantleRecord) {
    let parent: Option<String> = row.get("parent_table");
    let record = DismantleRecord {
        seq: row.get("seq"),
        // A kind of a later version is put back like an index: by its SQL.
        kind: RecordKind::from_word(row.get("kind")).unwrap_or(RecordKind::Index),
        table: QualifiedName { schema: Some(row.get("schema_name")), name: row.get("table_name") },
        name: row.get("name"),
        drop_sql: row.get("drop_sql"),
        create_sql: row.get("create_sql"),
        key: row.get("key"),
        predicate: row.get("predicate"),
        nulls_equal: row.get("nulls_equal"),
        parent: parent.map(|name| QualifiedName { schema: row.get("parent_schema"), name }),
        parent_key: row.get("parent_key"),
        restored: false,
    };
    (row.get::<_, &str>("id").parse().unwrap_or_default(), record)
}

/// Sorting an index in memory is several times faster than on disk; 256 MB is bounded for servers of any size, and the build's workers
/// share it. A larger setting of the server stands.
const ROOM_TO_BUILD: &str = "SELECT pg_catalog.set_config('maintenance_work_mem', '256MB', true)
     WHERE pg_catalog.pg_size_bytes(pg_catalog.current_setting('maintenance_work_mem')) < 268435456";

/// Puts one back and marks it, in one transaction; one that exists already (someone put it back by hand, or the drop was never committed)
/// is only marked.
pub fn restore_one(session: &mut Session, staging_id: Uuid, record: &DismantleRecord) -> Result<(), TargetError> {
    let mark = format!(
        "UPDATE etl.dismantled SET restored_at = clock_timestamp() WHERE staging_id = {}::uuid AND seq = {}",
        literal(&staging_id.to_string()),
        record.seq
    );
    let restored = match session.execute_together(&[QUALIFIED, ROOM_TO_BUILD, &record.create_sql, &mark]) {
        // Refused at once where it stands already: then it is only marked.
        Err(refused) if refused.server_error().is_some() => match exists(session, record) {
            Ok(true) => session.execute(&mark),
            _ => Err(refused),
        },
        done => done,
    };
    let (table, name) = (record.table.to_string(), record.name.clone());
    restored.map_err(|source| match source.sqlstate() {
        Some("23505") => TargetError::DuplicatesOnRestore { table, name, source },
        Some("23503") => TargetError::OrphansOnRestore { table, name, source },
        _ => TargetError::Restore { table, name, source },
    })
}

fn exists(session: &mut Session, record: &DismantleRecord) -> Result<bool, PgError> {
    let (question, name) = match record.kind {
        RecordKind::PrimaryKey | RecordKind::Unique | RecordKind::ForeignKey => (
            "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint WHERE conrelid = pg_catalog.to_regclass($1::text) AND conname = $2)",
            record.name.clone(),
        ),
        RecordKind::UniqueIndex | RecordKind::Index => (
            "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_index WHERE indrelid = pg_catalog.to_regclass($1::text)
                AND indexrelid = pg_catalog.to_regclass($2::text))",
            QualifiedName { schema: record.table.schema.clone(), name: record.name.clone() }.to_sql(),
        ),
        RecordKind::Trigger => (
            "SELECT NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger WHERE tgrelid = pg_catalog.to_regclass($1::text) AND tgname = $2
                AND tgenabled = 'D')",
            record.name.clone(),
        ),
    };
    let rows = session.query(question, &[&record.table.to_sql(), &name])?;
    Ok(rows.first().is_some_and(|r| r.get(0)))
}

/// Puts all back in order. Gives those that could not be, with their errors; a lost connection ends it.
pub fn restore_all(
    session: &mut Session,
    staging_id: Uuid,
    records: &[DismantleRecord],
) -> Result<Vec<(DismantleRecord, TargetError)>, TargetError> {
    let mut ordered: Vec<&DismantleRecord> = records.iter().filter(|r| !r.restored).collect();
    ordered.sort_by_key(|r| (r.kind, r.seq));
    let mut failed = Vec::new();
    for record in ordered {
        match restore_one(session, staging_id, record) {
            Ok(()) => {}
            Err(error) if error.is_transient() || session.is_closed() => return Err(error),
            Err(error) => failed.push((record.clone(), error)),
        }
    }
    Ok(failed)
}

/// The rows that are equal in a unique key that is down.
pub fn find_duplicates(session: &mut Session, record: &DismantleRecord, id_column: &str) -> Result<Duplicates, TargetError> {
    let mut conditions: Vec<String> = record.predicate.iter().map(|p| format!("({p})")).collect();
    if !record.nulls_equal {
        conditions.extend(record.key.iter().map(|k| format!("({k}) IS NOT NULL")));
    }
    let filter = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    let keys: Vec<String> = record.key.iter().map(|k| format!("({k})")).collect();
    let id = ident(id_column);
    let sql = format!(
        "SELECT array_agg(t.{id}::text ORDER BY t.{id}::text) FROM {} t {filter} GROUP BY {} HAVING count(*) > 1",
        record.table.to_sql(),
        keys.join(", ")
    );
    let rows = session.transaction_with(QUALIFIED, |session| session.query(&sql, &[]))?;
    let mut groups: Vec<Vec<String>> = rows.iter().map(|r| r.get(0)).collect();
    groups.sort();
    Ok(Duplicates { groups })
}

/// The rows whose parent is missing, for a foreign key that is down.
pub fn find_orphans(session: &mut Session, record: &DismantleRecord, id_column: &str) -> Result<Orphans, TargetError> {
    let Some(parent) = &record.parent else { return Ok(Orphans { ids: Vec::new() }) };
    let set: Vec<String> = record.key.iter().map(|k| format!("c.{k} IS NOT NULL")).collect();
    let same: Vec<String> = record.key.iter().zip(&record.parent_key).map(|(k, p)| format!("p.{p} = c.{k}")).collect();
    let sql = format!(
        "SELECT c.{}::text FROM {} c WHERE {} AND NOT EXISTS (SELECT 1 FROM {} p WHERE {}) ORDER BY 1",
        ident(id_column),
        record.table.to_sql(),
        set.join(" AND "),
        parent.to_sql(),
        same.join(" AND ")
    );
    let rows = session.query(&sql, &[])?;
    Ok(Orphans { ids: rows.iter().map(|r| r.get(0)).collect() })
}
