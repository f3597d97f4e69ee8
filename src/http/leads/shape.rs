//! A lead as the API shows it.

use serde::Serialize;
use serde::ser::SerializeMap;
use serde_json::{Map, Value};

use super::details::Details;
use crate::domain::id::{CompanyId, JobId, LeadId, ListId, UserId};
use crate::domain::lead::{EmailStatus, Lead, LeadField};
use crate::domain::quality;
use crate::domain::time::Time;

/// A lead. A field without a value is `null`.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Lead)]
#[serde(rename_all = "camelCase")]
pub struct LeadView {
    id: LeadId,
    list_id: ListId,
    owner: Option<UserId>,
    #[serde(flatten)]
    #[schema(inline)]
    fields: Fields,
    #[schema(value_type = Object)]
    custom_fields: Custom,
    tags: Vec<String>,
    /// `csv`, `manual`, `api`, …
    source: Option<String>,
    data_source: Option<String>,
    data_collected_at: Option<Time>,
    /// `not_enriched`, `pending`, `enriched`, `partial`, `not_found`, `failed` or `skipped`
    enrichment_status: &'static str,
    /// `valid`, `invalid`, `catch-all`, `unknown`, or `null` when nobody has looked
    email_status: Option<&'static str>,
    email_verified: bool,
    /// 0 to 100
    quality_score: u8,
    /// The fields that would raise the score
    missing_fields: Vec<&'static str>,
    is_qualified: Option<bool>,
    enriched_at: Option<Time>,
    enrichment_job_id: Option<JobId>,
    /// The record of its company: `GET /companies/{id}`
    company_id: Option<CompanyId>,
    created_at: Time,
    updated_at: Time,
    #[serde(flatten)]
    details: Option<DetailsView>,
}

/// What a page leaves out unless it is asked for with `details`.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct DetailsView {
    /// The row of the file that brought the lead, by its headers
    original_data: Option<Map<String, Value>>,
    /// What enrichment has found beyond the fields
    enriched: Map<String, Value>,
    /// By field: value, provider, time, confidence, cost
    provenance: Map<String, Value>,
}

/// The lead fields by their names.
#[derive(Debug, Clone)]
struct Fields(Lead);

impl Serialize for Fields {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(LeadField::ALL.len()))?;
        for field in LeadField::ALL {
            map.serialize_entry(field.name(), &self.0.field(field))?;
        }
        map.end()
    }
}

impl utoipa::PartialSchema for Fields {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
        let text = || ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null])).build();
        let object = LeadField::ALL
            .into_iter()
            .fold(ObjectBuilder::new(), |object, field| object.property(field.name(), text()));
        object.into()
    }
}

impl utoipa::ToSchema for Fields {}

/// Custom fields in the order of the file that brought them.
#[derive(Debug, Clone)]
struct Custom(Vec<(String, String)>);

impl Serialize for Custom {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl LeadView {
    pub fn new(id: LeadId, mut lead: Lead, details: Option<Details>) -> Self {
        let missing_fields = quality::missing_fields(&lead).into_iter().map(LeadField::name).collect();
        Self {
            id,
            list_id: lead.list,
            owner: lead.owner,
            custom_fields: Custom(std::mem::take(&mut lead.custom_fields)),
            tags: std::mem::take(&mut lead.tags),
            source: lead.source.take(),
            data_source: lead.data_source.take(),
            data_collected_at: lead.data_collected_at,
            enrichment_status: lead.enrichment_status.name(),
            email_status: lead.email_status.map(EmailStatus::name),
            email_verified: lead.email_status == Some(EmailStatus::Valid),
            quality_score: lead.quality_score,
            missing_fields,
            is_qualified: lead.is_qualified,
            enriched_at: lead.enriched_at,
            enrichment_job_id: lead.enrichment_job,
            company_id: lead.company,
            created_at: lead.created_at,
            updated_at: lead.updated_at,
            details: details.map(|details| DetailsView {
                original_data: details.original_data,
                enriched: details.enriched,
                provenance: details.provenance,
            }),
            fields: Fields(lead),
        }
    }
}
