//! Alarms: what is no difference and still hardly ever meant. A column that was fed from the wrong place is loaded, read back and equal;
//! only its figures give it away. Boundary: judges figures that others gathered; an alarm changes no exit code, because a person has to
//! decide whether it is meant.

use std::collections::HashMap;

use super::finding::{Alarm, AlarmKind, ColumnFacts, Profile, Reference, TableCheck, TargetColumn, Validation};
use super::subject::Subjects;
use super::{Request, ValidateError};
use crate::staging::{EntityId, IncidentTotal, StagingReader};

/// With so few rows anything can be chance.
const HANDFUL: u64 = 10;
/// A column may lose a hundredth of its values before it is an alarm; its incidents are listed in any case.
const LOST_SHARE: u64 = 100;

/// Raises the alarms of a validation whose figures are complete.
pub(super) fn raise(
    request: &Request<'_>,
    subjects: &Subjects,
    reader: &StagingReader,
    found: &mut Validation,
) -> Result<(), ValidateError> {
    let mut alarms = Vec::new();
    let checks: HashMap<&str, &TableCheck> = found.tables.iter().map(|check| (check.table.as_str(), check)).collect();
    for table in &subjects.tables {
        let read: u64 = table.feeds.iter().filter_map(|feed| subjects.known.ledger(feed.id)).map(|ledger| ledger.read).sum();
        let rows = checks.get(table.name().as_str()).map_or(0, |check| check.rows - check.others.min(check.rows));
        if rows > read {
            let entity = table.feeds.first().map_or_else(String::new, |feed| feed.name.clone());
            let message =
                format!("{} has {rows} rows of ours, and only {read} were read: something was loaded twice or made up", table.name());
            alarms.push(Alarm { kind: AlarmKind::MoreRows, entity, column: None, message });
        }
    }
    for reference in &found.references {
        alarms.extend(never_hit(reference));
    }
    let mut incidents: HashMap<EntityId, Vec<IncidentTotal>> = HashMap::new();
    for total in reader.incidents(None)? {
        incidents.entry(total.entity).or_default().push(total);
    }
    let mut references: HashMap<&str, Vec<&Reference>> = HashMap::new();
    for reference in &found.references {
        references.entry(&reference.entity).or_default().push(reference);
    }
    for profile in &found.profiles {
        let incidents = subjects.known.named(&profile.entity).and_then(|row| incidents.get(&row.id));
        let references = references.get(profile.entity.as_str()).map_or(&[][..], Vec::as_slice);
        for column in &profile.target {
            let nulled =
                incidents.into_iter().flatten().filter(|total| total.incident.column == column.facts.name).map(|total| total.count).sum();
            let parents: Vec<&Reference> = references.iter().copied().filter(|r| r.column == column.facts.name).collect();
            let choice = match parents.as_slice() {
                [] => Choice::NoReference,
                parents => Choice::Rows(rows_of(parents, subjects)),
            };
            alarms.extend(judge(profile, column, nulled, choice));
        }
    }
    let places = request.plan.by_name();
    alarms.sort_by_key(|alarm| places.get(alarm.entity.as_str()).copied());
    found.alarms = alarms;
    Ok(())
}

/// How many parents a column could refer to.
#[derive(Clone, Copy)]
enum Choice {
    NoReference,
    Rows(u64),
}

fn rows_of(parents: &[&Reference], subjects: &Subjects) -> u64 {
    let ledgers = parents.iter().filter_map(|parent| subjects.known.ledger(subjects.known.named(&parent.parent)?.id));
    ledgers.map(|ledger| ledger.done.loaded + ledger.done.adopted).sum()
}

fn never_hit(reference: &Reference) -> Option<Alarm> {
    let failed = reference.missing + reference.parent_quarantined + reference.parent_filtered;
    (reference.hit == 0 && failed > 0).then(|| Alarm {
        kind: AlarmKind::ReferenceNeverHit,
        entity: reference.entity.clone(),
        column: Some(reference.column.clone()),
        message: format!(
            "not one of {failed} references to {} was found: is it looked up by the right key, in the right entity?",
            reference.parent
        ),
    })
}

