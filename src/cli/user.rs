//! `galena user`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Client, in_workspace};
use super::context::Context;
use super::exit::{CliError, Exit};
use super::output::Report;
use super::remote::RemoteArgs;
use super::secret_input;
use super::table::table;

#[derive(Debug, Clone, Args)]
pub struct UserArgs {
    #[command(subcommand)]
    pub action: UserAction,
}

#[derive(Debug, Clone, Subcommand)]
pub enum UserAction {
    /// Show the users of a workspace
    List {
        /// Workspace, by id [default: the first]
        #[arg(long, value_name = "ID")]
        workspace: Option<String>,
    },
    /// Add a user
    Add {
        /// The user's e-mail address
        email: String,
        /// What the user may do
        #[arg(long, value_enum, default_value_t = RoleName::Member)]
        role: RoleName,
        /// File that holds the password; - reads it from standard input
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
        /// Workspace, by id [default: the first]
        #[arg(long, value_name = "ID")]
        workspace: Option<String>,
    },
    /// Give a user another password and end the user's sessions
    #[command(alias = "password")]
    SetPassword {
        /// The user's e-mail address
        email: String,
        /// File that holds the password; - reads it from standard input
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// Let a user no longer in
    Disable {
        /// The user's e-mail address
        email: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum RoleName {
    Owner,
    Admin,
    Member,
    Viewer,
    BillingAdmin,
}

impl RoleName {
    /// As the API calls it.
    fn text(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: String,
    email: String,
    role: String,
    #[serde(default)]
    disabled: bool,
}

/// # Errors
/// Exit 2 when the API says that the request is not valid, 3 when the password cannot be read.
pub fn run(args: &UserArgs, context: &Context) -> Result<Report, CliError> {
    match &args.action {
        UserAction::List { workspace } => with(context, workspace.as_deref(), list),
        UserAction::Add { email, role, password_file, workspace } => {
            let password = secret_input::read(password_file)?;
            with(context, workspace.as_deref(), async |client| {
                let new = json!({"email": email, "role": role.text(), "password": password.expose()});
                let made: Value = client.post("/users", &new).await?;
                Report::new(&made, format!("{email} can sign in as {}\n", role.text()))
            })
        }
        UserAction::SetPassword { email, password_file } => {
            let password = secret_input::read(password_file)?;
            with(context, None, async |client| {
                let changed = change(client, email, &json!({"password": password.expose()})).await?;
                Report::new(&changed, format!("{email} has a new password and is signed out everywhere\n"))
            })
        }
        UserAction::Disable { email } => with(context, None, async |client| {
            let changed = change(client, email, &json!({"disabled": true})).await?;
            Report::new(&changed, format!("{email} can no longer sign in\n"))
        }),
    }
}

fn with<T>(
    context: &Context,
    workspace: Option<&str>,
    work: impl AsyncFnOnce(&Client) -> Result<T, CliError>,
) -> Result<T, CliError> {
    in_workspace(context, &RemoteArgs::default(), workspace, work)
}

async fn list(client: &Client) -> Result<Report, CliError> {
    let users = client.all("/users", &[]).await?;
    let shown: Vec<[String; 4]> = users
        .iter()
        .filter_map(|user| Shown::deserialize(user).ok())
        .map(|user| [user.email, user.role, if user.disabled { "disabled" } else { "" }.to_owned(), user.id])
        .collect();
    Report::new(&json!({ "data": users }), table(["e-mail", "role", "state", "id"], &shown))
}

async fn change(client: &Client, email: &str, change: &Value) -> Result<Value, CliError> {
    let users = client.all("/users", &[]).await?;
    let mut shown = users.iter().filter_map(|user| Shown::deserialize(user).ok());
    let same = |user: &Shown| user.email.to_lowercase() == email.trim().to_lowercase();
    let user = shown.find(same).ok_or_else(|| {
        CliError::new(Exit::Failed, "USER_NOT_FOUND", "user not found", format!("no user has the address {email}"))
    })?;
    client.patch(&format!("/users/{}", user.id), change).await
}
