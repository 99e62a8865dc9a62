//! Problems of a plan: collected all at once, each with its place, rendered once. Boundary: what a problem is and how it
//! looks; finding them is everyone else's work.

use std::collections::BTreeSet;
use std::ops::Range;

use codespan_reporting::diagnostic::{Diagnostic, Label};
use codespan_reporting::files::{Files as _, SimpleFiles};
use codespan_reporting::term;
use serde::Serialize;

/// Whether a problem stops the migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing moves before it is mended.
    Error,
    /// Worth knowing; the migration can run.
    Warning,
}

/// One mistake, where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Error or warning.
    pub severity: Severity,
    /// The code, `E0110`; see ARCHITECTURE.md for the ranges.
    pub code: &'static str,
    /// What is wrong, in a user's words.
    pub message: String,
    /// The plan file (index into the plan's files) and the byte range in it.
    pub place: Option<(usize, Range<usize>)>,
    /// What stands under the marked place.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// The problems found so far, with the files they are in.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    files: Vec<(String, String)>,
    found: Vec<Problem>,
}

impl Problems {
    /// Adds a file of the plan; places name it by the number given back.
    pub fn add_file(&mut self, name: &str, text: &str) -> usize {
        self.files.push((name.to_owned(), text.to_owned()));
        self.files.len() - 1
    }

    /// Adds an error at a place.
    pub fn error(
        &mut self,
        code: &'static str,
        place: Option<(usize, Range<usize>)>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) {
        self.push(Problem { severity: Severity::Error, code, message: message.into(), place, label: label.into(), help });
    }

    /// Adds a problem; the same one twice (a function used by many columns; a name that is looked up by two steps) is kept once.
    pub fn push(&mut self, problem: Problem) {
        let same = |known: &Problem| known.code == problem.code && known.place == problem.place && known.message == problem.message;
        if !self.found.iter().any(same) {
            self.found.push(problem);
        }
    }

    /// All problems, in the order they were found.
    pub fn all(&self) -> &[Problem] {
        &self.found
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.found.iter().filter(|p| p.severity == Severity::Error).count()
    }

    /// Whether anything stops the migration.
    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// File name, line and column (from 1) of a problem.
    pub fn location(&self, problem: &Problem) -> Option<(String, usize, usize)> {
        let (file, range) = problem.place.clone()?;
        let mut files = SimpleFiles::new();
        let (name, text) = self.files.get(file)?;
        let id = files.add(name, text);
        let location = files.location(id, range.start.min(text.len())).ok()?;
        Some((name.clone(), location.line_number, location.column_number))
    }

    /// The problems as text, errors first, in the way of a compiler.
    pub fn render(&self) -> String {
        let mut files = SimpleFiles::new();
        let ids: Vec<usize> = self.files.iter().map(|(name, text)| files.add(name.as_str(), text.as_str())).collect();
        let config = term::Config { tab_width: 4, ..term::Config::default() };
        let mut sorted: Vec<&Problem> = self.found.iter().collect();
        sorted.sort_by_key(|p| (p.severity, p.place.as_ref().map(|(file, range)| (*file, range.start))));
        let mut out = String::new();
        for problem in sorted {
            let diagnostic = match problem.severity {
                Severity::Error => Diagnostic::error(),
                Severity::Warning => Diagnostic::warning(),
            };
            let mut diagnostic = diagnostic.with_code(problem.code).with_message(&problem.message);
            if let Some((file, range)) = &problem.place
                && let Some(id) = ids.get(*file)
            {
                let end = self.files[*file].1.len();
                let range = range.start.min(end)..range.end.min(end);
                diagnostic = diagnostic.with_label(Label::primary(*id, range).with_message(&problem.label));
            }
            if let Some(help) = &problem.help {
                diagnostic = diagnostic.with_note(wrapped(&format!("help: {help}")));
            }
            if term::emit_to_string(&mut out, &config, &files, &diagnostic).is_err() {
                // The renderer only fails on a place outside its file, which is cut above; the words still get out.
                out.push_str(&problem.message);
                out.push('\n');
            }
        }
        out.push_str(&says_more(self.found.iter().map(|p| p.code)));
        out
    }
}

/// A note in lines that fit beside the numbers of lines into 80 columns.
fn wrapped(text: &str) -> String {
    const WIDTH: usize = 72;
    let mut out = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            out.push_str("\n      ");
            column = 6;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out
}

/// Where to read on, once for all problems.
fn says_more<'a>(codes: impl Iterator<Item = &'a str>) -> String {
    let codes: Vec<&str> = codes.collect::<BTreeSet<_>>().into_iter().collect();
    match codes.as_slice() {
        [] => String::new(),
        [code] => format!("`etl explain {code}` says more\n"),
        codes => {
            // One line of 80 columns.
            let (shown, more) = if codes.len() > 6 { (&codes[..6], ", …") } else { (codes, "") };
            format!("`etl explain CODE` says more of {}{more}\n", shown.join(", "))
        }
    }
}

/// The nearest of `candidates` to a name that does not exist, for "did you mean".
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().max(name.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
