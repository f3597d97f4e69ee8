//! The `galena` command. Everything it does is in the library: see `cli`.

use std::process::ExitCode;

use galena::{cli, config::Environment};

fn main() -> ExitCode {
    cli::run(std::env::args_os(), Environment::of_process()).into()
}
