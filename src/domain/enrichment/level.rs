//! How much a job asks for, how soon, and what a lead of it costs.

use minicbor::{Decode, Encode};

use super::data_point::DataPoint;

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Default,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[cbor(index_only)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// What is there is checked: address, number, name, title, company.
    #[n(0)]
    Basic,
    /// Contact and company.
    #[default]
    #[n(1)]
    Standard,
    /// Everything.
    #[n(2)]
    Premium,
}

impl Level {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Standard => "standard",
            Self::Premium => "premium",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Basic, Self::Standard, Self::Premium].into_iter().find(|level| level.name() == name)
    }

    /// What it asks for, in the order of asking: a found address is checked after it was found.
    pub const fn points(self) -> &'static [DataPoint] {
        match self {
            Self::Basic => &[
                DataPoint::EmailStatus,
                DataPoint::PhoneStatus,
                DataPoint::Name,
                DataPoint::Seniority,
                DataPoint::CompanyDomain,
                DataPoint::CompanyBaseName,
            ],
            Self::Standard => &[
                DataPoint::Email,
                DataPoint::EmailStatus,
                DataPoint::Phone,
                DataPoint::PhoneStatus,
                DataPoint::LinkedIn,
                DataPoint::Company,
                DataPoint::Name,
                DataPoint::Seniority,
                DataPoint::CompanyDomain,
                DataPoint::CompanyBaseName,
            ],
            Self::Premium => &[
                DataPoint::Email,
                DataPoint::EmailStatus,
                DataPoint::Phone,
                DataPoint::PhoneStatus,
                DataPoint::LinkedIn,
                DataPoint::Professional,
                DataPoint::Company,
                DataPoint::Name,
                DataPoint::Seniority,
                DataPoint::CompanyDomain,
                DataPoint::CompanyBaseName,
            ],
        }
    }
}

/// Which job of a workspace goes first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[cbor(index_only)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    #[n(0)]
    Low,
    #[default]
    #[n(1)]
    Normal,
    #[n(2)]
    High,
}

impl Priority {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

/// Whose key an answer was got with: what a lead costs depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum PriceSource {
    /// No key at all.
    #[default]
    #[n(0)]
    BuiltIn,
    #[n(1)]
    WorkspaceKey,
    #[n(2)]
    InstallKey,
}

impl PriceSource {
    pub const fn name(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::WorkspaceKey => "workspace key",
            Self::InstallKey => "install key",
        }
    }
}

/// What a successfully enriched lead costs, in hundredths of a credit. Written into the job when it is made: a later
/// change of the plan does not change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Price {
    #[n(0)]
    pub built_in: u64,
    #[n(1)]
    pub workspace_key: u64,
    #[n(2)]
    pub install_key: u64,
}

impl Price {
    pub const FREE: Self = Self { built_in: 0, workspace_key: 0, install_key: 0 };

    pub const fn of(&self, source: PriceSource) -> u64 {
        match source {
            PriceSource::BuiltIn => self.built_in,
            PriceSource::WorkspaceKey => self.workspace_key,
            PriceSource::InstallKey => self.install_key,
        }
    }

    /// The most a lead can cost when its steps use these sources.
    pub fn worst(&self, sources: impl IntoIterator<Item = PriceSource>) -> u64 {
        sources.into_iter().map(|source| self.of(source)).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_price_covers_every_source() {
        let price = Price { built_in: 50, workspace_key: 0, install_key: 200 };
        assert_eq!(price.worst([PriceSource::BuiltIn, PriceSource::WorkspaceKey]), 50);
        assert_eq!(price.worst([PriceSource::WorkspaceKey, PriceSource::InstallKey]), 200);
        assert_eq!(price.worst([]), 0);
    }
}
