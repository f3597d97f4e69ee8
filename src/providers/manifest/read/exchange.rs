//! Requests and the rules their answers are read by.

use super::super::model::{Body, Exchange, RequestTemplate, Rule, Verdict};
use super::super::reader::{Table, Value};
use super::super::template::{Text, Tree};
use super::{Names, expression, root, template};
use crate::deps::{HeaderName, Method};

/// `request` and `outcomes` of a table.
pub fn exchange(table: &Table<'_, '_>, names: &Names) -> Option<Exchange> {
    let request = table.need("request").and_then(|value| request(&value, names));
    let rules = table.get("outcomes").map(|value| rules(&value)).unwrap_or_default();
    Some(Exchange { request: request?, rules })
}

pub fn request(value: &Value<'_, '_>, names: &Names) -> Option<RequestTemplate> {
    let table = value.table()?;
    let methods = [
        ("GET", Method::GET),
        ("POST", Method::POST),
        ("PUT", Method::PUT),
        ("PATCH", Method::PATCH),
        ("DELETE", Method::DELETE),
    ];
    let method = table.get("method").map_or(Some(Method::GET), |value| value.one_of("method", &methods));
    let path = table.need("path").and_then(|value| {
        let path = template(&value, names)?;
        let first = path.around().first().cloned().unwrap_or_default();
        if !first.starts_with('/') || path.around().iter().any(|part| part.contains(['?', '#', ' '])) {
            value.fail("must begin with / and hold no ?, # or space; a query has its own key");
        }
        Some(path)
    });
    let query = table.get("query").map(|value| query(&value, names)).unwrap_or_default();
    let headers = table.get("headers").map(|value| headers(&value, names)).unwrap_or_default();
    let json = table.get("body");
    let form = table.get("form");
    if json.is_some() && form.is_some() {
        table.fail("has both a `body` and a `form`");
    }
    let body = match (json, form) {
        (Some(value), _) => tree(&value, names).map(Body::Json),
        (None, Some(value)) => {
            let fields = value.table().map(|table| table.entries()).unwrap_or_default();
            let field = |(name, value): (String, Value<'_, '_>)| Some((name, template(&value, names)?));
            Some(Body::Form(fields.into_iter().filter_map(field).collect()))
        }
        (None, None) => None,
    };
    let auth = table.get("auth").and_then(|value| root::auth(&value));
    table.finish();
    if body.is_some() && method == Some(Method::GET) {
        table.fail("has a body, which a GET cannot carry");
    }
    Some(RequestTemplate { method: method?, path: path?, query, headers, body, auth })
}

/// A number or a truth value in place of a text is that text.
fn scalar(value: &Value<'_, '_>, names: &Names) -> Option<Text> {
    use toml::de::DeValue;
    match value.value {
        DeValue::Integer(number) => Some(Text::Literal(number.as_str().to_owned())),
        DeValue::Boolean(flag) => Some(Text::Literal(flag.to_string())),
        _ => template(value, names),
    }
}

fn query(value: &Value<'_, '_>, names: &Names) -> Vec<(String, Vec<Text>)> {
    let entries = value.table().map(|table| table.entries()).unwrap_or_default();
    let several = |value: &Value<'_, '_>| value.members().iter().filter_map(|member| scalar(member, names)).collect();
    entries.into_iter().map(|(name, value)| (name, several(&value))).collect()
}

pub fn headers(value: &Value<'_, '_>, names: &Names) -> Vec<(HeaderName, Text)> {
    let entries = value.table().map(|table| table.entries()).unwrap_or_default();
    let header = |(name, value): (String, Value<'_, '_>)| {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            value.fail("is no name of a header");
            return None;
        };
        Some((name, scalar(&value, names)?))
    };
    entries.into_iter().filter_map(header).collect()
}

