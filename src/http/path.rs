//! Ids in paths. What cannot be an id of its kind is simply not there.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use super::problem::Problem;
use crate::app::App;
use crate::domain::id::{
    CompanyId, ExportId, Id, ImportId, ItemId, JobId, KeyId, LeadId, ListId, RecipeId, TaskId, UploadId, UserId,
    WorkspaceId,
};
use crate::store::Missing;

/// An id that stands in paths, and what its 404 says.
pub trait Addressed: Id {
    const MISSING: Missing;
}

macro_rules! addressed {
    ($($id:ty => $missing:ident,)*) => {
        $(impl Addressed for $id { const MISSING: Missing = Missing::$missing; })*
    };
}

addressed! {
    ListId => List,
    LeadId => Lead,
    CompanyId => Company,
    ImportId => Import,
    RecipeId => Recipe,
    UploadId => Upload,
    ExportId => Export,
    JobId => Job,
    ItemId => Item,
    TaskId => Task,
    WorkspaceId => Workspace,
    UserId => User,
    KeyId => Key,
}

/// The one id of a path.
pub struct PathId<I>(pub I);

/// The two ids of a path, in their order.
pub struct PathIds<A, B>(pub A, pub B);

impl<I: Addressed> FromRequestParts<Arc<App>> for PathId<I> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        Ok(Self(nth(&params(parts, app).await?, 0)?))
    }
}

impl<A: Addressed, B: Addressed> FromRequestParts<Arc<App>> for PathIds<A, B> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let params = params(parts, app).await?;
        Ok(Self(nth(&params, 0)?, nth(&params, 1)?))
    }
}

async fn params(parts: &mut Parts, app: &Arc<App>) -> Result<Vec<String>, Problem> {
    let not_there = |_| Problem::new(super::codes::Code::NotFound);
    let params = RawPathParams::from_request_parts(parts, app).await.map_err(not_there)?;
    Ok(params.iter().map(|(_, value)| value.to_owned()).collect())
}

fn nth<I: Addressed>(params: &[String], place: usize) -> Result<I, Problem> {
    params.get(place).and_then(|text| text.parse().ok()).ok_or_else(|| I::MISSING.into())
}

/// The first parameter of a path as it stands, for names that are no ids.
pub struct PathText(pub String);

impl FromRequestParts<Arc<App>> for PathText {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(Problem::internal)?;
        let text = params.iter().next().map(|(_, value)| value.to_owned());
        Ok(Self(text.unwrap_or_default()))
    }
}
