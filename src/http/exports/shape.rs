//! An export as callers ask for it and as the API shows it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::export::Column;
use crate::domain::id::{ExportId, ListId};
use crate::domain::time::Time;
use crate::http::answer::location;
use crate::http::problem::{FieldError, Problem};
use crate::http::selection::GivenSelection;
use crate::store::records::export::{CsvPreset, Export, ExportFormat, ExportSelection, ExportSpec, ExportState};
use crate::store::records::task::Selection;

const MAX_FIELDS: usize = 500;
const MAX_NAME_CHARS: usize = 255;

/// Which leads, in which form. The selection may also stand in the object itself.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewExport {
    selection: Option<GivenSelection>,
    #[serde(flatten)]
    #[schema(inline)]
    flat: GivenSelection,
    /// `csv` (when not given), `xlsx` (or `excel`), `json` or `ndjson`
    format: Option<String>,
    #[serde(default)]
    options: ExportOptions,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ExportOptions {
    /// Columns in their order: lead fields, what is known of a lead (`id`, `tags`, `emailStatus`, ...), custom fields by
    /// name; left out: all
    fields: Vec<String>,
    /// Only leads whose `enrichmentStatus` is `enriched`
    enriched_only: bool,
    /// Also the columns of the imported file as they came, as `original.<title>`
    include_original: bool,
    /// Only leads whose `enrichedAt` is in this time
    date_range: Option<DateRange>,
    /// Name of the download; the ending of the format is put behind it where it is missing
    filename: Option<String>,
    /// How a CSV file looks: `plain` (when not given), `excel-eu` (semicolons, byte order mark, CRLF) or `excel-us`
    /// (the same with commas)
    preset: Option<String>,
    /// Taken and without effect today: whoever follows `GET /events` is told in any case
    notify: Option<bool>,
}

/// RFC 3339 times, or dates of which the whole day counts (UTC). Either may be left out.
#[derive(Debug, Clone, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(default)]
pub struct DateRange {
    start: Option<String>,
    end: Option<String>,
}

impl NewExport {
    /// # Errors
    /// `VALIDATION_FAILED` with a pointer.
    pub(super) fn read(self) -> Result<ExportSpec, Problem> {
        let wrong = |place: &str, detail: &str| Problem::invalid(FieldError::at(place, detail));
        let options = self.options;
        let format = match self.format.as_deref() {
            None => ExportFormat::default(),
            Some(name) => {
                ExportFormat::from_name(name).ok_or_else(|| wrong("/format", "expected csv, xlsx, json or ndjson"))?
            }
        };
        let preset = match options.preset.as_deref() {
            None => CsvPreset::default(),
            Some(name) => CsvPreset::from_name(name)
                .ok_or_else(|| wrong("/options/preset", "expected plain, excel-eu or excel-us"))?,
        };
        if preset != CsvPreset::default() && format != ExportFormat::Csv {
            let detail = format!("{} is a way to write csv, and the format is {}", preset.name(), format.name());
            return Err(wrong("/options/preset", &detail));
        }
        if options.fields.len() > MAX_FIELDS {
            return Err(wrong("/options/fields", &format!("at most {MAX_FIELDS} fields")));
        }
        let too_long = |text: &String| text.chars().count() > MAX_NAME_CHARS;
        if let Some(place) = options.fields.iter().position(|name| name.is_empty() || too_long(name)) {
            return Err(wrong(&format!("/options/fields/{place}"), "a field name has 1 to 255 characters"));
        }
        let columns: Vec<Column> = options.fields.iter().map(|name| Column::named(name)).collect();
        let again = (1..columns.len()).find(|place| columns[..*place].contains(&columns[*place]));
        if let Some(place) = again {
            return Err(wrong(&format!("/options/fields/{place}"), "names a column that is there already"));
        }
        if options.filename.as_ref().is_some_and(|name| name.trim().is_empty() || too_long(name)) {
            return Err(wrong("/options/filename", "a name has 1 to 255 characters"));
        }
        let (selection, pointer) = match self.selection {
            Some(selection) => (selection, "/selection"),
            None => (self.flat, ""),
        };
        let mut chosen = match selection.read(pointer)? {
            Selection::Ids(ids) => ExportSelection { ids: Some(ids), ..ExportSelection::default() },
            Selection::List(list) => ExportSelection {
                list: Some(list.list),
                filter: list.filter,
                except: list.except,
                ..ExportSelection::default()
            },
        };
        let range = options.date_range.unwrap_or_default();
        let time = |text: Option<&String>, place: &str, whole_day: Duration| {
            text.map(|text| moment(text, whole_day).ok_or_else(|| wrong(place, "not an RFC 3339 time or date")))
                .transpose()
        };
        chosen.enriched_only = options.enriched_only;
        chosen.enriched_from = time(range.start.as_ref(), "/options/dateRange/start", Duration::ZERO)?;
        chosen.enriched_to = time(range.end.as_ref(), "/options/dateRange/end", WHOLE_DAY)?;
        if chosen.enriched_from.zip(chosen.enriched_to).is_some_and(|(from, to)| to < from) {
            return Err(wrong("/options/dateRange/end", "is before the start"));
        }
        Ok(ExportSpec {
            selection: chosen,
            format,
            fields: options.fields,
            include_original: options.include_original,
            filename: options.filename,
            preset,
        })
    }
}

