//! Generated leads with everything that searches look at, and the chance that makes them.

use galena::domain::enriched_field::EnrichedField;
use galena::domain::id::{Id, JobId, UserId};
use galena::domain::lead::{EmailStatus, EnrichmentStatus, Lead, LeadField};
use galena::domain::time::Time;

use crate::search_fixture::list_id;

/// The same numbers for the same seed.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn of<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

const FIRST: [&str; 16] = [
    "Anna",
    "Björn",
    "Chloé",
    "Émilie",
    "François",
    "Gülşen",
    "Håkon",
    "João",
    "Łucja",
    "Mária",
    "Øyvind",
    "Zoë",
    "Jo",
    "Ann",
    "Hannah",
    "Jean-Luc",
];
const LAST: [&str; 16] = [
    "Müller",
    "Nguyễn",
    "O'Connor",
    "O’Brien",
    "Çelik",
    "Åberg",
    "Groß",
    "d'Angelo",
    "Smith-Jones",
    "Žižek",
    "Dvořák",
    "Ñuñez",
    "Wójcik",
    "Smith",
    "Smithson",
    "Li",
];
const COMPANIES: [&str; 10] = [
    "Acme Corp.",
    "Groß Bau GmbH & Co. KG",
    "Example plc",
    "A1 Telekom",
    "Ümlaut AG",
    "Acme Berlin",
    "  The  \"Quoted\" Co ",
    "VP Sales Ltd",
    "Smith & Sons",
    "Ac",
];
const HOSTS: [&str; 8] = [
    "acme.com",
    "mail.acme.com",
    "grossbau.de",
    "example.co.uk",
    "web.example.co.uk",
    "gmail.com",
    "firma.test",
    "a1.io",
];
const TITLES: [&str; 8] =
    ["VP Sales", "Sales Manager, VP", "Head of Sales", "Geschäftsführer", "CEO", "Software Engineer", "HR", "Sales"];
const CITIES: [&str; 8] = ["Berlin", "BERLIN", "Köln", "Koln", "São Paulo", "Paris", "New York", "Łódź"];
const SIZES: [&str; 8] = ["1-10", "50", "50.0", "250", "1e2", "51-200", "-5", "about 30"];

/// Lead number `number`, as its `version`.
pub fn person(chance: &mut Chance, number: u64) -> Lead {
    let (first, last) = (chance.of(&FIRST), chance.of(&LAST));
    let mut lead = Lead {
        list: list_id(1 + chance.below(4) as u64),
        created_at: Time(1_767_225_600_000 + chance.below(90 * 24) as i64 * 3_600_000),
        updated_at: Time(1_767_225_600_000 + chance.below(50) as i64 * 86_400_000),
        source: Some(chance.of(&["csv", "manual", "API"]).to_owned()),
        ..Lead::default()
    };
    let plain: String = first.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let host = chance.of(&HOSTS);
    let mut set = |chance: &mut Chance, missing_in: usize, field: LeadField, text: String| {
        if !chance.one_in(missing_in) {
            lead.set_field(field, Some(text));
        }
    };
    set(chance, 9, LeadField::Email, format!("{plain}.{number}@{host}"));
    set(chance, 20, LeadField::FirstName, first.to_owned());
    set(chance, 20, LeadField::LastName, last.to_owned());
    set(chance, 5, LeadField::FullName, format!("{first} {last}"));
    let company = chance.of(&COMPANIES).trim().to_owned();
    set(chance, 8, LeadField::CompanyName, company);
    let phone = format!("+49{:09}", chance.below(1_000_000_000));
    set(chance, 4, LeadField::Phone, phone);
    set(chance, 4, LeadField::LinkedInUrl, format!("https://www.linkedin.com/in/{plain}-{number}"));
    set(chance, 3, LeadField::Website, format!("https://www.{host}/team"));
    for (missing_in, field, texts) in
        [(3, LeadField::JobTitle, &TITLES), (3, LeadField::City, &CITIES), (2, LeadField::CompanySize, &SIZES)]
    {
        let text = chance.of(texts).to_owned();
        set(chance, missing_in, field, text);
    }
    let country = chance.of(&["Germany", "France", "Österreich"]).to_owned();
    set(chance, 3, LeadField::Country, country);
    let code = format!("{:05}", chance.below(300) * 7);
    set(chance, 2, LeadField::PostalCode, code);
    if chance.one_in(3) {
        let note = chance.of(&["met at the fair", "call Émilie back", "wants a demo, urgent", "see acme.com for more"]);
        lead.custom_fields.push(("Note".to_owned(), note.to_owned()));
    }
    if chance.one_in(2) {
        lead.custom_fields.push(("Seats".to_owned(), chance.of(&["9", "120", "30.0", "-2.5", "many"]).to_owned()));
    }
    for tag in ["Hot Lead", "EU", "Messe 2026", "42"] {
        if chance.one_in(4) {
            lead.tags.push(tag.to_owned());
        }
    }
    let states = [EnrichmentStatus::NotEnriched, EnrichmentStatus::Enriched, EnrichmentStatus::Failed];
    lead.enrichment_status = states[chance.below(3)];
    lead.email_status = [None, Some(EmailStatus::Valid), Some(EmailStatus::CatchAll)][chance.below(3)];
    lead.is_qualified = [None, Some(true), Some(false)][chance.below(3)];
    lead.owner = chance.one_in(2).then(|| UserId::from_u64(1 + chance.below(3) as u64));
    lead.enrichment_job = chance.one_in(3).then(|| JobId::from_u64(1 + chance.below(3) as u64));
    lead.enriched_at = chance.one_in(2).then(|| Time(1_770_000_000_000 + chance.below(40) as i64 * 1_000));
    lead.quality_score = chance.below(101) as u8;
    if chance.one_in(2) {
        lead.enriched.set(EnrichedField::SeniorityLevel, chance.of(&["senior", "entry", "Executive"]).to_owned());
    }
    lead
}
