//! Reading single rows again, by their keys. Boundary: which rows, and what becomes of them, is the pipeline's.

use super::read::key_literals;
use super::{EntityQuery, Reader, SourceError};
use crate::pg::{CopyOut, ident};

/// Keys in one statement: enough that the round trips do not count, few enough for the planner, which makes a hash of single keys and an OR
/// of composite ones.
const AT_ONCE: [usize; 2] = [10_000, 1_000];
const BATCH_BYTES: usize = 1 << 20;

/// Reads the rows with these keys, in key order; rows that are gone are left out. Each key is the fields of a row's key columns.
pub fn read_rows(reader: &mut Reader, entity: &EntityQuery, keys: &[Vec<Option<&[u8]>>]) -> Result<Vec<u8>, SourceError> {
    let names: Vec<String> =
        entity.key.iter().filter_map(|at| entity.columns.get(*at)).map(|column| format!("src.{}", ident(&column.name))).collect();
    let mut tuples = Vec::new();
    for some in keys.chunks(AT_ONCE[usize::from(names.len() > 1)]) {
        let mut wanted = Vec::with_capacity(some.len());
        for fields in some {
            let literals = key_literals(entity, fields).ok_or_else(|| SourceError::ResumePoint { entity: entity.entity.clone() })?;
            wanted.push(if literals.len() == 1 { literals.concat() } else { format!("ROW({})", literals.join(", ")) });
        }
        let left = if names.len() == 1 { names.concat() } else { format!("ROW({})", names.join(", ")) };
        let query = entity.copy_query(&format!("{left} IN ({})", wanted.join(", ")));
        let sql = format!("COPY ({query}) TO STDOUT (FORMAT binary)");
        let mut copy = CopyOut::start(reader.session(), &sql, entity.columns.len(), BATCH_BYTES).map_err(|e| entity.failed(e))?;
        while let Some(batch) = copy.next_batch().map_err(|e| entity.failed(e))? {
            tuples.extend_from_slice(&batch.tuples);
        }
    }
    reader.let_go()?;
    Ok(tuples)
}
