//! The source side: does every `from` run, what columns does it give, how much is behind it. Boundary: describes and explains, never
//! runs a query of the plan (`census` may).

use std::ops::Range;

use super::run::EntitySize;
use super::{controls, near, without_key};
use crate::pg::{
    ColumnList, Origin, PgError, QualifiedName, QueryInfo, ServerError, Session, SourceQuery, column_list, describe_queries, ident, plans,
    unique_columns,
};
use crate::plan::{EntityPlan, Plan, Problems};
use crate::row::Column;
use crate::source::source_query;

/// What is known of an entity's source.
#[derive(Debug)]
pub(super) struct SourceSide {
    pub columns: Vec<Column>,
    /// Where the columns come from; empty where the source was not looked at.
    pub origins: Vec<Origin>,
    pub size: Option<EntitySize>,
}

/// Describes the queries of the wanted entities. A query that the server refuses is a problem where it is written; only a failing
/// connection is an error.
pub(super) fn look(
    plan: &Plan,
    wanted: &[bool],
    session: &mut Session,
    user: &str,
    problems: &mut Problems,
) -> Result<Vec<Option<SourceSide>>, PgError> {
    let wanted = without_key::readable(plan, wanted, session, problems)?;
    let asked: Vec<&EntityPlan> = plan.entities.iter().zip(&wanted).filter(|(_, wanted)| **wanted).map(|(entity, _)| entity).collect();
    let queries: Vec<SourceQuery> = asked.iter().map(|entity| source_query(plan, entity)).collect();
    let described = describe_queries(session, &queries)?;
    let accepted: Vec<SourceQuery> = queries.iter().zip(&described).filter(|(_, d)| d.is_ok()).map(|(query, _)| query.clone()).collect();
    // One that is refused fails all that are sent with it; then each is asked by itself, and tells its own.
    let with_query = asked.iter().zip(&described).filter(|(_, described)| described.is_ok()).map(|(entity, _)| *entity);
    let questions = accepted.iter().map(whole).chain(controls::at_source(plan, with_query));
    let planned = plans(session, questions)?;
    let controls_are_planned = planned.is_some();
    let mut estimates = match planned {
        Some(plans) => plans.iter().take(accepted.len()).map(|plan| Some(estimated(plan))).collect(),
        None => vec![None; accepted.len()],
    }
    .into_iter();
    let (mut tables, mut described) = (None, described.into_iter().zip(&queries));
    let mut sides = Vec::new();
    for (entity, wanted) in plan.entities.iter().zip(&wanted) {
        let Some((described, query)) = wanted.then(|| described.next()).flatten() else {
            sides.push(None);
            continue;
        };
        let estimate = if described.is_ok() { estimates.next().flatten() } else { None };
        let side = entity_side(entity, (query, described, estimate), session, user, &mut tables, problems)?;
        if side.is_some() && !controls_are_planned {
            controls::of_source(plan, entity, session, problems)?;
        }
        sides.push(side);
    }
    Ok(sides)
}

/// Notes on tables in which nothing keeps the plan's key apart. That is no problem by itself: rows are read in the order of their key, and
/// the second of two equal ones is seen; but then the run ends there, and what the order costs without an index is the source's.
pub(super) fn unguarded(plan: &Plan, selected: &[bool], session: &mut Session) -> Result<Vec<String>, PgError> {
    let selected =
        plan.entities.iter().zip(selected).filter(|(entity, selected)| **selected && !entity.has_no_key()).map(|(entity, _)| entity);
    let (entities, tables): (Vec<&EntityPlan>, Vec<QualifiedName>) =
        selected.filter_map(|entity| Some((entity, source_query(plan, entity).table()?))).unzip();
    let unique = match unique_columns(session, &tables) {
        Ok(unique) => unique,
        // What may not be looked at is told of where it is described.
        Err(error) => error.refusal().map(|_| Vec::new())?,
    };
    let mut notes = Vec::new();
    for ((entity, table), unique) in entities.into_iter().zip(&tables).zip(unique) {
        let key: Vec<&str> = entity.key.iter().map(|column| column.value.as_str()).collect();
        let guarded = |unique: Vec<Vec<String>>| unique.iter().any(|columns| columns.iter().all(|column| key.contains(&column.as_str())));
        if unique.is_some_and(|unique| !guarded(unique)) {
            notes.push(format!(
                "{}: no primary key or unique index of {table} keeps {} apart; without an index the source sorts the table as it is read, and two rows with one key end the run",
                entity.name,
                key.join(", ")
            ));
        }
    }
    Ok(notes)
}

