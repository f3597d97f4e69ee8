//! One row of a file to one lead.
//!
//! `mapping` says which column is which field, `value` what a field makes of a text. A bad cell never costs the row:
//! its field stays empty, an error names column and reason, and the original row is kept by the caller.

mod mapping;
mod value;

pub use mapping::{Mapping, MappingError, Target, unique_titles};
pub use value::{CellProblem, clean_value};

use super::cell;
use super::email::Email;
use super::lead::{Lead, LeadField, MAX_CUSTOM_FIELD_CHARS, MAX_TAG_CHARS};
use super::location::Location;
use super::person_name::PersonName;
use super::phone::Region;
use super::text::{comparison_form, trim_cell};

/// What holds for all rows of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowOptions {
    /// The country of national phone numbers in rows that name no country.
    pub default_region: Option<Region>,
}

/// What a row came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowReading {
    /// The fields of the row in normal form. List, owner, source, tags and times are the caller's to set.
    pub lead: Lead,
    pub cell_errors: Vec<CellError>,
    pub warnings: Vec<RowWarning>,
}

/// A cell that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellError {
    /// From 0; behind the last column for a correction of a field that no column is mapped to.
    pub column: usize,
    /// `None` for a custom field.
    pub field: Option<LeadField>,
    pub problem: CellProblem,
}

/// What a user may want to know about a row that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowWarning {
    /// Nobody can receive mail at the address: its domain is reserved (`.test`, `.local`) or of an unknown ending.
    ReservedEmailDomain { column: usize },
    /// The row has more cells than the header; they are in the original row only.
    ExtraCells { count: usize },
    /// The row has fewer cells than the header; the others count as empty.
    MissingCells { count: usize },
    /// Quotes or delimiters of the row were broken, and it was read as it was most likely meant.
    Mended,
}

impl RowWarning {
    /// The name in the API and in reports.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ReservedEmailDomain { .. } => "RESERVED_EMAIL_DOMAIN",
            Self::ExtraCells { .. } => "EXTRA_CELLS",
            Self::MissingCells { .. } => "MISSING_CELLS",
            Self::Mended => "MENDED_ROW",
        }
    }
}

impl std::fmt::Display for RowWarning {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ReservedEmailDomain { .. } => write!(out, "nobody can receive mail at the domain of the address"),
            Self::ExtraCells { count } => {
                write!(out, "{count} cells more than the header has; they are kept in the original row only")
            }
            Self::MissingCells { count } => write!(out, "{count} cells fewer than the header has"),
            Self::Mended => write!(out, "quotes or delimiters of the row were broken; look at how it was read"),
        }
    }
}

/// Reads `cells`, which are in the order of the mapping's columns. A short row has empty cells at its end.
pub fn read_row(mapping: &Mapping, options: &RowOptions, cells: &[&str]) -> RowReading {
    read_corrected_row(mapping, options, cells, &[])
}

/// The same with values that stand for those of the cells. An empty one takes the value away; one of a field that no
/// column is mapped to is added.
pub fn read_corrected_row(
    mapping: &Mapping,
    options: &RowOptions,
    cells: &[&str],
    corrections: &[(Target, &str)],
) -> RowReading {
    let mut reading = RowReading::default();
    let extra = cells.iter().skip(mapping.len()).filter(|cell| !trim_cell(cell).is_empty()).count();
    if extra > 0 {
        reading.warnings.push(RowWarning::ExtraCells { count: extra });
    }
    if cells.len() < mapping.len() {
        reading.warnings.push(RowWarning::MissingCells { count: mapping.len() - cells.len() });
    }
    let corrected = |target: &Target| corrections.iter().find(|(of, _)| of == target).map(|(_, text)| trim_cell(text));
    let cell = |column: usize| cells.get(column).map(|cell| cell_text(cell)).unwrap_or_default();
    let country = corrected(&Target::Field(LeadField::Country))
        .or_else(|| mapping.column_of(LeadField::Country).map(cell))
        .unwrap_or_default();
    let region = || Region::from_country(country).or(options.default_region);
    for (column, target) in mapping.targets().enumerate() {
        let text = corrected(target).unwrap_or_else(|| cell(column));
        reading.take(column, target, text, &region);
    }
    for (place, (target, text)) in corrections.iter().enumerate() {
        if !mapping.targets().any(|mapped| mapped == target) {
            reading.take(mapping.len() + place, target, trim_cell(text), &region);
        }
    }
    complete_names(&mut reading.lead);
    complete_place(&mut reading.lead);
    warn_of_email(mapping, &mut reading);
    reading
}

