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
    /// What to look for; without it everything is found
    #[arg(default_value = "", hide_default_value = true)]
    pub text: String,
    /// Only leads that pass, as text (status:failed score>=80 -country:DE) or as a JSON tree
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Order by a field, - in front for the other way round; up to three times
    #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
    pub sort: Vec<String>,
    /// Count the values of a field among all leads found; may be given several times
    #[arg(long, value_name = "FIELD")]
    pub facet: Vec<String>,
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
        question.extend(args.filter.as_deref().map(|filter| ("filter".to_owned(), written(filter))));
        question.extend((!args.sort.is_empty()).then(|| ("sort".to_owned(), json!(args.sort))));
        question.extend((!args.facet.is_empty()).then(|| ("facets".to_owned(), json!(args.facet))));
        question.extend(args.after.as_ref().map(|after| ("after".to_owned(), json!(after))));
        client.post("/leads/search", &question.into()).await
    })?;
    let text = text(&answer);
    Report::new(&answer, text)
}

/// A filter as the API takes it: a tree where it is one, else its text.
fn written(filter: &str) -> Value {
    serde_json::from_str(filter).ok().filter(Value::is_object).unwrap_or_else(|| json!(filter))
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
    text += &facets(answer);
    text += &format!("\n{} of {total} {}\n", found.len(), if total == 1 { "lead" } else { "leads" });
    if let Some(cursor) = answer.get("nextCursor").and_then(Value::as_str) {
        text += &format!("go on with --after {cursor}\n");
    }
    text
}

/// The most frequent values of each field that was counted.
fn facets(answer: &Value) -> String {
    const SHOWN: usize = 10;
    let counted = answer.get("facets").and_then(Value::as_object).into_iter().flatten();
    let shown = counted.map(|(field, facet)| {
        let distinct = facet.get("distinct").and_then(Value::as_u64).unwrap_or_default();
        let values = facet.get("values").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let rows: Vec<[String; 2]> = values
            .iter()
            .take(SHOWN)
            .map(|value| {
                let label = value.get("label").and_then(Value::as_str).unwrap_or_default();
                [label.to_owned(), value.get("count").map(ToString::to_string).unwrap_or_default()]
            })
            .collect();
        format!("\n{}({distinct} different)\n", table([field.as_str(), "leads"], &rows))
    });
    shown.collect()
}
