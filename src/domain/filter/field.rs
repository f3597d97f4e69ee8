//! The fields a filter can test, and what a lead holds in them.

use std::borrow::Cow;

use super::{Filter, Form, Op, Test};
use crate::domain::enriched_field::EnrichedField;
use crate::domain::id::{Id, LeadId};
use crate::domain::lead::{EmailStatus, EnrichmentStatus, Lead, LeadField};
use crate::domain::quality;
use crate::domain::text::fold;
use crate::domain::time::Time;

const CUSTOM_PREFIX: &str = "customFields.";

/// A field by its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    Text(TextField),
    Tags,
    QualityScore,
    Time(TimeField),
    Keyword(KeywordField),
    Id(IdField),
    Flag(FlagField),
    MissingFields,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextField {
    Lead(LeadField),
    /// By its exact name.
    Custom(String),
    /// What was found out about the lead.
    Enriched(EnrichedField),
    Source,
    DataSource,
    /// The domain of the e-mail address, else of the website.
    Domain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeField {
    CreatedAt,
    UpdatedAt,
    EnrichedAt,
    DataCollectedAt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeywordField {
    EnrichmentStatus,
    EmailStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdField {
    Id,
    ListId,
    Owner,
    EnrichmentJobId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagField {
    IsQualified,
    /// Whether the e-mail status is `valid`.
    EmailVerified,
}

/// The fields beside those of [`LeadField`] and the custom ones.
const SYSTEM_FIELDS: [(&str, Field); 18] = [
    ("id", Field::Id(IdField::Id)),
    ("listId", Field::Id(IdField::ListId)),
    ("owner", Field::Id(IdField::Owner)),
    ("enrichmentJobId", Field::Id(IdField::EnrichmentJobId)),
    ("tags", Field::Tags),
    ("source", Field::Text(TextField::Source)),
    ("dataSource", Field::Text(TextField::DataSource)),
    ("domain", Field::Text(TextField::Domain)),
    ("dataCollectedAt", Field::Time(TimeField::DataCollectedAt)),
    ("enrichmentStatus", Field::Keyword(KeywordField::EnrichmentStatus)),
    ("emailStatus", Field::Keyword(KeywordField::EmailStatus)),
    ("emailVerified", Field::Flag(FlagField::EmailVerified)),
    ("qualityScore", Field::QualityScore),
    ("missingFields", Field::MissingFields),
    ("isQualified", Field::Flag(FlagField::IsQualified)),
    ("enrichedAt", Field::Time(TimeField::EnrichedAt)),
    ("createdAt", Field::Time(TimeField::CreatedAt)),
    ("updatedAt", Field::Time(TimeField::UpdatedAt)),
];

impl Field {
    /// By the name of the API; `customFields.` and the name for a custom field.
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(custom) = name.strip_prefix(CUSTOM_PREFIX) {
            return (!custom.is_empty()).then(|| Self::Text(TextField::Custom(custom.to_owned())));
        }
        if let Some(field) = LeadField::from_name(name) {
            return Some(Self::Text(TextField::Lead(field)));
        }
        if let Some(field) = EnrichedField::from_name(name) {
            return Some(Self::Text(TextField::Enriched(field)));
        }
        SYSTEM_FIELDS.into_iter().find(|(known, _)| *known == name).map(|(_, field)| field)
    }

    /// The name of the API.
    pub fn name(&self) -> String {
        match self {
            Self::Text(TextField::Lead(field)) => field.name().to_owned(),
            Self::Text(TextField::Custom(name)) => format!("{CUSTOM_PREFIX}{name}"),
            Self::Text(TextField::Enriched(field)) => field.name().to_owned(),
            system => {
                let known = SYSTEM_FIELDS.iter().find(|(_, field)| field == system);
                known.map_or_else(String::new, |(name, _)| (*name).to_owned())
            }
        }
    }

    /// Every name but those of custom fields.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        let system = SYSTEM_FIELDS.iter().map(|(name, _)| *name);
        let facts = EnrichedField::ALL.into_iter().map(EnrichedField::name);
        LeadField::ALL.into_iter().map(LeadField::name).chain(facts).chain(system).chain([CUSTOM_PREFIX])
    }

    /// The operators that mean something on the field.
    pub(super) const fn ops(&self) -> &'static [Op] {
        use Op::{Between, Contains, Empty, Eq, Gt, Gte, In, Lt, Lte, Ne, NotEmpty, Prefix};
        match self {
            Self::Text(_) => &Op::ALL,
            Self::Tags => &[Eq, Ne, In, Contains, Prefix, Empty, NotEmpty],
            Self::QualityScore | Self::Time(_) => &[Eq, Ne, In, Gt, Gte, Lt, Lte, Between, Empty, NotEmpty],
            Self::Keyword(_) | Self::Id(_) => &[Eq, Ne, In, Empty, NotEmpty],
            Self::Flag(_) => &[Eq, Ne, Empty, NotEmpty],
            Self::MissingFields => &[Eq, Ne, In, Contains, Empty, NotEmpty],
        }
    }
}

impl KeywordField {
    pub(super) fn names(self) -> Vec<&'static str> {
        use EnrichmentStatus::{Enriched, Failed, NotEnriched, NotFound, Partial, Pending, Skipped};
        match self {
            Self::EnrichmentStatus => [NotEnriched, Pending, Enriched, Partial, NotFound, Failed, Skipped]
                .map(EnrichmentStatus::name)
                .to_vec(),
            Self::EmailStatus => {
                [EmailStatus::Valid, EmailStatus::Invalid, EmailStatus::CatchAll, EmailStatus::Unknown]
                    .map(EmailStatus::name)
                    .to_vec()
            }
        }
    }
}

