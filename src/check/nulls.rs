//! Source columns that may be NULL on their way into NOT NULL columns. Boundary: warns, never refuses: a column can be nullable and
//! never NULL, and a row in which it is NULL is quarantined on its own.

use std::collections::BTreeSet;

use crate::pg::Origin;
use crate::plan::{CompiledColumn, CompiledEntity, EntityPlan, Plan, Problem, Problems, Severity};
use crate::row::{Column, SqlType};

/// Warns of columns of the source in which NULL was seen, or may be as far as is known. Columns in which the statistics saw none are
/// told of in one note.
pub(super) fn look(plan: &Plan, entity: &CompiledEntity, origins: &[Origin], problems: &mut Problems) -> Option<String> {
    let planned = &plan.entities[entity.index];
    // Columns of which nothing is known are not complained about: in the result of a query that would be every one.
    let silent = |index: &usize| !entity.source[*index].nullable || !matches!(origins.get(*index), Some(Origin::Nullable(_)));
    let mut known: BTreeSet<usize> = (0..entity.source.len()).filter(silent).collect();
    // A row that goes on has a key, and was let through by all filters.
    known.extend(&entity.key.columns);
    known.extend(entity.filters.iter().flat_map(|filter| filter.when.not_null_otherwise()));
    let mut unseen: Vec<&str> = Vec::new();
    for column in entity.columns.iter().filter(|column| !column.column.nullable) {
        for index in column.expr.nulls(&known).columns {
            let name = entity.source[index].name.as_str();
            match origins.get(index) {
                Some(Origin::Nullable(Some(share))) if *share <= 0.0 => {
                    if !unseen.contains(&name) {
                        unseen.push(name);
                    }
                }
                Some(Origin::Nullable(share)) => problems.push(warning(planned, &entity.source[index], column, *share)),
                Some(Origin::NotNull | Origin::Unknown) | None => {}
            }
        }
    }
    (!unseen.is_empty()).then(|| {
        let them = unseen.join(", ");
        format!("{}: {them} can be NULL in the source and not in the target; the source's statistics have seen no NULL", entity.name)
    })
}

fn warning(planned: &EntityPlan, source: &Column, column: &CompiledColumn, share: Option<f32>) -> Problem {
    let seen = share.map_or_else(String::new, |share| format!(" ({} of rows)", percent(share)));
    let written = planned.columns.iter().find(|c| c.name == column.column.name);
    let place = written.map(|c| {
        let named = c.expr.columns().into_iter().find(|(name, _)| *name == source.name);
        named.map_or_else(|| c.text.whole(), |(_, span)| c.text.place(&span))
    });
    let expr = written.map_or("", |c| c.text.value.trim());
    Problem {
        severity: Severity::Warning,
        code: "E0313",
        message: format!("`{}` can be NULL{seen}, the target cannot", source.name),
        place,
        label: "a row with NULL here is quarantined".into(),
        help: Some(suggestion(&source.name, expr, column)),
    }
}

/// A value where the column's type has a neutral one, else a reason by name.
fn suggestion(name: &str, expr: &str, column: &CompiledColumn) -> String {
    let value = match &column.column.ty {
        SqlType::Bool => Some("false"),
        SqlType::Text | SqlType::Varchar | SqlType::Bpchar => Some("''"),
        ty if ty.is_integer() || *ty == SqlType::Numeric => Some("0"),
        _ => None,
    };
    // Around the whole: what is done with the column could make it NULL again.
    let expr = if expr.len() > 40 || expr.contains('\n') { "…" } else { expr };
    match value {
        Some(value) => format!("where another value is meant: coalesce({expr}, {value})"),
        None => format!("to name the reason: case when {name} is null then reject('NO_{}') else … end", name.to_uppercase()),
    }
}

fn percent(share: f32) -> String {
    let percent = share * 100.0;
    if percent < 1.0 { "under 1%".to_owned() } else { format!("about {percent:.0}%") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_told_roughly() {
        assert_eq!([percent(0.004), percent(0.126), percent(1.0)], ["under 1%", "about 13%", "about 100%"]);
    }
}
