//! What an entity is read from: its `from`, with the plan's named queries in front of it. Boundary: text only; the check and the
//! readers must ask the same question, so it is put together in one place.

use crate::pg::{QualifiedName, SourceQuery, ident};
use crate::plan::{EntityPlan, Plan};

/// The query of an entity, with the plan's named queries in front of it.
pub fn source_query(plan: &Plan, entity: &EntityPlan) -> SourceQuery {
    // A table needs none of them, and without them its columns' NOT NULL is known.
    let is_table = QualifiedName::parse(&entity.from.value).is_some_and(|name| name.schema.is_some() || !named(plan, &name.name));
    let with: Vec<String> = plan.with.iter().map(|(name, sql)| format!("{} AS (\n{sql}\n)", ident(name))).collect();
    SourceQuery {
        with: (!is_table && !with.is_empty()).then(|| with.join(",\n")),
        from: entity.from.value.clone(),
        ctid: is_table && entity.has_no_key(),
    }
}

fn named(plan: &Plan, table: &str) -> bool {
    plan.with.iter().any(|(name, _)| name == table)
}
