//! `etl rollback`: takes back what was loaded. Boundary: it shows, asks and tells; what goes and how is `pipeline`'s.

use std::io::{BufRead as _, IsTerminal as _};

use super::args::RollbackArgs;
use super::context::Context;
use super::interrupt;
use super::prepare::{Prepared, Purpose, prepare, put_back};
use super::table::{Table, number};
use crate::error::{Error, Exit};
use crate::pipeline::{self, Rollback, Settings, Setup};
use crate::staging::{RunId, StagingReader};

pub(super) fn run(context: &Context<'_>, args: &RollbackArgs) -> Result<Exit, Error> {
    let stop = interrupt::listen()?;
    let Prepared { plan, checked, source, target, .. } = prepare(context, Purpose::Rollback)?;
    let selected = context.selection(&plan)?;
    if let Some(target) = &target {
        put_back(context, &plan, target)?;
    }
    let settings = Settings::beside_the_stages(context.jobs(), context.command);
    let staging = plan.staging.clone();
    let reader = StagingReader::open(&staging)?;
    let run = args.run.as_deref().map(|prefix| run_named(&reader, prefix)).transpose()?;
    let setup = Setup { plan: &plan, entities: checked.entities, selected, tables: checked.tables, staging, source, target, settings };
    pipeline::catch_up(&setup)?;
    let rollback = pipeline::plan_rollback(&setup, &reader, run, args.cascade)?;
    drop(reader);
    if rollback.entities.is_empty() {
        context.out.say("nothing of this is loaded");
        return Ok(Exit::Done);
    }
    if !args.yes && !agreed(context, &rollback)? {
        context.out.say("nothing was done");
        return Ok(Exit::Refused);
    }
    let done = pipeline::roll_back(&setup, &rollback, &stop, |entity, removed| {
        log::info!("{entity}: {} rows removed", removed.rows);
    })?;
    if context.args.json {
        let entities = done
            .entities
            .iter()
            .map(|(name, removed)| serde_json::json!({"name": name, "removed": removed.rows, "unmapped": removed.pairs}));
        let entities: Vec<_> = entities.collect();
        context.out.object(&serde_json::json!({"schema": 1, "interrupted": done.interrupted, "entities": entities}))?;
    } else {
        let mut table = Table::new(&["entity", ">rows removed", ">keys unpublished"]);
        for (name, removed) in &done.entities {
            table.row([name.clone(), number(removed.rows), number(removed.pairs)]);
        }
        context.out.result(table.render().trim_end())?;
    }
    if done.interrupted {
        context.out.warn("interrupted; to go on, type: etl rollback");
        return Ok(Exit::Interrupted);
    }
    if done.bare {
        context.out.say("nothing of any load is left in the target; its schema `etl` is removed");
    }
    Ok(Exit::Done)
}

/// The run whose id begins so.
fn run_named(reader: &StagingReader, prefix: &str) -> Result<RunId, Error> {
    let runs = reader.runs()?;
    let mut found = runs.iter().filter(|run| run.id.to_string().starts_with(prefix));
    match (found.next(), found.next()) {
        (Some(run), None) => Ok(run.id),
        (None, _) => Err(Error::usage(format!("no run begins with `{prefix}`"), "etl inspect runs lists them")),
        (Some(_), Some(_)) => Err(Error::usage(format!("several runs begin with `{prefix}`"), "write more of its id")),
    }
}

/// Shows what would go, and asks.
fn agreed(context: &Context<'_>, rollback: &Rollback) -> Result<bool, Error> {
    let mut table = Table::new(&["entity", ">rows to remove", ""]);
    for entity in &rollback.entities {
        let why = if entity.dependant { "refers to what goes" } else { "" };
        table.row([entity.name.clone(), number(entity.rows), why.to_owned()]);
    }
    let head = if rollback.continues { "a rollback that was stopped goes on with:\n" } else { "" };
    context.out.say(&format!("{head}{}", table.render().trim_end()));
    if !std::io::stdin().is_terminal() {
        return Err(Error::usage("a rollback asks before it removes rows, and nobody is there to answer", "add --yes"));
    }
    context.out.say("Remove these rows from the target? Type yes:");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
