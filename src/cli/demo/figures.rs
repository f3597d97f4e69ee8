//! All the numbers of a demo: what `--json` prints, and what the summary is written from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    pub file: File,
    pub import: Import,
    pub enrichment: Enrichment,
    /// A paid enrichment with simulated providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub played: Option<Played>,
    pub leads: Leads,
    pub searches: Vec<Search>,
    /// By field: how often each value occurs among the leads found.
    pub facets: BTreeMap<String, BTreeMap<String, u64>>,
    pub export: Export,
    pub workbook: Export,
    pub check: Check,
    /// From the first look at the file to the end of the audit.
    pub seconds: f64,
    pub place: Place,
}

/// A paid enrichment, played.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Played {
    pub job_id: String,
    pub leads: u64,
    /// Credits: the estimate before, and what it came to.
    pub best: f64,
    pub typical: f64,
    pub worst: f64,
    pub credits_used: f64,
    /// What the providers would have billed.
    pub cost: String,
    pub calls: u64,
    /// Answers that were known already.
    pub known: u64,
    pub seconds: f64,
}

/// The file as it was read.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct File {
    pub name: String,
    pub bytes: u64,
    pub encoding: String,
    pub delimiter: String,
    pub columns: u64,
    /// Columns that go to a field of the lead; the others are kept as custom fields.
    pub mapping: Vec<Mapped>,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mapped {
    pub column: String,
    pub field: String,
}

/// What became of the rows.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Import {
    pub import_id: String,
    pub list_id: String,
    pub rows: u64,
    pub created: u64,
    pub updated: u64,
    pub skipped: u64,
    pub rejected: u64,
    /// Rows of somebody who was there already.
    pub duplicates: u64,
    /// How often each reason was given.
    pub reasons: Map<String, Value>,
    /// Records of the file of rejected rows, which came back.
    pub rejected_file_rows: u64,
    pub rejected_file: Option<PathBuf>,
    /// Until every row was durable.
    pub seconds: f64,
    /// Until searches found them.
    pub searchable_seconds: f64,
}

/// The job that the built-in providers did.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Enrichment {
    pub job_id: String,
    pub leads: u64,
    pub successful: u64,
    pub failed: u64,
    pub skipped: u64,
    pub credits_used: f64,
    pub seconds: f64,
}

/// The leads as they are at the end, counted one by one.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Leads {
    pub total: u64,
    pub with_email: u64,
    pub emails: Emails,
    /// `business`, `free`, `role`, `disposable`, as far as the address tells.
    pub email_types: BTreeMap<String, u64>,
    pub with_phone: u64,
    /// Kinds of line, as far as the number is one of its country's plan.
    pub phones_by_type: BTreeMap<String, u64>,
    /// Levels of those who have a title.
    pub seniority: BTreeMap<String, u64>,
    /// Departments that the titles tell.
    pub departments: BTreeMap<String, u64>,
    /// The quality scores of all leads together, 0 to 100 each.
    pub quality_sum: u64,
    /// Their average, with one decimal.
    pub average_quality: f64,
}

/// E-mail addresses by what the check says. The four together are `withEmail`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Emails {
    pub valid: u64,
    /// The domain takes every address, or nothing certain is known.
    pub risky: u64,
    pub invalid: u64,
    pub unchecked: u64,
}

/// A search chosen from the data itself.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Search {
    /// `name`, `company domain` or `end of a phone number`.
    pub kind: &'static str,
    pub text: String,
    pub total: u64,
    pub milliseconds: f64,
    /// Whether the lead that it was chosen from is found.
    pub finds_its_lead: bool,
    /// The first lead found.
    pub first: String,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Export {
    pub export_id: String,
    /// As the server says.
    pub rows: u64,
    /// Records read back from the file; of a workbook what the server says.
    pub file_rows: u64,
    pub bytes: u64,
    pub file: PathBuf,
    pub seconds: f64,
}

/// The figures held against other sources.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    pub ok: bool,
    /// How many things were compared.
    pub comparisons: u64,
    pub disagreements: Vec<String>,
    /// What `galena check` found.
    pub findings: u64,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    pub folder: PathBuf,
    pub data_dir: PathBuf,
    /// Whether the folder is still there afterwards.
    pub kept: bool,
    /// The file is the one that ships with Galena.
    pub is_sample: bool,
    /// How to reach the server, where it stays.
    pub sign_in: Option<SignIn>,
}

/// For the demo's server and nothing else.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    pub url: String,
    pub email: String,
    pub password: String,
    pub api_key: String,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn").field("url", &self.url).finish_non_exhaustive()
    }
}
