//! `galena normalize` through the real binary: a line in, a line out, and the reference page of departments.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use galena::domain::job_title::{Department, SeniorityLevel};
use serde_json::Value;

fn normalize(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_galena"));
    command.arg("normalize").args(arguments).env_clear();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // Refused before the input is read: the pipe is closed then.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn lines(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn invalid_lines_are_told_and_end_well() {
    let output = normalize(&["--kind", "phone", "--region", "us", "--json"], b"(415) 555-2671\ncall me\n\n\xff\xfe\n");
    assert_eq!(output.status.code(), Some(0));
    let found = lines(&output);
    assert_eq!(found.len(), 4);
    assert_eq!((&found[0]["e164"], &found[0]["region"]), (&"+14155552671".into(), &"US".into()));
    assert_eq!(found[0]["lineType"], "fixed_line_or_mobile");
    let valid: Vec<_> = found.iter().map(|line| line["valid"].as_bool().unwrap()).collect();
    assert_eq!(valid, [true, false, false, false]);
    assert!(found[1..].iter().all(|line| line["reason"].is_string() && line["normalized"].is_null()));
}

#[test]
fn for_people_it_is_a_table_with_tabs() {
    let output = normalize(&["--kind", "title"], b"VP\tSales\r\n-\n");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "VP Sales\tvalid\tVP Sales\texecutive\tsales\n-\tinvalid\tis not a job title\t\t\n"
    );
}

#[test]
fn a_country_that_is_none_is_a_wrong_command_line() {
    assert_eq!(normalize(&["--kind", "phone", "--region", "Atlantis"], b"").status.code(), Some(2));
    assert_eq!(normalize(&["--kind", "colour"], b"").status.code(), Some(2));
    assert_eq!(normalize(&[], b"").status.code(), Some(2));
}

#[test]
fn the_reference_page_names_every_level_and_department() {
    let page = include_str!("../../docs/reference/job-titles.md");
    let cells: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name).collect();
    let levels = SeniorityLevel::ALL.iter().map(|level| level.name());
    let expected: Vec<&str> = levels.chain(Department::ALL.iter().map(|department| department.name())).collect();
    assert_eq!(cells, expected);
}
