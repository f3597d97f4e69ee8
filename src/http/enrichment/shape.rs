//! A job, its items and an estimate as the API shows them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::conflicts::Conflict;
use super::order::{Prepared, source_word};
use crate::domain::enrichment::{JobStatus, JobStep, Level, Measured, Priority};
use crate::domain::id::{AttemptId, ItemId, JobId, LeadId, ListId};
use crate::domain::time::Time;
use crate::http::leads::LeadView;
use crate::store::records::attempt::Attempt;
use crate::store::records::item::Item;
use crate::store::records::job::{Estimate, Funnel, Job, LeftOut};
use crate::store::records::value::FieldValue;

/// An enrichment job. `id` and `jobId`, `estimatedDuration` and `estimatedTime` (both seconds) say the same, for clients of
/// either document.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Job)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    id: JobId,
    job_id: JobId,
    /// `pending`, `processing`, `paused`, `completed`, `failed` or `cancelled`
    status: &'static str,
    /// `queued` or `partial`, where the status alone does not say it
    detail: Option<&'static str>,
    /// Why it is paused: `USER`, `INSUFFICIENT_CREDITS`, `SPEND_LIMIT`, `PROVIDER_NOT_CONFIGURED`
    pause_reason: Option<&'static str>,
    /// `batch` or `individual`
    job_type: &'static str,
    list_id: Option<ListId>,
    enrichment_level: Level,
    priority: Priority,
    total_leads: u64,
    leads_queued: u64,
    /// Leads that were not worked on yet
    leads_left: u64,
    /// Calls whose result is not known yet; after a stop they end and are recorded
    calls_in_flight: usize,
    estimated_credits: f64,
    estimate: EstimateCredits,
    estimated_duration: u64,
    estimated_time: u64,
    progress: Progress,
    results: Results,
    counts: Counts,
    breakdown: BreakdownView,
    credits_used: f64,
    credits_held: f64,
    cost: Money,
    /// Seconds until it is done, from what it did so far
    eta: Option<u64>,
    /// The same as a range: the fewer leads are done, the wider
    eta_range: Option<EtaRange>,
    /// What it waits for, such as `hunter limited until 2026-01-01T14:02:00Z`
    waiting_for: Vec<String>,
    /// Calls made
    calls: u64,
    /// Answers that were known already and cost nothing
    known_answers: u64,
    /// `slug@version` of the template it was planned from
    template: Option<String>,
    /// The sample whose rest it is
    rest_of: Option<JobId>,
    /// The job of the leads that this sample left
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<JobId>,
    steps: Vec<StepView>,
    /// Steps of the template that nobody can take now
    left_out: Vec<LeftOutView>,
    error: Option<String>,
    start_at: Option<Time>,
    created_at: Time,
    started_at: Option<Time>,
    completed_at: Option<Time>,
}

#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
pub struct EstimateCredits {
    best: f64,
    typical: f64,
    worst: f64,
}

#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[schema(as = JobProgress)]
pub struct Progress {
    total: u64,
    processed: u64,
    successful: u64,
    failed: u64,
    skipped: u64,
    /// 0 to 100
    percentage: u64,
}

#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[schema(as = JobResults)]
#[serde(rename_all = "camelCase")]
pub struct Results {
    enriched: u64,
    no_data_found: u64,
    failed: u64,
}

/// Items by state.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[schema(as = JobCounts)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    queued: u64,
    running: u64,
    waiting: u64,
    found: u64,
    partial: u64,
    not_found: u64,
    failed: u64,
    skipped: u64,
    cancelled: u64,
}

#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[schema(as = JobBreakdown)]
pub struct BreakdownView {
    email: EmailBreakdown,
    phone: PhoneBreakdown,
    linkedin: FoundBreakdown,
    company: FoundBreakdown,
}

#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
pub struct EmailBreakdown {
    found: u64,
    verified: u64,
}

#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
pub struct PhoneBreakdown {
    found: u64,
    mobile: u64,
}

