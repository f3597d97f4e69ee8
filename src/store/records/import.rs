//! Imports: what was decided at the start, how far the file has been read, and what became of its rows.

use minicbor::{Decode, Encode};

use super::event::Actor;
use crate::domain::delimited::{Dialect, Position};
use crate::domain::id::{JobId, ListId, UploadId};
use crate::domain::lead::Lead;
use crate::domain::time::Time;
use crate::store::record::records;

/// How many row errors an import keeps; the rejected file has all rows.
pub const MAX_ERRORS: usize = 100;
/// How many of the leads that an undo kept are named.
pub const MAX_KEPT: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum ImportState {
    /// Waits for its turn.
    #[default]
    #[n(0)]
    Pending,
    #[n(1)]
    Processing,
    #[n(2)]
    Completed,
    #[n(3)]
    Failed,
    #[n(4)]
    Cancelled,
}

impl ImportState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Processing)
    }
}

/// What becomes of a row whose lead is there already.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[cbor(index_only)]
#[serde(rename_all = "lowercase")]
pub enum DuplicateHandling {
    #[default]
    #[n(0)]
    Skip,
    #[n(1)]
    Update,
    /// A second lead on purpose.
    #[n(2)]
    Create,
}

/// What an updating row does to a field of the lead.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[cbor(index_only)]
#[serde(rename_all = "lowercase")]
pub enum UpdatePolicy {
    /// The lead's value stays.
    #[n(0)]
    Keep,
    /// Only where the lead has none.
    #[n(1)]
    Fill,
    /// Where the row has one.
    #[default]
    #[n(2)]
    Overwrite,
}

/// A column and what it becomes: a field name of the API, `customFields.…`, or empty for a column left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct PlannedColumn {
    /// Different from the other titles.
    #[n(0)]
    pub title: String,
    #[n(1)]
    pub field: String,
}

/// Everything that decides how the file is read, fixed at the start so that a resumed import goes on alike.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct ImportPlan {
    #[n(0)]
    pub delimiter: Option<u8>,
    #[n(1)]
    pub quote: Option<u8>,
    #[n(2)]
    pub escape: Option<u8>,
    /// 1-based record number of the titles.
    #[n(3)]
    pub header_row: Option<u64>,
    #[n(4)]
    #[cbor(default)]
    pub columns: Vec<PlannedColumn>,
    /// Where the first data record is read from: byte and line.
    #[n(5)]
    #[cbor(default)]
    pub data_offset: u64,
    #[n(6)]
    #[cbor(default)]
    pub data_line: u64,
    /// ISO code of the country of phone numbers without one.
    #[n(7)]
    pub region: Option<String>,
    #[n(8)]
    #[cbor(default)]
    pub duplicates: DuplicateHandling,
    /// By field name; a field not named is overwritten.
    #[n(9)]
    #[cbor(default)]
    pub on_update: Vec<(String, UpdatePolicy)>,
    #[n(10)]
    #[cbor(default)]
    pub tags: Vec<String>,
    #[n(11)]
    #[cbor(default)]
    pub enrich_after: bool,
    /// Of the file as it came, by its WHATWG name.
    #[n(12)]
    #[cbor(default)]
    pub encoding: String,
    #[n(13)]
    #[cbor(default)]
    pub max_record_bytes: u64,
    /// Which text of the upload is read; `None`: the file itself.
    #[n(20)]
    pub text: Option<u64>,
    /// Of a workbook.
    #[n(21)]
    pub sheet: Option<String>,
}

impl ImportPlan {
    pub fn dialect(&self) -> Dialect {
        Dialect { delimiter: self.delimiter, quote: self.quote, escape: self.escape }
    }

    pub fn data(&self) -> Position {
        Position { offset: self.data_offset, line: self.data_line }
    }
}

/// Rows by what became of them. Every data row is in exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Buckets {
    #[n(0)]
    #[cbor(default)]
    pub created: u64,
    #[n(1)]
    #[cbor(default)]
    pub updated: u64,
    #[n(2)]
    #[cbor(default)]
    pub skipped: u64,
    #[n(3)]
    #[cbor(default)]
    pub rejected: u64,
}

impl Buckets {
    pub const fn rows(&self) -> u64 {
        self.created + self.updated + self.skipped + self.rejected
    }
}

/// How often each named thing was seen, in the order of first sight.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Tally {
    #[n(0)]
    #[cbor(default)]
    pub counts: Vec<(String, u64)>,
}

impl Tally {
    pub fn note(&mut self, name: &str) {
        match self.counts.iter_mut().find(|(known, _)| known == name) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((name.to_owned(), 1)),
        }
    }

    pub fn of(&self, name: &str) -> u64 {
        self.counts.iter().find(|(known, _)| known == name).map_or(0, |(_, count)| *count)
    }
}

/// What was wrong with a row or one of its cells.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct RowError {
    /// 1 for the first record below the header.
    #[n(0)]
    pub row: u64,
    /// Line of the file the record starts in, from 1.
    #[n(1)]
    pub line: u64,
    /// Title of the column; `None` for the row as a whole.
    #[n(2)]
    pub column: Option<String>,
    /// Name of the field the column goes to.
    #[n(3)]
    pub field: Option<String>,
    #[n(4)]
    #[cbor(default)]
    pub code: String,
    /// A sentence.
    #[n(5)]
    #[cbor(default)]
    pub error: String,
}

