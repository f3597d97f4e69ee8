//! Manifests: the operator's own come in here, are shown, tried on a sample, and go.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest, Request, State};
use axum::http::header;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::auth::{Auth, Caller};
use super::body::{JsonBody, parse};
use super::codes::Code;
use super::leads::GivenLead;
use super::problem::{FieldError, Problem};
use super::providers::Slug;
use super::providers::choices::SetupView;
use crate::actors::provider_gate::Choices;
use crate::app::App;
use crate::deps::Deps;
use crate::domain::enrichment::{Input, Limits, Operation, Outcome, Reply};
use crate::domain::id::{AttemptId, LeadId};
use crate::domain::lead::Lead;
use crate::domain::policy::{Denial, ProviderFacts};
use crate::providers::manifest::{LONGEST, Manifest, ManifestError, ShelfError, Shelved, ShownExchange, read};
use crate::providers::simulator::SANDBOX_KEY;
use crate::providers::{CallContext, Offer, Provider, Request as ProviderRequest};
use crate::store::access::Right;
use crate::store::crypt::Secret;
use crate::store::policy::Standing;
use crate::store::transactions::jobs::NoteTrial;
use crate::store::transactions::leads::live_lead;
use crate::store::{Missing, Refusal, Urgency};

/// JSON may write each byte of a manifest as six.
const LONGEST_BODY: usize = 6 * LONGEST + 1_024;

/// The text of a manifest: the body itself, or `{"manifest": "…"}`.
pub struct ManifestText(String);

#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct NewManifest {
    /// The manifest as TOML; the body may be the TOML itself (`application/toml`)
    manifest: String,
}

impl FromRequest<Arc<App>> for ManifestText {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let given = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_json = given.is_some_and(|given| given.to_ascii_lowercase().contains("json"));
        let too_large =
            || Problem::new(Code::PayloadTooLarge).detail(format!("a manifest has at most {LONGEST} bytes"));
        // A body that never ends must not keep its permit.
        let bytes = tokio::select! {
            bytes = axum::body::to_bytes(request.into_body(), LONGEST_BODY) => bytes.map_err(|_| too_large())?,
            () = app.deps.clock.sleep(app.config.server.request_timeout.0) => return Err(Problem::new(Code::TimedOut)),
        };
        if is_json {
            return Ok(Self(parse::<NewManifest>(&bytes)?.manifest));
        }
        let text = String::from_utf8(bytes.to_vec());
        text.map(Self).map_err(|_| Problem::invalid(FieldError::at("", "a manifest is UTF-8 text")))
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Manifest)]
#[serde(rename_all = "camelCase")]
pub struct ManifestView {
    id: String,
    name: String,
    docs: String,
    /// Where it processes what it is told
    region: String,
    /// The operator's, not one that comes with the program
    own: bool,
    needs_key: bool,
    #[schema(value_type = Vec<Object>)]
    operations: Vec<Value>,
    /// Plans of the vendor; `PATCH /providers/{id}` or `providers.NAME.plan` of the configuration picks one
    plans: Vec<String>,
    default_plan: Option<String>,
    /// A setting that has to be given before it can be called
    missing_setting: Option<String>,
    /// What holds, and who says so
    setup: SetupView,
    /// As it was written
    manifest: String,
}

impl ManifestView {
    fn of(shelved: &Shelved, choices: &Choices) -> Self {
        let (provider, manifest) = (&shelved.provider, shelved.provider.manifest());
        let operations = manifest.operations.iter().map(|spec| {
            let limits = choices.limits(&**provider, spec.operation);
            operation(spec.operation, manifest, &limits)
        });
        Self {
            id: manifest.slug.clone(),
            name: manifest.name.clone(),
            docs: manifest.docs.clone(),
            region: provider.region().unwrap_or_default().to_owned(),
            own: shelved.own,
            needs_key: provider.needs_key(),
            operations: operations.collect(),
            plans: manifest.plans.keys().cloned().collect(),
            default_plan: manifest.default_plan.clone(),
            missing_setting: provider.setup().missing(manifest).map(str::to_owned),
            setup: SetupView::of(choices, &manifest.slug, Some(manifest)),
            manifest: manifest.text.clone(),
        }
    }
}

