//! The frame of the command line, through the real binary: exit codes, the one JSON document, where output goes.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use clap::Parser;
use serde_json::Value;

/// Runs `galena` with no variables but the given ones, in an empty current directory.
fn galena(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let empty = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_galena"));
    command.args(arguments).env_clear().envs(variables.iter().copied()).current_dir(empty.path());
    command.stdin(Stdio::null()).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// Standard output as the one document that it must be.
fn document(output: &Output) -> Value {
    serde_json::from_str(stdout(output)).unwrap_or_else(|error| panic!("{error}: {}", stdout(output)))
}

#[test]
fn config_print_is_the_file_of_the_repository() {
    let nothing = tempfile::tempdir().unwrap();
    let output = galena(&["config", "print", "--data-dir", nothing.path().to_str().unwrap()], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), include_str!("../../config.toml"));
    let defaults = galena(&["config", "print", "--defaults"], &[("GALENA__IMPORT__MAX_ROWS", "1")]);
    assert_eq!(stdout(&defaults), include_str!("../../config.toml"));
}

#[test]
fn a_file_in_the_current_directory_is_not_read() {
    let here = tempfile::tempdir().unwrap();
    std::fs::write(here.path().join("config.toml"), "nonsense = 1").unwrap();
    let data = tempfile::tempdir().unwrap();
    let check = |data: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_galena"));
        command.args(["config", "check", "--json", "--data-dir"]).arg(data).env_clear().current_dir(here.path());
        command.output().unwrap()
    };
    let output = check(data.path());
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert_eq!(document(&output)["file"], Value::Null);
    // As a data directory it is.
    assert_eq!(check(here.path()).status.code(), Some(2));
}

#[test]
fn a_wrong_configuration_exits_2_and_says_where() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("config.toml"), "[import]\nmax_row = 1\n").unwrap();
    let arguments = ["config", "check", "--data-dir", data.path().to_str().unwrap()];
    let person = galena(&arguments, &[]);
    assert_eq!((person.status.code(), stdout(&person)), (Some(2), ""));
    assert!(stderr(&person).contains("config.toml:2:1: import.max_row"), "{}", stderr(&person));
    let program = galena(&[&arguments[..], &["--json"]].concat(), &[]);
    assert_eq!((program.status.code(), stderr(&program)), (Some(2), ""));
    let error = &document(&program)["error"];
    assert_eq!((&error["code"], &error["exitCode"]), (&"CONFIGURATION_INVALID".into(), &2.into()));
    assert!(error["detail"].as_str().unwrap().contains("did you mean \"import.max_rows\"?"));
}

#[test]
fn config_check_tells_file_directory_and_warnings() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("config.toml"), "").unwrap();
    let variables = [("GALENA_DATA_DIR", data.path().to_str().unwrap()), ("S3_ACCESS_KEY", "hidden")];
    let program = galena(&["--json", "config", "check"], &variables);
    let checked = document(&program);
    assert_eq!(checked["dataDir"].as_str(), data.path().to_str());
    assert_eq!(checked["file"].as_str(), data.path().join("config.toml").to_str());
    assert_eq!(checked["warnings"].as_array().map(Vec::len), Some(1));
    let person = galena(&["config", "check"], &variables);
    assert!(stdout(&person).starts_with("the configuration is valid ("));
    assert!(stderr(&person).starts_with("warning: S3_ACCESS_KEY set") && !stderr(&person).contains("hidden"));
}

#[test]
fn config_print_as_json_holds_values_and_no_secrets() {
    let variables = [("GALENA__IMPORT__MAX_ROWS", "7"), ("APIFY_API_KEY", "s3cret")];
    let output = galena(&["config", "print", "--json", "--data-dir", "/nowhere"], &variables);
    assert_eq!(document(&output)["config"]["import"]["max_rows"], 7);
    assert!(!stdout(&output).contains("s3cret"));
    let person = galena(&["config", "print", "--data-dir", "/nowhere"], &variables);
    assert!(stdout(&person).contains("max_rows = 7\n") && !stdout(&person).contains("s3cret"));
}

#[test]
fn what_is_not_understood_exits_2_as_text_or_as_a_document() {
    for arguments in [&["frobnicate"][..], &["config"], &["config", "print", "--nope"], &[]] {
        let person = galena(arguments, &[]);
        assert_eq!((person.status.code(), stdout(&person)), (Some(2), ""), "{arguments:?}");
        assert!(!stderr(&person).is_empty(), "{arguments:?}");
        let program = galena(&[arguments, &["--json"]].concat(), &[]);
        assert_eq!((program.status.code(), stderr(&program)), (Some(2), ""), "{arguments:?}");
        assert_eq!(document(&program)["error"]["code"], "USAGE", "{arguments:?}");
    }
}

#[test]
fn help_and_version_exit_0() {
    let help = galena(&["--help"], &[]);
    assert_eq!(help.status.code(), Some(0));
    assert!(stdout(&help).contains("--data-dir") && stdout(&help).contains("completions"));
    let version = galena(&["--version"], &[]);
    assert_eq!(stdout(&version), concat!("galena ", env!("CARGO_PKG_VERSION"), "\n"));
    assert_eq!(document(&galena(&["--version", "--json"], &[]))["version"], env!("CARGO_PKG_VERSION"));
    assert!(document(&galena(&["config", "--help", "--json"], &[]))["help"].is_string());
}

