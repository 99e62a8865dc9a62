//! Expectations: what the plan takes for granted of the source and promises of the target, and the answers. Boundary: see `html`.

use super::page::{Cell, Page, escape, name};
use crate::plan::Gravity;
use crate::report::Summary;
use crate::validate::Expectation;

/// The table, and the queries behind it.
pub(super) fn write(page: &mut Page, s: &Summary) {
    if s.expectations.is_empty() {
        return;
    }
    page.section("expectations", "Expectations");
    let headings = ["expectation", "entity", "of", ">expected", ">found", "", "answered"];
    page.table("What the plan takes for granted, and the answers", &headings, s.expectations.iter().map(|e| ("", row(e))));
    page.note("The source has answered in the snapshot that was read, the target when it was compared.");
    page.raw("<details>\n<summary>Queries</summary>\n");
    for e in &s.expectations {
        page.again(&format!("{} ({})", e.name, e.on.word()), &e.sql);
    }
    page.raw("</details>\n");
    page.end();
}

fn row(e: &Expectation) -> Vec<Cell> {
    let mark = |class: &str, word: &str| Cell::Text(format!("<span class=\"{class} mark\">{word}</span>"));
    let verdict = match (e.met, e.severity) {
        (Some(true), _) => mark("good", "met"),
        (Some(false), Gravity::Error) => mark("bad", "not met"),
        (Some(false), Gravity::Alarm) => mark("warn", "alarm"),
        (None, _) => mark("warn", "not asked"),
    };
    let text = |part: Option<&String>| Cell::Text(escape(part.map_or("", String::as_str)));
    vec![
        name(&e.name),
        text(e.entity.as_ref()),
        Cell::Text(e.on.word().to_owned()),
        Cell::Number(escape(&e.expected)),
        Cell::Number(escape(e.found.as_deref().unwrap_or(""))),
        verdict,
        text(e.answered.as_ref().or(e.why.as_ref())),
    ]
}