impl RowReading {
    fn take(&mut self, column: usize, target: &Target, text: &str, region: &dyn Fn() -> Option<Region>) {
        if text.is_empty() {
            return;
        }
        match target {
            Target::Ignore => {}
            Target::Field(field) => match clean_value(*field, text, region) {
                Ok(value) => self.lead.set_field(*field, Some(value)),
                Err(problem) => self.cell_errors.push(CellError { column, field: Some(*field), problem }),
            },
            Target::Tags => {
                for tag in text.split(';').map(trim_cell).filter(|tag| !tag.is_empty()) {
                    match value::within(tag, MAX_TAG_CHARS) {
                        Ok(()) if self.lead.tags.iter().any(|known| known == tag) => {}
                        Ok(()) => self.lead.tags.push(tag.to_owned()),
                        Err(problem) => self.cell_errors.push(CellError { column, field: None, problem }),
                    }
                }
            }
            Target::Custom(name) => match value::within(text, MAX_CUSTOM_FIELD_CHARS) {
                Ok(()) => self.lead.custom_fields.push((name.clone(), text.to_owned())),
                Err(problem) => self.cell_errors.push(CellError { column, field: None, problem }),
            },
        }
    }
}

/// Composes the full name from its parts, or splits it where the parts are missing.
pub fn complete_names(lead: &mut Lead) {
    match (&lead.first_name, &lead.last_name, &lead.full_name) {
        (None, None, Some(full)) => {
            let name = PersonName::parse(full);
            let part = |field: LeadField, text: String| {
                Some(text).filter(|text| value::within(text, field.max_chars()).is_ok())
            };
            lead.set_field(LeadField::FirstName, part(LeadField::FirstName, name.first));
            lead.set_field(LeadField::LastName, part(LeadField::LastName, name.last));
        }
        (first, last, None) if first.is_some() || last.is_some() => {
            let full = PersonName::join(first.as_deref().unwrap_or_default(), last.as_deref().unwrap_or_default());
            lead.set_field(LeadField::FullName, Some(full));
        }
        _ => {}
    }
}

/// Fills city, state and country from a location that says them plainly. What the row gives itself stays, and where it
/// contradicts the location, nothing is taken from there.
pub fn complete_place(lead: &mut Lead) {
    let Some(text) = lead.location.as_deref() else { return };
    let Location { city, state, country } = Location::parse(text);
    let same_text = |given: &str, found: &str| comparison_form(given) == comparison_form(found);
    let same_country = |given: &str, found: &str| {
        same_text(given, found)
            || Region::from_country(given).is_some_and(|region| Region::from_country(found) == Some(region))
    };
    let contradicts = |given: &Option<String>, found: &Option<String>, same: &dyn Fn(&str, &str) -> bool| matches!((given, found), (Some(given), Some(found)) if !same(given, found));
    if contradicts(&lead.city, &city, &same_text) || contradicts(&lead.country, &country, &same_country) {
        return;
    }
    for (field, found) in [(LeadField::City, city), (LeadField::State, state), (LeadField::Country, country)] {
        if lead.field(field).is_none() {
            lead.set_field(field, found.filter(|text| value::within(text, field.max_chars()).is_ok()));
        }
    }
}

/// The text a cell stands for: without the mark that keeps a spreadsheet from running it, and without the white space
/// around it.
fn cell_text(cell: &str) -> &str {
    trim_cell(cell::restore(cell))
}

fn warn_of_email(mapping: &Mapping, reading: &mut RowReading) {
    let address = reading.lead.email.as_deref().and_then(Email::from_normal);
    if let (Some(column), Some(address)) = (mapping.column_of(LeadField::Email), address)
        && address.has_reserved_domain()
    {
        reading.warnings.push(RowWarning::ReservedEmailDomain { column });
    }
}

#[cfg(test)]
mod tests;
