//! What an entity is read from, as SQL, and what columns it gives. Boundary: `from` is the user's text, run at the source as it is;
//! it is never taken apart.

use std::collections::{HashMap, HashSet};

use super::{PgError, QualifiedName, Row, Session, ident, types};
use crate::row::Column;

/// The source of an entity: a table's name or a query, with common table expressions in front of it where the plan has some.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SourceQuery {
    /// Common table expressions, with or without the word `WITH`.
    pub with: Option<String>,
    /// A table's name or a query.
    pub from: String,
    /// Whether a table also gives the physical place of each row, as a text column `ctid`.
    pub ctid: bool,
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
        if let Some(table) = QualifiedName::parse(from).filter(|_| self.ctid) {
            (format!("{with}SELECT t.ctid::text AS ctid, t.* FROM "), table.to_sql(), " AS t")
        } else if let Some(table) = QualifiedName::parse(from) {
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
    match describe_queries(session, std::slice::from_ref(query))?.pop() {
        Some(described) => described,
        None => Err(PgError::Protocol { server: session.server().to_owned(), what: "no description".to_owned() }),
    }
}

/// Columns of a prepared query: name, type's OID, type modifier, and the column of a table that it comes from.
type Prepared = Vec<(String, u32, i32, Option<(u32, i16)>)>;

/// Describes queries without running them, one place a query: each is prepared by itself, so that a refusal is its own; what the catalogue
/// knows of their columns is asked once for all.
pub fn describe_queries(session: &mut Session, queries: &[SourceQuery]) -> Result<Vec<Result<QueryInfo, PgError>>, PgError> {
    let prepared = prepare(session, queries)?;
    let columns = || prepared.iter().flatten().flatten();
    let mut oids: Vec<u32> = columns().map(|(_, oid, ..)| *oid).collect();
    oids.sort_unstable();
    oids.dedup();
    let resolved = types::resolve(session, &oids)?;
    let mut from: Vec<(u32, i16)> = columns().filter_map(|(.., from)| *from).collect();
    from.sort_unstable();
    from.dedup();
    let accepted: Vec<Option<QualifiedName>> =
        queries.iter().zip(&prepared).map(|(query, prepared)| prepared.as_ref().ok().and_then(|_| query.table())).collect();
    let (tables, numbers): (Vec<u32>, Vec<i16>) = from.iter().copied().unzip();
    let names: Vec<Option<String>> = accepted.iter().map(|table| table.as_ref().map(QualifiedName::to_sql)).collect();
    let answers = session.query_all(&[(ORIGINS, &[&tables, &numbers]), (NOT_NULL, &[&names])])?;
    let [of_origins, of_not_null] = answers.as_slice() else {
        return Err(PgError::Protocol { server: session.server().to_owned(), what: "an answer too many or too few".to_owned() });
    };
    let (origins, not_null) = (origins(of_origins), not_null_columns(of_not_null, queries.len()));
    let described = prepared.into_iter().zip(not_null).map(|(prepared, not_null)| {
        let prepared = prepared?;
        let mut columns: Vec<Column> = Vec::with_capacity(prepared.len());
        let mut duplicates: Vec<String> = Vec::new();
        let mut of = Vec::with_capacity(prepared.len());
        for (name, oid, typmod, from) in prepared {
            let known = types::known(&resolved, oid, session)?;
            let nullable = !known.not_null && !not_null.contains(&name);
            let typmod = if known.domain.is_some() { known.typmod } else { typmod };
            if columns.iter().any(|c| c.name == name) && !duplicates.contains(&name) {
                duplicates.push(name.clone());
            }
            of.push(from.and_then(|from| origins.get(&from).copied()).unwrap_or(Origin::Unknown));
            columns.push(Column { name, ty: known.ty.clone(), typmod, nullable });
        }
        Ok(QueryInfo { columns, duplicates, origins: of })
    });
    Ok(described.collect())
}

fn prepare(session: &mut Session, queries: &[SourceQuery]) -> Result<Vec<Result<Prepared, PgError>>, PgError> {
    const PREFIX: &str = "SELECT * FROM (";
    let column = |c: &tokio_postgres::Column| (c.name().to_owned(), c.type_().oid(), c.type_modifier(), c.table_oid().zip(c.column_id()));
    let located = |query: &SourceQuery, mut refused: PgError| {
        let (before, from, _) = query.parts();
        let leading = query.from.chars().take_while(|c| c.is_whitespace()).count();
        if let PgError::Server { error, .. } = &mut refused {
            error.position = error.position.and_then(|at| {
                let at = (at as usize).checked_sub(PREFIX.len() + before.chars().count())?;
                (1..=from.chars().count()).contains(&at).then(|| u32::try_from(at + leading).ok()).flatten()
            });
        }
        refused
    };
    let statements: Vec<String> = queries.iter().map(|query| format!("{PREFIX}{}) AS src", query.to_sql())).collect();
    let prepared = session.prepare_all(&statements)?.into_iter().zip(queries);
    Ok(prepared.map(|(one, query)| one.map(|s| s.columns().iter().map(column).collect()).map_err(|e| located(query, e))).collect())
}

/// Statistics of a table with children or partitions stand there twice: with them and without. The view `pg_stats` shows them only for
/// columns that may be read.
const ORIGINS: &str = "SELECT a.attrelid, a.attnum, a.attnotnull,
        (SELECT max(s.null_frac) FROM pg_catalog.pg_stats s
          WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname) AS nulls
   FROM unnest($1::oid[], $2::int2[]) u (rel, num)
   JOIN pg_catalog.pg_attribute a ON a.attrelid = u.rel AND a.attnum = u.num
   JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm', 'f')";

