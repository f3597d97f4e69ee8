//! What of a lead goes into the index, and where.

use std::collections::BTreeMap;

use tantivy::TantivyDocument;
use tantivy::schema::OwnedValue;

use super::address::{Address, host_and_parents, without_suffix};
use super::analysis::{digits, fold, keyword, words};
use super::custom_field::{custom_name, custom_number_term, custom_presence, custom_term, fact_term};
use super::field::{Kind, SearchField};
use super::schema::{Fields, SCHEMA};
use crate::domain::filter::{Form, domain_of, number_of};
use crate::domain::id::{Id, LeadId, WorkspaceId};
use crate::domain::lead::{EmailStatus, Lead};
use crate::domain::text::fold as comparable;
use crate::domain::time::Time;

/// Fewer digits than this are no phone number.
pub const MIN_PHONE_DIGITS: usize = 6;

/// A lead made ready for the index. Building it is the caller's part of the work; the index thread does the rest.
#[derive(Debug)]
pub struct LeadDocument {
    pub(super) lead: LeadId,
    pub(super) fields: TantivyDocument,
}

impl LeadDocument {
    pub fn new(workspace: WorkspaceId, id: LeadId, lead: &Lead) -> Self {
        let (_, fields) = &*SCHEMA;
        let mut filling = Filling { fields, document: TantivyDocument::default() };
        filling.document.add_u64(fields.workspace, workspace.as_u64());
        filling.document.add_u64(fields.lead, id.as_u64());
        filling.document.add_u64(fields.list, lead.list.as_u64());
        filling.add_searchable(lead);
        filling.add_custom_fields(lead);
        filling.add_facts(lead);
        filling.add_keywords(lead);
        filling.add_numbers(lead);
        Self { lead: id, fields: filling.document }
    }

    pub fn lead(&self) -> LeadId {
        self.lead
    }
}

struct Filling<'a> {
    fields: &'a Fields,
    document: TantivyDocument,
}

