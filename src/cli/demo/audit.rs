//! Every figure of the demo held against another source: itself, the list, the search index, the written files, and
//! `galena check`, which reads the store.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::figures::{Check, Figures};
use crate::cli::client::Client;
use crate::cli::exit::CliError;

pub(super) const INDEX_WITHIN: Duration = Duration::from_secs(10);
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// What other sources say.
#[derive(Debug, Clone, Default)]
struct Witnesses {
    /// Of the list's own row.
    list_total: u64,
    /// Exact totals of searches.
    searched: Searched,
    /// Credits that the ledger says were used.
    credits_used: f64,
    /// Counts and findings of `galena check`.
    checked: Checked,
}

#[derive(Debug, Clone, Default)]
struct Searched {
    total: u64,
    valid: u64,
    invalid: u64,
    risky: u64,
    with_email: u64,
    with_phone: u64,
}

#[derive(Debug, Clone, Default)]
struct Checked {
    ok: bool,
    findings: u64,
    leads: u64,
    documents: u64,
}

/// The index follows the store within a second or two: the others are asked again until they agree, for a while.
pub async fn audit(client: &Client, figures: &Figures) -> Result<Check, CliError> {
    let until = client.clock().monotonic() + INDEX_WITHIN;
    loop {
        let check = compare(figures, &hear(client, &figures.import.list_id).await?);
        if check.ok || client.clock().monotonic() >= until {
            return Ok(check);
        }
        client.clock().sleep(PAUSE).await;
    }
}

/// Asks the other sources.
async fn hear(client: &Client, list: &str) -> Result<Witnesses, CliError> {
    let named: Value = client.get(&format!("/leads/lists/{list}"), &[]).await?;
    let credits: Value = client.get("/credits", &[]).await?;
    let searched = Searched {
        total: found(client, list, json!(null)).await?,
        valid: found(client, list, with_email("valid")).await?,
        invalid: found(client, list, with_email("invalid")).await?,
        risky: found(client, list, with_email("catch-all")).await? + found(client, list, with_email("unknown")).await?,
        with_email: found(client, list, not_empty("email")).await?,
        with_phone: found(client, list, not_empty("phone")).await?,
    };
    Ok(Witnesses {
        list_total: named.get("totalLeads").and_then(Value::as_u64).unwrap_or_default(),
        searched,
        credits_used: credits.get("used").and_then(Value::as_f64).unwrap_or_default(),
        checked: check(client).await?,
    })
}

fn with_email(status: &str) -> Value {
    json!({"and": [not_empty("email"), {"field": "emailStatus", "op": "eq", "value": status}]})
}

fn not_empty(field: &str) -> Value {
    json!({"field": field, "op": "notEmpty"})
}

/// The exact number of leads of the list that a filter lets through.
async fn found(client: &Client, list: &str, filter: Value) -> Result<u64, CliError> {
    #[derive(Deserialize)]
    struct Found {
        total: u64,
    }
    let mut question = json!({"listId": list, "limit": 1});
    if !filter.is_null() {
        question["filter"] = filter;
    }
    let found: Found = client.post("/leads/search", &question).await?;
    Ok(found.total)
}

/// What `galena check` says about the house at work.
async fn check(client: &Client) -> Result<Checked, CliError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Report {
        ok: bool,
        totals: BTreeMap<String, u64>,
        counts: BTreeMap<String, u64>,
    }
    let report: Report = client.post("/check", &json!({})).await?;
    let count = |what: &str| report.counts.get(what).copied().unwrap_or_default();
    Ok(Checked {
        ok: report.ok,
        findings: report.totals.values().sum(),
        leads: count("leads"),
        documents: count("documents"),
    })
}

