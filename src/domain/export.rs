//! The columns of an export: what they are called and what stands in them.
//!
//! Without a choice a table has [`default_columns`]: the fields of a lead in the order of [`LeadField::ALL`], what the
//! house knows about it, and behind them one column per custom field, in the order in which they are first met. Headers
//! are the names of the API, so that an exported file is read back without a mapping.

use std::borrow::Cow;

use super::enriched_field::EnrichedField;
use super::header;
use super::id::LeadId;
use super::lead::{Lead, LeadField};
use super::time::Time;

/// In front of the name of a custom field where the bare name would mean something else.
pub const CUSTOM_PREFIX: &str = "customFields.";
/// In front of a column of the imported file.
pub const ORIGINAL_PREFIX: &str = "original.";

/// What the house knows of a lead beside its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Known {
    Id,
    ListId,
    Tags,
    Source,
    EmailStatus,
    EnrichmentStatus,
    EnrichedAt,
    QualityScore,
    IsQualified,
    CreatedAt,
    UpdatedAt,
}

impl Known {
    pub const ALL: [Self; 11] = [
        Self::Id,
        Self::ListId,
        Self::Tags,
        Self::Source,
        Self::EmailStatus,
        Self::EnrichmentStatus,
        Self::EnrichedAt,
        Self::QualityScore,
        Self::IsQualified,
        Self::CreatedAt,
        Self::UpdatedAt,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::ListId => "listId",
            Self::Tags => "tags",
            Self::Source => "source",
            Self::EmailStatus => "emailStatus",
            Self::EnrichmentStatus => "enrichmentStatus",
            Self::EnrichedAt => "enrichedAt",
            Self::QualityScore => "qualityScore",
            Self::IsQualified => "isQualified",
            Self::CreatedAt => "createdAt",
            Self::UpdatedAt => "updatedAt",
        }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Column {
    Field(LeadField),
    Known(Known),
    /// What was found out about the lead.
    Enriched(EnrichedField),
    Custom(String),
    /// Of the imported file, by its title there.
    Original(String),
}

/// What stands in a cell, for files that know more than text.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'l> {
    /// Empty where the lead has none.
    Text(Cow<'l, str>),
    /// Several texts; a cell that holds one text has them separated by `;`.
    Texts(&'l [String]),
    Number(u32),
    Truth(bool),
    Moment(Time),
}

/// The columns of a table without a choice, custom fields left out.
pub fn default_columns() -> Vec<Column> {
    let known = [Known::Tags, Known::EmailStatus, Known::EnrichmentStatus, Known::QualityScore, Known::CreatedAt];
    let facts = [EnrichedField::SeniorityLevel, EnrichedField::Department, EnrichedField::PhoneType];
    LeadField::ALL
        .into_iter()
        .map(Column::Field)
        .chain(known.map(Column::Known))
        .chain(facts.map(Column::Enriched))
        .collect()
}

impl Column {
    /// The column that somebody means by `name`; what is no field of the API is a custom one.
    pub fn named(name: &str) -> Self {
        if let Some(field) = LeadField::from_name(name) {
            return Self::Field(field);
        }
        if let Some(known) = Known::ALL.into_iter().find(|known| known.name() == name) {
            return Self::Known(known);
        }
        if let Some(field) = EnrichedField::from_name(name) {
            return Self::Enriched(field);
        }
        match (name.strip_prefix(CUSTOM_PREFIX), name.strip_prefix(ORIGINAL_PREFIX)) {
            (Some(custom), _) => Self::Custom(custom.to_owned()),
            (None, Some(original)) => Self::Original(original.to_owned()),
            (None, None) => Self::Custom(name.to_owned()),
        }
    }

    /// The header; [`Column::named`] gives the column back.
    pub fn header(&self) -> Cow<'_, str> {
        match self {
            Self::Field(field) => field.name().into(),
            Self::Known(known) => known.name().into(),
            Self::Enriched(field) => field.name().into(),
            Self::Custom(name) if Self::named(name) == *self && !reads_as_a_field(name) => name.into(),
            Self::Custom(name) => format!("{CUSTOM_PREFIX}{name}").into(),
            Self::Original(title) => format!("{ORIGINAL_PREFIX}{title}").into(),
        }
    }

    /// What stands in a cell, with its type.
    pub fn cell<'l>(&self, id: LeadId, lead: &'l Lead, original: &'l [(String, String)]) -> Cell<'l> {
        match self {
            Self::Known(Known::Tags) => Cell::Texts(&lead.tags),
            Self::Known(Known::QualityScore) => Cell::Number(lead.quality_score.into()),
            Self::Known(Known::IsQualified) => lead.is_qualified.map_or(Cell::NOTHING, Cell::Truth),
            Self::Known(Known::EnrichedAt) => lead.enriched_at.map_or(Cell::NOTHING, Cell::Moment),
            Self::Known(Known::CreatedAt) => Cell::Moment(lead.created_at),
            Self::Known(Known::UpdatedAt) => Cell::Moment(lead.updated_at),
            _ => Cell::Text(self.text(id, lead, original)),
        }
    }

    /// The text in a cell; empty where the lead has none. Several tags are separated by `;`.
    pub fn text<'l>(&self, id: LeadId, lead: &'l Lead, original: &'l [(String, String)]) -> Cow<'l, str> {
        let opt = |text: Option<&'l str>| Cow::Borrowed(text.unwrap_or_default());
        match self {
            Self::Field(field) => opt(lead.field(*field)),
            Self::Enriched(field) => opt(lead.enriched_field(*field)),
            Self::Custom(name) => opt(lead.custom_field(name)),
            Self::Original(title) => {
                opt(original.iter().find(|(known, _)| known == title).map(|(_, cell)| cell.as_str()))
            }
            Self::Known(known) => match known {
                Known::Id => id.to_string().into(),
                Known::ListId => lead.list.to_string().into(),
                Known::Tags => lead.tags.join(";").into(),
                Known::Source => opt(lead.source.as_deref()),
                Known::EmailStatus => opt(lead.email_status.map(super::lead::EmailStatus::name)),
                Known::EnrichmentStatus => lead.enrichment_status.name().into(),
                Known::EnrichedAt => lead.enriched_at.map_or(Cow::Borrowed(""), |at| at.to_string().into()),
                Known::QualityScore => lead.quality_score.to_string().into(),
                Known::IsQualified => opt(lead.is_qualified.map(|yes| if yes { "true" } else { "false" })),
                Known::CreatedAt => lead.created_at.to_string().into(),
                Known::UpdatedAt => lead.updated_at.to_string().into(),
            },
        }
    }
}

impl Cell<'_> {
    pub const NOTHING: Self = Self::Text(Cow::Borrowed(""));
}

