//! From what the user asks for and what the file is to the plan that is fixed at the start of an import.

use std::collections::BTreeMap;

use super::layout::{Layout, LayoutChoice};
use super::problem::FileProblem;
use super::source::Form;
use super::spool::SpoolPart;
use crate::domain::lead::LeadField;
use crate::domain::phone::Region;
use crate::domain::row::{Mapping, Target};
use crate::store::records::import::{DuplicateHandling, ImportPlan, PlannedColumn, UpdatePolicy};

/// The titles of the two columns that a rejected file has behind its own; a re-import leaves them out.
pub const REJECTED_LINE: &str = "Rejected Line";
pub const REJECTED_REASON: &str = "Rejected Reason";

/// What the user asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportChoice {
    pub layout: LayoutChoice,
    /// Title and field; empty: automatic.
    pub mapping: Vec<(String, String)>,
    pub duplicates: DuplicateHandling,
    pub on_update: BTreeMap<String, UpdatePolicy>,
    pub tags: Vec<String>,
    /// Country of phone numbers written without one, as ISO code; `None`: as configured.
    pub region: Option<String>,
    pub enrich_after: bool,
}

/// What the configuration says where the user says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanDefaults {
    pub region: String,
    pub max_record_bytes: u64,
}

/// Makes the plan.
///
/// # Errors
/// The mapping or an option does not fit the file.
pub fn plan(layout: &Layout, choice: &ImportChoice, defaults: &PlanDefaults) -> Result<ImportPlan, FileProblem> {
    let mapping = mapping(layout, &choice.mapping)?;
    let region = choice.region.as_deref().unwrap_or(&defaults.region);
    let region = match region.trim() {
        "" => None,
        code => match Region::from_code(&code.to_ascii_uppercase()).or_else(|| Region::from_country(code)) {
            Some(region) => Some(region.code().to_owned()),
            None => return Err(FileProblem::option(format!("region \"{code}\" is no country"))),
        },
    };
    for name in choice.on_update.keys() {
        if LeadField::from_name(name).is_none() && !name.starts_with("customFields.") {
            return Err(FileProblem::option(format!("onUpdate names \"{name}\", which is no lead field")));
        }
    }
    let columns = mapping.titles().iter().zip(mapping.targets());
    Ok(ImportPlan {
        delimiter: layout.dialect.delimiter,
        quote: layout.dialect.quote,
        escape: layout.dialect.escape,
        header_row: layout.header_row,
        columns: columns
            .map(|(title, target)| PlannedColumn { title: title.clone(), field: name_of(target) })
            .collect(),
        data_offset: layout.data.offset,
        data_line: layout.data.line,
        region,
        duplicates: choice.duplicates,
        on_update: choice.on_update.iter().map(|(name, policy)| (name.clone(), *policy)).collect(),
        tags: choice.tags.clone(),
        enrich_after: choice.enrich_after,
        encoding: layout.form.encoding().to_owned(),
        max_record_bytes: defaults.max_record_bytes,
        text: match layout.form.part() {
            SpoolPart::Sent => None,
            SpoolPart::Text(reading) => Some(reading),
        },
        sheet: match &layout.form {
            Form::Workbook(sheet) => Some(sheet.clone()),
            _ => None,
        },
    })
}

/// The mapping of a file: as chosen, else automatic.
///
/// # Errors
/// The choice names a column or field that is not there.
pub fn mapping(layout: &Layout, choice: &[(String, String)]) -> Result<Mapping, FileProblem> {
    let headers = layout.headers();
    if !choice.is_empty() {
        let pairs = choice.iter().map(|(header, field)| (header.as_str(), field.as_str()));
        return Ok(Mapping::chosen(&headers, pairs)?);
    }
    let automatic = Mapping::automatic(&headers);
    let ours = |title: &str| title == REJECTED_LINE || title == REJECTED_REASON;
    if !automatic.titles().iter().any(|title| ours(title)) {
        return Ok(automatic);
    }
    let columns = automatic.titles().iter().zip(automatic.targets());
    let columns: Vec<(&str, String)> = columns
        .map(|(title, target)| (title.as_str(), if ours(title) { String::new() } else { name_of(target) }))
        .collect();
    let titles: Vec<&str> = automatic.titles().iter().map(String::as_str).collect();
    Ok(Mapping::chosen(&titles, columns.iter().map(|(title, field)| (*title, field.as_str())))?)
}

/// The mapping that a plan fixed.
///
/// # Errors
/// The plan was damaged.
pub fn mapping_of(plan: &ImportPlan) -> Result<Mapping, FileProblem> {
    let titles: Vec<&str> = plan.columns.iter().map(|column| column.title.as_str()).collect();
    let pairs = plan.columns.iter().map(|column| (column.title.as_str(), column.field.as_str()));
    Ok(Mapping::chosen(&titles, pairs)?)
}

fn name_of(target: &Target) -> String {
    match target {
        Target::Field(field) => field.name().to_owned(),
        Target::Custom(name) => format!("customFields.{name}"),
        Target::Ignore => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::importer::layout::layout;
    use crate::actors::importer::source::Opened;

    #[test]
    fn a_plan_gives_back_the_mapping_it_was_made_from() {
        let file = b"E-Mail,Name,Fair,Fair,,customField1\na@example.org,Ada,x,y,z,w\n";
        let laid_out = layout(&Opened::text(file), &LayoutChoice::default()).expect("a layout");
        let made = plan(&laid_out, &ImportChoice::default(), &PlanDefaults::default()).expect("a plan");
        let fields: Vec<&str> = made.columns.iter().map(|column| column.field.as_str()).collect();
        let customs =
            ["customFields.Fair", "customFields.Fair (2)", "customFields.Column 5", "customFields.customField1"];
        assert_eq!(fields[..2], ["email", "fullName"]);
        assert_eq!(fields[2..], customs);
        assert_eq!(mapping_of(&made).expect("a mapping"), mapping(&laid_out, &[]).expect("a mapping"));
    }

    #[test]
    fn the_columns_of_a_rejected_file_are_left_out() {
        let file = b"Email,Rejected Line,Rejected Reason\nada@example.org,2,because\n";
        let laid_out = layout(&Opened::text(file), &LayoutChoice::default()).expect("a layout");
        let made = plan(&laid_out, &ImportChoice::default(), &PlanDefaults::default()).expect("a plan");
        let fields: Vec<&str> = made.columns.iter().map(|column| column.field.as_str()).collect();
        assert_eq!(fields, ["email", "", ""]);
    }
}
