//! Step 4: three searches that people make, with words from the leads themselves, and what the list is made of.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::audit::{INDEX_WITHIN, PAUSE};
use super::figures::{Enrichment, Search};
use super::leads::{Lead, Leads};
use super::narration::{Narration, counted, grouped};
use crate::cli::client::Client;
use crate::cli::exit::CliError;

/// Digits of the end of a phone number that somebody remembers.
const ENDING: usize = 7;

/// What to search for, and a lead that must be found.
#[derive(Debug, PartialEq)]
struct Question {
    kind: &'static str,
    text: String,
    lead: String,
}

#[derive(Deserialize)]
struct Found {
    data: Vec<Lead>,
    total: u64,
}

pub async fn search(client: &Client, told: &Narration, leads: &Leads, list: &str) -> Result<Vec<Search>, CliError> {
    told.step(4, "Searching");
    let mut searches = Vec::new();
    for Question { kind, text, lead } in questions(leads) {
        let question = json!({"q": text, "listId": list, "limit": 500});
        let began = client.clock().monotonic();
        let answer: Value = client.post("/leads/search", &question).await?;
        let milliseconds = (client.clock().monotonic() - began).as_secs_f64() * 1000.0;
        let found = Found::deserialize(&answer).unwrap_or(Found { data: Vec::new(), total: 0 });
        let first = found.data.first().map(Lead::called).unwrap_or_default();
        told.fact(&format!(
            "{:<46} {:>10}  {milliseconds:>5.1} ms  {first}",
            format!("{kind} \"{text}\""),
            counted(found.total, "lead", "leads")
        ));
        // More than a page holds cannot be looked through here.
        let finds_its_lead = found.total > 500 || found.data.iter().any(|found| found.id == lead);
        let milliseconds = (milliseconds * 10.0).round() / 10.0;
        searches.push(Search { kind, text, total: found.total, milliseconds, finds_its_lead, first });
    }
    Ok(searches)
}

/// What is counted of the list, and what it is called here.
const FACETS: [(&str, &str); 4] = [
    ("phoneType", "phones by type"),
    ("seniorityLevel", "seniority"),
    ("department", "departments"),
    ("emailType", "kinds of address"),
];
/// Values of a facet that fit in a line.
const SHOWN: usize = 6;

/// How often each value of a few fields occurs in the list, as the index counts once it has seen what `job` wrote.
pub async fn facets(
    client: &Client,
    told: &Narration,
    list: &str,
    job: &Enrichment,
) -> Result<BTreeMap<String, BTreeMap<String, u64>>, CliError> {
    #[derive(Deserialize)]
    struct Answer {
        facets: BTreeMap<String, Facet>,
    }
    #[derive(Deserialize)]
    struct Facet {
        values: Vec<Counted>,
    }
    #[derive(Deserialize)]
    struct Counted {
        value: String,
        count: u64,
    }
    let of_job = json!({"field": "enrichmentJobId", "op": "eq", "value": job.job_id});
    let question = json!({"listId": list, "filter": of_job, "limit": 1});
    let until = client.clock().monotonic() + INDEX_WITHIN;
    while client.post::<Found>("/leads/search", &question).await?.total < job.leads - job.skipped
        && client.clock().monotonic() < until
    {
        client.clock().sleep(PAUSE).await;
    }
    let question = json!({"listId": list, "limit": 1, "facets": FACETS.map(|(field, _)| field)});
    let answer: Answer = client.post("/leads/search", &question).await?;
    for (field, called) in FACETS {
        let values = answer.facets.get(field).map_or(&[][..], |facet| &facet.values);
        let shown: Vec<String> =
            values.iter().take(SHOWN).map(|counted| format!("{} {}", counted.value, grouped(counted.count))).collect();
        if !shown.is_empty() {
            told.fact(&format!("{called}: {}", shown.join(", ")));
        }
    }
    let counts = |facet: Facet| facet.values.into_iter().map(|counted| (counted.value, counted.count)).collect();
    Ok(answer.facets.into_iter().map(|(field, facet)| (field, counts(facet))).collect())
}

/// A name, a company's domain and the end of a phone number, as far as the leads have them.
fn questions(leads: &Leads) -> Vec<Question> {
    [name(leads), domain(leads), phone(leads)].into_iter().flatten().collect()
}

/// The name in the middle of the list, where no two leads have the same.
fn name(leads: &Leads) -> Option<Question> {
    let named: Vec<(&Lead, &str)> = leads
        .iter()
        .filter_map(|lead| Some((lead, lead.full_name.as_deref()?)))
        .filter(|(_, name)| name.contains(' '))
        .collect();
    let (lead, name) = named.get(named.len() / 2)?;
    Some(Question { kind: "name", text: (*name).to_owned(), lead: lead.id.clone() })
}

/// The company that most leads are from.
fn domain(leads: &Leads) -> Option<Question> {
    let mut domains: BTreeMap<&str, (usize, &Lead)> = BTreeMap::new();
    for lead in leads.iter() {
        if let Some(host) = lead.website.as_deref().and_then(host) {
            domains.entry(host).or_insert((0, lead)).0 += 1;
        }
    }
    // The first by name where several are the largest.
    let (domain, (_, lead)) = domains.into_iter().rev().max_by_key(|(_, (leads, _))| *leads)?;
    Some(Question { kind: "company domain", text: domain.to_owned(), lead: lead.id.clone() })
}

/// `acme.com` of `https://www.acme.com/about`.
fn host(website: &str) -> Option<&str> {
    let rest = website.split_once("://").map_or(website, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next()?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    host.contains('.').then_some(host)
}

/// The end of a phone number from the last third of the list.
fn phone(leads: &Leads) -> Option<Question> {
    let numbers: Vec<(&Lead, String)> = leads
        .iter()
        .filter_map(|lead| {
            // `+49 30 1234;ext=5` ends in its number, not in its extension.
            let number = lead.phone.as_deref()?.split([';', 'x']).next()?;
            let digits: String = number.chars().filter(char::is_ascii_digit).collect();
            (digits.len() > ENDING).then(|| (lead, digits[digits.len() - ENDING..].to_owned()))
        })
        .collect();
    let (lead, ending) = numbers.get(numbers.len() * 2 / 3)?;
    Some(Question { kind: "end of a phone number", text: ending.clone(), lead: lead.id.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead(id: &str, name: &str, website: Option<&str>, phone: Option<&str>) -> Lead {
        Lead {
            id: id.to_owned(),
            full_name: Some(name.to_owned()),
            website: website.map(str::to_owned),
            phone: phone.map(str::to_owned),
            ..Lead::default()
        }
    }

    #[test]
    fn each_question_is_about_a_lead_that_is_there() {
        let leads = Leads::of(vec![
            lead("1", "Ada Lovelace", Some("https://www.acme.example/a"), Some("+493012345678")),
            lead("2", "Cher", Some("http://other.example"), None),
            lead("3", "Alan Turing", Some("acme.example"), Some("+1 202 555 0123;ext=99")),
        ]);
        let asked: Vec<_> = questions(&leads).into_iter().map(|question| (question.text, question.lead)).collect();
        let expected = [("Alan Turing", "3"), ("acme.example", "1"), ("5550123", "3")];
        assert_eq!(asked, expected.map(|(text, lead)| (text.to_owned(), lead.to_owned())));
    }

    #[test]
    fn leads_without_any_of_it_are_not_asked_for() {
        assert_eq!(questions(&Leads::of(vec![lead("1", "Cher", Some("localhost"), Some("123"))])), []);
    }
}
