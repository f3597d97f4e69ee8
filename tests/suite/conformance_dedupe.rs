//! Exact duplicates: `galena dedupe` on published lists with truth, scored by pairs of rows.

use std::collections::HashMap;
use std::process::Command;

use crate::shared_data;

/// Pairs of rows: found and true, found, true.
#[derive(Debug, Clone, Copy)]
struct Score {
    right: u64,
    found: u64,
    truth: u64,
}

impl Score {
    fn precision(self) -> f64 {
        self.right as f64 / self.found.max(1) as f64
    }

    fn recall(self) -> f64 {
        self.right as f64 / self.truth.max(1) as f64
    }

    fn f1(self) -> f64 {
        2.0 * self.right as f64 / (self.found + self.truth).max(1) as f64
    }
}

fn pairs<K: std::hash::Hash + Eq>(keys: impl Iterator<Item = K>) -> u64 {
    let mut sizes: HashMap<K, u64> = HashMap::new();
    keys.for_each(|key| *sizes.entry(key).or_default() += 1);
    sizes.values().map(|size| size * (size - 1) / 2).sum()
}

/// Runs the command on `name` and holds its clusters against the second column of the truth beside it.
fn score(name: &str) -> Option<Score> {
    let truth = shared_data::read(&format!("data/leads/{name}-truth.csv"))?;
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("out.csv");
    let file = format!("{}/../shared/data/leads/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_galena"));
    let ran = command.args(["dedupe", &file, "--json", "-o"]).arg(&output).env_clear().output().expect("runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
    println!("{}", String::from_utf8_lossy(&ran.stdout).trim());
    let truth: HashMap<String, String> = csv::Reader::from_reader(truth.as_bytes())
        .records()
        .map(|record| record.expect("a row"))
        .map(|record| (record[0].to_owned(), record[1].to_owned()))
        .collect();
    let mut reader = csv::Reader::from_path(&output).expect("the output is a table");
    let rows: Vec<(String, String)> = reader
        .records()
        .map(|record| record.expect("a row"))
        .map(|record| (record[record.len() - 1].to_owned(), truth[&record[0]].clone()))
        .collect();
    assert_eq!(rows.len(), truth.len(), "every row is there");
    let score = Score {
        right: pairs(rows.iter()),
        found: pairs(rows.iter().map(|(id, _)| id)),
        truth: pairs(rows.iter().map(|(_, truth)| truth)),
    };
    println!(
        "{name}: precision {:.5} recall {:.5} F1 {:.5} ({score:?})",
        score.precision(),
        score.recall(),
        score.f1()
    );
    Some(score)
}

#[test]
fn leads_with_varied_duplicates_are_found() {
    for name in ["leads-duplicates-10000", "leads-duplicates-1000"] {
        let Some(score) = score(name) else { return };
        assert!(score.precision() >= 0.999 && score.f1() >= 0.999, "{name}: {score:?}");
    }
}

/// Companies whose names vary freely are the business of fuzzy matching; what is found must be right.
#[test]
fn companies_with_varied_names_are_not_mixed_up() {
    for name in ["organizations-duplicates-1000", "messy-company-data-1000"] {
        let Some(score) = score(name) else { return };
        assert!(score.precision() >= 0.99, "{name}: {score:?}");
    }
}
