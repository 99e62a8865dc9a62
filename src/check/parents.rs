//! Which entities must be there before others. Boundary: the plan's references and the staging file's ledger; no server.

use std::collections::HashSet;

use super::CheckError;
use crate::plan::{Plan, Problems};
use crate::staging::{EntityLedger, StagingReader};

/// How far the parents of an entity must be that are not among those selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Their keys must be known.
    Transformed,
    /// Their rows must be in the target.
    Loaded,
}

/// The selected entities and everything they refer to, directly or not.
pub fn with_ancestors(plan: &Plan, selected: &[bool]) -> Vec<bool> {
    let mut wanted = selected.to_vec();
    // In load order parents stand before their children, so one pass from the end finds all.
    for index in (0..wanted.len()).rev() {
        if wanted[index] {
            for parent in &plan.entities[index].parents {
                wanted[parent.entity] = true;
            }
        }
    }
    wanted
}

/// Reports selected entities with a parent that is neither selected nor far enough in the staging file.
pub fn parents(
    plan: &Plan,
    selected: &[bool],
    staging: Option<&StagingReader>,
    need: Need,
    problems: &mut Problems,
) -> Result<(), CheckError> {
    let ledger = staging.map(StagingReader::ledger).transpose()?.unwrap_or_default();
    let is_far_enough = |entity: &EntityLedger| match need {
        Need::Transformed => entity.is_transformed(),
        Need::Loaded => entity.is_finished(),
    };
    let far_enough: HashSet<&str> = ledger.iter().map(|(_, entity)| entity).filter(|e| is_far_enough(e)).map(|e| e.name.as_str()).collect();
    for (index, entity) in plan.entities.iter().enumerate().filter(|(index, _)| selected[*index]) {
        let lacking: Vec<&str> = entity
            .parents
            .iter()
            .filter(|parent| parent.entity != index && !selected[parent.entity])
            .map(|parent| plan.entities[parent.entity].name.as_str())
            .filter(|name| !far_enough.contains(name))
            .collect();
        if lacking.is_empty() {
            continue;
        }
        let word = match need {
            Need::Transformed => "transformed",
            Need::Loaded => "loaded",
        };
        let message = format!("{} refers to {}, which is neither selected nor {word} yet", entity.name, lacking.join(" and "));
        let help = format!("add --with-deps to select everything that is referred to, or --only {},{}", lacking.join(","), entity.name);
        problems.error("E0340", None, message, "", Some(help));
    }
    Ok(())
}
