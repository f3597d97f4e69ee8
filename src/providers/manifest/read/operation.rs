//! `[operations."NAME"]`: what an operation needs, asks and makes of the answer.

use std::time::Duration;

use super::super::model::{Batch, Collect, Correlation, Exchange, OperationSpec, Pages, Price, Told};
use super::super::reader::{Table, Value};
use super::{Names, exchange, expression, mapping, root, simulate, template};
use crate::domain::enrichment::{Input, Operation};
use crate::domain::lead::LeadField;

/// What operations refer to in the rest of the manifest.
pub struct Context<'a> {
    pub names: &'a Names,
    pub buckets: &'a [String],
    pub has_account: bool,
}

/// More requests do not go into one call.
const LARGEST_BATCH: u32 = 1_000;
const EVERY: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(600);
const PAGE: u32 = 1_000;
const MOST_PAGES: u32 = 50;

pub fn operations(value: &Value<'_, '_>, context: &Context<'_>) -> Vec<OperationSpec> {
    let entries = value.table().map(|table| table.entries()).unwrap_or_default();
    let known: Vec<_> = Operation::ALL.iter().map(|operation| (operation.name(), *operation)).collect();
    let one = |(name, value): (String, Value<'_, '_>)| {
        let Some(operation) = Operation::from_name(&name) else {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            value.fail(format!("is no capability; known are {}", names.join(", ")));
            return None;
        };
        self::operation(operation, &value.table()?, context)
    };
    entries.into_iter().filter_map(one).collect()
}

fn operation(operation: Operation, table: &Table<'_, '_>, context: &Context<'_>) -> Option<OperationSpec> {
    let needs = table.need("needs").map(|value| alternatives(&value)).unwrap_or_default();
    if needs.is_empty() {
        table.fail("needs nothing: give at least one alternative of inputs");
    }
    let optional = table.get("optional").map(|value| inputs(&value)).unwrap_or_default();
    let mut given: Vec<&str> = needs.iter().flatten().chain(&optional).map(|input| input.name()).collect();
    given.extend(["requestId", "place", "callback"]);
    let names = context.names.with(&given);
    let buckets = table.get("buckets").map(|value| buckets(&value, context.buckets)).unwrap_or_default();
    let price = table.get("price").and_then(|value| price(&value)).unwrap_or_default();
    let needs_callback = table.get("needs_callback").and_then(|value| value.flag()).unwrap_or(false);
    let single = table.get("request").and_then(|value| exchange::request(&value, &names));
    let rules = table.get("outcomes").map(|value| exchange::rules(&value)).unwrap_or_default();
    let single = single.map(|request| Exchange { request, rules: rules.clone() });
    let batch = table.get("batch").and_then(|value| batch(&value, &names, &rules));
    if single.is_none() && batch.is_none() {
        table.fail("asks nothing: give a `request`, a `batch`, or both");
    }
    let collect = table.get("collect").and_then(|value| collect(&value, context.names));
    let trust = table.get("confidence").and_then(|value| mapping::trust(&value)).unwrap_or_default();
    let map = table.need("map").map(|value| mapping::map(&value, operation)).unwrap_or_default();
    let settles = match table.get("settles") {
        Some(value) => settles(&value, &map),
        None => default_settles(operation),
    };
    let simulate = table.get("simulate").and_then(|value| simulate::simulate(&value)).unwrap_or_default();
    let asks = |rule: &super::super::model::Rule| rule.is == super::super::model::Verdict::AskAccount;
    if rules.iter().any(asks) && !context.has_account {
        table.fail("has an outcome `ask_account`, but the manifest has no [account]");
    }
    if collect.as_ref().is_some_and(|collect| collect.poll.is_some())
        && batch.as_ref().is_some_and(|batch| matches!(batch.correlation, Correlation::Index))
    {
        table.fail("collects a batch without `keys`: those still waiting may be some of the batch only");
    }
    table.finish();
    let spec = OperationSpec {
        operation,
        needs,
        optional,
        buckets,
        price,
        needs_callback,
        single,
        batch,
        collect,
        trust,
        map,
        settles,
        simulate,
    };
    Some(spec)
}

fn alternatives(value: &Value<'_, '_>) -> Vec<Vec<Input>> {
    value.members().iter().map(inputs).filter(|inputs| !inputs.is_empty()).collect()
}

fn inputs(value: &Value<'_, '_>) -> Vec<Input> {
    let fields = LeadField::ALL.into_iter().map(Input::Lead).chain([Input::CompanyDomain]);
    let known: Vec<_> = fields.map(|input| (input.name(), input)).collect();
    value.members().iter().filter_map(|member| member.one_of("input", &known)).collect()
}

fn buckets(value: &Value<'_, '_>, known: &[String]) -> Vec<String> {
    let one = |member: &Value<'_, '_>| {
        let name = member.text()?;
        if !known.contains(&name) {
            member.fail(format!("\"{name}\" is the bucket of no limit"));
        }
        Some(name)
    };
    value.members().iter().filter_map(one).collect()
}

/// `{ per_call = "0.008" }`, `{ per_found = … }`, `{ told = "usageTotalUsd", unit = "1" }`, `{ told_header = … }`.
fn price(value: &Value<'_, '_>) -> Option<Price> {
    let table = value.table()?;
    let money = |key| table.get(key).and_then(|value| money(&value));
    let per_call = money("per_call").unwrap_or(0);
    let per_found = money("per_found").unwrap_or(0);
    let unit = money("unit").unwrap_or(1_000_000);
    let body = table.get("told").and_then(|value| expression(&value)).map(Told::Body);
    let header = table.get("told_header").and_then(|value| root::header_name(&value)).map(Told::Header);
    table.finish();
    Some(Price { per_call, per_found, told: body.or(header), unit })
}

