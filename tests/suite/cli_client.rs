//! The command line's ways to a server, through the real binary: the socket, a server elsewhere, a house of its own.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const PASSWORD: &str = "correct horse battery";

/// A data directory with its first owner.
struct Prepared {
    folder: tempfile::TempDir,
    key: String,
}

impl Prepared {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("password"), PASSWORD).unwrap();
        let prepared = Self { folder, key: String::new() };
        let password = prepared.folder.path().join("password");
        let made = prepared.galena(&[
            "init",
            "--json",
            "--admin-email",
            "owner@example.com",
            "--admin-password-file",
            password.to_str().unwrap(),
        ]);
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        Self { key: document(&made)["apiKey"].as_str().unwrap().to_owned(), ..prepared }
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        command(arguments, &self.data())
    }

    fn galena(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// A server on this directory, and its address.
    fn serve(&self) -> (Serving, String) {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut child = Serving(command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap());
        let told = BufReader::new(child.0.stderr.take().unwrap());
        let mut lines = told.lines().map(Result::unwrap);
        let url = lines.find_map(|line| Some(line.split_once(" at http://")?.1.to_owned())).unwrap();
        // Somebody has to read on, or the server's log would block it.
        std::thread::spawn(move || lines.for_each(drop));
        (child, format!("http://{url}"))
    }
}

struct Serving(Child);

impl Serving {
    fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    fn end(mut self) {
        self.signal("-TERM");
        assert_eq!(self.0.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_galena"));
    command.args(arguments).arg("--data-dir").arg(data).env_clear().stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Standard output as the one document that it must be.
fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stdout)))
}

#[track_caller]
fn refused(output: &Output, exit: i32, code: &str) -> Value {
    let answer = document(output);
    assert_eq!((output.status.code(), answer["error"]["code"].as_str()), (Some(exit), Some(code)), "{answer}");
    answer["error"].clone()
}

#[test]
fn a_command_without_a_server_runs_one_itself_and_leaves_nothing_behind() {
    let prepared = Prepared::new();
    let made = prepared.galena(&["key", "create", "for the CRM", "--scopes", "read", "--json"]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stdout));
    let listed = document(&prepared.galena(&["key", "list", "--json"]));
    let names: Vec<&str> = listed["data"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 2);
    assert!(names.contains(&"for the CRM"));
    assert!(!prepared.data().join("galena.sock").exists());
}

#[test]
fn the_three_doors_show_the_same() {
    let prepared = Prepared::new();
    let alone = document(&prepared.galena(&["search", "nobody", "--json"]));
    let (server, url) = prepared.serve();
    let socket = document(&prepared.galena(&["search", "nobody", "--json"]));
    let mut remote = command(&["search", "nobody", "--json", "--url", &url], &prepared.folder.path().join("absent"));
    let remote = document(&remote.env("GALENA_API_KEY", &prepared.key).output().unwrap());
    assert_eq!(alone["total"], 0, "{alone}");
    assert_eq!((&alone["total"], &alone["data"]), (&socket["total"], &socket["data"]));
    assert_eq!((&alone["total"], &alone["data"]), (&remote["total"], &remote["data"]));
    server.end();
}

#[test]
fn a_wrong_key_is_a_usage_error_and_is_not_shown() {
    let prepared = Prepared::new();
    let (server, url) = prepared.serve();
    let wrong = "gal_00000000000000000000000000000000000000000";
    let output = prepared.command(&["search", "x", "--json", "--url", &url]).env("GALENA_API_KEY", wrong).output();
    let output = output.unwrap();
    refused(&output, 2, "UNAUTHENTICATED");
    assert!(!text(&output.stdout).contains(wrong) && !text(&output.stderr).contains(wrong));
    server.end();
}

#[test]
fn nobody_at_the_address_and_somebody_else_there_are_told_apart() {
    let nothing = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let ask = || {
        let mut command = command(&["search", "x", "--json", "--url", &address, "--key", "k"], nothing.path());
        command.output().unwrap()
    };
    let stranger = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello").unwrap();
    });
    refused(&ask(), 1, "NOT_GALENA");
    stranger.join().unwrap();
    refused(&ask(), 1, "NO_CONNECTION");
}

#[test]
fn a_directory_where_nothing_is_set_up_is_not_made_by_a_search() {
    let nothing = tempfile::tempdir().unwrap();
    let data = nothing.path().join("typo");
    refused(&command(&["search", "x", "--json"], &data).output().unwrap(), 2, "NOT_SET_UP");
    assert!(!data.exists());
}

