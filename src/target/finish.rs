//! What a table needs when its last chunk is in. Boundary: sequences and statistics.

use super::TargetError;
use crate::pg::{QualifiedName, Session, ident, literal, owned_sequences};

/// Takes the statistics that the planner needs, as a table that was filled by COPY has none, and sets the sequences that feed columns of the table
/// behind the largest value there, never back. Gives each sequence that was moved with its new value.
pub fn finish(session: &mut Session, table: &QualifiedName) -> Result<Vec<(QualifiedName, i64)>, TargetError> {
    session.ahead(&format!("ANALYZE {}", table.to_sql()));
    let mut moved = Vec::new();
    for owned in owned_sequences(session, std::slice::from_ref(table))?.into_iter().flatten() {
        // A descending sequence is nobody's key; it is left alone.
        let sequence = owned.sequence.to_sql();
        let sql = format!(
            "SELECT pg_catalog.setval({}::regclass, m.largest, true) FROM (SELECT max({})::bigint AS largest FROM {}) m, {sequence} s
              WHERE m.largest >= CASE WHEN s.is_called THEN s.last_value + 1 ELSE s.last_value END
                AND (SELECT seqincrement > 0 AND m.largest BETWEEN seqmin AND seqmax FROM pg_catalog.pg_sequence WHERE seqrelid = {}::regclass)",
            literal(&sequence),
            ident(&owned.column),
            table.to_sql(),
            literal(&sequence),
        );
        if let Some(row) = session.query(&sql, &[])?.first() {
            moved.push((owned.sequence, row.get(0)));
        }
    }
    Ok(moved)
}
