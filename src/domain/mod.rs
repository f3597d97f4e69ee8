//! The rules of the product, pure: no I/O, no clock, no randomness, no async.

pub mod cell;
pub mod company_name;
pub mod dedupe;
pub mod delimited;
pub mod email;
pub mod encoding;
pub mod enrichment;
pub mod export;
pub mod filter;
pub mod header;
pub mod id;
pub mod identity;
pub mod job_title;
pub mod lead;
pub mod lead_names;
pub mod linkedin;
pub mod list;
pub mod location;
pub mod person_name;
pub mod phone;
pub mod quality;
pub mod row;
pub mod spelling;
pub mod text;
pub mod time;
pub mod website;
