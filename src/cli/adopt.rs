//! `etl adopt`: the keys of rows that are in the target already. Boundary: reading and keeping them is `pipeline`'s.

use super::context::Context;
use super::prepare::{Prepared, Purpose, prepare, put_back};
use super::table::{Table, number};
use crate::error::{Error, Exit};
use crate::pipeline::{self, Settings, Setup};

pub(super) fn run(context: &Context<'_>) -> Result<Exit, Error> {
    let Prepared { plan, selected, checked, source, target, .. } = prepare(context, Purpose::Adopt)?;
    if let Some(target) = &target {
        put_back(context, &plan, target)?;
    }
    let settings = Settings::beside_the_stages(context.jobs(), context.command);
    let staging = plan.staging.clone();
    let setup = Setup { plan: &plan, entities: checked.entities, selected, tables: checked.tables, staging, source, target, settings };
    let adopted = pipeline::adopt(&setup)?;
    if context.args.json {
        let entities: Vec<serde_json::Value> = adopted
            .iter()
            .map(|a| serde_json::json!({"name": a.entity, "adopted": a.counts.adopted, "merged": a.counts.merged, "stale": a.counts.stale}))
            .collect();
        context.out.object(&serde_json::json!({"schema": 1, "entities": entities}))?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["entity", ">adopted", ">merged", ">stale"]);
    for adoption in &adopted {
        let counts = adoption.counts;
        table.row([adoption.entity.clone(), number(counts.adopted), number(counts.merged), number(counts.stale)]);
    }
    context.out.result(table.render().trim_end())?;
    context.out.say("keys of rows that are in the target already; `etl run` counts their rows as adopted and loads the others");
    Ok(Exit::Done)
}
