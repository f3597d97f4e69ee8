//! Where the demo happens: a folder of its own with the data directory and the files it writes.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::DemoArgs;
use super::figures::{self, SignIn};
use crate::app::set_up::{FirstOwner, set_up};
use crate::cli::client::House;
use crate::cli::context::Context;
use crate::cli::exit::{CliError, Exit};
use crate::cli::logging::Audience;
use crate::store::Origin;
use crate::store::crypt::Secret;

/// The sample: invented people, see `sample.md`.
const SAMPLE: &[u8] = include_bytes!("sample.csv");
/// Of the vendors that are played, where the plan that is taken without a word is a slow one.
const PAID_PLANS: [(&str, &str); 2] = [("apollo", "paid"), ("peopledatalabs", "paid")];
const OWNER: &str = "demo@galena.example";

pub struct Place {
    /// `None` once it is kept.
    temporary: Option<tempfile::TempDir>,
    folder: PathBuf,
    file: PathBuf,
    is_sample: bool,
    house: House,
    sign_in: Option<SignIn>,
}

impl Place {
    /// A fresh folder with a data directory, its first owner and the house at work.
    ///
    /// # Errors
    /// Exit 3 when the file cannot be read.
    pub async fn prepare(args: &DemoArgs, context: &Context) -> Result<Self, CliError> {
        let mut config = context.start(Audience::Spectator, &[])?.config;
        if args.sandbox {
            // The played vendors have as much patience as their paid plans.
            for (slug, plan) in PAID_PLANS {
                config.providers.entry(slug.to_owned()).or_default().plan.get_or_insert_with(|| plan.to_owned());
            }
        }
        if let Some(file) = &args.file {
            let opened = std::fs::File::open(file).and_then(|opened| opened.metadata());
            let details = opened.map_err(|error| CliError::unreadable(format!("{}: {error}", file.display())))?;
            if details.is_dir() {
                return Err(CliError::unreadable(format!("{} is a folder", file.display())));
            }
        }
        let temporary = tempfile::Builder::new().prefix("galena-demo-").tempdir().map_err(|error| no_folder(&error))?;
        let folder = temporary.path().to_owned();
        // What lies in it is for who ran the demo.
        let for_me = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(&folder, for_me).map_err(|error| no_folder(&error))?;
        let file = match &args.file {
            Some(file) => file.clone(),
            None => {
                let sample = folder.join("sample.csv");
                std::fs::write(&sample, SAMPLE).map_err(|error| no_folder(&error))?;
                sample
            }
        };
        let data_dir = folder.join("data");
        let house = match args.serve {
            true => {
                let wanted = config.server.listen;
                match House::start_at(config.clone(), &data_dir, wanted).await {
                    Ok(house) => house,
                    // Somebody is there already: any free port does for a demo.
                    Err(error) if error.code == Exit::Failed => {
                        House::start_at(config, &data_dir, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?
                    }
                    Err(error) => return Err(error),
                }
            }
            false => House::start(config, &data_dir).await?,
        };
        let mut place =
            Self { temporary: Some(temporary), folder, file, is_sample: args.file.is_none(), house, sign_in: None };
        let signed = place.first_owner(args.sandbox).await;
        match signed {
            Ok(sign_in) if args.serve => place.sign_in = Some(sign_in),
            Ok(_) => {}
            Err(error) => {
                place.leave().await;
                return Err(error);
            }
        }
        if args.keep
            && let Some(temporary) = place.temporary.take()
        {
            place.folder = temporary.keep();
        }
        Ok(place)
    }

    /// The owner of the demo's workspace, with a password that stands nowhere else.
    async fn first_owner(&self, sandbox: bool) -> Result<SignIn, CliError> {
        let app = self.house.app();
        let (first, second) = (app.deps.random.u64(), app.deps.random.u64());
        let password = format!("{first:016x}{second:016x}");
        let owner = FirstOwner {
            email: OWNER.to_owned(),
            password: Secret::new(&password),
            workspace_name: "Demo".to_owned(),
            token: None,
            sandbox,
        };
        let made = set_up(app, owner, Origin::system(app.deps.clock.now())).await.map_err(|error| {
            CliError::new(Exit::Failed, "INTERNAL", "the demo's workspace cannot be made", error.to_string())
        })?;
        let url = self.house.address().map_or_else(String::new, |address| format!("http://{address}"));
        Ok(SignIn { url, email: OWNER.to_owned(), password, api_key: made.key.expose().to_owned() })
    }

    pub fn house(&self) -> &House {
        &self.house
    }

    pub fn file(&self) -> PathBuf {
        self.file.clone()
    }

    /// A file of the demo's output.
    pub fn output(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn figures(&self) -> figures::Place {
        figures::Place {
            folder: self.folder.clone(),
            data_dir: self.folder.join("data"),
            kept: self.temporary.is_none(),
            is_sample: self.is_sample,
            sign_in: self.sign_in.clone(),
        }
    }

    /// Until Ctrl-C.
    pub async fn serve(&self) -> Result<(), CliError> {
        let app = self.house.app();
        let broken = async {
            while !app.is_broken() {
                app.deps.clock.sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            signal = tokio::signal::ctrl_c() => {
                signal.map_err(|error| CliError::new(Exit::Failed, "INTERNAL", "cannot wait", error.to_string()))
            }
            () = broken => Err(CliError::new(Exit::Failed, "INTERNAL", "something broke", "the server cannot go on")),
        }
    }

    /// Stops the house; a folder that is not kept goes.
    pub async fn leave(self) {
        self.house.stop().await;
        drop(self.temporary);
    }
}

fn no_folder(error: &dyn std::fmt::Display) -> CliError {
    let folder: &Path = &std::env::temp_dir();
    CliError::new(Exit::Failed, "NO_FOLDER", "no temporary folder", format!("{}: {error}", folder.display()))
}
