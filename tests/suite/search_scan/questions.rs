//! Questions drawn from chance: texts in any spelling, filters, orders, pages, facets.

use std::collections::BTreeMap;

use galena::domain::filter::Filter;
use galena::domain::id::{Id, JobId, ListId, UserId};
use galena::domain::lead::{Lead, LeadField};
use galena::search::*;
use serde_json::{Value, json};

use super::people::Chance;
use super::reference::{Row, plain, words};
use crate::search_fixture::{lead_id, list_id};

/// A part of the search text, as it is written and as it is meant.
#[derive(Debug, Clone)]
pub struct Words {
    pub text: String,
    /// Whether it is the last part, whose last word may go on.
    pub open: bool,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Word,
    Phrase,
    Email,
    Host,
    Number,
}

impl Words {
    pub fn found_in(&self, row: &Row) -> bool {
        match self.kind {
            Kind::Word => row.holds(&self.text, self.open),
            Kind::Phrase => row.holds(&self.text, false),
            Kind::Email => row.holds_email(&self.text, self.open),
            Kind::Host => row.holds_host(&self.text, self.open),
            Kind::Number => row.holds_number(&self.text.split_whitespace().collect::<Vec<_>>(), self.open),
        }
    }

    fn written(&self) -> String {
        match self.kind {
            Kind::Phrase => format!("\"{}\"", self.text.replace('"', " ")),
            _ => self.text.clone(),
        }
    }

    /// Ways to ask for a lead that must find it.
    pub fn that_find(lead: &Lead, chance: &mut Chance) -> Vec<Self> {
        let closed = |kind, text: String| Self { text, open: true, kind };
        let mut all = Vec::new();
        if let Some(email) = lead.field(LeadField::Email) {
            all.push(closed(Kind::Email, spelt(chance, email)));
            all.extend(email.split_once('@').map(|(_, host)| closed(Kind::Host, spelt(chance, host))));
        }
        if let Some(phone) = lead.field(LeadField::Phone) {
            all.push(closed(Kind::Number, phone[phone.len() - 6..].to_owned()));
            let (tail, spaced) = (&phone[phone.len() - 8..], chance.below(3));
            let written = [
                format!("{}-{}", &tail[..3], &tail[3..]),
                format!("{} {}", &tail[..4], &tail[4..]),
                format!("({}) {}", &tail[..2], &tail[2..]),
            ];
            all.push(closed(Kind::Number, written[spaced].clone()));
        }
        if let Some(name) = lead.field(LeadField::FullName) {
            all.push(Self { text: plain(name), open: false, kind: Kind::Phrase });
        }
        all
    }

    fn any(chance: &mut Chance, lead: &Lead, open: bool) -> Option<Self> {
        let kind =
            [Kind::Word, Kind::Word, Kind::Word, Kind::Phrase, Kind::Email, Kind::Host, Kind::Number][chance.below(7)];
        let any_text = |chance: &mut Chance| {
            let fields = [
                LeadField::FullName,
                LeadField::CompanyName,
                LeadField::JobTitle,
                LeadField::City,
                LeadField::LastName,
            ];
            lead.field(fields[chance.below(5)]).map(str::to_owned)
        };
        let text = match kind {
            Kind::Word => {
                let words = words(&any_text(chance)?);
                let word = words.get(chance.below(words.len().max(1)))?.clone();
                let letters = word.chars().count();
                let kept = if open && chance.one_in(2) { 1 + chance.below(letters) } else { letters };
                word.chars().take(kept).collect()
            }
            Kind::Phrase => any_text(chance)?.replace('"', " "),
            Kind::Email => lead.field(LeadField::Email)?.to_owned(),
            Kind::Host => lead.field(LeadField::Email)?.split_once('@')?.1.to_owned(),
            Kind::Number => {
                let phone = lead.field(LeadField::Phone)?;
                phone[phone.len() - 6 - chance.below(3)..].to_owned()
            }
        };
        if kind == Kind::Host && text.ends_with(".test") {
            return None;
        }
        Some(Self { text: spelt(chance, &text), open: open && kind != Kind::Phrase, kind })
    }
}

