//! What can be asked for, and the operations of providers that answer it.

use minicbor::{Decode, Encode};

use crate::domain::lead::LeadField;

/// One thing about a lead that a job asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum DataPoint {
    /// Whether the address that is there can be mailed. A check, never contact data.
    #[n(0)]
    EmailStatus,
    #[n(1)]
    Email,
    #[n(2)]
    Phone,
    #[n(3)]
    LinkedIn,
    /// Title, seniority, department.
    #[n(4)]
    Professional,
    #[n(5)]
    Company,
    /// Whether the number that is there exists in its country's plan, and what kind of line it is. A check, as are those
    /// below.
    #[n(6)]
    PhoneStatus,
    /// The parts of the name.
    #[n(7)]
    Name,
    /// How senior the title is, and in which department.
    #[n(8)]
    Seniority,
    /// The domain of the company, and whether the address is one of it.
    #[n(9)]
    CompanyDomain,
    /// The name of the company without its legal form.
    #[n(10)]
    CompanyBaseName,
}

impl DataPoint {
    pub const ALL: [Self; 11] = [
        Self::EmailStatus,
        Self::Email,
        Self::Phone,
        Self::LinkedIn,
        Self::Professional,
        Self::Company,
        Self::PhoneStatus,
        Self::Name,
        Self::Seniority,
        Self::CompanyDomain,
        Self::CompanyBaseName,
    ];

