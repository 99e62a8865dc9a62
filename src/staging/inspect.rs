//! Reading the staging file freely: single queries in SQL, and the check of the file as a whole. Boundary: reads only; how
//! results are shown is the command line's matter.

use std::fmt::Write as _;

use rusqlite::Statement;
use rusqlite::types::ValueRef;

use super::{StagingError, StagingReader};

/// The answer to a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlRows {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows in text; bytes as `x'…'`, NULL as `None`.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether there were more rows than asked for.
    pub more: bool,
}

/// How a text that may be asked begins. The connection is read-only in any case; this keeps out what reads nothing: ATTACH
/// (which would create a file), PRAGMA, and transactions that would hold the file's old state.
const QUERIES: [&str; 4] = ["select", "with", "values", "explain"];

impl StagingReader {
    /// Answers one query that reads.
    pub fn sql(&self, query: &str, limit: usize) -> Result<SqlRows, StagingError> {
        let mut statement = self.db.prepare(query).map_err(|failure| wrong(&failure))?;
        if !begins_as_query(query) || !statement.readonly() || statement.column_count() == 0 {
            return Err(StagingError::NotAQuery { what: "this is another kind of statement".to_owned() });
        }
        answer(&mut statement, limit).map_err(|failure| wrong(&failure))
    }

    /// Reads the whole file and fails where it is damaged.
    pub fn check_integrity(&self) -> Result<(), StagingError> {
        let verdict: String = self.db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if verdict == "ok" { Ok(()) } else { Err(StagingError::Malformed { detail: verdict }) }
    }
}

fn begins_as_query(text: &str) -> bool {
    let mut text = text.trim_start();
    loop {
        let rest = match (text.strip_prefix("--"), text.strip_prefix("/*")) {
            (Some(comment), _) => comment.split_once('\n').map_or("", |(_, rest)| rest),
            (None, Some(comment)) => comment.split_once("*/").map_or("", |(_, rest)| rest),
            (None, None) => break,
        };
        text = rest.trim_start();
    }
    let word: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    QUERIES.contains(&word.to_ascii_lowercase().as_str())
}

/// What SQLite says about the text; damage of the file stays what it is.
fn wrong(failure: &rusqlite::Error) -> StagingError {
    match failure {
        rusqlite::Error::SqlInputError { msg, .. } => StagingError::NotAQuery { what: msg.clone() },
        rusqlite::Error::SqliteFailure(code, detail) if code.code == rusqlite::ErrorCode::Unknown => {
            StagingError::NotAQuery { what: detail.clone().unwrap_or_else(|| code.to_string()) }
        }
        rusqlite::Error::SqliteFailure(code, detail) => StagingError::from(rusqlite::Error::SqliteFailure(*code, detail.clone())),
        other => StagingError::NotAQuery { what: other.to_string() },
    }
}

fn answer(statement: &mut Statement<'_>, limit: usize) -> Result<SqlRows, rusqlite::Error> {
    let columns: Vec<_> = statement.column_names().map(str::to_owned).collect();
    let mut found = statement.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        if rows.len() == limit {
            return Ok(SqlRows { columns, rows, more: true });
        }
        rows.push((0..columns.len()).map(|at| row.get_ref(at).map(text)).collect::<Result<_, _>>()?);
    }
    Ok(SqlRows { columns, rows, more: false })
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => {
            let mut hex = String::with_capacity(2 * bytes.len() + 3);
            hex.push_str("x'");
            for byte in bytes {
                let _ = write!(hex, "{byte:02x}");
            }
            hex.push('\'');
            Some(hex)
        }
    }
}
