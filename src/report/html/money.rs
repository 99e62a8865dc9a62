//! Control sums: source = loaded + held = target, as a whole and by group. Boundary: see `html`.

use super::page::{Cell, Page, escape, verdict};
use crate::report::Summary;
use crate::report::number::{decimal, thousands};
use crate::validate::Control;

/// Groups of a control that are shown on the page; those that differ come first, and all are in report.json.
const SHOWN: usize = 60;

/// The table, and the queries behind it.
pub(super) fn write(page: &mut Page, s: &Summary) {
    if s.controls.is_empty() {
        return;
    }
    page.section("money", "Control sums");
    page.note(
        "Exact decimals, no tolerance. source = loaded + held back (merged, filtered, quarantined), and the target's own sum = loaded.",
    );
    let headings = ["control", ">source", ">loaded", ">held back", ">target", ""];
    let rows = s.controls.iter().flat_map(|c| std::iter::once(("", whole(c))).chain(groups(c)));
    page.table("Sums by control and group", &headings, rows.collect::<Vec<_>>());
    page.staged("SELECT e.name, s.name, s.grp, o.word, s.sum FROM control_sums s JOIN chunks c ON c.id = s.chunk JOIN entities e ON e.id = c.entity JOIN outcomes o ON o.code = s.outcome");
    page.raw("<details>\n<summary>Queries of source and target</summary>\n");
    for c in &s.controls {
        page.raw("<h3>").text(&c.entity).text(".").text(&c.name).raw("</h3>\n");
        page.again("source", &c.source_sql);
        page.target(&c.target_sql);
    }
    page.raw("</details>\n");
    page.end();
}

fn sums(source: Option<&str>, loaded: &str, held: &str, target: Option<&str>) -> Vec<Cell> {
    let shown = |sum: Option<&str>| sum.map_or_else(|| "–".to_owned(), |sum| escape(&decimal(sum)));
    vec![
        Cell::Number(shown(source)),
        Cell::Number(escape(&decimal(loaded))),
        Cell::Number(escape(&decimal(held))),
        Cell::Number(shown(target)),
    ]
}

fn whole(c: &Control) -> Vec<Cell> {
    let by = if c.by.is_empty() { String::new() } else { format!(" <span class=\"quiet\">by {}</span>", escape(&c.by.join(", "))) };
    let mut cells = vec![Cell::Name(format!("{}.<wbr/>{}{by}", escape(&c.entity), escape(&c.name)))];
    cells.extend(sums(c.source.as_deref(), &c.loaded, &c.held, c.target.as_deref()));
    cells.push(verdict(c.equal));
    cells
}

fn groups(c: &Control) -> impl Iterator<Item = (&'static str, Vec<Cell>)> {
    let rows = c.groups.iter().take(SHOWN).map(|group| {
        let mut cells = vec![Cell::Name(escape(&group.group.words()))];
        cells.extend(sums(group.source.as_deref(), &group.loaded, &group.held, group.target.as_deref()));
        cells.push(verdict(group.equal));
        ("group", cells)
    });
    let left = c.groups_found.saturating_sub(SHOWN.min(c.groups.len()) as u64);
    let more = (left > 0).then(|| ("group", vec![Cell::Name(format!("… and {} more groups, see report.json", thousands(left)))]));
    rows.chain(more)
}