#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
pub struct FoundBreakdown {
    found: u64,
}

/// A decimal with four to six places, and its currency.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Money {
    #[schema(example = "0.0080")]
    amount: String,
    currency: &'static str,
}

impl Money {
    pub(in crate::http) fn millionths(millionths: u64) -> Self {
        let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
        let cut = text.strip_suffix("00").or_else(|| text.strip_suffix('0')).unwrap_or(&text);
        Self { amount: cut.to_owned(), currency: "USD" }
    }
}

/// Seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct EtaRange {
    soonest: u64,
    latest: u64,
}

/// A step that is not taken.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = LeftOutStep)]
#[serde(rename_all = "camelCase")]
pub struct LeftOutView {
    data_point: &'static str,
    provider: String,
    /// `no key`, `switched off`, `not set up`, `cannot do that`
    reason: String,
}

impl From<&LeftOut> for LeftOutView {
    fn from(step: &LeftOut) -> Self {
        Self { data_point: step.point.name(), provider: step.provider.clone(), reason: step.reason.clone() }
    }
}

/// What a step came to so far.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = StepFunnel)]
#[serde(rename_all = "camelCase")]
pub struct FunnelView {
    /// Leads that were asked about
    asked: u64,
    answered: u64,
    found: u64,
    accepted: u64,
    /// Answers that were known already
    known: u64,
    failed: u64,
    cost: Money,
    credits: f64,
    /// Milliseconds
    p50: Option<u64>,
    p95: Option<u64>,
}

impl From<&Measured> for FunnelView {
    fn from(measured: &Measured) -> Self {
        let quantile = |hundredths| {
            let latency = measured.latencies.quantile(hundredths);
            latency.map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX))
        };
        Self {
            asked: measured.asked,
            answered: measured.answered,
            found: measured.found,
            accepted: measured.accepted,
            known: measured.known,
            failed: measured.failed,
            cost: Money::millionths(measured.cost),
            credits: credits(measured.credits),
            p50: quantile(50),
            p95: quantile(95),
        }
    }
}

/// One step of the template: whom is asked for what.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = JobStep)]
#[serde(rename_all = "camelCase")]
pub struct StepView {
    data_point: &'static str,
    provider: String,
    operation: &'static str,
    /// `built_in`, `workspace_key` or `install_key`
    source: &'static str,
    /// It confirms what the step before it found
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    validates: bool,
    /// What it came to; only for a single job
    #[serde(skip_serializing_if = "Option::is_none")]
    funnel: Option<FunnelView>,
}

impl From<&JobStep> for StepView {
    fn from(step: &JobStep) -> Self {
        Self {
            data_point: step.point.name(),
            provider: step.provider.clone(),
            operation: step.operation.name(),
            source: source_word(step.source),
            validates: step.validates,
            funnel: None,
        }
    }
}

/// Hundredths as the number that the API shows.
#[allow(clippy::cast_precision_loss)] // credits stay far below 2^53 hundredths
pub(in crate::http) fn credits(hundredths: u64) -> f64 {
    hundredths as f64 / 100.0
}

fn estimate_credits(estimate: &Estimate) -> EstimateCredits {
    EstimateCredits { best: credits(estimate.best), typical: credits(estimate.typical), worst: credits(estimate.worst) }
}

impl JobView {
    /// With what each step came to, and what it waits for.
    pub(super) fn in_full(mut self, funnel: &Funnel, waiting_for: Vec<String>) -> Self {
        for (step, measured) in self.steps.iter_mut().zip(&funnel.steps) {
            step.funnel = Some(measured.into());
        }
        self.waiting_for = waiting_for;
        self
    }

