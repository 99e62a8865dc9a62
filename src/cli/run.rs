//! `etl run`: check, all stages overlapped, validate, report. Boundary: see `moving`.

use super::args::StageArgs;
use super::context::Context;
use super::moving::move_rows;
use crate::error::{Error, Exit};
use crate::pipeline::Stages;

pub(super) fn run(context: &Context<'_>, args: &StageArgs) -> Result<Exit, Error> {
    move_rows(context, args, Stages::All)
}