impl Test {
    /// Whether `lead` passes the test.
    pub fn matches(&self, id: LeadId, lead: &Lead) -> bool {
        match self {
            Self::Text { field, op, operands } => op.test_text(field.form(), field.of(lead).as_deref(), operands),
            Self::Tags { op, operands } => op.test_texts(&lead.tags, operands),
            Self::QualityScore { op, operands } => op.test(Some(&f64::from(lead.quality_score)), operands),
            Self::Time { field, op, operands } => op.test(field.of(lead).as_ref(), operands),
            Self::Keyword { field, op, operands } => op.test(field.of(lead).as_ref(), operands),
            Self::Id { field, op, operands } => op.test(field.of(id, lead).as_ref(), operands),
            Self::Flag { field, op, operands } => op.test(field.of(lead).as_ref(), operands),
            Self::MissingFields { op, operands } => op.test_members(&quality::missing_fields(lead), operands),
        }
    }
}

impl TextField {
    fn of<'l>(&self, lead: &'l Lead) -> Option<Cow<'l, str>> {
        let text = match self {
            Self::Domain => return domain_of(lead).map(Cow::Owned),
            Self::Lead(field) => lead.field(*field),
            Self::Custom(name) => lead.custom_field(name),
            Self::Enriched(field) => lead.enriched_field(*field),
            Self::Source => lead.source.as_deref(),
            Self::DataSource => lead.data_source.as_deref(),
        };
        text.map(Cow::Borrowed)
    }
}

/// The domain of the e-mail address, else the host of the website.
pub fn domain_of(lead: &Lead) -> Option<String> {
    let of_email =
        lead.field(LeadField::Email).and_then(|email| email.rsplit_once('@')).map(|(_, domain)| fold(domain));
    of_email.filter(|domain| !domain.is_empty()).or_else(|| {
        let page = Form::Page.whole(lead.field(LeadField::Website)?);
        let host = page.split(['/', ':']).next()?;
        host.contains('.').then(|| host.to_owned())
    })
}

impl TimeField {
    const fn of(self, lead: &Lead) -> Option<Time> {
        match self {
            Self::CreatedAt => Some(lead.created_at),
            Self::UpdatedAt => Some(lead.updated_at),
            Self::EnrichedAt => lead.enriched_at,
            Self::DataCollectedAt => lead.data_collected_at,
        }
    }
}

impl KeywordField {
    fn of(self, lead: &Lead) -> Option<&'static str> {
        match self {
            Self::EnrichmentStatus => Some(lead.enrichment_status.name()),
            Self::EmailStatus => lead.email_status.map(EmailStatus::name),
        }
    }
}

impl IdField {
    fn of(self, id: LeadId, lead: &Lead) -> Option<u64> {
        match self {
            Self::Id => Some(id.as_u64()),
            Self::ListId => Some(lead.list.as_u64()),
            Self::Owner => lead.owner.map(Id::as_u64),
            Self::EnrichmentJobId => lead.enrichment_job.map(Id::as_u64),
        }
    }
}

impl FlagField {
    fn of(self, lead: &Lead) -> Option<bool> {
        match self {
            Self::IsQualified => lead.is_qualified,
            Self::EmailVerified => Some(lead.email_status == Some(EmailStatus::Valid)),
        }
    }
}

impl From<Test> for Filter {
    fn from(test: Test) -> Self {
        Self::Test(test)
    }
}