    pub(super) fn new(id: JobId, job: Job, now: Time, calls_in_flight: usize) -> Self {
        let (total, counts) = (job.total(), job.counts);
        let processed = counts.processed();
        Self {
            id,
            job_id: id,
            status: job.status.name(),
            detail: match job.status {
                JobStatus::Pending => Some("queued"),
                JobStatus::Completed if counts.failed > 0 => Some("partial"),
                _ => None,
            },
            pause_reason: match job.status {
                JobStatus::Paused(reason) => Some(reason.name()),
                _ => None,
            },
            job_type: if job.individual { "individual" } else { "batch" },
            list_id: job.list,
            enrichment_level: job.options.level,
            priority: job.options.priority,
            total_leads: total,
            leads_queued: if job.fill.done { job.fill.taken } else { job.estimate.leads },
            leads_left: job.left(),
            calls_in_flight,
            estimated_credits: credits(job.estimate.typical),
            estimate: estimate_credits(&job.estimate),
            estimated_duration: job.estimate.seconds,
            estimated_time: job.estimate.seconds,
            progress: Progress {
                total,
                processed,
                successful: counts.successful(),
                failed: counts.failed,
                skipped: counts.skipped,
                percentage: match (processed * 100).checked_div(total) {
                    Some(percentage) => percentage,
                    None if job.status.is_over() => 100,
                    None => 0,
                },
            },
            results: Results { enriched: counts.successful(), no_data_found: counts.not_found, failed: counts.failed },
            counts: Counts {
                queued: counts.queued,
                running: counts.running,
                waiting: counts.waiting,
                found: counts.found,
                partial: counts.partial,
                not_found: counts.not_found,
                failed: counts.failed,
                skipped: counts.skipped,
                cancelled: counts.cancelled,
            },
            breakdown: BreakdownView {
                email: EmailBreakdown { found: job.breakdown.email_found, verified: job.breakdown.email_verified },
                phone: PhoneBreakdown { found: job.breakdown.phone_found, mobile: job.breakdown.phone_mobile },
                linkedin: FoundBreakdown { found: job.breakdown.linkedin_found },
                company: FoundBreakdown { found: job.breakdown.company_found },
            },
            credits_used: credits(job.credits_used),
            credits_held: credits(job.held),
            cost: Money::millionths(job.cost),
            eta: eta(&job, now),
            eta_range: eta_range(&job, now),
            waiting_for: Vec::new(),
            calls: job.calls,
            known_answers: job.known,
            template: job.template.as_ref().map(|template| format!("{}@{}", template.slug, template.version)),
            rest_of: job.rest_of,
            rest: job.rest,
            left_out: job.left_out.iter().map(LeftOutView::from).collect(),
            steps: job.steps.iter().map(StepView::from).collect(),
            error: job.error,
            start_at: job.options.start_at,
            created_at: job.created_at,
            started_at: job.started_at,
            completed_at: job.completed_at,
        }
    }
}

/// As far around it as so many leads leave open.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // far below 2^53
fn eta_range(job: &Job, now: Time) -> Option<EtaRange> {
    let eta = eta(job, now)? as f64;
    let around = 1.0 + 2.0 / (job.counts.processed().max(1) as f64).sqrt();
    Some(EtaRange { soonest: (eta / around).floor() as u64, latest: (eta * around).ceil() as u64 })
}

/// As long per lead as it took so far.
fn eta(job: &Job, now: Time) -> Option<u64> {
    if job.status != JobStatus::Processing {
        return None;
    }
    let worked = job.counts.processed().saturating_sub(job.counts.skipped);
    let spent = now.since(job.started_at?).as_millis();
    let left = u128::from(job.left());
    u64::try_from((spent * left).checked_div(u128::from(worked))?.div_ceil(1_000)).ok()
}

