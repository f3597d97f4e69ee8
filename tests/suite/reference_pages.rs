//! The reference pages that the program writes are the ones in the repository.

use std::process::Command;

#[track_caller]
fn written_by(arguments: &[&str], page: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_galena")).args(arguments).env_clear().output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let now = String::from_utf8(output.stdout).unwrap();
    let first = now.lines().zip(page.lines()).find(|(now, page)| now != page);
    assert!(now == page, "run `galena {}` and save its output; first difference: {first:?}", arguments.join(" "));
}

#[test]
fn command_line() {
    written_by(&["help", "--markdown"], include_str!("../../docs/reference/command-line.md"));
}

#[test]
fn configuration() {
    written_by(&["config", "print", "--markdown"], include_str!("../../docs/reference/configuration.md"));
}

#[test]
fn store_tables() {
    written_by(&["doctor", "--tables"], include_str!("../../docs/reference/store-tables.md"));
}

#[test]
fn error_codes() {
    written_by(&["openapi", "--error-codes"], include_str!("../../docs/reference/error-codes.md"));
}

/// The page shows the table that stands above the figures in the source.
#[test]
fn confidences() {
    let source = include_str!("../../src/domain/enrichment/confidence.rs");
    let page = include_str!("../../docs/reference/built-in-providers.md");
    let table: Vec<&str> = source.lines().filter_map(|line| line.strip_prefix("//! ")).collect();
    let rows = table.iter().filter(|line| line.starts_with('|'));
    assert!(rows.clone().count() > 20);
    for row in rows {
        assert!(page.lines().any(|line| line == *row), "docs/reference/built-in-providers.md lacks {row}");
    }
}

#[test]
fn help_explains_a_command_by_its_words() {
    let help = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_galena")).arg("help").args(arguments).env_clear().output().unwrap()
    };
    let explained = help(&["config", "print"]);
    assert!(String::from_utf8(explained.stdout).unwrap().contains("--defaults"));
    assert_eq!(help(&["config", "frobnicate"]).status.code(), Some(2));
    assert!(String::from_utf8(help(&[]).stdout).unwrap().contains("search"));
}
