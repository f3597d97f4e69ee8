//! The built-in reading of companies: the domain that stands for one, whether the address is one of it, and the name
//! without its legal form.

use serde_json::json;

use super::instant::InstantCheck;
use super::value;
use crate::domain::company_name::{base_name, legal_form};
use crate::domain::email::Email;
use crate::domain::enriched_field::EnrichedField;
use crate::domain::enrichment::{Answer, DomainFit, Evidence, Operation, Outcome, Reply, domain_fit};
use crate::domain::lead::LeadField;
use crate::domain::website::{Website, company_domain_of, registrable_domain};
use crate::providers::lists::{DomainKind, Lists};
use crate::providers::{Offer, Request};

/// The provider `galena.company`.
pub struct BuiltInCompany {
    lists: Lists,
}

const OFFERS: &[Offer] = &[
    Offer::single(
        Operation::CompanyDomain,
        &[
            &[LeadField::Email, LeadField::Website, LeadField::CompanyName],
            &[LeadField::Email, LeadField::Website],
            &[LeadField::Email, LeadField::CompanyName],
            &[LeadField::Website],
            &[LeadField::Email],
        ],
    ),
    Offer::single(Operation::CompanyName, &[&[LeadField::CompanyName]]),
];

impl BuiltInCompany {
    pub fn new(lists: Lists) -> Self {
        Self { lists }
    }

    fn domain(&self, request: &Request) -> Reply {
        let site = request.input(LeadField::Website).and_then(|text| Website::parse(text).ok());
        let email = request.input(LeadField::Email).and_then(|text| Email::parse(text).ok());
        let (host, mail) = (site.as_ref().map(Website::host), email.as_ref().map(Email::domain));
        let is_public = |domain: &str| self.lists.is_public_mail(domain);
        let mut values = Vec::new();
        let of_site = company_domain_of(host, None, &is_public);
        let of_address = company_domain_of(None, mail, &is_public);
        let found = of_site.map(|domain| (domain, Evidence::DomainOfSite, LeadField::Website));
        let found = found.or(of_address.map(|domain| (domain, Evidence::DomainOfAddress, LeadField::Email)));
        if let Some((domain, evidence, from)) = found {
            let seen = json!({ "from": from.name() });
            values.push(value(EnrichedField::CompanyDomain, domain, evidence, request.input(from), seen));
        }
        if let Some(mail) = mail {
            let kind = self.lists.kind(mail);
            let company = request.input(LeadField::CompanyName);
            let fit = match kind {
                Some(DomainKind::Disposable) => Some(DomainFit::Disposable),
                Some(DomainKind::FreeMail) => Some(DomainFit::Free),
                None => registrable_domain(mail).and_then(|mail| domain_fit(mail, of_site, company)),
            };
            let evidence = if kind.is_some() { Evidence::OnList } else { Evidence::DomainsCompared };
            let about = request.input(LeadField::Email);
            values.extend(fit.map(|fit| {
                value(EnrichedField::EmailDomainFit, fit.name(), evidence, about, json!({ "companyDomain": of_site }))
            }));
        }
        match (values.is_empty(), found) {
            (true, _) => Outcome::NotFound.into(),
            (false, Some(_)) => Outcome::Found(Answer { values }).into(),
            // The address says something, but of no company.
            (false, None) => Outcome::Partial(Answer { values }).into(),
        }
    }

    fn name(request: &Request) -> Reply {
        let Some(text) = request.input(LeadField::CompanyName) else {
            return Outcome::InvalidInput { reason: "there is no company name".to_owned() }.into();
        };
        if !text.chars().any(char::is_alphanumeric) {
            return Outcome::NotFound.into();
        }
        let (base, form, about) = (base_name(text), legal_form(text), Some(text));
        let evidence = if form.is_some() { Evidence::LegalForm } else { Evidence::NoLegalForm };
        let mut values = vec![value(EnrichedField::CompanyBaseName, &base, evidence, about, json!({}))];
        values.extend(form.map(|form| value(EnrichedField::CompanyLegalForm, &form, evidence, about, json!({}))));
        Outcome::Found(Answer { values }).into()
    }
}

impl InstantCheck for BuiltInCompany {
    const SLUG: &'static str = "galena.company";
    const OFFERS: &'static [Offer] = OFFERS;

    fn answer(&self, request: &Request) -> Reply {
        match request.operation {
            Operation::CompanyName => Self::name(request),
            _ => self.domain(request),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::builtin::testing::{ask, shown};

    fn provider() -> BuiltInCompany {
        BuiltInCompany::new(Lists::embedded().expect("the lists open"))
    }

    #[test]
    fn the_domain_comes_from_the_site_and_else_from_the_address() {
        let found = |email: &str, site: &str, company: &str| {
            let inputs = [(LeadField::Email, email), (LeadField::Website, site), (LeadField::CompanyName, company)];
            shown(&ask(&provider(), Operation::CompanyDomain, &inputs))
        };
        assert_eq!(
            found("a@mail.acme.de", "https://www.acme.de/x", ""),
            "found companyDomain=acme.de emailDomainFit=same"
        );
        assert_eq!(found("a@acme.com", "https://acme.de", ""), "found companyDomain=acme.de emailDomainFit=related");
        assert_eq!(found("a@other.com", "https://acme.de", ""), "found companyDomain=acme.de emailDomainFit=other");
        assert_eq!(found("a@acme.de", "", "Acme GmbH"), "found companyDomain=acme.de emailDomainFit=related");
        assert_eq!(found("a@acme.de", "", ""), "found companyDomain=acme.de");
        assert_eq!(found("a@gmail.com", "https://acme.de", ""), "found companyDomain=acme.de emailDomainFit=free");
        assert_eq!(found("a@gmail.com", "https://facebook.com/acme", ""), "partial emailDomainFit=free");
        assert_eq!(found("", "https://facebook.com/acme", ""), "not_found");
    }

    #[test]
    fn the_name_loses_its_legal_form() {
        let found = |name: &str| shown(&ask(&provider(), Operation::CompanyName, &[(LeadField::CompanyName, name)]));
        assert_eq!(found("Acme GmbH & Co. KG"), "found companyBaseName=Acme companyLegalForm=GmbH & Co. KG");
        assert_eq!(found("Acme"), "found companyBaseName=Acme");
        assert_eq!(found("---"), "not_found");
    }
}