fn operation(operation: Operation, manifest: &Manifest, limits: &Limits) -> Value {
    let Some(spec) = manifest.operation(operation) else { return Value::Null };
    let needs: Vec<Vec<&str>> = spec.needs.iter().map(|all| all.iter().map(|input| input.name()).collect()).collect();
    let optional: Vec<&str> = spec.optional.iter().map(|input| input.name()).collect();
    let windows = limits.windows.iter().map(|limit| {
        json!({ "bucket": limit.bucket, "calls": limit.calls, "seconds": limit.per.as_secs_f64(), "burst": limit.burst })
    });
    json!({
        "operation": operation.name(),
        "needs": needs,
        "optional": optional,
        "batch": spec.batch.as_ref().map_or(1, |batch| batch.size),
        "needsCallback": spec.needs_callback,
        "limits": { "windows": windows.collect::<Vec<_>>(), "concurrent": limits.concurrent },
        "values": spec.map.iter().map(|line| line.target.name()).collect::<Vec<_>>(),
    })
}

/// Add a provider by its manifest (TOML), or replace one's own; it can be called at once
#[utoipa::path(post, path = "/providers", tag = "providers", request_body = NewManifest,
    responses((status = 201, body = ManifestView), (status = 200, body = ManifestView)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    ManifestText(text): ManifestText,
) -> Result<impl IntoResponse, Problem> {
    auth.need(Right::Admin)?;
    let manifest = read("manifest", &text).map_err(|error| wrong(&error))?;
    let shelf = Arc::clone(&app.manifests);
    let put = tokio::task::spawn_blocking(move || shelf.put(manifest)).await.map_err(Problem::internal)?;
    let (shelved, is_new) = put.map_err(refused)?;
    let view = ManifestView::of(&shelved, &app.choices);
    let location = super::answer::location(&format!("/providers/{}", view.id));
    Ok(if is_new { Answer::created(location, view) } else { Answer::ok(view) })
}

/// The manifest of a provider, and what can be done with it
#[utoipa::path(get, path = "/providers/{id}", tag = "providers",
    params(("id" = String, Path, description = "Slug of the provider")), responses((status = 200, body = ManifestView)))]
pub async fn show(State(app): State<Arc<App>>, auth: Auth, Slug(slug): Slug) -> Result<impl IntoResponse, Problem> {
    auth.need(Right::Read)?;
    let Some(shelved) = app.manifests.get(&slug) else {
        let built_in = app.providers.get(&slug).map(|_| "it is built in and has no manifest; GET /providers shows it");
        let unknown = Problem::from(Missing::Provider);
        return Err(built_in.into_iter().fold(unknown, |problem, detail| problem.detail(detail)));
    };
    let version = app.choices.row(&slug).version;
    Ok(Answer::ok(ManifestView::of(&shelved, &app.choices)).version(version))
}

/// Forget a manifest of one's own
#[utoipa::path(delete, path = "/providers/{id}", tag = "providers",
    params(("id" = String, Path, description = "Slug of the provider")), responses((status = 204)))]
pub async fn delete(State(app): State<Arc<App>>, auth: Auth, Slug(slug): Slug) -> Result<impl IntoResponse, Problem> {
    auth.need(Right::Admin)?;
    if app.providers.get(&slug).is_none() {
        return Err(Missing::Provider.into());
    }
    let shelf = Arc::clone(&app.manifests);
    let removed = tokio::task::spawn_blocking(move || shelf.remove(&slug)).await.map_err(Problem::internal)?;
    if removed.map_err(refused)? {
        Ok(Answer::nothing())
    } else {
        Err(Problem::new(Code::Conflict).detail("this provider comes with the program; switch it off instead"))
    }
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = ProviderTest)]
#[serde(rename_all = "camelCase")]
pub struct TestOrder {
    /// `email.find`, …
    operation: String,
    /// A sample lead, in the fields of a lead
    #[schema(value_type = Option<Object>)]
    lead: Option<Map<String, Value>>,
    /// A stored lead instead
    #[schema(value_type = Option<String>)]
    lead_id: Option<LeadId>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ProviderTestResult)]
