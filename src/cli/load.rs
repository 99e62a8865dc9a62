//! `etl load`: one stage, continued where it stopped. Boundary: see `moving`.

use super::args::StageArgs;
use super::context::Context;
use super::moving::{AtTheEnd, move_rows};
use crate::error::{Error, Exit};
use crate::pipeline::{Stage, Stages};

pub(super) fn run(context: &Context<'_>, args: &StageArgs) -> Result<Exit, Error> {
    move_rows(context, args, Stages::One(Stage::Load), None, AtTheEnd::Nothing)
}
