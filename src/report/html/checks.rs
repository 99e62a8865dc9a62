//! What was compared: tables read back, constraints, sequences, and the differences where there are some. Boundary: see `html`.

use super::page::{Cell, Page, count, escape, verdict};
use crate::report::Summary;
use crate::report::number::thousands;
use crate::validate::DifferenceKind;

/// Differences that are shown; up to 1,000 are in report.json.
const SHOWN: usize = 100;

/// The differences, right below the alarms.
pub(super) fn differences(page: &mut Page, s: &Summary) {
    if s.differences.is_empty() && s.rows_unexamined == 0 {
        return;
    }
    page.section("differences", &format!("Differences ({})", thousands(s.differences_found)));
    let rows = s.differences.iter().take(SHOWN).map(|d| {
        let text = |part: &Option<String>| Cell::Text(escape(part.as_deref().unwrap_or("")));
        let whom = d.table.as_ref().or(d.entity.as_ref());
        let value = |digest: &Option<String>, value: &Option<String>| text(if value.is_some() { value } else { digest });
        let cells = vec![
            Cell::Name(d.kind.word().replace('_', " ")),
            Cell::Text(escape(whom.map_or("", String::as_str))),
            text(&d.row),
            text(&d.key),
            text(&d.column),
            value(&d.expected, &d.expected_value),
            value(&d.found, &d.found_value),
            Cell::Text(escape(&d.message)),
        ];
        ("", cells)
    });
    let headings = ["kind", "where", "row", "legacy key", "column", "expected", "found", ""];
    page.table("Staged against found; cells as digests unless values were asked for", &headings, rows);
    let more = s.differences_found.saturating_sub(SHOWN.min(s.differences.len()) as u64);
    if more > 0 {
        page.note(&format!("{} more are counted; the first 1,000 are in report.json.", thousands(more)));
    }
    if s.rows_unexamined > 0 {
        page.note(&format!("{} rows were not compared one by one, because so many differ.", thousands(s.rows_unexamined)));
    }
    page.again("again", "etl validate");
    page.end();
}

/// What was compared.
pub(super) fn write(page: &mut Page, s: &Summary) {
    if !s.validated {
        return;
    }
    page.section("checks", "Checks");
    let rows = s.tables.iter().map(|t| {
        let equal = t.rows.saturating_sub(t.others) == t.expected
            && !s.differences.iter().any(|d| d.table.as_deref() == Some(t.table.as_str()) && is_of_rows(d.kind));
        let cells = vec![
            Cell::Name(escape(&t.table)),
            Cell::Text(escape(&t.entities.join(", "))),
            count(t.expected),
            count(t.rows),
            count(t.others),
            count(t.cells),
            verdict(equal),
        ];
        ("", cells)
    });
    let headings = ["table", "entities", ">rows expected", ">rows read back", ">rows of others", ">cells compared", ""];
    page.table("Target tables, read back whole", &headings, rows);
    let failed = |kind: DifferenceKind| s.differences.iter().filter(|d| d.kind == kind).count();
    let upkeep = [
        ("constraints, indexes and triggers that were taken down stand again", s.upkeep.constraints, DifferenceKind::Constraint),
        ("sequences are ahead of their columns", s.upkeep.sequences, DifferenceKind::Sequence),
    ];
    let rows = upkeep.map(|(what, checked, kind)| {
        let wrong = failed(kind);
        let said = if wrong == 0 {
            "<span class=\"good mark\">all</span>".to_owned()
        } else {
            format!("<span class=\"bad mark\">{wrong} not</span>")
        };
        ("", vec![Cell::Name(what.to_owned()), count(checked), Cell::Text(said)])
    });
    page.table("Beside the rows", &["check", ">checked", ""], rows);
    page.staged("SELECT * FROM target_constraints");
    page.again("again", "etl validate");
    page.end();
}

fn is_of_rows(kind: DifferenceKind) -> bool {
    matches!(kind, DifferenceKind::Cell | DifferenceKind::MissingRow | DifferenceKind::ExtraRow)
}