/// What an order would take. `estimatedCredits` is the typical figure; what is charged never exceeds `worst`.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Estimate)]
#[serde(rename_all = "camelCase")]
pub struct EstimateView {
    total_leads: u64,
    /// Those that are not passed over
    leads_queued: u64,
    leads_skipped: u64,
    /// Why, and how many
    skipped: BTreeMap<&'static str, u64>,
    /// `measured`: what leads came to under the same steps on this install; `declared`: nothing of that kind ran yet
    basis: &'static str,
    cost: EstimateMoney,
    estimated_credits: f64,
    estimate: EstimateCredits,
    estimated_duration: u64,
    estimated_time: u64,
    available: f64,
    /// Whether the job would start
    affordable: bool,
    /// How many leads the credits are enough for; `null`: all, they cost nothing
    affordable_leads: Option<u64>,
    /// Most credits of one lead
    price_per_lead: f64,
    steps: Vec<StepView>,
    /// Steps of the template that nobody can take now
    left_out: Vec<LeftOutView>,
    /// The order would be refused: the terms of enrichment are not accepted (`POST /settings/terms`)
    needs_terms: bool,
}

/// What providers will bill the operator.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct EstimateMoney {
    best: Money,
    typical: Money,
    worst: Money,
}

impl EstimateView {
    pub(super) fn new(prepared: &Prepared) -> Self {
        let estimate = &prepared.new.estimate;
        let options = &prepared.new.options;
        let goes_anyway = options.partial || options.spend_limit.is_some();
        Self {
            total_leads: estimate.selected,
            leads_queued: estimate.leads,
            leads_skipped: estimate.selected - estimate.leads,
            skipped: prepared.skipped.clone(),
            basis: if estimate.is_measured { "measured" } else { "declared" },
            cost: EstimateMoney {
                best: Money::millionths(estimate.cost_best),
                typical: Money::millionths(estimate.cost_typical),
                worst: Money::millionths(estimate.cost_worst),
            },
            estimated_credits: credits(estimate.typical),
            estimate: estimate_credits(estimate),
            estimated_duration: estimate.seconds,
            estimated_time: estimate.seconds,
            available: credits(prepared.available),
            affordable: goes_anyway || estimate.typical <= prepared.available,
            affordable_leads: prepared.affordable_leads(),
            price_per_lead: credits(prepared.worst_price()),
            steps: prepared.new.steps.iter().map(StepView::from).collect(),
            left_out: prepared.new.left_out.iter().map(LeftOutView::from).collect(),
            needs_terms: prepared.needs_terms,
        }
    }
}

/// One lead of a job.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = JobItem)]
#[serde(rename_all = "camelCase")]
pub struct ItemView {
    id: ItemId,
    lead_id: LeadId,
    /// `queued`, `running`, `waiting`, `found`, `partial`, `not_found`, `failed`, `skipped` or `cancelled`
    status: &'static str,
    /// Why it waits or was passed over
    reason: Option<&'static str>,
    attempts: u32,
    error: Option<String>,
    credits_used: f64,
    due_at: Option<Time>,
    started_at: Option<Time>,
    finished_at: Option<Time>,
}

impl ItemView {
    pub(super) fn new(id: ItemId, item: Item) -> Self {
        Self {
            id,
            lead_id: item.lead,
            status: item.state.name(),
            reason: item.state.reason(),
            attempts: item.attempts,
            error: item.error,
            credits_used: credits(item.charged),
            due_at: (!item.state.is_terminal()).then_some(item.due),
            started_at: item.started_at,
            finished_at: item.finished_at,
        }
    }
}

/// A single lead after its enrichment.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct EnrichedLead {
    pub job: JobView,
    /// As it is now; absent while the job goes on
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead: Option<LeadView>,
}

/// Everything that was found for a lead, and every call that was made for it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = LeadEnrichment)]
#[serde(rename_all = "camelCase")]
pub struct LeadEnrichmentView {
    pub lead_id: LeadId,
    pub enrichment_status: &'static str,
    pub email_status: Option<&'static str>,
    pub enriched_at: Option<Time>,
    pub enrichment_job_id: Option<JobId>,
    /// In the form of PRD-11, appendix B
    #[schema(value_type = Object)]
    pub enriched: Map<String, Value>,
    /// By field: the value that counts today and its source
    #[schema(value_type = Object)]
    pub provenance: Map<String, Value>,
    /// All values, also those that lost
    pub values: Vec<ValueView>,
    /// By field: what was found and is not the value that counts, the newest first
    pub alternatives: BTreeMap<String, Vec<ValueView>>,
    /// Fields that sources do not agree about
    pub conflicts: Vec<Conflict>,
    /// The latest calls, newest first
    pub attempts: Vec<AttemptView>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = FoundValue)]
