//! `etl run`: check, all stages overlapped, validate, report. Boundary: see `moving`.

use super::args::RunArgs;
use super::context::Context;
use super::moving::{AtTheEnd, move_rows};
use crate::error::{Error, Exit};
use crate::pipeline::{Retry, Stages};

pub(super) fn run(context: &Context<'_>, args: &RunArgs) -> Result<Exit, Error> {
    move_rows(
        context,
        &args.stage,
        Stages::All,
        Some(Retry::default()),
        if args.no_validate { AtTheEnd::Nothing } else { AtTheEnd::Validate },
    )
}
