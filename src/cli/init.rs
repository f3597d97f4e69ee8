//! `galena init`: prepares a data directory without a browser.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::exit::{CliError, Exit};
use super::house;
use super::logging::Audience;
use super::output::Report;
use super::{runtime, secret_input};
use crate::app::set_up::{self, FirstOwner, SetUpError};
use crate::http::Problem;
use crate::store::crypt::Secret;
use crate::store::{Origin, Reject, SubmitError};

/// How long the actors have to end; an empty house needs none of it.
const STOP_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// E-mail address of the first owner
    #[arg(long, value_name = "EMAIL")]
    pub admin_email: String,
    /// File that holds the owner's password; - reads it from standard input
    #[arg(long, value_name = "FILE")]
    pub admin_password_file: PathBuf,
    /// Name of the first workspace
    #[arg(long, value_name = "NAME", default_value = "Main")]
    pub workspace_name: String,
}

/// # Errors
/// When the directory is in use (exit 5), set up already, or cannot be written.
pub fn run(args: InitArgs, context: &Context) -> Result<Report, CliError> {
    let loaded = context.start(Audience::Person, &[])?;
    let password = secret_input::read(&args.admin_password_file)?;
    runtime::block_on(async {
        let running = house::start(loaded.config, &context.data_dir).await?;
        let first = FirstOwner {
            email: args.admin_email,
            password: Secret::new(password.expose()),
            workspace_name: args.workspace_name,
            token: None,
            sandbox: false,
        };
        let origin = Origin::system(running.app.deps.clock.now());
        let made = set_up::set_up(&running.app, first, origin).await;
        running.stop(STOP_WITHIN).await;
        let made = made.map_err(refused)?;
        let (workspace, key) = (made.workspace.to_string(), made.key.expose().to_owned());
        let text = format!(
            "The data directory {} is ready.\n\nworkspace  {workspace}\nAPI key    {key}\n\nThe key may do everything \
             in its workspace and is shown only now.\nStart the server with: galena serve\n",
            context.data_dir.display()
        );
        Report::new(&json!({ "workspaceId": workspace, "apiKey": key }), text)
    })
}

fn refused(error: SetUpError) -> CliError {
    match error {
        SetUpError::NotAnEmail | SetUpError::ShortPassword(_) => CliError::usage(error.to_string()),
        SetUpError::Submit(SubmitError::Rejected(reject @ Reject::Conflict(_))) => {
            let problem = Problem::from(reject);
            let detail = problem.detail.unwrap_or_default();
            CliError::new(Exit::Failed, problem.code.text(), problem.code.title(), detail)
                .with_hint("galena user and galena key work on a directory that is set up")
        }
        other => CliError::new(Exit::Failed, "INTERNAL", "the data directory is not set up", other.to_string()),
    }
}
