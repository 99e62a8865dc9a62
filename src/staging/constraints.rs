//! Constraints and indexes of the target that are taken down for the load: the copy of their definitions on this side.
//! Boundary: text that is kept; who takes down and rebuilds is `target`.

use super::database::rows;
use super::{RunId, StagingError, StagingReader, StagingWriter};

/// A constraint or an index of the target that is, or was, taken down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DismantledConstraint {
    /// The order in which they are taken down; they are rebuilt in the opposite order.
    pub ordinal: u32,
    /// The schema of its table.
    pub schema: String,
    /// Its table.
    pub table: String,
    /// Its own name.
    pub name: String,
    /// What it is, in the words of `target`.
    pub kind: String,
    /// The statement that rebuilds it.
    pub definition: String,
    /// Whether it stands again.
    pub restored: bool,
}

impl StagingWriter {
    /// Records what will be taken down, before it is. What is recorded already is recorded anew, in the state that is given.
    pub fn record_dismantled(&mut self, run: RunId, constraints: &[DismantledConstraint]) -> Result<(), StagingError> {
        self.step(|db| {
            let mut insert = db.prepare_cached(
                "INSERT INTO target_constraints (schema_name, table_name, name, ordinal, kind, definition, state, run) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (schema_name, table_name, name) DO UPDATE SET \
                 ordinal = excluded.ordinal, kind = excluded.kind, definition = excluded.definition, state = excluded.state, run = excluded.run",
            )?;
            for one in constraints {
                let state = if one.restored { "restored" } else { "dismantled" };
                insert.execute((&one.schema, &one.table, &one.name, one.ordinal, &one.kind, &one.definition, state, run.to_string()))?;
            }
            Ok(())
        })
    }

    /// Records that a constraint stands again.
    pub fn mark_restored(&mut self, schema: &str, table: &str, name: &str) -> Result<(), StagingError> {
        self.step(|db| {
            let changed = db
                .prepare_cached(
                    "UPDATE target_constraints SET state = 'restored' WHERE schema_name = ?1 AND table_name = ?2 AND name = ?3",
                )?
                .execute((schema, table, name))?;
            if changed == 1 { Ok(()) } else { Err(StagingError::Unknown { what: format!("constraint {name} of {schema}.{table}") }) }
        })
    }
}

impl StagingReader {
    /// What was ever taken down, in the order in which it was; `restored` says what stands again.
    pub fn dismantled(&self) -> Result<Vec<DismantledConstraint>, StagingError> {
        let sql = "SELECT ordinal, schema_name, table_name, name, kind, definition, state = 'restored' FROM target_constraints \
                   ORDER BY ordinal, schema_name, table_name, name";
        rows(&self.db, sql, [], |row| {
            Ok(DismantledConstraint {
                ordinal: row.get(0)?,
                schema: row.get(1)?,
                table: row.get(2)?,
                name: row.get(3)?,
                kind: row.get(4)?,
                definition: row.get(5)?,
                restored: row.get(6)?,
            })
        })
    }
}