/// Two figures that must be the same, and what they are.
struct Comparison(&'static str, u64, u64);

fn compare(figures: &Figures, heard: &Witnesses) -> Check {
    let Figures { import, enrichment, leads, export, searches, .. } = figures;
    let emails = leads.emails;
    let Witnesses { searched, checked, .. } = heard;
    let buckets = import.created + import.updated + import.skipped + import.rejected;
    let addresses = emails.valid + emails.risky + emails.invalid + emails.unchecked;
    let found = searches.iter().filter(|search| search.finds_its_lead).count() as u64;
    let reasons = import.reasons.values().filter_map(Value::as_u64).sum();
    let hundredths = |credits: f64| (credits * 100.0).round() as u64;
    let comparisons = [
        Comparison("rows and created + updated + skipped + rejected", import.rows, buckets),
        Comparison("leads and rows that made one", leads.total, import.created),
        Comparison("leads and the list's own count", leads.total, heard.list_total),
        Comparison("leads and those of the search index", leads.total, searched.total),
        Comparison("leads and those that the check counted", leads.total, checked.leads),
        Comparison("leads and documents that the check counted", leads.total, checked.documents),
        Comparison(
            "duplicates and rows skipped or merged for them",
            import.duplicates,
            import.updated + import.skipped,
        ),
        Comparison("reasons given and rows skipped or rejected", reasons, import.skipped + import.rejected),
        Comparison("rejected rows and those of the rejected file", import.rejected, import.rejected_file_rows),
        Comparison("e-mail addresses and their four verdicts", leads.with_email, addresses),
        Comparison("e-mail addresses and those of the search index", leads.with_email, searched.with_email),
        Comparison("valid addresses and those of the search index", emails.valid, searched.valid),
        Comparison("risky addresses and those of the search index", emails.risky, searched.risky),
        Comparison("invalid addresses and those of the search index", emails.invalid, searched.invalid),
        Comparison("phone numbers and those of the search index", leads.with_phone, searched.with_phone),
        Comparison("phones by type and those of the index", total(&leads.phones_by_type), facet(figures, "phoneType")),
        Comparison(
            "kinds of line that differ from the index",
            0,
            differing(&leads.phones_by_type, figures, "phoneType"),
        ),
        Comparison("levels and those of the index", total(&leads.seniority), facet(figures, "seniorityLevel")),
        Comparison("levels that differ from the index", 0, differing(&leads.seniority, figures, "seniorityLevel")),
        Comparison("departments and those of the index", total(&leads.departments), facet(figures, "department")),
        Comparison("kinds of address and those of the index", total(&leads.email_types), facet(figures, "emailType")),
        Comparison("leads of the job and leads", enrichment.leads, leads.total),
        Comparison("exported rows and leads", export.rows, leads.total),
        Comparison("rows of the workbook and leads", figures.workbook.rows, leads.total),
        Comparison("exported rows and records of the file", export.rows, export.file_rows),
        Comparison("searches and those that found their lead", searches.len() as u64, found),
        Comparison(
            "credits of the job and of the ledger, in hundredths",
            hundredths(enrichment.credits_used)
                + figures.played.as_ref().map_or(0, |played| hundredths(played.credits_used)),
            hundredths(heard.credits_used),
        ),
        Comparison("findings of galena check and none", checked.findings, 0),
    ];
    let mut disagreements: Vec<String> = comparisons
        .iter()
        .filter(|Comparison(_, one, other)| one != other)
        .map(|Comparison(what, one, other)| format!("{what}: {one} and {other}"))
        .collect();
    if !checked.ok && checked.findings == 0 {
        disagreements.push("galena check does not agree".to_owned());
    }
    Check {
        ok: disagreements.is_empty(),
        comparisons: comparisons.len() as u64,
        disagreements,
        findings: checked.findings,
    }
}

fn total(counts: &BTreeMap<String, u64>) -> u64 {
    counts.values().sum()
}

/// What the index counts of a field.
fn facet(figures: &Figures, field: &str) -> u64 {
    figures.facets.get(field).map_or(0, total)
}

/// How many values are not counted alike.
fn differing(counts: &BTreeMap<String, u64>, figures: &Figures, field: &str) -> u64 {
    let empty = BTreeMap::new();
    let other = figures.facets.get(field).unwrap_or(&empty);
    counts.iter().filter(|(value, count)| other.get(*value) != Some(*count)).count() as u64
}

#[cfg(test)]
mod tests {
    use super::super::figures::{Emails, Enrichment, Export, File, Import, Leads, Place, Search};
    use super::*;

    fn figures() -> Figures {
        Figures {
            played: None,
            file: File::default(),
            import: Import {
                rows: 10,
                created: 6,
                updated: 1,
                skipped: 2,
                rejected: 1,
                duplicates: 3,
                reasons: [("duplicate_email".to_owned(), json!(2)), ("no_identity".to_owned(), json!(1))]
                    .into_iter()
                    .collect(),
                rejected_file_rows: 1,
                ..Import::default()
            },
            enrichment: Enrichment { leads: 6, credits_used: 0.25, ..Enrichment::default() },
            leads: Leads {
                total: 6,
                with_email: 5,
                emails: Emails { valid: 2, risky: 1, invalid: 1, unchecked: 1 },
                with_phone: 4,
                seniority: [("mid".to_owned(), 3)].into(),
                ..Leads::default()
            },
            searches: vec![Search { finds_its_lead: true, ..Search::default() }],
            facets: [("seniorityLevel".to_owned(), [("mid".to_owned(), 3)].into())].into(),
            export: Export { rows: 6, file_rows: 6, ..Export::default() },
            workbook: Export { rows: 6, file_rows: 6, ..Export::default() },
            check: Check::default(),
            seconds: 0.0,
            place: Place::default(),
        }
    }

    fn witnesses() -> Witnesses {
        Witnesses {
            list_total: 6,
            searched: Searched { total: 6, valid: 2, invalid: 1, risky: 1, with_email: 5, with_phone: 4 },
            credits_used: 0.25,
            checked: Checked { ok: true, findings: 0, leads: 6, documents: 6 },
        }
    }

    #[test]
    fn figures_that_agree_pass() {
        let check = compare(&figures(), &witnesses());
        assert!(check.ok, "{:?}", check.disagreements);
        assert!(check.comparisons >= 20);
    }

    #[test]
    fn each_figure_that_is_off_by_one_fails() {
        let mutations: [fn(&mut Figures); 23] = [
            |figures| figures.workbook.rows += 1,
            |figures| *figures.leads.seniority.entry("mid".to_owned()).or_default() += 1,
            |figures| *figures.leads.phones_by_type.entry("mobile".to_owned()).or_default() += 1,
            |figures| drop(figures.facets.remove("seniorityLevel")),
            |figures| figures.import.reasons["no_identity"] = json!(2),
            |figures| figures.import.rows += 1,
            |figures| figures.import.created += 1,
            |figures| figures.import.updated += 1,
            |figures| figures.import.skipped += 1,
            |figures| figures.import.rejected += 1,
            |figures| figures.import.duplicates += 1,
            |figures| figures.import.rejected_file_rows += 1,
            |figures| figures.enrichment.leads += 1,
            |figures| figures.enrichment.credits_used += 0.01,
            |figures| figures.leads.total += 1,
            |figures| figures.leads.with_email += 1,
            |figures| figures.leads.emails.valid += 1,
            |figures| figures.leads.emails.risky += 1,
            |figures| figures.leads.emails.invalid += 1,
            |figures| figures.leads.with_phone += 1,
            |figures| figures.searches[0].finds_its_lead = false,
            |figures| figures.export.rows += 1,
            |figures| figures.export.file_rows += 1,
        ];
        for (number, mutate) in mutations.into_iter().enumerate() {
            let mut figures = figures();
            mutate(&mut figures);
            assert!(!compare(&figures, &witnesses()).ok, "mutation {number} went unseen");
        }
    }

    #[test]
    fn a_store_that_says_otherwise_fails() {
        let mutations: [fn(&mut Witnesses); 11] = [
            |heard| heard.list_total += 1,
            |heard| heard.searched.total += 1,
            |heard| heard.searched.valid += 1,
            |heard| heard.searched.invalid += 1,
            |heard| heard.searched.risky += 1,
            |heard| heard.searched.with_email += 1,
            |heard| heard.searched.with_phone += 1,
            |heard| heard.credits_used += 0.01,
            |heard| heard.checked.findings += 1,
            |heard| heard.checked.leads += 1,
            |heard| heard.checked.ok = false,
        ];
        for (number, mutate) in mutations.into_iter().enumerate() {
            let mut heard = witnesses();
            mutate(&mut heard);
            assert!(!compare(&figures(), &heard).ok, "mutation {number} went unseen");
        }
    }
}