impl Filling<'_> {
    /// Everything that free text finds.
    fn add_searchable(&mut self, lead: &Lead) {
        self.add_names(lead);
        if let Some(company) = &lead.company_name {
            self.add_text(company);
            self.add_prefixes(&fold(company));
        }
        if let Some(email) = &lead.email {
            self.add_email(email);
        }
        for phone in [&lead.phone, &lead.company_phone].into_iter().flatten() {
            self.add_phone(phone);
        }
        for page in [&lead.linkedin_url, &lead.company_linkedin_url].into_iter().flatten() {
            self.add_profile(page);
        }
        if let Some(page) = &lead.company_linkedin_url {
            self.document.add_text(self.fields.address, page_keyword(page));
        }
        if let Some(website) = &lead.website {
            self.add_website(website);
        }
        let places = [&lead.location, &lead.street, &lead.city, &lead.state, &lead.postal_code, &lead.country];
        let work = [&lead.job_title, &lead.industry, &lead.company_size];
        for text in work.into_iter().chain(places).flatten().chain(&lead.tags) {
            self.add_text(text);
        }
    }

    /// The full name as one phrase, and first and last name where it does not hold them.
    fn add_names(&mut self, lead: &Lead) {
        let parts: Vec<&str> = [&lead.first_name, &lead.last_name].into_iter().flatten().map(String::as_str).collect();
        let joined = parts.join(" ");
        let full = lead.full_name.as_deref().unwrap_or(&joined);
        if full.is_empty() {
            return;
        }
        let full = fold(full);
        self.document.add_text(self.fields.all, &full);
        self.add_prefixes(&full);
        for part in parts {
            let part = fold(part);
            if !words(&part).all(|word| words(&full).any(|known| known == word)) {
                self.document.add_text(self.fields.all, &part);
                self.add_prefixes(&part);
            }
        }
    }

    fn add_text(&mut self, text: &str) {
        let folded = fold(text);
        self.document.add_text(self.fields.all, &folded);
        // Cheap test first: hardly any text holds an address.
        if folded.contains(['.', '@']) {
            for word in folded.split_whitespace() {
                if let Some(address) = Address::read(word) {
                    self.add_address(&address);
                }
            }
        }
    }

    fn add_email(&mut self, email: &str) {
        let email = fold(email);
        let Some((local, host)) = email.rsplit_once('@') else {
            return self.add_text(&email);
        };
        self.document.add_text(self.fields.all, local);
        self.document.add_text(self.fields.all, without_suffix(host));
        self.add_prefixes(local);
        self.add_host(host);
    }

    fn add_address(&mut self, address: &Address<'_>) {
        if !matches!(address, Address::Host(_)) {
            self.document.add_text(self.fields.address, keyword(address.term()));
        }
        self.add_host(address.host());
    }

    fn add_host(&mut self, host: &str) {
        for part in host_and_parents(host) {
            self.document.add_text(self.fields.address, keyword(part));
        }
    }

    /// A profile page: its own name is searchable, the site it is on says nothing.
    fn add_profile(&mut self, page: &str) {
        let folded = fold(page.trim());
        match Address::read(&folded) {
            Some(Address::Page { whole, .. }) => {
                if let Some((_, name)) = whole.rsplit_once('/') {
                    self.document.add_text(self.fields.all, name);
                }
            }
            _ => self.document.add_text(self.fields.all, &folded),
        }
    }

    fn add_website(&mut self, website: &str) {
        let folded = fold(website.trim());
        match Address::read(&folded) {
            Some(address) => {
                self.add_address(&address);
                self.document.add_text(self.fields.all, without_suffix(address.host()));
                if let Address::Page { whole, host } = &address {
                    self.document.add_text(self.fields.all, &whole[host.len()..]);
                }
            }
            None => self.document.add_text(self.fields.all, &folded),
        }
    }

    /// The digits forwards in the catch-all (typing a number finds it from its beginning), and backwards.
    fn add_phone(&mut self, phone: &str) {
        let folded = fold(phone);
        let main = folded.split(['x', 'e', ';', '#']).next().unwrap_or(&folded);
        let (main, all) = (digits(main), digits(&folded));
        for number in std::iter::once(&all).chain((main != all).then_some(&main)) {
            if number.len() >= MIN_PHONE_DIGITS {
                self.document.add_text(self.fields.all, number);
                self.document.add_text(self.fields.phone_tail, reversed(number));
            } else if !number.is_empty() {
                self.document.add_text(self.fields.all, number);
            }
        }
    }

    fn add_prefixes(&mut self, folded: &str) {
        for word in words(folded) {
            for (place, letter) in word.char_indices().take(2) {
                self.document.add_text(self.fields.prefix, &word[..place + letter.len_utf8()]);
            }
        }
    }

    fn add_custom_fields(&mut self, lead: &Lead) {
        for (name, value) in lead.custom_fields.iter().filter(|(_, value)| !value.is_empty()) {
            self.add_text(value);
            let name = custom_name(name);
            self.document.add_text(self.fields.custom, custom_term(&name, &keyword(value)));
            if let Some(number) = number_of(&comparable(value)) {
                self.document.add_text(self.fields.custom, custom_number_term(&name, number));
            }
            self.document.add_text(self.fields.present, custom_presence(&name));
        }
    }

    fn add_facts(&mut self, lead: &Lead) {
        if lead.enriched.is_empty() {
            return;
        }
        let mut columns = BTreeMap::new();
        for (field, value) in lead.enriched.iter() {
            let value = keyword(value);
            self.document.add_text(self.fields.custom, fact_term(field, &value));
            self.document.add_text(self.fields.present, field.name());
            columns.insert(field.name().to_owned(), OwnedValue::Str(value.into_owned()));
        }
        self.document.add_object(self.fields.enriched, columns);
    }

    fn add_keywords(&mut self, lead: &Lead) {
        let fields = self.fields;
        for (field, place) in fields.keywords() {
            let before = self.document.len();
            self.add_keyword(lead, field, place);
            // Fields that no lead is without need no mark; `filter_test` knows them.
            if self.document.len() > before && !field.is_always_present() {
                self.document.add_text(fields.present, field.name());
            }
        }
    }

    fn add_keyword(&mut self, lead: &Lead, field: &SearchField, place: tantivy::schema::Field) {
        let text = match field {
            SearchField::Lead(name) => lead.field(*name),
            SearchField::Source => lead.source.as_deref(),
            SearchField::DataSource => lead.data_source.as_deref(),
            SearchField::EnrichmentStatus => Some(lead.enrichment_status.name()),
            SearchField::EmailStatus => lead.email_status.map(|status| status.name()),
            SearchField::IsQualified => lead.is_qualified.map(|yes| if yes { "true" } else { "false" }),
            SearchField::EmailVerified => {
                Some(if lead.email_status == Some(EmailStatus::Valid) { "true" } else { "false" })
            }
            SearchField::Domain => {
                return if let Some(domain) = domain_of(lead) {
                    self.document.add_text(place, keyword(&domain));
                };
            }
            SearchField::Tags => {
                return lead.tags.iter().for_each(|tag| self.document.add_text(place, keyword(tag)));
            }
            SearchField::Owner => {
                return lead.owner.iter().for_each(|owner| self.document.add_text(place, owner.to_string()));
            }
            SearchField::EnrichmentJob => {
                return lead.enrichment_job.iter().for_each(|job| self.document.add_text(place, job.to_string()));
            }
            SearchField::Import => {
                return lead.origin.iter().for_each(|at| self.document.add_text(place, at.import.to_string()));
            }
            _ => None,
        };
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            match field.kind() {
                Kind::Digits => self.document.add_text(place, phone_keyword(text)),
                Kind::Page => self.document.add_text(place, page_keyword(text)),
                _ => self.document.add_text(place, keyword(text)),
            }
        }
    }

    fn add_numbers(&mut self, lead: &Lead) {
        let times = [
            (SearchField::CreatedAt, Some(lead.created_at)),
            (SearchField::UpdatedAt, Some(lead.updated_at)),
            (SearchField::EnrichedAt, lead.enriched_at),
            (SearchField::DataCollectedAt, lead.data_collected_at),
        ];
        let score = (SearchField::QualityScore, Some(i64::from(lead.quality_score)));
        let numbers = times.into_iter().map(|(field, at)| (field, at.map(|Time(ms)| ms))).chain([score]);
        for (field, value) in numbers {
            if let (Some(value), Some(place)) = (value, self.fields.named(&field)) {
                self.document.add_i64(place, value);
                if !field.is_always_present() {
                    self.document.add_text(self.fields.present, field.name());
                }
            }
        }
    }
}

/// How a phone number is kept as a keyword.
pub fn phone_keyword(text: &str) -> String {
    keyword(&Form::Digits.whole(text)).into_owned()
}

/// How a page is kept as a keyword, which is how its address is looked up.
pub fn page_keyword(text: &str) -> String {
    keyword(&Form::Page.whole(text)).into_owned()
}

pub fn reversed(number: &str) -> String {
    number.chars().rev().collect()
}
