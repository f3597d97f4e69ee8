//! Step 3 of a sandbox: the waterfall asks played providers, and the account says what it would have cost.

use serde::Deserialize;
use serde_json::json;

use super::figures::Played;
use super::job::{Job, enriched};
use super::narration::{Narration, counted};
use crate::cli::client::Client;
use crate::cli::exit::CliError;

/// Leads that are played with: enough to see the funnel, few enough to wait for.
const SAMPLE: u64 = 60;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Estimate {
    leads_queued: u64,
    estimate: Credits,
}

#[derive(Deserialize)]
struct Credits {
    best: f64,
    typical: f64,
    worst: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    cost: Money,
    calls: u64,
    known_answers: u64,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Money {
    amount: String,
    currency: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    data_point: String,
    provider: String,
    funnel: Option<Funnel>,
}

#[derive(Deserialize)]
struct Funnel {
    asked: u64,
    found: u64,
    accepted: u64,
    cost: Money,
}

pub async fn play(client: &Client, told: &Narration, list: &str) -> Result<Played, CliError> {
    told.fact("");
    told.fact("The same leads through a waterfall of paid providers. They are played: nothing leaves the box.");
    let began = client.clock().monotonic();
    let options = json!({"enrichmentLevel": "standard", "skipEnriched": false, "sample": SAMPLE});
    let order = json!({"listId": list, "options": options});
    let estimate: Estimate = client.post("/leads/enrich/estimate", &order).await?;
    let Credits { best, typical, worst } = estimate.estimate;
    told.fact(&format!(
        "estimate for {}: {best:.2} at best, {typical:.2} typically, {worst:.2} credits at worst",
        counted(estimate.leads_queued, "lead", "leads")
    ));
    let job: Job<Account> = enriched(client, told, ("enriching", &order)).await?;
    for step in &job.more.steps {
        let Some(funnel) = step.funnel.as_ref().filter(|funnel| funnel.asked > 0) else { continue };
        told.fact(&format!(
            "{:<16}{:<18}{:>4} asked {:>4} found {:>4} accepted  {} {}",
            step.data_point,
            step.provider,
            funnel.asked,
            funnel.found,
            funnel.accepted,
            funnel.cost.amount,
            funnel.cost.currency
        ));
    }
    let seconds = (client.clock().monotonic() - began).as_secs_f64();
    Ok(Played {
        job_id: job.job_id,
        leads: job.progress.processed,
        best,
        typical,
        worst,
        credits_used: job.credits_used,
        cost: format!("{} {}", job.more.cost.amount, job.more.cost.currency),
        calls: job.more.calls,
        known: job.more.known_answers,
        seconds,
    })
}