#[test]
fn completions_are_a_script_for_the_shell() {
    let output = galena(&["completions", "bash"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("_galena()"));
    assert_eq!(document(&galena(&["completions", "fish", "--json"], &[]))["shell"], "fish");
    assert_eq!(galena(&["completions", "cobol"], &[]).status.code(), Some(2));
}

#[test]
fn a_reader_that_stops_early_is_no_failure() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_galena"));
    let mut child =
        command.args(["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
}

/// Arguments of the commands as clap reads them.
fn parse<A: clap::Args>(arguments: &[&str]) -> Result<A, clap::Error> {
    #[derive(Parser)]
    #[command(no_binary_name = true)]
    struct Alone<A: clap::Args> {
        #[command(flatten)]
        args: A,
    }
    Alone::<A>::try_parse_from(arguments).map(|alone| alone.args)
}

#[test]
fn the_arguments_of_every_command_are_read() {
    use galena::cli::{check, demo, enrich, export, import, init, key, openapi, search, serve, user};

    let args: import::ImportArgs =
        parse(&["leads.csv", "--list", "Fair", "--map", "A=B=email", "--duplicates", "update", "--tag", "x"]).unwrap();
    assert_eq!((args.list.as_deref(), args.duplicates), (Some("Fair"), Some(import::Duplicates::Update)));
    assert_eq!(args.mapping, [("A=B".to_owned(), "email".to_owned())]);
    assert!(parse::<import::ImportArgs>(&["leads.csv", "--preview"]).is_ok());
    assert!(parse::<import::ImportArgs>(&["leads.csv"]).is_err(), "a list is needed");
    assert!(parse::<import::ImportArgs>(&["leads.csv", "--list", "F", "--map", "email"]).is_err());

    let args: export::ExportArgs =
        parse(&["--list", "Fair", "--format", "excel", "-o", "out.xlsx", "--fields", "email,phone"]).unwrap();
    assert_eq!((args.format, args.fields.len()), (Some(export::ExportFormat::Xlsx), 2));
    let args: enrich::EnrichArgs = parse(&["--list", "Fair"]).unwrap();
    assert_eq!(args.level, None, "the workspace has a say");
    assert_eq!(parse::<search::SearchArgs>(&["vp sales"]).unwrap().limit, 50);
    assert!(parse::<search::SearchArgs>(&["x", "--limit", "501"]).is_err());
    let args: serve::ServeArgs = parse(&["--listen", "127.0.0.1:0"]).unwrap();
    assert_eq!(args.listen.map(|address| address.port()), Some(0));
    let args: init::InitArgs = parse(&["--admin-email", "a@example.com", "--admin-password-file", "-"]).unwrap();
    assert_eq!(args.workspace_name, "Main");
    assert!(parse::<demo::DemoArgs>(&["--keep", "--serve", "--file", "my.csv"]).unwrap().keep);
    assert!(parse::<check::CheckArgs>(&[]).is_ok());
    assert!(parse::<openapi::OpenapiArgs>(&["-o", "openapi.json"]).unwrap().output.is_some());
    let args: user::UserArgs =
        parse(&["add", "a@example.com", "--role", "billing_admin", "--password-file", "-"]).unwrap();
    assert!(matches!(args.action, user::UserAction::Add { role: user::RoleName::BillingAdmin, .. }));
    assert!(parse::<key::KeyArgs>(&["create", "CRM", "--scopes", "leads:read,lists:read"]).is_ok());
}

#[test]
fn a_server_elsewhere_needs_an_address_and_a_key() {
    use galena::cli::search::SearchArgs;

    let remote = |arguments: &[&str], variables: &[(&str, &str)]| {
        let args: SearchArgs = parse(&[&["x"], arguments].concat()).unwrap();
        args.remote.remote(&variables.iter().copied().collect())
    };
    assert!(remote(&[], &[("GALENA_API_KEY", "gal_1")]).unwrap().is_none());
    let elsewhere = remote(&["--url", "https://a.example/"], &[("GALENA_API_KEY", "gal_1")]).unwrap().unwrap();
    assert_eq!((elsewhere.url.as_str(), elsewhere.key.expose()), ("https://a.example", "gal_1"));
    let elsewhere = remote(&["--url", "https://a.example", "--key", "gal_2"], &[("GALENA_API_KEY", "gal_1")]);
    assert_eq!(elsewhere.unwrap().unwrap().key.expose(), "gal_2");
    assert!(remote(&["--url", "https://a.example"], &[]).is_err());
    assert!(remote(&["--url", "a.example"], &[("GALENA_API_KEY", "gal_1")]).is_err());
    assert!(parse::<SearchArgs>(&["x", "--key", "gal_1"]).is_err(), "a key without an address");
    let args: SearchArgs = parse(&["x", "--url", "https://a.example", "--key", "gal_2"]).unwrap();
    assert!(!format!("{args:?}").contains("gal_2"));
}
