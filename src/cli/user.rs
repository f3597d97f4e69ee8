//! `galena user`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Clone, Args)]
pub struct UserArgs {
    #[command(subcommand)]
    pub action: UserAction,
}

#[derive(Debug, Clone, Subcommand)]
pub enum UserAction {
    /// Show the users
    List,
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
    Password {
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
