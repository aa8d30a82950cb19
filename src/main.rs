//! The program: reads the command line, runs the command, returns its exit code.

use revox_mirror::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match cli::read_arguments() {
        Ok(arguments) => arguments,
        Err(exit) => return exit.into(),
    };
    cli::run(&arguments).into()
}
