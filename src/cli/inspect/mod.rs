//! `etl inspect`: the staging file from all sides, without any server. Boundary: reads; one file for the rows, the rest is here.

use std::fmt::Write as _;
mod rows;

use serde_json::{Value, json};

use super::args::Inspect;
use super::context::{Context, staged_entity};
use super::status::names;
use super::table::{Table, bytes, duration, number};
use crate::error::{Error, Exit};
use crate::row::{Column, KeyKind, LegacyKey, NewKey};
use crate::staging::{EntityId, EntityRow, StagingReader};

pub(super) fn run(context: &Context<'_>, what: &Inspect) -> Result<Exit, Error> {
    let reader = context.staging()?;
    match what {
        Inspect::Runs => runs(context, &reader)?,
        Inspect::Entities => entities(context, &reader)?,
        Inspect::Chunks { entity } => chunks(context, &reader, entity.as_deref())?,
        Inspect::Rows { entity, condition, transformed, limit } => {
            rows::show(context, &reader, entity, condition.as_deref(), *transformed, *limit)?;
        }
        Inspect::Id { entity, key } => id(context, &reader, entity, key)?,
        Inspect::Sql { query, limit } => sql(context, &reader, query, *limit)?,
    }
    Ok(Exit::Done)
}

/// A key as it is typed.
pub(super) fn key_of(entity: &EntityRow, typed: &str) -> Result<LegacyKey, Error> {
    match entity.record.key_kind {
        KeyKind::Text => Ok(LegacyKey::Text(typed.into())),
        KeyKind::Int => typed.parse().map(LegacyKey::Int).map_err(|_| {
            let name = &entity.record.name;
            Error::usage(
                format!("the keys of {name} are whole numbers, and `{typed}` is none"),
                format!("etl inspect rows {name} shows some"),
            )
        }),
    }
}

fn runs(context: &Context<'_>, reader: &StagingReader) -> Result<(), Error> {
    let runs = reader.runs()?;
    let changes = reader.plan_changes()?;
    if context.out.json {
        let of_run = |run| {
            let changes = changes.iter().filter(|change| change.run == run);
            let shown = changes.map(
                |c| json!({"entity": c.entity, "from_plan": c.from_plan, "from_hash": c.from_hash, "to_hash": c.to_hash, "rows": c.rows}),
            );
            shown.collect::<Vec<_>>()
        };
        let listed: Vec<Value> = runs
            .iter()
            .map(|run| {
                json!({
                    "run": run.id.to_string(), "command": run.command, "started": run.started.to_string(),
                    "finished": run.finished.map(|at| at.to_string()), "exit": run.exit.as_ref().map(|exit| exit.code),
                    "reason": run.exit.as_ref().map(|exit| &exit.reason), "tool_version": run.tool_version, "plan_hash": run.plan_hash,
                    "source": run.source, "target": run.target, "plan_changes": of_run(run.id),
                })
            })
            .collect();
        return context.out.object(&json!({"schema": 1, "runs": listed}));
    }
    let mut table = Table::new(&["run", "started", ">took", ">exit", "command", "reason"]);
    for run in runs {
        let took = run.finished.map_or_else(|| "?".to_owned(), |at| duration(at.micros_since(run.started)));
        let (code, reason) =
            run.exit.map_or_else(|| ("?".to_owned(), "no end recorded".to_owned()), |exit| (exit.code.to_string(), exit.reason));
        table.row([run.id.to_string(), run.started.to_string(), took, code, run.command, reason]);
    }
    let mut text = if table.is_empty() { "no run yet".to_owned() } else { table.render() };
    for c in changes {
        let _ = write!(
            text,
            "\nrun {} took a mended plan of {} over: {} to {}, {} rows compared and the same",
            c.run, c.entity, c.from_hash, c.to_hash, c.rows
        );
    }
    context.out.result(&text)
}

fn entities(context: &Context<'_>, reader: &StagingReader) -> Result<(), Error> {
    let entities = reader.entities()?;
    let ledgers = reader.ledger()?;
    if context.out.json {
        let columns = |columns: &[Column]| {
            columns.iter().map(|c| json!({"name": c.name, "type": c.ty.to_string(), "nullable": c.nullable})).collect::<Vec<_>>()
        };
        let listed: Vec<Value> = entities
            .iter()
            .map(|entity| {
                let record = &entity.record;
                let read = ledgers.iter().find(|(id, _)| *id == entity.id).map_or(0, |(_, ledger)| ledger.read);
                json!({
                    "name": record.name, "target": record.target_table, "rows": read, "source_columns": columns(&record.source_columns),
                    "target_columns": columns(&record.target_columns), "extracted": entity.extracted_run.map(|run| run.to_string()),
                })
            })
            .collect();
        return context.out.object(&json!({"schema": 1, "entities": listed}));
    }
    let mut table = Table::new(&["entity", "target", ">rows", ">chunks", ">source bytes", ">target bytes", "columns"]);
    for entity in entities {
        let record = entity.record;
        let ledger = ledgers.iter().find(|(id, _)| *id == entity.id).map(|(_, ledger)| ledger.clone()).unwrap_or_default();
        let chunks = ledger.chunks_extracted + ledger.chunks_transformed + ledger.chunks_loaded;
        table.row([
            record.name,
            record.target_table,
            number(ledger.read),
            number(chunks),
            bytes(ledger.raw_bytes),
            bytes(ledger.transformed_bytes),
            format!("{} to {}", record.source_columns.len(), record.target_columns.len()),
        ]);
    }
    context.out.result(&if table.is_empty() { "no entity yet".to_owned() } else { table.render() })
}

