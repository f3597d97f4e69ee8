//! The parts `mapping` and `options` of an import.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::actors::importer::layout::LayoutChoice;
use crate::actors::importer::plan::ImportChoice;
use crate::domain::id::ListId;
use crate::domain::lead::{MAX_CUSTOM_FIELD_CHARS, MAX_TAG_CHARS};
use crate::domain::row::Target;
use crate::http::body::{nullable, parse};
use crate::http::problem::{FieldError, Problem};
use crate::store::records::import::{DuplicateHandling, UpdatePolicy};
use crate::store::records::import_edits::{Correction, ImportEdits, MAX_EDITS};

const MAX_TAGS: usize = 100;

/// Title and field; `null` or an empty field leaves the column out. Empty: automatic.
pub type GivenMapping = serde_json::Map<String, serde_json::Value>;

/// How a file is read and what becomes of its rows. Everything may be left out.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[schema(as = ImportOptions)]
#[serde(rename_all = "camelCase", default)]
pub struct GivenOptions {
    duplicate_handling: Option<DuplicateHandling>,
    /// `true` is `duplicateHandling: skip`, `false` is `create`
    skip_duplicates: Option<bool>,
    /// `true` is `duplicateHandling: update`
    update_existing: Option<bool>,
    /// By field: what an updating row does to it; `overwrite` when not named
    on_update: BTreeMap<String, UpdatePolicy>,
    enrich_after_import: bool,
    /// For `POST /leads/imports`: the list's name; it is made when there is none
    pub list_name: Option<String>,
    /// For `POST /leads/imports`: the list
    pub list_id: Option<ListId>,
    /// Given to every lead of the file that is new or updated
    tags: Vec<String>,
    /// ISO code of the country of phone numbers written without one; empty: none
    region: Option<String>,
    /// 1-based record number of the titles; 0 or null: there are none
    #[serde(deserialize_with = "nullable")]
    header_row: Option<Option<u64>>,
    /// A label of the WHATWG standard, such as `windows-1252`
    encoding: Option<String>,
    /// Of a workbook: name of the sheet, or its number from 1
    sheet: Option<SheetChoice>,
    /// One character; empty or null: every line is one cell
    #[serde(deserialize_with = "nullable")]
    delimiter: Option<Option<String>>,
    /// One character; empty or null: quotes mean nothing
    #[serde(deserialize_with = "nullable")]
    quote: Option<Option<String>>,
    #[serde(deserialize_with = "nullable")]
    escape: Option<Option<String>>,
    /// Id or name of a recipe whose mapping and options hold where these say nothing
    pub recipe: Option<String>,
    /// Values that stand for those of the file; at most 10,000
    corrections: Vec<GivenCorrection>,
    /// Rows left out, counted as the errors do; they are skipped with the reason `dropped_by_user`; at most 10,000
    drop_rows: Vec<u64>,
}

/// The value of one field in one row. What the file has stays with the lead as the original.
#[derive(Debug, Clone, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = ImportCorrection)]
pub struct GivenCorrection {
    /// 1 for the first record below the header
    #[schema(minimum = 1)]
    row: u64,
    /// A lead field, or `customFields.` and a name
    #[schema(examples("email"))]
    field: String,
    /// Empty or null: none
    #[serde(default)]
    value: Option<String>,
}

/// Reads the part `options`.
///
/// # Errors
/// It is no JSON, or of another shape.
pub fn read(text: &[u8]) -> Result<GivenOptions, Problem> {
    parse(text).map_err(|problem| within("options", problem))
}

/// The problem of a part of the form, told from the form.
pub fn within(part: &str, mut problem: Problem) -> Problem {
    for error in &mut problem.errors {
        error.pointer = error.pointer.take().map(|pointer| format!("/{part}{pointer}"));
    }
    problem
}

#[derive(Debug, Clone, Deserialize, serde::Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum SheetChoice {
    Number(u32),
    Name(String),
}

impl SheetChoice {
    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Name(name) => name.clone(),
        }
    }
}

