//! `[[expect]]` and `[[test]]` as written. Boundary: see `document`.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

use super::{Entry, Table, article};
use crate::plan::problem::Problems;
use crate::plan::text::Text;

/// An expectation as written.
#[derive(Clone, Debug)]
pub struct ExpectDocument {
    pub(in crate::plan) place: (usize, Range<usize>),
    pub(in crate::plan) name: Option<Text>,
    pub(in crate::plan) on: Option<Text>,
    pub(in crate::plan) query: Option<Text>,
    pub(in crate::plan) every: Option<Text>,
    pub(in crate::plan) equals: Option<Text>,
    pub(in crate::plan) min: Option<Text>,
    pub(in crate::plan) max: Option<Text>,
    pub(in crate::plan) severity: Option<Text>,
    pub(in crate::plan) timeout: Option<Text>,
}

/// A value of a test as written: a literal, or `{ expr = "…" }`.
#[derive(Clone, Debug)]
pub struct ValueDocument {
    pub(in crate::plan) name: String,
    pub(in crate::plan) place: (usize, Range<usize>),
    pub(in crate::plan) value: Text,
    pub(in crate::plan) is_expr: bool,
}

/// What a test says of the keys of an entity, as written.
#[derive(Clone, Debug)]
pub struct AnswersDocument {
    pub(in crate::plan) entity: String,
    pub(in crate::plan) place: (usize, Range<usize>),
    /// Key and answer; a list of keys has none.
    pub(in crate::plan) keys: Vec<(Text, Option<Text>)>,
}

/// What a test expects, as written.
#[derive(Clone, Debug, Default)]
pub struct ExpectedDocument {
    pub(in crate::plan) columns: Option<Vec<ValueDocument>>,
    pub(in crate::plan) quarantined: Option<(Text, Option<Text>, Option<Text>)>,
    pub(in crate::plan) filtered: Option<Text>,
    pub(in crate::plan) merged: Option<Text>,
    pub(in crate::plan) stopped: Option<Text>,
}

/// A unit test as written.
#[derive(Clone, Debug)]
pub struct TestDocument {
    pub(in crate::plan) place: (usize, Range<usize>),
    pub(in crate::plan) name: Option<Text>,
    pub(in crate::plan) like: Option<Text>,
    pub(in crate::plan) given: Vec<ValueDocument>,
    pub(in crate::plan) beside: Vec<Vec<ValueDocument>>,
    pub(in crate::plan) refs: Vec<AnswersDocument>,
    pub(in crate::plan) expect: Option<ExpectedDocument>,
    pub(in crate::plan) incidents: Option<Vec<Entry>>,
}

pub(super) fn read_expect(table: &Table<'_>, problems: &mut Problems) -> ExpectDocument {
    table.only(&["name", "on", "query", "every", "equals", "min", "max", "severity", "timeout"], problems);
    let [name, on, query, every, severity, timeout] =
        ["name", "on", "query", "every", "severity", "timeout"].map(|key| table.text(key, problems));
    let [equals, min, max] = ["equals", "min", "max"].map(|key| table.get(key).and_then(|value| table.as_scalar(key, value, problems)));
    ExpectDocument { place: table.at(table.span.clone()), name, on, query, every, equals, min, max, severity, timeout }
}

pub(super) fn read_test(table: &Table<'_>, problems: &mut Problems) -> TestDocument {
    table.only(&["name", "like", "given", "beside", "refs", "expect", "incidents"], problems);
    let beside = match table.get("beside").map(toml::Spanned::get_ref) {
        Some(DeValue::Table(_)) => table.sub("beside", problems).into_iter().collect(),
        _ => table.tables("beside", problems),
    };
    TestDocument {
        place: table.at(table.span.clone()),
        name: table.text("name", problems),
        like: table.text("like", problems),
        given: table.sub("given", problems).map_or_else(Vec::new, |given| values(&given, problems)),
        beside: beside.iter().map(|row| values(row, problems)).collect(),
        refs: table.sub("refs", problems).map_or_else(Vec::new, |refs| answers(&refs, problems)),
        expect: table.sub("expect", problems).map(|expect| expected(&expect, problems)),
        incidents: table.sub("incidents", problems).map(|incidents| codes(&incidents, problems)),
    }
}

fn values(table: &Table<'_>, problems: &mut Problems) -> Vec<ValueDocument> {
    table.iter().filter_map(|(key, value)| one_value(table, key.get_ref(), key.span(), value, problems)).collect()
}

