//! Expectations: what a plan takes for granted about the source, and what it promises about the target. Boundary: what is asked and
//! which answer is right; asking is the business of whoever has a connection.

use std::ops::Range;
use std::str::FromStr as _;
use std::time::Duration;

use bigdecimal::BigDecimal;
use serde::{Deserialize, Serialize};

use super::document::ExpectDocument;
use super::problem::Problems;
use super::resolve::choice;
use super::text::Text;

/// Which database is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExpectOn {
    /// The old one, in the snapshot that is read.
    Source,
    /// The new one, after the load.
    Target,
}

impl ExpectOn {
    /// The word used in plans and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
        }
    }
}

/// What it means when an expectation is not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gravity {
    /// Nothing moves; after the load, a difference.
    Error,
    /// It is told.
    Alarm,
}

/// What is asked, in SQL of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A query: how many rows it gives, or, where a number is expected, its only value.
    Query(Text),
    /// A condition on each row of the entity: for how many rows it is not true.
    Every(Text),
}

impl Asked {
    /// The text as written.
    pub fn text(&self) -> &Text {
        match self {
            Self::Query(text) | Self::Every(text) => text,
        }
    }
}

/// The answer that is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// No row: none that the query gives, none that breaks the condition.
    Nothing,
    /// This number, or `true` or `false`.
    Equal(String),
    /// A number within these bounds, both included.
    Between(Option<String>, Option<String>),
}

impl Wanted {
    /// The expectation in words.
    pub fn words(&self) -> String {
        match self {
            Self::Nothing => "none".to_owned(),
            Self::Equal(value) => value.clone(),
            Self::Between(Some(min), Some(max)) => format!("{min} to {max}"),
            Self::Between(Some(min), None) => format!("at least {min}"),
            Self::Between(None, Some(max)) => format!("at most {max}"),
            Self::Between(None, None) => "a number".to_owned(),
        }
    }

    /// Whether an answer, as the server prints it, is the expected one. What is no number (NULL, no row, NaN) never is.
    pub fn is_met_by(&self, found: &str) -> bool {
        let number = |text: &str| BigDecimal::from_str(text).ok();
        match self {
            Self::Nothing => number(found).is_some_and(|n| n == 0),
            Self::Equal(value) if is_bool(value) => value == found,
            Self::Equal(value) => number(found).is_some_and(|n| number(value) == Some(n)),
            Self::Between(min, max) => number(found).is_some_and(|n| {
                let bound = |text: &Option<String>| text.as_deref().and_then(number);
                bound(min).is_none_or(|min| min <= n) && bound(max).is_none_or(|max| n <= max)
            }),
        }
    }
}

fn is_bool(text: &str) -> bool {
    matches!(text, "true" | "false")
}

/// An expectation of a plan.
#[derive(Clone, Debug)]
pub struct ExpectPlan {
    /// Its name; no two of a plan have the same.
    pub name: String,
    /// Where its name stands.
    pub place: (usize, Range<usize>),
    /// Which database is asked.
    pub on: ExpectOn,
    /// What is asked.
    pub asked: Asked,
    /// The answer that is expected.
    pub wanted: Wanted,
    /// What it means when it is not met.
    pub gravity: Gravity,
    /// How long the database may take.
    pub timeout: Duration,
}

impl ExpectPlan {
    /// Whether the query gives a value, and not rows to be counted.
    pub fn is_value(&self) -> bool {
        matches!(self.asked, Asked::Query(_)) && self.wanted != Wanted::Nothing
    }
}

/// Without `timeout`: long enough for a count over a big table, short enough that a forgotten join is noticed.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Makes expectations of what is written; `of_entity` says whether they stand in the file of an entity.
pub(super) fn resolve_expects(documents: &[ExpectDocument], of_entity: bool, problems: &mut Problems) -> Vec<ExpectPlan> {
    documents.iter().filter_map(|document| resolve(document, of_entity, problems)).collect()
}

