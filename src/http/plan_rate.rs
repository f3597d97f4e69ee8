//! The request limits of a plan: how often a workspace may *order enrichment*, over all its users and keys.
//!
//! `requests_per_second` and `requests_per_minute` of `plans.toml` count what the documents count with them: requests that
//! ask for enrichment. Reading, progress, pausing and stopping are never refused for them, and calls to providers are not
//! counted: those are shared by weight, at the gates. A bucket holds a minute's worth of the one, ten seconds' worth of
//! the other, and fills evenly; an order needs room in both. Buckets live in memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::codes::Code;
use super::problem::Problem;
use crate::app::App;
use crate::config::plans::Plan;
use crate::domain::id::WorkspaceId;
use crate::store::tables::Workspaces;
use crate::store::{Reads, WorkspaceScope};

const MINUTE: Duration = Duration::from_secs(60);
const TEN_SECONDS: Duration = Duration::from_secs(10);

/// When the two buckets of each workspace will be full again, on the monotonic clock.
#[derive(Default)]
pub struct PlanRates {
    full_at: Mutex<HashMap<WorkspaceId, [Duration; 2]>>,
}

impl PlanRates {
    fn spend(&self, workspace: WorkspaceId, plan: &Plan, now: Duration) -> Result<(), Problem> {
        let per_second = plan.requests_per_second.filter(|rate| *rate > 0.0).map(|rate| {
            let each = Duration::from_secs_f64(1.0 / rate);
            (each, TEN_SECONDS.max(each))
        });
        let per_minute = plan.requests_per_minute.filter(|rate| *rate > 0).map(|rate| (MINUTE / rate, MINUTE));
        if per_second.is_none() && per_minute.is_none() {
            return Ok(());
        }
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        full_at.retain(|_, buckets| buckets.iter().any(|full_at| *full_at > now));
        let buckets = full_at.entry(workspace).or_default();
        let after = |bucket: usize, each: Duration| buckets[bucket].max(now) + each;
        let limits = [per_second, per_minute];
        let over = limits.iter().enumerate().filter_map(|(bucket, limit)| {
            let (each, holds) = (*limit)?;
            (after(bucket, each) - now).checked_sub(holds).filter(|over| !over.is_zero())
        });
        if let Some(wait) = over.max() {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let detail = format!("the plan {} allows no more enrichment requests for the moment", plan.slug);
            return Err(Problem::new(Code::RateLimitExceeded).detail(detail).retry_after(seconds.max(1)));
        }
        let after = [0, 1].map(|bucket| limits[bucket].map_or(buckets[bucket], |(each, _)| after(bucket, each)));
        *buckets = after;
        Ok(())
    }
}

/// Counts one order of the workspace against its plan.
///
/// # Errors
/// `RATE_LIMIT_EXCEEDED` with the time to wait.
pub(in crate::http) async fn order_within_plan(app: &App, scope: WorkspaceScope) -> Result<(), Problem> {
    let read = app.store.read(move |view| view.get_install::<Workspaces>((scope.workspace(),)));
    let row = read.await.map_err(Problem::from)?;
    match row.and_then(|row| app.plans.plan(&row.plan)) {
        Some(plan) => app.plan_rates.spend(scope.workspace(), plan, app.deps.clock.monotonic()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::plans::Plans;
    use crate::domain::id::Id;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_000 + seconds)
    }

    #[test]
    fn a_workspace_orders_as_often_as_its_plan_allows() {
        let plans = Plans::built_in().expect("they ship");
        let core = plans.plan("core").expect("it ships");
        let rates = PlanRates::default();
        let (me, you) = (WorkspaceId::from_u64(1), WorkspaceId::from_u64(2));
        assert!((0..5).all(|_| rates.spend(me, core, at(0)).is_ok()), "half a request a second, ten seconds at once");
        let refused = rates.spend(me, core, at(0)).expect_err("over the limit");
        assert_eq!(refused.code, Code::RateLimitExceeded);
        assert!(rates.spend(you, core, at(0)).is_ok(), "each workspace has its own");
        assert!(rates.spend(me, core, at(1)).is_err());
        assert!(rates.spend(me, core, at(2)).is_ok());
        let appliance = plans.plan("appliance").expect("it ships");
        assert!((0..10_000).all(|_| rates.spend(me, appliance, at(3)).is_ok()));
    }

    #[test]
    fn a_minute_holds_no_more_than_the_plan_says() {
        let plans = Plans::built_in().expect("they ship");
        let pro = plans.plan("pro").expect("it ships");
        let rates = PlanRates::default();
        let me = WorkspaceId::from_u64(1);
        let let_through = (0..600).filter(|tenth| rates.spend(me, pro, Duration::from_millis(tenth * 100)).is_ok());
        assert_eq!(let_through.count(), 69, "ten at once, then one a second");
    }
}
