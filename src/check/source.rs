//! The source side: does every `from` run, what columns does it give, how much is behind it. Boundary: describes and explains, never
//! runs a query of the plan (`census` may).

use std::ops::Range;

use super::run::EntitySize;
use super::{controls, near};
use crate::pg::{ColumnList, Origin, PgError, ServerError, Session, SourceQuery, column_list, describe_query, ident};
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
    let mut tables = None;
    let mut sides = Vec::new();
    for (entity, wanted) in plan.entities.iter().zip(wanted) {
        sides.push(if *wanted { entity_side(plan, entity, session, user, &mut tables, problems)? } else { None });
    }
    Ok(sides)
}

fn entity_side(
    plan: &Plan,
    entity: &EntityPlan,
    session: &mut Session,
    user: &str,
    tables: &mut Option<Vec<ColumnList>>,
    problems: &mut Problems,
) -> Result<Option<SourceSide>, PgError> {
    let query = source_query(plan, entity);
    let refused = match describe_query(session, &query) {
        // Preparing does not look at privileges and policies; planning does.
        Ok(info) => match explain(session, &query) {
            Ok(size) => {
                controls::of_source(plan, entity, session, problems)?;
                return Ok(Some(SourceSide { columns: info.columns, origins: info.origins, size }));
            }
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

/// Rows and bytes as the planner estimates them.
fn explain(session: &mut Session, query: &SourceQuery) -> Result<Option<EntitySize>, PgError> {
    let rows = session.text_rows(&format!("EXPLAIN (FORMAT JSON) SELECT * {}", query.from_clause()))?;
    let text = rows.into_iter().flatten().next().flatten().unwrap_or_default();
    let plan: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let number = |name: &str| plan.pointer(&format!("/0/Plan/{name}")).and_then(serde_json::Value::as_f64);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "estimates; `as` saturates")]
    let size =
        number("Plan Rows").zip(number("Plan Width")).map(|(rows, width)| EntitySize { rows: rows as u64, bytes: (rows * width) as u64 });
    Ok(size)
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
