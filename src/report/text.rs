//! The closing table: what a run did, on a terminal of 80 columns. Boundary: text out; printing it is the command line's.

use super::grid::{Grid, WIDTH, shortened};
use super::number::{bytes, decimal, duration, seconds, thousands};
use super::{EntitySummary, Seconds, Summary};
use crate::plan::Gravity;
use crate::validate::{Control, Difference, DifferenceKind};

/// Differences that are shown here; the others are in the report files.
const SHOWN: usize = 20;

impl Summary {
    /// The closing table, at most 80 columns wide except where a single number needs more.
    pub fn to_text(&self) -> String {
        let mut lines = vec![self.headline(), String::new()];
        if self.entities.is_empty() {
            lines.push("Nothing was read yet.".to_owned());
            lines.push(String::new());
        } else {
            section(&mut lines, self.rows());
            section(&mut lines, self.times());
        }
        section(&mut lines, self.notes());
        section(&mut lines, controls(&self.controls));
        section(&mut lines, self.expected());
        section(&mut lines, self.reasons());
        section(&mut lines, self.filtered_by());
        section(&mut lines, self.incidents());
        section(&mut lines, self.alarmed());
        section(&mut lines, self.proof());
        lines.push(self.figures());
        if let Some(report) = &self.report {
            lines.push(format!("report: {report}"));
        }
        lines.push(String::new());
        lines.join("\n")
    }

    fn headline(&self) -> String {
        let how = match self.status {
            "done" => "done".to_owned(),
            "over_budget" => "done, with more rows in quarantine than the plan allows".to_owned(),
            "different" => "the target differs from what was loaded".to_owned(),
            "interrupted" => "interrupted; the same command continues".to_owned(),
            status => status.to_owned(),
        };
        format!("{}: {how}", self.migration)
    }

    fn rows(&self) -> Vec<String> {
        let mut grid = Grid::new(&["entity", "read", "loaded", "merged", "filtered", "quarantined"]);
        let numbers = |name: &str, numbers: [u64; 5]| {
            let mut cells = vec![name.to_owned()];
            cells.extend(numbers.map(thousands));
            cells
        };
        for e in &self.entities {
            grid.row(numbers(&e.name, [e.read, e.loaded, e.merged, e.filtered, e.quarantined]));
        }
        grid.rule();
        let t = &self.totals;
        grid.row(numbers("total", [t.read, t.loaded, t.merged, t.filtered, t.quarantined]));
        grid.render()
    }

    fn times(&self) -> Vec<String> {
        let mut grid = Grid::new(&["seconds", "extract", "transform", "load", "validate", "rows/s"]);
        let cells = |name: &str, times: &Seconds, rate: Option<u64>| {
            let mut cells = vec![name.to_owned()];
            cells.extend([times.extract, times.transform, times.load, times.validate].map(seconds));
            cells.push(rate.map_or_else(|| "–".to_owned(), thousands));
            cells
        };
        let mut all = Seconds::default();
        for e in &self.entities {
            all.extract += e.seconds.extract;
            all.transform += e.seconds.transform;
            all.load += e.seconds.load;
            all.validate += e.seconds.validate;
            grid.row(cells(&e.name, &e.seconds, e.rows_per_second));
        }
        grid.rule();
        grid.row(cells("total", &all, self.rows_per_second));
        grid.render()
    }

