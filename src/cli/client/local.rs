//! The data directory of this machine: through its socket, or by a house of our own.

use std::time::Duration;

use tokio::sync::Mutex;

use super::house::House;
use super::transport::{Content, Method, Request, Transport};
use crate::cli::context::Context;
use crate::cli::exit::{CliError, Exit};
use crate::cli::logging::Audience;
use crate::config::Config;
use crate::deps::Deps;
use crate::store::directory::DataDirectory;

/// For one answer of whoever listens on the socket.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How long somebody who has the directory may take to listen: another command that is just starting or ending.
const LISTEN_WITHIN: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

pub struct Local {
    directory: DataDirectory,
    config: Config,
    house: Mutex<Option<House>>,
}

impl Local {
    /// # Errors
    /// The configuration is wrong, or nothing was ever set up in the directory.
    pub fn of(context: &Context) -> Result<Self, CliError> {
        let directory = DataDirectory::new(&context.data_dir);
        if !directory.is_prepared() {
            let detail = format!("{} holds no Galena data", context.data_dir.display());
            return Err(CliError::new(Exit::Usage, "NOT_SET_UP", "nothing is set up here", detail)
                .with_hint("galena init prepares a data directory; --data-dir names another one"));
        }
        let loaded = context.start(Audience::Person, &[])?;
        Ok(Self { directory, config: loaded.config, house: Mutex::new(None) })
    }

    /// A way in that answers.
    pub async fn attach(&self, deps: &Deps) -> Result<Transport, CliError> {
        let until = deps.clock.monotonic() + LISTEN_WITHIN;
        loop {
            if let Some(transport) = self.answering(deps).await? {
                return Ok(transport);
            }
            match self.start().await {
                Ok(transport) => return Ok(transport),
                Err(error) if error.code == Exit::InUse && deps.clock.monotonic() < until => {}
                Err(error) => return Err(error),
            }
            deps.clock.sleep(PAUSE).await;
        }
    }

    /// Through the socket, when somebody answers there.
    pub async fn answering(&self, deps: &Deps) -> Result<Option<Transport>, CliError> {
        let socket = self.directory.socket();
        if !socket.exists() {
            return Ok(None);
        }
        let transport = Transport::over_socket(&socket)?;
        let question = Request {
            method: Method::GET,
            path: "/healthz",
            query: &[],
            headers: Vec::new(),
            content: Content::Nothing,
        };
        let answers = tokio::select! {
            answer = transport.send(&question) => answer.is_ok_and(|answer| answer.is_success()),
            () = deps.clock.sleep(ANSWER_WITHIN) => false,
        };
        Ok(answers.then_some(transport))
    }

    async fn start(&self) -> Result<Transport, CliError> {
        let house = House::start(self.config.clone(), self.directory.root()).await?;
        let transport = Transport::over_socket(house.socket());
        *self.house.lock().await = Some(house);
        Ok(transport?)
    }

    /// Whether the house that was started here gave an actor up: what is waited for may never come.
    pub async fn is_broken(&self) -> bool {
        self.house.lock().await.as_ref().is_some_and(|house| house.app().is_broken())
    }

    /// Stops the house that was started here.
    pub async fn detach(self) {
        if let Some(house) = self.house.into_inner() {
            house.stop().await;
        }
    }
}
