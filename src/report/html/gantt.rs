//! When each stage of each entity began and ended. Boundary: see `html`.

use std::collections::HashMap;

use super::page::{Cell, Page, escape, name, share};
use crate::report::number::{duration, seconds, thousands};
use crate::report::{StageSpan, Summary};

const STAGES: [&str; 4] = ["extract", "transform", "load", "validate"];

/// The picture as a table, a row an entity.
pub(super) fn write(page: &mut Page, s: &Summary) {
    if s.stages.is_empty() {
        return;
    }
    let whole = s.stages.iter().map(|span| span.ended).max().unwrap_or(1).max(1);
    page.section("timings", "Timings");
    page.raw("<p class=\"keys\">");
    for stage in STAGES {
        page.raw("<span><i class=\"key ").raw(stage).raw("\"></i>").raw(stage).raw("</span>");
    }
    page.raw("</p>\n");
    let mut rows = vec![("", scale(whole))];
    let mut of_entity: HashMap<&str, Vec<&StageSpan>> = HashMap::new();
    for span in &s.stages {
        of_entity.entry(&span.entity).or_default().push(span);
    }
    for e in &s.entities {
        let Some(spans) = of_entity.get(e.name.as_str()) else { continue };
        let worked = |stage: &str| spans.iter().find(|span| span.stage == stage).map_or(0, |span| span.worked);
        let mut cells = vec![name(&e.name), Cell::Text(track(spans, whole))];
        cells.extend(STAGES.map(|stage| Cell::Number(seconds(worked(stage)))));
        cells.push(Cell::Number(e.rows_per_second.map_or_else(|| "–".to_owned(), thousands)));
        rows.push(("", cells));
    }
    let headings = ["entity", "from the start of the run", ">extract s", ">transform s", ">load s", ">validate s", ">rows/s"];
    page.table("Bars by the clock; seconds summed over threads", &headings, rows);
    let run = &s.run;
    page.staged(&format!(
        "SELECT e.name, stage, micros, rows, began_at, ended_at FROM stage_times t JOIN entities e ON e.id = t.entity WHERE run = '{run}'"
    ));
    page.end();
}

fn scale(whole: u64) -> Vec<Cell> {
    let marks: Vec<String> = (0..=4).map(|quarter| format!("<span>{}</span>", duration(whole * quarter / 4))).collect();
    let mut cells = vec![Cell::Text(String::new()), Cell::Text(format!("<span class=\"scale quiet\">{}</span>", marks.concat()))];
    cells.extend((0..5).map(|_| Cell::Text(String::new())));
    cells
}

fn track(spans: &[&StageSpan], whole: u64) -> String {
    let words = |span: &StageSpan| format!("{} {} to {}", span.stage, duration(span.began), duration(span.ended));
    let said: Vec<String> = spans.iter().map(|span| words(span)).collect();
    let mut out = format!("<div class=\"track\" role=\"img\" aria-label=\"{}\">", escape(&said.join(", ")));
    for span in spans {
        let Some(stage) = STAGES.iter().find(|stage| **stage == span.stage) else { continue };
        let (left, width) = (share(span.began, whole), share(span.ended.saturating_sub(span.began), whole));
        out.push_str(&format!("<i class=\"{stage}\" style=\"left:{left};width:{width}\" title=\"{}\"></i>", escape(&words(span))));
    }
    out + "</div>"
}
