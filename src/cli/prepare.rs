//! From the command line to a checked plan: which side is looked at where, and whether the command can begin. Boundary: everything here
//! happens before anything is written.

use std::collections::HashMap;

use super::context::{Context, if_there, refused};
use crate::check::{Asks, CheckError, Checked, Need, Request, Side, check, parents};
use crate::error::Error;
use crate::pg::Endpoint;
use crate::pipeline::{self, Redo, Stage, Stages};
use crate::plan::{Plan, Problems};
use crate::staging::StagingReader;

/// A command that can begin.
pub(super) struct Prepared {
    pub plan: Plan,
    pub selected: Vec<bool>,
    pub checked: Checked,
    pub source: Option<Endpoint>,
    pub target: Option<Endpoint>,
    pub problems: Problems,
}

/// What is asked of the sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Only the check: both catalogues.
    Check,
    /// Only the tests of the mapping: types of columns, from a catalogue or as they were recorded.
    Test,
    /// Moving rows.
    Stages(Stages, Redo),
    /// Taking rows out of the target.
    Rollback,
    /// Reading keys in the target.
    Adopt,
    /// Reading the target back.
    Validate,
}

/// Reads the plan and checks it. All mistakes are in one error; warnings are said and do not stop.
pub(super) fn prepare(context: &Context<'_>, purpose: Purpose) -> Result<Prepared, Error> {
    let mut problems = Problems::default();
    let plan = context.plan(&mut problems)?;
    let prepared = sides(context, plan, purpose, &mut problems);
    // A database that cannot be reached must not hide what is wrong with the plan, and is said as well.
    let failed = match prepared {
        Ok((plan, selected, checked, source, target)) if !problems.has_errors() => {
            if !problems.all().is_empty() && !matches!(purpose, Purpose::Check | Purpose::Test) {
                context.out.warn(problems.render().trim_end());
            }
            return Ok(Prepared { plan, selected, checked, source, target, problems });
        }
        Ok((plan, selected, checked, source, target)) if purpose == Purpose::Check => {
            return Ok(Prepared { plan, selected, checked, source, target, problems });
        }
        Ok(_) => return Err(refused(&problems)),
        Err(error) => error,
    };
    if problems.has_errors() {
        context.out.warn(problems.render().trim_end());
    }
    Err(failed)
}

type Sides = (Plan, Vec<bool>, Checked, Option<Endpoint>, Option<Endpoint>);

fn sides(context: &Context<'_>, plan: Plan, purpose: Purpose, problems: &mut Problems) -> Result<Sides, Error> {
    let mut selected = context.selection(&plan)?;
    if purpose == Purpose::Rollback {
        // What refers to the selected entities may have to go as well.
        selected.fill(true);
    }
    let staging = if_there(&plan.staging)?;
    match purpose {
        Purpose::Stages(Stages::One(Stage::Transform), _) => parents(&plan, &selected, staging.as_ref(), Need::Transformed, problems)?,
        Purpose::Stages(Stages::One(Stage::Load) | Stages::All, _) => parents(&plan, &selected, staging.as_ref(), Need::Loaded, problems)?,
        Purpose::Stages(Stages::One(Stage::Extract), _)
        | Purpose::Check
        | Purpose::Test
        | Purpose::Adopt
        | Purpose::Rollback
        | Purpose::Validate => {}
    }
    let source_is_needed = match purpose {
        Purpose::Check => true,
        Purpose::Stages(stages, redo) => {
            let everything_is_read = redo != Redo::Extract && staging.as_ref().map_or(Ok(false), |s| is_read(&plan, &selected, s))?;
            stages.include(Stage::Extract) && !everything_is_read
        }
        Purpose::Adopt | Purpose::Test => staging.as_ref().map_or(Ok(false), |s| is_read(&plan, &selected, s)).map(|read| !read)?,
        Purpose::Validate | Purpose::Rollback => false,
    };
    let source = if source_is_needed { Some(context.source(&plan)?) } else { context.source(&plan).ok() };
    let source_side = match (&source, &staging) {
        (Some(source), _) if source_is_needed => Side::Server(source),
        (_, Some(staging)) => Side::Staged(staging),
        (_, None) => return Err(crate::staging::StagingError::Missing { path: plan.staging.clone() }.into()),
    };
    // Transform gets along with what was recorded of the target; everything else must see it.
    let recorded_is_enough = purpose == Purpose::Test && !source_is_needed;
    let target_is_needed = !(recorded_is_enough || matches!(purpose, Purpose::Stages(Stages::One(Stage::Transform), _)));
    let target = if target_is_needed { Some(context.target(&plan)?) } else { context.target(&plan).ok() };
    let recorded = match &staging {
        Some(staging) if !target_is_needed => Some(Side::Staged(staging)),
        _ => None,
    };
    let seen = target.as_ref().map(Side::Server).or(recorded).ok_or_else(|| Error::usage("no target is given", "--target URL"))?;
    let asks = match purpose {
        Purpose::Check => Asks::Now,
        Purpose::Test => Asks::Tests,
        _ => Asks::Later,
    };
    let mut request = Request { plan: &plan, selected: &selected, source: source_side, target: seen, asks };
    let mut found = problems.clone();
    let checked = match (check(&request, &mut found), recorded) {
        (Err(CheckError::Target { source }), Some(recorded)) => {
            context.out.say(&format!("{source}\nwhat the staging file recorded of the target is used instead"));
            request.target = recorded;
            check(&request, problems)
        }
        (checked, _) => {
            *problems = found;
            checked
        }
    };
    let checked = checked?;
    Ok((plan, selected, checked, source, target))
}

/// Whether all rows of the selected entities were read, by the plan as it is now.
fn is_read(plan: &Plan, selected: &[bool], staging: &StagingReader) -> Result<bool, Error> {
    let read = staging.entities()?.into_iter().filter(|known| known.extracted_run.is_some());
    let read: HashMap<String, String> = read.map(|known| (known.record.name, known.record.extract_hash)).collect();
    let mut entities = plan.entities.iter().zip(selected).filter(|(_, selected)| **selected);
    Ok(entities.all(|(entity, _)| read.get(&entity.name).is_some_and(|hash| *hash == entity.extract_fingerprint.to_string())))
}

/// Constraints that a run left down when it died come back with whatever command is typed next. A load does it at its end; every other
/// command that reaches the target does it first.
pub(super) fn put_back(context: &Context<'_>, plan: &Plan, target: &Endpoint) -> Result<(), Error> {
    if !plan.staging.exists() {
        return Ok(());
    }
    let (back, down) = pipeline::put_back(&plan.staging, target)?;
    if back + down > 0 {
        context.out.warn(&format!("a run died with constraints down: {back} are up again, {down} come back with the next etl load"));
    }
    Ok(())
}
