//! What decides a pair of candidate rows.

use super::facts::{RowFacts, SharedKey};

/// Why two rows were joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    LinkedIn,
    Email,
    NameAndCompany,
    /// A phone number or the address of a function, confirmed by the name.
    SharedKeyAndName,
    /// Two rows of a file of companies.
    Company,
}

impl Reason {
    pub const ALL: [Self; 5] =
        [Self::LinkedIn, Self::Email, Self::NameAndCompany, Self::SharedKeyAndName, Self::Company];

    /// The name in reports; those of the match rule are its own.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinkedIn => "linkedin",
            Self::Email => "email",
            Self::NameAndCompany => "name_and_company",
            Self::SharedKeyAndName => "shared_key_and_name",
            Self::Company => "company",
        }
    }
}

/// Decides whether two rows that share a key are the same lead.
///
/// An implementor answers the same for (a, b) and (b, a), and from the facts alone. Whether the groups that the rows
/// are in may be joined is decided afterwards, unless the reason is [`Reason::LinkedIn`], [`Reason::Email`] or the
/// rows share the site of a company: those need no confirmation.
pub trait PairRule {
    fn same(&self, a: &RowFacts, b: &RowFacts, shared: SharedKey) -> Option<Reason>;
}

/// The match rule of the product (`domain::identity`), of which the exception is asked of whole groups.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExactRule;

impl PairRule for ExactRule {
    fn same(&self, a: &RowFacts, b: &RowFacts, shared: SharedKey) -> Option<Reason> {
        match shared {
            SharedKey::Profile => Some(Reason::LinkedIn),
            SharedKey::Mailbox => Some(Reason::Email),
            SharedKey::CompanySite => Some(Reason::Company),
            SharedKey::NameAtCompany => {
                let reason = if a.full_name == 0 { Reason::Company } else { Reason::NameAndCompany };
                (a.full_name == b.full_name && same_company(a, b)).then_some(reason)
            }
            SharedKey::Contact => a.names_agree(b).then_some(Reason::SharedKeyAndName),
        }
    }
}

/// The domain decides where both have one, else the name.
fn same_company(a: &RowFacts, b: &RowFacts) -> bool {
    if a.company_domain != 0 && b.company_domain != 0 {
        return a.company_domain == b.company_domain;
    }
    a.company_name != 0 && a.company_name == b.company_name
}
