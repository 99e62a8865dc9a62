//! `etl explain` against the code: every code that is given has an explanation, no explanation is left of a code that is gone, and
//! the examples are run, so that they cannot become wrong.
//!
//! An example is a part of a plan: `# etl.toml` and `# entities/NAME.toml` say into which file the lines below go (without one:
//! `entities/orders.toml`), `# the source gives:` and `# the target has:` say the columns. What it leaves out is filled in here.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use etl::check::{run_tests, tell_tests};
use etl::explain::{self, Example};
use etl::plan::{Problems, TargetColumn, TargetShape, compile, load};
use etl::row::{Column, EnumType, SqlType};

/// The text of every file of `src/`, tests at its end left out.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && path.file_name().is_some_and(|n| n != "tests.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
                found.push((path.display().to_string(), text));
            }
        }
    }
    found
}

/// The string literals of a text for which `is` holds.
fn literals(text: &str, is: impl Fn(&str) -> bool) -> impl Iterator<Item = &str> {
    text.split('"').filter(move |word| is(word))
}

fn is_problem_code(word: &str) -> bool {
    word.len() == 5 && word.starts_with("E0") && word[1..].bytes().all(|b| b.is_ascii_digit())
}

#[test]
fn every_code_has_an_explanation_and_no_explanation_is_left_over() {
    let mut given: BTreeMap<String, String> = BTreeMap::new();
    for (file, text) in sources() {
        if !file.contains("src/explain/") {
            given.extend(literals(&text, is_problem_code).map(|code| (code.to_owned(), file.clone())));
        }
        if file.ends_with("src/row/outcome.rs") {
            let reasons = text.split("pub mod reason").nth(1).unwrap().split("\n}").next().unwrap();
            let words = literals(reasons, |word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'));
            given.extend(words.map(|code| (code.to_owned(), file.clone())));
        }
    }
    assert!(given.len() > 70, "only {} codes were found: the test does not see the code", given.len());
    let explained: BTreeSet<&str> = explain::all().map(|e| e.code).collect();
    let lacking: Vec<_> = given.iter().filter(|(code, _)| !explained.contains(code.as_str())).collect();
    assert!(lacking.is_empty(), "no explanation in docs/codes of {lacking:?}");
    let orphaned: Vec<_> = explained.into_iter().filter(|code| !given.contains_key(*code)).collect();
    assert!(orphaned.is_empty(), "explained, and given by nothing: {orphaned:?}");
}

#[test]
fn wrong_examples_give_their_code_and_right_ones_nothing() {
    let mut failed = Vec::new();
    let mut run = 0;
    for explanation in explain::all().filter(|e| e.code.starts_with("E0") && e.wrong.is_plan) {
        run += 1;
        let (wrong, said) = codes_of(explanation.wrong);
        if wrong != BTreeSet::from([explanation.code]) {
            failed.push(format!("{}: the wrong example gives {wrong:?}\n{said}", explanation.code));
        }
        let (right, said) = codes_of(explanation.right);
        if !right.is_empty() {
            failed.push(format!("{}: the right example gives {right:?}\n{said}", explanation.code));
        }
    }
    assert!(run > 45, "only {run} examples were run");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_examples_of_reasons_are_sound_plans() {
    let mut failed = Vec::new();
    for explanation in explain::all().filter(|e| !e.code.starts_with("E0")) {
        for example in [explanation.wrong, explanation.right] {
            let (codes, said) = codes_of(example);
            if !codes.is_empty() {
                failed.push(format!("{}: {codes:?}\n{said}", explanation.code));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn only_what_needs_a_server_or_a_shell_is_not_run() {
    for explanation in explain::all().filter(|e| !e.wrong.is_plan) {
        assert!(explanation.code.starts_with("E03") || explanation.code == "E0001", "{}", explanation.code);
    }
    let mut problems = Problems::default();
    assert!(load(Path::new("/nowhere/etl.toml"), &mut problems).is_none());
    assert_eq!(problems.all()[0].code, "E0001");
}

fn etl(args: &[&str]) -> (Option<i32>, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_etl")).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_needs_no_plan_and_answers_a_slip_with_the_nearest_code() {
    let (code, said, _) = etl(&["explain", "e0110"]);
    assert_eq!(code, Some(0));
    assert!(said.starts_with("E0110: unknown column\n") && said.contains("\nNext: "), "{said}");
    let (code, listed, _) = etl(&["explain"]);
    assert_eq!(code, Some(0));
    assert!(explain::all().all(|e| listed.contains(&format!("  {}", e.code))), "{listed}");
    let (code, said, error) = etl(&["explain", "REF_MISING"]);
    assert_eq!((code, said.as_str()), (Some(2), ""));
    assert!(error.contains("did you mean `REF_MISSING`?"), "{error}");
    let (_, object, _) = etl(&["explain", "REF_MISSING", "--json"]);
    assert!(object.starts_with("{\"schema\":1,\"code\":\"REF_MISSING\","), "{object}");
}

const MIGRATION: &str = "[migration]\nname = \"shop\"\nentities = [\"entities/*.toml\"]\n\
                         namespace = \"0b7c3c58-6f0e-4a55-9d0b-5f0a6d1c2e11\"\n";

/// The columns on both ends of an entity.
#[derive(Clone, Default)]
struct Ends {
    source: Vec<Column>,
    target: Vec<TargetColumn>,
}

/// The codes that a plan with this example in it gives, and what is said.
fn codes_of(example: Example) -> (BTreeSet<&'static str>, String) {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut ends: BTreeMap<String, Ends> = BTreeMap::new();
    let mut file = "entities/orders.toml".to_owned();
    for line in example.text.lines() {
        let entity = |file: &str| file.trim_start_matches("entities/").trim_end_matches(".toml").to_owned();
        if let Some(name) = line.strip_prefix("# ").filter(|l| *l == "etl.toml" || l.starts_with("entities/")) {
            name.clone_into(&mut file);
        } else if let Some(columns) = line.strip_prefix("# the source gives: ") {
            ends.entry(entity(&file)).or_default().source = columns_of(columns).into_iter().map(|c| c.column).collect();
        } else if let Some(columns) = line.strip_prefix("# the target has: ") {
            ends.entry(entity(&file)).or_default().target = columns_of(columns);
        } else if let Some((name, key)) = line.strip_prefix("# another entity: ").and_then(|rest| rest.split_once(", key ")) {
            let columns = columns_of(key);
            let keys: Vec<String> = columns.iter().map(|c| format!("\"{}\"", c.column.name)).collect();
            files.insert(format!("entities/{name}.toml"), format!("key = [{}]\n", keys.join(", ")));
            ends.entry(name.to_owned()).or_default().source = columns.into_iter().map(|c| c.column).collect();
            continue;
        }
        let text = files.entry(file.clone()).or_default();
        text.push_str(line);
        text.push('\n');
    }
    files.entry("entities/orders.toml".to_owned()).or_default();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("entities")).unwrap();
    let root = files.entry("etl.toml".to_owned()).or_default();
    if !root.contains("[migration]") {
        root.insert_str(0, MIGRATION);
    }
    for (name, text) in &files {
        let text = if name == "etl.toml" { text.clone() } else { completed(name, text) };
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let mut problems = Problems::default();
    let plan = load(&folder.path().join("etl.toml"), &mut problems);
    // As `etl check` does: what cannot be read is told before anything is compared.
    if let Some(plan) = plan.filter(|_| !problems.has_errors()) {
        let shapes: Vec<_> = plan.entities.iter().map(|e| Some(shape(ends.get(&e.name).cloned().unwrap_or_default()))).collect();
        let entities = compile(&plan, &shapes, &mut problems);
        tell_tests(&plan, &run_tests(&plan, &entities), &mut problems);
    }
    (problems.all().iter().map(|p| p.code).collect(), problems.render())
}

/// An entity file with what every entity must have.
fn completed(name: &str, text: &str) -> String {
    let table = name.trim_start_matches("entities/").trim_end_matches(".toml");
    let head = text.split("\n[").next().unwrap_or_default();
    let head = if text.starts_with('[') { "" } else { head };
    let mut out = String::new();
    for (key, value) in [("target", format!("\"public.{table}\"")), ("key", "\"id\"".to_owned()), ("from", format!("\"{table}\""))] {
        let written = head.lines().any(|line| line.split('=').next().is_some_and(|word| word.trim() == key));
        if !written {
            out.push_str(&format!("{key} = {value}\n"));
        }
    }
    out.push_str(text);
    if text.contains("new_id()") {
        return out;
    }
    if out.contains("[columns]\n") {
        out.replacen("[columns]\n", "[columns]\nid = \"new_id()\"\n", 1)
    } else {
        format!("{out}\n[columns]\nid = \"new_id()\"\n")
    }
}

fn shape(ends: Ends) -> TargetShape {
    let Ends { mut source, mut target } = ends;
    if source.is_empty() {
        source = columns_of("id bigint").into_iter().map(|c| c.column).collect();
    }
    if !target.iter().any(|c| c.column.name == "id") {
        target.extend(columns_of("id uuid not null"));
    }
    TargetShape { source, target }
}

/// `name type`, with `not null` or `generated` behind it, separated by commas.
fn columns_of(text: &str) -> Vec<TargetColumn> {
    let mut depth = 0;
    let parts = text.split(|c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    parts.map(|part| column_of(part.trim())).collect()
}

fn column_of(text: &str) -> TargetColumn {
    let (text, nullable) = text.strip_suffix(" not null").map_or((text, true), |text| (text, false));
    let (text, generated) = text.strip_suffix(" generated").map_or((text, false), |text| (text, true));
    let (name, ty) = text.split_once(' ').unwrap_or_else(|| panic!("`{text}` has no type"));
    let (word, inside) = ty.split_once('(').map_or((ty, ""), |(word, rest)| (word, rest.trim_end_matches(')')));
    let ty = match word {
        "bigint" => SqlType::Int8,
        "integer" => SqlType::Int4,
        "boolean" => SqlType::Bool,
        "text" => SqlType::Text,
        "varchar" => SqlType::Varchar,
        "numeric" => SqlType::Numeric,
        "double precision" => SqlType::Float8,
        "date" => SqlType::Date,
        "timestamp" => SqlType::Timestamp,
        "timestamptz" => SqlType::TimestampTz,
        "uuid" => SqlType::Uuid,
        "jsonb" => SqlType::Jsonb,
        "bit" => SqlType::Bit,
        "varbit" => SqlType::Varbit,
        name if !inside.is_empty() => {
            let labels = inside.split(',').map(|label| label.trim().to_owned()).collect();
            SqlType::Enum(Arc::new(EnumType { name: name.to_owned(), labels }))
        }
        other => panic!("the type {other} is not known here"),
    };
    TargetColumn { column: Column { name: name.to_owned(), ty, typmod: -1, nullable }, has_default: false, generated }
}
