//! Adoption: before an entity is transformed, the keys of those of its rows that are in the target already are read there and kept
//! in the staging file. Boundary: which entities, and what is kept; reading is `target`'s, what it means for a row `transform`'s.

use super::coordinator::EntityState;
use super::plan_change;
use super::settings::{PipelineError, Setup};
use super::shared::Shared;
use crate::pg::{QualifiedName, Session};
use crate::plan::{CompiledEntity, NewIds};
use crate::staging::{
    AdoptedKey, AdoptionCounts, EntityId, PlanFile, RunExit, RunId, RunStart, StagingError, StagingReader, StagingWriter,
};
use crate::target::{AdoptSource, TargetError, TargetLock, read_adopted};
use crate::transform::Minter;

/// What was adopted of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The entity.
    pub entity: String,
    /// How many keys.
    pub counts: AdoptionCounts,
}

/// Reads the keys of the selected entities in the target: those that `adopt` in the plan leads to, and those that an earlier
/// migration published in the mapping table. What was transformed of them is given up; fails where rows of them are loaded by
/// this staging file.
pub fn adopt(setup: &Setup<'_>) -> Result<Vec<Adoption>, PipelineError> {
    let selected = setup.plan.entities.iter().zip(&setup.selected).filter(|(_, selected)| **selected);
    let without_key: Vec<&str> = selected.filter(|(entity, _)| entity.has_no_key()).map(|(entity, _)| entity.name.as_str()).collect();
    if !without_key.is_empty() {
        return Err(PipelineError::NotReady {
            message: format!(
                "no rows can be adopted of {}, whose source has no key: other rows may stand by now at the places by which they are published; leave it out with --only, and to load it anew take its rows and their entries in etl.ledger out of the target",
                without_key.join(", ")
            ),
        });
    }
    let mut writer = StagingWriter::open_or_create(&setup.staging)?;
    let reader = StagingReader::open(&setup.staging)?;
    let ids = plan_change::register(setup, &mut writer, &reader)?.ids;
    let run = writer.start_run(&RunStart {
        command: setup.settings.command.clone(),
        plan_hash: setup.plan.hash.to_string(),
        plan_files: setup.plan.files.iter().map(|f| PlanFile { path: f.name.clone(), text: f.text.clone() }).collect(),
        source: setup.source.as_ref().map(|e| e.redacted().to_owned()),
        target: setup.target.as_ref().map(|e| e.redacted().to_owned()),
    })?;
    let all = (0..ids.len()).filter(|index| setup.selected[*index]);
    let adopted = read_all(setup, &mut writer, &reader, &ids, run.id, all.collect());
    let exit = match &adopted {
        Ok(_) => RunExit { code: 0, reason: "done".into() },
        Err(error) => RunExit { code: 1, reason: error.to_string() },
    };
    drop(reader);
    writer.finish_run(run.id, &exit)?;
    adopted
}

/// What the plan says is adopted, and was not yet.
pub(super) fn before_transform(
    shared: &Shared<'_>,
    writer: &mut StagingWriter,
    reader: &StagingReader,
    states: &[EntityState],
) -> Result<(), PipelineError> {
    let mut due = Vec::new();
    for (index, state) in states.iter().enumerate() {
        if state.taking_part && shared.setup.plan.entities[index].adopt.is_some() && reader.adoption(shared.id(index)?)?.is_none() {
            due.push(index);
        }
    }
    for adoption in read_all(shared.setup, writer, reader, &shared.ids, shared.run, due)? {
        let AdoptionCounts { adopted, merged, stale } = adoption.counts;
        shared.note(format!(
            "{}: {adopted} keys are in the target already, {merged} more are merged there, {stale} lead nowhere",
            adoption.entity
        ));
    }
    Ok(())
}

fn read_all(
    setup: &Setup<'_>,
    writer: &mut StagingWriter,
    reader: &StagingReader,
    ids: &[Option<EntityId>],
    run: RunId,
    due: Vec<usize>,
) -> Result<Vec<Adoption>, PipelineError> {
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let no_target = || PipelineError::NotReady { message: "adopting reads the target: set [target] url, or --target URL".into() };
    let endpoint = setup.target.as_ref().ok_or_else(no_target)?;
    let _lock = TargetLock::acquire(endpoint)?;
    let mut session = endpoint.connect().map_err(TargetError::from)?;
    let mut adopted = Vec::new();
    for index in due {
        let (Some(entity), Some(id)) = (&setup.entities[index], ids[index]) else { continue };
        let found = read_one(setup, entity, &mut session)?;
        let keys: Vec<AdoptedKey> = found
            .rows
            .into_iter()
            .map(|row| AdoptedKey { key: row.key, new_key: row.id.into(), survivor: row.survivor, published: row.published })
            .collect();
        let below: Vec<EntityId> = setup.plan.descendants(index).into_iter().filter_map(|at| ids[at]).collect();
        writer.store_adopted(id, &below, run, &keys, found.stale)?;
        let counts = reader.adoption(id)?;
        let missing = || StagingError::Unknown { what: format!("the adoption of {}", entity.name) };
        adopted.push(Adoption { entity: entity.name.clone(), counts: counts.ok_or_else(missing)? });
    }
    Ok(adopted)
}

fn read_one(setup: &Setup<'_>, entity: &CompiledEntity, session: &mut Session) -> Result<crate::target::Adopted, PipelineError> {
    let plan = &setup.plan.entities[entity.index];
    let named = |text: &str| {
        let unread = || PipelineError::NotReady { message: format!("`{text}` is no table name") };
        QualifiedName::parse(text).ok_or_else(unread)
    };
    let table = named(&entity.target)?;
    let mapping = setup.plan.mappings.as_ref().map(|name| named(&name.value)).transpose()?;
    let source = AdoptSource {
        entity: &entity.name,
        table: &table,
        id: &entity.columns[entity.id_column].column.name,
        kept: entity.ids == NewIds::Keep,
        kind: entity.key.kind,
        column: plan.adopt.as_ref().and_then(|adopt| adopt.column.as_ref()).map(|column| column.value.as_str()),
        pairs: plan.adopt.as_ref().and_then(|adopt| adopt.pairs.as_ref()).map(|pairs| pairs.value.as_str()),
        mapping: mapping.as_ref().filter(|_| entity.ids != NewIds::Keep).map(|table| (table, entity.entity_type.as_str())),
    };
    let mut minter = Minter::of(entity.ids, setup.plan.namespace, &entity.entity_type);
    Ok(read_adopted(session, &source, |key| minter.mint(key))?)
}
