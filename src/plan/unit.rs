//! Unit tests of a mapping: a source row, what its references find, and what must come of it. Boundary: what is written; `compile`
//! binds the values to columns, `transform` runs the row.

use std::ops::Range;

use super::document::{EntityDocument, ExpectedDocument, TestDocument, ValueDocument};
use super::problem::{Problems, nearest};
use super::resolve::parsed;
use super::text::Text;
use crate::expr::{Ast, parse};
use crate::row::NewKey;

/// A value for a column, as written.
#[derive(Clone, Debug)]
pub struct ValuePlan {
    /// The column.
    pub name: String,
    /// Where its name stands.
    pub place: (usize, Range<usize>),
    /// The value as written.
    pub text: Text,
    /// The same, parsed: a literal that takes on the column's type, or an expression.
    pub expr: Ast,
}

/// What a reference finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The row is loaded; its new key is the one that the migration mints.
    Loaded,
    /// The row has this new key.
    Id(NewKey),
    /// The row is in quarantine.
    Quarantined,
    /// A filter left the row out.
    Filtered,
}

/// What a test says of a key of another entity. A key that is not named is missing in the source.
#[derive(Clone, Debug)]
pub struct AnswerPlan {
    /// The entity.
    pub entity: String,
    /// Where it is named.
    pub place: (usize, Range<usize>),
    /// The legacy key in text form.
    pub key: Text,
    /// What becomes of a reference to it.
    pub answer: Answer,
}

/// What must come of the row; `L` is what is said of a row that is loaded.
#[derive(Clone, Debug)]
pub enum Expected<L> {
    /// It is loaded, and these columns hold these values; those that are not named are not compared.
    Loaded(L),
    /// It is kept aside for this reason, with this SQLSTATE and in this column where they are named.
    Quarantined {
        /// The reason's code.
        code: String,
        /// The SQLSTATE.
        sqlstate: Option<String>,
        /// The target column.
        column: Option<String>,
    },
    /// The filter of this name leaves it out.
    Filtered(String),
    /// The row with this legacy key stands for it.
    Merged(String),
    /// The run stops at this column, filter or control.
    Stopped(String),
}

impl<L> Expected<L> {
    /// The same with something else said of a row that is loaded.
    pub(super) fn map<M>(self, loaded: impl FnOnce(L) -> M) -> Expected<M> {
        match self {
            Self::Loaded(values) => Expected::Loaded(loaded(values)),
            Self::Quarantined { code, sqlstate, column } => Expected::Quarantined { code, sqlstate, column },
            Self::Filtered(name) => Expected::Filtered(name),
            Self::Merged(key) => Expected::Merged(key),
            Self::Stopped(column) => Expected::Stopped(column),
        }
    }
}

/// A unit test of an entity's mapping.
#[derive(Clone, Debug)]
pub struct TestPlan {
    /// Its name; no two of an entity have the same.
    pub name: String,
    /// Where its name stands.
    pub place: (usize, Range<usize>),
    /// The source row; columns that are not named are NULL.
    pub given: Vec<ValuePlan>,
    /// Other rows of the entity: like the given one, but for these columns.
    pub beside: Vec<Vec<ValuePlan>>,
    /// What references find.
    pub answers: Vec<AnswerPlan>,
    /// What must come of the row.
    pub expected: Expected<Vec<ValuePlan>>,
    /// The incidents of the row by column, all of them; `None` where they are not compared.
    pub incidents: Option<Vec<(String, String)>>,
}

/// Makes the tests of an entity of what is written.
pub(super) fn resolve_tests(entity: &EntityDocument, problems: &mut Problems) -> Vec<TestPlan> {
    let mut done: Vec<TestPlan> = Vec::new();
    for document in &entity.tests {
        let Some(test) = resolve(document, entity, &done, problems) else { continue };
        if done.iter().any(|known| known.name == test.name) {
            let message = format!("two tests of {} are called `{}`", entity.name, test.name);
            problems.error("E0023", Some(test.place.clone()), message, "this is the second", Some("give each a name of its own".into()));
            continue;
        }
        done.push(test);
    }
    done
}