/// The same text as somebody else would write it.
fn spelt(chance: &mut Chance, text: &str) -> String {
    match chance.below(4) {
        0 => text.to_uppercase(),
        1 => plain(text),
        2 => plain(text).to_uppercase(),
        _ => text.to_owned(),
    }
}

#[derive(Debug, Default)]
pub struct Question {
    pub words: Vec<Words>,
    pub list: Option<ListId>,
    pub filter: Option<Value>,
    pub sort: Vec<(&'static str, bool)>,
    pub limit: usize,
    pub facets: Vec<&'static str>,
}

const SORTABLE: [&str; 12] = [
    "qualityScore",
    "createdAt",
    "updatedAt",
    "enrichedAt",
    "email",
    "lastName",
    "fullName",
    "companyName",
    "jobTitle",
    "city",
    "companySize",
    "seniorityLevel",
];
const COUNTED: [&str; 11] = [
    "email",
    "companyName",
    "jobTitle",
    "city",
    "country",
    "tags",
    "source",
    "enrichmentStatus",
    "listId",
    "domain",
    "seniorityLevel",
];

impl Question {
    pub fn any(chance: &mut Chance, rows: &BTreeMap<u64, (Lead, Row)>) -> Self {
        let some = |chance: &mut Chance| {
            let place = chance.below(rows.len());
            rows.values().nth(place).map(|(lead, _)| lead).unwrap()
        };
        let mut question = Self { limit: [20, 500, 1 + chance.below(200)][chance.below(3)].max(20), ..Self::default() };
        if !chance.one_in(3) {
            let lead = some(chance);
            let count = 1 + chance.below(3);
            question.words = (1..=count).filter_map(|number| Words::any(chance, lead, number == count)).collect();
            // Numbers side by side would be read as one; the last part decides what may go on.
            let numbers = question.words.iter().filter(|words| words.kind == Kind::Number).count();
            if numbers > 1 {
                question.words.truncate(1);
            }
            let last = question.words.len().saturating_sub(1);
            for (place, words) in question.words.iter_mut().enumerate() {
                words.open = place == last && words.kind != Kind::Phrase;
            }
        }
        if !chance.one_in(3) {
            question.filter = Some(filter(chance, 0, &mut |chance| some(chance)));
        }
        question.list = chance.one_in(6).then(|| list_id(1 + chance.below(5) as u64));
        for _ in 0..chance.below(4) {
            question.sort.push((chance.of(&SORTABLE), chance.one_in(2)));
        }
        for _ in 0..chance.below(3) {
            question.facets.push(chance.of(&COUNTED));
        }
        question
    }

    pub fn request(&self) -> SearchRequest {
        let parts: Vec<String> = self.words.iter().map(Words::written).collect();
        let named = |name: &str| SearchField::from_name(name).unwrap();
        let filter = self.filter.as_ref().map(|json| Clause::try_from(&Filter::parse(json).unwrap()).unwrap());
        let sort = self.sort.iter().map(|(name, down)| match down {
            true => Sort::descending(named(name)),
            false => Sort::ascending(named(name)),
        });
        SearchRequest {
            q: parts.join(" "),
            list: self.list,
            filter,
            sort: sort.collect(),
            limit: self.limit.clamp(1, MAX_LIMIT),
            after: None,
            facets: self.facets.iter().map(|name| named(name)).collect(),
        }
    }
}

fn filter<'r>(chance: &mut Chance, depth: usize, some: &mut dyn FnMut(&mut Chance) -> &'r Lead) -> Value {
    let parts = |chance: &mut Chance, some: &mut dyn FnMut(&mut Chance) -> &'r Lead| {
        (0..chance.below(4)).map(|_| filter(chance, depth + 1, some)).collect::<Vec<_>>()
    };
    match chance.below(if depth < 3 { 8 } else { 4 }) {
        5 => json!({ "and": parts(chance, some) }),
        6 => json!({ "or": parts(chance, some) }),
        7 => json!({ "not": filter(chance, depth + 1, some) }),
        _ => loop {
            let lead = some(chance);
            let json = test(chance, lead);
            if Filter::parse(&json).is_ok() {
                return json;
            }
        },
    }
}

