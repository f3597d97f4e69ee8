//! Step 3: the built-in providers look at addresses, numbers, names, titles and companies. They need no key.

use serde::Deserialize;
use serde_json::json;

use super::figures::Enrichment;
use super::narration::{Narration, counted};
use crate::cli::client::Client;
use crate::cli::exit::{CliError, Exit};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    job_id: String,
    status: String,
    #[serde(default)]
    progress: Progress,
    #[serde(default)]
    credits_used: f64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Progress {
    total: u64,
    processed: u64,
    successful: u64,
    failed: u64,
    skipped: u64,
}

/// Also where others could be asked.
const BUILT_IN: [&str; 5] = ["galena.email", "galena.phone", "galena.name", "galena.title", "galena.company"];

pub async fn enrich(client: &Client, told: &Narration, list: &str) -> Result<Enrichment, CliError> {
    told.step(3, "Checking with the built-in providers: e-mail, phone, name, title, company");
    let began = client.clock().monotonic();
    let order = json!({"listId": list, "sources": BUILT_IN, "options": {"enrichmentLevel": "basic"}});
    let started: Job = client.post("/leads/enrich", &order).await?;
    let bar = told.bar("checking", Some(started.progress.total));
    let seen = |job: &Job| {
        bar.set_length(job.progress.total);
        bar.set_position(job.progress.processed);
    };
    let done = |job: &Job| !matches!(job.status.as_str(), "pending" | "processing");
    let job = client.watch(&format!("/leads/enrich/{}", started.job_id), seen, done).await?;
    bar.finish_and_clear();
    if job.status != "completed" {
        let detail = format!("the job is {}", job.status);
        return Err(CliError::new(Exit::Failed, "ENRICHMENT_FAILED", "the enrichment did not complete", detail));
    }
    let seconds = (client.clock().monotonic() - began).as_secs_f64();
    let Progress { processed, successful, failed, skipped, .. } = job.progress;
    told.fact(&format!(
        "{} in {seconds:.1} s: {} checked, {skipped} with nothing to check, {failed} failed",
        counted(processed, "lead", "leads"),
        successful
    ));
    Ok(Enrichment {
        job_id: job.job_id,
        leads: processed,
        successful,
        failed,
        skipped,
        credits_used: job.credits_used,
        seconds,
    })
}
