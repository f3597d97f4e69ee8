//! `galena import`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::remote::RemoteArgs;

#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// The lead file
    pub file: PathBuf,
    /// List to import into; made when there is none of that name
    #[arg(long, value_name = "NAME", required_unless_present = "preview")]
    pub list: Option<String>,
    /// Say how the file would be read, and import nothing; needs no data directory
    #[arg(long, conflicts_with_all = ["list", "url"])]
    pub preview: bool,
    /// Column and the field it goes to; may be repeated; none = automatic
    #[arg(long = "map", value_name = "HEADER=FIELD", value_parser = column_to_field)]
    pub mapping: Vec<(String, String)>,
    /// What happens to a row whose lead is there already
    #[arg(long, value_enum, default_value_t = Duplicates::Skip)]
    pub duplicates: Duplicates,
    /// Tag for every lead of the file; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Country of phone numbers written without one, such as US or DE
    #[arg(long, value_name = "COUNTRY")]
    pub region: Option<String>,
    /// Number of the record that holds the headers, from 1; 0 = none [default: found out]
    #[arg(long, value_name = "NUMBER")]
    pub header_row: Option<u64>,
    /// Encoding of the file by its WHATWG name [default: found out]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// What stands between two cells [default: found out]
    #[arg(long, value_name = "CHARACTER")]
    pub delimiter: Option<char>,
    /// What stands around a cell [default: found out]
    #[arg(long, value_name = "CHARACTER")]
    pub quote: Option<char>,
    /// Enrich the leads afterwards
    #[arg(long)]
    pub enrich: bool,
    #[command(flatten)]
    pub remote: RemoteArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Duplicates {
    Skip,
    Update,
    Create,
}

/// A header may hold `=`; a field's name does not.
fn column_to_field(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('=') {
        Some((header, field)) if !header.is_empty() && !field.is_empty() => Ok((header.to_owned(), field.to_owned())),
        _ => Err("write HEADER=FIELD, such as \"E-Mail=email\"".to_owned()),
    }
}
