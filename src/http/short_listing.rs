//! Paging through what a workspace has a few of: users, keys, workspaces. All rows are read, in the order of their ids.

use serde::Deserialize;

use super::answer::Page;
use super::problem::Problem;
use super::query::Limit;
use crate::app::App;
use crate::domain::id::Id;
use crate::store::WorkspaceScope;

#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows of a page
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// `nextCursor` of the page before
    after: Option<String>,
}

impl PageQuery {
    /// The page of `rows` (oldest first) that is asked for; `listing` names the route for the cursor.
    pub(in crate::http) fn page<I: Id, T>(
        self,
        app: &App,
        scope: &WorkspaceScope,
        listing: &str,
        rows: Vec<(I, T)>,
    ) -> Result<Page<T>, Problem> {
        let after: Option<u64> = self.after.map(|text| app.cursors.read(scope, listing, &text)).transpose()?;
        let total = rows.len() as u64;
        let start = after.map_or(0, |after| rows.partition_point(|(id, _)| id.as_u64() <= after));
        let is_last = rows.len() - start <= self.limit.0;
        let page: Vec<(I, T)> = rows.into_iter().skip(start).take(self.limit.0).collect();
        let last = page.last().filter(|_| !is_last).map(|(id, _)| id.as_u64());
        let next_cursor = last.map(|id| app.cursors.write(scope, listing, &id)).transpose()?;
        Ok(Page { data: page.into_iter().map(|(_, row)| row).collect(), next_cursor, total: Some(total), stale: None })
    }
}
