//! Expectations about the source, as questions to it. Boundary: SQL; asking is `pg`'s.

use super::source_query;
use crate::pg::{Question, SourceQuery, ident};
use crate::plan::{Asked, EntityPlan, ExpectPlan, Plan};

/// The question of an expectation about the source; `entity` is the one in whose file it stands.
pub fn source_question(plan: &Plan, entity: Option<&EntityPlan>, expect: &ExpectPlan) -> Question {
    match (&expect.asked, entity) {
        (Asked::Every(condition), Some(entity)) => Question::exceptions(&source_query(plan, entity).from_clause(), &condition.value),
        (asked, _) => {
            let with: Vec<String> = plan.with.iter().map(|(name, sql)| format!("{} AS (\n{sql}\n)", ident(name))).collect();
            let query = SourceQuery { with: (!with.is_empty()).then(|| with.join(",\n")), from: asked.text().value.clone(), ctid: false };
            if expect.is_value() { Question::value(&query) } else { Question::rows(&query) }
        }
    }
}
