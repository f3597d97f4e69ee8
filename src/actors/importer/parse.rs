//! From the records of a file to rows the writer can take as they are: split on one thread, normalised, scored, hashed
//! and packed on others.

use std::ops::Range;

use super::plan::mapping_of;
use super::problem::FileProblem;
use super::records::Records;
use crate::domain::delimited::Position;
use crate::domain::id::{ImportId, WorkspaceId};
use crate::domain::identity::{Identity, KeyHasher};
use crate::domain::lead::{ImportOrigin, Lead};
use crate::domain::phone::Region;
use crate::domain::quality::{self, QualityWeights};
use crate::domain::row::{CellError, Mapping, RowOptions, RowWarning, Target, read_corrected_row};
use crate::domain::time::Time;
use crate::store::IdentityHasher;
use crate::store::originals::{BLOCK_ROWS, pack};
use crate::store::records::import::{Import, RowError};
use crate::store::records::import_edits::ImportEdits;
use crate::store::transactions::import_rows::{ParsedRow, ParsedRows};

/// The most bytes of cells in one chunk: memory does not grow with the width of the rows.
pub const CHUNK_BYTES: usize = 2 << 20;

/// Rows as they stand in the file.
#[derive(Debug, Default)]
pub struct RawChunk {
    pub first_row: u64,
    rows: Vec<RawRow>,
    text: String,
    /// Where each cell ends in `text`.
    ends: Vec<usize>,
}

#[derive(Debug)]
struct RawRow {
    line: u64,
    end: Position,
    is_mended: bool,
    cells: Range<usize>,
}

impl RawChunk {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of all cells.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }
}

/// Takes the next records, at most `most` and about [`CHUNK_BYTES`]; none at the end of the file.
///
/// # Errors
/// The file cannot be read on.
pub fn read_chunk(records: &mut Records, first_row: u64, most: usize) -> Result<RawChunk, FileProblem> {
    let mut chunk = RawChunk { first_row, ..RawChunk::default() };
    while chunk.rows.len() < most && chunk.text.len() < CHUNK_BYTES && records.advance()? {
        let record = records.record()?;
        let first = chunk.ends.len();
        for field in record.fields() {
            chunk.text.push_str(field);
            chunk.ends.push(chunk.text.len());
        }
        let (line, end, is_mended) = (record.line, record.end, record.mend.is_some());
        let cells = first..chunk.ends.len();
        chunk.rows.push(RawRow { line, end, is_mended, cells });
    }
    Ok(chunk)
}

/// What holds for every row of an import.
pub struct RowRules {
    mapping: Mapping,
    options: RowOptions,
    import: ImportId,
    workspace: WorkspaceId,
    /// What every lead of the import has.
    blank: Lead,
    hasher: IdentityHasher,
    weights: QualityWeights,
    edits: ImportEdits,
}

impl RowRules {
    /// # Errors
    /// The plan was damaged.
    pub fn new(
        workspace: WorkspaceId,
        id: ImportId,
        import: &Import,
        hasher: IdentityHasher,
        weights: QualityWeights,
        edits: ImportEdits,
    ) -> Result<Self, FileProblem> {
        let plan = &import.plan;
        let blank = Lead {
            list: import.list,
            tags: plan.tags.clone(),
            source: Some("csv".to_owned()),
            version: 1,
            ..Lead::default()
        };
        let default_region = plan.region.as_deref().and_then(Region::from_code);
        Ok(Self {
            mapping: mapping_of(plan)?,
            options: RowOptions { default_region },
            import: id,
            workspace,
            blank,
            hasher,
            weights,
            edits,
        })
    }

