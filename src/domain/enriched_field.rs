//! What is found out about a lead beside its own fields. The list is closed; names are those of the API, for exports,
//! filters and facets alike.

use std::collections::BTreeMap;

use minicbor::data::Type;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

use super::lead::LeadField;

/// A fact about a lead that is no field of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum EnrichedField {
    /// `entry`, `mid`, `senior`, `executive` or `c-suite`.
    #[n(0)]
    SeniorityLevel,
    /// One of the names of [`Department`](super::job_title::Department).
    #[n(1)]
    Department,
    /// `valid` or `invalid`: whether the numbering plan knows such a number.
    #[n(2)]
    PhoneStatus,
    /// One of the names of [`LineType`](super::phone::LineType).
    #[n(3)]
    PhoneType,
    /// ISO 3166-1 alpha-2.
    #[n(4)]
    PhoneCountry,
    /// Where in the country the number is at home.
    #[n(5)]
    PhoneRegion,
    /// `business`, `free`, `role` or `disposable`.
    #[n(6)]
    EmailType,
    /// The address that was probably meant.
    #[n(7)]
    SuggestedEmail,
    /// The registrable domain of the company.
    #[n(8)]
    CompanyDomain,
    /// How the address and the company go together: `same`, `related`, `other`, `free` or `disposable`.
    #[n(9)]
    EmailDomainFit,
    /// The name of the company without its legal form.
    #[n(10)]
    CompanyBaseName,
    /// Legal form of the company as it stands in its name.
    #[n(11)]
    CompanyLegalForm,
    /// The address of the person's profile there. So are the next two.
    #[n(12)]
    Twitter,
    #[n(13)]
    Facebook,
    #[n(14)]
    Github,
    /// Whole months in the present position.
    #[n(15)]
    Tenure,
    /// A range of [`revenue_range`](super::revenue::revenue_range).
    #[n(16)]
    RevenueRange,
    /// The year, four digits.
    #[n(17)]
    CompanyFounded,
    /// Where the company sits. So are the next two.
    #[n(18)]
    CompanyCity,
    #[n(19)]
    CompanyState,
    #[n(20)]
    CompanyCountry,
    /// A JSON array of names.
    #[n(21)]
    CompanyTechnologies,
    /// A JSON array of names.
    #[n(22)]
    TechnologyCategories,
    /// A JSON array of `{"number", "type", "verified"}`: E.164; `mobile`, `work`, `direct` or `main`.
    #[n(23)]
    PhoneNumbers,
    /// How addresses of the company are made, such as `{first}.{last}`.
    #[n(24)]
    CompanyEmailPattern,
    /// `listed` or `clear`: what a register says about calling the number.
    #[n(25)]
    DoNotCall,
}