    /// What the table has no column for.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.totals.adopted > 0 {
            notes.push(format!("{} rows were in the target before and were adopted", thousands(self.totals.adopted)));
        }
        if self.totals.pending > 0 {
            notes.push(format!("{} rows are not loaded yet; `etl run` continues", thousands(self.totals.pending)));
        }
        if self.snapshots.len() > 1 {
            notes.push(format!("the source was read in {} snapshots, because the extract was continued", self.snapshots.len()));
        }
        for change in &self.plan_changes {
            notes.push(change.told());
        }
        notes
    }

    fn reasons(&self) -> Vec<String> {
        counted("quarantine", &self.entities, |e| e.reasons.iter().map(|(code, count)| (code.clone(), *count)).collect())
    }

    fn filtered_by(&self) -> Vec<String> {
        counted("filters", &self.entities, |e| e.filters.iter().map(|(name, count)| (name.clone(), *count)).collect())
    }

    fn incidents(&self) -> Vec<String> {
        counted("incidents", &self.entities, |e| e.incidents.iter().map(|i| (format!("{} {}", i.column, i.code), i.count)).collect())
    }

    /// The expectations that are not met or were not asked, and how many are.
    fn expected(&self) -> Vec<String> {
        if self.expectations.is_empty() {
            return Vec::new();
        }
        let met = self.expectations.iter().filter(|e| e.met == Some(true)).count();
        let mut lines = vec![format!("expectations met: {met} of {}", self.expectations.len())];
        for e in self.expectations.iter().filter(|e| e.met != Some(true)) {
            let how = match (&e.found, e.severity) {
                (Some(_), Gravity::Error) => "NOT MET",
                (Some(_), Gravity::Alarm) => "alarm",
                (None, _) => "not asked",
            };
            lines.push(format!("  {how:<9} {} ({})", shortened(&e.name, WIDTH - 24), e.on.word()));
            if let Some(found) = &e.found {
                lines.push(format!("            expected {}, found {found}", e.expected));
            }
        }
        lines
    }

    /// What a person has to look at.
    fn alarmed(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for alarm in &self.alarms {
            let column = alarm.column.as_ref().map_or_else(String::new, |column| format!(".{column}"));
            let mut line = "alarm:".to_owned();
            for word in format!("{}{column} {}", alarm.entity, alarm.message).split_whitespace() {
                if line.chars().count() + 1 + word.chars().count() > WIDTH {
                    lines.push(std::mem::replace(&mut line, "      ".to_owned()));
                }
                line.push(' ');
                line.push_str(word);
            }
            lines.push(line);
        }
        lines
    }

    /// What the validation says.
    fn proof(&self) -> Vec<String> {
        if !self.validated {
            return Vec::new();
        }
        let cells: u64 = self.tables.iter().map(|table| table.cells).sum();
        let rows: u64 = self.tables.iter().map(|table| table.expected).sum();
        let others: u64 = self.tables.iter().map(|table| table.others).sum();
        let mut lines = Vec::new();
        if self.differences_found == 0 && self.rows_unexamined == 0 {
            lines.push(format!("validated: {} rows, {} cells read back and equal", thousands(rows), thousands(cells)));
            let (references, controls) = (self.references.len(), self.controls.len());
            lines.push(format!("           references without orphans: {references}; control sums equal: {controls}"));
        } else {
            lines.push(format!("differences: {}", thousands(self.differences_found)));
            lines.extend(self.differences.iter().take(SHOWN).flat_map(difference));
            let more = self.differences_found.saturating_sub(SHOWN.min(self.differences.len()) as u64);
            if more > 0 {
                lines.push(format!("  … and {} more, see the report", thousands(more)));
            }
            if self.rows_unexamined > 0 {
                lines.push(format!("  {} rows were not compared one by one, so many differ", thousands(self.rows_unexamined)));
            }
        }
        if others > 0 {
            lines.push(format!("           {} rows of others in the same tables were left out", thousands(others)));
        }
        lines
    }

    fn figures(&self) -> String {
        let mut figures = vec![format!("{} by the clock", duration(self.wall_micros))];
        figures.extend(self.peak_rss_bytes.map(|peak| format!("{} of memory at most", bytes(peak))));
        figures.extend(self.rows_per_second.map(|rate| format!("{} rows/s", thousands(rate))));
        figures.join(", ")
    }
}

/// Adds lines and an empty one behind them.
fn section(lines: &mut Vec<String>, add: Vec<String>) {
    if !add.is_empty() {
        lines.extend(add);
        lines.push(String::new());
    }
}

fn counted(heading: &str, entities: &[EntitySummary], of: impl Fn(&EntitySummary) -> Vec<(String, u64)>) -> Vec<String> {
    let mut grid = Grid::new(&[heading, "rows"]);
    let mut any = false;
    for entity in entities {
        let mut counts = of(entity);
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        for (what, count) in counts {
            grid.row(vec![format!("{}: {what}", entity.name), thousands(count)]);
            any = true;
        }
    }
    if any { grid.render() } else { Vec::new() }
}

fn controls(controls: &[Control]) -> Vec<String> {
    if controls.is_empty() {
        return Vec::new();
    }
    let name = |c: &Control| format!("{}.{}", c.entity, c.name);
    let verdict = |c: &Control| if c.equal { "equal" } else { "DIFFERS" }.to_owned();
    let shown = |sum: &Option<String>| sum.as_deref().map_or_else(|| "–".to_owned(), decimal);
    let mut grid = Grid::new(&["control sum", "source", "loaded", "held", ""]);
    for c in controls {
        grid.row(vec![name(c), shown(&c.source), decimal(&c.loaded), decimal(&c.held), verdict(c)]);
    }
    let lines = grid.render();
    if lines.iter().all(|line| line.chars().count() <= WIDTH) {
        return lines;
    }
    // Sums with very many digits stand below each other instead.
    let mut lines = vec!["control sums".to_owned()];
    for c in controls {
        lines.push(format!("{} {}", shortened(&name(c), WIDTH - 8), verdict(c)));
        lines.push(format!("  source {}", shown(&c.source)));
        lines.push(format!("  loaded {}", decimal(&c.loaded)));
        lines.push(format!("  held   {}", decimal(&c.held)));
    }
    lines
}