#[serde(rename_all = "camelCase")]
pub struct ValueView {
    field: String,
    value: String,
    provider: String,
    operation: &'static str,
    at: Time,
    /// 0.00 to 1.00
    confidence: f64,
    /// It settled what was asked
    accepted: bool,
    credits: f64,
    cost: Money,
    job_id: Option<JobId>,
    /// What was seen
    #[schema(value_type = Option<Object>)]
    evidence: Option<Value>,
    /// It was played: nobody was asked
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sandbox: bool,
}

impl ValueView {
    pub(super) fn new(field: String, value: FieldValue) -> Self {
        Self {
            field,
            value: value.value,
            provider: value.provider,
            operation: value.operation.name(),
            at: value.at,
            confidence: value.confidence.as_fraction(),
            accepted: value.accepted,
            credits: credits(value.credits),
            cost: Money::millionths(value.cost),
            job_id: value.job,
            sandbox: value.sandbox,
            evidence: value.evidence.and_then(|text| serde_json::from_str(&text).ok()),
        }
    }
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Attempt)]
#[serde(rename_all = "camelCase")]
pub struct AttemptView {
    id: AttemptId,
    job_id: JobId,
    provider: String,
    operation: &'static str,
    data_point: &'static str,
    /// `found`, `partial`, `not_found`, `broken`, …; `null` while the call goes on
    outcome: Option<String>,
    detail: Option<String>,
    /// What of the lead the provider was told
    fields: Vec<String>,
    /// The answer was known: nobody was called
    cached: bool,
    /// Why credits were charged or not
    receipt: Option<String>,
    credits: f64,
    cost: Money,
    started_at: Time,
    ended_at: Option<Time>,
}

impl AttemptView {
    pub(super) fn new(id: AttemptId, attempt: Attempt) -> Self {
        Self {
            id,
            job_id: attempt.job,
            provider: attempt.provider,
            operation: attempt.operation.name(),
            data_point: attempt.point.name(),
            outcome: attempt.outcome,
            detail: attempt.detail,
            fields: attempt.fields,
            cached: attempt.cached,
            receipt: attempt.receipt,
            credits: credits(attempt.credits),
            cost: Money::millionths(attempt.cost),
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::enrichment::JobCounts;
    use crate::domain::id::Id;
    use crate::store::records::job::Fill;

    fn job(status: JobStatus, counts: JobCounts) -> Job {
        let fill = Fill { done: true, after: None, taken: counts.total() - counts.skipped };
        Job { status, counts, fill, started_at: Some(Time(0)), ..Job::default() }
    }

    #[test]
    fn a_job_shows_how_far_it_is_and_when_it_will_be_done() {
        let counts = JobCounts { queued: 30, found: 8, failed: 2, ..JobCounts::default() };
        let view = JobView::new(JobId::from_u64(1), job(JobStatus::Processing, counts), Time(10_000), 3);
        assert_eq!((view.progress.percentage, view.leads_left, view.calls_in_flight), (25, 30, 3));
        assert_eq!(view.eta, Some(30));
        let done = JobCounts { found: 38, failed: 2, ..JobCounts::default() };
        let view = JobView::new(JobId::from_u64(1), job(JobStatus::Completed, done), Time(10_000), 0);
        assert_eq!((view.progress.percentage, view.detail, view.eta), (100, Some("partial"), None));
        let none = JobView::new(JobId::from_u64(1), job(JobStatus::Completed, JobCounts::default()), Time(0), 0);
        assert_eq!(none.progress.percentage, 100);
    }
}
