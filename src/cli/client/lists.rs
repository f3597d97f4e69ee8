//! Lists by their names, which is how people call them; the API calls them by their ids.

use serde::Deserialize;
use serde_json::json;

use super::Client;
use crate::cli::exit::{CliError, Exit};

/// A list, as far as commands need it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedList {
    pub id: String,
    pub name: String,
    pub total_leads: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    data: Vec<NamedList>,
    next_cursor: Option<String>,
}

impl Client {
    /// The list with exactly this name that is neither deleted nor archived.
    pub async fn list_named(&self, name: &str) -> Result<Option<NamedList>, CliError> {
        let mut after: Option<String> = None;
        loop {
            let mut query = vec![("q", name), ("limit", "500")];
            if let Some(after) = &after {
                query.push(("after", after));
            }
            let page: Page = self.get("/leads/lists", &query).await?;
            if let Some(list) = page.data.into_iter().find(|list| list.name == name) {
                return Ok(Some(list));
            }
            after = page.next_cursor;
            if after.is_none() {
                return Ok(None);
            }
        }
    }

    /// # Errors
    /// `LIST_NOT_FOUND` when there is none.
    pub async fn list_that_is(&self, name: &str) -> Result<NamedList, CliError> {
        self.list_named(name).await?.ok_or_else(|| {
            CliError::new(Exit::Failed, "LIST_NOT_FOUND", "list not found", format!("no list is called \"{name}\""))
        })
    }

    /// The list with this name, made when there is none.
    pub async fn list_or_new(&self, name: &str) -> Result<NamedList, CliError> {
        match self.list_named(name).await? {
            Some(list) => Ok(list),
            None => self.post("/leads/lists", &json!({ "name": name })).await,
        }
    }
}
