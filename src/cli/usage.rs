//! The ends of a command line that never becomes a command: help, version, and what is not understood.

use std::ffi::OsString;

use clap::error::ErrorKind;
use serde_json::json;

use super::exit::{CliError, Exit};
use super::output::{self, Reader, Report};

/// Prints what clap has to say, as text or as the one JSON document.
pub fn conclude(stopped: &clap::Error, arguments: &[OsString]) -> Exit {
    let reader = reader(arguments);
    let text = stopped.render().to_string();
    match (stopped.kind(), reader) {
        (ErrorKind::DisplayHelp, Reader::Program) => {
            output::conclude(Ok(Report::Document { json: json!({"help": text}), text: String::new() }), reader)
        }
        (ErrorKind::DisplayVersion, Reader::Program) => {
            let version = json!({"name": "galena", "version": env!("CARGO_PKG_VERSION")});
            output::conclude(Ok(Report::Document { json: version, text: String::new() }), reader)
        }
        (_, Reader::Program) => {
            let detail = text.trim_start_matches("error: ").trim_end();
            output::conclude(Err(CliError::usage(detail).with_hint("galena --help shows the commands")), reader)
        }
        (kind, Reader::Person) => {
            // Nobody can be told when even this cannot be printed.
            let _ = stopped.print();
            match kind {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
                _ => Exit::Usage,
            }
        }
    }
}

/// `--json` is honoured also where the rest is not understood.
fn reader(arguments: &[OsString]) -> Reader {
    let flags = arguments.iter().skip(1).take_while(|argument| *argument != "--");
    if flags.into_iter().any(|argument| argument == "--json") { Reader::Program } else { Reader::Person }
}
