//! Loading one chunk: its rows, its rows of the mapping table and its row of the ledger in one transaction, so that all are there or none.
//! Boundary: one chunk, one connection; which chunk comes next is the pipeline's matter. Rows that the server refuses are found by
//! `isolate`.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{TargetError, isolate, ledger};
use crate::pg::{CopyIn, Flight, Landing, Leg, PgError, QualifiedName, Session, SqlParam, idents};
use crate::row::Tuples;

/// Where the chunks of an entity go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadPlan {
    /// The entity.
    pub entity: String,
    /// Its table.
    pub table: QualifiedName,
    /// The table's columns in the order of the tuples' fields.
    pub columns: Vec<String>,
    /// The mapping table and its columns in the order of the mapping tuples' fields; `None` where none is kept.
    pub mapping: Option<(QualifiedName, Vec<String>)>,
}

impl LoadPlan {
    pub(super) fn copy_sql(&self) -> String {
        copy_sql(&self.table, &self.columns)
    }

    pub(super) fn failed(&self, source: PgError) -> TargetError {
        if source.sqlstate() == Some("22P04") {
            return TargetError::DamagedChunk { entity: self.entity.clone(), what: source.to_string() };
        }
        TargetError::Load { entity: self.entity.clone(), table: self.table.to_string(), source }
    }

    fn mapping_failed(&self, source: PgError) -> TargetError {
        let table = self.mapping.as_ref().map_or_else(String::new, |(table, _)| table.to_string());
        TargetError::Mapping { entity: self.entity.clone(), table, source }
    }

    pub(super) fn damaged(&self, what: &dyn std::fmt::Display) -> TargetError {
        TargetError::DamagedChunk { entity: self.entity.clone(), what: what.to_string() }
    }
}

fn copy_sql(table: &QualifiedName, columns: &[String]) -> String {
    format!("COPY {} ({}) FROM STDIN (FORMAT binary)", table.to_sql(), idents(columns))
}

/// The mapping rows of a chunk.
#[derive(Clone, Copy, Debug)]
pub struct MappingTuples<'a> {
    /// In `row::tuple` layout.
    pub tuples: &'a [u8],
    /// For each the number of the row of the chunk that it belongs to, so that it is left out when that row is; `u32::MAX` for none
    /// (a merged key whose survivor is in another chunk). `None`: one for each row, in order.
    pub owners: Option<&'a [u32]>,
}

/// What the ledger is told.
#[derive(Clone, Copy, Debug)]
pub struct ChunkEntry<'a> {
    /// The staging file's id.
    pub staging_id: Uuid,
    /// The chunk's number there.
    pub chunk: i64,
    /// Rows in the tuples.
    pub rows: u64,
    /// Digest of the tuples, as staged.
    pub digest: &'a [u8],
}

/// A row that the server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The row's number in the chunk, from 0.
    pub row_no: u32,
    /// The code.
    pub sqlstate: String,
    /// The constraint.
    pub constraint: Option<String>,
    /// The column.
    pub column: Option<String>,
    /// The server's message.
    pub message: String,
    /// The server's detail; quotes the row.
    pub detail: Option<String>,
}

/// A loaded chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Rows of the chunk that are in the table now.
    pub rows: u64,
    /// Rows that were left out.
    pub refused: Vec<Refused>,
    /// Whether the ledger held the chunk already (loaded by a run that was stopped before it could mark it).
    pub already: bool,
}

/// Loads a chunk in one transaction: ledger, table, mapping table, refused rows.
///
/// The straight way is tried first, with no savepoint. Only when the server refuses a row is everything rolled back and the chunk loaded
/// again with the refused rows left out. A chunk that the ledger holds already is not loaded again.
pub fn load_chunk(
    session: &mut Session,
    plan: &LoadPlan,
    tuples: &[u8],
    mapping: Option<MappingTuples<'_>>,
    entry: &ChunkEntry<'_>,
) -> Result<Loaded, TargetError> {
    match straight(session, plan, tuples, mapping, entry) {
        Ok(loaded) => Ok(loaded),
        Err(Failed::Rows) => isolating(session, plan, tuples, mapping, entry),
        Err(Failed::Fatal(error)) => Err(*error),
    }
}

enum Failed {
    /// The server refuses rows; which ones is to be found out.
    Rows,
    /// Boxed: it is far larger than the other.
    Fatal(Box<TargetError>),
}

impl From<TargetError> for Failed {
    fn from(error: TargetError) -> Self {
        Self::Fatal(Box::new(error))
    }
}

fn straight(
    session: &mut Session,
    plan: &LoadPlan,
    tuples: &[u8],
    mapping: Option<MappingTuples<'_>>,
    entry: &ChunkEntry<'_>,
) -> Result<Loaded, Failed> {
    let rows = CopyIn { sql: &plan.copy_sql(), tuples, rows: Some(entry.rows) };
    let table = plan.mapping.as_ref().zip(mapping.filter(|mapping| !mapping.tuples.is_empty()));
    let sql = table.map(|((table, columns), _)| copy_sql(table, columns));
    let keys = table.zip(sql.as_ref()).map(|((_, mapping), sql)| CopyIn { sql, tuples: mapping.tuples, rows: None });
    let values = entry_values(plan, entry);
    let parameters = values.parameters();
    let landing = session.fly(&Flight { enter: (ENTER, &parameters), first: rows, second: keys });
    match landing {
        Ok(Landing::Committed) => Ok(Loaded { rows: entry.rows, refused: Vec::new(), already: false }),
        Ok(Landing::NotEntered) => Ok(already_entered(session, plan, entry)?),
        // A trigger left rows out, or the chunk is not what its entry says.
        Ok(Landing::OtherCount) => Err(Failed::Rows),
        Err((Leg::First | Leg::Transaction, source)) if source.server_error().is_some_and(crate::pg::ServerError::is_about_a_row) => {
            Err(Failed::Rows)
        }
        Err((Leg::First, source)) => Err(plan.failed(source).into()),
        Err((Leg::Second, source)) => Err(plan.mapping_failed(source).into()),
        Err((Leg::Enter | Leg::Transaction, source)) => Err(TargetError::from(source).into()),
    }
}

