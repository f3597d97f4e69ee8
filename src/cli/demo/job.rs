//! A job of the demo: ordered, watched until it is over.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::narration::Narration;
use crate::cli::client::Client;
use crate::cli::exit::{CliError, Exit};

/// What is read of every job, beside what a step of the demo wants to know of its own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job<More> {
    pub job_id: String,
    status: String,
    #[serde(default)]
    pub progress: Progress,
    #[serde(default)]
    pub credits_used: f64,
    #[serde(flatten)]
    pub more: More,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Progress {
    pub total: u64,
    pub processed: u64,
    pub successful: u64,
    pub failed: u64,
    pub skipped: u64,
}

/// Orders an enrichment and shows how far it is.
///
/// # Errors
/// What the API says no to, and a job that does not complete.
pub async fn enriched<More: DeserializeOwned>(
    client: &Client,
    told: &Narration,
    (doing, order): (&'static str, &Value),
) -> Result<Job<More>, CliError> {
    let started: Job<serde::de::IgnoredAny> = client.post("/leads/enrich", order).await?;
    let bar = told.bar(doing, Some(started.progress.total));
    let seen = |job: &Job<More>| {
        bar.set_length(job.progress.total);
        bar.set_position(job.progress.processed);
    };
    let done = |job: &Job<More>| !matches!(job.status.as_str(), "pending" | "processing");
    let job = client.watch(&format!("/leads/enrich/{}", started.job_id), seen, done).await?;
    bar.finish_and_clear();
    if job.status != "completed" {
        let detail = format!("the job is {}", job.status);
        return Err(CliError::new(Exit::Failed, "ENRICHMENT_FAILED", "the enrichment did not complete", detail));
    }
    Ok(job)
}
