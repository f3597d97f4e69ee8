//! Step 3: the built-in providers look at addresses, numbers, names, titles and companies. They need no key.

use serde::de::IgnoredAny;
use serde_json::json;

use super::figures::Enrichment;
use super::job::{Job, Progress, enriched};
use super::narration::{Narration, counted};
use crate::cli::client::Client;
use crate::cli::exit::CliError;

/// Also where others could be asked.
const BUILT_IN: [&str; 5] = ["galena.email", "galena.phone", "galena.name", "galena.title", "galena.company"];

pub async fn enrich(client: &Client, told: &Narration, list: &str) -> Result<Enrichment, CliError> {
    told.step(3, "Checking with the built-in providers: e-mail, phone, name, title, company");
    let began = client.clock().monotonic();
    let order = json!({"listId": list, "sources": BUILT_IN, "options": {"enrichmentLevel": "basic"}});
    let job: Job<IgnoredAny> = enriched(client, told, ("checking", &order)).await?;
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
