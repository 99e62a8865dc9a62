//! The ledger: read = loaded + merged + filtered + quarantined + adopted, chunk by chunk, and the same rows in the target's own ledger.
//! Boundary: counts only.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::ValidateError;
use super::finding::{Difference, DifferenceKind, Validation};
use super::subject::{Subject, Subjects};
use crate::staging::{ChunkRow, ChunkState, StagingError, StagingReader};
use crate::target::LedgerChunk;

/// Checks the ledgers of the selected entities on both sides.
pub(super) fn check_ledgers(subjects: &Subjects, reader: &StagingReader, found: &mut Validation) -> Result<(), ValidateError> {
    let mut in_target: BTreeMap<i64, &LedgerChunk> = subjects.known.target.chunks.iter().map(|chunk| (chunk.chunk, chunk)).collect();
    let mut of_entity: HashMap<String, BTreeSet<i64>> = HashMap::new();
    for chunk in in_target.values() {
        of_entity.entry(chunk.entity.clone()).or_default().insert(chunk.chunk);
    }
    for subject in &subjects.entities {
        match reader.check_ledger(subject.id) {
            Ok(ledger) if ledger.is_closed() => {}
            Ok(ledger) => {
                let message = format!("{} rows were read and {} have an outcome", ledger.read, ledger.done.total());
                found.add(counts(subject, ledger.read, ledger.done.total(), message));
            }
            Err(StagingError::OpenLedger { what, rows, counted, detail }) => {
                found.add(counts(subject, rows, counted, format!("{what}: {detail}")));
            }
            Err(other) => return Err(other.into()),
        }
        for chunk in reader.chunks(subject.id, Some(ChunkState::Loaded))? {
            let there = in_target.remove(&chunk.id.0);
            if let Some(left) = there.as_ref().and_then(|there| of_entity.get_mut(&there.entity)) {
                left.remove(&chunk.id.0);
            }
            check_chunk(subject, &chunk, there, found);
        }
        // What is left under this entity's name was loaded from this staging file, and the staging file does not know it.
        for chunk in of_entity.remove(&subject.name).into_iter().flatten() {
            let rows = in_target.remove(&chunk).map_or(0, |chunk| chunk.rows);
            let message = format!("the target's ledger has chunk {chunk}, which is not loaded according to the staging file");
            found.add(counts(subject, 0, rows, message));
        }
    }
    Ok(())
}

fn check_chunk(subject: &Subject, chunk: &ChunkRow, there: Option<&LedgerChunk>, found: &mut Validation) {
    let Some(there) = there else {
        // A chunk without a single row to load may leave nothing behind.
        if chunk.transformed_rows.unwrap_or(0) > 0 {
            let message = format!("chunk {} is loaded, and the target's ledger does not have it", chunk.id);
            found.add(counts(subject, chunk.counts.loaded, 0, message));
        }
        return;
    };
    if there.rows != chunk.counts.loaded {
        let message = format!("chunk {}: loaded rows in the target's ledger", chunk.id);
        found.add(counts(subject, chunk.counts.loaded, there.rows, message));
    }
    if there.refused != chunk.refused_tuples() {
        let message = format!("chunk {}: refused rows in the target's ledger", chunk.id);
        found.add(counts(subject, chunk.refused_tuples(), there.refused, message));
    }
}

fn counts(subject: &Subject, expected: u64, there: u64, message: String) -> Difference {
    let mut difference = Difference::new(DifferenceKind::Ledger, message);
    difference.entity = Some(subject.name.clone());
    difference.expected = Some(expected.to_string());
    difference.found = Some(there.to_string());
    difference
}
