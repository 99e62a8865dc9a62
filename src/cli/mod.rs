//! The command line: arguments in, one exit code out. One file a command; `output` is the only place that prints.
//!
//! Boundary: it decides nothing about rows. It finds plan, files and databases, calls the layers below, and tells what they found.

mod account;
mod adopt;
mod args;
mod check;
mod context;
mod explain;
mod extract;
mod inspect;
mod interrupt;
mod load;
mod moving;
mod output;
mod prepare;
mod progress;
mod quarantine;
mod report;
mod rollback;
mod run;
mod status;
mod table;
mod test;
mod transform;
mod validate;
mod value;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;

use crate::error::{Error, Exit};
use crate::staging::Moment;
use args::{Cli, Command};
use context::Context;
use output::Output;

/// Does what the arguments (the program's name first) say.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let began = Moment::now();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(output::of_clap(&error)),
    };
    let out = Arc::new(Output::new(&cli.global));
    output::log_to(&out, &cli.global);
    let context = Context { args: &cli.global, out: &out, command: cli.command.word(), began };
    // Programs wait for the closing event, also when we are at fault.
    let ended = catch_unwind(AssertUnwindSafe(|| dispatch(&context, &cli.command)));
    let (exit, reason) = match ended {
        Ok(Ok(exit)) => (exit, exit.word().to_owned()),
        Ok(Err(error)) => {
            out.error(&error, cli.global.show_values);
            (error.exit(), error.to_string())
        }
        Err(_) => {
            out.warn("internal error: this is a bug; what was done is kept, type the same command again");
            (Exit::Failed, "internal error".to_owned())
        }
    };
    out.close(exit, &reason);
    ExitCode::from(exit.code())
}

fn dispatch(context: &Context<'_>, command: &Command) -> Result<Exit, Error> {
    match command {
        Command::Check => check::run(context),
        Command::Test { name } => test::run(context, name.as_deref()),
        Command::Extract(args) => extract::run(context, args),
        Command::Transform(args) => transform::run(context, args),
        Command::Load(args) => load::run(context, args),
        Command::Run(args) => run::run(context, args),
        Command::Adopt => adopt::run(context),
        Command::Rollback(args) => rollback::run(context, args),
        Command::Validate => validate::run(context),
        Command::Status => status::run(context),
        Command::Inspect(args) => inspect::run(context, &args.what),
        Command::Quarantine(args) => quarantine::run(context, &args.what),
        Command::Report(args) => report::run(context, args),
        Command::Explain { code } => explain::run(context, code.as_deref()),
    }
}
