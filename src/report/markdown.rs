//! The report as Markdown. Boundary: the same numbers as the closing table, in full; text out.

use std::fmt::Write as _;

use super::number::{bytes, decimal, duration, seconds, thousands};
use super::{EntitySummary, Summary};
use crate::plan::Gravity;
use crate::validate::ColumnFacts;

impl Summary {
    /// The report as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        self.head(&mut out);
        let rows = self.entities.iter().map(|e| {
            let mut cells = vec![e.name.clone()];
            cells.extend([e.read, e.loaded, e.merged, e.adopted, e.filtered, e.quarantined].map(thousands));
            cells
        });
        let t = &self.totals;
        let mut total = vec!["**total**".to_owned()];
        total.extend([t.read, t.loaded, t.merged, t.adopted, t.filtered, t.quarantined].map(thousands));
        let headings = ["entity", "read", "loaded", "merged", "adopted", "filtered", "quarantined"];
        self.alarm_table(&mut out);
        table(&mut out, "Rows", &headings, rows.chain([total]).collect());
        let times = self.entities.iter().map(|e| {
            let mut cells = vec![e.name.clone()];
            cells.extend([e.seconds.extract, e.seconds.transform, e.seconds.load, e.seconds.validate].map(seconds));
            cells.push(e.rows_per_second.map_or_else(|| "–".to_owned(), thousands));
            cells
        });
        table(&mut out, "Seconds", &["entity", "extract", "transform", "load", "validate", "rows/s"], times.collect());
        self.findings(&mut out);
        self.proof_tables(&mut out);
        self.spans(&mut out);
        self.columns(&mut out);
        self.again(&mut out);
        out
    }

    /// When the stages began and ended.
    fn spans(&self, out: &mut String) {
        let rows =
            self.stages.iter().map(|s| vec![s.entity.clone(), s.stage.clone(), seconds(s.began), seconds(s.ended), seconds(s.worked)]);
        table(out, "Stages by the clock, seconds", &["entity", "stage", "began", "ended", "worked"], rows.collect());
    }

    /// The queries that give the figures again.
    fn again(&self, out: &mut String) {
        let staged = |sql: &str| format!("`etl inspect sql \"{sql}\"`");
        let fixed = [
            ("rows", "SELECT * FROM ledger"),
            ("quarantine", "SELECT entity, code, sum(rows) FROM reasons GROUP BY 1, 2"),
            ("stages", "SELECT * FROM stage_times"),
            ("runs", "SELECT * FROM run_list"),
        ];
        let mut rows: Vec<Vec<String>> = fixed.iter().map(|(what, sql)| vec![(*what).to_owned(), staged(sql)]).collect();
        for c in &self.controls {
            rows.push(vec![format!("{}.{} in the source", c.entity, c.name), format!("`{}`", c.source_sql)]);
            rows.push(vec![format!("{}.{} in the target", c.entity, c.name), format!("`{}`", c.target_sql)]);
        }
        table(out, "The figures again", &["what", "query"], rows);
    }

    fn head(&self, out: &mut String) {
        let mut lines = vec![format!("# {}: {}", self.migration, self.status.replace('_', " ")), String::new()];
        lines.push(format!("* run {}, exit code {}: {}", self.run, self.exit, one_line(&self.reason)));
        lines.push(format!("* plan {}", self.plan_hash));
        for snapshot in &self.snapshots {
            let at = snapshot.wal_lsn.as_ref().map_or_else(String::new, |lsn| format!(" at {lsn}"));
            let server = one_line(&snapshot.server_version);
            lines.push(format!("* snapshot of {} taken {}{at}, server {server}", one_line(&snapshot.database), snapshot.taken));
        }
        lines.extend(self.plan_changes.iter().map(|change| format!("* {}", one_line(&change.told()))));
        lines.push(format!("* {} by the clock", duration(self.wall_micros)));
        lines.extend(self.peak_rss_bytes.map(|peak| format!("* {} of memory at most", bytes(peak))));
        if self.totals.pending > 0 {
            lines.push(format!("* {} rows are not loaded yet", thousands(self.totals.pending)));
        }
        out.push_str(&lines.join("\n"));
        out.push('\n');
    }

    fn expectation_table(&self, out: &mut String) {
        let rows = self.expectations.iter().map(|e| {
            let verdict = match (e.met, e.severity) {
                (Some(true), _) => "met",
                (Some(false), Gravity::Error) => "**not met**",
                (Some(false), Gravity::Alarm) => "alarm",
                (None, _) => "not asked",
            };
            let text = |part: &Option<String>| part.clone().unwrap_or_default();
            let query = format!("`{}`", e.sql.split_whitespace().collect::<Vec<_>>().join(" "));
            let cells = [text(&e.entity), e.name.clone(), e.on.word().to_owned(), e.expected.clone(), text(&e.found), verdict.to_owned()];
            cells.into_iter().chain([query]).collect()
        });
        table(out, "Expectations", &["entity", "expectation", "of", "expected", "found", "", "query"], rows.collect());
    }

    fn alarm_table(&self, out: &mut String) {
        let rows = self.alarms.iter().map(|a| vec![a.entity.clone(), a.column.clone().unwrap_or_default(), a.message.clone()]);
        table(out, "Alarms", &["entity", "column", ""], rows.collect());
    }

    /// What the columns hold: a line for each target column, one for each source column below it.
    fn columns(&self, out: &mut String) {
        for profile in &self.profiles {
            let cells = |facts: &ColumnFacts, name: String| {
                let about = if facts.distinct_exact { "" } else { "≈ " };
                let bound = |bound: &Option<String>| bound.clone().unwrap_or_default();
                let mut cells = vec![name, facts.ty.clone(), thousands(facts.values), thousands(facts.blank)];
                cells.extend([format!("{about}{}", thousands(facts.distinct)), bound(&facts.min), bound(&facts.max)]);
                cells.push(facts.samples.join(", "));
                cells
            };
            let mut rows = Vec::new();
            for column in &profile.target {
                rows.push(cells(&column.facts, column.facts.name.clone()));
                let sources = profile.source.iter().filter(|facts| column.made_of.contains(&facts.name));
                rows.extend(sources.map(|facts| cells(facts, format!("from {}", facts.name))));
            }
            let headings = ["column", "type", "not null", "blank", "different", "smallest", "largest", "samples"];
            table(out, &format!("Columns of {}, {} loaded rows", one_line(&profile.entity), thousands(profile.rows)), &headings, rows);
        }
    }

    /// The groups of control sums.
    fn groups(&self, out: &mut String) {
        let shown = |sum: &Option<String>| sum.as_deref().map_or_else(|| "–".to_owned(), decimal);
        for c in self.controls.iter().filter(|c| !c.groups.is_empty()) {
            let rows = c.groups.iter().map(|g| {
                let verdict = if g.equal { "equal" } else { "**differs**" };
                vec![g.group.words(), shown(&g.source), decimal(&g.loaded), decimal(&g.held), shown(&g.target), verdict.to_owned()]
            });
            let heading = format!("{}.{} by {}", c.entity, c.name, c.by.join(", "));
            table(out, &one_line(&heading), &["group", "source", "loaded", "held", "target", ""], rows.collect());
        }
    }

    fn findings(&self, out: &mut String) {
        let of = |counts: fn(&EntitySummary) -> Vec<Vec<String>>| -> Vec<Vec<String>> {
            let named = |e: &EntitySummary, mut row: Vec<String>| {
                row.insert(0, e.name.clone());
                row
            };
            self.entities.iter().flat_map(|e| counts(e).into_iter().map(move |row| named(e, row))).collect()
        };
        let reasons = of(|e| e.reasons.iter().map(|(code, count)| vec![code.clone(), thousands(*count)]).collect());
        table(out, "Quarantine", &["entity", "reason", "rows"], reasons);
        let filters = of(|e| e.filters.iter().map(|(name, count)| vec![name.clone(), thousands(*count)]).collect());
        table(out, "Filters", &["entity", "filter", "rows"], filters);
        let incidents = of(|e| e.incidents.iter().map(|i| vec![i.column.clone(), i.code.clone(), thousands(i.count)]).collect());
        table(out, "Incidents", &["entity", "column", "code", "rows"], incidents);
    }

    fn proof_tables(&self, out: &mut String) {
        let shown = |sum: &Option<String>| sum.as_deref().map_or_else(|| "–".to_owned(), decimal);
        let controls = self.controls.iter().map(|c| {
            let verdict = if c.equal { "equal" } else { "**differs**" };
            vec![
                c.entity.clone(),
                c.name.clone(),
                shown(&c.source),
                decimal(&c.loaded),
                decimal(&c.held),
                shown(&c.target),
                verdict.to_owned(),
            ]
        });
        table(out, "Control sums", &["entity", "control", "source", "loaded", "held", "target", ""], controls.collect());
        self.groups(out);
        self.expectation_table(out);
        let references = self.references.iter().map(|r| {
            let mut cells = vec![r.entity.clone(), r.column.clone(), r.parent.clone()];
            cells.extend([r.hit, r.null, r.missing, r.parent_quarantined, r.parent_filtered, r.orphans].map(thousands));
            cells
        });
        let headings = ["entity", "column", "parent", "hit", "null", "missing", "parent quarantined", "parent filtered", "orphans"];
        table(out, "References", &headings, references.collect());
        let tables = self.tables.iter().map(|t| {
            let mut cells = vec![t.table.clone(), t.entities.join(", ")];
            cells.extend([t.expected, t.rows, t.others, t.cells].map(thousands));
            cells
        });
        table(out, "Read back", &["table", "entities", "expected", "rows", "of others", "cells compared"], tables.collect());
        let differences = self.differences.iter().map(|d| {
            let text = |part: &Option<String>| part.clone().unwrap_or_default();
            vec![
                d.kind.word().to_owned(),
                text(&d.table),
                text(&d.row),
                text(&d.key),
                text(&d.column),
                text(&d.expected),
                text(&d.found),
                d.message.clone(),
            ]
        });
        let headings = ["kind", "table", "row", "legacy key", "column", "expected", "found", ""];
        table(out, "Differences", &headings, differences.collect());
        let listed = self.differences.len() as u64;
        if self.validated && self.differences_found == 0 && self.rows_unexamined == 0 {
            out.push_str("\nThe target holds what was loaded: no difference.\n");
        } else if self.differences_found > listed || self.rows_unexamined > 0 {
            let (found, unexamined) = (thousands(self.differences_found), thousands(self.rows_unexamined));
            let _ = writeln!(out, "\n{found} differences in all; {unexamined} more rows were not compared one by one.");
        } else if !self.validated {
            out.push_str("\nThe target was not validated by this command.\n");
        }
    }
}

