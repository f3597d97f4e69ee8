//! The configuration from its sources to its values: precedence, complaints, secrets, the printed file.

use std::path::Path;

use galena::config::{self, ByteSize, Config, ConfigError, Environment, Loaded, Network, Origin, Period, Request};

/// A data directory with this `config.toml`.
fn directory(text: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("config.toml"), text).unwrap();
    directory
}

fn load(data_dir: &Path, variables: &[(&str, &str)], flags: &[(&str, &str, String)]) -> Result<Loaded, ConfigError> {
    let environment: Environment = variables.iter().copied().collect();
    config::load(&Request { config_flag: None, data_dir, environment: &environment, flags })
}

fn load_file(text: &str) -> Result<Loaded, ConfigError> {
    load(directory(text).path(), &[], &[])
}

/// The problems of a file as text, with its path cut down to `config.toml`.
fn complaints(text: &str) -> Vec<String> {
    let directory = directory(text);
    let error = load(directory.path(), &[], &[]).unwrap_err();
    let prefix = format!("{}/", directory.path().display());
    error.problems.iter().map(|problem| problem.to_string().replace(&prefix, "")).collect()
}

#[test]
fn the_file_in_the_repository_is_the_printed_defaults() {
    let file = include_str!("../../config.toml");
    assert_eq!(config::printed(&Config::default()), file, "write it again with: galena config print --defaults");
    assert_eq!(load_file(file).unwrap().config, Config::default());
}

#[test]
fn every_key_of_the_file_says_what_it_is() {
    let mut explained = false;
    for line in include_str!("../../config.toml").lines() {
        let is_key = line.trim_start_matches("# ").split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
        assert!(!is_key || explained, "no explanation above: {line}");
        explained = line.starts_with('#') && !is_key;
    }
}

#[test]
fn later_sources_win() {
    let nothing = tempfile::tempdir().unwrap();
    let rows = |loaded: Result<Loaded, ConfigError>| loaded.unwrap().config.import.max_rows;
    assert_eq!(rows(load(nothing.path(), &[], &[])), 1_000_000);
    let file = directory("[import]\nmax_rows = 1");
    assert_eq!(rows(load(file.path(), &[], &[])), 1);
    let variables = [("GALENA__IMPORT__MAX_ROWS", "2")];
    assert_eq!(rows(load(file.path(), &variables, &[])), 2);
    let flags = [("--max-rows", "import.max_rows", "3".to_owned())];
    assert_eq!(rows(load(file.path(), &variables, &flags)), 3);
}

#[test]
fn the_flag_goes_before_the_variable_and_that_before_the_data_directory() {
    let (by_flag, by_variable, by_directory) =
        (directory("log.level = 'error'"), directory("log.level = 'debug'"), directory("log.level = 'trace'"));
    let level = |flag: Option<&Path>, variable: Option<&Path>| {
        let environment: Environment =
            variable.map(|path| ("GALENA_CONFIG", path.to_str().unwrap())).into_iter().collect();
        let request =
            Request { config_flag: flag, data_dir: by_directory.path(), environment: &environment, flags: &[] };
        config::load(&request).map(|loaded| loaded.config.log.level)
    };
    let (flag, variable) = (by_flag.path().join("config.toml"), by_variable.path().join("config.toml"));
    assert_eq!(level(Some(&flag), Some(&variable)).unwrap(), "error");
    assert_eq!(level(None, Some(&variable)).unwrap(), "debug");
    assert_eq!(level(None, None).unwrap(), "trace");
    // A file that somebody named must be there.
    let missing = level(Some(Path::new("/nowhere/galena.toml")), None).unwrap_err().to_string();
    assert!(missing.contains("--config") && missing.contains("/nowhere/galena.toml"), "{missing}");
    assert!(level(None, Some(Path::new("/nowhere/galena.toml"))).is_err());
}

#[test]
fn unknown_names_are_all_reported_with_place_and_suggestion() {
    let text = "[import]\nmax_row = 5\n\n[sever]\nlisten = '127.0.0.1:1'\n\n[providers.apify]\n  base_ulr = 'x'\n";
    assert_eq!(
        complaints(text),
        [
            "config.toml:2:1: import.max_row: there is no such key; did you mean \"import.max_rows\"?",
            "config.toml:8:3: providers.apify.base_ulr: there is no such key; did you mean \"providers.apify.base_url\"?",
            "config.toml:4:2: sever: there is no such section; did you mean \"server\"?",
        ]
    );
    assert_eq!(
        complaints("listen = '127.0.0.1:1'"),
        ["config.toml:1:1: listen: there is no such section; did you mean \"server.listen\"?"]
    );
}

