//! `galena completions SHELL`

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde_json::json;

use super::CommandLine;
use super::exit::CliError;
use super::output::Report;

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell to complete for
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(args: CompletionsArgs) -> Result<Report, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut CommandLine::command(), "galena", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Report::new(&json!({"shell": args.shell.to_string(), "script": script}), script.clone())
}
