//! Adding leads: one object that is taken or refused as a whole, or a batch of rows, each with a result of its own.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::given::{Dirt, GivenLead, warnings};
use super::shape::LeadView;
use super::{place_of, shown};
use crate::app::App;
use crate::domain::id::{LeadId, ListId};
use crate::domain::lead::Lead;
use crate::domain::phone::Region;
use crate::http::answer::Answer;
use crate::http::auth::Caller;
use crate::http::idempotency::IdempotencyKey;
use crate::http::problem::{FieldError, Problem};
use crate::store::tables::Leads;
use crate::store::transactions::leads::{AddLead, AddLeads, Added, MAX_ADD, OnDuplicate};
use crate::store::transactions::lists::live_list;
use crate::store::transactions::once::OnceOut;
use crate::store::{Actor, Missing, Reads, Refusal, Urgency};

/// How leads are added. Over `leads` they stand in the body too.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct AddOptions {
    /// What becomes of a lead that is there already: `skip` it, `update` the one that is there, `create` a second one
    #[param(inline)]
    duplicate_handling: Option<DuplicateHandling>,
    /// The country of phone numbers without one, where a lead names none
    #[param(example = "DE")]
    region: Option<String>,
    /// Where the leads come from
    source: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DuplicateHandling {
    #[default]
    Skip,
    Update,
    Create,
}

/// One lead (an object of lead fields), an array of them, or `{"leads": [...]}` with options.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
#[allow(dead_code)] // Only described: the body is read value by value, so that a wrong one can be told in the result.
pub enum LeadBatch {
    One(Map<String, Value>),
    Many(Vec<Map<String, Value>>),
    WithOptions {
        leads: Vec<Map<String, Value>>,
        #[serde(flatten)]
        options: AddOptions,
    },
}

/// What became of a batch.
#[derive(Debug, Clone, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchResult {
    created: usize,
    updated: usize,
    skipped: usize,
    rejected: usize,
    /// One for each row, in their order
    results: Vec<RowResult>,
}

#[derive(Debug, Clone, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RowResult {
    /// The place of the row, from 0
    index: usize,
    /// `created`, `updated`, `skipped` (it was there) or `rejected`
    status: &'static str,
    /// The lead that was made, changed or found
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<LeadId>,
    /// The list that the lead is in
    #[serde(skip_serializing_if = "Option::is_none")]
    list_id: Option<ListId>,
    /// Why the row was rejected
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<RowReason>,
    /// Texts that were left out because their field cannot hold them
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<RowReason>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<&'static str>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RowReason {
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    code: &'static str,
    error: String,
}

impl From<Dirt> for RowReason {
    fn from(dirt: Dirt) -> Self {
        Self { code: dirt.problem.code(), error: dirt.problem.to_string(), field: Some(dirt.field) }
    }
}

/// What a body asks for.
pub(super) enum Wanted {
    One(Map<String, Value>, Options),
    Many(Vec<Value>, Options),
}

/// The options with everything read.
#[derive(Debug, Clone, Default)]
pub(super) struct Options {
    on_duplicate: OnDuplicate,
    region: Option<Region>,
    source: Option<String>,
}

pub(super) fn read(body: Value, query: AddOptions) -> Result<Wanted, Problem> {
    match body {
        Value::Array(rows) => Ok(Wanted::Many(checked(rows, "")?, options(query)?)),
        Value::Object(mut object) if object.contains_key("leads") => {
            let rows = object.shift_remove("leads").unwrap_or_default();
            let Value::Array(rows) = rows else {
                return Err(Problem::invalid(FieldError::at("/leads", "expected a list of leads")));
            };
            let given: AddOptions = serde_json::from_value(Value::Object(object))
                .map_err(|_| Problem::invalid(FieldError::at("", "the options beside `leads` cannot be read")))?;
            let given = AddOptions {
                duplicate_handling: given.duplicate_handling.or(query.duplicate_handling),
                region: given.region.or(query.region),
                source: given.source.or(query.source),
            };
            Ok(Wanted::Many(checked(rows, "/leads")?, options(given)?))
        }
        Value::Object(object) => Ok(Wanted::One(object, options(query)?)),
        _ => Err(Problem::invalid(FieldError::at("", "expected a lead or a list of leads"))),
    }
}

fn checked(rows: Vec<Value>, pointer: &str) -> Result<Vec<Value>, Problem> {
    if (1..=MAX_ADD).contains(&rows.len()) {
        return Ok(rows);
    }
    let detail = format!("1 to {MAX_ADD} leads, not {}; a file of more is imported", rows.len());
    Err(Problem::invalid(FieldError::at(pointer, detail)))
}

fn options(given: AddOptions) -> Result<Options, Problem> {
    let region = given.region.map(|text| {
        let known = Region::from_country(&text);
        known.ok_or_else(|| Problem::invalid(FieldError::at("/region", "is no country")))
    });
    Ok(Options {
        on_duplicate: match given.duplicate_handling.unwrap_or_default() {
            DuplicateHandling::Skip => OnDuplicate::Skip,
            DuplicateHandling::Update => OnDuplicate::Update,
            DuplicateHandling::Create => OnDuplicate::Create,
        },
        region: region.transpose()?,
        source: given.source,
    })
}

impl Options {
    fn source<'s>(&'s self, caller: &Caller) -> &'s str {
        let usual = match caller.principal.actor {
            Actor::User(_) => "manual",
            Actor::Key(_) | Actor::System => "api",
        };
        self.source.as_deref().unwrap_or(usual)
    }
}

