//! The parts `mapping` and `options` of an import.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::actors::importer::layout::LayoutChoice;
use crate::actors::importer::plan::ImportChoice;
use crate::domain::id::ListId;
use crate::http::body::nullable;
use crate::http::problem::{FieldError, Problem};
use crate::store::records::import::{DuplicateHandling, UpdatePolicy};

const MAX_TAGS: usize = 100;
const MAX_TAG: usize = 100;

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
        if tag.is_empty() || tag.chars().count() > MAX_TAG {
            errors.push(FieldError::at(format!("/options/tags/{place}"), "a tag has 1 to 100 characters"));
        } else if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    if !errors.is_empty() {
        return Err(Problem::all_invalid(errors));
    }
    Ok(ImportChoice {
        layout,
        mapping: columns,
        duplicates: duplicates(options),
        on_update: options.on_update.clone(),
        tags,
        region: options.region.clone(),
        enrich_after: options.enrich_after_import,
    })
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
