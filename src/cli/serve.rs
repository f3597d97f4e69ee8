//! `galena serve`: the server, until a signal or an actor that cannot go on ends it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::context::Context;
use super::exit::{CliError, Exit};
use super::house;
use super::logging::Audience;
use super::output::{self, Report};
use crate::app::{Running, set_up};
use crate::config::Config;
use crate::deps::Deps;
use crate::http::server::Server;

/// For the actors, after the requests have had `server.shutdown_grace`.
const ACTORS_STOP_WITHIN: Duration = Duration::from_secs(20);

/// A process that was killed may hold the data directory until the disk has taken its last write: three seconds.
const TRIES: usize = 30;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Address and port to listen on [default: server.listen of the configuration]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
}

/// Why serving ended.
enum End {
    Signal,
    GivenUp(String),
}

/// # Errors
/// When the directory is in use (exit 5), the address is taken, or an actor was given up.
pub fn run(args: ServeArgs, context: &Context) -> Result<Report, CliError> {
    let flags: Vec<_> = args.listen.iter().map(|address| ("--listen", "server.listen", address.to_string())).collect();
    let loaded = context.start(Audience::Service, &flags)?;
    let failed = |error: std::io::Error| CliError::new(Exit::Failed, "INTERNAL", "cannot start", error.to_string());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(serve(loaded.config, context))?;
    Ok(Report::Written)
}

async fn serve(config: Config, context: &Context) -> Result<(), CliError> {
    let failed = |detail: String| CliError::new(Exit::Failed, "INTERNAL", "cannot serve", detail);
    // Before anything is opened: a signal during the start is an orderly end, too.
    let mut terminated = signal(SignalKind::terminate()).map_err(|error| failed(error.to_string()))?;
    let (listen, grace) = (config.server.listen, config.server.shutdown_grace.0);

    let running = after_another(config, &context.data_dir).await?;
    let server = match Server::start(Arc::clone(&running.app), listen).await {
        Ok(server) => server,
        Err(error) => {
            running.stop(ACTORS_STOP_WITHIN).await;
            return Err(failed(error.to_string()));
        }
    };
    tracing::info!(address = %server.address(), data_dir = %context.data_dir.display(), "listening");
    welcome(&running, &server).await.map_err(failed)?;

    let end = tokio::select! {
        _ = terminated.recv() => End::Signal,
        _ = tokio::signal::ctrl_c() => End::Signal,
        escalation = running.escalated() => End::GivenUp(escalation.to_string()),
    };
    tracing::info!("stopping");
    server.stop(grace).await;
    let report = running.stop(ACTORS_STOP_WITHIN).await;
    for (actor, reason) in &report.unclean {
        tracing::warn!(actor, reason, "an actor did not end in order; the next start goes on from its rows");
    }
    match end {
        End::Signal => Ok(()),
        End::GivenUp(reason) => Err(CliError::new(Exit::Failed, "INTERNAL", "the server cannot go on", reason)
            .with_hint("nothing acknowledged is lost; start it again, and run galena check when it happens again")),
    }
}

/// Starts the house; a process that is just ending gets a moment to let go of the data directory.
async fn after_another(config: Config, data_dir: &Path) -> Result<Running, CliError> {
    let clock = Deps::real().clock;
    for _ in 1..TRIES {
        match house::start(config.clone(), data_dir).await {
            Err(error) if error.code == Exit::InUse => clock.sleep(BETWEEN_TRIES).await,
            ended => return ended,
        }
    }
    house::start(config, data_dir).await
}

/// Tells a person where the server is, and how the first owner comes in.
async fn welcome(running: &Running, server: &Server) -> Result<(), String> {
    let app = &running.app;
    let base = app.config.server.public_url.clone().unwrap_or_else(|| format!("http://{}", server.address()));
    let base = base.trim_end_matches('/');
    output::note(&format!("galena {} at {base}", env!("CARGO_PKG_VERSION")));
    if set_up::is_needed(app).await.map_err(|error| error.to_string())? {
        let token = set_up::new_link(app).await.map_err(|error| error.to_string())?;
        output::note(&format!("nobody is set up yet; this link works once:\n  {base}/setup?token={}", token.expose()));
    }
    Ok(())
}
