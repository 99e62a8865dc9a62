//! Unit tests of a mapping, run by the same transform as real rows: the given values are written as a tuple of the source, surveyed and
//! transformed as a chunk of one row, and what comes out is compared byte by byte with the expected values, written as a tuple of the
//! target. Boundary: pure, like every transform; what references find is in the test.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::chunk::{ChunkOutput, KeyFate, TransformError, transform_chunk};
use super::keys::KeySnapshotBuilder;
use super::mint::Minter;
use super::row::{Inputs, RowEnd, RowTransformer, Traces};
use super::survey::Surveyor;
use crate::expr::{Functions, Scope, bind, parse};
use crate::plan::{Answer, CompiledColumn, CompiledEntity, CompiledTest, Expected, OnError};
use crate::row::{Column, LegacyKey, Outcome, SqlType, TupleWriter, Tuples};

/// Where a test and the mapping do not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The target column, `outcome` or `incidents`.
    pub what: String,
    /// What the test expects.
    pub expected: String,
    /// What came of the row.
    pub got: String,
}

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As expected.
    Passed,
    /// Not as expected.
    Failed(Vec<Mismatch>),
    /// It cannot be run: a value does not fit its column, or the row has no key.
    Unfit(String),
}

/// Runs a test of an entity. New keys are minted in `namespace`; `run_started_at()` is 2000-01-01 00:00 UTC.
pub fn run_test(entity: &CompiledEntity, test: &CompiledTest, namespace: Uuid) -> Verdict {
    match mismatches(entity, test, namespace) {
        Ok(found) if found.is_empty() => Verdict::Passed,
        Ok(found) => Verdict::Failed(found),
        Err(unfit) => Verdict::Unfit(unfit),
    }
}

fn mismatches(entity: &CompiledEntity, test: &CompiledTest, namespace: Uuid) -> Result<Vec<Mismatch>, String> {
    let mut inputs = Inputs { namespace, run_started_at: 0, parents: Vec::new(), adopted: None, survey: None };
    let mut rows = Vec::new();
    for row in &test.rows {
        let tuple = written(row, &inputs, &LegacyKey::Int(0), "the source column cannot hold the given value")?;
        rows.push(tuple.into_bytes());
    }
    inputs.parents = parents(test, namespace);
    if entity.needs_survey() {
        let mut surveyor = Surveyor::new(entity, rows.len());
        if let Err(error) = surveyor.look_at(entity, &inputs, &rows.concat(), &[], &[]) {
            return outcome_of_error(error, &test.expected);
        }
        let mut minter = Minter::of(entity.ids, namespace, &entity.entity_type);
        inputs.survey = Some(Arc::new(surveyor.finish(entity.key.kind, |key| minter.mint(key))));
    }
    match transform_chunk(entity, &inputs, rows.first().map_or(&[], Vec::as_slice), &[]) {
        Ok(output) => compare(entity, test, &inputs, &output),
        Err(error) => outcome_of_error(error, &test.expected),
    }
}

/// The tuple that constant columns make; `unfit` says what it means when one of them cannot.
fn written(values: &CompiledEntity, inputs: &Inputs, key: &LegacyKey, unfit: &str) -> Result<TupleWriter, String> {
    let (mut out, mut traces) = (TupleWriter::default(), Traces::default());
    let end = RowTransformer::new(values, inputs, false).run(key, &OnceCell::new(), &[], &mut traces, &mut out);
    match end {
        Ok(RowEnd::Written) => Ok(out),
        Ok(RowEnd::Rejected(reject)) => Err(format!("{unfit}: {} {}", reject.code, reject.message)),
        Ok(RowEnd::Filtered(_) | RowEnd::MergedInto(_)) => Err(format!("{unfit}: it refers to a row that is not loaded")),
        Err(stop) => Err(format!("{unfit}: {}: {}", stop.column, stop.message)),
    }
}

