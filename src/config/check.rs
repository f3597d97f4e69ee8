//! Values that are of the right kind and still cannot work.

use super::layers::Layers;
use super::{Config, plans};

/// Notes every value out of its range, with the place where it stands.
pub fn check(config: &Config, layers: &mut Layers) {
    let mut demand = |holds: bool, key: &str, message: &str| {
        if !holds {
            let origin = layers.origin(key);
            layers.problem(key, message, origin);
        }
    };
    let web = |address: &Option<String>| {
        address.as_ref().is_none_or(|address| address.starts_with("https://") || address.starts_with("http://"))
    };
    let Config { server, store, search, import, export, enrichment, quality, credits, limits, log, .. } = config;

    for (key, count) in [
        ("server.max_in_flight", server.max_in_flight),
        ("server.max_event_streams", server.max_event_streams),
        ("store.group_transactions", store.group_transactions),
        ("store.read_threads", store.read_threads),
        ("import.chunk_rows", import.chunk_rows),
        ("import.concurrency", import.concurrency),
        ("export.concurrency", export.concurrency),
        ("enrichment.min_in_flight", enrichment.min_in_flight),
        ("enrichment.max_jobs", enrichment.max_jobs),
        ("enrichment.lease_items", enrichment.lease_items),
        ("limits.password_min_chars", limits.password_min_chars),
    ] {
        demand(count > 0, key, "must be at least 1");
    }
    for (key, count) in [
        ("import.max_rows", import.max_rows),
        ("store.outbox_max_entries", store.outbox_max_entries),
        ("search.bulk_commit_documents", search.bulk_commit_documents),
        ("enrichment.attempts", u64::from(enrichment.attempts)),
        ("limits.login_attempts", u64::from(limits.login_attempts)),
    ] {
        demand(count > 0, key, "must be at least 1");
    }
    for (key, period) in [
        ("server.request_timeout", server.request_timeout),
        ("enrichment.call_timeout", enrichment.call_timeout),
        ("limits.session_idle", limits.session_idle),
        ("limits.session_max", limits.session_max),
        ("export.ttl", export.ttl),
    ] {
        demand(!period.is_zero(), key, "must be longer than nothing");
    }
    demand(import.max_file_bytes.0 > 0, "import.max_file_bytes", "must be at least 1 byte");
    demand(import.max_record_bytes.0 >= 1024, "import.max_record_bytes", "must be at least 1 KiB");
    // What the index library asks for at the least.
    demand(search.writer_bytes.0 >= 15 << 20, "search.writer_bytes", "must be at least 15 MiB");
    demand((1..=100).contains(&enrichment.rate_percent), "enrichment.rate_percent", "must be from 1 to 100");
    demand(credits.alert_percent.iter().all(|percent| *percent <= 100), "credits.alert_percent", "must be 0 to 100");
    demand(quality.most() == 100, "quality", "required, email_valid, company, title and location must add up to 100");
    demand(quality.email_unsure <= quality.email_valid, "quality.email_unsure", "must not be more than email_valid");
    let region = import.region.as_str();
    let two_letters = region.len() == 2 && region.bytes().all(|byte| byte.is_ascii_uppercase());
    demand(region.is_empty() || two_letters, "import.region", "must be two capital letters such as \"US\", or \"\"");
    demand(is_log_filter(&log.level), "log.level", "must be error, warn, info, debug or trace, or \"info,part=debug\"");
    demand(web(&server.public_url), "server.public_url", "must begin with https:// or http://");
    for (name, provider) in &config.providers {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        let named = !name.is_empty() && name.chars().all(plain);
        demand(named, &format!("providers.{name}"), "a provider's name is made of a-z, 0-9, - and _");
        let key = format!("providers.{name}.base_url");
        demand(web(&provider.base_url), &key, "must begin with https:// or http://");
    }
    if let Err(error) = config.policy.settings(true) {
        let (key, message) = (error.key(), error.to_string());
        let origin = layers.origin(&key);
        layers.problem(&key, message, origin);
    }
    check_plans(config, layers);
}

fn check_plans(config: &Config, layers: &mut Layers) {
    let plans = match &config.credits.plans_file {
        None => plans::Plans::built_in(),
        Some(path) => plans::Plans::from_file(path),
    };
    match plans {
        Ok(plans) if plans.plan(&config.credits.plan).is_none() => {
            let known: Vec<&str> = plans.plans.iter().map(|plan| plan.slug.as_str()).collect();
            let origin = layers.origin("credits.plan");
            layers.problem("credits.plan", format!("must be one of {}", known.join(", ")), origin);
        }
        Ok(_) => {}
        Err(error) => {
            let origin = layers.origin("credits.plans_file");
            layers.problem("credits.plans_file", error.to_string(), origin);
        }
    }
}

/// A level, or parts with a level each. (The log library itself takes any word for the name of a part.)
fn is_log_filter(text: &str) -> bool {
    let is_level = |word: &str| {
        ["off", "error", "warn", "info", "debug", "trace"].iter().any(|level| level.eq_ignore_ascii_case(word))
    };
    text.split(',').map(str::trim).all(|part| match part.split_once('=') {
        Some((target, level)) => !target.is_empty() && is_level(level),
        None => is_level(part),
    })
}
