//! What the columns hold, source against target. Boundary: see `html`.

use std::collections::HashMap;

use super::page::{Cell, Page, escape, percent};
use crate::report::Summary;
use crate::report::number::{decimal, thousands};
use crate::validate::{ColumnFacts, Profile, TargetColumn};

/// A folded table for each entity.
pub(super) fn write(page: &mut Page, s: &Summary) {
    if s.profiles.is_empty() {
        return;
    }
    page.section("profiles", "Columns");
    page.note("Each target column under the source columns that it is made of, over the loaded rows alone, so that both sides speak of the same rows. ≈ is an estimate (standard error 0.8 %); without it the count is exact. Smallest and largest are shown of numbers, dates and timestamps only.");
    let targets: HashMap<&str, &str> = s.entities.iter().map(|e| (e.name.as_str(), e.target.as_str())).collect();
    let mut alarmed: HashMap<&str, Vec<&str>> = HashMap::new();
    for alarm in &s.alarms {
        alarmed.entry(&alarm.entity).or_default().extend(alarm.column.as_deref());
    }
    for profile in &s.profiles {
        let alarmed = alarmed.get(profile.entity.as_str()).map_or(&[][..], Vec::as_slice);
        let alarms = alarmed.len();
        page.raw("<details>\n<summary><b>").text(&profile.entity).raw("</b> ");
        page.text(&format!("{} columns, {} rows", profile.target.len(), thousands(profile.rows)));
        if alarms > 0 {
            page.raw(" <span class=\"warn mark\">").text(&format!("{alarms} alarms")).raw("</span>");
        }
        page.raw("</summary>\n");
        let rows = profile.target.iter().flat_map(|column| lines(alarmed, profile, column)).collect::<Vec<_>>();
        let headings = ["column", "type", ">not null", ">of rows", ">different", ">smallest", ">largest", ""];
        page.table(&format!("Columns of {}", profile.entity), &headings, rows);
        if let Some(target) = targets.get(profile.entity.as_str()).filter(|target| !target.is_empty()) {
            let columns = profile.target.iter().map(|column| {
                let name = format!("\"{}\"", column.facts.name.replace('"', "\"\""));
                format!("count({name}), count(DISTINCT {name})")
            });
            page.target(&format!("SELECT count(*), {} FROM {}", columns.collect::<Vec<_>>().join(", "), target));
        }
        page.again("rows as staged", &format!("etl inspect rows {} --transformed", profile.entity));
        page.raw("</details>\n");
    }
    page.end();
}

fn lines(alarmed: &[&str], profile: &Profile, column: &TargetColumn) -> Vec<(&'static str, Vec<Cell>)> {
    let mark = if alarmed.contains(&column.facts.name.as_str()) { "<span class=\"warn mark\">alarm</span>" } else { "" };
    let sources = profile.source.iter().filter(|facts| column.made_of.contains(&facts.name));
    let own = ("", cells(&column.facts, escape(&column.facts.name), profile.rows, mark));
    std::iter::once(own)
        .chain(sources.map(|facts| {
            let name = format!("<span class=\"quiet\">from</span> {}", escape(&facts.name));
            ("group", cells(facts, name, profile.rows, ""))
        }))
        .collect()
}

fn cells(facts: &ColumnFacts, name: String, rows: u64, mark: &str) -> Vec<Cell> {
    let bound = |bound: &Option<String>| Cell::Number(bound.as_deref().map_or_else(String::new, |bound| escape(&decimal(bound))));
    let about = if facts.distinct_exact || facts.distinct == 0 { "" } else { "≈ " };
    let mut notes = vec![mark.to_owned()];
    if facts.blank > 0 {
        notes.push(format!("{} blank", thousands(facts.blank)));
    }
    if !facts.samples.is_empty() {
        notes.push(escape(&facts.samples.join(" · ")));
    }
    notes.retain(|note| !note.is_empty());
    vec![
        Cell::Name(name),
        Cell::Text(escape(&facts.ty)),
        Cell::Number(thousands(facts.values)),
        Cell::Number(percent(facts.values, rows)),
        Cell::Number(format!("{about}{}", thousands(facts.distinct))),
        bound(&facts.min),
        bound(&facts.max),
        Cell::Text(notes.join(", ")),
    ]
}
