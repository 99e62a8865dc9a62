//! What an entity is read from, as SQL, and what columns it gives. Boundary: `from` is the user's text, run at the source as it is;
//! it is never taken apart.

use std::collections::HashMap;

use super::{PgError, QualifiedName, Session, ident, types};
use crate::row::Column;

/// The source of an entity: a table's name or a query, with common table expressions in front of it where the plan has some.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SourceQuery {
    /// Common table expressions, with or without the word `WITH`.
    pub with: Option<String>,
    /// A table's name or a query.
    pub from: String,
}

impl SourceQuery {
    /// The source as a query, ready to stand in parentheses.
    pub fn to_sql(&self) -> String {
        let (before, from, behind) = self.parts();
        format!("{before}{from}{behind}")
    }

    /// What stands before `from`, `from`, and what stands behind it.
    pub(super) fn parts(&self) -> (String, String, &'static str) {
        let from = self.from.trim().trim_end_matches(';').trim_end();
        let with = self.with.as_deref().map(|w| w.trim().trim_end_matches(',')).filter(|w| !w.is_empty());
        let with = with.map_or_else(String::new, |w| if begins_with_word(w, "with") { format!("{w}\n") } else { format!("WITH {w}\n") });
        // A line break behind the user's text ends a comment on its last line.
        if let Some(table) = QualifiedName::parse(from) {
            (format!("{with}SELECT * FROM "), table.to_sql(), "")
        } else if !with.is_empty() && begins_with_word(from, "with") {
            (format!("{with}SELECT * FROM ("), from.to_owned(), "\n) AS q")
        } else {
            (with, from.to_owned(), "\n")
        }
    }

    /// The table, where `from` is only a name and nothing stands before it.
    pub fn table(&self) -> Option<QualifiedName> {
        if self.with.as_deref().is_some_and(|w| !w.trim().is_empty()) { None } else { QualifiedName::parse(&self.from) }
    }

    /// `FROM` clause of every query that reads the source: the query under the name `src`.
    pub fn from_clause(&self) -> String {
        format!("FROM ({}) AS src", self.to_sql())
    }
}

fn begins_with_word(text: &str, word: &str) -> bool {
    let text = text.trim_start();
    text.get(..word.len()).is_some_and(|w| w.eq_ignore_ascii_case(word))
        && !text[word.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// What a source query gives.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryInfo {
    /// Its columns in order. NOT NULL is known only where `from` is a table's name: a join can turn any column NULL.
    pub columns: Vec<Column>,
    /// Names that occur more than once: such columns cannot be named, so they cannot be read.
    pub duplicates: Vec<String>,
    /// For each column, what is known of NULL in the column of a table that it comes from.
    pub origins: Vec<Origin>,
}

/// What is known of NULL in the column of a table that a query's column comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Origin {
    /// It is computed, or comes from a view: nothing.
    Unknown,
    /// NOT NULL stands there; a join can make it NULL all the same.
    NotNull,
    /// It may be NULL: in which share of the rows, where the table has statistics.
    Nullable(Option<f32>),
}

