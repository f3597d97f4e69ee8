//! Is a stated confidence what is observed? The built-in providers are asked about published labelled sets; in each tenth
//! of the scale the share of right values has to be within 0.1 of the mean of what was stated.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::FutureExt;
use galena::deps::Simulation;
use galena::domain::enrichment::{FoundValue, Input, Operation, Outcome};
use galena::domain::id::{AttemptId, Id};
use galena::domain::lead::LeadField;
use galena::providers::areas::Areas;
use galena::providers::builtin::{BuiltInCompany, BuiltInEmail, BuiltInName, BuiltInPhone, BuiltInTitle, MailHosts};
use galena::providers::lists::Lists;
use galena::providers::{CallContext, Provider, Request, call_one};
use serde_json::Value;

use crate::shared_data;

/// Fewer values say little about a share.
const FEWEST: usize = 20;

#[derive(Default)]
struct Scores {
    /// By field: stated confidence in hundredths, and whether the value was right.
    seen: BTreeMap<String, Vec<(u8, bool)>>,
}

impl Scores {
    fn note(&mut self, value: &FoundValue, is_right: bool) {
        self.seen.entry(value.field.clone()).or_default().push((value.confidence.hundredths(), is_right));
    }

    /// Prints every tenth and gives those that are off.
    fn off(&self) -> Vec<String> {
        let mut off = Vec::new();
        let all = self.seen.values().flatten().copied().collect::<Vec<_>>();
        let named = self.seen.iter().map(|(field, seen)| (field.as_str(), seen));
        for (field, seen) in named.chain([("all fields", &all)]) {
            for tenth in 0..10_u8 {
                let within = |stated: u8| (stated.min(99) / 10) == tenth;
                let values: Vec<_> = seen.iter().filter(|(stated, _)| within(*stated)).collect();
                if values.is_empty() {
                    continue;
                }
                let count = values.len() as f64;
                let stated = values.iter().map(|(stated, _)| f64::from(*stated) / 100.0).sum::<f64>() / count;
                let right = values.iter().filter(|(_, is_right)| *is_right).count();
                let observed = right as f64 / count;
                let line = format!("{field} 0.{tenth}: stated {stated:.3}, observed {observed:.3} of {}", values.len());
                println!("{line}");
                if values.len() >= FEWEST && (stated - observed).abs() > 0.1 {
                    off.push(line);
                }
            }
        }
        off
    }
}

fn ask(provider: &dyn Provider, operation: Operation, inputs: &[(LeadField, &str)]) -> Vec<FoundValue> {
    let inputs = inputs.iter().map(|(field, text)| (Input::Lead(*field), (*text).to_owned())).collect();
    let request = Request { id: AttemptId::from_u64(1), operation, inputs, ticket: None, callback: None };
    let world = Simulation::from_seed(1);
    let deps = world.deps.without_dns();
    let context = CallContext { deps: &deps, credential: None, timeout: Duration::from_secs(1), further: None };
    let reply = call_one(provider, &request, context).now_or_never().expect("without the network it answers at once");
    match reply.expect("one reply").outcome {
        Outcome::Found(answer) | Outcome::Partial(answer) => answer.values,
        _ => Vec::new(),
    }
}

fn of<'v>(values: &'v [FoundValue], field: &str) -> Option<&'v FoundValue> {
    values.iter().find(|value| value.field == field)
}

fn json(path: &str) -> Option<Value> {
    shared_data::read(path).map(|text| serde_json::from_str(&text).expect("JSON"))
}

fn addresses(scores: &mut Scores) -> Option<()> {
    let provider = BuiltInEmail::new(Lists::embedded().expect("the lists"), MailHosts::default());
    let check = |address: &str| ask(&provider, Operation::EmailVerify, &[(LeadField::Email, address)]);
    for case in json("data/email/isemail-tests-original.json")?.as_array().into_iter().flatten() {
        let (Some(address), Some(label)) = (case["address"].as_str(), case["lead_expectation"].as_str()) else {
            continue;
        };
        let values = check(address);
        // What is undecided without the network, and names that mean nothing on the internet, have no label.
        let Some(verdict) = of(&values, "emailStatus").filter(|value| value.value == "invalid") else { continue };
        let is_syntax = verdict.evidence.as_deref().is_some_and(|seen| seen.contains("\"syntax\""));
        if label != "either" && is_syntax {
            scores.note(verdict, label == "reject");
        }
    }
    let mut kind = |address: &str, label: &str| {
        if let Some(value) = of(&check(address), "emailType") {
            scores.note(value, value.value == label);
        }
    };
    for domain in shared_data::read("data/email/disposable-email-domains.txt")?.lines() {
        kind(&format!("jane.doe@{domain}"), "disposable");
    }
    for domain in json("data/email/free-email-domains.json")?.as_array().into_iter().flatten() {
        kind(&format!("jane.doe@{}", domain.as_str().unwrap_or_default()), "free");
    }
    for role in json("data/email/role-accounts.json")?.as_array().into_iter().flatten() {
        kind(&format!("{}@siemens.com", role.as_str().unwrap_or_default()), "role");
    }
    let companies = shared_data::read("data/leads/organizations-10000.csv")?;
    let mut reader = csv::Reader::from_reader(companies.as_bytes());
    let site = reader.headers().expect("headers").iter().position(|header| header == "Website").expect("a site");
    for record in reader.records() {
        let record = record.expect("a row");
        let host = record[site].trim_start_matches("http://").trim_start_matches("https://").trim_end_matches('/');
        kind(&format!("jane.doe@{host}"), "business");
    }
    Some(())
}

