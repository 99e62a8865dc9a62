//! Taking chunks out of the target again: their rows, their rows of the mapping table and their rows of the ledger in one transaction. Boundary:
//! nothing but what these chunks brought; what is in the way is told, never removed.

use uuid::Uuid;

use super::TargetError;
use super::writer::LoadPlan;
use crate::pg::{ForeignKey, Session, ident, literal};
use crate::row::{NewKey, TupleWriter};

/// What is to be taken out.
#[derive(Clone, Copy, Debug)]
pub struct Removal<'a> {
    /// Where the chunks went.
    pub plan: &'a LoadPlan,
    /// The column of the new key.
    pub id_column: &'a str,
    /// The entity's type in the mapping table.
    pub entity_type: &'a str,
    /// Foreign keys that refer to the table.
    pub referenced_by: &'a [ForeignKey],
    /// The staging file's id.
    pub staging_id: Uuid,
    /// The chunks' numbers there.
    pub chunks: &'a [i64],
    /// Whether new keys are numbers that were kept; else UUIDs.
    pub kept: bool,
    /// The new keys of their rows.
    pub ids: &'a [NewKey],
    /// The pairs that they published.
    pub pairs: &'a [(String, Uuid)],
}

/// What was taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Rows of the table.
    pub rows: u64,
    /// Rows of the mapping table.
    pub pairs: u64,
}

/// Takes chunks out in one transaction. Chunks that are out already are no error: a rollback that was stopped goes on.
///
/// # Errors
/// When rows that are not taken out refer to one that would be: a cascade would take them along, or change them.
pub fn remove_chunks(session: &mut Session, removal: &Removal<'_>) -> Result<Removed, TargetError> {
    session.transaction(|session| {
        let table = removal.plan.table.to_sql();
        stage(session, removal)?;
        for key in removal.referenced_by {
            refuse_if_referred(session, removal, key)?;
        }
        let id = ident(removal.id_column);
        let rows = session.run(&format!("DELETE FROM {table} t USING pg_temp.etl_removed r WHERE t.{id} = r.id"), &[])?;
        let mut pairs = 0;
        if let Some((mapping, _)) = &removal.plan.mapping {
            pairs = session.run(
                &format!(
                    "DELETE FROM {} m USING pg_temp.etl_unmapped u WHERE m.entity_type = {} AND m.legacy_id = u.legacy_id AND m.new_id = u.new_id",
                    mapping.to_sql(),
                    literal(removal.entity_type)
                ),
                &[],
            )?;
        }
        let chunks: Vec<i64> = removal.chunks.to_vec();
        for own in ["etl.refused", "etl.ledger"] {
            session.run(
                &format!("DELETE FROM {own} WHERE staging_id = $1::text::uuid AND chunk = ANY ($2)"),
                &[&removal.staging_id.to_string(), &chunks],
            )?;
        }
        Ok(Removed { rows, pairs })
    })
}

/// The keys in temporary tables: a list of so many values in a statement would be planned for longer than it runs.
fn stage(session: &mut Session, removal: &Removal<'_>) -> Result<(), TargetError> {
    let id_type = if removal.kept { "bigint" } else { "uuid" };
    session.execute(&format!(
        "CREATE TEMP TABLE etl_removed (id {id_type}) ON COMMIT DROP; CREATE TEMP TABLE etl_unmapped (legacy_id text, new_id uuid) ON COMMIT DROP"
    ))?;
    let mut ids = TupleWriter::with_capacity(removal.ids.len() * 22);
    for id in removal.ids {
        ids.begin(1);
        match id.as_kept() {
            Some(number) => ids.field(&number.to_be_bytes()),
            None => ids.field(&id.into_bytes()),
        }
    }
    let ids = ids.into_bytes();
    session.copy_in("COPY pg_temp.etl_removed FROM STDIN (FORMAT binary)", [ids.as_slice()])?;
    let mut pairs = TupleWriter::with_capacity(removal.pairs.len() * 40);
    for (key, id) in removal.pairs {
        pairs.begin(2);
        pairs.field(key.as_bytes());
        pairs.field(id.as_bytes());
    }
    let pairs = pairs.into_bytes();
    session.copy_in("COPY pg_temp.etl_unmapped FROM STDIN (FORMAT binary)", [pairs.as_slice()])?;
    session.execute("ANALYZE pg_temp.etl_removed; ANALYZE pg_temp.etl_unmapped")?;
    Ok(())
}

fn refuse_if_referred(session: &mut Session, removal: &Removal<'_>, key: &ForeignKey) -> Result<(), TargetError> {
    let ([column], [parent]) = (key.columns.as_slice(), key.parent_columns.as_slice()) else { return Ok(()) };
    if parent != removal.id_column {
        return Ok(());
    }
    let own = if key.table == removal.plan.table {
        format!(" AND NOT EXISTS (SELECT 1 FROM pg_temp.etl_removed o WHERE o.id = c.{})", ident(removal.id_column))
    } else {
        String::new()
    };
    let rows = session.query(
        &format!("SELECT count(*) FROM {} c JOIN pg_temp.etl_removed r ON c.{} = r.id WHERE true{own}", key.table.to_sql(), ident(column)),
        &[],
    )?;
    let referring = rows.first().map_or(0, |row| row.get::<_, i64>(0));
    if referring == 0 {
        return Ok(());
    }
    Err(TargetError::StillReferred {
        table: removal.plan.table.to_string(),
        child: key.table.to_string(),
        column: column.clone(),
        rows: u64::try_from(referring).unwrap_or(0),
    })
}

/// Gives the room of removed rows back, so that whoever looks up children next does not wade through them. Not being allowed to
/// is no error.
pub fn vacuum(session: &mut Session, plan: &LoadPlan) {
    let tables = [Some(&plan.table), plan.mapping.as_ref().map(|(mapping, _)| mapping)];
    for table in tables.into_iter().flatten() {
        // The rows are gone for everyone either way; the space is the server's own business.
        let _ = session.execute(&format!("VACUUM (ANALYZE) {}", table.to_sql()));
    }
}

/// Removes the schema `etl` when nothing is recorded in it any more: the target is then as it was before the first load.
pub fn remove_empty_schema(session: &mut Session) -> Result<bool, TargetError> {
    let open = [("etl.ledger", "true"), ("etl.refused", "true"), ("etl.dismantled", "restored_at IS NULL")];
    for (table, counts) in open {
        let there = session.query("SELECT pg_catalog.to_regclass($1::text) IS NOT NULL", &[&table])?;
        if there.first().is_some_and(|row| row.get(0)) {
            let rows = session.query(&format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {counts})"), &[])?;
            if rows.first().is_some_and(|row| row.get(0)) {
                return Ok(false);
            }
        }
    }
    // Without CASCADE: what others put there stays, and so does the schema.
    let dropped = session.execute("DROP TABLE IF EXISTS etl.refused, etl.ledger, etl.dismantled; DROP SCHEMA IF EXISTS etl");
    Ok(dropped.is_ok())
}
