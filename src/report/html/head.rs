//! The top of the page: the result in one sentence, the figures, the alarms; and at its foot what was run. Boundary: see `html`.

use super::page::{Page, escape, percent};
use crate::report::Summary;
use crate::report::number::{bytes, duration, thousands};

/// The sections and what they are called, in their order.
const SECTIONS: [(&str, &str); 11] = [
    ("ledger", "Ledger"),
    ("money", "Control sums"),
    ("expectations", "Expectations"),
    ("references", "References"),
    ("quarantine", "Quarantine"),
    ("incidents", "Incidents"),
    ("graph", "Load order"),
    ("timings", "Timings"),
    ("profiles", "Columns"),
    ("checks", "Checks"),
    ("run", "Run"),
];

/// Title, verdict, figures, contents.
pub(super) fn write(page: &mut Page, s: &Summary) {
    page.raw("<header>\n<h1>").text(&s.migration).raw("</h1>\n");
    page.raw("<p class=\"quiet\">Migration report of run <code>").text(&s.run).raw("</code>");
    if !s.facts.started.is_empty() {
        page.text(&format!(", begun {}", s.facts.started));
    }
    page.raw("</p>\n");
    let (class, sentence) = sentence(s);
    page.raw("<p class=\"verdict ").raw(class).raw("\">").text(&sentence).raw("</p>\n");
    page.raw("<dl class=\"figures\">\n");
    let t = &s.totals;
    let arrived = t.loaded + t.merged + t.adopted;
    let mut figures = vec![
        ("rows read", thousands(t.read)),
        ("in the target", thousands(arrived)),
        ("of all not filtered", percent(arrived, t.read - t.filtered.min(t.read))),
        ("in quarantine", thousands(t.quarantined)),
    ];
    if s.validated {
        figures.push(("differences", thousands(s.differences_found)));
        figures.push(("alarms", thousands(s.alarms.len() as u64)));
    }
    figures.push(("by the clock", duration(s.wall_micros)));
    figures.extend(s.rows_per_second.map(|rate| ("rows a second", thousands(rate))));
    figures.extend(s.peak_rss_bytes.map(|peak| ("memory at most", bytes(peak))));
    for (name, value) in figures {
        page.raw("<div><dt>").text(name).raw("</dt><dd>").text(&value).raw("</dd></div>\n");
    }
    page.raw("</dl>\n<nav aria-label=\"Sections\">\n");
    for (id, name) in SECTIONS.iter().filter(|(id, _)| is_there(s, id)) {
        page.raw("<a href=\"#").raw(id).raw("\">").text(name).raw("</a>\n");
    }
    page.raw("</nav>\n</header>\n");
}

fn is_there(s: &Summary, id: &str) -> bool {
    match id {
        "money" => !s.controls.is_empty(),
        "expectations" => !s.expectations.is_empty(),
        "references" => !s.references.is_empty(),
        "incidents" => s.entities.iter().any(|e| !e.incidents.is_empty()),
        "profiles" => !s.profiles.is_empty(),
        "timings" => !s.stages.is_empty(),
        "checks" => s.validated,
        "ledger" | "graph" => !s.entities.is_empty(),
        _ => true,
    }
}

/// The result in one sentence, and how grave it is.
fn sentence(s: &Summary) -> (&'static str, String) {
    let t = &s.totals;
    let (read, held) = (thousands(t.read), thousands(t.quarantined));
    let proof = if !s.validated {
        "; the target was not compared with what was staged".to_owned()
    } else if s.differences_found == 0 && s.rows_unexamined == 0 {
        let cells: u64 = s.tables.iter().map(|table| table.cells).sum();
        format!("; {} cells were read back and are equal", thousands(cells))
    } else {
        String::new()
    };
    match s.status {
        "different" => {
            ("bad", format!("The target differs from what was loaded: {} differences were found.", thousands(s.differences_found)))
        }
        "over_budget" => (
            "warn",
            format!("All {read} rows have an outcome, and {held} of them are in quarantine, more than the plan's budget allows{proof}."),
        ),
        "done" if t.pending == 0 => {
            let class = if s.validated && s.alarms.is_empty() { "good" } else { "warn" };
            let held = if t.quarantined == 0 {
                "none of them is in quarantine".to_owned()
            } else {
                format!("{held} of them are in quarantine, each with its reason")
            };
            (class, format!("All {read} rows that were read have an outcome, {held}{proof}."))
        }
        "interrupted" | "done" => {
            ("warn", format!("Not finished: {} of {read} rows are not loaded yet; `etl run` continues{proof}.", thousands(t.pending)))
        }
        status => ("bad", format!("{}: {}", status.replace('_', " "), s.reason)),
    }
}

/// What a person has to look at.
pub(super) fn alarms(page: &mut Page, s: &Summary) {
    if s.alarms.is_empty() {
        return;
    }
    page.section("alarms", &format!("Alarms ({})", s.alarms.len()));
    page.note(
        "No difference between what was staged and what the target holds, but hardly ever meant. Somebody has to decide whether it is.",
    );
    for alarm in &s.alarms {
        page.raw("<p class=\"alarm\"><b>").text(&alarm.entity);
        if let Some(column) = &alarm.column {
            page.text(".").text(column);
        }
        page.raw("</b> ").text(&alarm.message).raw("</p>\n");
    }
    page.end();
}

/// What was run, when, between what.
pub(super) fn facts(page: &mut Page, s: &Summary) {
    page.section("run", "Run");
    page.raw("<dl class=\"facts\">\n");
    let f = &s.facts;
    let code = |text: &str| format!("<code>{}</code>", escape(text));
    let or_dash = |text: &Option<String>| text.as_deref().map_or_else(|| "–".to_owned(), code);
    let mut lines = vec![
        ("run", code(&s.run)),
        ("command", code(&format!("etl {}", f.command))),
        ("result", escape(&format!("{} (exit code {}): {}", s.status.replace('_', " "), s.exit, s.reason))),
        ("plan hash", code(&s.plan_hash)),
        ("begun", escape(&f.started)),
        ("stages ended", escape(f.finished.as_deref().unwrap_or("–"))),
        ("compared", escape(s.validated_at.as_deref().unwrap_or("–"))),
        ("source", or_dash(&f.source)),
        ("target", or_dash(&f.target)),
        ("staging file", code(&f.staging)),
        ("etl", escape(&f.tool_version)),
    ];
    for snapshot in &s.snapshots {
        let at = snapshot.wal_lsn.as_ref().map_or_else(String::new, |lsn| format!(", WAL {lsn}"));
        let text = format!("{} of {}{at}, server {}", snapshot.taken, snapshot.database, snapshot.server_version);
        lines.push(("source snapshot", escape(&text)));
    }
    lines.extend(s.plan_changes.iter().map(|change| ("plan", escape(&change.told()))));
    lines.push(("by the clock", escape(&duration(s.wall_micros))));
    lines.extend(s.peak_rss_bytes.map(|peak| ("memory at most", escape(&bytes(peak)))));
    for (name, value) in lines {
        page.raw("<dt>").text(name).raw("</dt><dd>").raw(&value).raw("</dd>\n");
    }
    page.raw("</dl>\n");
    page.staged("SELECT * FROM run_list");
    page.note(&format!(
        "Every query of the staging file can also be asked of a plain SQLite: sqlite3 -readonly {} \"…\". Queries of source and target are plain SQL.",
        f.staging
    ));
    page.end();
}