fn resolve(document: &TestDocument, entity: &EntityDocument, earlier: &[TestPlan], problems: &mut Problems) -> Option<TestPlan> {
    let wrong = |message: String, place: (usize, Range<usize>), help: &str, problems: &mut Problems| {
        problems.error("E0022", Some(place), message, "here", Some(help.to_owned()));
    };
    let Some(name) = &document.name else {
        wrong("a test needs a name".to_owned(), document.place.clone(), "add name = \"what this row shows\"", problems);
        return None;
    };
    let base = match &document.like {
        None => None,
        Some(like) => {
            let found = earlier.iter().find(|test| test.name == like.value);
            // One that is wrong itself has been told of.
            if found.is_none() && !entity.tests.iter().any(|t| t.name.as_ref().is_some_and(|n| n.value == like.value && n != name)) {
                let near = nearest(&like.value, earlier.iter().map(|test| test.name.as_str()));
                let help = near.map_or_else(|| "name a test of this file that stands above".to_owned(), |n| format!("did you mean `{n}`?"));
                wrong(format!("there is no test `{}` above", like.value), like.whole(), &help, problems);
            }
            Some(found?)
        }
    };
    let Some(expect) = &document.expect else {
        let help = "add expect = { column = value, … }, or expect = { quarantined = \"CODE\" }";
        wrong(format!("test `{}` expects nothing", name.value), document.place.clone(), help, problems);
        return None;
    };
    let before = problems.errors();
    let mut given = base.map_or_else(Vec::new, |base| base.given.clone());
    put_over(&mut given, all_values(&document.given, problems));
    let beside = if document.beside.is_empty() {
        base.map_or_else(Vec::new, |base| base.beside.clone())
    } else {
        document.beside.iter().map(|row| all_values(row, problems)).collect()
    };
    let mut answers = answers(document, problems);
    if let Some(base) = base {
        let kept = base.answers.iter().filter(|a| !answers.iter().any(|own| own.entity == a.entity && own.key.value == a.key.value));
        let kept: Vec<AnswerPlan> = kept.cloned().collect();
        answers.extend(kept);
    }
    let expected = expected(expect, &name.value, document, problems);
    let incidents = document.incidents.as_ref().map(|entries| entries.iter().map(|e| (e.name.clone(), e.value.value.clone())).collect());
    if problems.errors() > before {
        return None;
    }
    Some(TestPlan { name: name.value.clone(), place: name.whole(), given, beside, answers, expected: expected?, incidents })
}

/// Values take the place of those of the same name.
fn put_over(values: &mut Vec<ValuePlan>, over: Vec<ValuePlan>) {
    values.retain(|value| !over.iter().any(|new| new.name == value.name));
    values.extend(over);
}

fn all_values(documents: &[ValueDocument], problems: &mut Problems) -> Vec<ValuePlan> {
    documents.iter().filter_map(|document| value(document, problems)).collect()
}

fn value(document: &ValueDocument, problems: &mut Problems) -> Option<ValuePlan> {
    let ValueDocument { name, place, value, is_expr } = document;
    let (text, expr) = if *is_expr {
        (value.clone(), parsed(value, problems)?)
    } else {
        // As a literal without a type, so that it is read as the column's type reads it. Places in it would not be those of the file.
        let text = Text::new(&format!("'{}'", value.value.replace('\'', "''")), value.file, value.span.clone(), "");
        let expr = parse(&text.value).ok()?;
        (text, expr)
    };
    Some(ValuePlan { name: name.clone(), place: place.clone(), text, expr })
}

fn answers(document: &TestDocument, problems: &mut Problems) -> Vec<AnswerPlan> {
    let mut found = Vec::new();
    for of in &document.refs {
        for (key, word) in &of.keys {
            let answer = match word.as_ref().map_or("loaded", |word| word.value.as_str()) {
                "loaded" => Answer::Loaded,
                "quarantined" => Answer::Quarantined,
                "filtered" => Answer::Filtered,
                other => match NewKey::parse(other) {
                    Some(id) => Answer::Id(id),
                    None => {
                        let help = "write loaded, quarantined, filtered or the new key; a key that is not named is missing";
                        let place = word.as_ref().map(Text::whole);
                        problems.error("E0022", place, format!("`{other}` is no answer to a reference"), "here", Some(help.to_owned()));
                        continue;
                    }
                },
            };
            found.push(AnswerPlan { entity: of.entity.clone(), place: of.place.clone(), key: key.clone(), answer });
        }
    }
    found
}

