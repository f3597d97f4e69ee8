//! The house in this process, behind a socket and nothing else: for the time of one command.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::transport::TransportError;
use crate::app::{App, Running, StartError};
use crate::cli::exit::{CliError, Exit};
use crate::config::Config;
use crate::config::plans::Plans;
use crate::deps::Deps;
use crate::http::server::{ListenError, SocketServer};
use crate::store::crypt::Passwords;
use crate::store::directory::DataDirectory;

/// What is running has so long to come to an end; what does not is finished by the next start.
const STOP_WITHIN: Duration = Duration::from_secs(20);

pub struct House {
    running: Running,
    server: SocketServer,
    socket: PathBuf,
    /// Holds the socket where the data directory's own path is too long for one.
    _folder: Option<tempfile::TempDir>,
}

/// Why it did not start.
#[derive(Debug, thiserror::Error)]
pub enum HouseError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("no way to the socket: {0}")]
    Door(TransportError),
    #[error("no folder for the socket: {0}")]
    Folder(std::io::Error),
}

impl HouseError {
    /// Whether another process has the directory.
    pub fn is_in_use(&self) -> bool {
        matches!(self, Self::Start(StartError::Directory(error)) if error.is_in_use())
    }
}

impl From<HouseError> for CliError {
    fn from(error: HouseError) -> Self {
        let text = error.to_string();
        if error.is_in_use() {
            return Self::new(Exit::InUse, "IN_USE", "the data directory is in use", text)
                .with_hint("it does not answer on its socket; wait until it ends, or end it");
        }
        Self::new(Exit::Failed, "START_FAILED", "the data directory cannot be opened", text)
    }
}

impl House {
    /// Takes the directory, starts the actors and listens on the socket.
    pub async fn start(config: Config, plans: Plans, deps: Deps, directory: DataDirectory) -> Result<Self, HouseError> {
        let (socket, folder) = socket(&directory)?;
        let running = Running::start(config, plans, deps, directory, Passwords::default()).await?;
        match SocketServer::start(Arc::clone(&running.app), socket.clone()) {
            Ok(server) => Ok(Self { running, server, socket, _folder: folder }),
            Err(error) => {
                running.stop(STOP_WITHIN).await;
                Err(error.into())
            }
        }
    }

    pub fn app(&self) -> &Arc<App> {
        &self.running.app
    }

    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Requests in flight come to their end, then the actors do.
    pub async fn stop(self) {
        self.server.stop(STOP_WITHIN).await;
        self.running.stop(STOP_WITHIN).await;
    }
}

/// The length of `sun_path` with its end, on Linux.
const LONGEST_SOCKET: usize = 107;

fn socket(directory: &DataDirectory) -> Result<(PathBuf, Option<tempfile::TempDir>), HouseError> {
    let usual = directory.socket();
    if usual.as_os_str().len() <= LONGEST_SOCKET {
        return Ok((usual, None));
    }
    let folder = tempfile::Builder::new().prefix("galena-").tempdir().map_err(HouseError::Folder)?;
    Ok((folder.path().join("galena.sock"), Some(folder)))
}
