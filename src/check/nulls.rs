//! Source columns that may be NULL on their way into NOT NULL columns. Boundary: warns, never refuses: a column can be nullable and
//! never NULL, and a row in which it is NULL is quarantined on its own.

use std::collections::{BTreeMap, BTreeSet};

use super::census::Census;
use crate::pg::Origin;
use crate::plan::{CompiledColumn, CompiledEntity, EntityPlan, Plan, Problem, Problems, Severity};
use crate::row::{Column, SqlType};

/// Warns of columns of the source in which NULL was seen, or may be as far as is known. Columns in which the statistics saw none, or of
/// which the source says that its query gives none, are told of in notes.
pub(super) fn look(
    plan: &Plan,
    entity: &CompiledEntity,
    origins: &[Origin],
    census: &mut Census<'_>,
    problems: &mut Problems,
) -> Vec<String> {
    let planned = &plan.entities[entity.index];
    // Columns of which nothing is known are not complained about: in the result of a query that would be every one.
    let silent = |index: &usize| !entity.source[*index].nullable || !matches!(origins.get(*index), Some(Origin::Nullable(_)));
    let mut known: BTreeSet<usize> = (0..entity.source.len()).filter(silent).collect();
    // A row that goes on has a key, and was let through by all filters.
    known.extend(&entity.key.columns);
    known.extend(entity.filters.iter().flat_map(|filter| filter.when.not_null_otherwise()));
    let (mut unseen, mut suspects) = (BTreeSet::new(), Vec::new());
    for column in entity.columns.iter().filter(|column| !column.column.nullable) {
        for index in column.expr.nulls(&known).columns {
            match origins.get(index) {
                Some(Origin::Nullable(Some(share))) if *share <= 0.0 => {
                    unseen.insert(index);
                }
                Some(Origin::Nullable(share)) => suspects.push((index, column, *share)),
                Some(Origin::NotNull | Origin::Unknown) | None => {}
            }
        }
    }
    let asked: Vec<usize> = suspects.iter().map(|(index, ..)| *index).collect::<BTreeSet<_>>().into_iter().collect();
    let name = |index: &usize| entity.source[*index].name.as_str();
    let counts = census.nulls(plan, planned, &asked.iter().map(name).collect::<Vec<_>>());
    let counted: BTreeMap<usize, u64> = counts.into_iter().flat_map(|counts| asked.iter().copied().zip(counts)).collect();
    for (index, column, share) in suspects {
        let seen = match counted.get(&index) {
            Some(0) => continue,
            Some(1) => " (1 row)".to_owned(),
            Some(rows) => format!(" ({rows} rows)"),
            None => share.map_or_else(String::new, |share| format!(" ({} of rows)", percent(share))),
        };
        problems.push(warning(planned, &entity.source[index], column, &seen));
    }
    let note = |columns: Vec<&str>, why: &str| {
        let them = columns.join(", ");
        (!columns.is_empty()).then(|| format!("{}: {them} can be NULL in the source and not in the target; {why}", entity.name))
    };
    let by_statistics = note(unseen.iter().map(name).collect(), "the source's statistics have seen no NULL");
    let absent = counted.iter().filter(|(_, rows)| **rows == 0).map(|(index, _)| name(index)).collect();
    let by_count = note(absent, "the query of `from` gives no NULL, as the source counts now");
    by_statistics.into_iter().chain(by_count).collect()
}

fn warning(planned: &EntityPlan, source: &Column, column: &CompiledColumn, seen: &str) -> Problem {
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
