//! `galena config print | check`

use clap::{Args, Subcommand};
use serde_json::json;

use super::context::Context;
use super::exit::CliError;
use super::output::{self, Reader, Report};
use crate::config::{Config, printed};

#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    action: ConfigAction,
}

#[derive(Debug, Subcommand)]
enum ConfigAction {
    /// Print the configuration that holds, as a commented file without secrets
    Print {
        /// Print the built-in defaults instead
        #[arg(long)]
        defaults: bool,
    },
    /// Check the configuration and say where it came from
    Check,
}

pub fn run(args: ConfigArgs, context: &Context) -> Result<Report, CliError> {
    match args.action {
        ConfigAction::Print { defaults: true } => {
            let config = Config::default();
            Report::new(&json!({"file": null, "config": config}), printed(&config))
        }
        ConfigAction::Print { defaults: false } => {
            let loaded = context.load(&[])?;
            Report::new(&json!({"file": loaded.file, "config": loaded.config}), printed(&loaded.config))
        }
        ConfigAction::Check => {
            let loaded = context.load(&[])?;
            // A program finds them in the document.
            if context.reader() == Reader::Person {
                loaded.warnings.iter().for_each(|warning| output::note(&format!("warning: {warning}")));
            }
            let source = match &loaded.file {
                Some(path) => path.display().to_string(),
                None => "built-in defaults, no file".to_owned(),
            };
            let text =
                format!("the configuration is valid ({source})\ndata directory: {}\n", context.data_dir.display());
            let document = json!({
                "valid": true,
                "file": loaded.file,
                "dataDir": context.data_dir,
                "warnings": loaded.warnings,
            });
            Report::new(&document, text)
        }
    }
}
