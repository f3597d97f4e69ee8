//! `galena import --save-recipe`: what an import was started with, for the next file of its kind.

use serde_json::{Value, json};

use crate::cli::client::Client;
use crate::cli::exit::CliError;

/// What of an import's options is of its kind, whatever the file.
const KEPT: [&str; 5] = ["duplicateHandling", "onUpdate", "tags", "region", "enrichAfterImport"];
/// What a person has to say to have it kept: else the next file is looked at for itself.
const SAID: [&str; 6] = ["encoding", "delimiter", "quote", "escape", "headerRow", "sheet"];

/// Saves the mapping and options of `import`, as the server shows it; `said` are the options of the command line. A recipe
/// of the name is replaced.
pub(super) async fn save(client: &Client, name: &str, import: &Value, said: &Value) -> Result<(), CliError> {
    let used = KEPT.iter().map(|key| (*key, &import["options"][*key]));
    let said = SAID.iter().map(|key| (*key, &said[*key]));
    let options: serde_json::Map<String, Value> = used
        .chain(said)
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect();
    let recipe = json!({ "name": name, "mapping": import["mapping"], "options": options, "replace": true });
    client.post::<Value>("/leads/imports/recipes", &recipe).await.map(drop)
}
