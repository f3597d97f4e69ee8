//! What a provider may be told of a lead: its fields, and what is known of its company.

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::domain::enriched_field::EnrichedField;
use crate::domain::lead::{Lead, LeadField};
use crate::domain::website::Website;

/// One thing a request can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Input {
    Lead(LeadField),
    /// The registrable domain of the company: the fact where it is known, else that of the web site.
    CompanyDomain,
}

impl Input {
    const COMPANY_DOMAIN: &'static str = "companyDomain";

    /// The name in manifests, records and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lead(field) => field.name(),
            Self::CompanyDomain => Self::COMPANY_DOMAIN,
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        if name == Self::COMPANY_DOMAIN {
            return Some(Self::CompanyDomain);
        }
        LeadField::from_name(name).map(Self::Lead)
    }

    /// What the lead has of it.
    pub fn of(self, lead: &Lead) -> Option<String> {
        match self {
            Self::Lead(field) => lead.field(field).map(str::to_owned),
            Self::CompanyDomain => lead.enriched_field(EnrichedField::CompanyDomain).map(str::to_owned).or_else(|| {
                let website = Website::parse(lead.field(LeadField::Website)?).ok()?;
                website.registrable_domain().map(str::to_owned)
            }),
        }
    }

    /// Whether it says something about a person: what a company is called and where it sits does not.
    pub const fn is_personal(self) -> bool {
        !matches!(
            self,
            Self::CompanyDomain
                | Self::Lead(
                    LeadField::CompanyName
                        | LeadField::Website
                        | LeadField::Industry
                        | LeadField::CompanySize
                        | LeadField::CompanyPhone
                        | LeadField::CompanyLinkedInUrl
                        | LeadField::Country
                )
        )
    }
}

impl<C> Encode<C> for Input {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        encoder.str(self.name())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Input {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        Self::from_name(decoder.str()?).ok_or_else(|| DecodeError::message("no such input"))
    }
}

/// The inputs of the first alternative that the lead can fill, with the optional ones it has; nothing when it can fill
/// none. Only what is needed leaves the lead.
pub fn inputs_of(needs: &[Vec<Input>], optional: &[Input], lead: &Lead) -> Option<Vec<(Input, String)>> {
    let value = |input: &Input| input.of(lead).map(|value| (*input, value));
    let mut inputs: Vec<(Input, String)> =
        needs.iter().find_map(|inputs| inputs.iter().map(value).collect::<Option<Vec<_>>>())?;
    for input in optional {
        if !inputs.iter().any(|(known, _)| known == input) {
            inputs.extend(value(input));
        }
    }
    Some(inputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for input in LeadField::ALL.into_iter().map(Input::Lead).chain([Input::CompanyDomain]) {
            assert_eq!(Input::from_name(input.name()), Some(input));
            let bytes = minicbor::to_vec(input).unwrap();
            assert_eq!(minicbor::decode::<Input>(&bytes).unwrap(), input);
        }
    }

    #[test]
    fn the_domain_is_the_fact_else_that_of_the_site() {
        let mut lead = Lead { website: Some("https://shop.acme.co.uk/".to_owned()), ..Lead::default() };
        assert_eq!(Input::CompanyDomain.of(&lead).as_deref(), Some("acme.co.uk"));
        lead.enriched.set(EnrichedField::CompanyDomain, "acme.com".to_owned());
        assert_eq!(Input::CompanyDomain.of(&lead).as_deref(), Some("acme.com"));
        assert_eq!(Input::CompanyDomain.of(&Lead::default()), None);
    }
}