    /// The name in `options.fields`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EmailStatus => "emailStatus",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::LinkedIn => "linkedin",
            Self::Professional => "professional",
            Self::Company => "company",
            Self::PhoneStatus => "phoneStatus",
            Self::Name => "name",
            Self::Seniority => "seniority",
            Self::CompanyDomain => "companyDomain",
            Self::CompanyBaseName => "companyBaseName",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|point| point.name() == name)
    }

    /// The field whose accepted value answers the question.
    pub const fn field(self) -> &'static str {
        match self {
            Self::EmailStatus => "emailStatus",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::LinkedIn => "linkedInUrl",
            Self::Professional => "jobTitle",
            Self::Company => "companyName",
            Self::PhoneStatus => "phoneStatus",
            Self::Name => "fullName",
            Self::Seniority => "seniorityLevel",
            Self::CompanyDomain => "companyDomain",
            Self::CompanyBaseName => "companyBaseName",
        }
    }

    /// What a check that confirms a value says about it.
    pub fn of_operation(operation: Operation) -> Option<Self> {
        operation.points().first().copied()
    }

    /// The field that says in which state the value is.
    pub const fn status_field(self) -> Option<&'static str> {
        match self {
            Self::Email | Self::EmailStatus => Some("emailStatus"),
            Self::Phone | Self::PhoneStatus => Some("phoneStatus"),
            _ => None,
        }
    }

    /// The field that says of what kind the value is.
    pub const fn kind_field(self) -> Option<&'static str> {
        match self {
            Self::Email | Self::EmailStatus => Some("emailType"),
            Self::Phone | Self::PhoneStatus => Some("phoneType"),
            Self::Professional | Self::Seniority => Some("seniorityLevel"),
            _ => None,
        }
    }

    /// The data point whose answer a field belongs to; `None` for what is nobody's: it comes as an extra.
    pub fn of_field(field: &str) -> Option<Self> {
        Some(match field {
            "email" => Self::Email,
            "phone" | "phoneNumbers" => Self::Phone,
            "linkedInUrl" => Self::LinkedIn,
            "jobTitle" | "tenure" => Self::Professional,
            "companyName" | "website" | "industry" | "companySize" | "companyPhone" | "companyLinkedInUrl" => {
                Self::Company
            }
            "fullName" | "firstName" | "lastName" => Self::Name,
            "companyBaseName" | "companyLegalForm" => Self::CompanyBaseName,
            _ => return None,
        })
    }

    /// What of the lead a check looks at: one of these is enough. Empty for what is no check but contact or company data.
    pub const fn looks_at(self) -> &'static [LeadField] {
        match self {
            Self::EmailStatus => &[LeadField::Email],
            Self::PhoneStatus => &[LeadField::Phone],
            Self::Name => &[LeadField::FullName, LeadField::FirstName, LeadField::LastName],
            Self::Seniority => &[LeadField::JobTitle],
            Self::CompanyDomain => &[LeadField::Website, LeadField::Email],
            Self::CompanyBaseName => &[LeadField::CompanyName],
            Self::Email | Self::Phone | Self::LinkedIn | Self::Professional | Self::Company => &[],
        }
    }

    /// A check looks at what is there and never counts as contact or company data.
    pub const fn is_check(self) -> bool {
        !self.looks_at().is_empty()
    }

    /// Whether everybody who has what it looks at gets an answer: a free mail address tells no company.
    pub const fn always_has_an_answer(self) -> bool {
        self.is_check() && !matches!(self, Self::CompanyDomain)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// Some data points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct PointSet(#[n(0)] u32);

impl PointSet {
    pub const fn insert(&mut self, point: DataPoint) {
        self.0 |= point.bit();
    }

    pub const fn contains(self, point: DataPoint) -> bool {
        self.0 & point.bit() != 0
    }

    pub const fn holds(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub fn iter(self) -> impl Iterator<Item = DataPoint> {
        DataPoint::ALL.into_iter().filter(move |point| self.contains(*point))
    }
}

impl FromIterator<DataPoint> for PointSet {
    fn from_iter<I: IntoIterator<Item = DataPoint>>(points: I) -> Self {
        let mut set = Self::default();
        points.into_iter().for_each(|point| set.insert(point));
        set
    }
}

/// One thing a provider can do (design 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Operation {
    #[n(0)]
    EmailVerify,
    #[n(1)]
    EmailFind,
    #[n(2)]
    PhoneValidate,
    #[n(3)]
    PersonEnrich,
    #[n(4)]
    CompanyEnrich,
    #[n(5)]
    CompanyFind,
    #[n(6)]
    PhoneDnc,
    #[n(7)]
    LinkedInFind,
    #[n(8)]
    LeadSearch,
    #[n(9)]
    NameParse,
    #[n(10)]
    TitleClassify,
    #[n(11)]
    CompanyDomain,
    #[n(12)]
    CompanyName,
    #[n(13)]
    PhoneFind,
}

impl Operation {
    pub const ALL: [Self; 14] = [
        Self::EmailVerify,
        Self::EmailFind,
        Self::PhoneValidate,
        Self::PersonEnrich,
        Self::CompanyEnrich,
        Self::CompanyFind,
        Self::PhoneDnc,
        Self::LinkedInFind,
        Self::LeadSearch,
        Self::NameParse,
        Self::TitleClassify,
        Self::CompanyDomain,
        Self::CompanyName,
        Self::PhoneFind,
    ];

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::EmailVerify => "email.verify",
            Self::EmailFind => "email.find",
            Self::PhoneValidate => "phone.validate",
            Self::PersonEnrich => "person.enrich",
            Self::CompanyEnrich => "company.enrich",
            Self::CompanyFind => "company.find",
            Self::PhoneDnc => "phone.dnc",
            Self::LinkedInFind => "linkedin.find",
            Self::LeadSearch => "lead.search",
            Self::NameParse => "name.parse",
            Self::TitleClassify => "title.classify",
            Self::CompanyDomain => "company.domain",
            Self::CompanyName => "company.name",
            Self::PhoneFind => "phone.find",
        }
    }

    /// The data points an answer can settle.
    pub const fn points(self) -> &'static [DataPoint] {
        match self {
            Self::EmailVerify => &[DataPoint::EmailStatus],
            Self::EmailFind => &[DataPoint::Email],
            Self::PersonEnrich => {
                &[DataPoint::Email, DataPoint::Phone, DataPoint::LinkedIn, DataPoint::Professional, DataPoint::Company]
            }
            Self::CompanyEnrich | Self::CompanyFind => &[DataPoint::Company],
            Self::LinkedInFind => &[DataPoint::LinkedIn],
            Self::PhoneFind => &[DataPoint::Phone],
            Self::PhoneValidate => &[DataPoint::PhoneStatus],
            Self::NameParse => &[DataPoint::Name],
            Self::TitleClassify => &[DataPoint::Seniority],
            Self::CompanyDomain => &[DataPoint::CompanyDomain],
            Self::CompanyName => &[DataPoint::CompanyBaseName],
            // It asks whether a number may be called; a new lead is not a data point of this one.
            Self::PhoneDnc | Self::LeadSearch => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let asked: PointSet = [DataPoint::EmailStatus, DataPoint::Company].into_iter().collect();
        assert!(asked.contains(DataPoint::Company) && !asked.contains(DataPoint::Phone));
        assert_eq!(asked.iter().collect::<Vec<_>>(), [DataPoint::EmailStatus, DataPoint::Company]);
        assert!(asked.holds([DataPoint::Company].into_iter().collect()) && asked.holds(PointSet::default()));
        assert!(!PointSet::default().holds(asked));
    }

    #[test]
    fn names_are_read_back() {
        for point in DataPoint::ALL {
            assert_eq!(DataPoint::from_name(point.name()), Some(point));
        }
    }
}
