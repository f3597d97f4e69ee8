//! The fields that searches filter, sort and count by: the API's names and what the index holds of each.

use std::borrow::Cow;
use std::fmt;

use crate::domain::enriched_field::EnrichedField;
use crate::domain::lead::LeadField;

/// The field of the index that holds the columns of all facts.
pub(super) const ENRICHED: &str = "enriched";

/// A field by which leads can be filtered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SearchField {
    Lead(LeadField),
    /// The domain of the e-mail address, else of the website.
    Domain,
    Tags,
    Source,
    DataSource,
    EnrichmentStatus,
    EmailStatus,
    IsQualified,
    Owner,
    Import,
    EmailVerified,
    EnrichmentJob,
    Id,
    List,
    QualityScore,
    CreatedAt,
    UpdatedAt,
    EnrichedAt,
    DataCollectedAt,
    /// What was found out about the lead.
    Enriched(EnrichedField),
    /// A custom field by its name as given.
    Custom(String),
}

/// What the index keeps of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One or more folded keywords.
    Keyword,
    /// Keywords made of the digits alone.
    Digits,
    /// A page without scheme and `www.`.
    Page,
    /// A whole number.
    Number,
    /// Milliseconds since the epoch.
    Time,
    /// A list id.
    List,
    /// The id of the lead.
    Lead,
    /// A folded keyword among those of all facts.
    Enriched,
    /// A value of the custom fields.
    Custom,
}

impl SearchField {
    /// The fields with a keyword term of their own, in the order of the schema.
    pub(super) fn keywords() -> impl Iterator<Item = Self> {
        LeadField::ALL.into_iter().map(Self::Lead).chain([
            Self::Domain,
            Self::Tags,
            Self::Source,
            Self::DataSource,
            Self::EnrichmentStatus,
            Self::EmailStatus,
            Self::IsQualified,
            Self::Owner,
            Self::Import,
            Self::EmailVerified,
            Self::EnrichmentJob,
        ])
    }

    /// The fields with a numeric column, in the order of the schema.
    pub(super) const NUMBERS: [Self; 5] =
        [Self::QualityScore, Self::CreatedAt, Self::UpdatedAt, Self::EnrichedAt, Self::DataCollectedAt];

    /// A name of the API: `companyName`, `tags`, `customFields.Region`.
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(custom) = name.strip_prefix("customFields.") {
            return (!custom.is_empty()).then(|| Self::Custom(custom.to_owned()));
        }
        Self::without_custom().find(|field| field.name() == name)
    }

    /// Every field but the custom ones.
    pub fn without_custom() -> impl Iterator<Item = Self> {
        let facts = EnrichedField::ALL.map(Self::Enriched);
        Self::keywords().chain(Self::NUMBERS).chain(facts).chain([Self::Id, Self::List])
    }

    /// The name in the API; of a custom field its bare name.
    pub fn name(&self) -> &str {
        match self {
            Self::Lead(field) => field.name(),
            Self::Domain => "domain",
            Self::Tags => "tags",
            Self::Source => "source",
            Self::DataSource => "dataSource",
            Self::EnrichmentStatus => "enrichmentStatus",
            Self::EmailStatus => "emailStatus",
            Self::IsQualified => "isQualified",
            Self::Owner => "owner",
            Self::Import => "importId",
            Self::EmailVerified => "emailVerified",
            Self::EnrichmentJob => "enrichmentJobId",
            Self::Id => "id",
            Self::List => "listId",
            Self::QualityScore => "qualityScore",
            Self::CreatedAt => "createdAt",
            Self::UpdatedAt => "updatedAt",
            Self::EnrichedAt => "enrichedAt",
            Self::DataCollectedAt => "dataCollectedAt",
            Self::Enriched(field) => field.name(),
            Self::Custom(name) => name,
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Lead(LeadField::Phone | LeadField::CompanyPhone) => Kind::Digits,
            Self::Lead(LeadField::LinkedInUrl) => Kind::Page,
            Self::QualityScore => Kind::Number,
            Self::CreatedAt | Self::UpdatedAt | Self::EnrichedAt | Self::DataCollectedAt => Kind::Time,
            Self::Id => Kind::Lead,
            Self::List => Kind::List,
            Self::Enriched(_) => Kind::Enriched,
            Self::Custom(_) => Kind::Custom,
            _ => Kind::Keyword,
        }
    }

    /// Whether no lead is without it.
    pub(super) fn is_always_present(&self) -> bool {
        matches!(
            self,
            Self::EnrichmentStatus
                | Self::EmailVerified
                | Self::QualityScore
                | Self::CreatedAt
                | Self::UpdatedAt
                | Self::List
                | Self::Id
        )
    }

    /// Whether a column of folded texts is kept, by which leads are sorted and counted.
    pub(super) fn has_text_column(&self) -> bool {
        match self {
            Self::Lead(field) => matches!(
                field,
                LeadField::Email
                    | LeadField::LastName
                    | LeadField::FullName
                    | LeadField::CompanyName
                    | LeadField::JobTitle
                    | LeadField::City
                    | LeadField::State
                    | LeadField::Country
                    | LeadField::Industry
                    | LeadField::CompanySize
            ),
            Self::Domain
            | Self::Tags
            | Self::Source
            | Self::DataSource
            | Self::EnrichmentStatus
            | Self::EmailStatus
            | Self::IsQualified
            | Self::Owner
            | Self::Enriched(_) => true,
            _ => false,
        }
    }

    /// The name of the column, where it has one.
    pub(super) fn column(&self) -> Cow<'_, str> {
        match self {
            // A column below a JSON field is there only where a lead has the fact.
            Self::Enriched(field) => format!("{ENRICHED}.{}", field.name()).into(),
            _ => self.name().into(),
        }
    }
}

impl fmt::Display for SearchField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if matches!(self, Self::Custom(_)) {
            f.write_str("customFields.")?;
        }
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for field in SearchField::without_custom() {
            assert_eq!(SearchField::from_name(field.name()), Some(field));
        }
        let custom = SearchField::Custom("Deal.Stage".to_owned());
        assert_eq!(SearchField::from_name(&custom.to_string()), Some(custom));
        assert_eq!(SearchField::from_name("customFields."), None);
        assert_eq!(SearchField::from_name("password"), None);
    }
}
