//! `galena search`

use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::client::with_client;
use super::context::Context;
use super::exit::CliError;
use super::output::Report;
use super::remote::RemoteArgs;
use super::table::table;

#[derive(Debug, Clone, Args)]
pub struct SearchArgs {
    /// What to look for
    pub text: String,
    /// Only in this list
    #[arg(long, value_name = "NAME")]
    pub list: Option<String>,
    /// Most leads to show
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
    /// Go on after this cursor of the page before
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
    #[command(flatten)]
    pub remote: RemoteArgs,
}

/// A lead as a line of the result.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Shown {
    full_name: Option<String>,
    job_title: Option<String>,
    company_name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
}

pub fn run(args: &SearchArgs, context: &Context) -> Result<Report, CliError> {
    let answer: Value = with_client(context, &args.remote, async |client| {
        let list = match &args.list {
            Some(name) => Some(client.list_that_is(name).await?.id),
            None => None,
        };
        let mut question =
            Map::from_iter([("q".to_owned(), json!(args.text)), ("limit".to_owned(), json!(args.limit))]);
        question.extend(list.map(|id| ("listId".to_owned(), json!(id))));
        question.extend(args.after.as_ref().map(|after| ("after".to_owned(), json!(after))));
        client.post("/leads/search", &question.into()).await
    })?;
    let text = text(&answer);
    Report::new(&answer, text)
}

fn text(answer: &Value) -> String {
    let found: Vec<Shown> = answer.get("data").and_then(|data| Vec::deserialize(data).ok()).unwrap_or_default();
    let total = answer.get("total").and_then(Value::as_u64).unwrap_or_default();
    if found.is_empty() {
        return "no leads\n".to_owned();
    }
    let rows: Vec<[String; 5]> = found
        .iter()
        .map(|lead| {
            let fields = [&lead.full_name, &lead.job_title, &lead.company_name, &lead.email, &lead.phone];
            fields.map(|field| field.clone().unwrap_or_default())
        })
        .collect();
    let mut text = table(["name", "title", "company", "e-mail", "phone"], &rows);
    text += &format!("\n{} of {total} {}\n", found.len(), if total == 1 { "lead" } else { "leads" });
    if let Some(cursor) = answer.get("nextCursor").and_then(Value::as_str) {
        text += &format!("go on with --after {cursor}\n");
    }
    text
}