#[test]
fn a_directory_whose_process_does_not_answer_is_in_use() {
    let prepared = Prepared::new();
    let (server, _) = prepared.serve();
    server.signal("-STOP");
    let output = prepared.galena(&["search", "x", "--json"]);
    server.signal("-CONT");
    let error = refused(&output, 5, "DATA_DIRECTORY_IN_USE");
    let holder = format!("process {}", server.0.id());
    assert!(error["detail"].as_str().unwrap().contains(&holder), "{error}");
    server.end();
}

#[test]
fn what_a_killed_server_left_is_no_door() {
    let prepared = Prepared::new();
    let (server, _) = prepared.serve();
    server.signal("-KILL");
    drop(server);
    assert!(prepared.data().join("galena.sock").exists(), "the socket of a killed process stays");
    assert_eq!(prepared.galena(&["search", "x"]).status.code(), Some(0));
}

#[test]
fn commands_at_the_same_time_share_one_house() {
    let prepared = Prepared::new();
    let started: Vec<Child> =
        (0..6).map(|_| prepared.command(&["search", "x", "--json"]).stdout(Stdio::piped()).spawn().unwrap()).collect();
    for child in started {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
        assert_eq!(document(&output)["total"], 0);
    }
}

#[test]
fn users_are_added_listed_and_shut_out() {
    let prepared = Prepared::new();
    let password = prepared.folder.path().join("password");
    let password = password.to_str().unwrap();
    let add = ["user", "add", "ada@example.com", "--role", "admin", "--password-file", password, "--json"];
    let added = prepared.galena(&add);
    assert_eq!(added.status.code(), Some(0), "{}", text(&added.stdout));
    assert!(!text(&added.stdout).contains(PASSWORD));
    let (server, url) = prepared.serve();
    let set = prepared.galena(&["user", "set-password", "Ada@Example.com", "--password-file", password]);
    assert_eq!(set.status.code(), Some(0), "{}", text(&set.stderr));
    assert_eq!(prepared.galena(&["user", "disable", "ada@example.com"]).status.code(), Some(0));
    let listed = document(&prepared.galena(&["user", "list", "--json"]));
    let ada = listed["data"].as_array().unwrap().iter().find(|user| user["email"] == "ada@example.com").unwrap();
    assert_eq!((&ada["role"], &ada["disabled"]), (&"admin".into(), &true.into()));
    refused(&prepared.galena(&["user", "disable", "bob@example.com", "--json"]), 1, "USER_NOT_FOUND");
    let missing =
        prepared.galena(&["user", "set-password", "ada@example.com", "--password-file", "/nowhere", "--json"]);
    refused(&missing, 3, "INPUT_UNREADABLE");
    drop((server, url));
}

