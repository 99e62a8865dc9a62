//! `etl inspect rows`: staged rows as they were read, or as they will be sent. Boundary: decodes and filters; values are shown because
//! this command asks for them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::cli::context::{Context, staged_entity};
use crate::cli::table::Table;
use crate::cli::value;
use crate::error::Error;
use crate::expr::{self, EvalError, Expr, Fault, Functions, Reference, Resolved, Scope, bind, parse};
use crate::plan::Problems;
use crate::row::decode;
use crate::row::{Column, LegacyKey, SqlType, Tuples, Value};
use crate::staging::{ChunkState, EntityRow, StagingReader};

pub(super) fn show(
    context: &Context<'_>,
    reader: &StagingReader,
    entity: &str,
    condition: Option<&str>,
    transformed: bool,
    limit: usize,
) -> Result<(), Error> {
    let entity = staged_entity(reader, entity)?;
    let columns = if transformed { &entity.record.target_columns } else { &entity.record.source_columns };
    let condition = condition.map(|text| compile(context, text, columns)).transpose()?;
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let mut table = Table::new(&names).widest(32);
    let mut listed: Vec<Json> = Vec::new();
    let mut found = 0_usize;
    each(reader, &entity, transformed, columns, &mut |fields| {
        if let Some(condition) = &condition
            && !holds(condition, columns, fields)?
        {
            return Ok(true);
        }
        found += 1;
        if found > limit {
            return Ok(false);
        }
        let row = columns.iter().zip(fields);
        if context.out.json {
            listed.push(Json::Object(row.map(|(column, field)| (column.name.clone(), value::json(column, *field))).collect()));
        } else {
            table.row(row.map(|(column, field)| value::text(column, *field).unwrap_or_else(|| "NULL".to_owned())));
        }
        Ok(true)
    })?;
    if context.out.json {
        return context.out.object(&json!({"schema": 1, "entity": entity.record.name, "rows": listed, "more": found > limit}));
    }
    context.out.result(&if table.is_empty() { "no such row is staged".to_owned() } else { table.render() })?;
    if found > limit {
        context.out.say(&format!("there are more rows than {limit}; --limit N shows more"));
    }
    Ok(())
}

type Each<'e> = dyn FnMut(&[Option<&[u8]>]) -> Result<bool, Error> + 'e;

/// Gives every row in key order within its range, until `each` has enough.
fn each(reader: &StagingReader, entity: &EntityRow, transformed: bool, columns: &[Column], each: &mut Each<'_>) -> Result<(), Error> {
    for chunk in reader.chunks(entity.id, None)? {
        if transformed && !matches!(chunk.state, ChunkState::Transformed | ChunkState::Loaded) {
            continue;
        }
        let payload = if transformed { reader.load_transformed(chunk.id)? } else { reader.load_extracted(chunk.id)? };
        let mut tuples = Tuples::new(&payload.tuples, columns.len());
        let mut fields = Vec::with_capacity(columns.len());
        let damaged = |detail: String| Error::Damaged { what: format!("chunk {} of {}", chunk.id, entity.record.name), detail };
        while tuples.next_into(&mut fields).map_err(|error| damaged(error.to_string()))?.is_some() {
            if !each(&fields)? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The condition, bound to the shown columns; the plan's functions and code tables can be used where there is a plan.
fn compile(context: &Context<'_>, text: &str, columns: &[Column]) -> Result<Expr, Error> {
    let plan = context.plan(&mut Problems::default()).ok();
    let (functions, codes) = plan.map_or_else(|| (Functions::new(), BTreeMap::new()), |plan| (plan.functions, plan.codes));
    let scope = Scope { columns, functions: &functions, codes: &codes, entities: &|_| None, entity_names: &[], new_id: &SqlType::Uuid };
    let wrong = |diagnostic: &expr::Diagnostic| {
        let at = text.get(diagnostic.span.clone()).filter(|part| !part.is_empty());
        let at = at.map_or_else(String::new, |part| format!(" at `{part}`"));
        let hint = diagnostic.help.clone().unwrap_or_else(|| "columns: ".to_owned() + &names(columns));
        Error::Usage { message: format!("--where: {}{at}", diagnostic.message), hint: Some(hint) }
    };
    let ast = parse(text).map_err(|diagnostic| wrong(&diagnostic))?;
    bind(&ast, &scope, Some(&SqlType::Bool)).map_err(|diagnostics| match diagnostics.first() {
        Some(first) => wrong(first),
        None => Error::usage("--where cannot be understood", "write a condition as in the plan"),
    })
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Whether the condition is true for a row. A row for which it fails is named: silence would look like "no such row".
fn holds(condition: &Expr, columns: &[Column], fields: &[Option<&[u8]>]) -> Result<bool, Error> {
    match condition.eval(&mut StagedRow { columns, fields }) {
        Ok(value) => Ok(value == Value::Bool(true)),
        Err(error) => Err(Error::usage(format!("--where fails for a row: {error}"), "make it safe for every row, with case or nullif")),
    }
}

/// A staged row, of which only the fields are known: nothing is minted or looked up here.
struct StagedRow<'r> {
    columns: &'r [Column],
    fields: &'r [Option<&'r [u8]>],
}

const NOT_HERE: &str = "new_id, ref and legacy_key need a whole migration";

impl<'r> expr::Context<'r> for StagedRow<'r> {
    fn field(&mut self, column: usize) -> Result<Value<'r>, EvalError> {
        match (self.columns.get(column), self.fields.get(column)) {
            (Some(column), Some(Some(bytes))) => decode(&column.ty, bytes)
                .map_err(|_| EvalError::from(Fault::Fail { message: Cow::Owned(format!("{} is malformed", column.name)) })),
            _ => Ok(Value::Null),
        }
    }

    fn new_id(&mut self) -> Result<[u8; 16], EvalError> {
        Err(Fault::Fail { message: Cow::Borrowed(NOT_HERE) }.into())
    }

    fn legacy_key(&self) -> Cow<'r, str> {
        Cow::Borrowed("")
    }

    fn resolve(&mut self, _reference: &'r Reference, _key: LegacyKey) -> Resolved {
        Resolved::Missing
    }

    fn incident(&mut self, _code: &'r str) {}

    fn run_started_at(&self) -> i64 {
        0
    }
}
