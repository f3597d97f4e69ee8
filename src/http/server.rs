//! The listening side: TCP, and the socket in the data directory for commands on the box.

use std::fs::Permissions;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::context::Peer;
use super::router;
use crate::app::App;

/// Why nobody can be heard.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("cannot listen on {address}: {source}")]
    Tcp { address: SocketAddr, source: io::Error },
    #[error("cannot listen on {path}: {source}")]
    Socket { path: PathBuf, source: io::Error },
    #[error("the figures are counted by somebody else: {0}")]
    Figures(String),
}

/// A server that listens.
pub struct Server {
    address: SocketAddr,
    doors: Doors,
}

/// A server that listens on a socket in the file system and nowhere else: for the time of one command.
pub struct SocketServer {
    doors: Doors,
}

/// What is listened on, and its end.
struct Doors {
    app: Arc<App>,
    socket: Option<PathBuf>,
    closing: CancellationToken,
    serving: Vec<JoinHandle<()>>,
}

impl Server {
    /// Listens on `address` and on the socket of the data directory, whose lock the store holds already.
    ///
    /// # Errors
    /// When the address is taken or the socket cannot be made.
    pub async fn start(app: Arc<App>, address: SocketAddr) -> Result<Self, ListenError> {
        super::telemetry::install().map_err(|error| ListenError::Figures(error.to_string()))?;
        let tcp = TcpListener::bind(address).await.map_err(|source| ListenError::Tcp { address, source })?;
        let address = tcp.local_addr().map_err(|source| ListenError::Tcp { address, source })?;
        let path = app.directory.socket();
        let unix = bind_socket(&path).map_err(|source| ListenError::Socket { path: path.clone(), source })?;

        let mut doors = Doors::new(app);
        doors.serving.push(serve_tcp(tcp, router::router(Arc::clone(&doors.app)), doors.closing.clone()));
        if let Some(unix) = unix {
            doors.open_socket(unix, path);
        }
        Ok(Self { address, doors })
    }

    /// The address really listened on (port 0 asks for any).
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// No new connection; requests in flight have until `grace`, and so have writes whose caller is gone.
    pub async fn stop(self, grace: Duration) {
        self.doors.close(grace).await;
    }
}

impl SocketServer {
    /// Listens on `path`. The store holds the lock of the data directory already.
    ///
    /// # Errors
    /// When the socket cannot be made, or `path` is too long for one.
    pub fn start(app: Arc<App>, path: PathBuf) -> Result<Self, ListenError> {
        let failed = |source| ListenError::Socket { path: path.clone(), source };
        let unix = bind_socket(&path).and_then(|unix| unix.ok_or_else(|| io::ErrorKind::InvalidFilename.into()));
        let unix = unix.map_err(failed)?;
        let mut doors = Doors::new(app);
        doors.open_socket(unix, path);
        Ok(Self { doors })
    }

    /// See [`Server::stop`].
    pub async fn stop(self, grace: Duration) {
        self.doors.close(grace).await;
    }
}

impl Doors {
    fn new(app: Arc<App>) -> Self {
        Self { app, socket: None, closing: CancellationToken::new(), serving: Vec::new() }
    }

    fn open_socket(&mut self, listener: UnixListener, path: PathBuf) {
        self.serving.push(serve_socket(listener, router::router(Arc::clone(&self.app)), self.closing.clone()));
        self.socket = Some(path);
    }

    async fn close(self, grace: Duration) {
        self.closing.cancel();
        self.app.event_streams.close();
        if let Some(socket) = &self.socket
            && let Err(error) = std::fs::remove_file(socket)
        {
            tracing::debug!(%error, "the socket was not removed; the next start does it");
        }
        let over = self.app.deps.clock.sleep(grace);
        let aborts: Vec<_> = self.serving.iter().map(JoinHandle::abort_handle).collect();
        let done = async {
            for serving in self.serving {
                if let Err(error) = serving.await {
                    tracing::error!(%error, "a listener ended badly");
                }
            }
            self.app.admission.finished().await;
        };
        tokio::select! {
            () = done => {}
            () = over => {
                tracing::warn!("requests were still running at the end of server.shutdown_grace");
                aborts.iter().for_each(tokio::task::AbortHandle::abort);
            }
        }
    }
}

fn serve_tcp(listener: TcpListener, router: Router, closing: CancellationToken) -> JoinHandle<()> {
    let service = router.into_make_service_with_connect_info::<Peer>();
    tokio::spawn(async move {
        let serving = axum::serve(listener, service).with_graceful_shutdown(closing.cancelled_owned());
        told(serving.await);
    })
}

fn serve_socket(listener: UnixListener, router: Router, closing: CancellationToken) -> JoinHandle<()> {
    let service = router.into_make_service_with_connect_info::<Peer>();
    tokio::spawn(async move {
        let serving = axum::serve(listener, service).with_graceful_shutdown(closing.cancelled_owned());
        told(serving.await);
    })
}

fn told(served: io::Result<()>) {
    if let Err(error) = served {
        tracing::error!(%error, "listening ended");
    }
}

/// What an earlier process left is removed: whoever calls this holds the lock of the directory, so nobody listens there.
/// A path longer than the system takes gives no socket and a warning.
fn bind_socket(path: &std::path::Path) -> io::Result<Option<UnixListener>> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    match UnixListener::bind(path) {
        Ok(listener) => {
            std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
            Ok(Some(listener))
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            tracing::warn!(path = %path.display(), "no socket for local commands: the path is too long");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