fn chunks(context: &Context<'_>, reader: &StagingReader, entity: Option<&str>) -> Result<(), Error> {
    let entities = match entity {
        Some(name) => vec![staged_entity(reader, name)?],
        None => reader.entities()?,
    };
    let mut table =
        Table::new(&["entity", ">chunk", ">range", ">seq", "state", ">rows", ">bytes", ">stored", "first key", "last key"]).widest(24);
    let mut listed = Vec::new();
    for entity in entities {
        for chunk in reader.chunks(entity.id, None)? {
            if context.out.json {
                listed.push(json!({
                    "entity": entity.record.name, "chunk": chunk.id.0, "range": chunk.range_no, "seq": chunk.seq, "state": chunk.state.word(),
                    "rows": chunk.rows, "bytes": chunk.raw_bytes, "stored_bytes": chunk.stored_bytes, "transformed_rows": chunk.transformed_rows,
                    "first_key": chunk.first_key.to_string(), "last_key": chunk.last_key.to_string(), "snapshot": chunk.snapshot.0,
                    "extracted": chunk.extracted_run.to_string(), "transformed": chunk.transformed_run.map(|run| run.to_string()),
                    "loaded": chunk.loaded_run.map(|run| run.to_string()),
                }));
                continue;
            }
            table.row([
                entity.record.name.clone(),
                chunk.id.to_string(),
                chunk.range_no.to_string(),
                chunk.seq.to_string(),
                chunk.state.word().to_owned(),
                number(chunk.rows),
                bytes(chunk.raw_bytes),
                bytes(chunk.stored_bytes),
                chunk.first_key.to_string(),
                chunk.last_key.to_string(),
            ]);
        }
    }
    if context.out.json {
        return context.out.object(&json!({"schema": 1, "chunks": listed}));
    }
    context.out.result(&if table.is_empty() { "no chunk yet".to_owned() } else { table.render() })
}

fn id(context: &Context<'_>, reader: &StagingReader, entity: &str, key: &str) -> Result<(), Error> {
    let entity = staged_entity(reader, entity)?;
    let key = key_of(&entity, key)?;
    let name = &entity.record.name;
    let Some(found) = reader.key(entity.id, &key)? else {
        let hint = "it is not in the source, or its chunk is not transformed yet: see etl status".to_owned();
        return Err(Error::Usage { message: format!("{name} has no row {key} in the id map"), hint: Some(hint) });
    };
    let row = found.row;
    let new_key = row.new_key.map(|key| NewKey::from(key).to_string());
    if context.out.json {
        return context.out.object(&json!({
            "schema": 1, "entity": name, "key": row.key.to_string(), "outcome": row.outcome.word(), "new_key": new_key,
            "detail": row.detail, "target": entity.record.target_table, "chunk": found.chunk.0, "row": row.row_no,
        }));
    }
    let state = reader.chunk(found.chunk)?.state.word();
    let mut text = format!("{name} {key}: {}", row.outcome.word());
    if let Some(detail) = &row.detail {
        let _ = write!(text, " ({detail})");
    }
    if let Some(new_key) = &new_key {
        let _ = write!(text, "\n  new key: {new_key} in {}", entity.record.target_table);
    }
    let _ = writeln!(text, "\n  chunk {} ({state}), row {}", found.chunk, row.row_no);
    if row.outcome == crate::row::Outcome::Quarantined {
        let _ = writeln!(text, "next: etl quarantine show {name} {key}");
    }
    if let Some(new_key) = row.new_key {
        let names = names(reader)?;
        // Rows of other entities may have the same number without being the same row.
        let kept = NewKey::from(new_key).as_kept().is_some();
        let is_same = |other: EntityId| other == entity.id || !kept;
        let others = reader.keys_of(new_key)?.into_iter().filter(|other| is_same(other.entity));
        let others = others.filter(|other| other.entity != entity.id || other.row.key != key);
        for other in others {
            let other_name = names.get(&other.entity).map_or("?", String::as_str);
            let _ = writeln!(text, "  the same new key: {other_name} {} ({})", other.row.key, other.row.outcome.word());
        }
    }
    context.out.result(&text)
}

fn sql(context: &Context<'_>, reader: &StagingReader, query: &str, limit: usize) -> Result<(), Error> {
    let answer = reader.sql(query, limit)?;
    if context.out.json {
        return context.out.object(&json!({"schema": 1, "columns": answer.columns, "rows": answer.rows, "more": answer.more}));
    }
    let names: Vec<&str> = answer.columns.iter().map(String::as_str).collect();
    let mut table = Table::new(&names).widest(100);
    for row in answer.rows {
        table.row(row.into_iter().map(|cell| cell.unwrap_or_else(|| "NULL".to_owned())));
    }
    context.out.result(&table.render())?;
    if answer.more {
        context.out.say(&format!("there are more rows than {limit}; --limit N shows more"));
    }
    Ok(())
}