    /// Normalises, scores, hashes and packs a chunk. `at` is the time its leads are made.
    pub fn parse(&self, raw: RawChunk, at: Time) -> ParsedRows {
        let hasher = self.hasher.for_workspace(self.workspace);
        let mut cells: Vec<&str> = Vec::new();
        let mut rows = Vec::with_capacity(raw.rows.len());
        let mut scratch = String::new();
        for (index, row) in raw.rows.iter().enumerate() {
            cells.clear();
            cells.extend(raw_cells(&raw.text, &raw.ends, row.cells.clone()));
            rows.push(self.row(raw.first_row + index as u64, row, &cells, at, &hasher, &mut scratch));
        }
        let starts = (0..raw.rows.len()).step_by(BLOCK_ROWS);
        let originals = starts.map(|start| {
            let block = &raw.rows[start..(start + BLOCK_ROWS).min(raw.rows.len())];
            let cells = block.iter().map(|row| raw_cells(&raw.text, &raw.ends, row.cells.clone()));
            (raw.first_row + start as u64, pack(cells))
        });
        let originals = originals.collect();
        ParsedRows { first_row: raw.first_row, rows, text: raw.text, ends: raw.ends, originals }
    }

    fn row(
        &self,
        number: u64,
        row: &RawRow,
        cells: &[&str],
        at: Time,
        hasher: &KeyHasher,
        scratch: &mut String,
    ) -> ParsedRow {
        let mut reading = read_corrected_row(&self.mapping, &self.options, cells, &self.corrections(number));
        if row.is_mended {
            reading.warnings.push(RowWarning::Mended);
        }
        let errors = reading.cell_errors.iter().map(|error| self.error(number, row.line, error)).collect();
        let mut tags = self.blank.tags.clone();
        tags.extend(reading.lead.tags.iter().filter(|tag| !self.blank.tags.contains(tag)).cloned());
        let mut lead = Lead {
            list: self.blank.list,
            tags,
            source: self.blank.source.clone(),
            version: self.blank.version,
            origin: Some(ImportOrigin { import: self.import, row: number }),
            created_at: at,
            updated_at: at,
            ..reading.lead
        };
        lead.quality_score = quality::score(&lead, &self.weights);
        let identity = Identity::of(&lead);
        let mut keys = Vec::with_capacity(5);
        identity.for_each_key_hash(hasher, scratch, |kind, hash| {
            keys.push(crate::store::identity::IdentityKey { workspace: self.workspace, kind: kind.as_u8(), hash });
        });
        ParsedRow {
            line: row.line,
            end: row.end,
            lead,
            identity,
            keys,
            errors,
            notes: reading.warnings.iter().filter_map(|warning| note(number, row.line, warning)).collect(),
            warnings: reading.warnings.iter().map(RowWarning::code).collect(),
            cells: row.cells.clone(),
            is_dropped: self.edits.drops(number + 1),
        }
    }

    fn corrections(&self, number: u64) -> Vec<(Target, &str)> {
        let of_row = self.edits.of_row(number + 1).iter();
        of_row.filter_map(|edit| Some((Target::parse(&edit.field).ok()?, edit.value.as_str()))).collect()
    }

    fn error(&self, number: u64, line: u64, error: &CellError) -> RowError {
        RowError {
            row: number + 1,
            line,
            column: self.mapping.titles().get(error.column).cloned(),
            field: error.field.map(|field| field.name().to_owned()),
            code: error.problem.code().to_owned(),
            error: error.problem.to_string(),
        }
    }
}

/// A warning that is worth a look at its row.
fn note(number: u64, line: u64, warning: &RowWarning) -> Option<RowError> {
    matches!(warning, RowWarning::ExtraCells { .. } | RowWarning::Mended).then(|| RowError {
        row: number + 1,
        line,
        column: None,
        field: None,
        code: warning.code().to_owned(),
        error: warning.to_string(),
    })
}

fn raw_cells<'t>(
    text: &'t str,
    ends: &'t [usize],
    cells: Range<usize>,
) -> impl ExactSizeIterator<Item = &'t str> + use<'t> {
    let mut start = if cells.start == 0 { 0 } else { ends[cells.start - 1] };
    ends[cells].iter().map(move |&end| {
        let cell = text.get(start..end).unwrap_or_default();
        start = end;
        cell
    })
}
