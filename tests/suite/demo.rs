//! `galena demo` through the real binary: on the sample the counts that its description promises, on other files counts
//! that add up, and nothing left behind.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const EXPECTED: &str = include_str!("../../src/cli/demo/sample-expected.json");

/// Runs the demo with its temporary folders below `place`, without a look-up in the DNS: the same on every machine.
fn demo(place: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_galena"));
    command.arg("demo").args(arguments).env_clear().env("TMPDIR", place).current_dir(place);
    command.env("GALENA__ENRICHMENT__DNS_LOOKUP", "false").stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[track_caller]
fn document(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{} {}", text(&output.stdout), text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stdout)))
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

/// What has to hold for every file.
#[track_caller]
fn adds_up(figures: &Value) {
    let import = &figures["import"];
    let count = |name: &str| import[name].as_u64().unwrap();
    assert_eq!(count("rows"), count("created") + count("updated") + count("skipped") + count("rejected"), "{import}");
    assert_eq!(figures["leads"]["total"], import["created"]);
    assert_eq!(figures["export"]["rows"], import["created"]);
    let emails = &figures["leads"]["emails"];
    let verdicts: u64 = emails.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(figures["leads"]["withEmail"], verdicts);
    assert_eq!(emails["unchecked"], 0);
    assert_eq!((&figures["check"]["ok"], &figures["check"]["findings"]), (&true.into(), &0.into()));
    assert!(figures["check"]["comparisons"].as_u64().unwrap() >= 20);
}

#[test]
fn the_sample_gives_the_counts_of_its_description() {
    let place = tempfile::tempdir().unwrap();
    let output = demo(place.path(), &["--json"]).output().unwrap();
    let figures = document(&output);
    assert_eq!(text(&output.stderr), "", "a program is told nothing beside the document");
    assert!(is_empty(place.path()), "without --keep nothing stays");
    adds_up(&figures);
    let expected: Value = serde_json::from_str(EXPECTED).unwrap();
    let import = &figures["import"];
    for name in ["rows", "created", "rejected", "duplicates"] {
        assert_eq!(import[name], expected[name], "{name}: {import}");
    }
    assert_eq!(import["skipped"], expected["duplicates"]);
    assert_eq!(import["reasons"]["no_identity"], expected["rejected"]);
    assert_eq!(figures["file"]["columns"], expected["columns"]);
    assert_eq!(figures["enrichment"]["creditsUsed"], 0.0);
    // The sample's own addresses take no mail; those at free-mail and throw-away providers are not looked up here.
    assert_eq!(figures["leads"]["emails"]["valid"], 0);
    assert!(figures["leads"]["emails"]["risky"].as_u64().unwrap() > 0);
    let searches = figures["searches"].as_array().unwrap();
    assert_eq!(searches.len(), 3);
    assert!(searches.iter().all(|search| search["findsItsLead"] == true), "{searches:?}");
}

#[test]
fn a_person_reads_the_same_numbers() {
    let place = tempfile::tempdir().unwrap();
    let output = demo(place.path(), &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let (summary, told) = (text(&output.stdout), text(&output.stderr));
    for line in ["rows read                  361", "leads                      304", "duplicates found            47"] {
        assert!(summary.contains(line), "{line}: {summary}");
    }
    for step in ["1  Reading sample.csv", "2  Importing", "3  Checking", "4  Searching", "5  Exporting"] {
        assert!(told.contains(step), "{step}: {told}");
    }
    assert!(told.contains("Email → email") && told.contains("kept as they are: Email Status"), "{told}");
}

#[test]
fn what_is_kept_can_be_used() {
    let place = tempfile::tempdir().unwrap();
    let figures = document(&demo(place.path(), &["--keep", "--json"]).output().unwrap());
    let path = |value: &Value| PathBuf::from(value.as_str().unwrap());
    let data = path(&figures["place"]["dataDir"]);
    assert!(data.starts_with(place.path()));
    let exported = csv::Reader::from_path(path(&figures["export"]["file"])).unwrap().into_records().count();
    assert_eq!(figures["export"]["rows"], exported);
    let mut workbook: calamine::Xlsx<_> = calamine::open_workbook(path(&figures["workbook"]["file"])).unwrap();
    let sheet = calamine::Reader::worksheet_range(&mut workbook, "Leads").unwrap();
    assert_eq!(sheet.height() as u64, figures["export"]["rows"].as_u64().unwrap() + 1, "with the titles");
    let rejected = csv::Reader::from_path(path(&figures["import"]["rejectedFile"])).unwrap().into_records().count();
    assert_eq!(figures["import"]["rejected"], rejected);
    let galena = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_galena"));
        command.args(arguments).arg("--data-dir").arg(&data).env_clear().output().unwrap()
    };
    assert_eq!(galena(&["check"]).status.code(), Some(0));
    let search = &figures["searches"][0];
    let found = document(&galena(&["search", search["text"].as_str().unwrap(), "--json"]));
    assert_eq!(found["total"], search["total"]);
}

#[test]
fn a_server_that_stays_answers_until_it_is_interrupted() {
    let place = tempfile::tempdir().unwrap();
    let mut command = demo(place.path(), &["--serve", "--json"]);
    command.env("GALENA__SERVER__LISTEN", "127.0.0.1:0");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let figures: Value = serde_json::from_str(&line).unwrap();
    let sign_in = &figures["place"]["signIn"];
    let ask = |search: &Value| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_galena"));
        let url = sign_in["url"].as_str().unwrap();
        command.args(["search", search["text"].as_str().unwrap(), "--json", "--url", url]).env_clear();
        document(&command.env("GALENA_API_KEY", sign_in["apiKey"].as_str().unwrap()).output().unwrap())
    };
    assert_eq!(ask(&figures["searches"][2])["total"], figures["searches"][2]["total"]);
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    out.read_line(&mut rest).unwrap();
    assert_eq!(rest, "", "one document and nothing after it");
    assert!(is_empty(place.path()));
}

#[test]
fn a_file_that_is_no_lead_file_exits_3_and_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = files.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let absent = files.path().join("absent.csv").to_str().unwrap().to_owned();
    let folder = files.path().to_str().unwrap().to_owned();
    for path in [absent, folder, file("empty.csv", b""), file("header.csv", b"Email,Name\n")] {
        let output = demo(place.path(), &["--json", "--file", &path]).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{path}: {}", text(&output.stdout));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["error"]["exitCode"], 3, "{path}");
        assert!(is_empty(place.path()), "{path}");
    }
}

#[test]
fn a_file_of_somebody_else() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/leads/leads-1000.csv");
    if !Path::new(path).exists() {
        println!("skipped: ../shared is not here");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let figures = document(&demo(place.path(), &["--json", "--file", path]).output().unwrap());
    adds_up(&figures);
    assert_eq!(figures["import"]["rows"], 1000);
    assert_eq!(figures["file"]["columns"], 14);
    assert_eq!(figures["place"]["isSample"], false);
}
