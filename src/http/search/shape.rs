//! A search as callers ask it, and what they get.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::facets::FacetView;
use super::{Hit, clause};
use crate::domain::id::ListId;
use crate::domain::spelling::{closest, did_you_mean};
use crate::http::problem::{FieldError, Problem};
use crate::http::query::Limit;
use crate::search::{Direction, SearchField, SearchRequest, Sort};

#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchBody {
    /// Words to look for; blank finds every lead
    pub q: Option<String>,
    pub list_id: Option<ListId>,
    /// A filter tree, or a string that holds a filter as text
    #[schema(value_type = Option<Object>)]
    pub filter: Option<Value>,
    /// Up to three, the first counts most; then the newest first
    pub sort: Option<Vec<SortKey>>,
    #[schema(inline)]
    pub limit: Option<Limit>,
    /// `nextCursor` of the page before, everything else unchanged
    pub after: Option<String>,
    /// Fields whose values are counted among all leads found
    pub facets: Option<Vec<String>>,
    /// Show this write (`X-Galena-Seq`), waiting up to two seconds for it
    pub min_seq: Option<u64>,
    /// With `originalData`, `enriched` and `provenance` of each lead
    pub details: Option<bool>,
}

/// `"-createdAt"`, or `{"field": "createdAt", "direction": "desc"}`.
#[derive(Debug, Clone, PartialEq, Eq, utoipa::ToSchema)]
pub struct SortKey {
    field: String,
    direction: SortDirection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SortDirection {
    #[default]
    Asc,
    Desc,
}

impl SortKey {
    /// A field name, with `-` in front for the other way round.
    pub fn from_text(text: &str) -> Self {
        match text.strip_prefix('-') {
            Some(field) => Self { field: field.to_owned(), direction: SortDirection::Desc },
            None => Self { field: text.strip_prefix('+').unwrap_or(text).to_owned(), direction: SortDirection::Asc },
        }
    }
}

impl<'de> Deserialize<'de> for SortKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Object {
                field: String,
                #[serde(default, alias = "order")]
                direction: SortDirection,
            },
        }
        let written = Written::deserialize(deserializer)
            .map_err(|_| serde::de::Error::custom("expected a field name, or an object with field and direction"))?;
        Ok(match written {
            Written::Text(text) => Self::from_text(&text),
            Written::Object { field, direction } => Self { field, direction },
        })
    }
}

/// One page.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchAnswer {
    pub data: Vec<Hit>,
    /// All leads found, on this page or not
    pub total: u64,
    /// By the names asked for
    pub facets: BTreeMap<String, FacetView>,
    /// Give it as `after` for the next page; absent on the last one
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// The page does not show the write of `minSeq` yet
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<bool>,
}

impl SearchBody {
    /// The request with `details` and `minSeq`.
    pub(super) fn into_request(self) -> Result<(SearchRequest, bool, Option<u64>), Problem> {
        let sort = self.sort.unwrap_or_default().into_iter().enumerate().map(|(place, key)| {
            let field = field_named(&key.field, || format!("/sort/{place}"))?;
            let direction = match key.direction {
                SortDirection::Asc => Direction::Ascending,
                SortDirection::Desc => Direction::Descending,
            };
            Ok(Sort { field, direction })
        });
        let facets = self.facets.unwrap_or_default().into_iter().enumerate();
        let facets = facets.map(|(place, name)| field_named(&name, || format!("/facets/{place}")));
        let request = SearchRequest {
            sort: sort.collect::<Result<_, Problem>>()?,
            facets: facets.collect::<Result<_, Problem>>()?,
            filter: self.filter.as_ref().filter(|json| !json.is_null()).map(clause).transpose()?,
            q: self.q.unwrap_or_default(),
            list: self.list_id,
            limit: self.limit.unwrap_or_default().0,
            after: self.after,
        };
        Ok((request, self.details.unwrap_or_default(), self.min_seq))
    }
}

fn field_named(name: &str, pointer: impl FnOnce() -> String) -> Result<SearchField, Problem> {
    SearchField::from_name(name).ok_or_else(|| {
        let shown: String = name.chars().take(80).collect();
        let known: Vec<SearchField> = SearchField::without_custom().collect();
        let hint = did_you_mean(closest(&shown, known.iter().map(SearchField::name)).as_deref());
        Problem::invalid(FieldError::at(pointer(), format!("is no field of a lead{hint}")))
    })
}
