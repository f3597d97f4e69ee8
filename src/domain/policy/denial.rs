//! Why a call is not made, in words for the API and for people. No denial holds a personal value.

use super::suppression::SuppressionKind;
use super::table::Rule;
use crate::domain::enrichment::Input;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    #[error(
        "the terms of enrichment are not accepted: POST /settings/terms or galena enrich --accept-terms accepts them, \
         until then only built-in checks work"
    )]
    TermsNotAccepted,
    /// `place` is a country, `EU` or `unknown`.
    #[error("the policy of the workspace is off for leads of the region {place}")]
    RegionOff { place: String },
    #[error(
        "the policy of the workspace is company_only for leads of the region {place}, and {provider} cannot be asked \
         without personal data"
    )]
    CompanyOnly { place: String, provider: String },
    #[error("the workspace uses only providers that process in the EU, and {provider} does not ({region})")]
    OutsideEu { provider: String, region: String },
    #[error("the {} of the lead is suppressed", .0.noun())]
    Suppressed(SuppressionKind),
    #[error("no key is set for {provider}: PUT /providers/{provider}/credential sets one")]
    NoKey { provider: String },
    #[error("the budget does not cover the call")]
    BudgetExceeded,
    /// The alternatives of the operation, none of which the lead can fill.
    #[error("the lead lacks {}", alternatives(.0))]
    MissingInputs(Vec<Vec<Input>>),
}

impl Denial {
    /// The code of the API.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoKey { .. } => "PROVIDER_NOT_CONFIGURED",
            Self::BudgetExceeded => "BUDGET_EXCEEDED",
            Self::MissingInputs(_) => "VALIDATION_FAILED",
            _ => "POLICY_FORBIDS",
        }
    }

    /// The word for reasons, funnels and counts.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TermsNotAccepted => "terms_not_accepted",
            Self::RegionOff { .. } => "region_off",
            Self::CompanyOnly { .. } => "company_only",
            Self::OutsideEu { .. } => "eu_providers_only",
            Self::Suppressed(_) => "suppressed",
            Self::NoKey { .. } => "no_key",
            Self::BudgetExceeded => "budget_exceeded",
            Self::MissingInputs(_) => "missing_inputs",
        }
    }

    /// Whether every provider would be denied for this lead: nothing else need be tried.
    pub const fn is_about_the_lead(&self) -> bool {
        matches!(self, Self::Suppressed(_))
    }

    /// What a rule of the table that is not `allowed` says.
    pub fn by_rule(rule: Rule, place: String, provider: &str) -> Self {
        match rule {
            Rule::Off => Self::RegionOff { place },
            Rule::Allowed | Rule::CompanyOnly => Self::CompanyOnly { place, provider: provider.to_owned() },
        }
    }
}

fn alternatives(needs: &[Vec<Input>]) -> String {
    let entry = |inputs: &Vec<Input>| inputs.iter().map(|input| input.name()).collect::<Vec<_>>().join(" and ");
    needs.iter().map(entry).collect::<Vec<_>>().join(", or ")
}