fn isolating(
    session: &mut Session,
    plan: &LoadPlan,
    tuples: &[u8],
    mapping: Option<MappingTuples<'_>>,
    entry: &ChunkEntry<'_>,
) -> Result<Loaded, TargetError> {
    session.transaction(|session| {
        if let Some(loaded) = enter(session, plan, entry)? {
            return Ok(loaded);
        }
        let refused = isolate::load_all_but_refused(session, plan, tuples, entry.rows)?;
        let left_out: BTreeSet<u32> = refused.iter().map(|r| r.row_no).collect();
        copy_mapping(session, plan, mapping, &left_out)?;
        let rows = entry.rows - refused.len() as u64;
        if !refused.is_empty() {
            let with_chunk: Vec<(i64, &Refused)> = refused.iter().map(|r| (entry.chunk, r)).collect();
            ledger::write_refused(session, entry.staging_id, &with_chunk)?;
            session.run(
                "UPDATE etl.ledger SET rows = $3, refused = $4 WHERE staging_id = $1::text::uuid AND chunk = $2",
                &[&entry.staging_id.to_string(), &entry.chunk, &number(rows), &number(refused.len() as u64)],
            )?;
        }
        Ok(Loaded { rows, refused, already: false })
    })
}

/// Enters the chunk in the ledger, before its rows: where a connection that was given up is still committing the same chunk, this waits for
/// it and then sees its entry.
const ENTER: &str = "INSERT INTO etl.ledger (staging_id, chunk, entity, target_table, rows, digest)
         VALUES ($1::text::uuid, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";

/// What [`ENTER`] is given.
struct EntryValues<'a> {
    staging_id: String,
    table: String,
    rows: i64,
    plan: &'a LoadPlan,
    entry: &'a ChunkEntry<'a>,
}

fn entry_values<'a>(plan: &'a LoadPlan, entry: &'a ChunkEntry<'a>) -> EntryValues<'a> {
    EntryValues { staging_id: entry.staging_id.to_string(), table: plan.table.to_string(), rows: number(entry.rows), plan, entry }
}

impl EntryValues<'_> {
    fn parameters(&self) -> [&dyn SqlParam; 6] {
        [&self.staging_id, &self.entry.chunk, &self.plan.entity, &self.table, &self.rows, &self.entry.digest]
    }
}

/// Enters the chunk; gives what was loaded where it is entered already.
fn enter(session: &mut Session, plan: &LoadPlan, entry: &ChunkEntry<'_>) -> Result<Option<Loaded>, TargetError> {
    match session.run(ENTER, &entry_values(plan, entry).parameters())? {
        1 => Ok(None),
        _ => already_entered(session, plan, entry).map(Some),
    }
}

/// What was loaded of a chunk that the ledger holds.
fn already_entered(session: &mut Session, plan: &LoadPlan, entry: &ChunkEntry<'_>) -> Result<Loaded, TargetError> {
    match ledger::one_chunk(session, entry.staging_id, entry.chunk)? {
        Some(found) if found.digest == entry.digest && found.rows + found.refused == entry.rows && found.entity == plan.entity => {
            let refused = ledger::refused_of_chunk(session, entry.staging_id, entry.chunk)?;
            Ok(Loaded { rows: found.rows, refused, already: true })
        }
        _ => Err(TargetError::LedgerMismatch { entity: plan.entity.clone(), chunk: entry.chunk }),
    }
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn copy_mapping(
    session: &mut Session,
    plan: &LoadPlan,
    mapping: Option<MappingTuples<'_>>,
    left_out: &BTreeSet<u32>,
) -> Result<(), TargetError> {
    let (Some((table, columns)), Some(mapping)) = (&plan.mapping, mapping) else { return Ok(()) };
    if mapping.tuples.is_empty() {
        return Ok(());
    }
    let sql = copy_sql(table, columns);
    if left_out.is_empty() {
        session.copy_in(&sql, [mapping.tuples]).map_err(|source| plan.mapping_failed(source))?;
        return Ok(());
    }
    let mut pieces = Vec::new();
    let mut fields = Vec::new();
    let mut walk = Tuples::new(mapping.tuples, columns.len());
    let mut at = 0_usize;
    while let Some(range) = walk.next_into(&mut fields).map_err(|e| plan.damaged(&e))? {
        let owner = match mapping.owners {
            Some(owners) => owners.get(at).copied().ok_or_else(|| plan.damaged(&"a mapping row has no owner"))?,
            None => u32::try_from(at).unwrap_or(u32::MAX),
        };
        if !left_out.contains(&owner) {
            pieces.push(&mapping.tuples[range]);
        }
        at += 1;
    }
    session.copy_in(&sql, pieces).map_err(|source| plan.mapping_failed(source))?;
    Ok(())
}
