//! `etl validate`: the target against what was staged. Boundary: the comparison is `validate`'s; here it is asked for and told.

use super::context::Context;
use super::interrupt;
use super::moving::{collect, settle, show};
use super::prepare::{Prepared, Purpose, prepare, put_back};
use super::progress::Progress;
use crate::error::{Error, Exit};
use crate::report::Proof;
use crate::staging::{Moment, StagingReader, StagingWriter};
use crate::validate;

pub(super) fn run(context: &Context<'_>) -> Result<Exit, Error> {
    let stop = interrupt::listen()?;
    let Prepared { plan, selected, checked, source, target, .. } = prepare(context, Purpose::Validate)?;
    let Some(target) = target else { return Err(Error::usage("no target is given", "--target URL")) };
    put_back(context, &plan, &target)?;
    let progress = Progress::new(context.out, plan.entity_names(), None, context.command);
    let request = validate::Request {
        plan: &plan,
        entities: &checked.entities,
        selected: &selected,
        staging: &plan.staging,
        source: source.as_ref(),
        target: &target,
        jobs: context.jobs(),
        show_values: context.args.show_values,
        stop: &stop,
    };
    let found = progress.beside(&stop, || validate::validate(&request, &|event| progress.observe_validation(event)))?;
    let exit = if found.is_clean() { Exit::Done } else { Exit::Different };
    let reader = StagingReader::open(&plan.staging)?;
    let Some(last) = reader.last_run()? else {
        return Err(Error::usage("nothing was loaded with this staging file", "etl run"));
    };
    let proof = Proof { at: Moment::now(), found };
    let kept = Proof::to_json(&proof.found)?;
    // The result stands without it; only `etl report` will not know of it.
    if let Err(error) = StagingWriter::open(&plan.staging).and_then(|mut writer| writer.record_validation(last.id, &kept)) {
        context.out.warn(&format!("the result could not be kept for `etl report`: {error}"));
    }
    let mut summary = collect(context, &plan, &reader, last.id, None, Some(&proof))?;
    settle(&mut summary, exit);
    show(context, &summary)?;
    Ok(exit)
}