fn parents(test: &CompiledTest, namespace: Uuid) -> Vec<Option<Arc<super::KeySnapshot>>> {
    let count = test.answers.iter().map(|of| of.entity + 1).max().unwrap_or(0);
    let mut parents = vec![None; count];
    for of in &test.answers {
        let mut minter = Minter::of(of.ids, namespace, &of.entity_type);
        let mut snapshot = KeySnapshotBuilder::new(of.kind);
        for (key, answer) in &of.keys {
            let (outcome, id) = match answer {
                Answer::Loaded => (Outcome::Loaded, Some(minter.mint(key))),
                Answer::Id(id) => (Outcome::Loaded, Some(id.into_bytes())),
                Answer::Quarantined => (Outcome::Quarantined, None),
                Answer::Filtered => (Outcome::Filtered, None),
            };
            snapshot.add(key.clone(), outcome, id);
        }
        parents[of.entity] = Some(Arc::new(snapshot.finish()));
    }
    parents
}

fn outcome_of_error(error: TransformError, expected: &Expected<Box<CompiledEntity>>) -> Result<Vec<Mismatch>, String> {
    match (error, expected) {
        (TransformError::Stopped { column, .. }, Expected::Stopped(wanted)) if column == *wanted => Ok(Vec::new()),
        (TransformError::Stopped { column, message, .. }, expected) => {
            Ok(vec![outcome(expected, format!("the run stops at {column}: {message}"))])
        }
        (error, _) => Err(error.to_string()),
    }
}

fn outcome(expected: &Expected<Box<CompiledEntity>>, got: String) -> Mismatch {
    Mismatch { what: "outcome".to_owned(), expected: words(expected), got }
}

fn words(expected: &Expected<Box<CompiledEntity>>) -> String {
    match expected {
        Expected::Loaded(_) => "loaded".to_owned(),
        Expected::Quarantined { code, sqlstate, column } => {
            let of = |word: &str, part: &Option<String>| part.as_ref().map_or_else(String::new, |part| format!(" {word} {part}"));
            format!("quarantined {code}{}{}", of("SQLSTATE", sqlstate), of("column", column))
        }
        Expected::Filtered(name) => format!("filtered {name}"),
        Expected::Merged(key) => format!("merged into {key}"),
        Expected::Stopped(column) => format!("the run stops at {column}"),
    }
}

fn compare(entity: &CompiledEntity, test: &CompiledTest, inputs: &Inputs, output: &ChunkOutput) -> Result<Vec<Mismatch>, String> {
    let Some(row) = output.keys.first() else { return Err("the test gives no row".to_owned()) };
    let mut found = match (&test.expected, &row.fate) {
        (Expected::Loaded(values), KeyFate::Loaded(_)) => columns(entity, values, inputs, &row.key, &output.tuples)?,
        (Expected::Filtered(wanted), KeyFate::Filtered(name)) if wanted == name => Vec::new(),
        (Expected::Merged(wanted), KeyFate::Merged { survivor, .. }) if wanted == survivor => Vec::new(),
        (Expected::Quarantined { code, sqlstate, column }, KeyFate::Quarantined(got)) if code == got => {
            let reject = output.rejects.first().map(|rejected| &rejected.reject);
            let same = |wanted: &Option<String>, got: Option<&str>| wanted.is_none() || wanted.as_deref() == got;
            let as_wanted =
                same(sqlstate, reject.and_then(|r| r.sqlstate.as_deref())) && same(column, reject.and_then(|r| r.column.as_deref()));
            if as_wanted { Vec::new() } else { vec![outcome(&test.expected, fate(output, &row.fate))] }
        }
        (expected, got) => vec![outcome(expected, fate(output, got))],
    };
    if let Some(wanted) = &test.incidents {
        let mut got: Vec<(String, String)> = output.incidents.iter().map(|i| (i.column.clone(), i.code.clone())).collect();
        got.sort();
        if got != *wanted {
            let listed = |of: &[(String, String)]| {
                let all: Vec<String> = of.iter().map(|(column, code)| format!("{column} {code}")).collect();
                if all.is_empty() { "none".to_owned() } else { all.join(", ") }
            };
            found.push(Mismatch { what: "incidents".to_owned(), expected: listed(wanted), got: listed(&got) });
        }
    }
    Ok(found)
}

