//! The keys of a manifest that are not about one operation.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::cleaning::Cleaning;
use super::super::model::{Auth, Endpoint, Manifest, Setting, SignRule, VendorPlan, Verdict};
use super::super::reader::{Table, Value};
use super::{Names, exchange, expression, is_slug, operation, simulate};
use crate::deps::HeaderName;
use crate::domain::enrichment::Limit;

pub fn manifest(root: &Table<'_, '_>, text: &str) -> Option<Manifest> {
    let slug = root.need("slug").and_then(|value| {
        let slug = value.text()?;
        if !is_slug(&slug) {
            value.fail(format!("\"{slug}\" may only have small letters, digits, - and _, up to 63"));
        }
        Some(slug)
    });
    let name = root.need("name").and_then(|value| value.text());
    let docs = root.need("docs").and_then(|value| address(&value));
    let region = root.need("region").and_then(|value| region(&value));
    let base_url = root.need("base_url").and_then(|value| address(&value));
    let proxy_url = root.get("proxy_url").and_then(|value| address(&value));
    let reliability = root.get("reliability").and_then(|value| {
        let share = value.number()?;
        if !(0.0..=1.0).contains(&share) {
            value.fail("must be between 0 and 1");
            return None;
        }
        // Between 0 and 100.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Some((share * 100.0).round() as u8)
    });
    let auth = root.need("auth").and_then(|value| auth(&value));
    let settings = root.get("settings").map(|value| settings(&value)).unwrap_or_default();
    let plans = root.get("plans").map(|value| plans(&value)).unwrap_or_default();
    let default_plan = root.get("default_plan").and_then(|value| {
        let name = value.text()?;
        if !plans.contains_key(&name) {
            value.fail(format!("\"{name}\" is none of the plans"));
        }
        Some(name)
    });
    // A single one is meant anyway.
    let default_plan = default_plan.or_else(|| plans.keys().next().filter(|_| plans.len() == 1).cloned());
    if !plans.is_empty() && default_plan.is_none() {
        root.fail("lacks the key `default_plan`, which names the plan that is taken unless the operator picks another");
    }
    let names = settings
        .iter()
        .fold(Names::default(), |names, setting| names.with(&["settings", &format!("settings.{}", setting.name)]));
    let rules = root.get("outcomes").map(|value| exchange::rules(&value)).unwrap_or_default();
    let account = root.get("account").and_then(|value| {
        let table = value.table()?;
        let account = exchange::exchange(&table, &names);
        table.finish();
        account
    });
    if rules.iter().any(|rule| rule.is == Verdict::AskAccount) && account.is_none() {
        root.fail("has an outcome `ask_account`, but no [account]");
    }
    let endpoints = root.get("endpoints").map(|value| endpoints(&value)).unwrap_or_default();
    let cleaning = Cleaning {
        denied: root.get("deny").map(|value| denied(&value)).unwrap_or_default(),
        placeholders: root
            .get("placeholders")
            .map(|value| value.texts().iter().map(|text| text.trim().to_lowercase()).collect())
            .unwrap_or_default(),
    };
    let signs = root.get("signs").map(|value| signs(&value)).unwrap_or_default();
    let retry_after = root.get("retry_after").and_then(|value| expression(&value));
    let buckets: Vec<String> = plans.values().flat_map(|plan| &plan.limits).map(|limit| limit.bucket.clone()).collect();
    let context = operation::Context { names: &names, buckets: &buckets, has_account: account.is_some() };
    let operations = root.need("operations").map(|value| operation::operations(&value, &context)).unwrap_or_default();
    let simulated = root.get("simulate").map(|value| simulate::answers(&value)).unwrap_or_default();
    if operations.is_empty() {
        root.fail("has no operation");
    }
    root.finish();
    Some(Manifest {
        slug: slug?,
        name: name?,
        docs: docs?,
        region: region?,
        base_url: base_url?.trim_end_matches('/').to_owned(),
        endpoints,
        proxy_url,
        reliability: reliability.unwrap_or(100),
        auth: auth?,
        settings,
        plans,
        default_plan,
        cleaning,
        signs,
        retry_after,
        rules,
        account,
        operations,
        simulated,
        text: text.to_owned(),
    })
}

fn address(value: &Value<'_, '_>) -> Option<String> {
    let text = value.text()?;
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let fine = host.is_some_and(|host| {
        !host.is_empty() && !host.starts_with(['/', '.', '@', '?']) && text.bytes().all(|byte| byte.is_ascii_graphic())
    });
    if !fine {
        value.fail(format!("\"{text}\" is no http or https address"));
        return None;
    }
    Some(text)
}

/// `eu`, `us`, or a country.
fn region(value: &Value<'_, '_>) -> Option<String> {
    let text = value.text()?.to_lowercase();
    if text.len() != 2 || !text.bytes().all(|byte| byte.is_ascii_lowercase()) {
        value.fail(format!("\"{text}\" is no region: write \"eu\", \"us\" or the two letters of a country"));
    }
    Some(text)
}

pub fn header_name(value: &Value<'_, '_>) -> Option<HeaderName> {
    let text = value.text()?;
    let name = HeaderName::from_bytes(text.as_bytes());
    name.map_err(|_| value.fail(format!("\"{text}\" is no name of a header"))).ok()
}

