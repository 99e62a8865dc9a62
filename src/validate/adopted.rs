//! Adopted rows: every new key that the id map has from an adoption must still be a row of the target. Boundary: that the rows are there;
//! what they hold was never ours to say.

use std::collections::HashMap;

use super::ValidateError;
use super::finding::{Difference, DifferenceKind, Validation};
use super::subject::Subjects;
use crate::pg::{CopyOut, Session, ident};
use crate::row::{LegacyKey, NewKey, Tuples};
use crate::staging::StagingReader;

const BATCH_BYTES: usize = 1 << 20;

/// Looks for the adopted rows of every table.
pub(super) fn check_adopted(
    subjects: &Subjects,
    reader: &StagingReader,
    session: &mut Session,
    found: &mut Validation,
) -> Result<(), ValidateError> {
    for table in &subjects.tables {
        let mut wanted: HashMap<[u8; 16], (usize, LegacyKey)> = HashMap::new();
        for (at, feed) in table.feeds.iter().enumerate() {
            for row in reader.adopted(feed.id)? {
                if row.survivor.is_none() {
                    wanted.insert(row.new_key.into_bytes(), (at, row.key));
                }
            }
        }
        if wanted.is_empty() {
            continue;
        }
        let kept = wanted.keys().next().is_some_and(|id| NewKey::from(*id).as_kept().is_some());
        let sql = format!(
            "COPY (SELECT {}::{} FROM {}) TO STDOUT (FORMAT binary)",
            ident(&table.columns[table.id_at]),
            if kept { "bigint" } else { "uuid" },
            table.info.name.to_sql()
        );
        let mut copy = CopyOut::start(session, &sql, 1, BATCH_BYTES)?;
        while let Some(batch) = copy.next_batch()? {
            let (mut walk, mut fields) = (Tuples::new(&batch.tuples, 1), Vec::new());
            let read_back = |source| ValidateError::ReadBack { table: table.name(), source };
            while walk.next_into(&mut fields).map_err(read_back)?.is_some() {
                let id = fields[0].unwrap_or_default();
                match id.try_into().map(i64::from_be_bytes) {
                    Ok(number) if kept => wanted.remove(&NewKey::kept(number).into_bytes()),
                    _ => wanted.remove(id),
                };
            }
        }
        let mut missing: Vec<_> = wanted.into_iter().collect();
        missing.sort_by(|a, b| a.1.cmp(&b.1));
        for (id, (feed, key)) in missing {
            let mut difference = Difference::new(DifferenceKind::MissingRow, "an adopted row is not in the target any more");
            difference.entity = table.feeds.get(feed).map(|feed| feed.name.clone());
            difference.table = Some(table.name());
            difference.row = Some(NewKey::from(id).to_string());
            difference.key = Some(key.to_string());
            found.add(difference);
        }
    }
    Ok(())
}
