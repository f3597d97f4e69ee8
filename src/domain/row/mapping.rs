//! Which column of a file becomes what of a lead.

use std::collections::HashSet;

use crate::domain::cell::restore;
use crate::domain::header;
use crate::domain::lead::LeadField;
use crate::domain::spelling::{closest, did_you_mean};
use crate::domain::text::trim_cell;

/// How a mapping names a custom field of another name than its column.
const CUSTOM_PREFIX: &str = "customFields.";

/// What a column becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Field(LeadField),
    /// The custom field of this name.
    Custom(String),
    /// Kept in the original row only.
    Ignore,
}

impl Target {
    /// From a name as mappings give it: a lead field, `customFields.` and a name, `customField1` and so on, or empty.
    ///
    /// # Errors
    /// It is none of these.
    pub fn parse(name: &str) -> Result<Self, MappingError> {
        target(name)
    }

    /// The name again, as mappings give it.
    pub fn name(&self) -> String {
        match self {
            Self::Field(field) => field.name().to_owned(),
            Self::Custom(name) => format!("{CUSTOM_PREFIX}{name}"),
            Self::Ignore => String::new(),
        }
    }
}

/// Why the user's mapping does not fit the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    #[error("the file has no column \"{header}\"{}", did_you_mean(.closest.as_deref()))]
    UnknownColumn { header: String, closest: Option<String> },
    #[error("\"{name}\" is no lead field; a custom field is written customFields.{name}{}", did_you_mean(.closest.as_deref()))]
    UnknownField { name: String, closest: Option<String> },
    #[error("\"{name}\" is given to two columns")]
    FieldTwice { name: String },
}

/// A target for every column of a file, no field twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    titles: Vec<String>,
    targets: Vec<Target>,
    /// The column of each field, by its place in [`LeadField::ALL`].
    columns: [Option<usize>; LeadField::ALL.len()],
}

impl Mapping {
    /// From the titles alone; columns that nothing is known of become custom fields.
    pub fn automatic(headers: &[&str]) -> Self {
        Self::suggested(headers, &header::suggest(headers))
    }

    /// From suggestions, one or none for each title; columns without become custom fields.
    pub fn suggested(headers: &[&str], suggestions: &[Option<header::Suggestion>]) -> Self {
        let titles = unique_titles(headers);
        let found = || suggestions.iter().copied().chain(std::iter::repeat(None));
        let is_taken = |name: &str| titles.iter().zip(found()).any(|(title, found)| title == name && found.is_none());
        let targets = titles
            .iter()
            .zip(found())
            .map(|(title, found)| match (found, said_name(title).filter(|name| !is_taken(name))) {
                (_, Some(name)) => Target::Custom(name.to_owned()),
                (Some(found), None) => Target::Field(found.field),
                (None, None) => Target::Custom(title.clone()),
            })
            .collect();
        Self::new(titles, targets)
    }

    /// From the user's choice of (title, field name) pairs. A field name is one of a lead field, `customFields.` and a
    /// name, `customField1` and so on, or empty for a column to leave out. Columns not named become custom fields.
    pub fn chosen<'c>(
        headers: &[&str],
        choice: impl IntoIterator<Item = (&'c str, &'c str)>,
    ) -> Result<Self, MappingError> {
        let titles = unique_titles(headers);
        let mut targets: Vec<Target> = titles.iter().cloned().map(Target::Custom).collect();
        for (header, name) in choice {
            let column = column_named(header, &titles, headers)?;
            targets[column] = target(name)?;
        }
        let mut given = HashSet::new();
        for target in &targets {
            let name = match target {
                Target::Field(field) => field.name(),
                Target::Custom(name) => name,
                Target::Ignore => continue,
            };
            if !given.insert((matches!(target, Target::Field(_)), name)) {
                return Err(MappingError::FieldTwice { name: name.to_owned() });
            }
        }
        Ok(Self::new(titles, targets))
    }

    fn new(titles: Vec<String>, targets: Vec<Target>) -> Self {
        let columns = LeadField::ALL.map(|field| targets.iter().position(|target| *target == Target::Field(field)));
        Self { titles, targets, columns }
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// The titles, each different from the others.
    pub fn titles(&self) -> &[String] {
        &self.titles
    }

    /// What each column becomes, in the order of the file.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter()
    }

    /// The column a field comes from.
    pub fn column_of(&self, field: LeadField) -> Option<usize> {
        LeadField::ALL.iter().position(|known| *known == field).and_then(|place| self.columns[place])
    }
}

/// The name of the custom field in a title that says it is one, as an export writes it where the bare name would be taken
/// for something else.
fn said_name(title: &str) -> Option<&str> {
    title.strip_prefix(CUSTOM_PREFIX).map(trim_cell).filter(|name| !name.is_empty())
}

/// The titles of the columns, trimmed, without the mark that keeps a spreadsheet from running them, and made different: an empty one is `Column 3`, a second `Email` is `Email (2)`.
pub fn unique_titles(headers: &[&str]) -> Vec<String> {
    let plain: Vec<String> = headers
        .iter()
        .enumerate()
        .map(|(column, header)| match restore(trim_cell(header)) {
            "" => format!("Column {}", column + 1),
            title => title.to_owned(),
        })
        .collect();
    let written: HashSet<&String> = plain.iter().collect();
    let mut given = HashSet::new();
    let unique = |title: &String| {
        if given.insert(title.clone()) {
            return title.clone();
        }
        // A file may hold `Email, Email, Email (2)`: the third keeps its title. More numbers than columns always do.
        let numbered = (2..=plain.len() + 1).map(|number| format!("{title} ({number})"));
        let free = numbered.into_iter().find(|numbered| !written.contains(numbered) && !given.contains(numbered));
        let free = free.unwrap_or_else(|| format!("{title} ({})", given.len() + 2));
        given.insert(free.clone());
        free
    };
    plain.iter().map(unique).collect()
}