/// A decimal text with up to six places, as millionths.
fn money(value: &Value<'_, '_>) -> Option<u64> {
    let text = value.text()?;
    let (units, places) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let amount = (digits(units) && digits(places) && places.len() <= 6 && !units.is_empty())
        .then(|| format!("{units}{places:0<6}").parse().ok())
        .flatten();
    if amount.is_none() {
        value.fail(format!("\"{text}\" is no amount; write \"0.008\", with up to six places"));
    }
    amount
}

fn batch(value: &Value<'_, '_>, names: &Names, of_single: &[super::super::model::Rule]) -> Option<Batch> {
    let table = value.table()?;
    let size = table.need("size").and_then(|value| {
        let size = root::count(&value)?;
        if size > LARGEST_BATCH {
            value.fail(format!("must be at most {LARGEST_BATCH}"));
        }
        usize::try_from(size).ok()
    });
    let request = table.need("request").and_then(|value| exchange::request(&value, &names.with(&["requests"])));
    let rules = table.get("outcomes").map(|value| exchange::rules(&value));
    let items = table.need("items").and_then(|value| expression(&value));
    let keys = table.get("keys").map(|value| keys(&value, names));
    let status = table.get("status").and_then(|value| expression(&value));
    let item_rules = table.get("item_outcomes").map(|value| exchange::rules(&value)).unwrap_or_default();
    table.finish();
    let exchange = Exchange { request: request?, rules: rules.unwrap_or_else(|| of_single.to_vec()) };
    let correlation = keys.map_or(Correlation::Index, Correlation::Keys);
    Some(Batch { size: size?, exchange, items: items?, correlation, status, rules: item_rules })
}

fn keys(
    value: &Value<'_, '_>,
    names: &Names,
) -> Vec<(super::super::template::Text, super::super::expression::Expression)> {
    let key = |value: &Value<'_, '_>| {
        let table = value.table()?;
        let asked = table.need("request").and_then(|value| template(&value, names));
        let told = table.need("answer").and_then(|value| expression(&value));
        table.finish();
        Some((asked?, told?))
    };
    value.members().iter().filter_map(key).collect()
}

fn collect(value: &Value<'_, '_>, names: &Names) -> Option<Collect> {
    let table = value.table()?;
    let ticket = table.get("ticket").and_then(|value| expression(&value));
    let every = table.get("every").and_then(|value| value.duration()).unwrap_or(EVERY);
    let deadline = table.get("deadline").and_then(|value| value.duration()).unwrap_or(DEADLINE);
    let part = |key, names: &Names| {
        table.get(key).and_then(|value| {
            let table = value.table()?;
            let part = exchange::exchange(&table, names);
            table.finish();
            part
        })
    };
    let poll = part("poll", &names.with(&["ticket"]));
    let fetch = part("fetch", &names.with(&["ticket", "poll", "offset"]));
    let pages = table.get("pages").and_then(|value| pages(&value));
    if pages.is_some() && fetch.is_none() {
        table.fail("has `pages` and no `fetch` that they are of");
    }
    if ticket.is_some() != poll.is_some() {
        table.fail("has only one of `ticket` and `poll`: what was submitted is looked up by its ticket");
    }
    if every.is_zero() || deadline < every {
        table.fail("must have an `every` that is not longer than its `deadline`");
    }
    table.finish();
    Some(Collect { ticket, every, deadline, poll, fetch, pages })
}

fn pages(value: &Value<'_, '_>) -> Option<Pages> {
    let table = value.table()?;
    let count = |key, usual: u32, most: u32| match table.get(key) {
        None => Some(usual),
        Some(value) => {
            let given = value.whole().and_then(|count| u32::try_from(count).ok());
            let within = given.filter(|count| (1..=most).contains(count));
            if within.is_none() {
                value.fail(format!("must be from 1 to {most}"));
            }
            within
        }
    };
    let (size, most) = (count("size", PAGE, 100_000), count("most", MOST_PAGES, 10_000));
    let total = table.get("total").and_then(|value| root::header_name(&value));
    table.finish();
    Some(Pages { size: size?, total, most: most? })
}

fn settles(value: &Value<'_, '_>, map: &[super::super::model::MapLine]) -> Vec<String> {
    let one = |member: &Value<'_, '_>| {
        let name = member.text()?;
        let name = name.strip_prefix("custom.").map_or(name.clone(), |name| format!("customFields.{name}"));
        if !map.iter().any(|line| line.target.name() == name) {
            member.fail(format!("\"{name}\" is not mapped"));
        }
        Some(name)
    };
    value.members().iter().filter_map(one).collect()
}

/// What answers the question of an operation, where the manifest does not say.
fn default_settles(operation: Operation) -> Vec<String> {
    let fields: &[&str] = match operation {
        Operation::PersonEnrich => {
            &["email", "phone", "phoneNumbers", "linkedInUrl", "jobTitle", "companyName", "seniorityLevel"]
        }
        Operation::CompanyEnrich => &["companyName", "website", "companyDomain", "industry", "companySize"],
        Operation::CompanyFind => &["companyName", "companyDomain", "website"],
        Operation::PhoneFind => &["phone", "phoneNumbers"],
        Operation::PhoneDnc => &["doNotCall"],
        // The fields of the points an answer settles; none means that any value does.
        _ => return operation.points().iter().map(|point| point.field().to_owned()).collect(),
    };
    fields.iter().map(|field| (*field).to_owned()).collect()
}
