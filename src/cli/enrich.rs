//! `galena enrich`

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::client::{Client, with_client};
use super::context::Context;
use super::exit::{CliError, Exit};
use super::output::{Report, progress};
use super::remote::RemoteArgs;

#[derive(Debug, Clone, Args)]
pub struct EnrichArgs {
    /// List whose leads are enriched
    #[arg(long, value_name = "NAME")]
    pub list: String,
    /// How much to find out [default: the template of the workspace, else standard]
    #[arg(long, value_enum, conflicts_with = "template")]
    pub level: Option<Level>,
    /// Template by which it is found out
    #[arg(long, value_name = "SLUG")]
    pub template: Option<String>,
    /// Only these providers
    #[arg(long, value_name = "SLUG,...", value_delimiter = ',')]
    pub sources: Vec<String>,
    /// A try on so many leads
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub sample: Option<u64>,
    /// Most credits to spend; the job pauses before it would spend more
    #[arg(long, value_name = "CREDITS", value_parser = credits)]
    pub spend_limit: Option<f64>,
    /// Most leads to enrich
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_leads: Option<u64>,
    /// Enrich also what is there already
    #[arg(long)]
    pub refresh: bool,
    /// Accept the terms of enrichment for the workspace, once; needed before the first provider is asked
    #[arg(long)]
    pub accept_terms: bool,
    /// Only say what it would cost
    #[arg(long)]
    pub estimate: bool,
    #[command(flatten)]
    pub remote: RemoteArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
    Basic,
    Standard,
    Premium,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Standard => "standard",
            Self::Premium => "premium",
        }
    }
}

/// What the command needs of a job.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    status: String,
    pause_reason: Option<String>,
    total_leads: u64,
    leads_left: u64,
    credits_used: f64,
    progress: Progress,
    results: Results,
}

#[derive(Debug, Deserialize)]
struct Progress {
    processed: u64,
    skipped: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    enriched: u64,
    no_data_found: u64,
    failed: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Estimate {
    total_leads: u64,
    leads_queued: u64,
    leads_skipped: u64,
    estimate: Range,
    /// `measured` or `declared`
    basis: String,
    estimated_duration: u64,
    available: f64,
}

#[derive(Debug, Deserialize)]
struct Range {
    best: f64,
    typical: f64,
    worst: f64,
}

pub fn run(args: &EnrichArgs, context: &Context) -> Result<Report, CliError> {
    with_client(context, &args.remote, async |client| {
        let list = client.list_that_is(&args.list).await?;
        let order = order(args, &list.id);
        if args.estimate {
            let answer: Value = client.post("/leads/enrich/estimate", &order).await?;
            let estimate: Estimate = read(&answer)?;
            return Report::new(&answer, estimate_text(&estimate));
        }
        if args.accept_terms {
            let _accepted: Value = client.post("/settings/terms", &json!({})).await?;
        }
        enrich(client, &order).await
    })
}

fn order(args: &EnrichArgs, list: &str) -> Value {
    let mut options = Map::new();
    options.extend(args.level.map(|level| ("enrichmentLevel".to_owned(), json!(level.name()))));
    options.extend(args.template.as_ref().map(|slug| ("templateId".to_owned(), json!(slug))));
    options.extend(args.sample.map(|leads| ("sample".to_owned(), json!(leads))));
    options.extend(args.spend_limit.map(|credits| ("spendLimit".to_owned(), json!(credits))));
    options.extend(args.max_leads.map(|most| ("maxLeads".to_owned(), json!(most))));
    if args.refresh {
        options.insert("refresh".to_owned(), json!(true));
    }
    let mut order = json!({ "listId": list, "options": options });
    if !args.sources.is_empty() {
        order["sources"] = json!(args.sources);
    }
    order
}

/// A number of credits, not below zero.
fn credits(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number of credits".to_owned())?;
    if number.is_finite() && number >= 0.0 { Ok(number) } else { Err("expected a number of credits".to_owned()) }
}

async fn enrich(client: &Client, order: &Value) -> Result<Report, CliError> {
    let made: Value = client.post("/leads/enrich", order).await?;
    let id = made.get("jobId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let bar = progress("leads", None);
    let seen = |answer: &Value| {
        if let Ok(job) = Job::deserialize(answer) {
            bar.set_length(job.total_leads);
            bar.set_position(job.progress.processed);
        }
    };
    let going_on = ["pending", "processing"];
    let done = |answer: &Value| !answer.get("status").and_then(Value::as_str).is_some_and(|s| going_on.contains(&s));
    let answer = client.watch(&format!("/leads/enrich/{id}"), seen, done).await?;
    bar.finish_and_clear();
    let job: Job = read(&answer)?;
    let exit = match (job.status.as_str(), job.pause_reason.as_deref()) {
        ("completed", _) => Exit::Done,
        ("paused", Some("INSUFFICIENT_CREDITS" | "SPEND_LIMIT")) => Exit::NotEnoughCredits,
        _ => Exit::Failed,
    };
    let report = Report::new(&answer, job_text(&job))?;
    Ok(if exit == Exit::Done { report } else { report.ending(exit) })
}

fn read<'a, T: Deserialize<'a>>(answer: &'a Value) -> Result<T, CliError> {
    T::deserialize(answer).map_err(|error| {
        CliError::new(Exit::Failed, "NOT_GALENA", "the answer is not one of a Galena server", error.to_string())
    })
}

fn job_text(job: &Job) -> String {
    let Results { enriched, no_data_found, failed } = job.results;
    let mut text = format!(
        "{enriched} enriched, {no_data_found} without data, {failed} failed, {} passed over; {} credits\n",
        job.progress.skipped, job.credits_used
    );
    if job.status != "completed" {
        let why = job.pause_reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        text.push_str(&format!("the job is {}{why}, {} leads are left\n", job.status, job.leads_left));
    }
    text
}

fn estimate_text(estimate: &Estimate) -> String {
    let Range { best, typical, worst } = estimate.estimate;
    let Estimate { total_leads, leads_queued, leads_skipped, available, .. } = estimate;
    let basis = if estimate.basis == "measured" { "what was measured here" } else { "declared figures" };
    format!(
        "{leads_queued} of {total_leads} leads ({leads_skipped} passed over), about {typical} credits, {best} to \
         {worst}, by {basis}; {available} are available\nabout {} s\n",
        estimate.estimated_duration
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_stopped_early_says_why_and_what_is_left() {
        let job = Job {
            status: "paused".to_owned(),
            pause_reason: Some("INSUFFICIENT_CREDITS".to_owned()),
            total_leads: 10,
            leads_left: 4,
            credits_used: 1.5,
            progress: Progress { processed: 6, skipped: 1 },
            results: Results { enriched: 3, no_data_found: 1, failed: 1 },
        };
        assert_eq!(
            job_text(&job),
            "3 enriched, 1 without data, 1 failed, 1 passed over; 1.5 credits\n\
             the job is paused (INSUFFICIENT_CREDITS), 4 leads are left\n"
        );
    }
}
