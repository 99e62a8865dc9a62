//! The ledger: every row that was read, and where it ended. Boundary: see `html`.

use super::page::{Cell, Page, count, escape, name, share};
use crate::report::number::thousands;
use crate::report::{EntitySummary, Summary};

/// The outcomes in the order of the bar.
const OUTCOMES: [&str; 6] = ["adopted", "loaded", "merged", "filtered", "quarantined", "pending"];

fn parts(e: &EntitySummary) -> [u64; 6] {
    [e.adopted, e.loaded, e.merged, e.filtered, e.quarantined, e.pending]
}

/// The table with its bars.
pub(super) fn write(page: &mut Page, s: &Summary) {
    if s.entities.is_empty() {
        page.note("Nothing was read yet.");
        return;
    }
    page.section("ledger", "Ledger");
    page.raw("<p class=\"keys\">");
    let t = &s.totals;
    let totals = [t.adopted, t.loaded, t.merged, t.filtered, t.quarantined, t.pending];
    // Columns that are empty all the way down are left out: most migrations adopt nothing and leave nothing pending.
    let shown: Vec<usize> = (0..OUTCOMES.len()).filter(|at| totals[*at] > 0 || matches!(OUTCOMES[*at], "loaded" | "quarantined")).collect();
    for at in &shown {
        page.raw("<span><i class=\"key ").raw(OUTCOMES[*at]).raw("\"></i>").raw(OUTCOMES[*at]).raw("</span>");
    }
    page.raw("</p>\n");
    let phases = s.entities.iter().any(|e| e.phase.is_some());
    let mut headings = vec!["entity"];
    if phases {
        headings.push("phase");
    }
    headings.push(">read");
    let numbers: Vec<String> = shown.iter().map(|at| format!(">{}", OUTCOMES[*at])).collect();
    headings.extend(numbers.iter().map(String::as_str));
    headings.push("where they ended");
    let rows = s.entities.iter().map(|e| {
        let mut cells = vec![name(&e.name)];
        if phases {
            cells.push(Cell::Text(escape(e.phase.as_deref().unwrap_or(""))));
        }
        cells.push(count(e.read));
        cells.extend(shown.iter().map(|at| count(parts(e)[*at])));
        cells.push(Cell::Text(bar(parts(e), e.read)));
        ("", cells)
    });
    let mut sum = vec![Cell::Name("total".to_owned())];
    if phases {
        sum.push(Cell::Text(String::new()));
    }
    sum.push(count(t.read));
    sum.extend(shown.iter().map(|at| count(totals[*at])));
    sum.push(Cell::Text(bar(totals, t.read)));
    page.table("Rows by entity, in load order", &headings, rows.chain([("sum", sum)]));
    page.note("read = adopted + loaded + merged + filtered + quarantined + pending, for every entity, exactly.");
    page.staged("SELECT * FROM ledger");
    page.target("SELECT entity, sum(rows) FROM etl.ledger GROUP BY entity");
    filters(page, s);
    page.end();
}

fn bar(parts: [u64; 6], read: u64) -> String {
    let words: Vec<String> =
        OUTCOMES.iter().zip(parts).filter(|(_, rows)| *rows > 0).map(|(name, rows)| format!("{name} {}", thousands(rows))).collect();
    let mut out = format!("<span class=\"bar\" role=\"img\" aria-label=\"{}\">", words.join(", "));
    for (name, rows) in OUTCOMES.iter().zip(parts).filter(|(_, rows)| *rows > 0) {
        out.push_str(&format!("<i class=\"{name}\" style=\"width:{}\" title=\"{name} {}\"></i>", share(rows, read), thousands(rows)));
    }
    out + "</span>"
}

fn filters(page: &mut Page, s: &Summary) {
    let rows: Vec<_> = s
        .entities
        .iter()
        .flat_map(|e| e.filters.iter().map(|(filter, rows)| ("", vec![name(&e.name), Cell::Text(escape(filter)), count(*rows)])))
        .collect();
    if rows.is_empty() {
        return;
    }
    page.raw("<h3>Filtered, by name</h3>\n");
    page.table("Rows that a filter left out", &["entity", "filter", ">rows"], rows);
    page.staged("SELECT entity, detail, count(*) FROM keys WHERE outcome = 'filtered' GROUP BY 1, 2");
}
