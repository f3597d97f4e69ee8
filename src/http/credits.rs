//! Credits: what a workspace has, and the line of every change.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Page};
use super::auth::Auth;
use super::enrichment::credits;
use super::problem::Problem;
use super::query::{Limit, Query};
use crate::app::App;
use crate::domain::id::{HoldId, Id, ItemId, JobId, LineId};
use crate::domain::time::Time;
use crate::store::access::Right;
use crate::store::engine::Order;
use crate::store::records::ledger::{Account, Line, LineKind};
use crate::store::tables::{Lines, Workspaces};
use crate::store::{Reads, StoreError, ledger};

/// `balance` is what was not charged yet, `held` of it is set aside for work in hand, `available` is the rest.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Credits)]
#[serde(rename_all = "camelCase")]
pub struct CreditsView {
    balance: f64,
    held: f64,
    available: f64,
    used: f64,
    /// Slug of the plan
    plan: String,
    /// Where every credit came from and went
    totals: Totals,
    alerts: Vec<Alert>,
}

/// granted + received + refunded = used + held + available + expired + sent + adjustedDown.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[schema(as = CreditTotals)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    granted: f64,
    received: f64,
    refunded: f64,
    used: f64,
    held: f64,
    available: f64,
    expired: f64,
    sent: f64,
    adjusted_down: f64,
}

/// Reached when so many percent of what was given are left, or fewer.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[schema(as = CreditAlert)]
pub struct Alert {
    percent: u8,
    reached: bool,
}

/// The credits of the workspace
#[utoipa::path(get, path = "/credits", tag = "credits", responses((status = 200, body = CreditsView)))]
pub async fn show(State(app): State<Arc<App>>, auth: Auth) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let read = app.store.read(move |view| {
        let plan = view.get_install::<Workspaces>((scope.workspace(),))?.map(|row| row.plan).unwrap_or_default();
        Ok::<_, StoreError>((ledger::account(view, &scope)?, plan))
    });
    let (account, plan) = read.await?;
    let alerts = app.config.credits.alert_percent.iter().map(|percent| alert(&account, *percent)).collect();
    Ok(Answer::ok(CreditsView {
        balance: credits(account.remaining + account.held),
        held: credits(account.held),
        available: credits(account.remaining),
        used: credits(account.used),
        plan,
        totals: Totals {
            granted: credits(account.granted),
            received: credits(account.received),
            refunded: credits(account.refunded),
            used: credits(account.used),
            held: credits(account.held),
            available: credits(account.remaining),
            expired: credits(account.expired),
            sent: credits(account.sent),
            adjusted_down: credits(account.adjusted_down),
        },
        alerts,
    }))
}

fn alert(account: &Account, percent: u8) -> Alert {
    let given = u128::from(account.granted) + u128::from(account.received) + u128::from(account.refunded);
    Alert { percent, reached: u128::from(account.remaining) * 100 <= given * u128::from(percent) }
}

/// One line of the ledger. `type` says what it does; `transactionType` the same in the words of the older document.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = CreditTransaction)]
#[serde(rename_all = "camelCase")]
pub struct TransactionView {
    id: LineId,
    at: Time,
    created_at: Time,
    /// `grant`, `receive`, `refund`, `hold`, `release`, `settle`, `expire`, `send` or `adjust_down`
    r#type: &'static str,
    /// `debit`, `credit`, `refund`, `hold`, `release` or `adjustment`
    transaction_type: &'static str,
    amount: f64,
    /// What was available after it
    balance_after: f64,
    /// Why
    description: String,
    /// `enrichment_job` or `manual`
    reference_type: &'static str,
    reference_id: Option<JobId>,
    job_id: Option<JobId>,
    item_id: Option<ItemId>,
    hold_id: Option<HoldId>,
}

impl TransactionView {
    fn new(id: LineId, line: Line) -> Self {
        Self {
            id,
            at: line.at,
            created_at: line.at,
            r#type: line.kind.name(),
            transaction_type: match line.kind {
                LineKind::Grant | LineKind::Receive => "credit",
                LineKind::Refund => "refund",
                LineKind::Hold => "hold",
                LineKind::Release => "release",
                LineKind::Settle | LineKind::Send => "debit",
                LineKind::Expire | LineKind::AdjustDown => "adjustment",
            },
            amount: credits(line.amount),
            balance_after: credits(line.remaining_after),
            description: line.reason,
            reference_type: if line.job.is_some() { "enrichment_job" } else { "manual" },
            reference_id: line.job,
            job_id: line.job,
            item_id: line.item,
            hold_id: line.hold,
        }
    }
}

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct TransactionQuery {
    /// Rows of a page
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// `nextCursor` of the page before
    after: Option<String>,
    /// Lines of this job
    #[param(value_type = Option<JobId>)]
    job_id: Option<JobId>,
}

/// Page through the ledger, the newest line first
#[utoipa::path(get, path = "/credits/transactions", tag = "credits", params(TransactionQuery),
    responses((status = 200, body = Page<TransactionView>)))]
pub async fn transactions(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<TransactionQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let listing = format!("credit lines {:?}", query.job_id);
    let after: Option<u64> = query.after.map(|text| app.cursors.read(&scope, &listing, &text)).transpose()?;
    let (limit, job) = (query.limit.0, query.job_id);
    let read = app.store.read(move |view| {
        let mut lines: Vec<(LineId, Line)> = Vec::with_capacity(limit + 1);
        let mut take = |(id,): (LineId,), line: Line| {
            if job.is_none_or(|job| line.job == Some(job)) {
                lines.push((id, line));
            }
            if lines.len() > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        match after.map(LineId::from_u64) {
            None => view.scan::<Lines>(&scope, &(), Order::Descending, &mut take)?,
            Some(after) => view.scan_after::<Lines>(&scope, &(), &(after,), Order::Descending, &mut take)?,
        }
        Ok::<_, StoreError>(lines)
    });
    let mut lines = read.await?;
    let more = lines.len() > limit;
    lines.truncate(limit);
    let last = lines.last().map(|(id, _)| id.as_u64()).filter(|_| more);
    let next_cursor = last.map(|id| app.cursors.write(&scope, &listing, &id)).transpose()?;
    let data = lines.into_iter().map(|(id, line)| TransactionView::new(id, line)).collect();
    Ok(Answer::ok(Page { data, next_cursor, total: None, stale: None }))
}