#[test]
fn a_value_of_the_wrong_kind_or_out_of_range_is_reported_where_it_stands() {
    for (text, expected) in [
        ("[import]\n\nmax_rows = 'many'", "config.toml:3:1: import.max_rows: invalid type"),
        ("[import]\nmax_rows = -1", "config.toml:2:1: import.max_rows: invalid value"),
        ("[import]\nmax_rows = 0", "config.toml:2:1: import.max_rows: must be at least 1"),
        ("[import]\nmax_file_bytes = '5 miles'", "config.toml:2:1: import.max_file_bytes: not a size"),
        ("[export]\nttl = 'soon'", "config.toml:2:1: export.ttl: not a length of time"),
        ("[import]\nregion = 'usa'", "config.toml:2:1: import.region: must be two capital letters"),
        ("[log]\nlevel = 'loud'", "config.toml:2:1: log.level: must be error, warn"),
        ("[server]\ntrusted_proxies = ['a', '::1']", "config.toml:2:1: server.trusted_proxies: not an address"),
        ("[enrichment]\nrate_percent = 101", "config.toml:2:1: enrichment.rate_percent: must be from 1 to 100"),
        ("[credits]\nplan = 'gold'", "config.toml:2:1: credits.plan: must be one of appliance, free"),
        ("[credits]\nplans_file = '/nowhere'", "config.toml:2:1: credits.plans_file: /nowhere cannot be read"),
        ("[providers.apify]\nbase_url = 'ftp://x'", "config.toml:2:1: providers.apify.base_url: must begin with"),
        ("[providers]\napify = 1", "config.toml:2:1: providers.apify: a provider is a table"),
        ("[import\nmax_rows = 1", "config.toml:1:"),
        ("[import]\nmax_rows = 1\nmax_rows = 2", "config.toml:3:1: "),
    ] {
        let found = complaints(text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{text}\n{found:?}");
    }
}

#[test]
fn variables_are_read_as_the_kind_of_their_key_and_wrong_ones_are_named() {
    let nothing = tempfile::tempdir().unwrap();
    let config = load(
        nothing.path(),
        &[
            ("GALENA__IMPORT__MAX_FILE_BYTES", "1024"),
            ("GALENA__ENRICHMENT__DNS_LOOKUP", "false"),
            ("GALENA__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
            ("GALENA__SERVER__PUBLIC_URL", ""),
            ("GALENA__CREDITS__ALERT_PERCENT", "50,5"),
            ("GALENA__PROVIDERS__APIFY__BASE_URL", "http://127.0.0.1:9"),
            ("GALENA_UNRELATED", "x"),
        ],
        &[],
    )
    .unwrap()
    .config;
    assert_eq!(config.import.max_file_bytes, ByteSize(1024));
    assert!(!config.enrichment.dns_lookup);
    let proxies: Vec<Network> = ["10.0.0.0/8", "::1"].map(|network| network.parse().unwrap()).into();
    assert_eq!(config.server.trusted_proxies, proxies);
    assert_eq!(config.server.public_url, None);
    assert_eq!(config.credits.alert_percent, [50, 5]);
    assert_eq!(config.providers["apify"].base_url.as_deref(), Some("http://127.0.0.1:9"));

    let error = load(nothing.path(), &[("GALENA__IMPORT__MAX_ROW", "1")], &[]).unwrap_err();
    assert_eq!(error.problems[0].origin, Origin::Variable("GALENA__IMPORT__MAX_ROW".to_owned()));
    assert!(error.to_string().contains("import.max_rows"));
    let error = load(nothing.path(), &[("GALENA__IMPORT__MAX_ROWS", "many")], &[]).unwrap_err().to_string();
    assert!(error.starts_with("environment variable GALENA__IMPORT__MAX_ROWS: import.max_rows: "), "{error}");
}

#[test]
fn the_names_of_the_documents_are_understood() {
    let nothing = tempfile::tempdir().unwrap();
    let variables = [
        ("APIFY_API_KEY", "apify_api_secret"),
        ("APIFY_ACTOR_ID", "acme/enrich"),
        ("ENRICHMENT_RATE_LIMIT", "100"),
        ("EXPORT_FILE_TTL", "48"),
        ("S3_BUCKET_LEADS", "leads"),
        ("S3_SECRET_KEY", "s3-secret"),
    ];
    let loaded = load(nothing.path(), &variables, &[]).unwrap();
    let apify = &loaded.config.providers["apify"];
    assert_eq!(apify.api_key.as_ref().map(|key| key.expose()), Some("apify_api_secret"));
    assert_eq!((apify.actor_id.as_deref(), apify.rate_limit), (Some("acme/enrich"), 100));
    assert_eq!(loaded.config.export.ttl, Period::hours(48));
    assert_eq!(loaded.warnings.len(), 1);
    let warning = &loaded.warnings[0];
    assert!(warning.contains("S3_BUCKET_LEADS, S3_SECRET_KEY") && !warning.contains("s3-secret"), "{warning}");

    // Our own name wins over the document's.
    let both = [("EXPORT_FILE_TTL", "48"), ("GALENA__EXPORT__TTL", "2h")];
    assert_eq!(load(nothing.path(), &both, &[]).unwrap().config.export.ttl, Period::hours(2));
    assert!(load(nothing.path(), &[("EXPORT_FILE_TTL", "soon")], &[]).is_err());
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let directory = directory("");
    let secret = directory.path().join("key");
    std::fs::write(&secret, "s3cret\r\n").unwrap();
    let path = secret.to_str().unwrap();
    let variables = [("GALENA__PROVIDERS__APIFY__API_KEY_FILE", path), ("GALENA__STORE__MASTER_KEY", "m4ster")];
    let loaded = load(directory.path(), &variables, &[]).unwrap();
    let expose = |secret: &Option<config::Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
    assert_eq!(expose(&loaded.config.providers["apify"].api_key).as_deref(), Some("s3cret"));
    assert_eq!(expose(&loaded.config.store.master_key).as_deref(), Some("m4ster"));
    let shown =
        [format!("{loaded:?}"), config::printed(&loaded.config), serde_json::to_string(&loaded.config).unwrap()];
    for text in &shown {
        assert!(!text.contains("s3cret") && !text.contains("m4ster"), "{text}");
        assert!(text.contains("(set, not shown)"), "{text}");
    }

    let twice = [("GALENA__STORE__MASTER_KEY_FILE", path), ("GALENA__STORE__MASTER_KEY", "m4ster")];
    let error = load(directory.path(), &twice, &[]).unwrap_err().to_string();
    assert!(error.contains("given twice") && !error.contains("m4ster"), "{error}");
    let missing = [("GALENA__STORE__MASTER_KEY_FILE", "/nowhere/key")];
    let error = load(directory.path(), &missing, &[]).unwrap_err().to_string();
    assert!(error.starts_with("environment variable GALENA__STORE__MASTER_KEY_FILE"), "{error}");
    // A key that TOML takes for a number is not quoted back.
    assert_eq!(
        complaints("[providers.apify]\napi_key = 123456"),
        ["config.toml:2:1: providers.apify.api_key: must be a text"]
    );
    // Nor is the line of a file that is not TOML.
    assert!(!complaints("[providers.apify]\napi_key = s3cret")[0].contains("s3cret"));
}

#[test]
fn a_systemd_credential_is_the_master_key_when_no_other_is_given() {
    let directory = directory("");
    std::fs::write(directory.path().join("galena.master_key"), "from systemd\n").unwrap();
    let credentials = ("CREDENTIALS_DIRECTORY", directory.path().to_str().unwrap());
    let key = |variables: &[(&str, &str)]| {
        load(directory.path(), variables, &[]).unwrap().config.store.master_key.map(|key| key.expose().to_owned())
    };
    assert_eq!(key(&[credentials]).as_deref(), Some("from systemd"));
    assert_eq!(key(&[credentials, ("GALENA__STORE__MASTER_KEY", "own")]).as_deref(), Some("own"));
    assert_eq!(key(&[]), None);
}

#[test]
fn what_is_printed_is_read_back_as_the_same() {
    let text = "[server]\nlisten = '0.0.0.0:80'\npublic_url = 'https://a.example'\n\n[import]\nmax_file_bytes = 1000\n\n\
                [log]\nformat = 'json'\n\n[providers.apify]\nenabled = false\nrate_limit = 60\n";
    let config = load_file(text).unwrap().config;
    assert_eq!(load_file(&config::printed(&config)).unwrap().config, config);
}
