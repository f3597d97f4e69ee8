//! Exports: what was asked for and how far it has come. The file itself lies in `exports/`.

use minicbor::{Decode, Encode};

use crate::domain::id::{ExportId, LeadId, ListId};
use crate::domain::time::Time;
use crate::store::record::records;
use crate::store::records::event::Actor;

/// What the file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum ExportFormat {
    #[default]
    #[n(0)]
    Csv,
    /// One JSON array of objects.
    #[n(1)]
    Json,
    /// One JSON object a line.
    #[n(2)]
    Ndjson,
    /// A workbook of Excel.
    #[n(3)]
    Xlsx,
}

impl ExportFormat {
    pub const ALL: [Self; 4] = [Self::Csv, Self::Json, Self::Ndjson, Self::Xlsx];

    /// The name in the API, which is also the ending of the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Xlsx => "xlsx",
        }
    }

    /// By its name; `excel` is `xlsx`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "excel" => Some(Self::Xlsx),
            name => Self::ALL.into_iter().find(|format| format.name() == name),
        }
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// For whom a CSV file is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum CsvPreset {
    /// Programs: UTF-8, commas, LF, RFC 3339 times.
    #[default]
    #[n(0)]
    Plain,
    /// Excel where a comma is in numbers: semicolons, byte order mark, CRLF, times that Excel takes for times.
    #[n(1)]
    ExcelEu,
    /// Excel where a point is in numbers: the same with commas.
    #[n(2)]
    ExcelUs,
}

impl CsvPreset {
    pub const ALL: [Self; 3] = [Self::Plain, Self::ExcelEu, Self::ExcelUs];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::ExcelEu => "excel-eu",
            Self::ExcelUs => "excel-us",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }
}

/// Which leads. Everything given must hold; nothing given is every lead of the lists that are not deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct ExportSelection {
    #[n(0)]
    pub list: Option<ListId>,
    /// Only these; a foreign or removed one is passed over.
    #[n(1)]
    pub ids: Option<Vec<LeadId>>,
    /// A filter in JSON, checked when the export was made.
    #[n(2)]
    pub filter: Option<String>,
    #[n(3)]
    #[cbor(default)]
    pub except: Vec<LeadId>,
    #[n(4)]
    #[cbor(default)]
    pub enriched_only: bool,
    /// Enriched at or after.
    #[n(5)]
    pub enriched_from: Option<Time>,
    /// Enriched at or before.
    #[n(6)]
    pub enriched_to: Option<Time>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct ExportSpec {
    #[n(0)]
    #[cbor(default)]
    pub selection: ExportSelection,
    #[n(1)]
    #[cbor(default)]
    pub format: ExportFormat,
    /// Columns in their order; the default ones (`domain::export`) when empty.
    #[n(2)]
    #[cbor(default)]
    pub fields: Vec<String>,
    /// The columns of the imported file as they came, behind all others.
    #[n(3)]
    #[cbor(default)]
    pub include_original: bool,
    /// How the download is named, without its ending.
    #[n(4)]
    pub filename: Option<String>,
    /// Of a CSV file.
    #[n(5)]
    #[cbor(default)]
    pub preset: CsvPreset,
}

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum ExportState {
    #[default]
    #[n(0)]
    Pending,
    #[n(1)]
    Processing,
    #[n(2)]
    Ready,
    /// Its file is gone.
    #[n(3)]
    Expired,
    #[n(4)]
    Failed,
}

impl ExportState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Ready => "ready",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }

    /// Whether the Exporter still has to do something.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Processing)
    }
}

/// An export as stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Export {
    #[n(0)]
    #[cbor(default)]
    pub spec: ExportSpec,
    #[n(1)]
    #[cbor(default)]
    pub state: ExportState,
    #[n(2)]
    #[cbor(default)]
    pub created_at: Time,
    #[n(3)]
    #[cbor(default)]
    pub created_by: Actor,
    /// At most so many leads will come: what the counters said when it was made.
    #[n(4)]
    #[cbor(default)]
    pub expected: u64,
    /// Rows written so far; all of them once it is ready.
    #[n(5)]
    #[cbor(default)]
    pub rows: u64,
    #[n(6)]
    #[cbor(default)]
    pub bytes: u64,
    #[n(7)]
    pub finished_at: Option<Time>,
    #[n(8)]
    pub expires_at: Option<Time>,
    #[n(9)]
    pub error: Option<String>,
}

impl Export {
    /// The name of its file in `exports/`.
    pub fn file_name(&self, id: ExportId) -> String {
        format!("{id}.{}", self.spec.format.name())
    }

    /// Whether its file can be downloaded at `now`.
    pub fn is_downloadable(&self, now: Time) -> bool {
        self.state == ExportState::Ready && self.expires_at.is_none_or(|until| now < until)
    }
}

records!(Export);