/// What the caller asks for, checked as far as it can be without the file.
pub fn choice(mapping: GivenMapping, options: &GivenOptions) -> Result<ImportChoice, Problem> {
    let mut errors = Vec::new();
    let mut columns = Vec::with_capacity(mapping.len());
    for (header, field) in mapping {
        match field {
            serde_json::Value::String(field) => columns.push((header, field)),
            serde_json::Value::Null => columns.push((header, String::new())),
            _ => errors.push(FieldError::at("/mapping", "every column goes to the name of a field or to null")),
        }
    }
    let layout = LayoutChoice {
        delimiter: character("delimiter", &options.delimiter, &mut errors),
        quote: character("quote", &options.quote, &mut errors),
        escape: character("escape", &options.escape, &mut errors),
        header_row: options.header_row.map(|row| row.filter(|row| *row > 0)),
        encoding: options.encoding.clone(),
        sheet: options.sheet.as_ref().map(SheetChoice::text),
    };
    if options.tags.len() > MAX_TAGS {
        errors.push(FieldError::at("/options/tags", format!("at most {MAX_TAGS} tags")));
    }
    let mut tags: Vec<String> = Vec::new();
    for (place, tag) in options.tags.iter().enumerate() {
        let tag = tag.trim();
        if tag.is_empty() || tag.chars().count() > MAX_TAG_CHARS {
            errors.push(FieldError::at(format!("/options/tags/{place}"), "a tag has 1 to 100 characters"));
        } else if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    let edits = edits(options, &mut errors);
    if !errors.is_empty() {
        return Err(Problem::all_invalid(errors));
    }
    Ok(ImportChoice {
        recipe: Vec::new(),
        edits,
        layout,
        mapping: columns,
        duplicates: duplicates(options),
        on_update: options.on_update.clone(),
        tags,
        region: options.region.clone(),
        enrich_after: options.enrich_after_import,
    })
}

fn edits(options: &GivenOptions, errors: &mut Vec<FieldError>) -> ImportEdits {
    for (name, count) in [("corrections", options.corrections.len()), ("dropRows", options.drop_rows.len())] {
        if count > MAX_EDITS {
            errors.push(FieldError::at(format!("/options/{name}"), format!("at most {MAX_EDITS}")));
            return ImportEdits::default();
        }
    }
    for (place, correction) in options.corrections.iter().enumerate() {
        let mut wrong = |name: &str, detail: String| {
            errors.push(FieldError::at(format!("/options/corrections/{place}/{name}"), detail));
        };
        if correction.row == 0 {
            wrong("row", "the first row is 1".to_owned());
        }
        match Target::parse(&correction.field) {
            Ok(Target::Ignore) => wrong("field", "is empty".to_owned()),
            Ok(_) => {}
            Err(error) => wrong("field", error.to_string()),
        }
        if correction.value.as_ref().is_some_and(|value| value.chars().count() > MAX_CUSTOM_FIELD_CHARS) {
            wrong("value", format!("has more than {MAX_CUSTOM_FIELD_CHARS} characters"));
        }
    }
    if let Some(place) = options.drop_rows.iter().position(|row| *row == 0) {
        errors.push(FieldError::at(format!("/options/dropRows/{place}"), "the first row is 1"));
    }
    let correction = |given: &GivenCorrection| Correction {
        row: given.row,
        // One spelling of each field, so that the later of two corrections is found.
        field: Target::parse(&given.field).map(|target| target.name()).unwrap_or_default(),
        value: given.value.clone().unwrap_or_default(),
    };
    ImportEdits::new(options.corrections.iter().map(correction).collect(), options.drop_rows.clone())
}

fn duplicates(options: &GivenOptions) -> DuplicateHandling {
    match (options.duplicate_handling, options.update_existing, options.skip_duplicates) {
        (Some(said), _, _) => said,
        (None, Some(true), _) => DuplicateHandling::Update,
        (None, _, Some(false)) => DuplicateHandling::Create,
        _ => DuplicateHandling::Skip,
    }
}

fn character(name: &str, given: &Option<Option<String>>, errors: &mut Vec<FieldError>) -> Option<Option<u8>> {
    let text = match given.as_ref()? {
        None => return Some(None),
        Some(text) => text.as_str(),
    };
    match text {
        "" => Some(None),
        "\\t" | "tab" => Some(Some(b'\t')),
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0) => Some(Some(*byte)),
            _ => {
                errors.push(FieldError::at(format!("/options/{name}"), "must be one ASCII character"));
                None
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice_of(options: &str) -> Result<ImportChoice, Problem> {
        let options: GivenOptions = serde_json::from_str(options).expect("options");
        choice(GivenMapping::new(), &options)
    }

    #[test]
    fn the_words_of_both_documents_are_understood() {
        for (options, expected) in [
            ("{}", DuplicateHandling::Skip),
            (r#"{"skipDuplicates":true}"#, DuplicateHandling::Skip),
            (r#"{"skipDuplicates":false}"#, DuplicateHandling::Create),
            (r#"{"skipDuplicates":false,"updateExisting":true}"#, DuplicateHandling::Update),
            (r#"{"skipDuplicates":true,"duplicateHandling":"create"}"#, DuplicateHandling::Create),
        ] {
            assert_eq!(choice_of(options).expect("a choice").duplicates, expected, "{options}");
        }
    }

    #[test]
    fn corrections_are_checked_and_bounded() {
        let said =
            r#"{"corrections":[{"row":2,"field":"EMAIL","value":"a"},{"row":2,"field":"email"}],"dropRows":[4,3,4]}"#;
        let edits = choice_of(said).expect("a choice").edits;
        let none = Correction { row: 2, field: "email".to_owned(), value: String::new() };
        assert_eq!((edits.corrections, edits.dropped), (vec![none], vec![3, 4]));
        let pointers = |options: &str| -> Vec<String> {
            let refused = choice_of(options).expect_err("refused");
            refused.errors.into_iter().filter_map(|error| error.pointer).collect()
        };
        let wrong = r#"{"corrections":[{"row":0,"field":"emial","value":"x"}],"dropRows":[1,0]}"#;
        let expected = ["/options/corrections/0/row", "/options/corrections/0/field", "/options/dropRows/1"];
        assert_eq!(pointers(wrong), expected);
        let rows: Vec<u64> = (1..=10_001).collect();
        assert_eq!(pointers(&serde_json::json!({ "dropRows": rows }).to_string()), ["/options/dropRows"]);
    }

    #[test]
    fn null_empty_and_absent_are_three_things() {
        let layout = |options: &str| choice_of(options).expect("a choice").layout;
        assert_eq!(layout("{}").delimiter, None);
        assert_eq!(layout(r#"{"delimiter":null,"headerRow":0}"#).delimiter, Some(None));
        assert_eq!(layout(r#"{"headerRow":0}"#).header_row, Some(None));
        assert_eq!(layout(r#"{"delimiter":"\t"}"#).delimiter, Some(Some(b'\t')));
        assert_eq!(
            choice_of(r#"{"quote":"ab"}"#).expect_err("refused").errors[0].pointer.as_deref(),
            Some("/options/quote")
        );
    }
}