#[test]
fn an_import_is_rehearsed_saved_as_a_recipe_and_its_rejected_rows_written() {
    let prepared = Prepared::new();
    let file = |name: &str, bytes: &str| {
        let path = prepared.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let may = file("may.csv", "Mailing,Who,Fair\nada@acme.example,Ada,Ulm\nnobody,,Ulm\n");
    let (server, _) = prepared.serve();
    let maps = ["--map", "Mailing=email", "--map", "Who=fullName", "--map", "Fair=customFields.Event"];
    let import = |file: &str, more: &[&str]| {
        let arguments = [&["import", file, "--list", "Fairs", "--json"], more].concat();
        prepared.galena(&arguments)
    };
    let rehearsed = document(&import(&may, &[&maps[..], &["--dry-run"]].concat()));
    assert_eq!((&rehearsed["results"]["created"], &rehearsed["results"]["rejected"]), (&1.into(), &1.into()));
    let shown = prepared.galena(&["import", &may, "--list", "Fairs", "--dry-run"]);
    let shown = text(&shown.stdout).to_owned();
    assert!(shown.contains("2 rows into \"Fairs\" would be: ") && shown.contains("nothing was written"), "{shown}");
    assert_eq!(document(&prepared.galena(&["search", "ada", "--json"]))["total"], 0);

    let rejected = prepared.folder.path().join("rejected.csv");
    let said = ["--duplicates", "update", "--on-update", "customFields.Event=keep", "--on-update", "city=fill"];
    let after = ["--save-recipe", "Fairs", "--rejected", rejected.to_str().unwrap()];
    let done = document(&import(&may, &[&maps[..], &said[..], &after[..]].concat()));
    assert_eq!((&done["results"]["created"], &done["options"]["duplicateHandling"]), (&1.into(), &"update".into()));
    let mended = std::fs::read_to_string(&rejected).unwrap();
    assert!(mended.starts_with("Mailing,Who,Fair,Rejected Line,Rejected Reason\r\nnobody,,Ulm,3,"), "{mended}");

    let june =
        file("june.csv", "Who,Mailing,Fair,Town\nAda,ada@acme.example,Kiel,Bonn\nBob,bob@acme.example,Kiel,Rom\n");
    let done = document(&import(&june, &["--recipe", "fairs"]));
    assert_eq!((&done["results"]["created"], &done["results"]["updated"]), (&1.into(), &1.into()), "{done}");
    assert_eq!(done["options"]["onUpdate"]["customFields.Event"], "keep");
    assert_eq!(done["mapping"]["Fair"], "customFields.Event");
    let told = document(&import(&june, &["--recipe", "fairs", "--duplicates", "skip"]));
    assert_eq!(told["results"]["skipped"], 2, "what the command says wins");
    refused(&import(&june, &["--recipe", "nothing"]), 1, "RECIPE_NOT_FOUND");
    assert_eq!(import(&june, &["--on-update", "city=maybe"]).status.code(), Some(2));
    server.end();
}

#[test]
fn a_revoked_key_opens_nothing() {
    let prepared = Prepared::new();
    let made = document(&prepared.galena(&["key", "create", "short-lived", "--json"]));
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let (server, url) = prepared.serve();
    let ask = || {
        let mut command = prepared.command(&["search", "x", "--json", "--url", &url]);
        command.env("GALENA_API_KEY", key).output().unwrap()
    };
    assert_eq!(ask().status.code(), Some(0));
    assert_eq!(prepared.galena(&["key", "revoke", id]).status.code(), Some(0));
    refused(&ask(), 2, "UNAUTHENTICATED");
    server.end();
}

#[test]
fn a_list_is_exported_in_each_format_and_comes_back() {
    let prepared = Prepared::new();
    let path = |name: &str| prepared.folder.path().join(name).to_str().unwrap().to_owned();
    let csv = "email,companyName,jobTitle,Fair\nada@acme.example,\"'=1+1\",CEO,Köln\nbob@acme.example,Acme,CTO,\n";
    std::fs::write(path("in.csv"), csv).unwrap();
    let (server, _) = prepared.serve();
    let import = |file: &str, list: &str| document(&prepared.galena(&["import", file, "--list", list, "--json"]));
    assert_eq!(import(&path("in.csv"), "first")["results"]["created"], 2);
    let fields = ["--fields", "email,companyName,jobTitle,Fair"];
    let export = |file: &str, more: &[&str]| {
        let arguments = [&["export", "--list", "first", "-o", file, "--json"], &fields[..], more].concat();
        prepared.galena(&arguments)
    };
    for (file, format, more) in [
        ("out.csv", "csv", &[][..]),
        ("out.xlsx", "xlsx", &[]),
        ("out.json", "json", &[]),
        ("out.jsonl", "ndjson", &[]),
        ("eu.csv", "csv", &["--preset", "excel-eu"]),
        ("table", "xlsx", &["--format", "excel"]),
    ] {
        let told = document(&export(&path(file), more));
        assert_eq!((&told["rows"], &told["format"]), (&2.into(), &format.into()), "{told}");
        let bytes = std::fs::read(path(file)).unwrap();
        assert_eq!(told["bytes"], bytes.len());
        if matches!(format, "csv" | "xlsx") {
            assert_eq!(import(&path(file), file)["results"]["created"], 2, "{file}");
        }
    }
    let plain = std::fs::read_to_string(path("out.csv")).unwrap();
    assert_eq!(plain, csv);
    let to_stdout = prepared.galena(&["export", "--list", "first", "-o", "-", "--fields", "email"]);
    assert_eq!(text(&to_stdout.stdout), "email\nada@acme.example\nbob@acme.example\n");
    let none = document(&export(&path("none.csv"), &["--from", "2020-01-01", "--to", "2020-12-31"]));
    assert_eq!(none["rows"], 0);
    let enriched = document(&export(&path("none.csv"), &["--enriched-only"]));
    assert_eq!(enriched["rows"], 0);

    let error = refused(&export(&path("x.xlsx"), &["--preset", "excel-us"]), 2, "VALIDATION_FAILED");
    assert_eq!(error["errors"][0]["pointer"], "/options/preset");
    refused(&export(&path("x.csv"), &["--from", "soon"]), 2, "VALIDATION_FAILED");
    assert!(!std::path::Path::new(&path("x.csv")).exists());
    let missing = prepared.galena(&["export", "--list", "nothing", "-o", &path("x.csv"), "--json"]);
    refused(&missing, 1, "LIST_NOT_FOUND");
    let checked = prepared.galena(&["check"]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stdout));
    server.end();
}
