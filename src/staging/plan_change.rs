//! A plan that was mended after rows of an entity were loaded: from now on the stored rows are those of the new plan, in one step
//! with the record of it. Boundary: bookkeeping; that the loaded rows come out the same was found out by `pipeline`.

use rusqlite::Connection;

use super::controls::{insert_incidents, insert_references};
use super::database::{count, key_value, rows, run_id, stored};
use super::entities::{name_of, update_entity};
use super::steps::invalidate;
use super::{ChunkId, EntityId, EntityRecord, IncidentCount, ReferenceCount, RunId, StagingError, StagingReader, StagingWriter};
use crate::row::{LegacyKey, Outcome};

/// An entity whose loaded rows come out of the new plan as they are.
#[derive(Clone, Debug)]
pub struct MendedEntity {
    /// The entity.
    pub entity: EntityId,
    /// What is recorded of it from now on.
    pub record: EntityRecord,
    /// How many rows of loaded chunks were compared.
    pub rows: u64,
    /// What is told of its loaded chunks, beside their rows.
    pub chunks: Vec<MendedChunk>,
    /// The entities that refer to it, directly or not: what was made of them and is not loaded is given up, as is its own.
    pub descendants: Vec<EntityId>,
    /// The names of its control sums; others are removed.
    pub controls: Vec<String>,
}

/// What the new plan tells of a loaded chunk whose rows stay as they are.
#[derive(Clone, Debug)]
pub struct MendedChunk {
    /// The chunk.
    pub chunk: ChunkId,
    /// Rows whose filter has another name now.
    pub filters: Vec<(LegacyKey, String)>,
    /// What was repaired.
    pub incidents: Vec<IncidentCount>,
    /// What became of the references.
    pub references: Vec<ReferenceCount>,
}

/// A change of the plan under loaded rows, as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanChange {
    /// The run that took the new plan over; its record has the command and the new plan.
    pub run: RunId,
    /// The entity's name.
    pub entity: String,
    /// The plan before.
    pub from_plan: String,
    /// What identified the entity's part of it.
    pub from_hash: String,
    /// What identifies it now.
    pub to_hash: String,
    /// How many loaded, merged, filtered and adopted rows were compared and come out the same.
    pub rows: u64,
}

impl StagingWriter {
    /// Takes over a mended plan of an entity. To be called in one batch with the start of the run that does it.
    pub fn change_plan(&mut self, mended: &MendedEntity, run: RunId) -> Result<(), StagingError> {
        self.step(|db| {
            let sql = "INSERT INTO plan_changes (run, entity, from_plan, from_hash, to_hash, rows) SELECT ?1, id, ?2, transform_hash, ?3, ?4 \
                       FROM entities WHERE id = ?5";
            let (run, hash) = (run.to_string(), &mended.record.transform_hash);
            let before = plan_before(db, mended.entity)?;
            db.prepare_cached(sql)?.execute((run, before, hash, stored(mended.rows), mended.entity.0))?;
            update_entity(db, mended.entity, &mended.record)?;
            let given_up: Vec<EntityId> = mended.descendants.iter().copied().chain([mended.entity]).collect();
            invalidate(db, &given_up)?;
            for chunk in &mended.chunks {
                retell(db, mended.entity, chunk)?;
            }
            forget_controls(db, mended.entity, &mended.controls)
        })
    }
}

/// The plan with which the entity's rows were made, or for which they were last found good.
fn plan_before(db: &Connection, entity: EntityId) -> Result<String, StagingError> {
    let sql = "SELECT plan FROM runs WHERE id IN (SELECT transformed_run FROM chunks WHERE entity = ?1 \
               UNION SELECT run FROM plan_changes WHERE entity = ?1) ORDER BY rowid DESC LIMIT 1";
    let found = rows(db, sql, [entity.0], |row| Ok(row.get(0)?))?.pop();
    found.ok_or(StagingError::Unknown { what: format!("the plan of {}", name_of(db, entity)?) })
}

/// Replaces what is told of a chunk.
fn retell(db: &Connection, entity: EntityId, chunk: &MendedChunk) -> Result<(), StagingError> {
    for (key, filter) in &chunk.filters {
        db.prepare_cached("UPDATE id_map SET detail = ?3 WHERE entity = ?1 AND key = ?2 AND outcome = ?4")?.execute((
            entity.0,
            key_value(key),
            filter,
            Outcome::Filtered as u8,
        ))?;
    }
    for table in ["incidents", "reference_counts"] {
        db.prepare_cached(&format!("DELETE FROM {table} WHERE chunk = ?1"))?.execute([chunk.chunk.0])?;
    }
    insert_incidents(db, chunk.chunk, &chunk.incidents)?;
    insert_references(db, chunk.chunk, &chunk.references)
}

/// Removes the sums of controls that the plan does not have any more.
fn forget_controls(db: &Connection, entity: EntityId, kept: &[String]) -> Result<(), StagingError> {
    let known = rows(
        db,
        "SELECT DISTINCT name FROM source_controls WHERE entity = ?1 UNION SELECT name FROM control_sums WHERE chunk IN (SELECT id FROM chunks WHERE entity = ?1)",
        [entity.0],
        |row| Ok(row.get::<_, String>(0)?),
    )?;
    for name in known.iter().filter(|name| !kept.contains(name)) {
        db.prepare_cached("DELETE FROM source_controls WHERE entity = ?1 AND name = ?2")?.execute((entity.0, name))?;
        db.prepare_cached("DELETE FROM control_sums WHERE name = ?2 AND chunk IN (SELECT id FROM chunks WHERE entity = ?1)")?
            .execute((entity.0, name))?;
    }
    Ok(())
}

impl StagingReader {
    /// The changes of the plan that were taken over, oldest first.
    pub fn plan_changes(&self) -> Result<Vec<PlanChange>, StagingError> {
        let sql = "SELECT p.run, e.name, p.from_plan, p.from_hash, p.to_hash, p.rows FROM plan_changes AS p \
                   JOIN runs AS r ON r.id = p.run JOIN entities AS e ON e.id = p.entity ORDER BY r.rowid, e.id";
        rows(&self.db, sql, [], |row| {
            Ok(PlanChange {
                run: run_id(&row.get::<_, String>(0)?)?,
                entity: row.get(1)?,
                from_plan: row.get(2)?,
                from_hash: row.get(3)?,
                to_hash: row.get(4)?,
                rows: count(row, 5)?,
            })
        })
    }
}
