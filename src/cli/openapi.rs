//! `galena openapi`: the API description, and the reference page of the error codes.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::{CliError, Exit};
use super::output::Report;
use crate::http::{codes, router};

#[derive(Debug, Clone, Args)]
pub struct OpenapiArgs {
    /// File to write to [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The reference page of the error codes instead, as Markdown
    #[arg(long)]
    pub error_codes: bool,
}

/// # Errors
/// When the file cannot be written.
pub fn run(args: OpenapiArgs) -> Result<Report, CliError> {
    let failed = |detail: String| CliError::new(Exit::Failed, "INTERNAL", "the description cannot be written", detail);
    let api = router::openapi();
    let text = if args.error_codes {
        codes::reference_page()
    } else {
        api.to_pretty_json().map_err(|error| failed(error.to_string()))? + "\n"
    };
    match &args.output {
        Some(path) => {
            std::fs::write(path, text).map_err(|error| failed(format!("{}: {error}", path.display())))?;
            Report::new(&serde_json::json!({ "file": path }), format!("{}\n", shown(path)))
        }
        None if args.error_codes => {
            Report::new(&codes::Code::ALL.iter().map(|code| code.text()).collect::<Vec<_>>(), text)
        }
        None => Report::new(&api, text),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
