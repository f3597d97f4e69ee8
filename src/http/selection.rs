//! A selection of leads as callers write it: ids, or a list with a filter and exceptions. Bulk acts, enrichment and export
//! take the same.

use serde::Deserialize;
use serde_json::Value;

use super::problem::{FieldError, Problem};
use super::search::read_filter;
use crate::domain::id::{LeadId, ListId};
use crate::store::records::task::{ListSelection, Selection};
use crate::store::transactions::tasks::MAX_SELECTED;

/// `{"ids": [...]}`, or `{"listId": ..., "filter": ..., "except": [...]}`.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GivenSelection {
    /// These leads, at most 10,000; `leadIds` is the same
    #[serde(alias = "leadIds")]
    ids: Option<Vec<String>>,
    /// The leads of this list
    list_id: Option<ListId>,
    /// Those of the list that pass; a tree, or a string that holds a filter as text
    #[schema(value_type = Option<Object>)]
    filter: Option<Value>,
    /// Those of the list but these
    except: Option<Vec<String>>,
}

impl GivenSelection {
    pub fn is_empty(&self) -> bool {
        self.ids.is_none() && self.list_id.is_none() && self.filter.is_none() && self.except.is_none()
    }

    /// # Errors
    /// `VALIDATION_FAILED` with a pointer below `pointer`.
    pub fn read(self, pointer: &str) -> Result<Selection, Problem> {
        let wrong = |place: &str, detail: &str| Problem::invalid(FieldError::at(format!("{pointer}{place}"), detail));
        match (self.ids, self.list_id) {
            (Some(_), Some(_)) => Err(wrong("", "give either ids or a list, not both")),
            (Some(ids), None) => {
                if self.filter.is_some() || self.except.is_some() {
                    return Err(wrong("/filter", "a filter goes with a list"));
                }
                let ids = read_ids(&ids, &format!("{pointer}/ids"))?;
                if ids.is_empty() { Err(wrong("/ids", "names no lead")) } else { Ok(Selection::Ids(ids)) }
            }
            (None, Some(list)) => Ok(Selection::List(ListSelection {
                list,
                filter: match self.filter.filter(|json| !json.is_null()) {
                    Some(json) => {
                        read_filter(&json, &format!("{pointer}/filter"))?;
                        Some(json.to_string())
                    }
                    None => None,
                },
                except: read_ids(&self.except.unwrap_or_default(), &format!("{pointer}/except"))?,
            })),
            (None, None) => Err(wrong("/listId", "give ids or a list")),
        }
    }
}

/// Ascending and each once. What cannot be an id is no lead of anybody.
fn read_ids(texts: &[String], pointer: &str) -> Result<Vec<LeadId>, Problem> {
    if texts.len() > MAX_SELECTED {
        let detail = format!("at most {MAX_SELECTED} ids; select a list with a filter for more");
        return Err(Problem::invalid(FieldError::at(pointer, detail)));
    }
    let mut ids = Vec::with_capacity(texts.len());
    for (place, text) in texts.iter().enumerate() {
        let id: LeadId = text
            .parse()
            .map_err(|_| Problem::invalid(FieldError::at(format!("{pointer}/{place}"), "is not the id of a lead")))?;
        ids.push(id);
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: serde_json::Value) -> Result<Selection, Problem> {
        serde_json::from_value::<GivenSelection>(json).expect("an object").read("/selection")
    }

    #[test]
    fn ids_come_sorted_and_once() {
        let (a, b) = ("lead_0000000000001", "lead_0000000000002");
        let Ok(Selection::Ids(ids)) = read(json!({ "leadIds": [b, a, b] })) else { panic!("ids") };
        assert_eq!(ids.iter().map(ToString::to_string).collect::<Vec<_>>(), [a, b]);
    }

    #[test]
    fn mistakes_are_told_where_they_stand() {
        let pointer = |json| read(json).expect_err("wrong").errors[0].pointer.clone().expect("a pointer");
        assert_eq!(pointer(json!({ "ids": ["lead_0000000000001", "x"] })), "/selection/ids/1");
        assert_eq!(pointer(json!({})), "/selection/listId");
        let list = "list_0000000000001";
        let unknown = json!({ "listId": list, "filter": { "field": "emial", "op": "empty" } });
        assert_eq!(pointer(unknown), "/selection/filter/field");
        assert_eq!(pointer(json!({ "listId": list, "ids": [] })), "/selection");
    }
}
