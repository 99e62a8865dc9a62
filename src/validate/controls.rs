//! Control sums: the source's own sum against the outcomes, and the loaded part against the target's own sum. Boundary: exact decimals
//! from all three sides; the sums themselves were made by `source`, `transform` and the target's server.

use super::amount::Amount;
use super::finding::{Control, Difference, DifferenceKind, Validation};
use super::subject::{Subject, Subjects, Table};
use super::{Request, ValidateError};
use crate::pg::{QualifiedName, Session, ident, literal};
use crate::plan::ControlPlan;
use crate::row::Outcome;
use crate::staging::{EntityId, StagingReader};
use crate::target::sum_text;

/// Checks the control sums of the selected entities. `others` has the number of rows of others for each table.
pub(super) fn check_controls(
    request: &Request<'_>,
    subjects: &Subjects,
    others: &[u64],
    reader: &StagingReader,
    session: &mut Session,
    found: &mut Validation,
) -> Result<(), ValidateError> {
    for subject in &subjects.entities {
        for control in &request.plan.entities[subject.index].controls {
            let (table, others) = (&subjects.tables[subject.table], others.get(subject.table).copied().unwrap_or(0));
            let not_a_number = || ValidateError::NotANumber { entity: subject.name.clone(), control: control.name.clone() };
            let (loaded, held) = staged_sums(reader, subject.id, &control.name)?.ok_or_else(not_a_number)?;
            let recorded = reader.source_controls(subject.id)?.into_iter().find(|sum| sum.name == control.name);
            let source = recorded.map(|sum| Amount::read(&sum.sum).ok_or_else(not_a_number)).transpose()?;
            let in_target = target_sum(request, table, others, control, reader, session)?;
            let in_target = in_target.map(|(sum, of_all)| Some((Amount::read(&sum)?, of_all))).map(|sum| sum.ok_or_else(not_a_number));
            judge(subject, control, [source, Some(loaded), Some(held)], in_target.transpose()?, found);
        }
    }
    Ok(())
}

/// What of an entity is in the target, loaded or adopted, and what it held back; `None` when a sum is no number.
fn staged_sums(reader: &StagingReader, entity: EntityId, control: &str) -> Result<Option<(Amount, Amount)>, ValidateError> {
    let (mut loaded, mut held) = (Amount::zero(), Amount::zero());
    for total in reader.control_totals(entity)?.into_iter().filter(|total| total.name == control) {
        let Some(sum) = Amount::read(&total.sum) else { return Ok(None) };
        match total.outcome {
            // An adopted row is in the target as a loaded one is, and so is what it holds.
            Outcome::Loaded | Outcome::Adopted => loaded = loaded.plus(sum),
            Outcome::Merged | Outcome::Filtered | Outcome::Quarantined => held = held.plus(sum),
        }
    }
    Ok(Some((loaded, held)))
}

/// The target's own sum, and what all entities that are summed with it have loaded. `None` where our rows cannot be told from others.
fn target_sum(
    request: &Request<'_>,
    table: &Table,
    others: u64,
    control: &ControlPlan,
    reader: &StagingReader,
    session: &mut Session,
) -> Result<Option<(String, Amount)>, ValidateError> {
    let mut filter = None;
    if others > 0 {
        // Rows of others have no part in the sum; ours are those that the mapping table names.
        let Some(mappings) = request.plan.mappings.as_ref().and_then(|text| QualifiedName::parse(&text.value)) else { return Ok(None) };
        let ours = format!("SELECT new_id FROM {} WHERE entity_type = {}", mappings.to_sql(), literal(&table.entity_type));
        filter = Some(format!("{} IN ({ours})", ident(&table.columns[table.id_at])));
    }
    let mut all = Amount::zero();
    for feed in &table.feeds {
        let controls = feed.index.map(|index| &request.plan.entities[index].controls);
        let same = controls.and_then(|controls| controls.iter().find(|other| other.target.value == control.target.value));
        let Some(same) = same else { return Ok(None) };
        let Some((loaded, _)) = staged_sums(reader, feed.id, &same.name)? else { return Ok(None) };
        all = all.plus(loaded);
    }
    let sum = sum_text(session, &table.info.name, &control.target.value, filter.as_deref())?;
    Ok(Some((sum.unwrap_or_else(|| "0".to_owned()), all)))
}

fn judge(subject: &Subject, control: &ControlPlan, sums: [Option<Amount>; 3], target: Option<(Amount, Amount)>, found: &mut Validation) {
    let [source, loaded, held] = sums;
    let (loaded, held) = (loaded.unwrap_or_else(Amount::zero), held.unwrap_or_else(Amount::zero));
    let accounted = loaded.clone().plus(held.clone());
    // A source that was never asked can only be believed where there is nothing to sum.
    let closed = source.as_ref().map_or(accounted == Amount::zero(), |source| *source == accounted);
    let arrived = target.as_ref().is_none_or(|(sum, all)| sum == all);
    let scale = [source.as_ref(), Some(&loaded), Some(&held)].into_iter().flatten().map(Amount::scale).max().unwrap_or(0);
    let mut differs = |expected: String, there: String, message: &str| {
        let mut difference = Difference::new(DifferenceKind::Control, message);
        difference.entity = Some(subject.name.clone());
        difference.column = Some(control.name.clone());
        difference.expected = Some(expected);
        difference.found = Some(there);
        found.add(difference);
    };
    if !closed {
        let expected = source.as_ref().map_or_else(|| "not recorded".to_owned(), |sum| sum.text(scale));
        differs(expected, accounted.text(scale), "the sum over all outcomes is not the source's sum");
    }
    if let Some((sum, all)) = target.as_ref().filter(|_| !arrived) {
        differs(all.text(scale), sum.text(scale), "the target's sum is not the sum of what was loaded");
    }
    found.controls.push(Control {
        entity: subject.name.clone(),
        name: control.name.clone(),
        source: source.map(|sum| sum.text(scale)),
        loaded: loaded.text(scale),
        held: held.text(scale),
        target: target.map(|(sum, _)| sum.text(scale)),
        equal: closed && arrived,
    });
}
