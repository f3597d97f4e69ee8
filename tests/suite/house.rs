//! The house rules that a compiler does not check, read from the source itself. A broken rule lists `file:line: text`.
//!
//! Comments and string literals do not count: a rule is about what code names, not about what it tells.

mod source;

use source::{Source, sources};

/// Lines of `sources` that name one of `words`, outside the files that `allowed` says yes to.
fn naming(sources: &[Source], words: &[&str], allowed: impl Fn(&str) -> bool) -> Vec<String> {
    let outside = sources.iter().filter(|source| !allowed(&source.path));
    outside.flat_map(|source| source.lines_naming(words)).collect()
}

fn assert_none(rule: &str, offences: Vec<String>) {
    assert!(offences.is_empty(), "{rule}:\n  {}", offences.join("\n  "));
}

fn house() -> Vec<Source> {
    let sources = sources(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    assert!(sources.len() > 20, "only {} files were found: is the scan looking at src/?", sources.len());
    sources
}

#[test]
fn redb_is_named_only_in_the_engine() {
    let offences = naming(&house(), &["redb"], |path| path.starts_with("store/engine/"));
    assert_none("redb has one home, src/store/engine", offences);
}

#[test]
fn tantivy_is_named_only_in_search() {
    assert_none("tantivy has one home, src/search", naming(&house(), &["tantivy"], |path| path.starts_with("search/")));
}

#[test]
fn actix_is_named_only_in_the_actor_kit() {
    let offences = naming(&house(), &["actix", "actix_rt"], |path| path.starts_with("actors/kit/"));
    assert_none("actix has one home, src/actors/kit", offences);
}

#[test]
fn outgoing_http_and_dns_come_through_deps() {
    let allowed = |path: &str| path.starts_with("deps/") || path == "deps.rs" || path == "cli/client/transport.rs";
    let offences = naming(&house(), &["reqwest", "hickory_resolver", "ToSocketAddrs", "TcpStream::connect"], allowed);
    assert_none("HTTP and DNS go out through Deps (the command line's way to a server excepted)", offences);
}

#[test]
fn wall_clock_and_randomness_come_through_deps() {
    let banned = ["SystemTime::now", "Timestamp::now", "Zoned::now", "rand", "OsRng", "getrandom"];
    let offences = naming(&house(), &banned, |path| path.starts_with("deps/") || path == "deps.rs");
    assert_none("time and randomness come through Deps", offences);
}

#[test]
fn the_domain_is_pure() {
    let banned = [
        "std::fs",
        "std::net",
        "std::io",
        "std::env",
        "std::process",
        "std::thread",
        "SystemTime",
        "Instant",
        "tokio",
        "futures",
        "async fn",
        "async move",
        ".await",
        "println!",
        "eprintln!",
        "tracing",
    ];
    assert_none("src/domain does no I/O, knows no clock and is not async", naming(&domain(), &banned, |_| false));
}

#[test]
fn the_domain_knows_no_other_room() {
    let rooms = ["actors", "app", "cli", "config", "deps", "http", "providers", "search", "store"];
    let rooms: Vec<String> = rooms.into_iter().map(|room| format!("crate::{room}")).collect();
    let rooms: Vec<&str> = rooms.iter().map(String::as_str).collect();
    assert_none("src/domain stands on its own", naming(&domain(), &rooms, |_| false));
}

#[test]
fn the_store_does_not_know_who_uses_it() {
    let store: Vec<_> = house().into_iter().filter(|source| source.path.starts_with("store/")).collect();
    let offences = naming(&store, &["crate::actors", "crate::app", "crate::cli", "crate::http", "axum"], |_| false);
    assert_none("src/store is below actors, http and cli", offences);
}

#[test]
fn no_file_is_named_after_nothing() {
    let empty = ["utils", "util", "helpers", "helper", "manager", "common", "misc", "shared", "base"];
    let offences = house().into_iter().map(|source| source.path);
    let offences = offences.filter(|path| path.trim_end_matches(".rs").split('/').any(|part| empty.contains(&part)));
    assert_none("a name says what is inside", offences.collect());
}

#[test]
fn every_module_says_why_it_exists() {
    let modules = house().into_iter().filter(|source| !source.path.ends_with("/tests.rs"));
    let silent = modules.filter(|source| !source.text.starts_with("//!")).map(|source| source.path);
    assert_none("a file opens with `//!`", silent.collect());
}

#[test]
fn library_code_does_not_unwrap_or_leave_gaps() {
    let banned = [".unwrap()", "todo!", "unimplemented!", "dbg!"];
    assert_none("no unwrap and no gap outside tests", naming(&house(), &banned, |_| false));
}

#[test]
fn nothing_is_left_for_later() {
    let marks = ["TODO", "FIXME", "XXX", "(being written)"];
    let offences = house().into_iter().flat_map(|source| source.raw_lines_with(&marks));
    assert_none("unfinished work is an issue, not a comment", offences.collect());
}

fn domain() -> Vec<Source> {
    house().into_iter().filter(|source| source.path.starts_with("domain/")).collect()
}

#[test]
fn every_dependency_says_why() {
    let manifest = include_str!("../../Cargo.toml");
    let architecture = include_str!("../../ARCHITECTURE.md");
    let mut section = "";
    let mut silent = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]")
            && let Some((name, _)) = line.split_once(" = ")
            && !architecture.contains(&format!("`{name}`"))
        {
            silent.push(name.to_owned());
        }
    }
    assert_none("every crate of Cargo.toml has its line in ARCHITECTURE.md", silent);
}

#[test]
fn the_rules_can_fail() {
    let bad = [
        Source::new("http/leads.rs", "//! Leads.\nuse redb::Database;\nfn now() { std::time::SystemTime::now(); }\n"),
        Source::new("search/query.rs", "//! Queries.\nuse tantivy::Index;\n"),
    ];
    let outside_search = naming(&bad, &["tantivy"], |path| path.starts_with("search/"));
    assert!(outside_search.is_empty(), "{outside_search:?}");
    assert_eq!(naming(&bad, &["tantivy"], |_| false), ["src/search/query.rs:2: use tantivy::Index;"]);
    assert_eq!(naming(&bad, &["redb"], |_| false), ["src/http/leads.rs:2: use redb::Database;"]);
    assert_eq!(naming(&bad, &["SystemTime::now"], |_| false).len(), 1);
}
