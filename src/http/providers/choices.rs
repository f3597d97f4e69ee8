//! What the operator chooses for a provider while the house works: the switch, the vendor's plan, figures of his own.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::Slug;
use crate::actors::provider_gate::Choices;
use crate::app::App;
use crate::domain::enrichment::Limits;
use crate::domain::time::Time;
use crate::http::answer::Answer;
use crate::http::auth::Auth;
use crate::http::body::{JsonBody, nullable};
use crate::http::codes::Code;
use crate::http::conditional::IfMatch;
use crate::http::problem::{FieldError, Problem};
use crate::providers::manifest::Manifest;
use crate::store::access::Right;
use crate::store::records::provider_choice::{ProviderChoice, TypedWindow};
use crate::store::tables::Workspaces;
use crate::store::transactions::providers::{ProviderChanges, UpdateProvider};
use crate::store::{Missing, Reads, Urgency};

const MOST_WINDOWS: usize = 16;
/// The longest that a vendor counts in: a year and a day.
const LONGEST_WINDOW: f64 = 366.0 * 86_400.0;

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SetBy {
    /// `PATCH /providers/{id}`
    Choice,
    /// `config.toml`, the environment or a flag
    Configuration,
    /// The manifest; of the switch: nobody has touched it
    Manifest,
}

/// What holds for a provider, and who says so. A choice goes before the configuration, which goes before the manifest
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = ProviderSetup)]
#[serde(rename_all = "camelCase")]
pub struct SetupView {
    id: String,
    enabled: bool,
    enabled_by: SetBy,
    /// The plan that is had with the vendor; null: its manifest has none
    plan: Option<String>,
    plan_by: SetBy,
    /// Windows whose figures were typed; null: those of the plan hold
    windows: Option<Vec<WindowBody>>,
    windows_by: SetBy,
    /// Calls in flight; null: nothing limits them, or the plan does
    concurrent: Option<u32>,
    concurrent_by: SetBy,
    updated_at: Option<Time>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = TypedWindow)]
#[serde(deny_unknown_fields)]
pub struct WindowBody {
    /// Calls that the vendor allows in it; `enrichment.rate_percent` of a pace is used
    calls: u32,
    /// Its length
    seconds: f64,
    /// A budget of the manifest that some operations share; empty: all do
    #[serde(default)]
    bucket: String,
    /// Calls that may come at once
    #[serde(default)]
    burst: Option<u32>,
}

/// What to change. What is left out stays; `null` gives a choice back to the configuration
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[schema(as = ProviderPatch)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProviderPatch {
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<bool>)]
    enabled: Option<Option<bool>>,
    /// A plan of the manifest
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    plan: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<LimitsPatch>)]
    limits: Option<Option<LimitsPatch>>,
}

/// Figures in place of the published ones
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LimitsPatch {
    /// In place of all windows of the plan and of `rate_limit` of the configuration
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Vec<WindowBody>>)]
    windows: Option<Option<Vec<WindowBody>>>,
    /// Calls in flight
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u32>)]
    concurrent: Option<Option<u32>>,
}

impl SetupView {
    /// `manifest`: of a provider that has one.
    pub fn of(choices: &Choices, id: &str, manifest: Option<&Manifest>) -> Self {
        let (row, given) = (choices.row(id), choices.configured(id));
        let by = |chosen: bool, configured: bool| match (chosen, configured) {
            (true, _) => SetBy::Choice,
            (false, true) => SetBy::Configuration,
            (false, false) => SetBy::Manifest,
        };
        let per_minute = given.map(|given| given.rate_limit).filter(|calls| *calls > 0);
        let configured =
            per_minute.map(|calls| vec![WindowBody { calls, seconds: 60.0, bucket: String::new(), burst: None }]);
        let typed = row.windows.as_ref().map(|windows| windows.iter().map(WindowBody::of).collect());
        let setup = choices.setup(id);
        let known = |name: &String| manifest.is_some_and(|manifest| manifest.plans.contains_key(name));
        let default_plan = || manifest.and_then(|manifest| manifest.default_plan.clone());
        let is_picked = setup.plan.as_ref().is_some_and(known);
        let published = || {
            let plans = manifest.map(|manifest| &manifest.plans)?;
            plans.get(&setup.plan.clone().filter(|_| is_picked).or_else(default_plan)?)?.concurrent
        };
        Self {
            id: id.to_owned(),
            enabled: choices.is_on(id),
            enabled_by: by(row.enabled.is_some(), given.is_some_and(|given| !given.enabled)),
            plan: setup.plan.clone().filter(known).or_else(default_plan),
            plan_by: by(row.plan.is_some() && is_picked, is_picked),
            windows_by: by(row.windows.is_some(), configured.is_some()),
            windows: typed.or(configured),
            concurrent: setup.concurrent.or_else(published),
            concurrent_by: by(row.concurrent.is_some(), setup.concurrent.is_some()),
            updated_at: row.updated_at,
        }
    }
}

impl WindowBody {
    fn of(typed: &TypedWindow) -> Self {
        let TypedWindow { bucket, calls, per, burst } = typed.clone();
        Self { calls, seconds: Duration::from_millis(per).as_secs_f64(), bucket, burst }
    }

