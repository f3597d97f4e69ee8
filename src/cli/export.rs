//! `galena export`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::remote::RemoteArgs;

#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// List to export
    #[arg(long, value_name = "NAME")]
    pub list: String,
    /// Format of the file
    #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
    pub format: ExportFormat,
    /// File to write; - is standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Fields to write, in this order [default: all]
    #[arg(long, value_name = "FIELD,...", value_delimiter = ',')]
    pub fields: Vec<String>,
    /// Only leads that were enriched
    #[arg(long)]
    pub enriched_only: bool,
    /// Also the columns of the imported file as they came
    #[arg(long)]
    pub include_original: bool,
    #[command(flatten)]
    pub remote: RemoteArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    Csv,
    #[value(alias = "excel")]
    Xlsx,
    Json,
    Ndjson,
}