fn numbers(scores: &mut Scores) -> Option<()> {
    let provider = BuiltInPhone::new(Areas::embedded().expect("the areas"));
    let check = |number: &str| ask(&provider, Operation::PhoneValidate, &[(LeadField::Phone, number)]);
    let cases = json("data/phone/libphonenumber-examples.json")?;
    for case in cases["examples"].as_array().into_iter().flatten() {
        let values = check(case["e164"].as_str().unwrap_or_default());
        let status = of(&values, "phoneStatus").expect("a verdict");
        scores.note(status, status.value == "valid");
        let label = case["type"].as_str().unwrap_or_default().to_lowercase();
        // The same kinds under other names.
        let label = match label.as_str() {
            "uan" => "company_wide",
            "personal_number" => "personal",
            other => other,
        };
        if let Some(kind) = of(&values, "phoneType") {
            scores.note(kind, kind.value == label);
        }
        if let Some(country) = of(&values, "phoneCountry") {
            scores.note(country, case["region_of_number"].as_str() == Some(&country.value));
        }
    }
    for case in cases["invalid"].as_array().into_iter().flatten() {
        let values = check(case["input"].as_str().unwrap_or_default());
        let status = of(&values, "phoneStatus").expect("a verdict");
        scores.note(status, status.value == "invalid");
    }
    Some(())
}

fn names(scores: &mut Scores) -> Option<()> {
    for case in json("data/names/nameparser-2.6-cases.json")?.as_array().into_iter().flatten() {
        let Some(full) = case["input"].as_str().filter(|full| !full.trim().is_empty()) else { continue };
        let values = ask(&BuiltInName, Operation::NameParse, &[(LeadField::FullName, full)]);
        for (field, label) in [("firstName", "given"), ("lastName", "family")] {
            if let Some(part) = of(&values, field) {
                scores.note(part, case["expected"][label].as_str().unwrap_or_default() == part.value);
            }
        }
    }
    Some(())
}

fn titles(scores: &mut Scores) -> Option<()> {
    let text = shared_data::read("data/titles/job-titles-level-area.csv")?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    for record in reader.records() {
        let record = record.expect("a row");
        let values = ask(&BuiltInTitle, Operation::TitleClassify, &[(LeadField::JobTitle, &record[0])]);
        if let Some(level) = of(&values, "seniorityLevel") {
            let label = match &record[1] {
                "C-Suite" => ["c-suite"].as_slice(),
                "VP" | "Director" => &["executive"],
                _ => &["entry", "mid", "senior"],
            };
            scores.note(level, label.contains(&level.value.as_str()));
        }
        if let Some(department) = of(&values, "department").filter(|_| !record[2].is_empty()) {
            let area = match department.value.as_str() {
                "sales" | "marketing" => ["Sales-Marketing"].as_slice(),
                "engineering" | "it" | "research" | "design" => &["Technical"],
                // The labels tell these two apart by level and not by function.
                _ => &["Business", "Other"],
            };
            scores.note(department, area.contains(&&record[2]));
        }
    }
    Some(())
}

fn companies(scores: &mut Scores) -> Option<()> {
    let provider = BuiltInCompany::new(Lists::embedded().expect("the lists"));
    for case in json("data/names/cleanco-basename-cases.json")?.as_array().into_iter().flatten() {
        let (Some(name), Some(base)) = (case["input"].as_str(), case["basename"].as_str()) else { continue };
        let values = ask(&provider, Operation::CompanyName, &[(LeadField::CompanyName, name)]);
        if let Some(found) = of(&values, "companyBaseName").filter(|_| !base.is_empty()) {
            scores.note(found, found.value == base);
        }
    }
    Some(())
}

#[test]
fn stated_confidences_are_what_is_observed() {
    let mut scores = Scores::default();
    let sets = [addresses, numbers, names, titles, companies];
    if sets.into_iter().try_for_each(|set| set(&mut scores)).is_none() {
        return;
    }
    let off = scores.off();
    assert!(off.is_empty(), "{}", off.join("\n"));
}
