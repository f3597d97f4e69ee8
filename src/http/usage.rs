//! What a workspace has used of its plan, month by month and day by day.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::auth::Auth;
use super::enrichment::{Money, credits};
use super::problem::{FieldError, Problem};
use super::query::Query;
use crate::app::App;
use crate::domain::time::Time;
use crate::store::access::Right;
use crate::store::tables::Workspaces;
use crate::store::usage::{Day, Meter, Used, of_day};
use crate::store::{Reads, StoreError, View, WorkspaceScope};

/// Usage of a month. Credits are numbers, `cost` is what providers billed.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Usage)]
#[serde(rename_all = "camelCase")]
pub struct UsageView {
    #[schema(example = "2026-11")]
    period: String,
    period_start: Time,
    period_end: Time,
    /// Slug of the plan
    plan: String,
    /// Credits of the plan for a period
    included: f64,
    /// Credits charged in the period
    used: f64,
    /// Of them, beyond the included ones
    overage: f64,
    /// How many may be beyond; 0: none
    overage_cap: f64,
    /// Leads that something was found for
    units: u64,
    /// Of language models
    tokens: u64,
    searches: u64,
    social_requests: u64,
    /// Calls of external providers
    calls: u64,
    /// The same as `used`
    credits: f64,
    cost: Money,
    /// Every day of the period up to today (UTC)
    by_day: Vec<DayView>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = UsageOfDay)]
#[serde(rename_all = "camelCase")]
pub struct DayView {
    #[schema(example = "2026-11-22")]
    date: String,
    units: u64,
    tokens: u64,
    searches: u64,
    social_requests: u64,
    calls: u64,
    credits: f64,
    cost: Money,
}

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// `2026-11`; the current month when left out
    period: Option<String>,
}

/// The days of a month in UTC.
#[derive(Debug, Clone, Copy)]
struct Period {
    first: Date,
    next: Date,
}

impl Period {
    fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2)?;
        // Days are counted from 1970 on.
        Self::of(Date::new(year.parse().ok().filter(|year| *year >= 1970)?, month.parse().ok()?, 1).ok()?)
    }

    fn of(day: Date) -> Option<Self> {
        let first = day.first_of_month();
        Some(Self { first, next: first.checked_add(1.month()).ok()? })
    }

    fn at(now: Time) -> Option<Self> {
        Self::of(date_of(now)?)
    }

    fn name(self) -> String {
        format!("{:04}-{:02}", self.first.year(), self.first.month())
    }
}

fn date_of(at: Time) -> Option<Date> {
    Some(Timestamp::from_millisecond(at.0).ok()?.to_zoned(TimeZone::UTC).date())
}

fn start_of(date: Date) -> Option<Time> {
    Some(Time(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond()))
}

/// What the workspace has used in a month
#[utoipa::path(get, path = "/enrichment/usage", tag = "enrichment", params(UsageQuery),
    responses((status = 200, body = UsageView)))]
pub async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<UsageQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let now = app.deps.clock.now();
    let wrong = || Problem::invalid(FieldError::parameter("period", "must be a month such as 2026-11"));
    let period = match &query.period {
        Some(text) => Period::parse(text),
        None => Period::at(now),
    };
    let period = period.ok_or_else(wrong)?;
    let (start, end) = start_of(period.first).zip(start_of(period.next)).ok_or_else(wrong)?;
    let (days, slug) = app.store.read(move |view| read(view, &scope, start, end, now)).await?;
    let mut all = Used::default();
    for (_, used) in &days {
        all += *used;
    }
    let plan = app.plans.plan(&slug);
    let included = plan.map_or(0, |plan| u64::try_from(plan.credits).unwrap_or(0));
    let cap = plan.filter(|plan| plan.overage_price.is_some()).map_or(0, |plan| u64::from(plan.overage_percent));
    let used = all.get(Meter::Credits);
    Ok(Answer::ok(UsageView {
        period: period.name(),
        period_start: start,
        period_end: end,
        plan: slug,
        included: credits(included),
        used: credits(used),
        overage: credits(used.saturating_sub(included)),
        overage_cap: credits(included.saturating_mul(cap) / 100),
        units: all.get(Meter::Units),
        tokens: all.get(Meter::Tokens),
        searches: all.get(Meter::Searches),
        social_requests: all.get(Meter::SocialRequests),
        calls: all.get(Meter::Calls),
        credits: credits(used),
        cost: Money::millionths(all.get(Meter::Cost)),
        by_day: days.into_iter().filter_map(|(day, used)| shown(day, &used)).collect(),
    }))
}

/// The days of the period that have begun, and the plan of the workspace.
fn read(
    view: &View,
    scope: &WorkspaceScope,
    start: Time,
    end: Time,
    now: Time,
) -> Result<(Vec<(Day, Used)>, String), StoreError> {
    let mut days = Vec::with_capacity(31);
    let mut day = Day::of(start);
    while day.start() < end && day.start() <= now {
        days.push((day, of_day(view, scope, day)?));
        day = Day(day.0 + 1);
    }
    let plan = view.get_install::<Workspaces>((scope.workspace(),))?.map(|workspace| workspace.plan);
    Ok((days, plan.unwrap_or_default()))
}

fn shown(day: Day, used: &Used) -> Option<DayView> {
    Some(DayView {
        date: date_of(day.start())?.to_string(),
        units: used.get(Meter::Units),
        tokens: used.get(Meter::Tokens),
        searches: used.get(Meter::Searches),
        social_requests: used.get(Meter::SocialRequests),
        calls: used.get(Meter::Calls),
        credits: credits(used.get(Meter::Credits)),
        cost: Money::millionths(used.get(Meter::Cost)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_month() {
        let period = Period::parse("2026-12").expect("a month");
        assert_eq!((period.name(), period.next.to_string()), ("2026-12".to_owned(), "2027-01-01".to_owned()));
        assert_eq!(Period::at(Time(1_790_000_000_123)).expect("a month").name(), "2026-09");
        for text in ["2026", "2026-13", "26-01", "2026-1", "1969-12", "now", ""] {
            assert!(Period::parse(text).is_none(), "{text}");
        }
        assert_eq!(Day::of(start_of(period.first).expect("a time")).0, 20_788);
    }
}