/// What became of the row, in words; no value of it.
fn fate(output: &ChunkOutput, fate: &KeyFate) -> String {
    match fate {
        KeyFate::Loaded(_) => "loaded".to_owned(),
        KeyFate::Merged { survivor, .. } => format!("merged into {survivor}"),
        KeyFate::Adopted(_) => "adopted".to_owned(),
        KeyFate::Filtered(name) => format!("filtered {name}"),
        KeyFate::Quarantined(code) => {
            let Some(reject) = output.rejects.first().map(|rejected| &rejected.reject) else { return format!("quarantined {code}") };
            let sqlstate = reject.sqlstate.as_ref().map_or_else(String::new, |state| format!(" SQLSTATE {state}"));
            let column = reject.column.as_ref().map_or_else(String::new, |column| format!(" column {column}"));
            format!("quarantined {code}{sqlstate}{column}: {}", reject.message)
        }
    }
}

fn columns(
    entity: &CompiledEntity,
    expected: &CompiledEntity,
    inputs: &Inputs,
    key: &LegacyKey,
    tuples: &[u8],
) -> Result<Vec<Mismatch>, String> {
    let wanted = written(expected, inputs, key, "the target column cannot hold the expected value")?.into_bytes();
    let damaged = |_| "the written tuples are damaged".to_owned();
    let (mut wanted_fields, mut fields) = (Vec::new(), Vec::new());
    Tuples::new(&wanted, expected.columns.len()).next_into(&mut wanted_fields).map_err(damaged)?;
    Tuples::new(tuples, entity.columns.len()).next_into(&mut fields).map_err(damaged)?;
    let mut found = Vec::new();
    for (compiled, wanted) in expected.columns.iter().zip(&wanted_fields) {
        let at = entity.columns.iter().position(|c| c.column.name == compiled.column.name);
        let got = at.and_then(|at| fields.get(at).copied()).flatten();
        if got != *wanted {
            found.push(Mismatch {
                what: compiled.column.name.clone(),
                expected: shown(&compiled.column, *wanted),
                got: shown(&compiled.column, got),
            });
        }
    }
    Ok(found)
}

/// A field as PostgreSQL casts it to text; its bytes where there is no such cast. Quoted where it could be read as something else.
fn shown(column: &Column, field: Option<&[u8]>) -> String {
    let Some(bytes) = field else { return "NULL".to_owned() };
    match as_text(column, bytes) {
        Some(text) if text.is_empty() || text == "NULL" || text.trim() != text => format!("'{text}'"),
        Some(text) => text,
        None => format!("bytes {bytes:02x?}"),
    }
}

fn as_text(column: &Column, bytes: &[u8]) -> Option<String> {
    let source = Column { name: "value".to_owned(), nullable: true, ..column.clone() };
    let scope = Scope {
        columns: std::slice::from_ref(&source),
        functions: &Functions::new(),
        codes: &BTreeMap::new(),
        entities: &|_| None,
        entity_names: &[],
        new_id: &SqlType::Uuid,
    };
    let expr = bind(&parse("value::text").ok()?, &scope, Some(&SqlType::Text)).ok()?;
    let text = Column { name: "text".to_owned(), ty: SqlType::Text, typmod: -1, nullable: true };
    let cast = CompiledColumn { column: text, expr, on_error: OnError::Quarantine };
    let entity = CompiledEntity::of_values(0, "", "", vec![source], vec![cast]);
    let inputs = Inputs { namespace: Uuid::nil(), run_started_at: 0, parents: Vec::new(), adopted: None, survey: None };
    let (mut out, mut traces) = (TupleWriter::default(), Traces::default());
    let end = RowTransformer::new(&entity, &inputs, false).run(&LegacyKey::Int(0), &OnceCell::new(), &[Some(bytes)], &mut traces, &mut out);
    let (written, mut fields) = (out.into_bytes(), Vec::new());
    Tuples::new(&written, 1).next_into(&mut fields).ok()?;
    let text = fields.first().copied().flatten().filter(|_| matches!(end, Ok(RowEnd::Written)))?;
    Some(String::from_utf8_lossy(text).into_owned())
}
