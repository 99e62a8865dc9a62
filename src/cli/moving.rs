//! What extract, transform, load and run have in common: prepare, move, tell the result. Boundary: the stages themselves are the
//! pipeline's.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::account::thread_times;
use super::args::{RedoStage, StageArgs};
use super::context::Context;
use super::interrupt;
use super::prepare::{Prepared, Purpose, prepare, put_back};
use super::progress::Progress;
use crate::error::{Error, Exit};
use crate::pipeline::{self, Finished, Redo, Retry, Settings, Setup, Stage, Stages};
use crate::plan::Plan;
use crate::report::{Ending, Proof, Summary, account};
use crate::staging::{Moment, RunExit, RunId, StagingReader, StagingWriter};
use crate::validate::{self, ValidateError};

/// What follows when the stages are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtTheEnd {
    /// The target is read back and compared.
    Validate,
    /// Nothing.
    Nothing,
}

/// Goes through the stages, and through what is to follow.
pub(super) fn move_rows(
    context: &Context<'_>,
    args: &StageArgs,
    stages: Stages,
    retry: Option<Retry>,
    end: AtTheEnd,
) -> Result<Exit, Error> {
    let stop = interrupt::listen()?;
    let redo = match args.redo {
        None => Redo::Nothing,
        Some(RedoStage::Transform) => Redo::Transform,
        Some(RedoStage::Extract) => Redo::Extract,
    };
    let Prepared { plan, mut selected, checked, source, target, .. } = prepare(context, Purpose::Stages(stages, redo))?;
    if retry.as_ref().is_some_and(|retry| retry.on_request) {
        leave_new_ones(context, &plan, &mut selected)?;
    }
    if let Some(target) = target.as_ref().filter(|_| !stages.include(Stage::Load)) {
        put_back(context, &plan, target)?;
    }
    let command = command_line(context, args, retry.as_ref());
    let settings = Settings {
        stages,
        jobs: context.jobs(),
        chunk_bytes: usize::try_from(args.chunk_bytes).unwrap_or(usize::MAX),
        redo,
        retry,
        command,
    };
    let staging = plan.staging.clone();
    let setup = Setup { plan: &plan, entities: checked.entities, selected, tables: checked.tables, staging, source, target, settings };
    let progress = Progress::new(context.out, plan.entity_names(), Some(stages), context.command);
    let before = last_run(&setup.staging);
    let moved = progress.beside(&stop, || pipeline::run(&setup, &stop, &|event| progress.observe(event)).map_err(Error::from));
    let finished = match moved {
        Ok(finished) => finished,
        Err(error) => {
            stopped(context, &setup, before, &error);
            return Err(error);
        }
    };
    let mut told = Told { exit: if finished.interrupted { Exit::Interrupted } else { Exit::Done }, proof: None };
    if end == AtTheEnd::Validate && !finished.interrupted {
        told = validated(context, &setup, &stop, &progress)?;
    }
    let exit = conclude(context, &setup, &finished, &told)?;
    if args.profile {
        context.out.say(&account(&thread_times(&finished.usages)).join("\n"));
    }
    Ok(exit)
}

/// A retry takes up what is in quarantine: entities that the plan has only since then are left to a run.
fn leave_new_ones(context: &Context<'_>, plan: &Plan, selected: &mut [bool]) -> Result<(), Error> {
    let staging = StagingReader::open(&plan.staging)?;
    for (entity, selected) in plan.entities.iter().zip(selected) {
        if *selected && staging.entity(&entity.name)?.is_none() {
            *selected = false;
            context.out.say(&format!("{} is new in the plan and is left to the next etl run", entity.name));
        }
    }
    Ok(())
}

/// What there is to tell.
struct Told {
    exit: Exit,
    proof: Option<Proof>,
}

fn validated(context: &Context<'_>, setup: &Setup<'_>, stop: &AtomicBool, progress: &Progress<'_>) -> Result<Told, Error> {
    let Some(target) = &setup.target else { return Err(Error::usage("no target is given", "--target URL")) };
    let request = validate::Request {
        plan: setup.plan,
        entities: &setup.entities,
        selected: &setup.selected,
        staging: &setup.staging,
        source: setup.source.as_ref(),
        target,
        jobs: setup.settings.jobs,
        show_values: context.args.show_values,
        stop,
    };
    let found = match progress.beside(stop, || validate::validate(&request, &|event| progress.observe_validation(event))) {
        // The rows are loaded all the same, and that is told; the same command validates again.
        Err(ValidateError::Interrupted) => return Ok(Told { exit: Exit::Interrupted, proof: None }),
        found => found?,
    };
    let exit = if found.is_clean() { Exit::Done } else { Exit::Different };
    Ok(Told { exit, proof: Some(Proof { at: Moment::now(), found }) })
}