fn difference(d: &Difference) -> Vec<String> {
    let names = [&d.table, &d.row].into_iter().flatten().cloned();
    let mut at: Vec<String> = names.collect();
    if at.is_empty() {
        at.extend(d.entity.clone());
    }
    at.extend(d.key.as_ref().map(|key| format!("(legacy {key})")));
    at.extend(d.column.clone());
    let mut lines = vec![format!("  {} {}", d.kind.word(), at.join(" ")), format!("    {}", d.message)];
    if let (Some(expected), Some(found)) = (&d.expected, &d.found) {
        // Digests of cells can look like numbers and are none.
        let shown = |text: &str| if d.kind == DifferenceKind::Control { decimal(text) } else { text.to_owned() };
        let (expected, found) = (shown(expected), shown(found));
        lines.push(format!("    expected {expected}, found {found}"));
    }
    if let (Some(expected), Some(found)) = (&d.expected_value, &d.found_value) {
        lines.push(format!("    expected value {expected}"));
        lines.push(format!("    found value    {found}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::summary::tests::example;
    use super::*;

    const CLOSING_TABLE: &str = "\
orthodontics: done

entity     read   loaded  merged  filtered  quarantined
orders   25,012   25,000       0        12            0
tasks   768,962  762,604       0         0        6,358
───────────────────────────────────────────────────────
total   793,974  787,604       0        12        6,358

seconds  extract  transform  load  validate   rows/s
orders       1.2        2.0   3.9       1.1  108,304
tasks        1.2        2.0   3.9       1.1  108,304
────────────────────────────────────────────────────
total        2.4        4.0   7.8       2.2   98,021

control sum                 source        loaded  held
payments.total_price  4,265,865.12  4,265,865.12  0.00  equal

expectations met: 1 of 1

quarantine                  rows
tasks: REF_MISSING         6,000
tasks: PARENT_QUARANTINED    358

filters               rows
orders: soft-deleted    12

incidents                     rows
orders: office_id REF_NULLED     3

alarm: orders.country has one value in all 25,000 loaded rows, and country,
       which it is made of, has 7

validated: 762,604 rows, 9,151,248 cells read back and equal
           references without orphans: 1; control sums equal: 1

8.1 s by the clock, 116.0 MiB of memory at most, 98,021 rows/s
report: report.md
";

    #[test]
    fn the_closing_table() {
        let text = example().to_text();
        assert_eq!(text, CLOSING_TABLE);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    }

    #[test]
    fn long_names_and_long_sums_stay_readable() {
        let mut summary = example();
        summary.entities[0].name = "a_very_long_entity_name_that_somebody_thought_would_explain_everything_at_once".to_owned();
        summary.controls[0].source = Some("123456789012345678901234567890.123456789".to_owned());
        summary.controls[0].loaded = "123456789012345678901234567890.123456789".to_owned();
        let text = summary.to_text();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.contains("  source 123,456,789,012,345,678,901,234,567,890.123456789"), "{text}");
    }

    #[test]
    fn differences_name_row_and_column() {
        let mut summary = example();
        summary.status = "different";
        let mut cell = Difference::new(DifferenceKind::Cell, "title differs from what was loaded");
        cell.table = Some("public.tasks".to_owned());
        cell.row = Some("0b7c3c58-6f0e-5a55-9d0b-5f0a6d1c2e11".to_owned());
        cell.key = Some("42".to_owned());
        cell.column = Some("title".to_owned());
        cell.expected = Some("6e1f00c2a9b4d377".to_owned());
        cell.found = Some("NULL".to_owned());
        summary.differences = vec![cell];
        summary.differences_found = 2_001;
        let text = summary.to_text();
        assert!(text.contains("cell public.tasks 0b7c3c58-6f0e-5a55-9d0b-5f0a6d1c2e11 (legacy 42) title"), "{text}");
        assert!(text.contains("expected 6e1f00c2a9b4d377, found NULL"), "{text}");
        assert!(text.contains("… and 2,000 more"), "{text}");
    }

    #[test]
    fn an_interrupted_run_says_what_is_left() {
        let mut summary = example();
        summary.status = "interrupted";
        summary.validated = false;
        summary.totals.pending = 768_962;
        let text = summary.to_text();
        assert!(text.contains("768,962 rows are not loaded yet; `etl run` continues"), "{text}");
        assert!(!text.contains("validated"), "{text}");
    }
}