/// To the last millisecond of a date.
const WHOLE_DAY: Duration = Duration::from_millis(24 * 3_600 * 1_000 - 1);

fn moment(text: &str, whole_day: Duration) -> Option<Time> {
    Time::parse(text).or_else(|| Time::parse(&format!("{text}T00:00:00Z")).map(|day| day.plus(whole_day)))
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Export)]
#[serde(rename_all = "camelCase")]
pub struct ExportView {
    id: ExportId,
    export_id: ExportId,
    /// `pending`, `processing`, `ready`, `expired` or `failed`
    status: &'static str,
    format: &'static str,
    /// Of a CSV file
    #[serde(skip_serializing_if = "Option::is_none")]
    preset: Option<&'static str>,
    list_id: Option<ListId>,
    /// Once it is ready
    download_url: Option<String>,
    expires_at: Option<Time>,
    /// Rows written so far, all of them once it is ready
    rows: u64,
    bytes: u64,
    /// At most so many rows will come
    expected_rows: u64,
    /// Why it failed
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    created_at: Time,
    completed_at: Option<Time>,
}

impl ExportView {
    pub(super) fn of(id: ExportId, row: &Export, now: Time) -> Self {
        let is_there = row.is_downloadable(now);
        let state = if row.state == ExportState::Ready && !is_there { ExportState::Expired } else { row.state };
        Self {
            id,
            export_id: id,
            status: state.name(),
            format: row.spec.format.name(),
            preset: (row.spec.format == ExportFormat::Csv).then(|| row.spec.preset.name()),
            list_id: row.spec.selection.list,
            download_url: is_there.then(|| location(&format!("/leads/exports/{id}/download"))),
            expires_at: row.expires_at,
            rows: row.rows,
            bytes: row.bytes,
            expected_rows: row.expected,
            error: row.error.clone(),
            created_at: row.created_at,
            completed_at: row.finished_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: serde_json::Value) -> Result<ExportSpec, Problem> {
        serde_json::from_value::<NewExport>(json).expect("an object").read()
    }

    #[test]
    fn a_list_or_a_selection_says_which_leads() {
        let list = "list_0000000000001";
        let flat = read(json!({ "listId": list, "options": { "enrichedOnly": true } })).unwrap();
        assert_eq!(flat.selection.list.map(|id| id.to_string()).as_deref(), Some(list));
        assert!(flat.selection.enriched_only && flat.format == ExportFormat::Csv);
        let ids = read(json!({ "selection": { "ids": ["lead_0000000000001"] }, "format": "ndjson" })).unwrap();
        assert_eq!((ids.selection.ids.map(|ids| ids.len()), ids.format), (Some(1), ExportFormat::Ndjson));
    }

    #[test]
    fn excel_is_a_workbook_and_a_preset_a_way_to_write_csv() {
        let list = "list_0000000000001";
        let spec = |format: &str, preset: &str| {
            read(json!({ "listId": list, "format": format, "options": { "preset": preset, "notify": true } })).unwrap()
        };
        assert_eq!(spec("excel", "plain").format, ExportFormat::Xlsx);
        assert_eq!(spec("csv", "excel-eu").preset, CsvPreset::ExcelEu);
        assert_eq!(spec("csv", "excel-us").preset, CsvPreset::ExcelUs);
    }

    #[test]
    fn a_date_means_the_whole_day() {
        let options = json!({ "dateRange": { "start": "2026-01-31", "end": "2026-01-31" } });
        let spec = read(json!({ "listId": "list_0000000000001", "options": options })).unwrap();
        assert_eq!(spec.selection.enriched_from, Time::parse("2026-01-31T00:00:00Z"));
        assert_eq!(spec.selection.enriched_to, Time::parse("2026-01-31T23:59:59.999Z"));
    }

    #[test]
    fn mistakes_are_told_where_they_stand() {
        let pointer = |json| read(json).expect_err("wrong").errors[0].pointer.clone().expect("a pointer");
        let list = "list_0000000000001";
        assert_eq!(pointer(json!({})), "/listId");
        assert_eq!(pointer(json!({ "listId": list, "format": "pdf" })), "/format");
        assert_eq!(pointer(json!({ "listId": list, "options": { "fields": ["a", ""] } })), "/options/fields/1");
        assert_eq!(pointer(json!({ "listId": list, "options": { "preset": "odd" } })), "/options/preset");
        let options = |options| pointer(json!({ "listId": list, "options": options }));
        assert_eq!(options(json!({ "dateRange": { "end": "soon" } })), "/options/dateRange/end");
        assert_eq!(options(json!({ "dateRange": { "start": "2026-13-01" } })), "/options/dateRange/start");
        let backwards = json!({ "dateRange": { "start": "2026-02-02", "end": "2026-02-01" } });
        assert_eq!(options(backwards), "/options/dateRange/end");
        assert_eq!(options(json!({ "filename": " " })), "/options/filename");
        assert_eq!(options(json!({ "filename": "x".repeat(256) })), "/options/filename");
        assert_eq!(options(json!({ "fields": ["email", "Fair", "customFields.Fair"] })), "/options/fields/2");
        assert_eq!(options(json!({ "fields": vec!["x"; 501] })), "/options/fields");
        let preset = json!({ "listId": list, "format": "xlsx", "options": { "preset": "excel-eu" } });
        assert_eq!(pointer(preset), "/options/preset");
    }
}
