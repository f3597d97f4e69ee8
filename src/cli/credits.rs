//! `galena credits`

use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::client::with_client;
use super::context::Context;
use super::exit::CliError;
use super::output::Report;
use super::remote::RemoteArgs;

#[derive(Debug, Clone, Args)]
pub struct CreditsArgs {
    #[command(flatten)]
    pub remote: RemoteArgs,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Credits {
    available: f64,
    held: f64,
    used: f64,
    plan: String,
}

/// # Errors
/// What the API says no to.
pub fn run(args: &CreditsArgs, context: &Context) -> Result<Report, CliError> {
    with_client(context, &args.remote, async |client| {
        let answer: Value = client.get("/credits", &[]).await?;
        let Credits { available, held, used, plan } = Credits::deserialize(&answer).unwrap_or_default();
        Report::new(&answer, format!("{available} available, {held} held, {used} used (plan {plan})\n"))
    })
}
