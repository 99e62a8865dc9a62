//! The program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    etl::cli::run(std::env::args_os())
}
