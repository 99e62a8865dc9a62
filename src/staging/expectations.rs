//! What the source answered to the expectations of the plan. Boundary: questions and answers as texts; which answer is right is the plan's.

use super::database::rows;
use super::{Moment, SnapshotId, StagingError, StagingReader, StagingWriter};

/// An answer of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedAnswer {
    /// The SQL that was asked.
    pub question: String,
    /// The answer as the server prints it.
    pub found: String,
    /// When the snapshot was taken in which it was asked.
    pub taken: Moment,
}

impl StagingWriter {
    /// Keeps the answers (name, question, answer) given in a snapshot, in place of earlier ones to expectations of the same names.
    pub fn record_answers(&mut self, snapshot: SnapshotId, answers: &[(&str, String, String)]) -> Result<(), StagingError> {
        self.step(|db| {
            let mut insert =
                db.prepare_cached("INSERT OR REPLACE INTO expectations (name, question, snapshot, found) VALUES (?1, ?2, ?3, ?4)")?;
            for (name, question, found) in answers {
                insert.execute((name, question, snapshot.0, found))?;
            }
            Ok(())
        })
    }
}

impl StagingReader {
    /// The last answer of the source to the expectation of this name.
    pub fn answer(&self, name: &str) -> Result<Option<RecordedAnswer>, StagingError> {
        let sql =
            "SELECT e.question, e.found, s.taken_at FROM expectations AS e JOIN snapshots AS s ON s.id = e.snapshot WHERE e.name = ?1";
        let mut found = rows(&self.db, sql, [name], |row| {
            Ok(RecordedAnswer { question: row.get(0)?, found: row.get(1)?, taken: Moment(row.get(2)?) })
        })?;
        Ok(found.pop())
    }
}
