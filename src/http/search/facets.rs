//! Facets: the values of a field among the leads found, spelt as one of these leads spells it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::lead::Lead;
use crate::domain::text::fold;
use crate::search::{Facets, SearchField};
use crate::store::tables::Leads;
use crate::store::{Reads, StoreError, View, WorkspaceScope};

/// The values of one field.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FacetView {
    /// How many different values there are
    distinct: u64,
    /// The most frequent first, at most 100
    values: Vec<FacetValue>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FacetValue {
    /// As it is compared: fit for an `eq` filter
    value: String,
    /// As one of the leads spells it
    label: String,
    count: u64,
}

pub(super) fn of(
    view: &View,
    scope: &WorkspaceScope,
    facets: Vec<Facets>,
) -> Result<BTreeMap<String, FacetView>, StoreError> {
    let mut shown = BTreeMap::new();
    for Facets { field, buckets, distinct } in facets {
        let mut values = Vec::with_capacity(buckets.len());
        for bucket in buckets {
            let lead = view.get::<Leads>(scope, (bucket.example,))?;
            let label = lead.and_then(|lead| spelt(&field, &lead, &bucket.value));
            let label = label.unwrap_or_else(|| bucket.value.clone());
            values.push(FacetValue { value: bucket.value, label, count: bucket.count });
        }
        shown.insert(field.to_string(), FacetView { distinct, values });
    }
    Ok(shown)
}

/// How the lead writes the value; `None` when it has another one by now.
fn spelt(field: &SearchField, lead: &Lead, value: &str) -> Option<String> {
    let text = match field {
        SearchField::Lead(field) => lead.field(*field)?,
        SearchField::Tags => lead.tags.iter().find(|tag| fold(tag) == value)?,
        SearchField::Source => lead.source.as_deref()?,
        SearchField::DataSource => lead.data_source.as_deref()?,
        SearchField::Enriched(field) => lead.enriched_field(*field)?,
        _ => return None,
    };
    (fold(text) == value).then(|| text.to_owned())
}