/// An import would take the title for one of a lead field.
fn reads_as_a_field(title: &str) -> bool {
    header::suggest(&[title]).iter().any(Option::is_some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_names_its_column() {
        let mut columns = default_columns();
        columns.extend(Known::ALL.map(Column::Known));
        for custom in ["Fair", "email", "Phone", "tags", "customFields.x", "original.y", "", "a,b\n\"c\""] {
            columns.push(Column::Custom(custom.to_owned()));
            columns.push(Column::Original(custom.to_owned()));
        }
        for column in columns {
            assert_eq!(Column::named(&column.header()), column, "{}", column.header());
        }
    }

    #[test]
    fn cells_hold_what_the_lead_has() {
        let lead = Lead {
            email: Some("ada@acme.example".to_owned()),
            custom_fields: vec![("Fair".to_owned(), "Köln".to_owned())],
            tags: vec!["vip".to_owned(), "2026".to_owned()],
            ..Lead::default()
        };
        let original = [("E-Mail".to_owned(), " Ada@ACME.example".to_owned())];
        let text =
            |name: &str| Column::named(name).text(super::super::id::Id::from_u64(7), &lead, &original).into_owned();
        assert_eq!(text("email"), "ada@acme.example");
        assert_eq!((text("Fair"), text("customFields.Fair")), ("Köln".to_owned(), "Köln".to_owned()));
        assert_eq!(text("tags"), "vip;2026");
        assert_eq!((text("phone"), text("emailStatus"), text("enrichedAt")), Default::default());
        assert_eq!(text("original.E-Mail"), " Ada@ACME.example");
        assert_eq!(text("enrichmentStatus"), "not_enriched");
    }
}
