//! `galena doctor`: looks at what a start needs and says what to do about what is missing. Changes nothing.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::exit::CliError;
use super::output::Report;
use crate::store::crypt::{MasterKey, MasterKeySource, Secret};
use crate::store::directory::DataDirectory;
use crate::store::tables::{TABLES, TableSpec};

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Print the tables of the store as a reference page instead
    #[arg(long)]
    tables: bool,
}

/// How a look came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Fine,
    Warning,
    Wrong,
}

#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    state: State,
    detail: String,
}

impl Finding {
    fn new(what: &'static str, state: State, detail: impl Into<String>) -> Self {
        Self { what, state, detail: detail.into() }
    }
}

pub fn run(args: &DoctorArgs, context: &Context) -> Result<Report, CliError> {
    if args.tables {
        return Report::new(&TABLES, tables_page());
    }
    let loaded = context.load(&[])?;
    let directory = DataDirectory::new(&context.data_dir);
    let mut findings = vec![match &loaded.file {
        Some(file) => Finding::new("configuration", State::Fine, file.display().to_string()),
        None => Finding::new("configuration", State::Fine, "built-in defaults"),
    }];
    findings.extend(
        loaded.warnings.iter().map(|warning| Finding::new("configuration", State::Warning, warning.to_string())),
    );
    findings.push(look_at_folder(directory.root()));
    findings.push(look_at_disk(directory.root()));
    findings
        .push(look_at_key(&directory, loaded.config.store.master_key.as_ref().map(|key| Secret::new(key.expose()))));
    findings.push(look_at_store(&directory));
    if !loaded.config.server.listen.ip().is_loopback() {
        let detail = format!("listens on {}: put a proxy with TLS before it", loaded.config.server.listen);
        findings.push(Finding::new("network", State::Warning, detail));
    }
    let text = findings.iter().fold(String::new(), |text, finding| {
        let mark = match finding.state {
            State::Fine => "ok  ",
            State::Warning => "look",
            State::Wrong => "BAD ",
        };
        format!("{text}{mark}  {:<14} {}\n", finding.what, finding.detail)
    });
    Report::new(&findings, text)
}

fn look_at_folder(root: &Path) -> Finding {
    let what = "data directory";
    match std::fs::metadata(root) {
        Ok(found) if !found.is_dir() => {
            Finding::new(what, State::Wrong, format!("{} is not a directory", root.display()))
        }
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            let detail = format!("{} can be read by other accounts: chmod 700 it", root.display());
            Finding::new(what, State::Warning, detail)
        }
        Ok(_) => Finding::new(what, State::Fine, root.display().to_string()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Finding::new(what, State::Fine, format!("{} will be made at the first start", root.display()))
        }
        Err(error) => Finding::new(what, State::Wrong, format!("{}: {error}", root.display())),
    }
}

/// Less free space than this is worth a word: an import of a million leads takes about as much.
const LITTLE_DISK: u64 = 2 << 30;

fn look_at_disk(root: &Path) -> Finding {
    let place = root.ancestors().find(|place| place.exists()).unwrap_or(Path::new("/"));
    match rustix::fs::statvfs(place) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let state = if free < LITTLE_DISK { State::Warning } else { State::Fine };
            Finding::new("disk", state, format!("{} MiB free", free >> 20))
        }
        Err(error) => Finding::new("disk", State::Warning, format!("free space is not known: {error}")),
    }
}

fn look_at_key(directory: &DataDirectory, configured: Option<Secret>) -> Finding {
    let what = "master key";
    let mut source = MasterKeySource::from_environment(None);
    if configured.is_some() {
        source.environment = configured;
    }
    match MasterKey::load(&source, directory.root()) {
        Ok((_, origin)) if origin.to_string().starts_with(&directory.root().display().to_string()) => {
            let detail = format!("{origin} lies beside the data it protects: keep a copy elsewhere");
            Finding::new(what, State::Warning, detail)
        }
        Ok((_, origin)) => Finding::new(what, State::Fine, origin.to_string()),
        Err(error) if directory.is_prepared() => Finding::new(what, State::Wrong, error.to_string()),
        Err(_) => Finding::new(what, State::Fine, "one will be made at the first start"),
    }
}

fn look_at_store(directory: &DataDirectory) -> Finding {
    let what = "store";
    match std::fs::metadata(directory.store_file()) {
        Ok(found) => Finding::new(what, State::Fine, format!("{} MiB; `galena check` verifies it", found.len() >> 20)),
        Err(_) => Finding::new(what, State::Fine, "none yet: `galena serve` or `galena init` makes one"),
    }
}

/// docs/reference/store-tables.md.
fn tables_page() -> String {
    let row = |spec: &TableSpec| {
        let personal = serde_json::to_value(spec.personal).ok();
        let personal = personal.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
        let key = match (spec.tenant, spec.key) {
            (true, "()") => "workspace".to_owned(),
            (true, key) => format!("workspace, {}", bare(key)),
            (false, key) => bare(key),
        };
        format!(
            "| `{}` | {key} | {} | {} | {} | {personal} |\n",
            spec.name,
            bare(spec.value),
            spec.owner,
            spec.retention
        )
    };
    let rows: String = TABLES.iter().map(row).collect();
    format!(
        "<!-- Generated by `galena doctor --tables`. Change the source it is generated from, not this file. -->\n\n\
         # Tables of the store\n\n\
         What is kept, who writes it, how long it stays and whether it holds personal values. Derived from the registry in\n\
         `src/store/tables.rs`; a table that does not say these things does not compile.\n\n\
         | table | key | value | written by | kept | personal values |\n|---|---|---|---|---|---|\n{rows}"
    )
}

/// `(crate::domain::id::LineId,)` as `LineId`.
fn bare(written: &str) -> String {
    let inner = written.trim_matches(['(', ')', ',']);
    if inner.is_empty() {
        return "nothing".to_owned();
    }
    inner
        .split(", ")
        .map(|part| part.rsplit("::").next().unwrap_or(part).trim_end_matches(','))
        .collect::<Vec<_>>()
        .join(", ")
}
