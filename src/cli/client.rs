//! The way of a command to a server: one client, three doors.
//!
//! 1. `--url`: a server elsewhere, over HTTP(S) with a key.
//! 2. The socket in the data directory, when somebody answers there.
//! 3. Otherwise the house is started in this process, behind the same socket, for as long as the command runs; other
//!    commands can use it meanwhile. When it ends under one of them, that one opens a door again and goes on: what it
//!    began is rows, and the next house finishes them.
//!
//! So a command speaks HTTP and nothing else, and does the same through every door.

mod house;
mod lists;
mod local;
mod refusal;
mod transport;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::RwLock;

use self::local::Local;
use self::transport::{Answer, Content, Method, Request, Transport, TransportError};
use super::context::Context;
use super::exit::{CliError, Exit};
use super::remote::RemoteArgs;
use super::runtime;
use crate::deps::{Clock, Deps};

pub use self::house::House;
pub use self::lists::NamedList;
pub use self::transport::Upload;

const BASE: &str = "/api/v1";
/// How long a busy server is asked again.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at work that is going on.
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LAST_LOOK: Duration = Duration::from_millis(500);

/// Speaks to the server of a command. Paths are those below `/api/v1`, such as `/leads/lists`.
pub struct Client {
    transport: RwLock<Arc<Transport>>,
    /// `None` for a server elsewhere.
    local: Option<Local>,
    /// `X-Workspace`, where a command names one.
    workspace: Option<String>,
    deps: Deps,
}

/// Opens the client, does `work` with it and closes it, also at Ctrl-C: a house in this process is stopped in order.
pub fn with_client<T>(
    context: &Context,
    remote: &RemoteArgs,
    work: impl AsyncFnOnce(&Client) -> Result<T, CliError>,
) -> Result<T, CliError> {
    in_workspace(context, remote, None, work)
}

/// The same in the workspace with this id.
pub fn in_workspace<T>(
    context: &Context,
    remote: &RemoteArgs,
    workspace: Option<&str>,
    work: impl AsyncFnOnce(&Client) -> Result<T, CliError>,
) -> Result<T, CliError> {
    runtime::on_runtime(async {
        let mut client = runtime::until_interrupted(Client::open(context, remote)).await?;
        client.workspace = workspace.map(str::to_owned);
        let result = runtime::until_interrupted(work(&client)).await;
        client.close().await;
        result
    })
}

impl Client {
    /// # Errors
    /// No server can be spoken to; exit code 5 when a process has the directory and does not answer.
    pub async fn open(context: &Context, remote: &RemoteArgs) -> Result<Self, CliError> {
        let deps = Deps::real();
        let (transport, local) = match remote.remote(&context.environment)? {
            Some(remote) => (Transport::to(&remote)?, None),
            None => {
                let local = Local::of(context)?;
                (local.attach(&deps).await?, Some(local))
            }
        };
        Ok(Self { transport: RwLock::new(Arc::new(transport)), local, workspace: None, deps })
    }

    /// A client of the server that works on the data directory here; `None` when nobody answers there.
    ///
    /// # Errors
    /// The configuration is wrong, or nothing was ever set up in the directory.
    pub async fn of_whoever_answers(context: &Context) -> Result<Option<Self>, CliError> {
        let (local, deps) = (Local::of(context)?, Deps::real());
        let transport = local.answering(&deps).await?;
        let client =
            |transport| Self { transport: RwLock::new(Arc::new(transport)), local: None, workspace: None, deps };
        Ok(transport.map(client))
    }

    /// A client of a house that the caller runs.
    pub fn of(house: &House) -> Result<Self, CliError> {
        let transport = Transport::over_socket(house.socket())?;
        Ok(Self { transport: RwLock::new(Arc::new(transport)), local: None, workspace: None, deps: Deps::real() })
    }

    /// Stops the house, where it was started for this command.
    pub async fn close(self) {
        if let Some(local) = self.local {
            local.detach().await;
        }
    }

