//! `galena search`

use clap::Args;

use super::remote::RemoteArgs;

#[derive(Debug, Clone, Args)]
pub struct SearchArgs {
    /// What to look for
    pub text: String,
    /// Only in this list
    #[arg(long, value_name = "NAME")]
    pub list: Option<String>,
    /// Most leads to show
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
    /// Go on after this cursor of the page before
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
    #[command(flatten)]
    pub remote: RemoteArgs,
}