#[serde(rename_all = "camelCase")]
pub struct TestResult {
    operation: &'static str,
    /// What of the lead was sent
    #[schema(value_type = Object)]
    inputs: Map<String, Value>,
    /// What went over the wire, secrets masked
    #[schema(value_type = Vec<Object>)]
    exchanges: Vec<Value>,
    outcome: &'static str,
    detail: Option<String>,
    /// Seconds, for `pending` and `rate_limited`
    again_in: Option<f64>,
    #[schema(value_type = Vec<Object>)]
    values: Vec<Value>,
    /// What the provider bills, in millionths
    cost_millionths: u64,
}

/// Run one operation of a provider against a sample lead and show everything that happens. It is a real call: the
/// provider may bill it, and is told what the operation needs
#[utoipa::path(post, path = "/providers/{id}/test", tag = "providers", request_body = TestOrder,
    params(("id" = String, Path, description = "Slug of the provider")), responses((status = 200, body = TestResult)))]
pub async fn test(
    State(app): State<Arc<App>>,
    auth: Auth,
    Slug(slug): Slug,
    JsonBody(order): JsonBody<TestOrder>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Admin)?;
    let shelved = app.manifests.get(&slug).ok_or(Missing::Provider)?;
    if !app.choices.is_on(&slug) {
        return Err(Problem::new(Code::Conflict).detail("this provider is switched off"));
    }
    let operation = Operation::from_name(&order.operation).and_then(|operation| shelved.provider.offer(operation));
    let Some(offer) = operation else {
        return Err(Problem::invalid(FieldError::at("/operation", "the provider has no such operation")));
    };
    let lead = sample(&app, &caller, order.lead, order.lead_id).await?;
    let (inputs, is_sandbox) = allowed(&app, &caller, &shelved, offer.clone(), lead).await?;
    let key = if is_sandbox { None } else { app.keys.of(caller.scope, &slug).await };
    if shelved.provider.needs_key() && key.is_none() && !is_sandbox {
        return Err(Problem::new(Code::ProviderNotConfigured));
    }
    let id = app.deps.ids.next::<AttemptId>();
    if let Some(lead) = order.lead_id.filter(|_| !is_sandbox) {
        // What is sent of a stored person is on record before it is.
        let fields = inputs.iter().map(|(input, _)| input.name().to_owned()).collect();
        let origin = caller.origin.clone();
        let note = NoteTrial {
            scope: caller.scope,
            origin,
            lead,
            attempt: id,
            provider: slug.clone(),
            operation: offer.operation,
            fields,
        };
        app.store.submit(note, Urgency::Interactive).await?;
    }
    let shown = inputs.iter().map(|(input, value)| (input.name().to_owned(), Value::from(value.as_str()))).collect();
    let request = ProviderRequest { id, operation: offer.operation, inputs, ticket: None, callback: None };
    // A sandbox plays, and a live workspace never does.
    let deps = if is_sandbox { app.sandbox.deps() } else { app.deps.clone() };
    let secret = if is_sandbox { Some(Secret::new(SANDBOX_KEY)) } else { key.map(|key| key.secret) };
    let timeout = app.config.enrichment.call_timeout.0;
    let (reply, exchanges) = call(&deps, &shelved, &request, secret.as_ref(), timeout).await;
    Ok(Answer::ok(result(request.operation, shown, reply, exchanges)))
}

/// What the policy lets the provider be told of the lead; and whether the workspace only plays.
async fn allowed(
    app: &App,
    caller: &Caller,
    shelved: &Shelved,
    offer: Offer,
    lead: Lead,
) -> Result<(Vec<(Input, String)>, bool), Problem> {
    let (scope, defaults, provider) =
        (caller.scope, Arc::clone(&app.workspace_defaults), Arc::clone(&shelved.provider));
    let read = app.store.read(move |view| {
        let standing = Standing::load(view, &scope, &defaults)?;
        let facts = ProviderFacts {
            slug: provider.slug(),
            external: !standing.sandbox,
            region: provider.region(),
            has_key: true,
            budget_covers: true,
        };
        let judged = standing.judge(view, &lead, &facts, &offer.needs.alternatives(), &offer.optional)?;
        Ok::<_, Refusal>((judged, standing.sandbox))
    });
    match read.await.map_err(Problem::from)? {
        (Ok(inputs), is_sandbox) => Ok((inputs, is_sandbox)),
        (Err(Denial::MissingInputs(needs)), _) => {
            let each = needs.iter().map(|all| all.iter().map(|input| input.name()).collect::<Vec<_>>().join(" + "));
            let needs: Vec<String> = each.collect();
            let detail = format!("lacks what is needed: {}", needs.join(", or "));
            Err(Problem::invalid(FieldError::at("/lead", detail)))
        }
        (Err(denial), _) => Err(Problem::new(Code::PolicyForbids).detail(denial.to_string())),
    }
}

