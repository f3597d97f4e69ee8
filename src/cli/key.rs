//! `galena key`

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::in_workspace;
use super::context::Context;
use super::exit::CliError;
use super::output::Report;
use super::remote::RemoteArgs;
use super::table::table;

#[derive(Debug, Clone, Args)]
pub struct KeyArgs {
    #[command(subcommand)]
    pub action: KeyAction,
}

#[derive(Debug, Clone, Subcommand)]
pub enum KeyAction {
    /// Show the API keys, without their secrets
    List {
        /// Workspace, by id [default: the first]
        #[arg(long, value_name = "ID")]
        workspace: Option<String>,
    },
    /// Make an API key and print it, this once
    Create {
        /// What the key is for
        name: String,
        /// What the key may do [default: everything that its owner may]
        #[arg(long, value_name = "SCOPE,...", value_delimiter = ',')]
        scopes: Vec<String>,
        /// Workspace, by id [default: the first]
        #[arg(long, value_name = "ID")]
        workspace: Option<String>,
    },
    /// Make a key useless
    Revoke {
        /// The key's id, such as key_0123456789abc
        id: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: String,
    name: String,
    #[serde(default)]
    shown: String,
    #[serde(default)]
    scopes: Vec<String>,
    revoked_at: Option<String>,
}

/// # Errors
/// What the API says no to.
pub fn run(args: &KeyArgs, context: &Context) -> Result<Report, CliError> {
    let here = RemoteArgs::default();
    match &args.action {
        KeyAction::List { workspace } => in_workspace(context, &here, workspace.as_deref(), async |client| {
            let keys = client.all("/api-keys", &[]).await?;
            let shown: Vec<[String; 5]> =
                keys.iter().filter_map(|key| Shown::deserialize(key).ok()).map(line).collect();
            Report::new(&json!({ "data": keys }), table(["name", "key", "may", "state", "id"], &shown))
        }),
        KeyAction::Create { name, scopes, workspace } => {
            in_workspace(context, &here, workspace.as_deref(), async |client| {
                let mut new = json!({ "name": name });
                if !scopes.is_empty() {
                    new["scopes"] = json!(scopes);
                }
                let made: Value = client.post("/api-keys", &new).await?;
                let secret = made.get("key").and_then(Value::as_str).unwrap_or_default();
                Report::new(&made, format!("{secret}\n"))
            })
        }
        KeyAction::Revoke { id } => in_workspace(context, &here, None, async |client| {
            client.delete(&format!("/api-keys/{}", segment(id))).await?;
            Report::new(&json!({"id": id, "revoked": true}), format!("{id} opens nothing any more\n"))
        }),
    }
}

fn line(key: Shown) -> [String; 5] {
    let state = if key.revoked_at.is_some() { "revoked" } else { "" };
    [key.name, key.shown, key.scopes.join(" "), state.to_owned(), key.id]
}

/// An id holds letters, digits and `_`; what else was typed must not become another path.
fn segment(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}
