//! Nothing that opens a door lies in the data directory or in the log: the store keeps hashes and sealed bytes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use galena::app::set_up;
use galena::store::access;
use galena::store::crypt::{Token, TokenKind};
use galena::store::transactions::credentials;
use reqwest::Method;
use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;

use crate::browser::cookie_of;
use crate::server::TestServer;

const PASSWORD: &str = "Zx9-velvet-otter-QUARTZ";
const NEW_PASSWORD: &str = "Hj4-copper-heron-BASALT";
const CREDENTIAL: &str = "apify_api_S3cr3tK3y0fTheW0rkspace";

/// Everything that is logged in this process.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}

fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[tokio::test]
async fn no_file_and_no_log_line_holds_a_secret() {
    let captured = Captured::default();
    let writer = captured.clone();
    let log = tracing_subscriber::fmt().with_env_filter(EnvFilter::new("debug,galena=trace"));
    let is_ours = log.with_writer(move || writer.clone()).try_init().is_ok();

    let server = TestServer::start_bare(tempfile::tempdir().unwrap(), |_| ()).await;
    let url = |path: &str| format!("{}/api/v1{path}", server.base);
    let link = set_up::new_link(&server.app).await.unwrap();
    let mut secrets = vec![PASSWORD.to_owned(), NEW_PASSWORD.to_owned(), CREDENTIAL.to_owned()];
    secrets.push(link.expose().to_owned());

    // Set up, wrongly first: what is refused is not logged either.
    for password in ["Ab1-too", PASSWORD] {
        let body = json!({ "token": link.expose(), "email": "owner@example.com", "password": password });
        let answer = server.send(server.client.post(url("/setup")).json(&body)).await;
        if answer.status == 201 {
            secrets.push(cookie_of(&answer).split_once('=').unwrap().1.to_owned());
            let done = answer.json();
            secrets.push(done["apiKey"].as_str().unwrap().to_owned());
            secrets.push(done["session"]["csrfToken"].as_str().unwrap().to_owned());
        }
    }
    let [cookie, owner_key, csrf] = [4, 5, 6].map(|place: usize| secrets[place].clone());

    // A password change and a further key through the browser, a credential and a failure through the key.
    let as_browser = |method: Method, path: &str, body: Value| {
        let request = server.client.request(method, url(path)).header("cookie", format!("galena={cookie}"));
        request.header("x-csrf-token", &csrf).json(&body)
    };
    let made = server.send(as_browser(Method::POST, "/api-keys", json!({ "name": "CRM" }))).await.expect(201);
    secrets.push(made["key"].as_str().unwrap().to_owned());
    let with_key = |method: Method, path: &str, body: Value| {
        server.client.request(method, url(path)).bearer_auth(&owner_key).json(&body)
    };
    let put = with_key(Method::PUT, "/providers/apify/credential", json!({ "secret": CREDENTIAL }));
    let shown = server.send(put).await;
    assert!(!shown.text.contains(CREDENTIAL), "{}", shown.text);
    let shown = shown.expect(200);
    assert_eq!((&shown["credential"]["owner"], &shown["credential"]["hint"]), (&json!("workspace"), &json!("...pace")));
    assert!(shown["credential"]["setAt"].is_string());
    server
        .send(with_key(Method::PUT, "/providers/Not A Slug/credential", json!({ "secret": CREDENTIAL })))
        .await
        .expect(404);
    server
        .send(with_key(Method::PUT, "/providers/apify/credential", json!({ "secret": [CREDENTIAL] })))
        .await
        .expect(400);
    let user = json!({ "email": "ada@example.com", "password": NEW_PASSWORD });
    server.send(with_key(Method::POST, "/users", user)).await.expect(201);
    let sign_in = json!({ "email": "ada@example.com", "password": PASSWORD });
    server.send(server.client.post(url("/session")).json(&sign_in)).await.expect(401);
    let change = json!({ "currentPassword": PASSWORD, "newPassword": NEW_PASSWORD });
    let changed = server.send(as_browser(Method::PUT, "/session/password", change)).await;
    secrets.push(cookie_of(&changed).split_once('=').unwrap().1.to_owned());
    changed.expect(200);
    let providers = server.send(with_key(Method::GET, "/providers", Value::Null)).await;
    let log = server.send(with_key(Method::GET, "/audit", Value::Null)).await;
    for answer in [&providers, &log] {
        assert!(secrets.iter().all(|secret| !answer.text.contains(secret)), "{}", answer.text);
    }

    // It is there all the same, for the call that needs it.
    let hash = *Token::parse(TokenKind::ApiKey, &owner_key).unwrap().hash().as_bytes();
    let app = Arc::clone(&server.app);
    let view = app.store.view().unwrap();
    let scope = access::by_key(&view, hash).unwrap().unwrap().scope;
    let opened = credentials::open(&view, &app.sealer, &scope, "apify").unwrap().unwrap();
    assert_eq!(opened.expose(), CREDENTIAL);
    drop((view, app));

    let directory = server.stop().await;
    let files = files(directory.path());
    assert!(files.iter().any(|file| file.ends_with("store.redb")), "{files:?}");
    let logged = captured.0.lock().unwrap().clone();
    if is_ours {
        assert!(holds(&logged, "a sign-in was refused"), "the log was captured");
    } else {
        println!("skipped: another test of this process has the log");
    }
    for secret in &secrets {
        // The random part alone would do, too.
        let (_, body) = secret.split_once('_').filter(|_| secret.starts_with("gal")).unwrap_or(("", secret));
        for file in &files {
            assert!(!holds(&std::fs::read(file).unwrap(), body), "{} holds a secret", file.display());
        }
        assert!(!holds(&logged, body), "the log holds a secret");
    }
}
