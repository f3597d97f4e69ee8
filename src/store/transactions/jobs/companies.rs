//! The record of a company, written with the answers that tell of it: what one of its people was told serves the others.

use std::time::Duration;

use super::lead_edit::LeadEdit;
use super::rows::OpenJob;
use crate::deps::IdBlock;
use crate::domain::company::{CompanyValue, add_value, is_of_company, speaks_of};
use crate::domain::enrichment::{Answer, Input, Operation};
use crate::domain::id::CompanyId;
use crate::domain::lead::LeadField;
use crate::domain::time::Time;
use crate::providers::lists::Lists;
use crate::store::records::company::Company;
use crate::store::tables::{Companies, CompanyDomains};
use crate::store::{Reads, Refusal, Tx};

/// What a transaction needs to write companies.
#[derive(Debug, Clone)]
pub struct CompanyDesk {
    /// Domains that are nobody's company.
    pub lists: Lists,
    /// One for each answer.
    pub ids: IdBlock<CompanyId>,
    /// How long a value stands against a less sure one.
    pub ttl: Duration,
}

/// An accepted answer that tells of the company of a lead.
pub(super) struct CompanySaid {
    pub provider: String,
    pub operation: Operation,
    pub at: Time,
    pub answer: Answer,
}

/// Links the lead with the company of its domain, and adds what was said of it. A lead whose domain is unchanged costs
/// nothing; a free-mail domain is nobody's company.
pub(super) fn share(tx: &mut Tx<'_>, job: &mut OpenJob<'_>, edit: &mut LeadEdit) -> Result<(), Refusal> {
    let said = std::mem::take(&mut edit.said);
    let Some(desk) = &mut job.companies else { return Ok(()) };
    if edit.after.company.is_some() && said.is_empty() && !edit.changes_domain() {
        return Ok(());
    }
    let Some(domain) = Input::CompanyDomain.of(&edit.after) else { return Ok(()) };
    let domain = domain.to_lowercase();
    if desk.lists.is_public_mail(&domain) {
        edit.after.company = None;
        return Ok(());
    }
    let scope = job.scope;
    let known = tx.get::<CompanyDomains>(scope, (domain.clone(),))?;
    let Some(id) = known.or_else(|| desk.ids.next()) else { return Ok(()) };
    edit.after.company = Some(id);
    if known.is_none() {
        tx.put::<CompanyDomains>(scope, (domain.clone(),), &id)?;
    } else if said.is_empty() {
        return Ok(());
    }
    let row = if known.is_some() { tx.get::<Companies>(scope, (id,))? } else { None };
    let mut company =
        row.unwrap_or_else(|| Company { domain: domain.clone(), created_at: job.origin.at, ..Company::default() });
    let mut changed = known.is_none();
    let name = edit.after.field(LeadField::CompanyName);
    for one in said.into_iter().filter(|one| is_about(one, &domain, name)) {
        for value in one.answer.values.into_iter().filter(|value| is_of_company(&value.field)) {
            let value = CompanyValue {
                field: value.field,
                value: value.value,
                provider: one.provider.clone(),
                operation: one.operation,
                at: one.at,
                confidence: value.confidence,
            };
            changed |= add_value(&mut company.values, value, desk.ttl);
        }
        company.enriched_at = company.enriched_at.max(Some(one.at));
    }
    if changed {
        tx.put::<Companies>(scope, (id,), &company)?;
    }
    Ok(())
}

/// Whether an answer speaks of the company at that domain. Who answers about a person may speak of an employer that the
/// lead does not know of yet: without a domain, the name tells.
fn is_about(said: &CompanySaid, domain: &str, name: Option<&str>) -> bool {
    let values = &said.answer.values;
    if !speaks_of(values, domain) {
        return false;
    }
    if said.operation != Operation::PersonEnrich {
        return true;
    }
    let named = |field: &str| values.iter().find(|value| value.field == field).map(|value| value.value.as_str());
    if named("companyDomain").is_some() || named(LeadField::Website.name()).is_some() {
        return true;
    }
    let base = |text: &str| crate::domain::company_name::base_name(text).to_lowercase();
    match (named(LeadField::CompanyName.name()), name) {
        (Some(said), Some(known)) => base(said) == base(known),
        _ => false,
    }
}
