//! Expectations about the target, as questions to it. Boundary: SQL; asking is `pg`'s.

use crate::pg::{QualifiedName, Question, SourceQuery};
use crate::plan::{Asked, EntityPlan, ExpectPlan};

/// The question of an expectation about the target; `entity` is the one in whose file it stands. A condition is on all rows of the table,
/// also on those of others.
pub fn target_question(entity: Option<&EntityPlan>, expect: &ExpectPlan) -> Question {
    match (&expect.asked, entity) {
        (Asked::Every(condition), Some(entity)) => {
            let written = &entity.target.value;
            let table = QualifiedName::parse(written).map_or_else(|| written.clone(), |name| name.to_sql());
            Question::exceptions(&format!("FROM {table}"), &condition.value)
        }
        (asked, _) => {
            let query = SourceQuery { with: None, from: asked.text().value.clone(), ctid: false };
            if expect.is_value() { Question::value(&query) } else { Question::rows(&query) }
        }
    }
}
