//! References: what became of them, and that none leads nowhere. Boundary: see `html`.

use super::page::{Cell, Page, count, escape, name, percent, wrong};
use crate::report::Summary;
use crate::validate::{OrphanProof, Reference};

/// The table, and the queries behind it.
pub(super) fn write(page: &mut Page, s: &Summary) {
    if s.references.is_empty() {
        return;
    }
    page.section("references", "References");
    let headings = [
        "column",
        "leads to",
        ">hit",
        ">of those set",
        ">null",
        ">missing",
        ">parent quarantined",
        ">parent filtered",
        ">orphans",
        "proof",
    ];
    page.table("References by column and parent", &headings, s.references.iter().map(|r| ("", row(r))));
    page.note("Orphans are rows of the target whose parent is not there. A validated foreign key proves that there are none.");
    page.staged("SELECT e.name, r.column_name, p.name, sum(hit), sum(nulls), sum(missing), sum(parent_quarantined), sum(parent_filtered) FROM reference_counts r JOIN chunks c ON c.id = r.chunk JOIN entities e ON e.id = c.entity JOIN entities p ON p.id = r.parent GROUP BY 1, 2, 3");
    page.raw("<details>\n<summary>Queries of the target</summary>\n");
    for r in s.references.iter().filter(|r| !r.sql.is_empty()) {
        page.again(&format!("{}.{}", r.entity, r.column), &r.sql);
    }
    page.raw("</details>\n");
    page.end();
}

fn row(r: &Reference) -> Vec<Cell> {
    let proof = match r.proof {
        OrphanProof::ForeignKey => "foreign key",
        OrphanProof::Counted => "counted",
    };
    let set = r.hit + r.missing + r.parent_quarantined + r.parent_filtered;
    let column = name(&format!("{}.{}", r.entity, r.column));
    let mut cells = vec![column, Cell::Text(escape(&r.parent)), count(r.hit), Cell::Number(percent(r.hit, set))];
    cells.extend([r.null, r.missing, r.parent_quarantined, r.parent_filtered].map(count));
    cells.extend([wrong(r.orphans), Cell::Text(proof.to_owned())]);
    cells
}