fn origins(rows: &[Row]) -> HashMap<(u32, i16), Origin> {
    let origin = |row: &Row| if row.get("attnotnull") { Origin::NotNull } else { Origin::Nullable(row.get("nulls")) };
    rows.iter().map(|row| ((row.get("attrelid"), row.get("attnum")), origin(row))).collect()
}

/// The columns of tables that are declared NOT NULL. A view's columns have attnotnull = false, so no question for the relation's kind is
/// needed.
const NOT_NULL: &str =
    "WITH wanted AS MATERIALIZED (SELECT u.place, u.name::regclass::oid AS rel FROM unnest($1::text[]) WITH ORDINALITY u(name, place))
     SELECT w.place, a.attname::text FROM wanted w JOIN pg_catalog.pg_attribute a ON a.attrelid = w.rel AND a.attnum > 0 AND a.attnotnull";

/// One place a table.
fn not_null_columns(rows: &[Row], tables: usize) -> Vec<HashSet<String>> {
    let mut columns = vec![HashSet::new(); tables];
    for row in rows {
        if let Some(of) = usize::try_from(row.get::<_, i64>(0) - 1).ok().and_then(|place| columns.get_mut(place)) {
            of.insert(row.get(1));
        }
    }
    columns
}

/// For each name, the columns of every unique key that holds for all rows of the table, the primary key among them; `None` where it is no
/// table.
pub fn unique_columns(session: &mut Session, tables: &[QualifiedName]) -> Result<Vec<Option<Vec<Vec<String>>>>, PgError> {
    let names: Vec<String> = tables.iter().map(QualifiedName::to_sql).collect();
    // Columns behind the key (INCLUDE) take no part in its being unique.
    let rows = session.query(
        "WITH wanted AS MATERIALIZED (SELECT u.place, pg_catalog.to_regclass(u.name)::oid AS rel FROM unnest($1::text[]) WITH ORDINALITY u(name, place))
         SELECT w.place, ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
                                WHERE a.attrelid = c.oid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) AS columns
           FROM wanted w JOIN pg_catalog.pg_class c ON c.oid = w.rel AND c.relkind IN ('r', 'p')
           LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND 0 <> ALL (i.indkey::int2[])",
        &[&names],
    )?;
    let mut unique = vec![None; tables.len()];
    for row in rows {
        if let Some(of) = usize::try_from(row.get::<_, i64>(0) - 1).ok().and_then(|place| unique.get_mut(place)) {
            let columns: Vec<String> = row.get(1);
            of.get_or_insert_with(Vec::new).extend((!columns.is_empty()).then_some(columns));
        }
    }
    Ok(unique)
}

/// For each name, in words, what it is where the physical place of a row (`ctid`) does not tell its rows apart; `None` where it does, and
/// for what is not there.
pub fn without_own_places(session: &mut Session, tables: &[QualifiedName]) -> Result<Vec<Option<&'static str>>, PgError> {
    let names: Vec<String> = tables.iter().map(QualifiedName::to_sql).collect();
    let rows = session.query(
        "WITH wanted AS MATERIALIZED (SELECT u.place, pg_catalog.to_regclass(u.name)::oid AS rel FROM unnest($1::text[]) WITH ORDINALITY u(name, place))
         SELECT w.place, c.relkind::text, EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid) AS has_children
           FROM wanted w JOIN pg_catalog.pg_class c ON c.oid = w.rel",
        &[&names],
    )?;
    let mut found = vec![None; tables.len()];
    for row in rows {
        if let Some(of) = usize::try_from(row.get::<_, i64>(0) - 1).ok().and_then(|place| found.get_mut(place)) {
            // A place is one of a file, and partitions and children have a file each.
            *of = match row.get::<_, String>(1).as_str() {
                "p" => Some("a partitioned table"),
                "r" if row.get(2) => Some("a table from which others inherit"),
                "r" | "m" => None,
                "v" => Some("a view"),
                "f" => Some("a foreign table"),
                _ => Some("no table"),
            };
        }
    }
    Ok(found)
}

/// Columns as a select list.
pub(crate) fn select_list<'a>(columns: impl IntoIterator<Item = &'a str>) -> String {
    columns.into_iter().map(|c| format!("src.{}", ident(c))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(with: Option<&str>, from: &str) -> String {
        SourceQuery { with: with.map(str::to_owned), from: from.to_owned(), ctid: false }.to_sql()
    }

    #[test]
    fn names_and_queries() {
        assert_eq!(sql(None, " Orders "), "SELECT * FROM \"orders\"");
        assert_eq!(sql(None, "select 1 -- last\n;"), "select 1 -- last\n");
        let places = SourceQuery { with: None, from: "old.Visit".to_owned(), ctid: true };
        assert_eq!(places.to_sql(), "SELECT t.ctid::text AS ctid, t.* FROM \"old\".\"visit\" AS t");
        assert_eq!(places.table().map(|table| table.name).as_deref(), Some("visit"));
        assert_eq!(sql(Some("a as (select 1)"), "a"), "WITH a as (select 1)\nSELECT * FROM \"a\"");
        assert_eq!(sql(Some("WITH a as (select 1)"), "select * from a"), "WITH a as (select 1)\nselect * from a\n");
        assert_eq!(
            sql(Some("a as (select 1)"), "with b as (select 2) select 3"),
            "WITH a as (select 1)\nSELECT * FROM (with b as (select 2) select 3\n) AS q"
        );
    }
}
