//! A lead: one person a sales team may want to reach.

use minicbor::{Decode, Encode};

use super::enriched_field::{EnrichedField, Facts};
use super::enrichment::Input;
use super::id::{CompanyId, Id, ImportId, JobId, ListId, UserId};
use super::time::Time;

/// The fields of a lead that a column can be mapped to and a user can edit. Names are those of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeadField {
    Email,
    FirstName,
    LastName,
    FullName,
    CompanyName,
    Phone,
    JobTitle,
    LinkedInUrl,
    Website,
    Location,
    Street,
    City,
    State,
    PostalCode,
    Country,
    Industry,
    CompanySize,
    CompanyPhone,
    CompanyLinkedInUrl,
    ProfilePictureUrl,
}

impl LeadField {
    pub const ALL: [Self; 20] = [
        Self::Email,
        Self::FirstName,
        Self::LastName,
        Self::FullName,
        Self::CompanyName,
        Self::Phone,
        Self::JobTitle,
        Self::LinkedInUrl,
        Self::Website,
        Self::Location,
        Self::Street,
        Self::City,
        Self::State,
        Self::PostalCode,
        Self::Country,
        Self::Industry,
        Self::CompanySize,
        Self::CompanyPhone,
        Self::CompanyLinkedInUrl,
        Self::ProfilePictureUrl,
    ];

    /// The name in the API and in mappings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::FirstName => "firstName",
            Self::LastName => "lastName",
            Self::FullName => "fullName",
            Self::CompanyName => "companyName",
            Self::Phone => "phone",
            Self::JobTitle => "jobTitle",
            Self::LinkedInUrl => "linkedInUrl",
            Self::Website => "website",
            Self::Location => "location",
            Self::Street => "street",
            Self::City => "city",
            Self::State => "state",
            Self::PostalCode => "postalCode",
            Self::Country => "country",
            Self::Industry => "industry",
            Self::CompanySize => "companySize",
            Self::CompanyPhone => "companyPhone",
            Self::CompanyLinkedInUrl => "companyLinkedInUrl",
            Self::ProfilePictureUrl => "profilePictureUrl",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// The most characters the field holds (PRD-11 7.2.2); a longer cell is a cell error, never cut.
    pub const fn max_chars(self) -> usize {
        match self {
            Self::Email => 320,
            Self::FirstName | Self::LastName | Self::City | Self::State | Self::Country => 100,
            Self::Phone | Self::CompanyPhone | Self::PostalCode | Self::CompanySize => 50,
            Self::LinkedInUrl | Self::Website | Self::CompanyLinkedInUrl | Self::ProfilePictureUrl => 500,
            Self::FullName | Self::CompanyName | Self::JobTitle | Self::Location | Self::Street | Self::Industry => 255,
        }
    }
}

/// The most characters of a tag.
pub const MAX_TAG_CHARS: usize = 100;
/// The most characters a custom field holds.
pub const MAX_CUSTOM_FIELD_CHARS: usize = 10_000;

/// How far the enrichment of a lead has come (design words).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum EnrichmentStatus {
    #[default]
    #[n(0)]
    NotEnriched,
    #[n(1)]
    Pending,
    #[n(2)]
    Enriched,
    #[n(3)]
    Partial,
    #[n(4)]
    NotFound,
    #[n(5)]
    Failed,
    #[n(6)]
    Skipped,
}

impl EnrichmentStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotEnriched => "not_enriched",
            Self::Pending => "pending",
            Self::Enriched => "enriched",
            Self::Partial => "partial",
            Self::NotFound => "not_found",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What is known about the e-mail address (PRD-11 7.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum EmailStatus {
    #[n(0)]
    Valid,
    #[n(1)]
    Invalid,
    #[n(2)]
    CatchAll,
    #[n(3)]
    Unknown,
}

impl EmailStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::CatchAll => "catch-all",
            Self::Unknown => "unknown",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Valid, Self::Invalid, Self::CatchAll, Self::Unknown].into_iter().find(|status| status.name() == name)
    }
}

/// Where the lead stands in the import that created it: names the original row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(map)]
pub struct ImportOrigin {
    #[n(0)]
    pub import: ImportId,
    /// 0-based index among the data rows of the file.
    #[n(1)]
    pub row: u64,
}