    fn read(self, at: &str, manifest: &Manifest) -> Result<TypedWindow, FieldError> {
        let wrong = |field: &str, message: String| Err(FieldError::at(format!("{at}/{field}"), message));
        let Self { calls, seconds, bucket, burst } = self;
        if calls == 0 {
            return wrong("calls", "must be at least 1; a provider is switched off by `enabled`".to_owned());
        }
        if burst == Some(0) {
            return wrong("burst", "must be at least 1".to_owned());
        }
        if !(0.001..=LONGEST_WINDOW).contains(&seconds) {
            return wrong("seconds", format!("must be from 0.001 to {LONGEST_WINDOW}"));
        }
        let mut known: Vec<&str> =
            manifest.operations.iter().flat_map(|spec| &spec.buckets).map(String::as_str).collect();
        known.sort_unstable();
        known.dedup();
        if !bucket.is_empty() && !known.contains(&bucket.as_str()) {
            let message = match known.is_empty() {
                true => "the provider has no budgets; leave it out".to_owned(),
                false => format!("must be one of {}, or left out", known.join(", ")),
            };
            return wrong("bucket", message);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range above")]
        let per = (seconds * 1_000.0).round() as u64;
        Ok(TypedWindow { bucket, calls, per, burst })
    }
}

impl ProviderPatch {
    fn into_changes(self, manifest: Option<&Manifest>) -> Result<ProviderChanges, Problem> {
        let mut wrong = Vec::new();
        // What works in this server has neither a plan nor figures.
        let Some(manifest) = manifest else {
            let given = [("/plan", self.plan.flatten().is_some()), ("/limits", self.limits.flatten().is_some())];
            let given = given.into_iter().filter(|(_, is_given)| *is_given);
            wrong
                .extend(given.map(|(at, _)| FieldError::at(at, "the provider has no manifest that this could change")));
            let changes = ProviderChanges { enabled: self.enabled, ..ProviderChanges::default() };
            return if wrong.is_empty() { Ok(changes) } else { Err(Problem::all_invalid(wrong)) };
        };
        if let Some(Some(plan)) = &self.plan
            && !manifest.plans.contains_key(plan)
        {
            let known: Vec<&str> = manifest.plans.keys().map(String::as_str).collect();
            let message = match known.is_empty() {
                true => "the manifest names no plans".to_owned(),
                false => format!("must be one of {}", known.join(", ")),
            };
            wrong.push(FieldError::at("/plan", message));
        }
        let limits = match self.limits {
            None => LimitsPatch::default(),
            Some(None) => LimitsPatch { windows: Some(None), concurrent: Some(None) },
            Some(Some(limits)) => limits,
        };
        if limits.concurrent == Some(Some(0)) {
            wrong.push(FieldError::at("/limits/concurrent", "must be at least 1"));
        }
        let windows = limits.windows.map(|given| given.map(|given| read(given, manifest, &mut wrong)));
        if !wrong.is_empty() {
            return Err(Problem::all_invalid(wrong));
        }
        Ok(ProviderChanges { enabled: self.enabled, plan: self.plan, windows, concurrent: limits.concurrent })
    }
}

fn read(given: Vec<WindowBody>, manifest: &Manifest, wrong: &mut Vec<FieldError>) -> Vec<TypedWindow> {
    if given.len() > MOST_WINDOWS {
        wrong.push(FieldError::at("/limits/windows", format!("must be at most {MOST_WINDOWS}")));
        return Vec::new();
    }
    let mut typed = Vec::new();
    let mut seen = HashSet::new();
    for (place, window) in given.into_iter().enumerate() {
        let at = format!("/limits/windows/{place}");
        match window.read(&at, manifest) {
            Ok(window) if !seen.insert((window.bucket.clone(), window.per)) => {
                wrong.push(FieldError::at(at, "another one has the same bucket and length"));
            }
            Ok(window) => typed.push(window),
            Err(error) => wrong.push(error),
        }
    }
    typed
}

/// Switch a provider on or off, pick the plan that is had with the vendor, or type the figures of its limits. Holds for
/// the whole install at once, for jobs under way, too; what is used of a quota stays used
#[utoipa::path(patch, path = "/providers/{id}", tag = "providers", request_body = ProviderPatch,
    params(("id" = String, Path, description = "Slug of the provider"),
        ("If-Match" = Option<String>, Header, description = "Only this version")),
    responses((status = 200, body = SetupView)))]
pub async fn update(
    State(app): State<Arc<App>>,
    auth: Auth,
    Slug(slug): Slug,
    IfMatch(expected): IfMatch,
    JsonBody(patch): JsonBody<ProviderPatch>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Admin)?;
    let workspace = caller.scope.workspace();
    let row = app.store.read(move |view| view.get_install::<Workspaces>((workspace,))).await?;
    if row.is_some_and(|row| row.parent.is_some()) {
        // A provider is of the whole install, and its operator is no client.
        return Err(Problem::new(Code::Forbidden).detail("a workspace that stands under another cannot do this"));
    }
    if app.providers.get(&slug).is_none() {
        return Err(Missing::Provider.into());
    }
    let shelved = app.manifests.get(&slug);
    let manifest = shelved.as_ref().map(|shelved| shelved.provider.manifest());
    let changes = patch.into_changes(manifest)?;
    let (scope, origin) = (caller.scope, caller.origin);
    let update = UpdateProvider { scope, origin, provider: slug.clone(), expected, changes };
    let committed = app.store.submit(update, Urgency::Interactive).await?;
    let version = committed.out.version;
    follow(&app, &slug, committed.out);
    Ok(Answer::ok(SetupView::of(&app.choices, &slug, manifest)).version(version).seq(committed.seq))
}

/// The registry works with what was chosen, and the gates go by it.
fn follow(app: &App, slug: &str, row: ProviderChoice) {
    app.choices.choose(slug, row, |choices| {
        app.manifests.set_up(slug, choices.setup(slug));
        if let Some(provider) = app.providers.get(slug) {
            // Who waits for a provider that is switched off has nothing to wait for: it is not called, and its job goes on.
            let is_on = choices.is_on(slug);
            let limits = |operation| if is_on { choices.limits(&*provider, operation) } else { Limits::default() };
            app.gates.limits_changed(slug, limits);
        }
    });
}