fn column_named(header: &str, titles: &[String], headers: &[&str]) -> Result<usize, MappingError> {
    let exact = headers.iter().position(|known| *known == header);
    let place = exact.or_else(|| titles.iter().position(|title| title == trim_cell(header)));
    place.ok_or_else(|| MappingError::UnknownColumn {
        header: header.to_owned(),
        closest: closest(header, titles.iter().map(String::as_str)),
    })
}

fn target(name: &str) -> Result<Target, MappingError> {
    let name = name.trim();
    if name.is_empty() {
        return Ok(Target::Ignore);
    }
    if let Some(field) = LeadField::ALL.into_iter().find(|field| field.name().eq_ignore_ascii_case(name)) {
        return Ok(Target::Field(field));
    }
    let numbered = name
        .strip_prefix("customField")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    match name.strip_prefix(CUSTOM_PREFIX).map(trim_cell) {
        Some(custom) if !custom.is_empty() => Ok(Target::Custom(custom.to_owned())),
        None if numbered => Ok(Target::Custom(name.to_owned())),
        _ => Err(MappingError::UnknownField {
            name: name.to_owned(),
            closest: closest(name, LeadField::ALL.into_iter().map(LeadField::name)),
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn titles_are_made_different() {
        assert_eq!(
            unique_titles(&["Email", " ", "Email", "", "Email"]),
            ["Email", "Column 2", "Email (2)", "Column 4", "Email (3)"]
        );
        assert_eq!(unique_titles(&["Email", "Email", "Email (2)"]), ["Email", "Email (3)", "Email (2)"]);
        assert_eq!(unique_titles(&["Column 2", ""]), ["Column 2", "Column 2 (2)"]);
        assert_eq!(unique_titles(&["'=x", "=x", "''=x", "'tis"]), ["=x", "=x (2)", "'=x", "'tis"]);
    }

    #[test]
    fn a_title_may_say_that_it_is_a_custom_field() {
        let targets = |headers: &[&str]| Mapping::automatic(headers).targets().map(Target::name).collect::<Vec<_>>();
        assert_eq!(
            targets(&["email", "customFields.email", "customFields.Phone"]),
            ["email", "customFields.email", "customFields.Phone"]
        );
        assert_eq!(
            targets(&["Fair", "customFields.Fair", "customFields."]),
            ["customFields.Fair", "customFields.customFields.Fair", "customFields.customFields."]
        );
    }

    #[test]
    fn unknown_columns_become_custom_fields() {
        let mapping = Mapping::automatic(&["E-Mail", "Fair", "Email 2", ""]);
        let custom = |name: &str| Target::Custom(name.to_owned());
        let expected = [Target::Field(LeadField::Email), custom("Fair"), custom("Email 2"), custom("Column 4")];
        assert!(mapping.targets().eq(&expected));
        assert_eq!(mapping.column_of(LeadField::Email), Some(0));
        assert_eq!(mapping.column_of(LeadField::Phone), None);
    }

    #[test]
    fn a_choice_is_followed() {
        let headers = ["Mail", "Who", "x", "y", "z", "Mail"];
        let choice =
            [("Mail", "email"), ("Who", "fullname"), ("x", ""), ("y", "customFields.Fair"), ("z", "customField1")];
        let mapping = Mapping::chosen(&headers, choice).expect("fits");
        let custom = |name: &str| Target::Custom(name.to_owned());
        let expected = [
            Target::Field(LeadField::Email),
            Target::Field(LeadField::FullName),
            Target::Ignore,
            custom("Fair"),
            custom("customField1"),
            custom("Mail (2)"),
        ];
        assert!(mapping.targets().eq(&expected));
        let mapping = Mapping::chosen(&headers, [("Mail (2)", "email")]).expect("fits");
        assert_eq!(mapping.column_of(LeadField::Email), Some(5));
    }

    #[test]
    fn a_choice_that_does_not_fit_is_refused() {
        let headers = ["Mail", "Who", "Fair"];
        let refused = |choice: &[(&'static str, &'static str)]| {
            Mapping::chosen(&headers, choice.iter().copied()).expect_err("refused").to_string()
        };
        assert_eq!(refused(&[("Mial", "email")]), "the file has no column \"Mial\", did you mean \"Mail\"?");
        assert!(refused(&[("Mail", "emial")]).ends_with("did you mean \"email\"?"));
        assert_eq!(refused(&[("Mail", "email"), ("Who", "email")]), "\"email\" is given to two columns");
        assert_eq!(refused(&[("Mail", "customFields.Fair")]), "\"Fair\" is given to two columns");
        assert!(refused(&[("Mail", "customFields.")]).contains("is no lead field"));
    }

    proptest! {
        #[test]
        fn titles_are_as_many_and_all_different(headers in prop::collection::vec("(a|a \\([2-4]\\)|Column [1-3]| ?)", 0..12)) {
            let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
            let titles = unique_titles(&headers);
            prop_assert_eq!(titles.len(), headers.len());
            prop_assert_eq!(titles.iter().collect::<HashSet<_>>().len(), headers.len());
        }
    }
}
