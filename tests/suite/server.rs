//! A real server on port 0 in a temporary data directory, set up, with keys of two workspaces.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use galena::app::set_up::{FirstOwner, new_key, new_workspace, set_up};
use galena::app::{App, Running};
use galena::config::Config;
use galena::config::plans::Plans;
use galena::deps::Deps;
use galena::http::server::Server;
use galena::store::crypt::{Passwords, Secret};
use galena::store::directory::DataDirectory;
use galena::store::records::access::KeyScope;
use galena::store::transactions::access::{CreateKey, CreateWorkspace};
use galena::store::{Origin, Urgency};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

pub const EMAIL: &str = "owner@example.com";
pub const PASSWORD: &str = "correct horse battery";

/// A server that a test talks to. End it with [`TestServer::stop`] where the end matters; else it is dropped.
pub struct TestServer {
    pub app: Arc<App>,
    /// `http://127.0.0.1:PORT`
    pub base: String,
    /// An owner key of the first workspace.
    pub key: String,
    /// An owner key of a second workspace, which must not see the first.
    pub foreign_key: String,
    pub client: reqwest::Client,
    pub directory: tempfile::TempDir,
    running: Running,
    server: Server,
}

/// What came back.
pub struct Answered {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answered {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}: {}", self.status, self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("no header {name}: {:?}", self.headers));
        value.to_str().unwrap()
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// A problem with this status and code, complete as the contract says; gives the document.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(problem["requestId"], self.header("x-request-id"), "{problem}");
        assert!(problem["title"].is_string() && problem["type"].is_string(), "{problem}");
        problem
    }
}

impl TestServer {
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// A server with settings of its own.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut server = Self::start_bare(directory, change).await;
        let first = FirstOwner {
            email: EMAIL.to_owned(),
            password: Secret::new(PASSWORD),
            workspace_name: "Main".to_owned(),
            token: None,
            sandbox: false,
        };
        let origin = Origin::system(server.app.deps.clock.now());
        server.key = set_up(&server.app, first, origin.clone()).await.unwrap().key.expose().to_owned();
        let (foreign, key) = new_key(&server.app, "foreign", vec![KeyScope::Owner]);
        let workspace = new_workspace(&server.app, "Other".to_owned()).unwrap();
        let create = CreateWorkspace { origin, workspace, owner: None, key: Some(key) };
        server.app.store.submit(create, Urgency::Interactive).await.unwrap();
        server.foreign_key = foreign.expose().to_owned();
        server
    }

    /// A server that nobody has set up.
    pub async fn start_bare(directory: tempfile::TempDir, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        config.enrichment.dns_lookup = false;
        config.limits.requests_per_minute = 0;
        change(&mut config);
        let place = DataDirectory::new(directory.path().join("data"));
        let plans = Plans::built_in().unwrap();
        let running = Running::start(config, plans, Deps::real(), place, Passwords::cheap()).await.unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start(Arc::clone(&running.app), address).await.unwrap();
        let base = format!("http://{}", server.address());
        Self {
            app: Arc::clone(&running.app),
            base,
            key: String::new(),
            foreign_key: String::new(),
            client: client(reqwest::Client::builder()),
            directory,
            running,
            server,
        }
    }

    /// The socket for commands on the box.
    pub fn socket(&self) -> PathBuf {
        self.app.directory.socket()
    }

    /// A request to `path` behind `/api/v1` with the owner key.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}/api/v1{path}", self.base)).bearer_auth(&self.key)
    }

    pub async fn get(&self, path: &str) -> Answered {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answered {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answered {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answered {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answered {
        Answered::of(request.send().await.unwrap()).await
    }

    /// Makes a list and gives its id.
    pub async fn list(&self, name: &str) -> String {
        let list = self.post("/leads/lists", &serde_json::json!({ "name": name })).await.expect(201);
        list["id"].as_str().unwrap().to_owned()
    }

    /// Makes a key of the first workspace with these scopes.
    pub async fn key_with(&self, scopes: Vec<KeyScope>) -> String {
        let owner = galena::store::crypt::Token::parse(galena::store::crypt::TokenKind::ApiKey, &self.key).unwrap();
        let hash = *owner.hash().as_bytes();
        let principal =
            self.app.store.read(move |view| galena::store::access::by_key(view, hash)).await.unwrap().unwrap();
        let (token, key) = new_key(&self.app, "scoped", scopes);
        let origin = Origin::system(self.app.deps.clock.now());
        let create = CreateKey { scope: principal.scope, origin, key, created_by: None };
        self.app.store.submit(create, Urgency::Interactive).await.unwrap();
        token.expose().to_owned()
    }

    /// Stops in order and gives the directory, to be opened again.
    pub async fn stop(self) -> tempfile::TempDir {
        let Self { app, running, server, directory, .. } = self;
        server.stop(Duration::from_secs(10)).await;
        let report = running.stop(Duration::from_secs(10)).await;
        assert!(report.unclean.is_empty(), "{report:?}");
        drop(app);
        directory
    }
}

/// A client that does not follow redirects and goes through no proxy.
pub fn client(builder: reqwest::ClientBuilder) -> reqwest::Client {
    // Fails only when a provider is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder.redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}
