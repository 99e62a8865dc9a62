//! The report as one HTML page that needs nothing else: no network, no script. Boundary: the numbers are the summary's; here they get a
//! form. Everything that comes from a plan, a database or a message is input and goes through [`escape`].
//!
//! Written by hand and not with a template engine: the page is tables, and a table is a call with its columns checked by the compiler.

mod checks;
mod expectations;
mod gantt;
mod graph;
mod head;
mod ledger;
mod money;
mod page;
mod profiles;
mod quarantine;
mod references;

use page::Page;

use super::Summary;

const STYLE: &str = include_str!("style.css");

impl Summary {
    /// The report as an HTML page.
    pub fn to_html(&self) -> String {
        let mut page = Page::default();
        page.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
        page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
        page.raw("<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>").text(&self.migration).text(": ");
        page.text(&self.status.replace('_', " ")).raw("</title>\n<style>\n").raw(STYLE).raw("</style>\n</head>\n<body>\n");
        head::write(&mut page, self);
        page.raw("<main>\n");
        head::alarms(&mut page, self);
        checks::differences(&mut page, self);
        ledger::write(&mut page, self);
        money::write(&mut page, self);
        expectations::write(&mut page, self);
        references::write(&mut page, self);
        quarantine::write(&mut page, self);
        graph::write(&mut page, self);
        gantt::write(&mut page, self);
        profiles::write(&mut page, self);
        checks::write(&mut page, self);
        head::facts(&mut page, self);
        page.raw("</main>\n</body>\n</html>\n");
        page.into_text()
    }
}

#[cfg(test)]
mod tests {
    use super::super::summary::tests::example;
    use super::page::tests::assert_well_formed;
    use crate::validate::{Difference, DifferenceKind};

    #[test]
    fn the_page_is_whole_and_has_its_sections() {
        let page = example().to_html();
        assert_well_formed(&page);
        for id in [
            "alarms",
            "ledger",
            "money",
            "expectations",
            "references",
            "quarantine",
            "incidents",
            "graph",
            "timings",
            "profiles",
            "checks",
            "run",
        ] {
            assert!(page.contains(&format!("id=\"{id}\"")), "{id} is missing");
        }
        for figure in ["762,604", "4,265,865.12", "REF_MISSING", "soft-deleted", "REF_NULLED", "98,021", "116.0 MiB"] {
            assert!(page.contains(figure), "{figure} is missing");
        }
        for query in ["etl inspect sql", "etl quarantine list --entity tasks --reason REF_MISSING --keys", "SELECT sum(total_amount)"] {
            assert!(page.contains(query), "{query} is missing");
        }
        for foreign in ["<script", "http://", "https://", "<link", "@import", "url("] {
            assert!(!page.contains(foreign), "{foreign} would need something else");
        }
    }

    #[test]
    fn hostile_names_stay_text() {
        let hostile = "<script>alert('x')</script>&\"\u{1}";
        let mut summary = example();
        summary.migration = hostile.to_owned();
        summary.reason = hostile.to_owned();
        summary.status = "failed";
        summary.controls[0].name = hostile.to_owned();
        summary.references[0].column = hostile.to_owned();
        summary.alarms[0].message = hostile.to_owned();
        summary.profiles[0].target[0].facts.name = hostile.to_owned();
        summary.profiles[0].source[0].samples = vec![hostile.to_owned()];
        summary.tables[0].table = hostile.to_owned();
        summary.expectations[0].name = hostile.to_owned();
        summary.expectations[0].sql = hostile.to_owned();
        summary.facts.command = hostile.to_owned();
        for entity in &mut summary.entities {
            entity.name = hostile.to_owned();
            entity.reasons.insert(hostile.to_owned(), 1);
            entity.filters.insert(hostile.to_owned(), 1);
            entity.phase = Some(hostile.to_owned());
        }
        summary.stages[0].entity = hostile.to_owned();
        summary.stages[0].stage = hostile.to_owned();
        summary.differences = vec![Difference::new(DifferenceKind::Cell, hostile)];
        summary.differences_found = 1;
        let page = summary.to_html();
        assert_well_formed(&page);
        assert!(!page.contains("<script") && !page.contains('\u{1}'), "{page}");
        assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;"));
    }

    #[test]
    fn a_run_that_read_nothing_is_told_as_well() {
        let mut summary = example();
        summary.entities.clear();
        summary.stages.clear();
        summary.controls.clear();
        summary.references.clear();
        summary.profiles.clear();
        summary.tables.clear();
        summary.alarms.clear();
        summary.expectations.clear();
        summary.snapshots.clear();
        summary.totals = crate::report::Totals::default();
        summary.validated = false;
        summary.status = "interrupted";
        let page = summary.to_html();
        assert_well_formed(&page);
        assert!(page.contains("was not compared"), "{page}");
        assert!(!page.contains("id=\"money\"") && !page.contains("id=\"alarms\""));
    }
}
