//! What was kept aside and what was repaired, with reasons, counts, and how to see the rows. Boundary: see `html`.

use super::page::{Cell, Page, count, escape, name};
use crate::report::Summary;

/// The quarantine and the incidents.
pub(super) fn write(page: &mut Page, s: &Summary) {
    page.section("quarantine", "Quarantine");
    let mut rows: Vec<(u64, Vec<Cell>)> = Vec::new();
    for e in &s.entities {
        for (code, held) in &e.reasons {
            let command = format!("etl quarantine list --entity {} --reason {code} --keys", e.name);
            let cells = vec![
                name(&e.name),
                Cell::Text(format!("<code>{}</code>", escape(code))),
                count(*held),
                Cell::Text(format!("<code>{}</code>", escape(&command))),
            ];
            rows.push((*held, cells));
        }
    }
    if rows.is_empty() {
        page.note("No row is in quarantine.");
    } else {
        rows.sort_by_key(|(held, _)| std::cmp::Reverse(*held));
        page.table(
            "Rows by reason, most first",
            &["entity", "reason", ">rows", "the rows"],
            rows.into_iter().map(|(_, cells)| ("", cells)),
        );
        page.again("what a reason means, and what to do", "etl explain REF_MISSING");
        page.staged("SELECT entity, code, sum(rows) FROM reasons GROUP BY 1, 2");
    }
    page.end();
    incidents(page, s);
}

fn incidents(page: &mut Page, s: &Summary) {
    if s.entities.iter().all(|e| e.incidents.is_empty()) {
        return;
    }
    page.section("incidents", "Incidents");
    page.note("Values of loaded rows that were repaired or dropped as the plan says. The rows are in the target.");
    let rows = s.entities.iter().flat_map(|e| {
        e.incidents.iter().map(|i| {
            let column = name(&format!("{}.{}", e.name, i.column));
            ("", vec![column, Cell::Text(format!("<code>{}</code>", escape(&i.code))), count(i.count)])
        })
    });
    page.table("Incidents by column", &["column", "code", ">rows"], rows.collect::<Vec<_>>());
    page.staged("SELECT e.name, column_name, code, sum(count) FROM incidents i JOIN chunks c ON c.id = i.chunk JOIN entities e ON e.id = c.entity GROUP BY 1, 2, 3");
    page.end();
}
