//! From what the user asks for and what the file is to the plan that is fixed at the start of an import.

use std::collections::BTreeMap;

use super::layout::{Layout, LayoutChoice};
use super::problem::FileProblem;
use super::source::Form;
use super::spool::SpoolPart;
use crate::domain::lead::LeadField;
use crate::domain::phone::Region;
use crate::domain::row::Mapping;
use crate::store::records::import::{DuplicateHandling, ImportPlan, PlannedColumn, UpdatePolicy};
use crate::store::records::import_edits::ImportEdits;

/// What the user asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportChoice {
    pub layout: LayoutChoice,
    /// Title and field; empty: automatic.
    pub mapping: Vec<(String, String)>,
    /// The same from a recipe: what the mapping does not say.
    pub recipe: Vec<(String, String)>,
    pub duplicates: DuplicateHandling,
    pub on_update: BTreeMap<String, UpdatePolicy>,
    pub tags: Vec<String>,
    /// Country of phone numbers written without one, as ISO code; `None`: as configured.
    pub region: Option<String>,
    pub enrich_after: bool,
    /// Values and rows that the user changed.
    pub edits: ImportEdits,
}

/// What the configuration says where the user says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanDefaults {
    pub region: String,
    pub max_record_bytes: u64,
}

/// Makes the plan of a file whose columns become what `mapping` says.
///
/// # Errors
/// An option does not fit the file.
pub fn plan(
    layout: &Layout,
    mapping: &Mapping,
    choice: &ImportChoice,
    defaults: &PlanDefaults,
) -> Result<ImportPlan, FileProblem> {
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
        columns: columns.map(|(title, target)| PlannedColumn { title: title.clone(), field: target.name() }).collect(),
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

/// The mapping that a plan fixed.
///
/// # Errors
/// The plan was damaged.
pub fn mapping_of(plan: &ImportPlan) -> Result<Mapping, FileProblem> {
    let titles: Vec<&str> = plan.columns.iter().map(|column| column.title.as_str()).collect();
    let pairs = plan.columns.iter().map(|column| (column.title.as_str(), column.field.as_str()));
    Ok(Mapping::chosen(&titles, pairs)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::importer::columns::decide;
    use crate::actors::importer::layout::layout;
    use crate::actors::importer::memory::NoMemory;
    use crate::actors::importer::source::Opened;

    fn planned(file: &[u8]) -> (ImportPlan, Mapping) {
        let laid_out = layout(&Opened::text(file), &LayoutChoice::default()).expect("a layout");
        let choice = ImportChoice::default();
        let mapping = decide(&laid_out, &[], &choice, &NoMemory).expect("a decision").mapping;
        (plan(&laid_out, &mapping, &choice, &PlanDefaults::default()).expect("a plan"), mapping)
    }

    #[test]
    fn a_plan_gives_back_the_mapping_it_was_made_from() {
        let file = b"E-Mail,Name,Fair,Fair,,customField1\na@example.org,Ada,x,y,z,w\n";
        let (made, mapping) = planned(file);
        let fields: Vec<&str> = made.columns.iter().map(|column| column.field.as_str()).collect();
        let customs =
            ["customFields.Fair", "customFields.Fair (2)", "customFields.Column 5", "customFields.customField1"];
        assert_eq!(fields[..2], ["email", "fullName"]);
        assert_eq!(fields[2..], customs);
        assert_eq!(mapping_of(&made).expect("a mapping"), mapping);
    }

    #[test]
    fn the_columns_of_a_rejected_file_are_left_out() {
        let file = b"Email,Rejected Line,Rejected Reason\nada@example.org,2,because\n";
        let (made, _) = planned(file);
        let fields: Vec<&str> = made.columns.iter().map(|column| column.field.as_str()).collect();
        assert_eq!(fields, ["email", "", ""]);
    }
}