/// The query of an entity, how it is described, and its size where that is known already.
type Described<'a> = (&'a SourceQuery, Result<QueryInfo, PgError>, Option<Option<EntitySize>>);

fn entity_side(
    entity: &EntityPlan,
    (query, described, estimate): Described<'_>,
    session: &mut Session,
    user: &str,
    tables: &mut Option<Vec<ColumnList>>,
    problems: &mut Problems,
) -> Result<Option<SourceSide>, PgError> {
    let refused = match described {
        // Preparing does not look at privileges and policies; planning does.
        Ok(info) => match estimate.map_or_else(|| explain(session, query), Ok) {
            Ok(size) => return Ok(Some(SourceSide { columns: info.columns, origins: info.origins, size })),
            Err(error) => error.refusal()?,
        },
        Err(error) => error.refusal()?,
    };
    let (place, label) = match refused.position.filter(|_| refused.sqlstate != "42501") {
        Some(at) => (entity.from.place(&token(&entity.from.value, at)), "here"),
        None => (entity.from.whole(), "in this query"),
    };
    let help = advice(&refused, user, session, tables)?;
    let message = format!("the source refuses the query of {}: {} (SQLSTATE {})", entity.name, refused.safe_message(), refused.sqlstate);
    problems.error(code(&refused), Some(place), message, label, help);
    Ok(None)
}

/// All that a query gives.
fn whole(query: &SourceQuery) -> String {
    format!("SELECT * {}", query.from_clause())
}

/// Rows and bytes as the planner estimates them.
fn explain(session: &mut Session, query: &SourceQuery) -> Result<Option<EntitySize>, PgError> {
    let rows = session.text_rows(&format!("EXPLAIN (FORMAT JSON) {}", whole(query)))?;
    let plan = rows.into_iter().flatten().next().flatten();
    Ok(estimated(&serde_json::from_str(plan.as_deref().unwrap_or_default()).unwrap_or_default()))
}

fn estimated(plan: &serde_json::Value) -> Option<EntitySize> {
    let number = |name: &str| plan.pointer(&format!("/0/Plan/{name}")).and_then(serde_json::Value::as_f64);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "estimates; `as` saturates")]
    let size =
        number("Plan Rows").zip(number("Plan Width")).map(|(rows, width)| EntitySize { rows: rows as u64, bytes: (rows * width) as u64 });
    size
}

fn code(error: &ServerError) -> &'static str {
    match error.sqlstate.as_str() {
        "42P01" | "3F000" => "E0310",
        "42501" => "E0312",
        _ => "E0311",
    }
}

/// One suggestion: the nearest name, a grant, or what the server itself suggests.
fn advice(error: &ServerError, user: &str, session: &mut Session, tables: &mut Option<Vec<ColumnList>>) -> Result<Option<String>, PgError> {
    let words = match error.sqlstate.as_str() {
        "42P01" => {
            if tables.is_none() {
                *tables = Some(column_list(session)?);
            }
            let known = tables.as_deref().unwrap_or_default();
            near::quoted(&error.message).and_then(|name| near::table(name, known)).map(|near| format!("did you mean `{near}`?"))
        }
        "42501" if error.message.contains("row-level security") => {
            Some(format!("rows would be hidden from {user}: connect as the table's owner or as a role with BYPASSRLS"))
        }
        "42501" => {
            let what = near::quoted(&error.message).map_or_else(String::new, |name| format!(" on {name}"));
            Some(format!("let the role read it: GRANT SELECT{what} TO {}", ident(user)))
        }
        _ => None,
    };
    Ok(words.or_else(|| error.hint.clone()))
}

/// The bytes of the word at a position that counts characters from 1.
pub(super) fn token(text: &str, at: u32) -> Range<usize> {
    let start = text.char_indices().nth(at.saturating_sub(1) as usize).map_or(text.len(), |(start, _)| start);
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '$');
    let word: usize = text[start..].chars().take_while(|c| in_name(*c)).map(char::len_utf8).sum();
    let one = text[start..].chars().next().map_or(0, char::len_utf8);
    start..start + word.max(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_of_the_server_is_a_word_of_the_query() {
        let text = "select é.x, nmae from p.orders";
        assert_eq!(&text[token(text, 13)], "nmae");
        assert_eq!(&text[token(text, 23)], "p.orders");
        assert_eq!(token("a <> ", 3), 2..3);
        assert_eq!(token("ab", 9), 2..2);
    }
}
