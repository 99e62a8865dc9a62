//! `etl report`: the last run once more, in the form that is asked for. Boundary: the forms are `report`'s.

use super::args::{ReportArgs, ReportFormat};
use super::context::Context;
use crate::error::{Error, Exit};
use crate::plan::Problems;
use crate::report::{Ending, Proof, Summary};
use crate::staging::Moment;

pub(super) fn run(context: &Context<'_>, args: &ReportArgs) -> Result<Exit, Error> {
    let plan = context.plan(&mut Problems::default())?;
    let reader = context.staging()?;
    let Some(last) = reader.last_run()? else { return Err(Error::usage("there was no run with this staging file", "etl run")) };
    // A run that goes on or was killed has no end yet.
    let (exit, reason) = last.exit.as_ref().map_or((1, "not finished"), |exit| (exit.code, exit.reason.as_str()));
    let wall_micros = last.finished.unwrap_or_else(Moment::now).micros_since(last.started);
    let proof = Proof::of(&last, &reader)?;
    let mut summary = Summary::collect(&reader, &plan, &Ending { run: last.id, exit, reason, wall_micros, report: None }, proof.as_ref())?;
    // This process is not the one that moved the rows.
    summary.peak_rss_bytes = None;
    let text = match args.format {
        _ if context.out.json => summary.to_json()?,
        ReportFormat::Json => summary.to_json()?,
        ReportFormat::Text => summary.to_text(),
        ReportFormat::Markdown => summary.to_markdown(),
        ReportFormat::Html => summary.to_html(),
    };
    context.out.result(&text)?;
    Ok(Exit::Done)
}
