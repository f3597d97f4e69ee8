//! The variable names of the requirement documents (PRD-11, "Environment variables"), accepted beside our own.

use super::environment::{Environment, set_text};
use super::layers::{Layers, Origin};

/// Adds them below our own variables, which win. Answers what to warn about.
pub fn add(layers: &mut Layers, environment: &Environment) -> Vec<String> {
    // A whole number of hours.
    let hours = |text: &str| {
        let digits = text.trim().bytes().all(|byte| byte.is_ascii_digit());
        if digits { format!("{}h", text.trim()) } else { text.to_owned() }
    };
    let mut set = |name: &str, path: &[&str], text: String| {
        set_text(layers, path, &text, Origin::Variable(name.to_owned()));
    };
    for (name, path) in [
        ("APIFY_API_KEY", ["providers", "apify", "api_key"]),
        ("APIFY_ACTOR_ID", ["providers", "apify", "actor_id"]),
        // Requests a minute as Apify publishes them; enrichment.rate_percent of it is used.
        ("ENRICHMENT_RATE_LIMIT", ["providers", "apify", "rate_limit"]),
    ] {
        if let Some(text) = environment.get(name) {
            set(name, &path, text.to_owned());
        }
    }
    if let Some(text) = environment.get("EXPORT_FILE_TTL") {
        set("EXPORT_FILE_TTL", &["export", "ttl"], hours(text));
    }
    let s3 = environment.names().filter(|name| name.starts_with("S3_"));
    let given: Vec<&str> = s3.filter(|name| environment.get(name).is_some()).collect();
    if given.is_empty() {
        return Vec::new();
    }
    vec![format!("{} set, but files are kept in the data directory: there is no S3 export", given.join(", "))]
}