pub(super) async fn one(
    app: &App,
    caller: &Caller,
    list: ListId,
    object: &Map<String, Value>,
    options: Options,
    key: &IdempotencyKey,
) -> Result<Answer<LeadView>, Problem> {
    let given = GivenLead::read(object, "", options.region).without_wrong("")?;
    super::check_owner(app, caller, given.owner, "/owner").await?;
    let lead = given.into_lead(options.source(caller));
    let add = AddLead(AddLeads {
        scope: caller.scope,
        origin: caller.origin.clone(),
        list,
        rows: vec![(app.deps.ids.next(), lead)],
        on_duplicate: options.on_duplicate,
    });
    let add = key.once(caller, 201, add, |added| id_of(added).map(place_of));
    let committed = app.store.submit(add, Urgency::Interactive).await?;
    let (id, answer) = match committed.out {
        OnceOut::Done(added) => {
            let status = match added {
                Added::Created { .. } => StatusCode::CREATED,
                Added::Updated { .. } | Added::Skipped { .. } | Added::Rejected { .. } => StatusCode::OK,
            };
            (id_of(&added).ok_or(Missing::Lead)?, (status, false))
        }
        OnceOut::Replayed { status, location } => {
            let id = location.as_deref().and_then(|place| place.rsplit('/').next()).and_then(|id| id.parse().ok());
            (id.ok_or(Missing::Lead)?, (StatusCode::from_u16(status).unwrap_or(StatusCode::OK), true))
        }
    };
    let (view, version) = shown(app, caller.scope, id).await?;
    Ok(match answer {
        (status, true) => Answer::replayed(status.as_u16(), Some(place_of(id)), Some(view)).version(version),
        (status, false) => Answer::created(place_of(id), view).status(status).version(version).seq(committed.seq),
    })
}

const fn id_of(added: &Added) -> Option<LeadId> {
    match added {
        Added::Created { id, .. } | Added::Updated { id } | Added::Skipped { id } => Some(*id),
        Added::Rejected { .. } => None,
    }
}

pub(super) async fn many(
    app: &App,
    caller: &Caller,
    list: ListId,
    given: &[Value],
    options: Options,
    key: &IdempotencyKey,
) -> Result<Answer<BatchResult>, Problem> {
    let scope = caller.scope;
    app.store.read(move |view| live_list(view, &scope, list).map(drop)).await.map_err(Problem::from)?;
    let mut results = Vec::with_capacity(given.len());
    let mut rows: Vec<(LeadId, Lead)> = Vec::with_capacity(given.len());
    let mut places = Vec::with_capacity(given.len());
    for (index, value) in given.iter().enumerate() {
        let mut result = RowResult { index, status: "rejected", ..RowResult::default() };
        match row(app, caller, value, &options).await {
            Ok((lead, dirt)) => {
                result.errors = dirt.into_iter().map(RowReason::from).collect();
                result.warnings = warnings(&lead);
                places.push(index);
                rows.push((app.deps.ids.next(), lead));
            }
            Err(reasons) => result.reasons = reasons,
        }
        results.push(result);
    }
    let add = AddLeads { scope, origin: caller.origin.clone(), list, rows, on_duplicate: options.on_duplicate };
    let committed = app.store.submit(key.once(caller, 200, add, |_| None), Urgency::Interactive).await?;
    let added = match committed.out {
        OnceOut::Done(added) => added,
        // The record of a key holds no body.
        OnceOut::Replayed { status, location } => return Ok(Answer::replayed(status, location, None)),
    };
    for (place, added) in places.into_iter().zip(added) {
        note(&mut results[place], added);
    }
    let results = with_lists(app, caller, results).await?;
    let count = |status: &str| results.iter().filter(|result| result.status == status).count();
    let (created, updated) = (count("created"), count("updated"));
    let (skipped, rejected) = (count("skipped"), count("rejected"));
    Ok(Answer::ok(BatchResult { created, updated, skipped, rejected, results }).seq(committed.seq))
}

/// A row as a lead with the texts that were left out, or why it is none.
async fn row(
    app: &App,
    caller: &Caller,
    value: &Value,
    options: &Options,
) -> Result<(Lead, Vec<Dirt>), Vec<RowReason>> {
    let wrong = |field: Option<String>, error: String| RowReason { field, code: "VALIDATION_FAILED", error };
    let Value::Object(object) = value else { return Err(vec![wrong(None, "expected an object".to_owned())]) };
    let mut given = GivenLead::read(object, "", options.region);
    if let Err(problem) = super::check_owner(app, caller, given.owner, "/owner").await {
        given.wrong.extend(problem.errors);
    }
    if !given.wrong.is_empty() {
        let field = |error: &FieldError| error.pointer.as_deref().map(|at| at.trim_start_matches('/').to_owned());
        return Err(given.wrong.into_iter().map(|error| wrong(field(&error), error.detail)).collect());
    }
    let dirt = std::mem::take(&mut given.dirt);
    Ok((given.into_lead(options.source(caller)), dirt))
}

fn note(result: &mut RowResult, added: Added) {
    result.id = id_of(&added);
    result.status = match added {
        Added::Created { .. } => "created",
        Added::Updated { .. } => "updated",
        Added::Skipped { .. } => "skipped",
        Added::Rejected { reason } => {
            result.reasons.push(RowReason { field: None, code: "INSUFFICIENT_IDENTITY", error: reason });
            "rejected"
        }
    };
}

/// Says of each lead in which list it is: one that was there may be in another.
async fn with_lists(app: &App, caller: &Caller, mut results: Vec<RowResult>) -> Result<Vec<RowResult>, Problem> {
    let scope = caller.scope;
    let read = app.store.read(move |view| {
        for result in &mut results {
            if let Some(id) = result.id {
                result.list_id = view.get::<Leads>(&scope, (id,))?.map(|lead| lead.list);
            }
        }
        Ok::<_, Refusal>(results)
    });
    read.await.map_err(Problem::from)
}
