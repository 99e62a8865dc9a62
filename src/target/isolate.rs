//! Finding the rows that the server refuses, and loading all others. Boundary: within the transaction of one chunk; savepoints keep what
//! is in. Called only after the straight way failed, so it may cost.
//!
//! * The error of a COPY usually names its line: the rows before it are loaded, it is refused, and the work goes on behind it.
//! * Foreign keys, deferred constraints and triggers at the end of the statement name no line: the rows are halved until one is left.
//! * A row that is refused for a missing parent may have its parent further down (a self reference): such rows are tried again, as long as
//!   that brings any of them in.
//!
//! The driver sends a whole COPY before it tells of an error, so the pieces start small and double with each success: the cost of a bad row is
//! a matter of the distance to the bad row before it, and many bad rows cost no more than a few times the chunk.

use std::ops::Range;

use super::{LoadPlan, Refused, TargetError};
use crate::pg::{PgError, ServerError, Session};
use crate::row::Tuples;

const SMALLEST_PIECE: usize = 32;
/// `no_data`: the nearest code for a row that a trigger made vanish without an error.
const LEFT_OUT_BY_TRIGGER: &str = "02000";
const FOREIGN_KEY: &str = "23503";

struct Isolation<'a> {
    plan: &'a LoadPlan,
    sql: String,
    tuples: &'a [u8],
    /// Byte range of each row.
    rows: Vec<Range<usize>>,
    refused: Vec<Refused>,
}

/// Loads all rows of a chunk but those that the server refuses; gives these, in the order of the rows.
pub(super) fn load_all_but_refused(
    session: &mut Session,
    plan: &LoadPlan,
    tuples: &[u8],
    expected: u64,
) -> Result<Vec<Refused>, TargetError> {
    let mut rows = Vec::new();
    let mut fields = Vec::new();
    let mut walk = Tuples::new(tuples, plan.columns.len());
    while let Some(range) = walk.next_into(&mut fields).map_err(|e| plan.damaged(&e))? {
        rows.push(range);
    }
    if rows.len() as u64 != expected {
        return Err(plan.damaged(&format!("it holds {} rows, not {expected}", rows.len())));
    }
    let all: Vec<u32> = (0..u32::try_from(rows.len()).unwrap_or(u32::MAX)).collect();
    // What would be checked at COMMIT is checked with each statement, while it is known which rows it is about.
    session.execute("SET CONSTRAINTS ALL IMMEDIATE")?;
    let mut isolation = Isolation { plan, sql: plan.copy_sql(), tuples, rows, refused: Vec::new() };
    isolation.load(session, &all)?;
    isolation.retry_orphans(session)?;
    isolation.refused.sort_by_key(|r| r.row_no);
    Ok(isolation.refused)
}

impl Isolation<'_> {
    /// Loads these rows in pieces.
    fn load(&mut self, session: &mut Session, rows: &[u32]) -> Result<(), TargetError> {
        let (mut at, mut piece) = (0, SMALLEST_PIECE);
        while at < rows.len() {
            let end = rows.len().min(at + piece);
            match self.attempt(session, &rows[at..end])? {
                None => {
                    at = end;
                    piece *= 2;
                }
                Some(error) => {
                    at += self.split(session, &rows[at..end], &error)?;
                    piece = (piece / 2).max(SMALLEST_PIECE);
                }
            }
        }
        Ok(())
    }

    /// Loads rows that are expected to go in together, and splits what does not.
    fn load_or_split(&mut self, session: &mut Session, rows: &[u32]) -> Result<(), TargetError> {
        let mut done = 0;
        while done < rows.len() {
            done += match self.attempt(session, &rows[done..])? {
                Some(error) => self.split(session, &rows[done..], &error)?,
                None => rows.len() - done,
            };
        }
        Ok(())
    }

    /// Deals with rows that do not go in together; gives the number of rows dealt with, at least one.
    fn split(&mut self, session: &mut Session, rows: &[u32], error: &ServerError) -> Result<usize, TargetError> {
        if let [row] = rows {
            self.refuse(*row, error);
            return Ok(1);
        }
        let line = error.copy_line().and_then(|line| usize::try_from(line).ok()).filter(|line| (1..=rows.len()).contains(line));
        let Some(line) = line else {
            let (left, right) = rows.split_at(rows.len() / 2);
            for half in [left, right] {
                self.load_or_split(session, half)?;
            }
            return Ok(rows.len());
        };
        let before = &rows[..line - 1];
        if !before.is_empty()
            && let Some(error) = self.attempt(session, before)?
        {
            // They passed line by line, but not the checks at the end of the statement.
            return self.split(session, before, &error);
        }
        self.refuse(rows[line - 1], error);
        Ok(line)
    }

    /// Tries rows together behind a savepoint. The error of the rows, `None` when they are in.
    fn attempt(&self, session: &mut Session, rows: &[u32]) -> Result<Option<ServerError>, TargetError> {
        session.execute("SAVEPOINT piece")?;
        let pieces = rows.iter().filter_map(|row| self.rows.get(*row as usize)).map(|range| &self.tuples[range.clone()]);
        let copied = session.copy_in(&self.sql, pieces);
        let error = match copied {
            Ok(count) if count == rows.len() as u64 => {
                session.execute("RELEASE SAVEPOINT piece")?;
                return Ok(None);
            }
            Ok(_) => ServerError {
                sqlstate: LEFT_OUT_BY_TRIGGER.to_owned(),
                message: format!("a trigger on {} left the row out", self.plan.table),
                ..ServerError::default()
            },
            Err(PgError::Server { error, .. }) if error.is_about_a_row() => *error,
            Err(source) => return Err(self.plan.failed(source)),
        };
        session.execute("ROLLBACK TO SAVEPOINT piece; RELEASE SAVEPOINT piece")?;
        Ok(Some(error))
    }

    fn refuse(&mut self, row: u32, error: &ServerError) {
        self.refused.push(Refused {
            row_no: row,
            sqlstate: error.sqlstate.clone(),
            constraint: error.constraint.clone(),
            column: error.column.clone(),
            message: error.message.clone(),
            detail: error.detail.clone(),
        });
    }

    fn retry_orphans(&mut self, session: &mut Session) -> Result<(), TargetError> {
        loop {
            let before = self.refused.len();
            let orphans: Vec<u32> = self.refused.iter().filter(|r| r.sqlstate == FOREIGN_KEY).map(|r| r.row_no).collect();
            if orphans.is_empty() {
                return Ok(());
            }
            self.refused.retain(|r| r.sqlstate != FOREIGN_KEY);
            self.load_or_split(session, &orphans)?;
            if self.refused.len() >= before {
                return Ok(());
            }
        }
    }
}