impl EnrichedField {
    pub const ALL: [Self; 26] = [
        Self::SeniorityLevel,
        Self::Department,
        Self::PhoneStatus,
        Self::PhoneType,
        Self::PhoneCountry,
        Self::PhoneRegion,
        Self::EmailType,
        Self::SuggestedEmail,
        Self::CompanyDomain,
        Self::EmailDomainFit,
        Self::CompanyBaseName,
        Self::CompanyLegalForm,
        Self::Twitter,
        Self::Facebook,
        Self::Github,
        Self::Tenure,
        Self::RevenueRange,
        Self::CompanyFounded,
        Self::CompanyCity,
        Self::CompanyState,
        Self::CompanyCountry,
        Self::CompanyTechnologies,
        Self::TechnologyCategories,
        Self::PhoneNumbers,
        Self::CompanyEmailPattern,
        Self::DoNotCall,
    ];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SeniorityLevel => "seniorityLevel",
            Self::Department => "department",
            Self::PhoneStatus => "phoneStatus",
            Self::PhoneType => "phoneType",
            Self::PhoneCountry => "phoneCountry",
            Self::PhoneRegion => "phoneRegion",
            Self::EmailType => "emailType",
            Self::SuggestedEmail => "suggestedEmail",
            Self::CompanyDomain => "companyDomain",
            Self::EmailDomainFit => "emailDomainFit",
            Self::CompanyBaseName => "companyBaseName",
            Self::CompanyLegalForm => "companyLegalForm",
            Self::Twitter => "twitter",
            Self::Facebook => "facebook",
            Self::Github => "github",
            Self::Tenure => "tenure",
            Self::RevenueRange => "revenueRange",
            Self::CompanyFounded => "companyFounded",
            Self::CompanyCity => "companyCity",
            Self::CompanyState => "companyState",
            Self::CompanyCountry => "companyCountry",
            Self::CompanyTechnologies => "companyTechnologies",
            Self::TechnologyCategories => "technologyCategories",
            Self::PhoneNumbers => "phoneNumbers",
            Self::CompanyEmailPattern => "companyEmailPattern",
            Self::DoNotCall => "doNotCall",
        }
    }

    /// Whether its text is a JSON array of several values.
    pub const fn is_list(self) -> bool {
        matches!(self, Self::CompanyTechnologies | Self::TechnologyCategories | Self::PhoneNumbers)
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// The fields the fact speaks of: it holds only as long as none of them changes.
    pub const fn about(self) -> &'static [LeadField] {
        match self {
            Self::SeniorityLevel | Self::Department => &[LeadField::JobTitle],
            // A number without a country code is read as one of the lead's country.
            Self::PhoneStatus | Self::PhoneType | Self::PhoneCountry | Self::PhoneRegion => {
                &[LeadField::Phone, LeadField::Country]
            }
            Self::EmailType | Self::SuggestedEmail => &[LeadField::Email],
            Self::CompanyDomain => &[LeadField::Website, LeadField::Email],
            Self::EmailDomainFit => &[LeadField::Email, LeadField::Website, LeadField::CompanyName],
            Self::CompanyBaseName
            | Self::CompanyLegalForm
            | Self::RevenueRange
            | Self::CompanyFounded
            | Self::CompanyCity
            | Self::CompanyState
            | Self::CompanyCountry
            | Self::CompanyTechnologies
            | Self::TechnologyCategories
            | Self::CompanyEmailPattern => &[LeadField::CompanyName],
            Self::Twitter | Self::Facebook | Self::Github | Self::PhoneNumbers => &[LeadField::FullName],
            Self::Tenure => &[LeadField::JobTitle, LeadField::CompanyName],
            Self::DoNotCall => &[LeadField::Phone],
        }
    }
}

/// The facts about one lead, at most one value each. None at all takes no room in a record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts(BTreeMap<EnrichedField, String>);

impl Facts {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, field: EnrichedField) -> Option<&str> {
        self.0.get(&field).map(String::as_str)
    }

    /// An empty value takes the fact away.
    pub fn set(&mut self, field: EnrichedField, value: String) {
        if value.is_empty() {
            self.0.remove(&field);
        } else {
            self.0.insert(field, value);
        }
    }

    pub fn retain(&mut self, mut keep: impl FnMut(EnrichedField) -> bool) {
        self.0.retain(|field, _| keep(*field));
    }

    /// In the order of [`EnrichedField::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (EnrichedField, &str)> {
        self.0.iter().map(|(field, value)| (*field, value.as_str()))
    }
}

impl<C> Encode<C> for Facts {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        self.0.encode(encoder, context)
    }

    fn is_nil(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'b, C> Decode<'b, C> for Facts {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, minicbor::decode::Error> {
        if decoder.datatype()? == Type::Null {
            decoder.null()?;
            return Ok(Self::default());
        }
        BTreeMap::decode(decoder, context).map(Self)
    }

    fn nil() -> Option<Self> {
        Some(Self::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_are_no_fields_of_a_lead() {
        for field in EnrichedField::ALL {
            assert_eq!(EnrichedField::from_name(field.name()), Some(field));
            assert_eq!(LeadField::from_name(field.name()), None, "{field:?}");
            assert!(!field.about().is_empty());
        }
    }
}