/// A body. `{ each = "{{ requests }}", one = … }` is a list with one element for each.
pub fn tree(value: &Value<'_, '_>, names: &Names) -> Option<Tree> {
    use toml::de::DeValue;
    Some(match value.value {
        DeValue::String(_) => Tree::Leaf(template(value, names)?),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(&number.as_str().replace('_', ""), number.radix());
            Tree::Fixed(parsed.map_err(|_| value.fail("is too large")).ok()?.into())
        }
        DeValue::Float(_) => Tree::Fixed(value.number()?.into()),
        DeValue::Boolean(flag) => Tree::Fixed((*flag).into()),
        DeValue::Datetime(_) => {
            value.fail("is a date; write it as a text");
            return None;
        }
        DeValue::Array(_) => Tree::List(value.members().iter().filter_map(|member| tree(member, names)).collect()),
        DeValue::Table(_) => {
            let table = value.table()?;
            let entries = table.entries();
            if entries.iter().any(|(name, _)| name == "each") && entries.iter().any(|(name, _)| name == "one") {
                return each(&table, names);
            }
            let member = |(name, value): (String, Value<'_, '_>)| Some((name, tree(&value, names)?));
            Tree::Object(entries.into_iter().filter_map(member).collect())
        }
    })
}

fn each(table: &Table<'_, '_>, names: &Names) -> Option<Tree> {
    let over = table.need("each").and_then(|value| template(&value, names));
    let inner = names.with(&["item", "place"]);
    let one = table.need("one").and_then(|value| tree(&value, &inner));
    let otherwise = table.get("otherwise").and_then(|value| tree(&value, &inner));
    table.finish();
    Some(Tree::Each { over: over?, one: Box::new(one?), otherwise: otherwise.map(Box::new) })
}

pub fn rules(value: &Value<'_, '_>) -> Vec<Rule> {
    value.members().iter().filter_map(rule).collect()
}

fn rule(value: &Value<'_, '_>) -> Option<Rule> {
    let table = value.table()?;
    let status = table.get("status").map(|value| value.members().iter().filter_map(statuses).collect());
    let status: Vec<_> = status.unwrap_or_default();
    let header = table.get("header").map(|value| {
        let entries = value.table().map(|table| table.entries()).unwrap_or_default();
        let one = |(name, value): (String, Value<'_, '_>)| {
            let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
                value.fail("is no name of a header");
                return None;
            };
            // `true`: it is there, whatever it says.
            let says = if value.value.as_bool() == Some(true) { None } else { Some(value.text()?.to_lowercase()) };
            Some((name, says))
        };
        entries.into_iter().filter_map(one).collect()
    });
    let header: Vec<_> = header.unwrap_or_default();
    let no_header: Vec<HeaderName> = table
        .get("no_header")
        .map(|value| value.members().iter().filter_map(root::header_name).collect())
        .unwrap_or_default();
    let body = table.get("body").and_then(|value| expression(&value));
    let text = table.get("text").and_then(|value| value.text()).map(|text| text.to_lowercase());
    let is = table.need("is").and_then(|value| value.one_of("outcome", &Verdict::ALL));
    let reason = table.get("reason").and_then(|value| value.text());
    let again_in = table.get("again_in").and_then(|value| expression(&value));
    table.finish();
    if status.is_empty() && header.is_empty() && no_header.is_empty() && body.is_none() && text.is_none() {
        table.fail("has no condition: give `status`, `header`, `no_header`, `body` or `text`");
    }
    Some(Rule { status, header, no_header, body, text, is: is?, reason, again_in })
}

/// `404`, `"5xx"`, `"400-499"`.
fn statuses(value: &Value<'_, '_>) -> Option<(u16, u16)> {
    let range = match value.value.as_str() {
        None => value.whole().and_then(|status| u16::try_from(status).ok()).map(|status| (status, status)),
        Some(text) => match text.strip_suffix("xx") {
            Some(hundred) => hundred
                .parse::<u16>()
                .ok()
                .and_then(|hundred| hundred.checked_mul(100).map(|first| (first, first.saturating_add(99)))),
            None => text.split_once('-').and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?))),
        },
    };
    let fine = range.filter(|(first, last)| (100..=999).contains(first) && last <= &999 && first <= last);
    if fine.is_none() {
        value.fail("is no status: write 404, \"5xx\" or \"400-499\"");
    }
    fine
}
