//! `etl check`: everything that can be known before a row moves. Boundary: finding is `check`'s; here it is told.

use serde_json::{Value, json};
use std::fmt::Write as _;

use super::context::{Context, refused};
use super::prepare::{Prepared, Purpose, prepare, put_back};
use super::table::{Table, bytes, number};
use crate::check::free_bytes;
use crate::error::{Error, Exit};
use crate::plan::{CompiledEntity, Problems, Severity};

pub(super) fn run(context: &Context<'_>) -> Result<Exit, Error> {
    let prepared = prepare(context, Purpose::Check)?;
    if let Some(target) = &prepared.target {
        put_back(context, &prepared.plan, target)?;
    }
    let problems = &prepared.problems;
    let exit = if problems.has_errors() { Exit::Wrong } else { Exit::Done };
    if context.out.json {
        context.out.object(&object(&prepared, exit))?;
    }
    if problems.has_errors() {
        return Err(refused(problems));
    }
    if !problems.all().is_empty() {
        context.out.warn(problems.render().trim_end());
    }
    if !context.out.json {
        context.out.result(&text(&prepared))?;
    }
    Ok(exit)
}

fn text(prepared: &Prepared) -> String {
    let Prepared { plan, selected, checked, problems, .. } = prepared;
    let mut table = Table::new(&[">level", "entity", "target", ">rows", ">bytes", ">can fail"]);
    let mut totals = (0_u64, 0_u64);
    for (index, entity) in plan.entities.iter().enumerate().filter(|(index, _)| selected[*index]) {
        let size = checked.sizes[index];
        totals = size.map_or(totals, |size| (totals.0 + size.rows, totals.1 + size.bytes));
        table.row([
            entity.level.to_string(),
            entity.name.clone(),
            entity.target.value.clone(),
            size.map_or_else(|| "?".to_owned(), |size| number(size.rows)),
            size.map_or_else(|| "?".to_owned(), |size| bytes(size.bytes)),
            checked.entities[index].as_ref().map_or_else(String::new, |e| format!("{} of {}", fallible(e).len(), e.columns.len())),
        ]);
    }
    let mut text = format!("{}: the entities in load order, rows and bytes as the source estimates them\n\n", plan.name);
    text.push_str(&table.render());
    let _ = write!(text, "\n{} rows, {} in all", number(totals.0), bytes(totals.1));
    if let Some(needed) = checked.disk_needed {
        let free = free_bytes(&plan.staging).map_or_else(String::new, |free| format!(", {} are free", bytes(free)));
        let _ = write!(text, "; {} will take about {}{free}", plan.staging.display(), bytes(needed));
    }
    text.push_str("\ncan fail: columns that a row may not pass (a cast, a look-up, a rule);\n          such a row is quarantined, unless the column says otherwise\n");
    for (which, server) in [("source", &checked.source), ("target", &checked.target)] {
        if let Some(server) = server {
            let _ = writeln!(text, "{which}: PostgreSQL {}, database {}, as {}", server.version, server.database, server.user);
        }
    }
    for note in &checked.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text.push_str(&assured(prepared));
    let warnings = problems.all().len();
    let warnings = match warnings {
        0 => String::new(),
        1 => " (1 warning)".to_owned(),
        more => format!(" ({more} warnings)"),
    };
    let _ = writeln!(text, "no problems{warnings}; next: etl run");
    text
}

/// What was asked and tested.
fn assured(prepared: &Prepared) -> String {
    let Prepared { checked, .. } = prepared;
    let met = checked.expectations.iter().filter(|e| e.met == Some(true)).count();
    let later = checked.expectations.iter().filter(|e| e.met.is_none()).count();
    let asked = checked.expectations.len() - later;
    let mut said = Vec::new();
    if asked + later > 0 {
        said.push(format!("expectations: {met} of {asked} are met by the source, {later} are asked of the target after the load"));
    }
    if !checked.tests.is_empty() {
        let passed = checked.tests.iter().filter(|test| test.passed()).count();
        said.push(format!("tests: {passed} of {} passed", checked.tests.len()));
    }
    said.push(String::new());
    said.join("\n")
}

fn object(prepared: &Prepared, exit: Exit) -> Value {
    let Prepared { plan, selected, checked, problems, .. } = prepared;
    let expectations =
        checked.expectations.iter().map(|e| json!({"name": e.name, "on": e.on, "expected": e.wanted, "found": e.found, "met": e.met}));
    let passed = checked.tests.iter().filter(|test| test.passed()).count();
    let entities = plan.entities.iter().enumerate().filter(|(index, _)| selected[*index]).map(|(index, entity)| {
        let size = checked.sizes.get(index).copied().flatten();
        json!({"name": entity.name, "target": entity.target.value, "level": entity.level, "rows": size.map(|s| s.rows), "bytes": size.map(|s| s.bytes),
               "fallible": checked.entities.get(index).and_then(Option::as_ref).map(fallible)})
    });
    json!({
        "schema": 1, "status": exit.word(), "exit": exit.code(), "migration": plan.name,
        "problems": listed(problems), "entities": entities.collect::<Vec<_>>(),
        "disk_bytes": checked.disk_needed, "notes": checked.notes, "expectations": expectations.collect::<Vec<_>>(),
        "tests": {"passed": passed, "failed": checked.tests.len() - passed},
    })
}

/// The columns whose expression can end in anything but a value.
fn fallible(entity: &CompiledEntity) -> Vec<&str> {
    let columns = entity.columns.iter().filter(|c| c.expr.fallible() && !c.expr.is_new_id());
    columns.map(|c| c.column.name.as_str()).collect()
}

fn listed(problems: &Problems) -> Vec<Value> {
    let listed = problems.all().iter().map(|problem| {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = problems.location(problem);
        let (file, line, column) = place.map_or((None, None, None), |(file, line, column)| (Some(file), Some(line), Some(column)));
        json!({"severity": severity, "code": problem.code, "message": problem.message, "file": file, "line": line, "column": column, "help": problem.help})
    });
    listed.collect()
}