fn expected(expect: &ExpectedDocument, name: &str, document: &TestDocument, problems: &mut Problems) -> Option<Expected<Vec<ValuePlan>>> {
    let columns = expect.columns.as_ref().map(|columns| all_values(columns, problems));
    let text = |text: &Option<Text>| text.as_ref().map(|text| text.value.clone());
    let mut outcomes = Vec::new();
    outcomes.extend(columns.map(Expected::Loaded));
    outcomes.extend(expect.quarantined.as_ref().map(|(code, sqlstate, column)| Expected::Quarantined {
        code: code.value.clone(),
        sqlstate: text(sqlstate),
        column: text(column),
    }));
    outcomes.extend(text(&expect.filtered).map(Expected::Filtered));
    outcomes.extend(text(&expect.merged).map(Expected::Merged));
    outcomes.extend(text(&expect.stopped).map(Expected::Stopped));
    if outcomes.len() > 1 {
        let help = "a row has one outcome: columns of the loaded row, or quarantined, filtered, merged or stopped";
        let message = format!("test `{name}` expects several outcomes of one row");
        problems.error("E0022", Some(document.place.clone()), message, "here", Some(help.to_owned()));
        return None;
    }
    outcomes.pop()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Plan, load};

    const HEAD: &str = "target = \"public.t\"\nkey = \"id\"\nfrom = \"t\"\n[columns]\nid = \"new_id()\"\n";

    fn read(entity: &str) -> (Option<Plan>, Vec<(&'static str, String)>) {
        let folder = tempfile::tempdir().unwrap();
        let root = "[migration]\nname = \"m\"\nentities = [\"t.toml\"]\nnamespace = \"cfb876f9-4e6b-5f83-a236-2b37d70f3a41\"\n";
        std::fs::write(folder.path().join("etl.toml"), root).unwrap();
        std::fs::write(folder.path().join("t.toml"), format!("{HEAD}{entity}")).unwrap();
        let mut problems = Problems::default();
        let plan = load(&folder.path().join("etl.toml"), &mut problems);
        (plan, problems.all().iter().map(|p| (p.code, p.message.clone())).collect())
    }

    #[test]
    fn a_test_is_like_another_but_for_what_it_says() {
        let (plan, problems) = read(
            r#"
[[test]]
name = "base"
given = { id = 1, a = "it's", b = 2020-01-01, c = true }
refs = { p = { 1 = "loaded", 2 = "filtered" } }
beside = { id = 9 }
expect = { filtered = "f" }
[[test]]
name = "like it"
like = "base"
given = { a = { expr = "null" } }
refs = { p = { 2 = "00000000-0000-4000-8000-000000000001" } }
expect = { quarantined = { code = "X", sqlstate = "22003" } }
[[test]]
name = "a column that is called like an outcome"
given = { id = 1 }
expect = { columns = { filtered = true } }
"#,
        );
        assert_eq!(problems, []);
        let tests = &plan.unwrap().entities[0].tests;
        let given = |test: &TestPlan| test.given.iter().map(|v| (v.name.clone(), v.text.value.clone())).collect::<Vec<_>>();
        let of = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(given(&tests[0]), [of("id", "'1'"), of("a", "'it''s'"), of("b", "'2020-01-01'"), of("c", "'true'")]);
        assert_eq!(given(&tests[1]), [of("id", "'1'"), of("b", "'2020-01-01'"), of("c", "'true'"), of("a", "null")]);
        let answers: Vec<_> = tests[1].answers.iter().map(|a| (a.key.value.as_str(), a.answer)).collect();
        assert_eq!(answers, [("2", Answer::Id(uuid::Uuid::from_u128(0x4000_8000_0000_0000_0001).into())), ("1", Answer::Loaded)]);
        assert_eq!(tests[1].beside.len(), 1);
        assert!(matches!(&tests[1].expected, Expected::Quarantined { sqlstate: Some(state), column: None, .. } if state == "22003"));
        assert!(matches!(&tests[2].expected, Expected::Loaded(columns) if columns[0].name == "filtered"));
    }

    #[test]
    fn every_mistake_is_told() {
        let (_, problems) = read(
            r#"
[[test]]
given = { id = 1 }
expect = { a = 1 }
[[test]]
name = "nothing"
[[test]]
name = "two outcomes"
expect = { a = 1, merged = 5 }
[[test]]
name = "no such base"
like = "nothign"
expect = { a = 1 }
[[test]]
name = "no answer"
refs = { p = { 1 = "perhaps" } }
expect = { a = 1 }
[[test]]
name = "twice"
expect = { a = 1 }
[[test]]
name = "twice"
expect = { a = 1 }
[[test]]
name = "a list"
given = { id = [1] }
expect = { a = 1 }
[[expect]]
every = "true"
[[expect]]
name = "both"
on = "source"
every = "true"
query = "select 1"
[[expect]]
name = "no number"
on = "source"
query = "select 1"
equals = "many"
[[expect]]
name = "nowhere"
on = "elsewhere"
every = "true"
[[expect]]
name = "upside down"
on = "source"
query = "select 1"
min = 5
max = 4
"#,
        );
        let codes: Vec<&str> = problems.iter().map(|(code, _)| *code).collect();
        let wanted = |code: &str| codes.iter().filter(|known| **known == code).count();
        assert_eq!((wanted("E0022"), wanted("E0023"), wanted("E0003"), wanted("E0012")), (5, 1, 1, 1), "{problems:?}");
        assert_eq!(wanted("E0021"), 5, "{problems:?}");
    }
}
