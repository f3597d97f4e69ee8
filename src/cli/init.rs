//! `galena init`

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// E-mail address of the first owner
    #[arg(long, value_name = "EMAIL")]
    pub admin_email: String,
    /// File that holds the owner's password; - reads it from standard input
    #[arg(long, value_name = "FILE")]
    pub admin_password_file: PathBuf,
    /// Name of the first workspace
    #[arg(long, value_name = "NAME", default_value = "Main")]
    pub workspace_name: String,
}
