//! Recipes: a mapping and options under a name, for files that come again.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::options::{self, GivenMapping, GivenOptions};
use crate::app::App;
use crate::domain::id::{Id, RecipeId};
use crate::domain::row::Target;
use crate::domain::time::Time;
use crate::http::answer::{Answer, Page, location};
use crate::http::auth::Auth;
use crate::http::body::Posted;
use crate::http::bulk::PageQuery;
use crate::http::codes::Code;
use crate::http::path::PathId;
use crate::http::problem::{FieldError, Problem};
use crate::http::query::Query;
use crate::store::access::Right;
use crate::store::engine::Order;
use crate::store::records::import::PlannedColumn;
use crate::store::records::recipe::Recipe;
use crate::store::tables::Recipes;
use crate::store::transactions::once::OnceOut;
use crate::store::transactions::recipes::{DeleteRecipe, SaveRecipe, recipe};
use crate::store::{Missing, Reads, Refusal, StoreError, Urgency, WorkspaceScope};

const MAX_NAME: usize = 100;
const MAX_COLUMNS: usize = 5_000;
/// Of one import, not of every one of its kind.
const NOT_IN_A_RECIPE: [&str; 5] = ["listId", "listName", "recipe", "corrections", "dropRows"];

/// What is saved. What `GET` answers may be sent to another workspace as it is.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewRecipe {
    /// 1 to 100 characters
    #[schema(examples("Fair list"))]
    name: String,
    /// Title and field, as in an import; empty: automatic
    #[serde(default)]
    #[schema(value_type = Object)]
    mapping: GivenMapping,
    /// As in an import, without `listId`, `listName`, `recipe`, `corrections` and `dropRows`
    #[serde(default)]
    #[schema(value_type = GivenOptions)]
    options: Map<String, Value>,
    /// Take the place of a recipe that has the name
    #[serde(default)]
    replace: bool,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ImportRecipe)]
#[serde(rename_all = "camelCase")]
pub struct RecipeView {
    id: RecipeId,
    recipe_id: RecipeId,
    name: String,
    #[schema(value_type = Object)]
    mapping: Map<String, Value>,
    #[schema(value_type = GivenOptions)]
    options: Value,
    created_at: Time,
    updated_at: Time,
}

impl RecipeView {
    fn of(id: RecipeId, row: Recipe) -> Self {
        let field = |name: String| if name.is_empty() { Value::Null } else { Value::String(name) };
        Self {
            id,
            recipe_id: id,
            name: row.name,
            mapping: row.mapping.into_iter().map(|column| (column.title, field(column.field))).collect(),
            options: options_of(&row.options),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The options as they were sent.
fn options_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::Object(Map::new()))
}

/// The mapping and options that an import by a recipe begins with.
pub(super) fn parts(row: Recipe) -> (Vec<(String, String)>, Map<String, Value>) {
    let mapping = row.mapping.into_iter().map(|column| (column.title, column.field)).collect();
    match options_of(&row.options) {
        Value::Object(options) => (mapping, options),
        _ => (mapping, Map::new()),
    }
}

fn place_of(id: RecipeId) -> String {
    location(&format!("/leads/imports/recipes/{id}"))
}

/// Page through the recipes, the newest first
#[utoipa::path(get, path = "/leads/imports/recipes", tag = "import", params(PageQuery),
    responses((status = 200, body = Page<RecipeView>)))]
pub async fn index(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<PageQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let after: Option<u64> = query.after.map(|cursor| app.cursors.read(&scope, "recipes", &cursor)).transpose()?;
    let limit = query.limit.0;
    let mut rows = app.store.read(move |view| page(view, &scope, after, limit + 1)).await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(|(id, _)| id.as_u64());
    let next_cursor = next.map(|place| app.cursors.write(&scope, "recipes", &place)).transpose()?;
    let data = rows.into_iter().map(|(id, row)| RecipeView::of(id, row)).collect();
    Ok(Answer::ok(Page { data, next_cursor, total: None, stale: None }))
}

