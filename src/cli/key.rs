//! `galena key`

use clap::{Args, Subcommand};

#[derive(Debug, Clone, Args)]
pub struct KeyArgs {
    #[command(subcommand)]
    pub action: KeyAction,
}

#[derive(Debug, Clone, Subcommand)]
pub enum KeyAction {
    /// Show the API keys, without their secrets
    List {
        /// Workspace, by id [default: the first]
        #[arg(long, value_name = "ID")]
        workspace: Option<String>,
    },
    /// Make an API key and print it, this once
    Create {
        /// What the key is for
        name: String,
        /// What the key may do [default: everything that its owner may]
        #[arg(long, value_name = "SCOPE,...", value_delimiter = ',')]
        scopes: Vec<String>,
        /// Workspace, by id [default: the first]
        #[arg(long, value_name = "ID")]
        workspace: Option<String>,
    },
    /// Make a key useless
    Revoke {
        /// The key's id, such as key_0123456789abc
        id: String,
    },
}
