//! Markup in the making: text that is escaped, tables with headings, the line that says how to get a figure again. Boundary: knows HTML,
//! knows no report.

use crate::report::number::thousands;

/// A page in the making.
#[derive(Debug, Default)]
pub(super) struct Page {
    out: String,
}

/// A cell of a table, its content escaped already.
#[derive(Debug)]
pub(super) enum Cell {
    /// Names the row.
    Name(String),
    /// Text to the left.
    Text(String),
    /// A number to the right.
    Number(String),
}

/// Text that comes from anywhere else. Characters that no document may hold are left out.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

/// A name that may be broken behind its dots and underscores, where people read a break.
pub(super) fn name(text: &str) -> Cell {
    Cell::Name(escape(text).replace('_', "_<wbr/>").replace('.', ".<wbr/>"))
}

/// A count; zero is quiet.
pub(super) fn count(number: u64) -> Cell {
    Cell::Number(if number == 0 { "<span class=\"zero\">0</span>".to_owned() } else { thousands(number) })
}

/// A count that should be zero.
pub(super) fn wrong(number: u64) -> Cell {
    if number == 0 { count(0) } else { Cell::Number(format!("<span class=\"bad mark\">{}</span>", thousands(number))) }
}

/// Whether two sides are equal, in words and colour.
pub(super) fn verdict(equal: bool) -> Cell {
    Cell::Text(if equal { "<span class=\"good mark\">equal</span>" } else { "<span class=\"bad mark\">DIFFERS</span>" }.to_owned())
}

/// Words in a share of a whole, for people: `99.2 %`; what is not all never shows as 100 %, what is not nothing never as 0 %.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let tenths = u128::from(part) * 1_000 / u128::from(whole);
    let tenths = if part > 0 { tenths.max(1) } else { tenths };
    if tenths.is_multiple_of(10) { format!("{} %", tenths / 10) } else { format!("{}.{} %", tenths / 10, tenths % 10) }
}

/// A share as a length for a style, in percent with three digits.
pub(super) fn share(part: u64, whole: u64) -> String {
    let thousandths = u128::from(part) * 100_000 / u128::from(whole.max(1));
    format!("{}.{:03}%", thousandths / 1_000, thousandths % 1_000)
}

impl Page {
    /// Markup of ours.
    pub fn raw(&mut self, markup: &str) -> &mut Self {
        self.out.push_str(markup);
        self
    }

    /// Text of others.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.out.push_str(&escape(text));
        self
    }

    /// A section with its heading.
    pub fn section(&mut self, id: &str, heading: &str) {
        self.raw("<section aria-labelledby=\"").raw(id).raw("\">\n<h2 id=\"").raw(id).raw("\">").text(heading).raw("</h2>\n");
    }

    /// The end of a section.
    pub fn end(&mut self) {
        self.raw("</section>\n");
    }

    /// A paragraph of quiet text.
    pub fn note(&mut self, text: &str) {
        self.raw("<p class=\"quiet\">").text(text).raw("</p>\n");
    }

    /// How to get the figures again.
    pub fn again(&mut self, what: &str, command: &str) {
        self.raw("<p class=\"again\">").text(what).raw(": <code>").text(command).raw("</code></p>\n");
    }

    /// The query of the staging file that gives the figures again.
    pub fn staged(&mut self, sql: &str) {
        self.again("staging file", &format!("etl inspect sql \"{sql}\""));
    }

    /// The query of the target that gives the figures again.
    pub fn target(&mut self, sql: &str) {
        self.again("target", sql);
    }

    /// A table. A heading that begins with `>` stands over numbers. It can be wider than the screen, and is then moved in its own frame.
    pub fn table(&mut self, caption: &str, headings: &[&str], rows: impl IntoIterator<Item = (&'static str, Vec<Cell>)>) {
        self.raw("<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"").text(caption).raw("\">\n<table>\n<caption>");
        self.text(caption).raw("</caption>\n<thead><tr>");
        for heading in headings {
            let (class, heading) = heading.strip_prefix('>').map_or(("", *heading), |heading| (" class=\"n\"", heading));
            self.raw("<th scope=\"col\"").raw(class).raw(">").text(heading).raw("</th>");
        }
        self.raw("</tr></thead>\n<tbody>\n");
        for (class, cells) in rows {
            self.raw(if class.is_empty() { "<tr>" } else { "<tr class=\"" }).raw(class).raw(if class.is_empty() { "" } else { "\">" });
            for cell in cells {
                match cell {
                    Cell::Name(name) => self.raw("<th scope=\"row\">").raw(&name).raw("</th>"),
                    Cell::Text(text) => self.raw("<td>").raw(&text).raw("</td>"),
                    Cell::Number(number) => self.raw("<td class=\"n\">").raw(&number).raw("</td>"),
                };
            }
            self.raw("</tr>\n");
        }
        self.raw("</tbody>\n</table>\n</div>\n");
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.out
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A strict reading: every element is closed in its order, every attribute is quoted, every `&` begins an entity.
    pub(in crate::report::html) fn assert_well_formed(page: &str) {
        let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("the document type");
        let (before, style) = rest.split_once("<style>").expect("a style");
        let (_, after) = style.split_once("</style>").expect("the style's end");
        let without = format!("{before}{after}");
        rest = &without;
        let mut open: Vec<String> = Vec::new();
        while let Some((text, tag)) = rest.split_once('<') {
            assert_text(text);
            let (tag, behind) = tag.split_once('>').unwrap_or_else(|| panic!("a tag without end: {tag:.80}"));
            rest = behind;
            if let Some(name) = tag.strip_prefix('/') {
                let last = open.pop();
                assert_eq!(last.as_deref(), Some(name), "closed in another order before {rest:.120}");
                continue;
            }
            let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric()) && !name.is_empty(), "an element called {name:?}");
            while !attributes.trim().is_empty() {
                let (attribute, value) = attributes.trim_start().split_once("=\"").unwrap_or_else(|| panic!("in <{tag}>"));
                assert!(attribute.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "an attribute called {attribute:?}");
                let (value, behind) = value.split_once('"').expect("an attribute's end");
                assert_text(value);
                attributes = behind;
            }
            if !empty {
                open.push(name.to_owned());
            }
        }
        assert!(rest.trim().is_empty() && open.is_empty(), "left open: {open:?}");
    }

    fn assert_text(text: &str) {
        for (at, _) in text.match_indices('&') {
            let entity = text[at..].split_once(';').map(|(entity, _)| entity);
            assert!(matches!(entity, Some("&amp" | "&lt" | "&gt" | "&quot" | "&#39")), "a bare & in {text:.80}");
        }
        assert!(!text.contains('>'), "a bare > in {text:.80}");
    }

    #[test]
    fn shares_are_honest() {
        assert_eq!(
            [percent(0, 9), percent(1, 100_000), percent(99_999, 100_000), percent(5, 5), percent(1, 0)],
            ["0 %", "0.1 %", "99.9 %", "100 %", "–"]
        );
        assert_eq!([share(1, 3), share(0, 0)], ["33.333%", "0.000%"]);
    }
}