async fn sample(
    app: &App,
    caller: &Caller,
    given: Option<Map<String, Value>>,
    id: Option<LeadId>,
) -> Result<Lead, Problem> {
    match (given, id) {
        (Some(object), None) => {
            let given = GivenLead::read(&object, "/lead", None);
            if given.wrong.is_empty() { Ok(given.into_lead("test")) } else { Err(Problem::all_invalid(given.wrong)) }
        }
        (None, Some(id)) => {
            let scope = caller.scope;
            let lead: Result<Lead, Refusal> = app.store.read(move |view| live_lead(view, &scope, id)).await;
            lead.map_err(Problem::from)
        }
        _ => Err(Problem::invalid(FieldError::at("/lead", "give either a `lead` or a `leadId`"))),
    }
}

async fn call(
    deps: &Deps,
    shelved: &Shelved,
    request: &ProviderRequest,
    credential: Option<&crate::store::crypt::Secret>,
    timeout: Duration,
) -> (Reply, Vec<ShownExchange>) {
    let context = CallContext { deps, credential, timeout, further: None };
    let (mut replies, exchanges) = shelved.provider.try_out(std::slice::from_ref(request), context).await;
    let nothing = || Reply::from(Outcome::Broken { reason: "no reply".to_owned() });
    (replies.pop().unwrap_or_else(nothing), exchanges)
}

fn result(operation: Operation, inputs: Map<String, Value>, reply: Reply, exchanges: Vec<ShownExchange>) -> TestResult {
    let values = match &reply.outcome {
        Outcome::Found(answer) | Outcome::Partial(answer) => answer.values.as_slice(),
        _ => &[],
    };
    let values = values.iter().map(|value| {
        json!({ "field": value.field, "value": value.value, "confidence": value.confidence.as_fraction(), "about": value.about })
    });
    let again_in = match &reply.outcome {
        Outcome::Pending { again_in, .. } => Some(*again_in),
        Outcome::RateLimited { retry_after } => *retry_after,
        _ => None,
    };
    let named = |pairs: &[(String, String)]| -> Map<String, Value> {
        pairs.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
    };
    let exchange = |shown: &ShownExchange| {
        json!({
            "method": shown.method, "url": shown.url, "headers": named(&shown.headers), "body": shown.body,
            "status": shown.status, "answerHeaders": named(&shown.answer_headers), "answer": shown.answer,
        })
    };
    TestResult {
        operation: operation.name(),
        inputs,
        exchanges: exchanges.iter().map(exchange).collect(),
        outcome: reply.outcome.name(),
        detail: reply.outcome.detail().map(str::to_owned),
        again_in: again_in.map(|wait| wait.as_secs_f64()),
        values: values.collect(),
        cost_millionths: reply.cost,
    }
}

fn wrong(error: &ManifestError) -> Problem {
    let at = |problem: &crate::providers::manifest::ManifestProblem| {
        let key = if problem.key.is_empty() { String::new() } else { format!("{} ", problem.key) };
        FieldError::at("/manifest", format!("line {}: {key}{}", problem.line, problem.message))
    };
    Problem::all_invalid(error.problems.iter().map(at).collect())
}

fn refused(error: ShelfError) -> Problem {
    match error {
        ShelfError::Taken(_) => Problem::new(Code::Conflict).detail(error.to_string()),
        ShelfError::Folder(error) => Problem::internal(error),
    }
}
