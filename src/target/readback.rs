//! Reading back what was written. Boundary: rows as tuples and figures as text; comparing is `validate`'s.

use super::TargetError;
use crate::pg::{CopyOut, QualifiedName, Session, TupleBatch, ident, idents};

/// Rows of a table, streamed.
pub struct TupleStream<'a> {
    copy: CopyOut<'a>,
}

impl TupleStream<'_> {
    /// The next batch of whole tuples, `None` at the end.
    pub fn next_batch(&mut self) -> Result<Option<TupleBatch>, TargetError> {
        Ok(self.copy.next_batch()?)
    }
}

fn filtered(table: &QualifiedName, filter: Option<&str>) -> String {
    filter.map_or_else(|| table.to_sql(), |f| format!("{} WHERE {f}", table.to_sql()))
}

/// Streams columns of a table's rows, in no order, those for which `filter` (SQL) holds.
pub fn read_back<'a>(
    session: &'a mut Session,
    table: &QualifiedName,
    columns: &[String],
    filter: Option<&str>,
    batch_bytes: usize,
) -> Result<TupleStream<'a>, TargetError> {
    let sql = format!("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT binary)", idents(columns), filtered(table, filter));
    Ok(TupleStream { copy: CopyOut::start(session, &sql, columns.len(), batch_bytes)? })
}

/// Counts rows.
pub fn count_rows(session: &mut Session, table: &QualifiedName, filter: Option<&str>) -> Result<u64, TargetError> {
    let rows = session.query(&format!("SELECT count(*) FROM {}", filtered(table, filter)), &[])?;
    Ok(rows.first().map_or(0, |r| u64::try_from(r.get::<_, i64>(0)).unwrap_or(0)))
}

/// The sum of a group: the values it is grouped by, and the sum, as text.
pub type GroupSum = (Vec<Option<String>>, Option<String>);

/// Sums an expression for each group of rows, or over all of them where `by` is empty: the values it is grouped by, and the sum, as text
/// so that no digit is lost.
pub fn group_sums(
    session: &mut Session,
    table: &QualifiedName,
    expression: &str,
    by: &[&str],
    filter: Option<&str>,
) -> Result<Vec<GroupSum>, TargetError> {
    let keys: Vec<String> = by.iter().map(|key| format!(", ({key}\n)::text")).collect();
    let numbers: Vec<String> = (2..by.len() + 2).map(|number| number.to_string()).collect();
    let grouped = if by.is_empty() { String::new() } else { format!(" GROUP BY {}", numbers.join(", ")) };
    let sql = format!("SELECT sum({expression}\n)::text{} FROM {}{grouped}", keys.concat(), filtered(table, filter));
    let rows = session.text_rows(&sql)?;
    Ok(rows
        .into_iter()
        .map(|mut row| {
            let sum = if row.is_empty() { None } else { row.remove(0) };
            (row, sum)
        })
        .collect())
}

/// Rows of `table` whose `columns` are all set and find no row in `parent`.
pub fn orphan_count(
    session: &mut Session,
    table: &QualifiedName,
    columns: &[String],
    parent: &QualifiedName,
    parent_columns: &[String],
) -> Result<u64, TargetError> {
    let set: Vec<String> = columns.iter().map(|c| format!("c.{} IS NOT NULL", ident(c))).collect();
    let same: Vec<String> = columns.iter().zip(parent_columns).map(|(c, p)| format!("p.{} = c.{}", ident(p), ident(c))).collect();
    let rows = session.query(
        &format!(
            "SELECT count(*) FROM {} c WHERE {} AND NOT EXISTS (SELECT 1 FROM {} p WHERE {})",
            table.to_sql(),
            set.join(" AND "),
            parent.to_sql(),
            same.join(" AND ")
        ),
        &[],
    )?;
    Ok(rows.first().map_or(0, |r| u64::try_from(r.get::<_, i64>(0)).unwrap_or(0)))
}