    pub fn clock(&self) -> &dyn Clock {
        &*self.deps.clock
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, CliError> {
        decode(self.call(Method::GET, path, query, Content::Nothing).await?).await
    }

    /// All rows of a listing, page by page.
    pub async fn all(&self, path: &str, more: &[(&str, &str)]) -> Result<Vec<Value>, CliError> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            data: Vec<Value>,
            next_cursor: Option<String>,
        }
        let mut rows = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut query = vec![("limit", "500")];
            query.extend_from_slice(more);
            query.extend(after.as_deref().map(|after| ("after", after)));
            let page: Page = self.get(path, &query).await?;
            rows.extend(page.data);
            after = page.next_cursor;
            if after.is_none() {
                return Ok(rows);
            }
        }
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, CliError> {
        decode(self.call(Method::POST, path, &[], Content::Json(body)).await?).await
    }

    pub async fn patch<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, CliError> {
        decode(self.call(Method::PATCH, path, &[], Content::Json(body)).await?).await
    }

    pub async fn delete(&self, path: &str) -> Result<(), CliError> {
        self.call(Method::DELETE, path, &[], Content::Nothing).await.map(drop)
    }

    /// Posts a file, streamed from the disk.
    ///
    /// # Errors
    /// Exit code 3 when the file cannot be read, by this process or as what it should be.
    pub async fn upload<T: DeserializeOwned>(&self, path: &str, upload: &Upload<'_>) -> Result<T, CliError> {
        let readable = std::fs::File::open(upload.file);
        readable.map_err(|error| CliError::unreadable(format!("{}: {error}", upload.file.display())))?;
        decode(self.call(Method::POST, path, &[], Content::Upload(upload)).await?).await
    }

    /// Writes the body of an answer to `to` as it comes. Gives its bytes.
    pub async fn download(&self, path: &str, to: &mut dyn Write) -> Result<u64, CliError> {
        let mut answer = self.call(Method::GET, path, &[], Content::Nothing).await?;
        let mut bytes = 0;
        while let Some(chunk) = answer.chunk().await? {
            to.write_all(&chunk).map_err(|error| not_written(&error))?;
            bytes += chunk.len() as u64;
        }
        to.flush().map_err(|error| not_written(&error))?;
        Ok(bytes)
    }

    /// The same into a file, which appears whole or not at all.
    pub async fn download_file(&self, path: &str, file: &Path) -> Result<u64, CliError> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let failed = |error: &dyn std::fmt::Display| {
            CliError::new(
                Exit::Failed,
                "OUTPUT_FAILED",
                "the file cannot be written",
                format!("{}: {error}", file.display()),
            )
        };
        let mut half = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
        let bytes = self.download(path, &mut half).await?;
        half.as_file().sync_all().map_err(|error| failed(&error))?;
        let kept = half.persist(file).map_err(|error| failed(&error.error))?;
        // A temporary file is for its maker alone; this one is what the person asked for.
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o640);
        kept.set_permissions(mode).map_err(|error| failed(&error))?;
        Ok(bytes)
    }

    /// Looks at `path` until `done` says so, and tells `seen` each state. Gives the last one.
    pub async fn watch<T: DeserializeOwned>(
        &self,
        path: &str,
        mut seen: impl FnMut(&T),
        done: impl Fn(&T) -> bool,
    ) -> Result<T, CliError> {
        let mut pause = FIRST_LOOK;
        loop {
            let broken = match &self.local {
                Some(local) => local.is_broken().await,
                None => false,
            };
            if broken {
                return Err(CliError::new(
                    Exit::Failed,
                    "INTERNAL",
                    "something broke",
                    "the work goes on at the next start",
                ));
            }
            let state: T = self.get(path, &[]).await?;
            seen(&state);
            if done(&state) {
                return Ok(state);
            }
            self.deps.clock.sleep(pause).await;
            pause = (pause * 6 / 5).min(LAST_LOOK);
        }
    }

    /// Sends, asks a busy server again, and opens another door when the local one closed.
    async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        content: Content<'_>,
    ) -> Result<Answer, CliError> {
        let path = format!("{BASE}{path}");
        let mut headers = Vec::new();
        if method == Method::POST {
            // The same for every time that this request is sent, so that it is done once.
            let random = &self.deps.random;
            headers.push(("idempotency-key", format!("cli-{:016x}{:016x}", random.u64(), random.u64())));
        }
        if let Some(workspace) = &self.workspace {
            headers.push(("x-workspace", workspace.clone()));
        }
        let request = Request { method, path: &path, query, headers, content };
        let until = self.deps.clock.monotonic() + PATIENCE;
        loop {
            let transport = Arc::clone(&*self.transport.read().await);
            let answer = match (transport.send(&request).await, &self.local) {
                (Err(error), Some(local))
                    if self.deps.clock.monotonic() < until && request.may_be_sent_again_after(&error) =>
                {
                    *self.transport.write().await = Arc::new(local.attach(&self.deps).await?);
                    continue;
                }
                (answer, _) => answer?,
            };
            if answer.is_success() {
                return Ok(answer);
            }
            let busy = matches!(answer.status(), 429 | 503) && self.deps.clock.monotonic() < until;
            let Some(pause) = answer.header("retry-after").and_then(|text| text.parse().ok()).filter(|_| busy) else {
                return Err(refusal::of_answer(answer.status(), &answer.body().await?));
            };
            self.deps.clock.sleep(Duration::from_secs(pause).min(PATIENCE)).await;
        }
    }
}

impl Request<'_> {
    /// The local door may close while a request goes through it, because the command that held it open has ended. What
    /// reads, and what is done once however often it is asked for, is asked for again at the next door.
    fn may_be_sent_again_after(&self, error: &TransportError) -> bool {
        match error {
            TransportError::NotConnected(_) => true,
            TransportError::Broken(_) => matches!(self.method, Method::GET | Method::POST),
            _ => false,
        }
    }
}

/// An empty body stands for `null`: answers without content.
async fn decode<T: DeserializeOwned>(answer: Answer) -> Result<T, CliError> {
    let body = answer.body().await?;
    let body = if body.is_empty() { &b"null"[..] } else { &body };
    serde_json::from_slice(body).map_err(|error| {
        CliError::new(Exit::Failed, "NOT_GALENA", "the answer is not understood", error.to_string())
            .with_hint("is the server of the same version as this program?")
    })
}

fn not_written(error: &std::io::Error) -> CliError {
    CliError::new(Exit::Failed, "OUTPUT_FAILED", "the output cannot be written", error.to_string())
}
