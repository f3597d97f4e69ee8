//! The house in this process, for the time of one command: behind a socket, and at an address too where one is named.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::super::house;
use crate::app::{App, Running};
use crate::cli::exit::{CliError, Exit};
use crate::config::Config;
use crate::http::server::{ListenError, Server, SocketServer};
use crate::store::directory::DataDirectory;

/// What is running has so long to come to an end; what does not is finished by the next start.
const STOP_WITHIN: Duration = Duration::from_secs(20);

pub struct House {
    running: Running,
    listening: Listening,
    socket: PathBuf,
    /// Holds the socket where the data directory's own path is too long for one.
    _folder: Option<tempfile::TempDir>,
}

enum Listening {
    Socket(SocketServer),
    Network(Server),
}

impl House {
    /// Takes the directory, starts the actors and listens on the socket alone.
    ///
    /// # Errors
    /// Exit code 5 when another process has the directory.
    pub async fn start(config: Config, data_dir: &Path) -> Result<Self, CliError> {
        let (socket, folder) = socket(data_dir)?;
        let running = house::start(config, data_dir).await?;
        match SocketServer::start(Arc::clone(&running.app), socket.clone()) {
            Ok(server) => Ok(Self { running, listening: Listening::Socket(server), socket, _folder: folder }),
            Err(error) => Err(given_up(running, &error).await),
        }
    }

    /// The same, and listens on `address`.
    pub async fn start_at(config: Config, data_dir: &Path, address: SocketAddr) -> Result<Self, CliError> {
        let socket = DataDirectory::new(data_dir).socket();
        let running = house::start(config, data_dir).await?;
        match Server::start(Arc::clone(&running.app), address).await {
            Ok(server) => Ok(Self { running, listening: Listening::Network(server), socket, _folder: None }),
            Err(error) => Err(given_up(running, &error).await),
        }
    }

    pub fn app(&self) -> &Arc<App> {
        &self.running.app
    }

    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Where it listens beside the socket.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.listening {
            Listening::Socket(_) => None,
            Listening::Network(server) => Some(server.address()),
        }
    }

    /// Requests in flight come to their end, then the actors do.
    pub async fn stop(self) {
        match self.listening {
            Listening::Socket(server) => server.stop(STOP_WITHIN).await,
            Listening::Network(server) => server.stop(STOP_WITHIN).await,
        }
        self.running.stop(STOP_WITHIN).await;
    }
}

async fn given_up(running: Running, error: &ListenError) -> CliError {
    running.stop(STOP_WITHIN).await;
    CliError::new(Exit::Failed, "INTERNAL", "cannot listen", error.to_string())
}

/// The length of `sun_path` without its end, on Linux.
const LONGEST_SOCKET: usize = 107;

fn socket(data_dir: &Path) -> Result<(PathBuf, Option<tempfile::TempDir>), CliError> {
    let usual = DataDirectory::new(data_dir).socket();
    if usual.as_os_str().len() <= LONGEST_SOCKET {
        return Ok((usual, None));
    }
    let folder = tempfile::Builder::new().prefix("galena-").tempdir();
    let folder = folder.map_err(|error| CliError::new(Exit::Failed, "INTERNAL", "cannot start", error.to_string()))?;
    Ok((folder.path().join("galena.sock"), Some(folder)))
}
