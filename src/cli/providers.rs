//! `galena providers`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::client::with_client;
use super::context::Context;
use super::exit::{CliError, Exit};
use super::output::Report;
use super::remote::RemoteArgs;
use super::table::table;

#[derive(Debug, Clone, Args)]
pub struct ProvidersArgs {
    #[command(subcommand)]
    pub action: ProvidersAction,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ProvidersAction {
    /// Show the providers with their keys and how they are
    List {
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Add a provider by its manifest, or replace one's own
    Add {
        /// The manifest, a TOML file
        file: PathBuf,
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Switch a provider on or off, pick the vendor's plan, type the figures of its limits; for the whole install
    Set(Choice),
    /// Run one operation against a sample lead and show everything; a real call
    Test {
        /// Slug of the provider, such as hunter
        provider: String,
        /// What to ask it for, such as email.find
        operation: String,
        /// A field of the sample lead; may be repeated
        #[arg(long = "field", value_name = "NAME=VALUE", value_parser = field)]
        fields: Vec<(String, String)>,
        /// A stored lead instead
        #[arg(long, value_name = "ID", conflicts_with = "fields")]
        lead: Option<String>,
        #[command(flatten)]
        remote: RemoteArgs,
    },
}

/// What is not named stays as it is.
#[derive(Debug, Clone, Args)]
pub struct Choice {
    /// Slug of the provider, such as hunter
    provider: String,
    /// Whether it may be called at all
    #[arg(long, value_name = "true|false")]
    enabled: Option<bool>,
    /// The plan that is had with the vendor, by its name in the manifest
    #[arg(long, value_name = "NAME")]
    plan: Option<String>,
    /// Calls that the vendor allows in so many seconds, in place of all its published windows; may be repeated
    #[arg(long = "limit", value_name = "[BUCKET:]CALLS/SECONDS", value_parser = window)]
    limits: Vec<Value>,
    /// Calls in flight
    #[arg(long, value_name = "CALLS")]
    concurrent: Option<u32>,
    /// Take back what is not named beside it: the configuration decides again
    #[arg(long)]
    reset: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

impl Choice {
    fn patch(&self) -> Value {
        let windows = (!self.limits.is_empty()).then(|| Value::from(self.limits.clone()));
        let limits = [("windows", windows), ("concurrent", self.concurrent.map(Value::from))];
        let limits = self.named(limits).map(Value::Object);
        let all = [("enabled", self.enabled.map(Value::from)), ("plan", self.plan.as_deref().map(Value::from))];
        let all = all.into_iter().chain([("limits", limits)]);
        Value::Object(self.named(all).unwrap_or_default())
    }

    /// The members that are said, or that are taken back.
    fn named<'n>(&self, members: impl IntoIterator<Item = (&'n str, Option<Value>)>) -> Option<Map<String, Value>> {
        let said = members.into_iter().filter(|(_, value)| self.reset || value.is_some());
        let said: Map<String, Value> = said.map(|(name, value)| (name.to_owned(), json!(value))).collect();
        (!said.is_empty()).then_some(said)
    }
}

/// `300/60`, or `verifier:300/60`.
fn window(text: &str) -> Result<Value, String> {
    let expected = || "expected CALLS/SECONDS, such as 300/60".to_owned();
    let (bucket, figures) = text.rsplit_once(':').unwrap_or(("", text));
    let (calls, seconds) = figures.split_once('/').ok_or_else(expected)?;
    let calls: u32 = calls.trim().parse().map_err(|_| expected())?;
    let seconds: f64 = seconds.trim().parse().map_err(|_| expected())?;
    Ok(json!({ "bucket": bucket, "calls": calls, "seconds": seconds }))
}

fn field(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE, such as email=ada@acme.com")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: String,
    operations: Vec<String>,
    enabled: bool,
    needs_key: bool,
    credential: Option<Credential>,
    live: Live,
}

#[derive(Debug, Deserialize)]
struct Credential {
    owner: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Live {
    breaker: String,
    hit_rate: Option<f64>,
}

/// # Errors
/// What the API says no to, and a file that cannot be read.
pub fn run(args: &ProvidersArgs, context: &Context) -> Result<Report, CliError> {
    match &args.action {
        ProvidersAction::List { remote } => with_client(context, remote, async |client| {
            let answer: Value = client.get("/providers", &[]).await?;
            let rows = answer["data"].as_array().map(Vec::as_slice).unwrap_or_default();
            let shown: Vec<[String; 5]> =
                rows.iter().filter_map(|row| Shown::deserialize(row).ok()).map(line).collect();
            Report::new(&answer, table(["provider", "key", "state", "hit rate", "operations"], &shown))
        }),
        ProvidersAction::Add { file, remote } => {
            let manifest = text_of(file)?;
            with_client(context, remote, async |client| {
                let added: Value = client.post("/providers", &json!({ "manifest": manifest })).await?;
                let id = added["id"].as_str().unwrap_or_default();
                Report::new(&added, format!("{id} can be asked\n"))
            })
        }
        ProvidersAction::Set(choice) => with_client(context, &choice.remote, async |client| {
            let path = format!("/providers/{}", segment(&choice.provider));
            let setup: Value = client.patch(&path, &choice.patch()).await?;
            let text = setup_text(&setup);
            Report::new(&setup, text)
        }),
        ProvidersAction::Test { provider, operation, fields, lead, remote } => {
            let sample: Map<String, Value> =
                fields.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
            let order = match lead {
                Some(id) => json!({ "operation": operation, "leadId": id }),
                None => json!({ "operation": operation, "lead": sample }),
            };
            with_client(context, remote, async |client| {
                let result: Value = client.post(&format!("/providers/{}/test", segment(provider)), &order).await?;
                let text = test_text(&result);
                Report::new(&result, text)
            })
        }
    }
}

fn text_of(file: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(file).map_err(|error| {
        CliError::new(
            Exit::Unreadable,
            "INPUT_UNREADABLE",
            "the input cannot be read",
            format!("{}: {error}", file.display()),
        )
    })
}

fn line(one: Shown) -> [String; 5] {
    let state = match one.live.breaker.as_str() {
        _ if !one.enabled => "switched off",
        _ if one.needs_key && one.credential.is_none() => "no key",
        "open" => "does not answer",
        "half_open" => "on trial",
        _ => "ready",
    };
    let key = match one.credential {
        Some(credential) => credential.owner,
        None if !one.needs_key => "needs none".to_owned(),
        None => String::new(),
    };
    let rate = one.live.hit_rate.map(|rate| format!("{:.0} %", rate * 100.0)).unwrap_or_default();
    [one.id, key, state.to_owned(), rate, one.operations.join(" ")]
}

/// One line a setting: what holds, and who says so.
fn setup_text(setup: &Value) -> String {
    let lines = ["enabled", "plan", "windows", "concurrent"].map(|name| {
        let said = match &setup[name] {
            Value::String(said) => said.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        };
        let by = setup[format!("{name}By")].as_str().unwrap_or_default();
        format!("{name} = {said} ({by})\n")
    });
    lines.concat()
}

/// Requests and answers as they went over the wire, then what became of them.
fn test_text(result: &Value) -> String {
    let mut text = String::new();
    for exchange in result["exchanges"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let said = |name: &str| match &exchange[name] {
            Value::String(said) => said.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        text.push_str(&format!("> {} {}\n", said("method"), said("url")));
        for (mark, name) in [('>', "body"), ('<', "status"), ('<', "answer")] {
            let said = said(name);
            if !said.is_empty() {
                text.push_str(&format!("{mark} {said}\n"));
            }
        }
    }
    let detail = result["detail"].as_str().map(|detail| format!(": {detail}")).unwrap_or_default();
    text.push_str(&format!("{}{detail}\n", result["outcome"].as_str().unwrap_or_default()));
    for value in result["values"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let (field, said) = (value["field"].as_str().unwrap_or_default(), value["value"].as_str().unwrap_or_default());
        text.push_str(&format!("{field} = {said} ({})\n", value["confidence"]));
    }
    text
}

/// What was typed must not become another path.
fn segment(slug: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    slug.chars().map(|c| if plain(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_shows_what_went_over_the_wire_and_what_came_of_it() {
        let result = json!({
            "outcome": "found", "detail": null,
            "exchanges": [{ "method": "GET", "url": "https://api.test/v2?key=***", "status": 200, "answer": "{}" }],
            "values": [{ "field": "email", "value": "ada@acme.com", "confidence": 0.9 }],
        });
        let text = "> GET https://api.test/v2?key=***\n< 200\n< {}\nfound\nemail = ada@acme.com (0.9)\n";
        assert_eq!(test_text(&result), text);
        assert_eq!(segment("../keys"), ".._keys");
        assert_eq!(field("email = a=b"), Ok(("email".to_owned(), "a=b".to_owned())));
        assert!(field("email").is_err());
    }

    #[test]
    fn a_choice_names_what_it_changes_and_a_reset_takes_back_the_rest() {
        #[derive(Debug, clap::Parser)]
        struct Line {
            #[command(flatten)]
            choice: Choice,
        }
        let patch = |words: &[&str]| {
            let line = ["set", "hunter"].iter().chain(words);
            <Line as clap::Parser>::try_parse_from(line).map(|line| line.choice.patch())
        };
        let window = json!({ "bucket": "verifier", "calls": 300, "seconds": 60.0 });
        let said = patch(&["--enabled", "false", "--limit", "verifier:300/60"]).expect("arguments");
        assert_eq!(said, json!({ "enabled": false, "limits": { "windows": [window] } }));
        let back = patch(&["--reset", "--plan", "growth"]).expect("arguments");
        let limits = json!({ "windows": null, "concurrent": null });
        assert_eq!(back, json!({ "enabled": null, "plan": "growth", "limits": limits }));
        assert_eq!(patch(&[]).expect("arguments"), json!({}));
        assert!(patch(&["--limit", "many"]).is_err());
        let setup = json!({ "enabled": true, "enabledBy": "manifest", "plan": "growth", "planBy": "choice" });
        assert!(setup_text(&setup).starts_with("enabled = true (manifest)\nplan = growth (choice)\nwindows = - ()\n"));
    }
}
