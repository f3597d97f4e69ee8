//! The end of the demo in words: what a salesperson wants to know.

use std::collections::BTreeMap;

use super::figures::{Figures, SignIn};
use super::importing::in_words;
use super::narration::{counted, grouped};

pub fn text(figures: &Figures) -> String {
    let Figures { file, import, enrichment, leads, searches, export, check, seconds, place, .. } = figures;
    let mut lines = vec![String::new(), format!("{}: done in {seconds:.1} s", file.name), String::new()];
    let mut row = |what: &str, figure: String, more: String| {
        lines.push(format!("  {what:<20}{figure:>10}  {more}").trim_end().to_owned());
    };
    row("rows read", grouped(import.rows), format!("{} columns", file.columns));
    row("leads", grouped(leads.total), String::new());
    if import.updated > 0 {
        row("rows merged", grouped(import.updated), "into leads that were there".to_owned());
    }
    row("duplicates found", grouped(import.duplicates), "the same person again; the first row was kept".to_owned());
    row("rows rejected", grouped(import.rejected), reasons(figures));
    row("e-mail addresses", grouped(leads.with_email), String::new());
    row("  valid", grouped(leads.emails.valid), "the domain takes mail".to_owned());
    row("  risky", grouped(leads.emails.risky), "doubtful domain, or the DNS did not say".to_owned());
    row("  invalid", grouped(leads.emails.invalid), "cannot be delivered".to_owned());
    if leads.emails.unchecked > 0 {
        row("  not checked", grouped(leads.emails.unchecked), String::new());
    }
    if let Some(kinds) = shares(&leads.email_types) {
        row("  kinds", String::new(), kinds);
    }
    row("phone numbers", grouped(leads.with_phone), shares(&leads.phones_by_type).unwrap_or_default());
    let titled = leads.seniority.values().sum();
    row("titles", grouped(titled), shares(&leads.seniority).unwrap_or_default());
    let placed = leads.departments.values().sum();
    row("departments told", grouped(placed), shares(&leads.departments).unwrap_or_default());
    row("average quality", format!("{:.1}", leads.average_quality), "of 100".to_owned());
    row("credits used", credits(enrichment.credits_used), "the built-in checks are free".to_owned());
    if let Some(played) = &figures.played {
        let around =
            format!("for {} leads; estimated {} to {}", played.leads, credits(played.typical), credits(played.worst));
        row("played: credits", credits(played.credits_used), around);
        row(
            "  providers' bill",
            played.cost.clone(),
            format!("{} calls, {} answers were known", played.calls, played.known),
        );
    }
    let slowest = searches.iter().map(|search| search.milliseconds).fold(0.0, f64::max);
    row("searches", grouped(searches.len() as u64), format!("the slowest took {slowest:.1} ms"));
    row("exported", grouped(export.rows), format!("leads, {} bytes of CSV", grouped(export.bytes)));
    row("", grouped(figures.workbook.rows), format!("leads, {} bytes of XLSX", grouped(figures.workbook.bytes)));
    let compared = counted(check.comparisons, "comparison", "comparisons");
    row("checked", String::new(), format!("every figure above agrees with the store ({compared})"));
    lines.push(String::new());
    if place.is_sample {
        lines.push(
            "The people of the sample are invented: their .example addresses take no mail, on purpose.".to_owned(),
        );
        lines.push(String::new());
    }
    lines.extend(whereabouts(figures));
    lines.join("\n") + "\n"
}

/// Values of a summary that fit in a line.
const SHOWN: usize = 5;

/// `mobile 80, fixed_line 60`, the largest first; `None` for nothing.
fn shares(counts: &BTreeMap<String, u64>) -> Option<String> {
    let mut counts: Vec<(&String, &u64)> = counts.iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let rest: u64 = counts.iter().skip(SHOWN).map(|(_, count)| **count).sum();
    let mut shown: Vec<String> = counts
        .iter()
        .take(SHOWN)
        .map(|(value, count)| format!("{} {}", value.replace('_', " "), grouped(**count)))
        .collect();
    if rest > 0 {
        shown.push(format!("others {}", grouped(rest)));
    }
    (!shown.is_empty()).then(|| shown.join(", "))
}

/// Why rows were rejected: what is left of the reasons when those of duplicates are taken away.
fn reasons(figures: &Figures) -> String {
    let rejected = figures.import.reasons.iter().filter(|(reason, _)| !reason.starts_with("duplicate"));
    rejected
        .map(|(reason, count)| format!("{} {}", in_words(reason), grouped(count.as_u64().unwrap_or_default())))
        .collect::<Vec<_>>()
        .join(", ")
}

fn credits(credits: f64) -> String {
    if credits.fract() == 0.0 { format!("{credits:.0}") } else { format!("{credits:.2}") }
}

fn whereabouts(figures: &Figures) -> Vec<String> {
    let place = &figures.place;
    let mut lines = Vec::new();
    let there = place.kept || place.sign_in.is_some();
    if there {
        lines.push(format!("clean leads       {}", figures.export.file.display()));
        lines.push(format!("as a workbook     {}", figures.workbook.file.display()));
        if let Some(rejected) = &figures.import.rejected_file {
            lines.push(format!("rejected rows     {}", rejected.display()));
        }
        lines.push(format!("data directory    {}", place.data_dir.display()));
    }
    if let Some(SignIn { url, email, password, api_key }) = &place.sign_in {
        lines.push(format!("server            {url}  (API: {url}/api/docs)"));
        lines.push(format!("sign in           {email}  {password}"));
        lines.push(format!("API key           {api_key}"));
        if !place.kept {
            lines.push("All of it goes when the server ends; --keep keeps it.".to_owned());
        }
    } else if !there {
        lines.push("All of it was in a temporary folder and is gone. Next:".to_owned());
        lines.push("  galena demo --keep                keeps the clean list and the data directory".to_owned());
        lines.push("  galena demo --file YOURS.csv      the same with your own leads".to_owned());
        lines.push("  galena demo --serve               leaves the server running to look around".to_owned());
        lines.push("  galena demo --sandbox             plays a paid enrichment as well, without a key".to_owned());
    }
    if place.kept {
        let data_dir = place.data_dir.display();
        lines.push(String::new());
        lines.push("Next:".to_owned());
        lines.push(format!("  galena search --data-dir {data_dir} \"vp sales\""));
        lines.push(format!("  galena serve --data-dir {data_dir}"));
    }
    lines
}
