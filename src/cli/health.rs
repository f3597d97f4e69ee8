//! `galena health`: whether a server answers; for a container's health check.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::context::Context;
use super::exit::{CliError, Exit};
use super::output::Report;
use super::runtime;
use crate::deps::{Deps, Method, OutgoingRequest};
use crate::store::directory::DataDirectory;

const PATIENCE: Duration = Duration::from_secs(5);
/// More than any head of an answer.
const LONGEST: u64 = 64 * 1024;

#[derive(Debug, Clone, Args)]
pub struct HealthArgs {
    /// Address of the server [default: the socket in the data directory]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Ask whether it is ready for work, not only whether it is there
    #[arg(long)]
    pub ready: bool,
}

/// # Errors
/// Exit 1 when nobody answers, or the answer is not 200.
pub fn run(args: HealthArgs, context: &Context) -> Result<Report, CliError> {
    let path = if args.ready { "/readyz" } else { "/healthz" };
    let socket = DataDirectory::new(&context.data_dir).socket();
    let status = runtime::block_on(async {
        let deps = Deps::real();
        let asked = async {
            match &args.url {
                Some(url) => over_tcp(&deps, &format!("{}{path}", url.trim_end_matches('/'))).await,
                None => over_socket(&socket, path).await,
            }
        };
        tokio::select! {
            status = asked => status.map_err(unhealthy),
            () = deps.clock.sleep(PATIENCE) => Err(unhealthy(format!("no answer within {} s", PATIENCE.as_secs()))),
        }
    })?;
    if status != 200 {
        return Err(unhealthy(format!("{path} answers {status}")));
    }
    Report::new(&json!({ "status": "ok" }), "ok\n")
}

fn unhealthy(detail: String) -> CliError {
    CliError::new(Exit::Failed, "UNHEALTHY", "the server is not healthy", detail)
}

async fn over_tcp(deps: &Deps, url: &str) -> Result<u16, String> {
    let request = OutgoingRequest { timeout: PATIENCE, ..OutgoingRequest::new(Method::GET, url) };
    let answer = deps.http.send(request).await.map_err(|error| error.to_string())?;
    Ok(answer.status.as_u16())
}

/// One GET by hand: the status line is all that is wanted.
async fn over_socket(socket: &Path, path: &str) -> Result<u16, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", socket.display());
    let mut stream = UnixStream::connect(socket).await.map_err(failed)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).await.map_err(failed)?;
    let head = String::from_utf8_lossy(&answer);
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok());
    status.ok_or_else(|| format!("{}: this is no HTTP server", socket.display()))
}
