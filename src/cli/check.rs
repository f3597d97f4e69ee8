//! `galena check`: through the socket where a server works on the directory, else alone on it.

use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::client::Client;
use super::context::Context;
use super::exit::{CliError, Exit};
use super::house;
use super::logging::Audience;
use super::output::Report;
use super::runtime::block_on;
use crate::app::{self, CheckAloneError};
use crate::store::directory::DataDirectory;

/// The data directory is a global flag, and there is nothing to choose: every agreement is checked.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {}

/// The part of the report that people read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Shown {
    ok: bool,
    findings: Vec<Finding>,
    totals: Map<String, Value>,
    pending: Vec<Pending>,
    counts: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    code: String,
    table: String,
    key: String,
    detail: String,
    remedy: String,
}

#[derive(Debug, Deserialize)]
struct Pending {
    code: String,
    count: u64,
    detail: String,
}

pub fn run(_args: &CheckArgs, context: &Context) -> Result<Report, CliError> {
    let report: Value = block_on(async {
        match Client::of_whoever_answers(context).await? {
            Some(client) => client.post("/check", &json!({})).await,
            None => alone(context).await,
        }
    })?;
    let shown = Shown::deserialize(&report).map_err(|error| {
        CliError::new(Exit::Failed, "NOT_GALENA", "the answer is not understood", error.to_string())
    })?;
    let printed = Report::new(&report, text(&shown))?;
    Ok(if shown.ok { printed } else { printed.ending(Exit::Disagreement) })
}

async fn alone(context: &Context) -> Result<Value, CliError> {
    let failed = |error: &dyn std::fmt::Display| {
        CliError::new(Exit::Failed, "CHECK_FAILED", "the check could not be done", error.to_string())
    };
    let loaded = context.start(Audience::Person, &[])?;
    let directory = DataDirectory::new(&context.data_dir);
    let check = app::check_alone(&loaded.config, directory).await.map_err(|error| match error {
        CheckAloneError::Start(error) => house::refused(error),
        CheckAloneError::Search(error) => failed(&error),
    })?;
    let report = tokio::task::spawn_blocking(move || check.run()).await.map_err(|error| failed(&error))?;
    serde_json::to_value(report.map_err(|error| failed(&error))?).map_err(|error| failed(&error))
}

fn text(report: &Shown) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        text += &format!("{} {} {}: {}\n", finding.code, finding.table, finding.key, finding.detail);
    }
    for (code, total) in &report.totals {
        let told = report.findings.iter().filter(|finding| finding.code == *code).count() as u64;
        let more = total.as_u64().unwrap_or_default().saturating_sub(told);
        if more > 0 {
            text += &format!("{code}: {more} more\n");
        }
        if let Some(finding) = report.findings.iter().find(|finding| finding.code == *code) {
            text += &format!("  what to do: {}\n", finding.remedy);
        }
    }
    for pending in &report.pending {
        text += &format!("pending {}: {} {}\n", pending.code, pending.count, pending.detail);
    }
    let count = |name: &str| report.counts.get(name).and_then(Value::as_u64).unwrap_or_default();
    text += &format!(
        "{}: {} leads in {} lists, {} documents, {} ledger lines, {} events, {} files\n",
        if report.ok { "everything agrees" } else { "not everything agrees" },
        count("leads"),
        count("lists"),
        count("documents"),
        count("ledgerLines"),
        count("events"),
        count("files"),
    );
    text
}