/// A lead as stored. Texts are as given without surrounding white space; `email`, `phone`, `linkedin_url`, `website`
/// and `full_name` are in normal form (design 3, fine print); empty is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Lead {
    #[n(0)]
    pub list: ListId,
    #[n(1)]
    pub owner: Option<UserId>,
    #[n(2)]
    pub email: Option<String>,
    #[n(3)]
    pub first_name: Option<String>,
    #[n(4)]
    pub last_name: Option<String>,
    #[n(5)]
    pub full_name: Option<String>,
    #[n(6)]
    pub company_name: Option<String>,
    #[n(7)]
    pub phone: Option<String>,
    #[n(8)]
    pub job_title: Option<String>,
    #[n(9)]
    pub linkedin_url: Option<String>,
    #[n(10)]
    pub website: Option<String>,
    #[n(11)]
    pub location: Option<String>,
    #[n(12)]
    pub street: Option<String>,
    #[n(13)]
    pub city: Option<String>,
    #[n(14)]
    pub state: Option<String>,
    #[n(15)]
    pub postal_code: Option<String>,
    #[n(16)]
    pub country: Option<String>,
    #[n(17)]
    pub industry: Option<String>,
    #[n(18)]
    pub company_size: Option<String>,
    #[n(19)]
    pub company_phone: Option<String>,
    #[n(20)]
    pub company_linkedin_url: Option<String>,
    #[n(21)]
    pub profile_picture_url: Option<String>,
    /// In the order of the file that brought them.
    #[n(22)]
    #[cbor(default)]
    pub custom_fields: Vec<(String, String)>,
    #[n(23)]
    #[cbor(default)]
    pub tags: Vec<String>,
    /// `csv`, `manual`, `api`, …
    #[n(24)]
    pub source: Option<String>,
    #[n(25)]
    pub data_source: Option<String>,
    #[n(26)]
    pub data_collected_at: Option<Time>,
    #[n(27)]
    #[cbor(default)]
    pub enrichment_status: EnrichmentStatus,
    #[n(28)]
    pub email_status: Option<EmailStatus>,
    #[n(29)]
    #[cbor(default)]
    pub quality_score: u8,
    #[n(30)]
    pub is_qualified: Option<bool>,
    #[n(31)]
    pub enriched_at: Option<Time>,
    #[n(32)]
    pub enrichment_job: Option<JobId>,
    #[n(33)]
    pub origin: Option<ImportOrigin>,
    #[n(34)]
    #[cbor(default)]
    pub created_at: Time,
    #[n(35)]
    #[cbor(default)]
    pub updated_at: Time,
    /// Counts the changes of this row; the ETag.
    #[n(36)]
    #[cbor(default)]
    pub version: u64,
    /// What was found out beside the fields above. Where each came from stands in the values of the lead.
    #[n(37)]
    pub enriched: Facts,
    /// The record of its company, whose data it shares.
    #[n(38)]
    pub company: Option<CompanyId>,
}

impl Lead {
    /// Somebody who is only asked about, in no list.
    pub fn is_looked_up(&self) -> bool {
        self.list.as_u64() == 0
    }

    pub fn field(&self, field: LeadField) -> Option<&str> {
        self.slot(field).as_deref()
    }

    /// Sets or, with `None`, clears a field. The caller has validated and normalised the value.
    pub fn set_field(&mut self, field: LeadField, value: Option<String>) {
        *self.slot_mut(field) = value.filter(|text| !text.is_empty());
    }

    fn slot(&self, field: LeadField) -> &Option<String> {
        match field {
            LeadField::Email => &self.email,
            LeadField::FirstName => &self.first_name,
            LeadField::LastName => &self.last_name,
            LeadField::FullName => &self.full_name,
            LeadField::CompanyName => &self.company_name,
            LeadField::Phone => &self.phone,
            LeadField::JobTitle => &self.job_title,
            LeadField::LinkedInUrl => &self.linkedin_url,
            LeadField::Website => &self.website,
            LeadField::Location => &self.location,
            LeadField::Street => &self.street,
            LeadField::City => &self.city,
            LeadField::State => &self.state,
            LeadField::PostalCode => &self.postal_code,
            LeadField::Country => &self.country,
            LeadField::Industry => &self.industry,
            LeadField::CompanySize => &self.company_size,
            LeadField::CompanyPhone => &self.company_phone,
            LeadField::CompanyLinkedInUrl => &self.company_linkedin_url,
            LeadField::ProfilePictureUrl => &self.profile_picture_url,
        }
    }

    fn slot_mut(&mut self, field: LeadField) -> &mut Option<String> {
        match field {
            LeadField::Email => &mut self.email,
            LeadField::FirstName => &mut self.first_name,
            LeadField::LastName => &mut self.last_name,
            LeadField::FullName => &mut self.full_name,
            LeadField::CompanyName => &mut self.company_name,
            LeadField::Phone => &mut self.phone,
            LeadField::JobTitle => &mut self.job_title,
            LeadField::LinkedInUrl => &mut self.linkedin_url,
            LeadField::Website => &mut self.website,
            LeadField::Location => &mut self.location,
            LeadField::Street => &mut self.street,
            LeadField::City => &mut self.city,
            LeadField::State => &mut self.state,
            LeadField::PostalCode => &mut self.postal_code,
            LeadField::Country => &mut self.country,
            LeadField::Industry => &mut self.industry,
            LeadField::CompanySize => &mut self.company_size,
            LeadField::CompanyPhone => &mut self.company_phone,
            LeadField::CompanyLinkedInUrl => &mut self.company_linkedin_url,
            LeadField::ProfilePictureUrl => &mut self.profile_picture_url,
        }
    }

    pub fn enriched_field(&self, field: EnrichedField) -> Option<&str> {
        self.enriched.get(field)
    }

    /// Forgets what was found out about fields that are not what they were in `before`.
    pub fn forget_outdated(&mut self, before: &Self) {
        if self.email != before.email {
            self.email_status = None;
        }
        if !self.enriched.is_empty() {
            let mut enriched = std::mem::take(&mut self.enriched);
            enriched.retain(|fact| fact.about().iter().all(|field| self.field(*field) == before.field(*field)));
            self.enriched = enriched;
        }
        if self.company.is_some() && Input::CompanyDomain.of(self) != Input::CompanyDomain.of(before) {
            self.company = None;
        }
    }

    pub fn custom_field(&self, name: &str) -> Option<&str> {
        self.custom_fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn set_custom_field(&mut self, name: &str, value: Option<String>) {
        let place = self.custom_fields.iter().position(|(known, _)| known == name);
        match (place, value.filter(|text| !text.is_empty())) {
            (Some(place), Some(value)) => self.custom_fields[place].1 = value,
            (Some(place), None) => drop(self.custom_fields.remove(place)),
            (None, Some(value)) => self.custom_fields.push((name.to_owned(), value)),
            (None, None) => {}
        }
    }
}
