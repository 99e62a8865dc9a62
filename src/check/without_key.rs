//! Tables without a key, `key = "ctid"`: where the physical place of a row tells it apart from all others, and what follows from it. Boundary:
//! the plan and the source's catalogue; how such a table is read is `source`'s.

use super::source::SourceSide;
use crate::pg::{PgError, QualifiedName, Session, without_own_places};
use crate::plan::{EntityPlan, Plan, Problems, Text};
use crate::source::{WITHOUT_KEY_BYTES, source_query};

/// Which of the wanted entities can be looked at: an entity whose rows have no places of their own is a problem, and no more is said of it.
pub(super) fn readable(plan: &Plan, wanted: &[bool], session: &mut Session, problems: &mut Problems) -> Result<Vec<bool>, PgError> {
    let mut readable = wanted.to_vec();
    let (mut asked, mut tables): (Vec<usize>, Vec<QualifiedName>) = (Vec::new(), Vec::new());
    for (index, entity) in plan.entities.iter().enumerate().filter(|(index, entity)| wanted[*index] && entity.has_no_key()) {
        if let Some(table) = source_query(plan, entity).table() {
            asked.push(index);
            tables.push(table);
        } else {
            readable[index] = false;
            refuse(entity, "a query", problems);
        }
    }
    if tables.is_empty() {
        return Ok(readable);
    }
    let found = match without_own_places(session, &tables) {
        Ok(found) => found,
        // What may not be looked at is told of where it is described.
        Err(error) => error.refusal().map(|_| Vec::new())?,
    };
    for (index, what) in asked.into_iter().zip(found) {
        if let Some(what) = what {
            readable[index] = false;
            refuse(&plan.entities[index], what, problems);
        }
    }
    Ok(readable)
}

fn refuse(entity: &EntityPlan, what: &str, problems: &mut Problems) {
    let message = format!("`ctid` does not tell the rows of {} apart: its `from` is {what}", entity.name);
    let help = "name columns that do as `key`; where there are none, a query can number the rows: \
                select row_number() over (order by …) as nr, … in an order that is always the same";
    problems.error("E0315", entity.key.first().map(Text::whole), message, "here", Some(help.to_owned()));
}

/// Notes on the entities that have no key.
pub(super) fn notes(plan: &Plan, selected: &[bool], sides: &[Option<SourceSide>]) -> Vec<String> {
    let entities = plan.entities.iter().zip(selected).zip(sides);
    let without_key = entities.filter(|((entity, selected), side)| **selected && side.is_some() && entity.has_no_key());
    let note = |entity: &EntityPlan| {
        format!(
            "{}: {} has no key, so it is read as a whole, up to {} MiB, by the physical place of its rows; its new keys hold for this staging file only, and another migration from scratch would mint others once rows have moved",
            entity.name,
            entity.from.value.trim(),
            WITHOUT_KEY_BYTES >> 20
        )
    };
    without_key.map(|((entity, _), _)| note(entity)).collect()
}