const FIELDS: [&str; 33] = [
    "email",
    "firstName",
    "lastName",
    "fullName",
    "companyName",
    "phone",
    "jobTitle",
    "linkedInUrl",
    "website",
    "city",
    "postalCode",
    "country",
    "companySize",
    "domain",
    "customFields.Note",
    "customFields.Seats",
    "customFields.None",
    "seniorityLevel",
    "source",
    "dataSource",
    "tags",
    "qualityScore",
    "createdAt",
    "updatedAt",
    "enrichedAt",
    "enrichmentStatus",
    "emailStatus",
    "id",
    "listId",
    "owner",
    "enrichmentJobId",
    "isQualified",
    "emailVerified",
];
const OPS: [&str; 12] =
    ["eq", "ne", "in", "contains", "prefix", "gt", "gte", "lt", "lte", "between", "empty", "notEmpty"];

fn test(chance: &mut Chance, lead: &Lead) -> Value {
    if chance.one_in(20) {
        let named = ["email", "linkedInUrl", "fullName", "location", "companySize"];
        let op = chance.of(&["eq", "ne", "empty", "notEmpty"]);
        return match op {
            "eq" | "ne" => json!({ "field": "missingFields", "op": op, "value": chance.of(&named) }),
            _ => json!({ "field": "missingFields", "op": op }),
        };
    }
    let (field, op) = (chance.of(&FIELDS), chance.of(&OPS));
    let value = |chance: &mut Chance| value(chance, lead, field, op);
    match op {
        "empty" | "notEmpty" => json!({ "field": field, "op": op }),
        "in" => {
            let values: Vec<Value> = (0..chance.below(4)).map(|_| value(chance)).collect();
            json!({ "field": field, "op": op, "value": values })
        }
        "between" => json!({ "field": field, "op": op, "value": [value(chance), value(chance)] }),
        _ => json!({ "field": field, "op": op, "value": value(chance) }),
    }
}

fn value(chance: &mut Chance, lead: &Lead, field: &str, op: &str) -> Value {
    let text = match field {
        "qualityScore" => return json!(chance.below(103) as f64 - if chance.one_in(4) { 0.5 } else { 0.0 }),
        "createdAt" | "updatedAt" | "enrichedAt" => {
            return json!(chance.of(&["2026-01-15", "2026-02-01T12:00:00Z", "2026-02-02T03:00:20.500Z", "2026-03-01"]));
        }
        "enrichmentStatus" => return json!(chance.of(&["failed", "enriched", "pending", "not_enriched"])),
        "emailStatus" => return json!(chance.of(&["valid", "catch-all", "unknown"])),
        "isQualified" | "emailVerified" => return json!(chance.one_in(2)),
        "id" => return json!(lead_id(1 + chance.below(3_000) as u64).to_string()),
        "listId" => return json!(lead.list.to_string()),
        "owner" => return json!(UserId::from_u64(1 + chance.below(4) as u64).to_string()),
        "enrichmentJobId" => return json!(JobId::from_u64(1 + chance.below(4) as u64).to_string()),
        "tags" => chance.of(&["hot lead", "EU", "messe 2026", "42", "none"]).to_owned(),
        "source" => chance.of(&["CSV", "manual", "api"]).to_owned(),
        "seniorityLevel" => chance.of(&["SENIOR", "entry", "executive"]).to_owned(),
        "domain" => chance.of(&["acme.com", "mail.acme.com", "GMAIL.com", "firma.test"]).to_owned(),
        "customFields.Note" => chance.of(&["met at the fair", "call emilie back", "wants a demo, urgent"]).to_owned(),
        "customFields.Seats" => chance.of(&["9", "120", "30", "-2.5", "many", "30.0"]).to_owned(),
        name => LeadField::from_name(name).and_then(|field| lead.field(field)).unwrap_or("x").to_owned(),
    };
    let text = match op {
        "contains" | "prefix" | "gt" | "gte" | "lt" | "lte" | "between" if chance.one_in(2) => {
            let letters: Vec<char> = text.chars().collect();
            let from = if op == "contains" { chance.below(letters.len()) } else { 0 };
            letters[from..].iter().take(1 + chance.below(5)).collect()
        }
        _ => text,
    };
    match text.parse::<f64>() {
        Ok(number) if chance.one_in(2) && number.is_finite() => json!(number),
        _ => json!(spelt(chance, &text)),
    }
}