fn resolve(document: &ExpectDocument, of_entity: bool, problems: &mut Problems) -> Option<ExpectPlan> {
    let before = problems.errors();
    let mut wrong = |place: (usize, Range<usize>), message: &str, help: &str| {
        problems.error("E0021", Some(place), message, "here", Some(help.to_owned()));
    };
    let here = || document.place.clone();
    if document.name.is_none() {
        wrong(here(), "an expectation needs a name", "add name = \"…\": it is reported under it");
    }
    if document.on.is_none() {
        wrong(here(), "an expectation does not say which database is asked", "add on = \"source\" or on = \"target\"");
    }
    let asked = match (&document.query, &document.every) {
        (Some(query), None) => Some(Asked::Query(query.clone())),
        (None, Some(every)) if of_entity => Some(Asked::Every(every.clone())),
        (None, Some(every)) => {
            wrong(every.whole(), "`every` is about the rows of an entity", "write it into the file of the entity, or write a `query` here");
            None
        }
        _ => {
            let help = "`query` is a SELECT whose rows break the expectation; `every` is a condition that holds for each row of the entity";
            wrong(here(), "an expectation needs either `query` or `every`", help);
            None
        }
    };
    let text = |part: &Option<Text>| part.as_ref().map(|text| text.value.trim().to_owned());
    for part in [&document.equals, &document.min, &document.max].into_iter().flatten() {
        let value = part.value.trim();
        let is_bound = document.equals.as_ref() != Some(part);
        if BigDecimal::from_str(value).is_err() && (is_bound || !is_bool(value)) {
            wrong(part.whole(), &format!("`{value}` is no number"), "compare texts and dates in the query: select count(*) … where …");
        }
    }
    let wanted = match (text(&document.equals), text(&document.min), text(&document.max)) {
        (None, None, None) => Wanted::Nothing,
        (Some(value), None, None) => Wanted::Equal(value),
        (None, min, max) => Wanted::Between(min, max),
        (Some(_), ..) => {
            wrong(here(), "an expectation has either `equals`, or `min` and `max`", "leave one of them out");
            Wanted::Nothing
        }
    };
    if let Wanted::Between(Some(min), Some(max)) = &wanted
        && let (Ok(low), Ok(high)) = (BigDecimal::from_str(min), BigDecimal::from_str(max))
        && low > high
    {
        wrong(here(), &format!("no number is between {min} and {max}"), "exchange `min` and `max`");
    }
    let timeout = match &document.timeout {
        None => TIMEOUT,
        Some(text) => duration(&text.value).unwrap_or_else(|| {
            wrong(text.whole(), &format!("`{}` is no time", text.value), "write seconds or minutes: \"30s\", \"5min\"");
            TIMEOUT
        }),
    };
    let on = choice(document.on.as_ref(), &[("source", ExpectOn::Source), ("target", ExpectOn::Target)], ExpectOn::Source, problems);
    let gravity = choice(document.severity.as_ref(), &[("error", Gravity::Error), ("alarm", Gravity::Alarm)], Gravity::Error, problems);
    if problems.errors() > before {
        return None;
    }
    let name = document.name.as_ref()?;
    Some(ExpectPlan { name: name.value.clone(), place: name.whole(), on, asked: asked?, wanted, gravity, timeout })
}

fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    // The server keeps milliseconds in 31 bits.
    let millis = number.checked_mul(unit).filter(|millis| (1..=2_147_483_647).contains(millis))?;
    Some(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        let equal = |value: &str| Wanted::Equal(value.to_owned());
        assert!(equal("5").is_met_by("5.00") && equal("-0.5").is_met_by("-0.50") && equal("true").is_met_by("true"));
        assert!(!equal("5").is_met_by("5.01") && !equal("true").is_met_by("false") && !equal("1").is_met_by("true"));
        assert!(Wanted::Nothing.is_met_by("0") && !Wanted::Nothing.is_met_by("1"));
        let between = Wanted::Between(Some("3".to_owned()), Some("7.5".to_owned()));
        assert!(between.is_met_by("3") && between.is_met_by("7.50") && !between.is_met_by("7.51") && !between.is_met_by("2"));
        for nothing in ["NULL", "NaN", "Infinity", "no row", "several rows", ""] {
            assert!(!Wanted::Between(Some("0".to_owned()), None).is_met_by(nothing) && !Wanted::Nothing.is_met_by(nothing), "{nothing}");
        }
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!(duration("30s"), Some(Duration::from_secs(30)));
        assert_eq!(duration("5 min"), Some(Duration::from_mins(5)));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        for wrong in ["30", "s", "0s", "-1s", "1.5s", "99999999h", ""] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
