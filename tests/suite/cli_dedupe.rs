//! `galena dedupe` through the real binary: what the output holds, and what is refused.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn dedupe(input: &Path, output: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_galena"));
    command.arg("dedupe").arg(input).arg("-o").arg(output).args(more).env_clear().output().unwrap()
}

/// Writes `text`, runs the command and gives the output file with the document.
fn run(text: &[u8], more: &[&str]) -> (String, Value) {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.csv"), folder.path().join("out.csv"));
    std::fs::write(&input, text).unwrap();
    let ran = dedupe(&input, &output, &[&["--json"], more].concat());
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stdout));
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2, "no temporary file is left");
    (std::fs::read_to_string(&output).unwrap(), serde_json::from_slice(&ran.stdout).unwrap())
}

#[test]
fn every_row_column_and_order_is_kept() {
    let input = "Name,Email,Email 2,Notes\r\n\
                 Ada Meier, ADA@example.org ,,\"a, \"\"b\"\"\r\nc\"\r\n\
                 Berta Kurz,b@example.org,,'=1\r\n\
                 \r\n\
                 A. Meier,,ada+x@example.org\r\n";
    let (output, document) = run(input.as_bytes(), &[]);
    assert_eq!(
        output,
        "Name,Email,Email 2,Notes,cluster_id\r\n\
         Ada Meier, ADA@example.org ,,\"a, \"\"b\"\"\r\nc\",1\r\n\
         Berta Kurz,b@example.org,,'=1,2\r\n\
         A. Meier,,ada+x@example.org,,1\r\n"
    );
    let counts = ["rows", "clusters", "duplicateRows", "largestCluster"].map(|key| document[key].as_u64().unwrap());
    assert_eq!(counts, [3, 2, 1, 2]);
    assert_eq!(document["columns"]["contact"], serde_json::json!(["Email", "Email 2"]));
    assert_eq!(document["joinedBy"]["email"], 1);
}

#[test]
fn dialect_titles_and_wide_rows_are_kept() {
    let input = "Fair of May\nName;Email;cluster_id\nAda;ada@example.org;7\nAda;ada@example.org;8;more\n";
    let (output, _) = run(input.as_bytes(), &["--header-row", "2", "--delimiter", ";"]);
    assert_eq!(
        output,
        "Fair of May\nName;Email;cluster_id;;cluster_id_2\nAda;ada@example.org;7;;1\nAda;ada@example.org;8;more;1\n"
    );
    let (output, document) = run(b"ada@example.org,1\nADA@example.org,2\n", &["--header-row", "0"]);
    assert_eq!(output, "ada@example.org,1,1\nADA@example.org,2,1\n");
    assert_eq!(document["clusters"], 1);
}

#[test]
fn the_input_is_not_overwritten_and_a_broken_file_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.csv"), folder.path().join("out.csv"));
    std::fs::write(&input, "Email\nada@example.org\n").unwrap();
    let alias = folder.path().join("alias.csv");
    std::os::unix::fs::symlink(&input, &alias).unwrap();
    for same in [&input, &alias] {
        assert_eq!(dedupe(&input, same, &[]).status.code(), Some(2));
    }
    assert_eq!(std::fs::read_to_string(&input).unwrap(), "Email\nada@example.org\n");
    for (broken, detail) in [(&b"Email\nada@example.org\n\0\n"[..], "NUL"), (b"", "empty")] {
        std::fs::write(&input, broken).unwrap();
        std::fs::write(&output, "what was there").unwrap();
        let ran = dedupe(&input, &output, &["--json"]);
        assert_eq!(ran.status.code(), Some(3));
        let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
        assert!(document["error"]["detail"].as_str().unwrap().contains(detail), "{document}");
        assert_eq!(std::fs::read_to_string(&output).unwrap(), "what was there");
    }
    let missing = dedupe(&folder.path().join("none.csv"), &output, &[]);
    assert_eq!(missing.status.code(), Some(3));
    assert_eq!(dedupe(folder.path(), &output, &[]).status.code(), Some(3));
    let nowhere = dedupe(&alias, Path::new("/nonexistent/out.csv"), &[]);
    assert_ne!(nowhere.status.code(), Some(0));
}