fn one_value(
    table: &Table<'_>,
    name: &str,
    place: Range<usize>,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems,
) -> Option<ValueDocument> {
    let (value, is_expr) = match value.get_ref() {
        DeValue::Table(inner) => match inner.get("expr").filter(|_| inner.len() == 1) {
            Some(expr) => (table.as_text("expr", expr, problems)?, true),
            None => {
                table.wrong_type(name, "a literal or { expr = \"…\" }", value, problems);
                return None;
            }
        },
        _ => (scalar(table, name, value, problems)?, false),
    };
    Some(ValueDocument { name: name.to_owned(), place: table.at(place), value, is_expr })
}

/// A literal as its text: dates of TOML are ones, too.
fn scalar(table: &Table<'_>, name: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Text> {
    match value.get_ref() {
        DeValue::Datetime(_) => Some(Text::new(table.text.get(value.span()).unwrap_or_default(), table.file, value.span(), table.text)),
        DeValue::Array(_) => {
            table.wrong_type(name, "a literal or { expr = \"…\" }", value, problems);
            None
        }
        _ => table.as_scalar(name, value, problems),
    }
}

/// `patients = [12, 13]`, or `patients = { 12 = "loaded", 13 = "quarantined" }`.
fn answers(refs: &Table<'_>, problems: &mut Problems) -> Vec<AnswersDocument> {
    let read = refs.iter().filter_map(|(key, value)| {
        let entity = key.get_ref().to_string();
        let keys = match value.get_ref() {
            DeValue::Array(items) => {
                items.iter().filter_map(|item| Some((refs.as_scalar(&entity, item, problems)?, None))).collect::<Vec<_>>()
            }
            DeValue::Table(_) => {
                let table = refs.as_table(&entity, value, problems)?;
                let pairs = table.iter().filter_map(|(key, value)| {
                    let answer = table.as_text(key.get_ref(), value, problems)?;
                    Some((Text::new(key.get_ref(), table.file, key.span(), ""), Some(answer)))
                });
                pairs.collect()
            }
            other => {
                let message = format!("`{entity}` in refs must be a list of keys, or a table of keys and what became of them");
                problems.error("E0003", Some(refs.at(value.span())), message, format!("this is {}", article(other.type_str())), None);
                return None;
            }
        };
        Some(AnswersDocument { entity, place: refs.at(key.span()), keys })
    });
    read.collect()
}

/// The outcome words are reserved; a target column that is called like one of them is named within `columns`.
fn expected(table: &Table<'_>, problems: &mut Problems) -> ExpectedDocument {
    let mut found = ExpectedDocument::default();
    let mut columns = Vec::new();
    for (key, value) in table.iter() {
        let name = key.get_ref().as_ref();
        match name {
            "quarantined" => found.quarantined = quarantined(table, value, problems),
            "filtered" => found.filtered = table.as_text(name, value, problems),
            "merged" => found.merged = table.as_scalar(name, value, problems),
            "stopped" => found.stopped = table.as_text(name, value, problems),
            "columns" => columns.extend(table.as_table(name, value, problems).map_or_else(Vec::new, |table| values(&table, problems))),
            _ => columns.extend(one_value(table, name, key.span(), value, problems)),
        }
    }
    let outcome = found.quarantined.is_some() || found.filtered.is_some() || found.merged.is_some() || found.stopped.is_some();
    found.columns = (!columns.is_empty() || !outcome).then_some(columns);
    found
}

fn quarantined(table: &Table<'_>, value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<(Text, Option<Text>, Option<Text>)> {
    let DeValue::Table(_) = value.get_ref() else { return Some((table.as_text("quarantined", value, problems)?, None, None)) };
    let inner = table.as_table("quarantined", value, problems)?;
    inner.only(&["code", "sqlstate", "column"], problems);
    if inner.get("code").is_none() {
        problems.error("E0006", Some(inner.at(inner.span.clone())), "`quarantined` has no `code`", "here", None);
    }
    Some((inner.text("code", problems)?, inner.text("sqlstate", problems), inner.text("column", problems)))
}

/// `email = "EMAIL_INVALID"`, or a list of codes; each becomes an entry.
fn codes(table: &Table<'_>, problems: &mut Problems) -> Vec<Entry> {
    let read = table.iter().flat_map(|(key, _)| {
        let entry = |value: Text| Entry { name: key.get_ref().to_string(), place: table.at(key.span()), value };
        table.list(key.get_ref(), problems).into_iter().map(entry).collect::<Vec<_>>()
    });
    read.collect()
}
