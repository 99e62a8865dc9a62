//! What every code means: the text behind `etl explain`. The Markdown files of `docs/codes` are the one source for the
//! documentation and for the command, so that the two cannot say different things.
//!
//! Boundary: text in, text out. Which codes there are is known where they are given; a test holds the two against each other.

use std::fmt::Write as _;
use std::sync::LazyLock;

/// A family of codes: one file of `docs/codes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its heading.
    pub title: &'static str,
    /// Its explanations, in the order of the file.
    pub explanations: &'static [Explanation],
}

/// The explanation of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The code: `E0110`, `REF_MISSING`.
    pub code: &'static str,
    /// What it means, in a few words.
    pub title: &'static str,
    /// What it means, in a user's words.
    pub meaning: &'static str,
    /// How it comes about.
    pub wrong: Example,
    /// The same, mended.
    pub right: Example,
    /// What to look at next.
    pub next: &'static str,
}

/// An example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// The text.
    pub text: &'static str,
    /// Whether it is part of a plan (in the file, its fence says `toml`), which the tests run.
    pub is_plan: bool,
}

const FILES: [&str; 5] = [
    include_str!("../../docs/codes/plan.md"),
    include_str!("../../docs/codes/expressions.md"),
    include_str!("../../docs/codes/columns.md"),
    include_str!("../../docs/codes/servers.md"),
    include_str!("../../docs/codes/reasons.md"),
];

static FAMILIES: LazyLock<Vec<Family>> = LazyLock::new(|| FILES.into_iter().map(family).collect());

/// All families, in the order of their codes.
pub fn families() -> &'static [Family] {
    &FAMILIES
}

/// All explanations.
pub fn all() -> impl Iterator<Item = &'static Explanation> {
    families().iter().flat_map(|family| family.explanations)
}

/// The explanation of a code, however it is written.
pub fn find(code: &str) -> Option<&'static Explanation> {
    all().find(|explanation| explanation.code.eq_ignore_ascii_case(code.trim()))
}

/// The code that is nearest to one that does not exist, where one is near enough to be meant.
pub fn nearest(code: &str) -> Option<&'static str> {
    let code = code.trim().to_ascii_uppercase();
    // Numbers are all near one another: only a slip of one digit is one.
    let most = |known: &str| if known.starts_with("E0") { 1 } else { 1 + known.len().max(code.len()) / 4 };
    let number = |code: &str| code.get(1..).and_then(|digits| digits.parse::<u16>().ok()).unwrap_or(0);
    all()
        .map(|Explanation { code: known, .. }| (strsim::damerau_levenshtein(&code, known), number(&code).abs_diff(number(known)), *known))
        .filter(|(far, _, known)| *far <= most(known))
        .min()
        .map(|(_, _, known)| known)
}

impl Explanation {
    /// The explanation as text for a terminal of 80 columns.
    pub fn render(&self) -> String {
        let mut out = format!("{}: {}\n\n{}\n", self.code, self.title, self.meaning);
        for (word, example) in [("Wrong", self.wrong), ("Right", self.right)] {
            let _ = writeln!(out, "\n{word}:\n");
            for line in example.text.lines() {
                let _ = writeln!(out, "{}", format!("    {line}").trim_end());
            }
        }
        let _ = write!(out, "\nNext: {}\n", self.next);
        out
    }
}

/// All codes, one line each.
pub fn list() -> String {
    let width = all().map(|explanation| explanation.code.len()).max().unwrap_or(0);
    let mut out = String::new();
    for family in families() {
        let _ = writeln!(out, "{}", family.title);
        for Explanation { code, title, .. } in family.explanations {
            // Codes of one family are of one width, but for words.
            let width = if code.starts_with("E0") { code.len() } else { width };
            let _ = writeln!(out, "  {code:<width$}  {title}");
        }
        out.push('\n');
    }
    out.push_str("next: etl explain CODE\n");
    out
}

/// Reads a file: `# family`, then `## CODE: title`, the meaning, `Wrong:` and `Right:` with a fenced example each, `Next: …`.
fn family(text: &'static str) -> Family {
    let (head, rest) = text.split_once("\n## ").unwrap_or((text, ""));
    let title = head.lines().next().unwrap_or_default().trim_start_matches("# ");
    let explanations: Vec<Explanation> = rest.split("\n## ").filter(|section| !section.is_empty()).map(explanation).collect();
    // Made once for the life of the program.
    Family { title, explanations: Vec::leak(explanations) }
}

fn explanation(section: &'static str) -> Explanation {
    let (heading, body) = section.split_once('\n').unwrap_or((section, ""));
    let (code, title) = heading.split_once(": ").unwrap_or((heading, ""));
    let (meaning, rest) = body.split_once("\nWrong:\n").unwrap_or((body, ""));
    let (wrong, rest) = rest.split_once("\nRight:\n").unwrap_or((rest, ""));
    let (right, next) = rest.split_once("\nNext: ").unwrap_or((rest, ""));
    Explanation { code, title, meaning: meaning.trim(), wrong: example(wrong), right: example(right), next: next.trim() }
}

fn example(fenced: &'static str) -> Example {
    let inner = fenced.trim().trim_start_matches("```").trim_end_matches("```");
    let (language, text) = inner.split_once('\n').unwrap_or((inner, ""));
    Example { text: text.trim_end(), is_plan: language == "toml" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_explanation_is_whole() {
        for Explanation { code, title, meaning, wrong, right, next } in all() {
            for part in [title, meaning, wrong.text, right.text, next] {
                assert!(!part.is_empty() && !part.contains("```"), "{code}: a part is missing, or not where it belongs: {part:?}");
            }
            assert_ne!(wrong, right, "{code}");
            assert_eq!(wrong.is_plan, right.is_plan, "{code}");
        }
    }

    #[test]
    fn no_code_stands_twice_and_families_are_in_order() {
        for family in families() {
            let codes: Vec<&str> = family.explanations.iter().map(|e| e.code).collect();
            assert!(!codes.is_empty(), "{}", family.title);
            if codes[0].starts_with("E0") {
                assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{codes:?}");
            }
        }
        let mut codes: Vec<&str> = all().map(|e| e.code).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }

    #[test]
    fn everything_fits_into_80_columns() {
        let texts: Vec<String> = all().map(Explanation::render).chain([list()]).collect();
        let wide: Vec<&str> = texts.iter().flat_map(|text| text.lines()).filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "more than 80 columns:\n{}", wide.join("\n"));
    }

    #[test]
    fn codes_are_found_however_they_are_written() {
        assert_eq!(find(" e0110 ").map(|e| e.code), Some("E0110"));
        assert_eq!(find("ref_missing").map(|e| e.code), Some("REF_MISSING"));
        assert_eq!(find("E0999"), None);
        assert_eq!(nearest("REF_MISING"), Some("REF_MISSING"));
        assert_eq!(nearest("e0129"), Some("E0128"));
        assert_eq!(nearest("EMAIL_INVALID"), None);
    }
}