/// A section with a table; nothing at all without rows. The columns after the first are numbers wherever all of theirs look like it.
fn table(out: &mut String, heading: &str, headings: &[&str], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    let number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | '-' | '–'));
    let aligned =
        (0..headings.len()).map(|at| if rows.iter().all(|row| row.get(at).is_some_and(|cell| number(cell))) { "--:" } else { "---" });
    let _ = writeln!(out, "\n## {heading}\n\n| {} |\n| {} |", headings.join(" | "), aligned.collect::<Vec<_>>().join(" | "));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| one_line(cell)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
}

/// A cell must not end its row.
fn one_line(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::super::summary::tests::example;
    use super::*;

    #[test]
    fn sections_stand_where_there_is_something_to_say() {
        let text = example().to_markdown();
        assert!(text.starts_with("# orthodontics: done\n"), "{text}");
        assert!(text.contains("| tasks | 768,962 | 762,604 | 0 | 0 | 0 | 6,358 |"), "{text}");
        assert!(text.contains("| tasks | REF_MISSING | 6,000 |"), "{text}");
        assert!(
            text.contains("| entity | control | source | loaded | held | target |  |\n| --- | --- | --: | --: | --: | --: | --- |"),
            "{text}"
        );
        assert!(!text.contains("## Differences"), "{text}");
        assert!(text.contains("no difference"), "{text}");
    }

    #[test]
    fn a_cell_cannot_end_its_row() {
        let mut out = String::new();
        table(&mut out, "T", &["a", "b"], vec![vec!["x|y\nz".to_owned(), "1".to_owned()]]);
        assert!(out.ends_with("| x\\|y z | 1 |\n"), "{out}");
    }
}