fn conclude(context: &Context<'_>, setup: &Setup<'_>, finished: &Finished, told: &Told) -> Result<Exit, Error> {
    let reader = StagingReader::open(&setup.staging)?;
    let files = ReportFiles::beside(&setup.staging);
    let everything = setup.settings.stages == Stages::All;
    let report = everything.then_some(files.page.as_path());
    let mut summary = collect(context, setup.plan, &reader, finished.run, report, told.proof.as_ref())?;
    // Whoever writes after this is the last to close: then SQLite folds the write-ahead log into the file.
    drop(reader);
    let mut exit = told.exit;
    let loads = setup.settings.stages.include(Stage::Load);
    if exit == Exit::Done && loads && !setup.plan.budget.allows(summary.totals.quarantined, summary.totals.read) {
        exit = Exit::OverBudget;
    }
    settle(&mut summary, exit);
    summary.threads = thread_times(&finished.usages);
    if let Some(proof) = &told.proof {
        StagingWriter::open(&setup.staging)?.record_validation(finished.run, &Proof::to_json(&proof.found)?)?;
    }
    if matches!(exit, Exit::OverBudget | Exit::Different) {
        // The pipeline could not know how it would end for the user.
        let recorded = RunExit { code: exit.code(), reason: summary.reason.clone() };
        StagingWriter::open(&setup.staging)?.finish_run(finished.run, &recorded)?;
    }
    if everything {
        summary.write_json(&files.json)?;
        summary.write_markdown(&files.text)?;
        summary.write_html(&files.page)?;
    }
    show(context, &summary)?;
    match exit {
        Exit::Interrupted => {
            let again = &setup.settings.command;
            context.out.warn(&format!("interrupted; everything that was done is kept. To continue, type the same again: etl {again}"));
        }
        Exit::OverBudget => context.out.warn(&summary.reason),
        _ => {}
    }
    Ok(exit)
}

/// The result as it was asked for.
pub(super) fn show(context: &Context<'_>, summary: &Summary) -> Result<(), Error> {
    let text = if context.out.json { summary.to_json()? } else { summary.to_text() };
    context.out.result(&text)
}

/// Reads the result out of the staging file; how it ended is said by `settle`.
pub(super) fn collect(
    context: &Context<'_>,
    plan: &Plan,
    reader: &StagingReader,
    run: RunId,
    report: Option<&Path>,
    proof: Option<&Proof>,
) -> Result<Summary, Error> {
    let wall_micros = Moment::now().micros_since(context.began);
    let ending = Ending { run, exit: Exit::Done.code(), reason: Exit::Done.word(), wall_micros, report };
    Ok(Summary::collect(reader, plan, &ending, proof)?)
}

/// How it ended: known only when the numbers are.
pub(super) fn settle(summary: &mut Summary, exit: Exit) {
    summary.exit = exit.code();
    summary.status = exit.word();
    summary.reason = match exit {
        Exit::OverBudget => format!(
            "{} of {} rows are in quarantine, more than the plan's budget allows; see: etl quarantine list",
            summary.totals.quarantined, summary.totals.read
        ),
        Exit::Different => format!("{} differences between the target and what was staged", summary.differences_found),
        other => other.word().to_owned(),
    };
}

/// A run that failed: for programs, what it had done until then.
fn stopped(context: &Context<'_>, setup: &Setup<'_>, before: Option<RunId>, error: &Error) {
    if !context.out.json {
        return;
    }
    // Best effort: the error itself is what counts, and it is told behind this.
    let told = || -> Result<(), Error> {
        let reader = StagingReader::open(&setup.staging)?;
        let run = reader.last_run()?.map(|run| run.id).filter(|run| Some(*run) != before);
        let Some(run) = run else { return Ok(()) };
        let mut summary = collect(context, setup.plan, &reader, run, None, None)?;
        settle(&mut summary, error.exit());
        summary.reason = error.to_string();
        show(context, &summary)
    };
    if let Err(second) = told() {
        log::debug!("no summary of the failed run: {second}");
    }
}

fn last_run(staging: &Path) -> Option<RunId> {
    StagingReader::open(staging).ok()?.last_run().ok()?.map(|run| run.id)
}

/// Where the report of a run is written: beside the staging file.
struct ReportFiles {
    page: PathBuf,
    text: PathBuf,
    json: PathBuf,
}

impl ReportFiles {
    fn beside(staging: &Path) -> Self {
        let beside = |name: &str| staging.with_file_name(name);
        Self { page: beside("report.html"), text: beside("report.md"), json: beside("report.json") }
    }
}

/// The command as it is recorded and as it can be typed again; addresses are left out, they can hold passwords.
fn command_line(context: &Context<'_>, args: &StageArgs, retry: Option<&Retry>) -> String {
    let global = context.args;
    let mut words = vec![context.command.to_owned()];
    let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
    if let Some(entity) = retry.and_then(|retry| retry.entity.as_ref()) {
        option("--entity", entity.clone());
    }
    if let Some(code) = retry.and_then(|retry| retry.code.as_ref()) {
        option("--reason", code.clone());
    }
    if let Some(plan) = &global.plan {
        option("--plan", plan.display().to_string());
    }
    if let Some(staging) = &global.staging {
        option("--staging", staging.display().to_string());
    }
    if !global.only.is_empty() {
        option("--only", global.only.join(","));
    }
    if !global.phase.is_empty() {
        option("--phase", global.phase.join(","));
    }
    if !global.exclude.is_empty() {
        option("--exclude", global.exclude.join(","));
    }
    match args.redo {
        Some(RedoStage::Transform) => option("--redo", "transform".to_owned()),
        Some(RedoStage::Extract) => option("--redo", "extract".to_owned()),
        None => {}
    }
    if global.with_deps {
        words.push("--with-deps".to_owned());
    }
    words.join(" ")
}
