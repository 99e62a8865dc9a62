//! `etl quarantine`: the rows that are kept aside, their reasons, one row with its source values. Boundary: reads the staging file;
//! values are masked unless they are asked for.

use serde_json::{Value, json};
use std::fmt::Write as _;

use super::args::{CHUNK_BYTES, Quarantine, StageArgs};
use super::context::{Context, staged_entity};
use super::inspect::key_of;
use super::moving::{AtTheEnd, move_rows};
use super::status::names;
use super::table::{Table, number};
use super::value;
use crate::error::{Error, Exit};
use crate::explain;
use crate::pipeline::{Retry, Stages};
use crate::row::{Column, read_tuple};
use crate::staging::{QuarantineFilter, QuarantineRow, StagingReader};

pub(super) fn run(context: &Context<'_>, what: &Quarantine) -> Result<Exit, Error> {
    if let Quarantine::Retry { entity, reason } = what {
        return retry(context, entity.clone(), reason.clone());
    }
    let reader = context.staging()?;
    match what {
        Quarantine::List { entity, reason, keys: false, .. } => counts(context, &reader, entity.as_deref(), reason.as_deref())?,
        Quarantine::List { entity, reason, keys: true, limit } => {
            let entity = entity.as_deref().map(|name| staged_entity(&reader, name)).transpose()?.map(|entity| entity.id);
            rows(context, &reader, &QuarantineFilter { entity, code: reason.clone(), limit: Some(*limit) })?;
        }
        Quarantine::Show { entity, key } => show(context, &reader, entity, key)?,
        Quarantine::Retry { .. } => {}
    }
    Ok(Exit::Done)
}

fn retry(context: &Context<'_>, entity: Option<String>, code: Option<String>) -> Result<Exit, Error> {
    if let Some(name) = &entity {
        staged_entity(&context.staging()?, name)?;
    }
    let retry = Retry { on_request: true, entity, code };
    let args = StageArgs { redo: None, profile: false, chunk_bytes: CHUNK_BYTES };
    move_rows(context, &args, Stages::All, Some(retry), AtTheEnd::Validate)
}

fn counts(context: &Context<'_>, reader: &StagingReader, entity: Option<&str>, reason: Option<&str>) -> Result<(), Error> {
    let entity = entity.map(|name| staged_entity(reader, name)).transpose()?.map(|entity| entity.id);
    let names = names(reader)?;
    let counts = reader.quarantine_counts(entity)?;
    let counts: Vec<_> = counts.into_iter().filter(|count| reason.is_none_or(|reason| count.code == reason)).collect();
    let total: u64 = counts.iter().map(|count| count.rows).sum();
    if context.out.json {
        let listed: Vec<Value> = counts
            .iter()
            .map(|c| json!({"entity": names.get(&c.entity), "stage": c.stage.word(), "reason": c.code, "column": c.column, "rows": c.rows}))
            .collect();
        return context.out.object(&json!({"schema": 1, "rows": total, "reasons": listed}));
    }
    if counts.is_empty() {
        return context.out.result("nothing is in quarantine");
    }
    let mut table = Table::new(&["entity", "reason", "column", "by", ">rows"]);
    for count in counts {
        let name = names.get(&count.entity).cloned().unwrap_or_default();
        table.row([name, count.code, count.column.unwrap_or_default(), count.stage.word().to_owned(), number(count.rows)]);
    }
    let next = "next: etl quarantine list --entity ENTITY --reason REASON --keys, then etl quarantine show ENTITY KEY";
    context.out.result(&format!("{}\n{} rows in quarantine\n{next}", table.render(), number(total)))
}

fn rows(context: &Context<'_>, reader: &StagingReader, filter: &QuarantineFilter) -> Result<(), Error> {
    let names = names(reader)?;
    let rows = reader.quarantine(filter)?;
    if context.out.json {
        let listed: Vec<Value> = rows.iter().map(|row| described(row, names.get(&row.entity), context.args.show_values)).collect();
        return context.out.object(&json!({"schema": 1, "rows": listed}));
    }
    if rows.is_empty() {
        return context.out.result("no such row is in quarantine");
    }
    let mut table = Table::new(&["entity", "key", "reason", "column", "message"]).widest(60);
    for row in rows {
        let name = names.get(&row.entity).cloned().unwrap_or_default();
        table.row([name, row.key.to_string(), row.code, row.column.unwrap_or_default(), row.message]);
    }
    context.out.result(&table.render())
}

fn described(row: &QuarantineRow, entity: Option<&String>, show_values: bool) -> Value {
    json!({
        "entity": entity, "key": row.key.to_string(), "stage": row.stage.word(), "reason": row.code, "column": row.column,
        "sqlstate": row.sqlstate, "constraint": row.constraint, "message": row.message,
        "detail": row.detail.as_ref().filter(|_| show_values), "chunk": row.chunk.0, "row": row.row_no, "run": row.run.to_string(),
    })
}

fn show(context: &Context<'_>, reader: &StagingReader, entity: &str, key: &str) -> Result<(), Error> {
    let entity = staged_entity(reader, entity)?;
    let key = key_of(&entity, key)?;
    let name = &entity.record.name;
    let Some((row, tuple)) = reader.quarantined_row(entity.id, &key)? else {
        let hint = format!("see what became of it: etl inspect id {name} {key}");
        return Err(Error::Usage { message: format!("{name} {key} is not in quarantine"), hint: Some(hint) });
    };
    let columns = &entity.record.source_columns;
    let mut fields = Vec::new();
    read_tuple(&tuple, 0, columns.len(), &mut fields)
        .map_err(|error| Error::Damaged { what: format!("row {key} of {name}"), detail: error.to_string() })?;
    let show_values = context.args.show_values;
    if context.out.json {
        let mut object = described(&row, Some(name), show_values);
        let source = columns.iter().zip(&fields).map(|(column, field)| {
            let shown = if show_values { value::json(column, *field) } else { Value::String(value::masked(column, *field)) };
            (column.name.clone(), shown)
        });
        object["source"] = Value::Object(source.collect());
        object["schema"] = 1.into();
        return context.out.object(&object);
    }
    let mut text = format!("{name} {key}: {} {}\n  {}\n", row.stage.word(), row.code, row.message);
    let facts = [("column", &row.column), ("SQLSTATE", &row.sqlstate), ("constraint", &row.constraint)];
    for (word, fact) in facts {
        if let Some(fact) = fact {
            let _ = writeln!(text, "  {word}: {fact}");
        }
    }
    if let Some(detail) = row.detail.as_ref().filter(|_| show_values) {
        let _ = writeln!(text, "  detail: {detail}");
    }
    let _ = writeln!(text, "  chunk {}, row {}, run {}\n", row.chunk, row.row_no, row.run);
    text.push_str(&source_values(columns, &fields, show_values));
    if explain::find(&row.code).is_some() {
        let _ = writeln!(text, "\n`etl explain {}` says more", row.code);
    }
    if !show_values {
        text.push_str("\nvalues are masked; --show-values shows them\n");
    }
    context.out.result(&text)
}

fn source_values(columns: &[Column], fields: &[Option<&[u8]>], show_values: bool) -> String {
    let mut table = Table::new(&["source column", "type", "value"]).widest(100);
    for (column, field) in columns.iter().zip(fields) {
        let shown =
            if show_values { value::text(column, *field).unwrap_or_else(|| "NULL".to_owned()) } else { value::masked(column, *field) };
        table.row([column.name.clone(), column.ty.to_string(), shown]);
    }
    table.render()
}