pub fn auth(value: &Value<'_, '_>) -> Option<Auth> {
    #[derive(Clone, Copy)]
    enum Kind {
        None,
        Header,
        Query,
        Body,
        Basic,
        Bearer,
        ClientCredentials,
    }
    let table = value.table()?;
    let kind = table.need("kind").and_then(|value| {
        value.one_of(
            "kind of auth",
            &[
                ("none", Kind::None),
                ("header", Kind::Header),
                ("query", Kind::Query),
                ("body", Kind::Body),
                ("basic", Kind::Basic),
                ("bearer", Kind::Bearer),
                ("client_credentials", Kind::ClientCredentials),
            ],
        )
    })?;
    let named = || table.need("name").and_then(|value| value.text());
    let auth = match kind {
        Kind::None => Some(Auth::None),
        Kind::Header => table.need("name").and_then(|value| header_name(&value)).map(Auth::Header),
        Kind::Query => named().map(Auth::Query),
        Kind::Body => named().map(Auth::Body),
        Kind::Basic => Some(Auth::Basic),
        Kind::Bearer => Some(Auth::Bearer),
        Kind::ClientCredentials => {
            let token_url = table.need("token_url").and_then(|value| address(&value));
            let scope = table.get("scope").and_then(|value| value.text());
            token_url.map(|token_url| Auth::ClientCredentials { token_url, scope })
        }
    };
    table.finish();
    auth
}

fn endpoints(value: &Value<'_, '_>) -> Vec<Endpoint> {
    let tables = value.members();
    let endpoint = |value: &Value<'_, '_>| {
        let table = value.table()?;
        let base_url = table.need("base_url").and_then(|value| address(&value));
        let region = table.need("region").and_then(|value| region(&value));
        table.finish();
        Some(Endpoint { base_url: base_url?.trim_end_matches('/').to_owned(), region: region? })
    };
    tables.iter().filter_map(endpoint).collect()
}

fn settings(value: &Value<'_, '_>) -> Vec<Setting> {
    let entries = value.table().map(|table| table.entries()).unwrap_or_default();
    let setting = |(name, value): (String, Value<'_, '_>)| {
        let table = value.table()?;
        let about = table.need("about").and_then(|value| value.text());
        let default = table.get("default").and_then(|value| value.text());
        let required = table.get("required").and_then(|value| value.flag()).unwrap_or(false);
        table.finish();
        if !is_slug(&name) || name.contains('-') {
            value.fail("may only have small letters, digits and _ in its name");
        }
        Some(Setting { name, about: about?, default, required })
    };
    entries.into_iter().filter_map(setting).collect()
}

fn plans(value: &Value<'_, '_>) -> BTreeMap<String, VendorPlan> {
    let entries = value.table().map(|table| table.entries()).unwrap_or_default();
    let plan = |(name, value): (String, Value<'_, '_>)| {
        let table = value.table()?;
        let limits = table.get("limits").map(|value| value.members().iter().filter_map(limit).collect());
        let concurrent = table.get("concurrent").and_then(|value| count(&value));
        table.finish();
        Some((name, VendorPlan { limits: limits.unwrap_or_default(), concurrent }))
    };
    entries.into_iter().filter_map(plan).collect()
}

/// From 1 on.
pub fn count(value: &Value<'_, '_>) -> Option<u32> {
    let count = u32::try_from(value.whole()?).ok().filter(|count| *count > 0);
    if count.is_none() {
        value.fail(format!("must be between 1 and {}", u32::MAX));
    }
    count
}

fn limit(value: &Value<'_, '_>) -> Option<Limit> {
    let table = value.table()?;
    let bucket = table.get("bucket").and_then(|value| value.text()).unwrap_or_default();
    let calls = table.need("calls").and_then(|value| count(&value));
    let per = table.need("per").and_then(|value| {
        let per = value.duration()?;
        if per < Duration::from_millis(1) {
            value.fail("must be longer than nothing");
            return None;
        }
        Some(per)
    });
    let burst = table.get("burst").and_then(|value| count(&value));
    table.finish();
    Some(Limit { bucket, calls: calls?, per: per?, burst })
}

fn denied(value: &Value<'_, '_>) -> Vec<Vec<String>> {
    value.texts().iter().map(|path| path.split('.').map(str::to_owned).collect()).collect()
}

fn signs(value: &Value<'_, '_>) -> Vec<SignRule> {
    let sign = |value: &Value<'_, '_>| {
        let table = value.table()?;
        let header = |key| table.get(key).and_then(|value| header_name(&value));
        let rule = SignRule {
            per: table.get("per").and_then(|value| value.duration()),
            limit: header("limit"),
            left: header("left"),
            resets: header("resets"),
            member: table.get("member").and_then(|value| value.text()),
        };
        if rule.limit.is_none() && rule.left.is_none() && rule.resets.is_none() {
            table.fail("names no header: give `limit`, `left` or `resets`");
        }
        table.finish();
        Some(rule)
    };
    value.members().iter().filter_map(sign).collect()
}
