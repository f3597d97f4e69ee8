//! `galena demo`

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Your own lead file instead of the one that ships with Galena
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Keep the temporary data directory and say where it is
    #[arg(long)]
    pub keep: bool,
    /// Leave the server running afterwards
    #[arg(long)]
    pub serve: bool,
}