/// Why an import failed as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct ImportProblem {
    /// From the table of error codes.
    #[n(0)]
    pub code: String,
    #[n(1)]
    pub detail: String,
    #[n(2)]
    pub line: Option<u64>,
    #[n(3)]
    pub column: Option<u64>,
}

/// How the undo of an import stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Undo {
    #[n(0)]
    pub started_at: Time,
    #[n(1)]
    pub completed_at: Option<Time>,
    #[n(2)]
    #[cbor(default)]
    pub removed: u64,
    #[n(3)]
    #[cbor(default)]
    pub restored: u64,
    /// Leads that somebody touched since, or moved: left as they are.
    #[n(4)]
    #[cbor(default)]
    pub kept: u64,
    /// The first of them.
    #[n(5)]
    #[cbor(default)]
    pub kept_leads: Vec<u64>,
    /// Created leads up to this one are dealt with.
    #[n(6)]
    #[cbor(default)]
    pub removed_through: u64,
    /// Updated leads up to this one are dealt with.
    #[n(7)]
    #[cbor(default)]
    pub restored_through: u64,
    #[n(8)]
    #[cbor(default)]
    pub actor: Actor,
    #[n(9)]
    pub request_id: Option<String>,
}

/// One file read into one list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Import {
    #[n(0)]
    pub list: ListId,
    #[n(1)]
    pub upload: UploadId,
    #[n(2)]
    pub file_name: Option<String>,
    #[n(3)]
    #[cbor(default)]
    pub file_bytes: u64,
    #[n(4)]
    #[cbor(default)]
    pub state: ImportState,
    #[n(5)]
    #[cbor(default)]
    pub plan: ImportPlan,
    /// Data rows of the file.
    #[n(6)]
    #[cbor(default)]
    pub total_rows: u64,
    /// Where the next unread record starts; written with the rows before it.
    #[n(7)]
    #[cbor(default)]
    pub offset: u64,
    #[n(8)]
    #[cbor(default)]
    pub line: u64,
    #[n(9)]
    #[cbor(default)]
    pub results: Buckets,
    /// Rows whose identity existed, whatever became of them.
    #[n(10)]
    #[cbor(default)]
    pub duplicates: u64,
    #[n(11)]
    #[cbor(default)]
    pub reasons: Tally,
    #[n(12)]
    #[cbor(default)]
    pub warnings: Tally,
    #[n(13)]
    #[cbor(default)]
    pub cell_errors: u64,
    /// The first [`MAX_ERRORS`].
    #[n(14)]
    #[cbor(default)]
    pub errors: Vec<RowError>,
    /// Rows whose keys point at several leads.
    #[n(15)]
    #[cbor(default)]
    pub possible_duplicates: u64,
    /// Lately, for the estimate of what is left.
    #[n(16)]
    #[cbor(default)]
    pub rows_per_second: u32,
    /// When progress was last told.
    #[n(17)]
    #[cbor(default)]
    pub told_at: Time,
    #[n(18)]
    #[cbor(default)]
    pub actor: Actor,
    #[n(19)]
    pub request_id: Option<String>,
    #[n(20)]
    #[cbor(default)]
    pub created_at: Time,
    #[n(21)]
    pub started_at: Option<Time>,
    #[n(22)]
    pub completed_at: Option<Time>,
    #[n(23)]
    pub problem: Option<ImportProblem>,
    #[n(24)]
    pub undo: Option<Undo>,
    /// The seq of the event that ended it, or its undo: searches that see it see every row.
    #[n(25)]
    #[cbor(default)]
    pub ended_seq: u64,
    /// The job that enriches its leads.
    #[n(26)]
    pub enrichment_job: Option<JobId>,
    /// Why there is none although one was asked for: a code of the API, and what it says.
    #[n(27)]
    pub not_enriched: Option<NotEnriched>,
}

/// Why the leads of an import are not enriched.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct NotEnriched {
    #[n(0)]
    pub code: String,
    #[n(1)]
    pub detail: Option<String>,
}

impl Import {
    /// Rows that are in a bucket.
    pub const fn processed(&self) -> u64 {
        self.results.rows()
    }

    pub const fn position(&self) -> Position {
        Position { offset: self.offset, line: self.line }
    }

    /// Whether the Importer has something to do for it.
    pub fn needs_work(&self) -> bool {
        self.state.is_open() || self.undo.as_ref().is_some_and(|undo| undo.completed_at.is_none())
    }
}

/// A rejected row, as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct RejectedRow {
    #[n(0)]
    pub line: u64,
    #[n(1)]
    #[cbor(default)]
    pub reasons: Vec<String>,
    #[n(2)]
    #[cbor(default)]
    pub cells: Vec<String>,
}

/// What an import changed of a lead that was there, for undo.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct BeforeImage {
    /// The lead before the import touched it; `None` for one that the import itself had created.
    #[n(0)]
    pub lead: Option<Lead>,
    /// The version the import left it with: another one means that somebody touched it since.
    #[n(1)]
    pub version_after: u64,
    #[n(2)]
    pub at: Time,
}

records!(Import, RejectedRow, BeforeImage);