fn page(
    view: &impl Reads,
    scope: &WorkspaceScope,
    after: Option<u64>,
    most: usize,
) -> Result<Vec<(RecipeId, Recipe)>, StoreError> {
    let mut rows = Vec::new();
    let after = (RecipeId::from_u64(after.unwrap_or(u64::MAX)),);
    view.scan_after::<Recipes>(scope, &(), &after, Order::Descending, &mut |(id,), row| {
        rows.push((id, row));
        if rows.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(rows)
}

/// Save a mapping with its options under a name
#[utoipa::path(post, path = "/leads/imports/recipes", tag = "import", request_body = NewRecipe,
    params(("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 201, body = RecipeView)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    Posted { body, key }: Posted<NewRecipe>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let save = SaveRecipe {
        scope: caller.scope,
        origin: caller.origin.clone(),
        id: app.deps.ids.next(),
        mapping: body.columns()?,
        options: body.checked_options()?,
        name: body.checked_name()?,
        replace: body.replace,
    };
    let save = key.once(&caller, 201, save, |id| Some(place_of(*id)));
    let committed = app.store.submit(save, Urgency::Interactive).await?;
    match committed.out {
        OnceOut::Done(id) => {
            let view = shown(&app, caller.scope, id).await?;
            Ok(Answer::created(place_of(id), view).seq(committed.seq))
        }
        OnceOut::Replayed { status, location } => {
            let id = location.as_deref().and_then(|place| place.rsplit('/').next()).and_then(|id| id.parse().ok());
            match shown(&app, caller.scope, id.ok_or(Missing::Recipe)?).await {
                Ok(view) => Ok(Answer::replayed(status, location, Some(view))),
                // Deleted meanwhile: it was made all the same.
                Err(problem) if problem.code == Code::RecipeNotFound => Ok(Answer::replayed(status, location, None)),
                Err(problem) => Err(problem),
            }
        }
    }
}

impl NewRecipe {
    fn checked_name(&self) -> Result<String, Problem> {
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME || name.parse::<RecipeId>().is_ok() {
            return Err(Problem::invalid(FieldError::at("/name", "must have 1 to 100 characters, and be no id")));
        }
        Ok(name.to_owned())
    }

    fn columns(&self) -> Result<Vec<PlannedColumn>, Problem> {
        let choice = options::choice(self.mapping.clone(), &GivenOptions::default())?;
        if choice.mapping.len() > MAX_COLUMNS {
            return Err(Problem::invalid(FieldError::at("/mapping", format!("at most {MAX_COLUMNS} columns"))));
        }
        let mut given = std::collections::HashSet::new();
        for (_, field) in &choice.mapping {
            let target = Target::parse(field);
            let target = target.map_err(|error| Problem::invalid(FieldError::at("/mapping", error.to_string())))?;
            if target != Target::Ignore && !given.insert(target.name()) {
                return Err(Problem::invalid(FieldError::at("/mapping", "gives one field to two columns")));
            }
        }
        Ok(choice.mapping.into_iter().map(|(title, field)| PlannedColumn { title, field }).collect())
    }

    fn checked_options(&self) -> Result<String, Problem> {
        if let Some(name) = NOT_IN_A_RECIPE.iter().find(|name| self.options.contains_key(**name)) {
            let error = FieldError::at(format!("/options/{name}"), "is of one import and not of a recipe");
            return Err(Problem::invalid(error));
        }
        let options = Value::Object(self.options.clone());
        let text = options.to_string();
        options::choice(GivenMapping::new(), &options::read(text.as_bytes())?)?;
        Ok(text)
    }
}

/// One recipe
#[utoipa::path(get, path = "/leads/imports/recipes/{id}", tag = "import", params(("id" = RecipeId, Path)),
    responses((status = 200, body = RecipeView)))]
pub async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<RecipeId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Read)?;
    Ok(Answer::ok(shown(&app, caller.scope, id).await?))
}

/// Delete a recipe; imports that used it keep what they were started with
#[utoipa::path(delete, path = "/leads/imports/recipes/{id}", tag = "import", params(("id" = RecipeId, Path)),
    responses((status = 204)))]
pub async fn delete(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<RecipeId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let delete = DeleteRecipe { scope: caller.scope, origin: caller.origin, id };
    let committed = app.store.submit(delete, Urgency::Interactive).await?;
    Ok(Answer::nothing().seq(committed.seq))
}

async fn shown(app: &App, scope: WorkspaceScope, id: RecipeId) -> Result<RecipeView, Problem> {
    let row = app.store.read(move |view| recipe(view, &scope, id)).await.map_err(|no: Refusal| Problem::from(no))?;
    Ok(RecipeView::of(id, row))
}
