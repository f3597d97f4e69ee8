//! `galena enrich`

use clap::{Args, ValueEnum};

use super::remote::RemoteArgs;

#[derive(Debug, Clone, Args)]
pub struct EnrichArgs {
    /// List whose leads are enriched
    #[arg(long, value_name = "NAME")]
    pub list: String,
    /// How much to find out
    #[arg(long, value_enum, default_value_t = Level::Standard)]
    pub level: Level,
    /// Most leads to enrich
    #[arg(long, value_name = "NUMBER")]
    pub max_leads: Option<u64>,
    /// Enrich also what is there already
    #[arg(long)]
    pub refresh: bool,
    /// Only say what it would cost
    #[arg(long)]
    pub estimate: bool,
    #[command(flatten)]
    pub remote: RemoteArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
    Basic,
    Standard,
    Premium,
}
