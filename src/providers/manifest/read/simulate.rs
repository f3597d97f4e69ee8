//! `simulate`: how the vendor behaves where it is only played.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::super::model::{Simulate, SimulatedAnswer, SimulatedBody, Verdict};
use super::super::reader::Value;
use super::super::template::{Text, Tree};
use super::{Names, exchange};

/// What answers may name: what was sent, an invented person and company, and the number of the work.
const GIVEN: [&str; 9] = ["sent", "fake", "item", "place", "run", "number", "submitted", "now", "key"];
/// Names of answers beside the outcomes.
const STEPS: [&str; 6] = ["batch", "submitted", "waiting", "ready", "fetched", "account"];

pub fn simulate(value: &Value<'_, '_>) -> Option<Simulate> {
    let table = value.table()?;
    let plain = Simulate::default();
    let hit_rate = table.get("hit_rate").and_then(|value| share(&value)).unwrap_or(plain.hit_rate);
    let latency = table.get("latency").and_then(|value| span(&value)).unwrap_or(plain.latency);
    let work = table.get("work").and_then(|value| span(&value)).unwrap_or(plain.work);
    let failures = table.get("failures").map(|value| {
        let entries = value.table().map(|table| table.entries()).unwrap_or_default();
        let one = |(name, value): (String, Value<'_, '_>)| match Verdict::ALL.iter().find(|(known, _)| *known == name) {
            Some((_, verdict)) => Some((*verdict, share(&value)?)),
            None => {
                value.fail("is no outcome");
                None
            }
        };
        entries.into_iter().filter_map(one).collect()
    });
    let answers = table.get("answers").map(|value| self::answers(&value)).unwrap_or_default();
    table.finish();
    Some(Simulate { hit_rate, latency, work, failures: failures.unwrap_or_default(), answers })
}

fn share(value: &Value<'_, '_>) -> Option<f64> {
    let number = value.number()?;
    if !(0.0..=1.0).contains(&number) {
        value.fail("must be between 0 and 1");
    }
    Some(number)
}

/// `["80ms", "900ms"]`, or one duration.
fn span(value: &Value<'_, '_>) -> Option<(Duration, Duration)> {
    let ends: Vec<Duration> = value.members().iter().filter_map(Value::duration).collect();
    match (ends.first(), ends.last()) {
        (Some(first), Some(last)) if ends.len() <= 2 && first <= last => Some((*first, *last)),
        _ => {
            value.fail("must be a shortest and a longest duration");
            None
        }
    }
}

pub fn answers(value: &Value<'_, '_>) -> BTreeMap<String, SimulatedAnswer> {
    let entries = value.table().map(|table| table.entries()).unwrap_or_default();
    let one = |(name, value): (String, Value<'_, '_>)| {
        let known = STEPS.contains(&name.as_str()) || Verdict::ALL.iter().any(|(known, _)| *known == name);
        if !known {
            value.fail(format!("is neither an outcome nor one of {}", STEPS.join(", ")));
        }
        Some((name, answer(&value)?))
    };
    entries.into_iter().filter_map(one).collect()
}

fn answer(value: &Value<'_, '_>) -> Option<SimulatedAnswer> {
    let names = Names::default().with(&GIVEN);
    let table = value.table()?;
    let status = table.get("status").map_or(Some(200), |value| {
        let status = u16::try_from(value.whole()?).ok().filter(|status| (200..=599).contains(status));
        if status.is_none() {
            value.fail("is no status of an answer");
        }
        status
    });
    let headers = table.get("headers").map(|value| exchange::headers(&value, &names)).unwrap_or_default();
    let body = table.get("body").map(|value| exchange::tree(&value, &names).map(SimulatedBody::Json));
    let json = table.get("json").map(|value| {
        let parsed = serde_json::from_str::<Json>(&value.text()?);
        let json = parsed.map_err(|error| value.fail(format!("is no JSON: {error}"))).ok()?;
        tree(json, &names).map_err(|reason| value.fail(reason)).ok().map(SimulatedBody::Json)
    });
    let text = table.get("text").map(|value| value.text().map(SimulatedBody::Text));
    table.finish();
    let body = body.or(json).or(text).unwrap_or_else(|| Some(SimulatedBody::Text(String::new())));
    Some(SimulatedAnswer { status: status?, headers, body: body? })
}

/// The same as a body of a request, from JSON: null can be said.
fn tree(json: Json, names: &Names) -> Result<Tree, String> {
    Ok(match json {
        Json::String(text) => Tree::Leaf(Text::parse(&text, &names.0).map_err(|error| error.to_string())?),
        Json::Array(members) => {
            Tree::List(members.into_iter().map(|member| tree(member, names)).collect::<Result<_, _>>()?)
        }
        Json::Object(mut members) if members.contains_key("each") && members.contains_key("one") => {
            let mut part = |key| members.remove(key);
            let Some(Json::String(over)) = part("each") else { return Err("`each` must be a text".to_owned()) };
            let over = Text::parse(&over, &names.0).map_err(|error| error.to_string())?;
            let one = Box::new(tree(part("one").unwrap_or(Json::Null), names)?);
            let otherwise = part("otherwise").map(|json| tree(json, names)).transpose()?.map(Box::new);
            Tree::Each { over, one, otherwise }
        }
        Json::Object(members) => {
            let member = |(name, json): (String, Json)| Ok::<_, String>((name, tree(json, names)?));
            Tree::Object(members.into_iter().map(member).collect::<Result<_, _>>()?)
        }
        fixed => Tree::Fixed(fixed),
    })
}
