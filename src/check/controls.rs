//! SQL of control sums: what is summed and what it is grouped by is planned by the server that will be asked for it. Boundary: explains,
//! reads no row; that the plan's own expressions are sound is `plan::compile`'s.

use super::source::token;
use crate::pg::{PgError, QualifiedName, ServerError, Session, plans};
use crate::plan::{ControlPlan, EntityPlan, Plan, Problems, Text};
use crate::source::source_query;

/// What the source is asked about the control sums of an entity: what stands before a text of the plan, and the text.
fn sums_at_source(control: &ControlPlan) -> impl Iterator<Item = (&'static str, &Text)> {
    // Where only the plan can tell a group, the source is asked for the whole sum.
    let groups = control.by.iter().filter(|_| control.source_has_groups()).filter_map(|group| Some(("(", group.source.as_ref()?)));
    std::iter::once(("sum(", &control.source_text)).chain(groups)
}

fn sums_at_target(control: &ControlPlan) -> impl Iterator<Item = (&'static str, &Text)> {
    std::iter::once(("sum(", &control.target)).chain(control.by.iter().map(|group| ("(", &group.target)))
}

/// What the source is asked to plan for the control sums of these entities; where it refuses one, [`of_source`] tells of each.
pub(super) fn at_source<'p>(plan: &'p Plan, entities: impl Iterator<Item = &'p EntityPlan>) -> impl Iterator<Item = String> {
    entities.flat_map(|entity| {
        let from = source_query(plan, entity).from_clause();
        let of = entity.controls.iter().flat_map(sums_at_source);
        of.map(move |(before, text)| question(before, text, &from)).collect::<Vec<_>>()
    })
}

/// Whether the target plans the control sums of all these entities, with their tables, asked together; where not, [`of_target`] tells of each.
pub(super) fn all_at_target<'p>(
    entities: impl Iterator<Item = (&'p EntityPlan, &'p QualifiedName)>,
    session: &mut Session,
) -> Result<bool, PgError> {
    let asked = entities.flat_map(|(entity, table)| {
        let from = format!("FROM {}", table.to_sql());
        let of = entity.controls.iter().flat_map(sums_at_target);
        of.map(move |(before, text)| question(before, text, &from)).collect::<Vec<_>>()
    });
    let questions: Vec<String> = asked.collect();
    Ok(questions.is_empty() || plans(session, questions.into_iter())?.is_some())
}

/// The line break ends a comment in the expression.
fn question(before: &str, text: &Text, from: &str) -> String {
    format!("SELECT {before}{}\n)::text {from}", text.value)
}

/// Asks the source to plan the control sums of an entity whose query it accepts.
pub(super) fn of_source(plan: &Plan, entity: &EntityPlan, session: &mut Session, problems: &mut Problems) -> Result<(), PgError> {
    let from = source_query(plan, entity).from_clause();
    for control in &entity.controls {
        for (before, text) in sums_at_source(control) {
            if let Some(refused) = tried(session, before, text, &from)? {
                told("E0314", "source", control, text, &refused, before, problems);
            }
        }
    }
    Ok(())
}

/// Asks the target to plan the control sums of an entity whose table it has.
pub(super) fn of_target(entity: &EntityPlan, table: &QualifiedName, session: &mut Session, problems: &mut Problems) -> Result<(), PgError> {
    let from = format!("FROM {}", table.to_sql());
    for control in &entity.controls {
        for (before, text) in sums_at_target(control) {
            if let Some(refused) = tried(session, before, text, &from)? {
                told("E0332", "target", control, text, &refused, before, problems);
            }
        }
    }
    Ok(())
}

/// What the server says against an expression, its position counted in the expression. What it says of privileges is told elsewhere.
fn tried(session: &mut Session, before: &str, text: &Text, from: &str) -> Result<Option<ServerError>, PgError> {
    let head = format!("EXPLAIN SELECT {before}");
    match session.text_rows(&format!("EXPLAIN {}", question(before, text, from))) {
        Ok(_) => Ok(None),
        Err(error) => {
            let mut error = error.refusal()?;
            if error.sqlstate == "42501" {
                return Ok(None);
            }
            let begins = u32::try_from(head.chars().count()).unwrap_or(u32::MAX);
            let long = u32::try_from(text.value.chars().count()).unwrap_or(u32::MAX);
            error.position = error.position.and_then(|at| at.checked_sub(begins)).filter(|at| (1..=long).contains(at));
            Ok(Some(error))
        }
    }
}

fn told(code: &'static str, side: &str, control: &ControlPlan, text: &Text, refused: &ServerError, before: &str, problems: &mut Problems) {
    let what = if before == "(" { "group" } else { "sum" };
    let (place, label) = match refused.position {
        Some(at) => (text.place(&token(&text.value, at)), "here"),
        None => (text.whole(), "in this SQL"),
    };
    let message =
        format!("the {side} cannot {what} control `{}`: {} (SQLSTATE {})", control.name, refused.safe_message(), refused.sqlstate);
    problems.error(code, Some(place), message, label, refused.hint.clone());
}
