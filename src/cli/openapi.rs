//! `galena openapi`

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Clone, Args)]
pub struct OpenapiArgs {
    /// File to write the description to [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