fn judge(profile: &Profile, column: &TargetColumn, nulled: u64, choice: Choice) -> Option<Alarm> {
    let alarm = |kind: AlarmKind, message: String| {
        Some(Alarm { kind, entity: profile.entity.clone(), column: Some(column.facts.name.clone()), message })
    };
    let sources: Vec<&ColumnFacts> = profile.source.iter().filter(|facts| column.made_of.contains(&facts.name)).collect();
    if profile.rows <= HANDFUL || sources.is_empty() {
        return None;
    }
    let facts = &column.facts;
    let names = column.made_of.join(", ");
    // An empty text says as much as NULL does, and is often turned into it.
    let telling = |source: &&ColumnFacts| source.values - source.blank;
    if facts.values == 0 {
        let told = sources.iter().map(telling).min().unwrap_or(0);
        let message = format!("is NULL in all {} loaded rows, and {names} is not", profile.rows);
        return if told > 0 { alarm(AlarmKind::AllNull, message) } else { None };
    }
    if let Choice::Rows(parents) = choice {
        if facts.distinct == 1 && facts.values > HANDFUL && parents > 1 {
            let message = format!("all {} references lead to one row, and there are {parents} to choose from", facts.values);
            return alarm(AlarmKind::SingleParent, message);
        }
    } else if variants(facts, profile.rows) == 1
        && let Some(varying) = sources.iter().find(|source| variants(source, profile.rows) > 1)
    {
        let message = format!(
            "has one value in all {} loaded rows, and {}, which it is made of, has {}",
            profile.rows,
            varying.name,
            variants(varying, profile.rows)
        );
        return alarm(AlarmKind::Constant, message);
    }
    if let [source] = sources.as_slice() {
        let told = telling(source);
        let lost = told.saturating_sub(facts.values + nulled);
        if lost > HANDFUL && lost > told / LOST_SHARE {
            let message = format!("{names} has a value in {told} loaded rows, and {lost} of them have none here, without an incident");
            return alarm(AlarmKind::FewerValues, message);
        }
    }
    None
}

/// Different values, NULL among them.
fn variants(facts: &ColumnFacts, rows: u64) -> u64 {
    facts.distinct + u64::from(facts.values < rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::OrphanProof;

    fn facts(name: &str, values: u64, distinct: u64) -> ColumnFacts {
        ColumnFacts { name: name.to_owned(), values, distinct, distinct_exact: true, ..ColumnFacts::default() }
    }

    fn kind(source: ColumnFacts, target: ColumnFacts, nulled: u64, choice: Choice) -> Option<AlarmKind> {
        let column = TargetColumn { facts: target, made_of: vec![source.name.clone()] };
        let profile = Profile { entity: "e".to_owned(), rows: 1_000, target: vec![column.clone()], source: vec![source] };
        judge(&profile, &column, nulled, choice).map(|alarm| alarm.kind)
    }

    #[test]
    fn a_column_that_lost_what_its_source_tells_is_an_alarm() {
        let none = Choice::NoReference;
        assert_eq!(kind(facts("country", 1_000, 7), facts("country", 1_000, 1), 0, none), Some(AlarmKind::Constant));
        assert_eq!(kind(facts("country", 900, 1), facts("country", 1_000, 1), 0, none), Some(AlarmKind::Constant), "NULL became a value");
        assert_eq!(kind(facts("country", 1_000, 1), facts("country", 1_000, 1), 0, none), None, "so it is in the source");
        assert_eq!(kind(facts("country", 1_000, 7), facts("country", 0, 0), 0, none), Some(AlarmKind::AllNull));
        assert_eq!(kind(facts("country", 0, 0), facts("country", 0, 0), 0, none), None);
        assert_eq!(kind(facts("email", 1_000, 900), facts("email", 900, 900), 0, none), Some(AlarmKind::FewerValues));
        assert_eq!(kind(facts("email", 1_000, 900), facts("email", 900, 900), 95, none), None, "incidents tell of them");
        assert_eq!(kind(facts("email", 1_000, 900), facts("email", 995, 900), 0, none), None, "a few");
        let blank = ColumnFacts { blank: 100, ..facts("email", 1_000, 900) };
        assert_eq!(kind(blank, facts("email", 900, 900), 0, none), None, "blanks are no values");
    }

    #[test]
    fn references_to_one_parent_or_to_none() {
        assert_eq!(kind(facts("p", 1_000, 7), facts("p", 1_000, 1), 0, Choice::Rows(50)), Some(AlarmKind::SingleParent));
        assert_eq!(kind(facts("p", 1_000, 1), facts("p", 1_000, 1), 0, Choice::Rows(1)), None, "there is only one");
        let reference = |hit: u64, missing: u64| Reference {
            entity: "e".to_owned(),
            column: "p".to_owned(),
            parent: "people".to_owned(),
            hit,
            null: 0,
            missing,
            parent_quarantined: 0,
            parent_filtered: 0,
            orphans: 0,
            proof: OrphanProof::ForeignKey,
            sql: String::new(),
        };
        assert_eq!(never_hit(&reference(0, 5)).map(|alarm| alarm.kind), Some(AlarmKind::ReferenceNeverHit));
        assert_eq!(never_hit(&reference(0, 0)), None);
        assert_eq!(never_hit(&reference(1, 500)), None);
    }
}
