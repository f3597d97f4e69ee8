//! What a workspace decides for itself: the policy for its leads, its quiet hours, the terms of enrichment.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::auth::Auth;
use super::body::{JsonBody, nullable};
use super::conditional::IfMatch;
use super::event_view::ActorView;
use super::problem::{FieldError, Problem};
use crate::app::App;
use crate::domain::off_peak::{OffPeak, Zone};
use crate::domain::policy::{Row, Rule};
use crate::domain::settings::WorkspaceSettings;
use crate::domain::time::Time;
use crate::store::access::Right;
use crate::store::records::settings::{AcceptedTerms, Settings};
use crate::store::transactions::settings::{AcceptTerms, SettingsChanges, UpdateSettings};
use crate::store::{Reads, Urgency, WorkspaceScope, tables};

/// The terms of enrichment as they stand in `docs/reference/enrichment-terms.md`.
const TERMS_VERSION: &str = "2026-11";
const LONGEST_VERSION: usize = 100;
const LONGEST_SLUG: usize = 63;

/// The settings that hold: those of the workspace, else those of the configuration.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Settings)]
#[serde(rename_all = "camelCase")]
pub struct SettingsView {
    /// Region (`EU`, `other`, a country) to rule. A lead of which nobody knows where it is takes the strictest row
    policy: BTreeMap<String, Rule>,
    /// Only providers that process in the EU are called
    eu_providers_only: bool,
    /// IANA name
    #[schema(example = "Europe/Berlin")]
    time_zone: String,
    off_peak: OffPeakView,
    /// Slug of the template of jobs that name none; null: the one of their level
    default_template: Option<String>,
    /// Whether answers of providers are kept as they came, sealed, for `retention.raw_answers`
    keep_raw_answers: bool,
    /// The accepted terms of enrichment; null: external providers are not called
    terms: Option<TermsView>,
    /// The version of the terms that can be accepted now
    terms_version: &'static str,
    updated_at: Option<Time>,
}

/// Wall clock of the time zone; over midnight where it ends before it begins.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = OffPeak)]
pub struct OffPeakView {
    #[schema(example = "22:00")]
    from: String,
    #[schema(example = "06:00")]
    to: String,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = AcceptedTerms)]
#[serde(rename_all = "camelCase")]
pub struct TermsView {
    version: String,
    accepted_at: Time,
    accepted_by: ActorView,
}

impl TermsView {
    fn of(terms: AcceptedTerms) -> Self {
        Self { version: terms.version, accepted_at: terms.at, accepted_by: ActorView::of(terms.by) }
    }
}

impl SettingsView {
    fn of(own: Settings, defaults: &WorkspaceSettings) -> Self {
        let holds = own.over(defaults);
        Self {
            policy: holds.table.rows().map(|(row, rule)| (row.to_string(), rule)).collect(),
            eu_providers_only: holds.eu_providers_only,
            time_zone: holds.zone.name().to_owned(),
            off_peak: OffPeakView { from: holds.off_peak.from(), to: holds.off_peak.to() },
            default_template: holds.template,
            keep_raw_answers: holds.keep_raw_answers,
            terms: own.terms.map(TermsView::of),
            terms_version: TERMS_VERSION,
            updated_at: own.updated_at,
        }
    }
}

/// What to change; a setting that is left out stays, `null` gives it back to the configuration.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SettingsPatch {
    /// Rows to set; `null` takes a row out. Rows that are not named stay. `policy: null` takes all out
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<BTreeMap<String, Rule>>)]
    policy: Option<Option<BTreeMap<String, Option<Rule>>>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<bool>)]
    eu_providers_only: Option<Option<bool>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    time_zone: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<OffPeakView>)]
    off_peak: Option<Option<OffPeakView>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    default_template: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<bool>)]
    keep_raw_answers: Option<Option<bool>>,
}