/// Describes a query without running it. The position in an error counts characters of `from`, from 1.
pub fn describe_query(session: &mut Session, query: &SourceQuery) -> Result<QueryInfo, PgError> {
    const PREFIX: &str = "SELECT * FROM (";
    let sql = format!("{PREFIX}{}) AS src", query.to_sql());
    let (before, from, _) = query.parts();
    let leading = query.from.chars().take_while(|c| c.is_whitespace()).count();
    let (client, server) = session.parts();
    let statement = client.prepare(&sql).map_err(|e| {
        let mut error = PgError::from_driver(server, e);
        if let PgError::Server { error, .. } = &mut error {
            error.position = error.position.and_then(|at| {
                let at = (at as usize).checked_sub(PREFIX.len() + before.chars().count())?;
                (1..=from.chars().count()).contains(&at).then(|| u32::try_from(at + leading).ok()).flatten()
            });
        }
        error
    })?;
    let described: Vec<(String, u32, i32)> =
        statement.columns().iter().map(|c| (c.name().to_owned(), c.type_().oid(), c.type_modifier())).collect();
    let oids: Vec<u32> = described.iter().map(|(_, oid, _)| *oid).collect();
    let from: Vec<Option<(u32, i16)>> = statement.columns().iter().map(|c| c.table_oid().zip(c.column_id())).collect();
    let resolved = types::resolve(session, &oids)?;
    let not_null = not_null_columns(session, query)?;
    let origins = origins(session, &from)?;
    let mut columns = Vec::with_capacity(described.len());
    for (name, oid, typmod) in described {
        let known = types::known(&resolved, oid, session)?;
        let nullable = !known.not_null && !not_null.contains(&name);
        let typmod = if known.domain.is_some() { known.typmod } else { typmod };
        columns.push(Column { name, ty: known.ty.clone(), typmod, nullable });
    }
    let mut duplicates: Vec<String> = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        if columns[..i].iter().any(|c| c.name == column.name) && !duplicates.contains(&column.name) {
            duplicates.push(column.name.clone());
        }
    }
    Ok(QueryInfo { columns, duplicates, origins })
}

fn origins(session: &mut Session, columns: &[Option<(u32, i16)>]) -> Result<Vec<Origin>, PgError> {
    let (tables, numbers): (Vec<u32>, Vec<i16>) = columns.iter().flatten().copied().unzip();
    // Statistics of a table with children or partitions stand there twice: with them and without.
    let rows = session.query(
        "SELECT a.attrelid, a.attnum, a.attnotnull,
                (SELECT max(s.null_frac) FROM pg_catalog.pg_stats s
                  WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname) AS nulls
           FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p', 'm', 'f') AND (a.attrelid, a.attnum) IN (SELECT * FROM unnest($1::oid[], $2::int2[]))",
        &[&tables, &numbers],
    )?;
    let mut known = HashMap::new();
    for row in rows {
        let origin = if row.get("attnotnull") { Origin::NotNull } else { Origin::Nullable(row.get("nulls")) };
        known.insert((row.get::<_, u32>("attrelid"), row.get::<_, i16>("attnum")), origin);
    }
    Ok(columns.iter().map(|column| column.and_then(|column| known.get(&column).copied()).unwrap_or(Origin::Unknown)).collect())
}

fn not_null_columns(session: &mut Session, query: &SourceQuery) -> Result<Vec<String>, PgError> {
    let Some(table) = query.table() else { return Ok(Vec::new()) };
    // A view's columns have attnotnull = false, so no question for the relation's kind is needed.
    let rows = session.query(
        "SELECT attname::text FROM pg_catalog.pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND attnotnull",
        &[&table.to_sql()],
    )?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// Columns as a select list.
pub(crate) fn select_list<'a>(columns: impl IntoIterator<Item = &'a str>) -> String {
    columns.into_iter().map(|c| format!("src.{}", ident(c))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(with: Option<&str>, from: &str) -> String {
        SourceQuery { with: with.map(str::to_owned), from: from.to_owned() }.to_sql()
    }

    #[test]
    fn names_and_queries() {
        assert_eq!(sql(None, " Orders "), "SELECT * FROM \"orders\"");
        assert_eq!(sql(None, "select 1 -- last\n;"), "select 1 -- last\n");
        assert_eq!(sql(Some("a as (select 1)"), "a"), "WITH a as (select 1)\nSELECT * FROM \"a\"");
        assert_eq!(sql(Some("WITH a as (select 1)"), "select * from a"), "WITH a as (select 1)\nselect * from a\n");
        assert_eq!(
            sql(Some("a as (select 1)"), "with b as (select 2) select 3"),
            "WITH a as (select 1)\nSELECT * FROM (with b as (select 2) select 3\n) AS q"
        );
    }
}
