//! The source's own control sums when rows come out of quarantine with other amounts than they went in with: what they had is taken out
//! of the sum, what they have is added. Boundary: arithmetic on what both snapshots gave; the source is not asked again.

use std::collections::{BTreeMap, BTreeSet};

use super::settings::PipelineError;
use super::shared::Shared;
use crate::plan::CompiledEntity;
use crate::row::{Group, Outcome};
use crate::staging::{SourceControl, StagingReader};
use crate::transform::{Inputs, adjusted, control_sums};

/// The source's own sums, where the rows hold other amounts now than when they were summed.
pub(super) fn source_sums(
    shared: &Shared<'_>,
    reader: &StagingReader,
    entity: &CompiledEntity,
    old: &[u8],
    new: &[u8],
) -> Result<Vec<SourceControl>, PipelineError> {
    let inputs = Inputs {
        namespace: shared.setup.plan.namespace,
        run_started_at: shared.run_started_at,
        parents: Vec::new(),
        adopted: None,
        survey: None,
    };
    let sums = |tuples: &[u8]| -> Result<BTreeMap<(usize, Group), String>, PipelineError> {
        let sums = control_sums(entity, &inputs, tuples, |_| Some(Outcome::Quarantined))?;
        Ok(sums.into_iter().map(|sum| ((sum.control, sum.group), sum.sum)).collect())
    };
    let (was, is) = (sums(old)?, sums(new)?);
    let mut recorded = reader.source_controls(shared.id(entity.index)?)?;
    let mut changed = Vec::new();
    for (at, group) in was.keys().chain(is.keys()).collect::<BTreeSet<_>>() {
        let of = |sums: &BTreeMap<(usize, Group), String>| sums.get(&(*at, group.clone())).cloned().unwrap_or_else(|| "0".to_owned());
        let (was, is) = (of(&was), of(&is));
        let control = &entity.controls[*at];
        if was == is {
            continue;
        }
        // The source's sum over all rows stands where it could not tell the groups.
        let same = |sum: &&mut SourceControl| {
            let parts = sum.group.0.iter().zip(&control.by).map(|(part, by)| part.clone().map(|text| by.normal(text)));
            sum.name == control.name && (sum.group.0.is_empty() || Group(parts.collect()) == *group)
        };
        if let Some(sum) = recorded.iter_mut().find(same) {
            if let Some(now) = adjusted(&sum.sum, &was, &is) {
                sum.sum = now;
                changed.retain(|known: &SourceControl| (&known.name, &known.group) != (&sum.name, &sum.group));
                changed.push(sum.clone());
            }
        } else if let Some(snapshot) = recorded.first().map(|sum| sum.snapshot) {
            let new = SourceControl { name: control.name.clone(), snapshot, group: group.clone(), sum: is };
            recorded.push(new.clone());
            changed.push(new);
        }
    }
    Ok(changed)
}