impl SettingsPatch {
    fn into_changes(self) -> Result<SettingsChanges, Problem> {
        let mut wrong = Vec::new();
        let replaces_policy = self.policy == Some(None);
        let mut policy = self.policy.as_ref().map(|_| BTreeMap::new());
        for (name, rule) in self.policy.flatten().into_iter().flatten() {
            match name.parse::<Row>() {
                Ok(row) => drop(policy.get_or_insert_default().insert(row.to_string(), rule)),
                Err(error) => wrong.push(FieldError::at(pointer_to(&name), error.to_string())),
            }
        }
        let time_zone = self.time_zone.map(|zone| {
            let name = zone?;
            let known = Zone::from_name(&name).map(|zone| zone.name().to_owned());
            if known.is_none() {
                let text = "must be the name of a time zone such as Europe/Berlin";
                wrong.push(FieldError::at("/timeZone", text));
            }
            known
        });
        let off_peak = self.off_peak.map(|window| {
            let OffPeakView { from, to } = window?;
            OffPeak::of(&from, &to).map_err(|error| wrong.push(FieldError::at("/offPeak", error.to_string()))).ok()
        });
        if let Some(Some(slug)) = &self.default_template
            && !is_slug(slug)
        {
            wrong.push(FieldError::at("/defaultTemplate", "must be the slug of a template"));
        }
        if !wrong.is_empty() {
            return Err(Problem::all_invalid(wrong));
        }
        Ok(SettingsChanges {
            policy,
            replaces_policy,
            eu_providers_only: self.eu_providers_only,
            time_zone,
            off_peak,
            template: self.default_template,
            keep_raw_answers: self.keep_raw_answers,
        })
    }
}

fn pointer_to(row: &str) -> String {
    format!("/policy/{}", row.replace('~', "~0").replace('/', "~1"))
}

fn is_slug(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    (1..=LONGEST_SLUG).contains(&text.len()) && text.bytes().all(plain)
}

/// Which terms are accepted: those that `GET /settings` names when it is left out.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
pub struct TermsBody {
    version: Option<String>,
}

/// The settings of the workspace
#[utoipa::path(get, path = "/settings", tag = "people", responses((status = 200, body = SettingsView)))]
pub async fn show(State(app): State<Arc<App>>, auth: Auth) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let own = own(&app, scope).await?;
    shown(&app, own)
}

/// Change settings
#[utoipa::path(patch, path = "/settings", tag = "people", request_body = SettingsPatch,
    params(("If-Match" = Option<String>, Header, description = "Only this version")),
    responses((status = 200, body = SettingsView)))]
pub async fn update(
    State(app): State<Arc<App>>,
    auth: Auth,
    IfMatch(expected): IfMatch,
    JsonBody(patch): JsonBody<SettingsPatch>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Admin)?;
    let changes = patch.into_changes()?;
    let update = UpdateSettings { scope: caller.scope, origin: caller.origin, expected, changes };
    let committed = app.store.submit(update, Urgency::Interactive).await?;
    app.policy_revision.changed();
    Ok(shown(&app, committed.out)?.seq(committed.seq))
}

/// Accept the terms of enrichment: external providers may be called from then on
#[utoipa::path(post, path = "/settings/terms", tag = "people", request_body = TermsBody,
    responses((status = 200, body = SettingsView)))]
pub async fn accept_terms(
    State(app): State<Arc<App>>,
    auth: Auth,
    JsonBody(body): JsonBody<TermsBody>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Admin)?;
    let version = body.version.unwrap_or_else(|| TERMS_VERSION.to_owned());
    if version.trim().is_empty() || version.chars().count() > LONGEST_VERSION {
        let text = format!("must have 1 to {LONGEST_VERSION} characters");
        return Err(Problem::invalid(FieldError::at("/version", text)));
    }
    let accept = AcceptTerms { scope: caller.scope, origin: caller.origin, version };
    let committed = app.store.submit(accept, Urgency::Interactive).await?;
    Ok(shown(&app, committed.out)?.seq(committed.seq))
}

async fn own(app: &App, scope: WorkspaceScope) -> Result<Settings, Problem> {
    let row = app.store.read(move |view| view.get::<tables::Settings>(&scope, ())).await?;
    Ok(row.unwrap_or_default())
}

fn shown(app: &App, own: Settings) -> Result<Answer<SettingsView>, Problem> {
    let version = own.version;
    let defaults = app.config.workspace_defaults().map_err(Problem::internal)?;
    Ok(Answer::ok(SettingsView::of(own, &defaults)).version(version))
}
