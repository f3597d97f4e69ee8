use proptest::prelude::*;

use super::*;
use crate::domain::email::EmailError;
use crate::domain::linkedin::{LinkedInError, LinkedInProfile};
use crate::domain::phone::PhoneError;
use crate::domain::website::Website;

fn read(headers: &[&str], cells: &[&str]) -> RowReading {
    read_row(&Mapping::automatic(headers), &RowOptions::default(), cells)
}

#[test]
fn a_row_becomes_a_lead_in_normal_form() {
    let headers =
        ["Full Name", "E-Mail", "Phone", "Company", "LinkedIn", "Website", "Country", "Job Title", "Fair", "Notes"];
    let cells = [
        " Meier, Anna ",
        "mailto:Anna.Meier@Muster-Soehne.DE",
        "030 901820",
        "Müller  & Söhne",
        "de.linkedin.com/in/Anna-Meier/",
        "Example.com",
        "Deutschland",
        "'=Chief",
        "Hannover",
        " ",
    ];
    let RowReading { lead, cell_errors, warnings } = read(&headers, &cells);
    assert_eq!((cell_errors.len(), warnings.len()), (0, 0));
    assert_eq!(lead.full_name.as_deref(), Some("Anna Meier"));
    assert_eq!(lead.first_name.as_deref(), Some("Anna"));
    assert_eq!(lead.last_name.as_deref(), Some("Meier"));
    assert_eq!(lead.email.as_deref(), Some("anna.meier@muster-soehne.de"));
    assert_eq!(lead.phone.as_deref(), Some("+4930901820"), "the country column tells the region");
    assert_eq!(lead.company_name.as_deref(), Some("Müller  & Söhne"), "text stays as given");
    assert_eq!(lead.linkedin_url, LinkedInProfile::parse("linkedin.com/in/anna-meier").ok().map(|p| p.into_string()));
    assert_eq!(lead.website.as_deref(), Website::parse("example.com").ok().as_ref().map(Website::as_str));
    assert_eq!(lead.job_title.as_deref(), Some("=Chief"), "one mark of a formula cell is taken away");
    assert_eq!(lead.custom_fields, [("Fair".to_owned(), "Hannover".to_owned())]);
}

#[test]
fn a_bad_cell_costs_its_field_only() {
    let long = "x".repeat(256);
    let headers = ["Email", "Phone", "LinkedIn", "Company", "Website", "Fair"];
    let notes = "y".repeat(MAX_CUSTOM_FIELD_CHARS + 1);
    let reading = read(&headers, &["nobody", "call me", "linkedin.com/company/acme", &long, "a b", &notes]);
    assert_eq!(reading.lead, Lead::default());
    let problems: Vec<_> = reading.cell_errors.iter().map(|error| (error.column, error.problem.clone())).collect();
    assert_eq!(problems[0], (0, CellProblem::Email(EmailError::NoAt)));
    assert_eq!(problems[1], (1, CellProblem::Phone(PhoneError::NotANumber)));
    assert_eq!(problems[2], (2, CellProblem::LinkedIn(LinkedInError::CompanyPage)));
    assert_eq!(problems[3], (3, CellProblem::TooLong { limit: 255 }));
    assert_eq!(problems[4].1.code(), "INVALID_WEBSITE");
    assert_eq!(problems[5], (5, CellProblem::TooLong { limit: MAX_CUSTOM_FIELD_CHARS }));
}

#[test]
fn national_numbers_take_the_country_of_the_row_before_that_of_the_import() {
    let mapping = Mapping::automatic(&["Phone", "Country"]);
    let options = RowOptions { default_region: Region::from_code("US") };
    let phone = |cells: &[&str]| read_row(&mapping, &options, cells).lead.phone;
    assert_eq!(phone(&["(415) 555-2671", ""]).as_deref(), Some("+14155552671"));
    assert_eq!(phone(&["030 901820", "DE"]).as_deref(), Some("+4930901820"));
    assert_eq!(phone(&["+4930901820", "US"]).as_deref(), Some("+4930901820"));
    let unknown = read_row(&mapping, &RowOptions::default(), &["030 901820"]);
    assert_eq!(unknown.cell_errors[0].problem, CellProblem::Phone(PhoneError::NoRegion));
}

#[test]
fn names_are_composed_and_split() {
    assert_eq!(read(&["First Name", "Last Name"], &["Anna", "Meier"]).lead.full_name.as_deref(), Some("Anna Meier"));
    assert_eq!(read(&["First Name", "Last Name"], &["", "Meier"]).lead.full_name.as_deref(), Some("Meier"));
    let all = read(&["Name", "First Name", "Last Name"], &["Dr. A. Meier", "Anna", "Meier"]).lead;
    assert_eq!(all.first_name.as_deref(), Some("Anna"), "what is given is not overruled");
    assert_eq!(read(&["Name", "Email"], &["...", "a@example.com"]).lead.full_name.as_deref(), Some("..."));
}

#[test]
fn corrections_stand_for_the_cells() {
    let mapping = Mapping::automatic(&["Email", "Phone", "Country", "Fair"]);
    let cells = ["bad", "030 901820", "US", "Köln"];
    let custom = |name: &str| Target::Custom(name.to_owned());
    let corrections = [
        (Target::Field(LeadField::Email), " ada@acme.example "),
        (Target::Field(LeadField::Country), "DE"),
        (custom("Fair"), ""),
        (custom("Hall"), "7"),
        (Target::Field(LeadField::Website), "no site"),
    ];
    let reading = read_corrected_row(&mapping, &RowOptions::default(), &cells, &corrections);
    assert_eq!(reading.lead.email.as_deref(), Some("ada@acme.example"));
    assert_eq!(reading.lead.phone.as_deref(), Some("+4930901820"), "the corrected country tells the region");
    assert_eq!(reading.lead.custom_fields, [("Hall".to_owned(), "7".to_owned())]);
    assert_eq!(reading.cell_errors[0].field, Some(LeadField::Website));
    let short = read_corrected_row(&mapping, &RowOptions::default(), &[], &corrections[..1]);
    assert_eq!(short.lead.email.as_deref(), Some("ada@acme.example"), "also where the row has no such cell");
}

#[test]
fn a_plain_location_fills_what_the_row_leaves_empty() {
    let headers = ["Location", "City", "State", "Country", "Email"];
    let place = |cells: &[&str]| {
        let lead = read(&headers, cells).lead;
        [lead.location, lead.city, lead.state, lead.country].map(Option::unwrap_or_default)
    };
    let austin = "Austin, Texas, United States";
    assert_eq!(place(&[austin]), [austin, "Austin", "Texas", "United States"]);
    assert_eq!(place(&[austin, "austin", "TX", "USA"]), [austin, "austin", "TX", "USA"], "what is given stays");
    assert_eq!(place(&[austin, "", "", "US"]), [austin, "Austin", "Texas", "US"]);
    assert_eq!(place(&[austin, "Berlin"]), [austin, "Berlin", "", ""], "a contradiction fills nothing");
    assert_eq!(place(&["München"]), ["München", "", "", ""]);
}

#[test]
fn ragged_rows_and_odd_domains_are_noted() {
    let reading = read(&["Email"], &["a@host.test", "", "more"]);
    assert_eq!(reading.lead.email.as_deref(), Some("a@host.test"));
    assert_eq!(reading.warnings, [RowWarning::ExtraCells { count: 1 }, RowWarning::ReservedEmailDomain { column: 0 }]);
    assert_eq!(read(&["Email", "Phone"], &["a@example.com"]).cell_errors, []);
}

proptest! {
    #[test]
    fn any_cells_are_read_and_never_cut(
        cells in prop::collection::vec("\\PC{0,40}|[+0-9 ()-]{0,20}|[a-z]{0,8}@[a-z.]{0,12}|[A-Z][a-z]{0,8} [A-Z][a-z]{0,80}", 9),
    ) {
        let headers = ["Name", "Email", "Phone", "Company", "LinkedIn", "Website", "Country", "Company Phone", "Fair"];
        let mapping = Mapping::automatic(&headers);
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let reading = read_row(&mapping, &RowOptions::default(), &cells);
        for field in LeadField::ALL {
            if let Some(value) = reading.lead.field(field) {
                prop_assert!(value.chars().count() <= field.max_chars());
                prop_assert!(!value.is_empty());
            }
        }
        // Reading what came out gives the same again.
        let again: Vec<String> = (0..headers.len()).map(|column| {
            let target = mapping.targets().nth(column).unwrap();
            let value = match target {
                Target::Field(field) => reading.lead.field(*field),
                Target::Custom(name) => reading.lead.custom_field(name),
                Target::Tags | Target::Ignore => None,
            };
            super::cell::neutralise(value.unwrap_or_default()).into_owned()
        }).collect();
        let again: Vec<&str> = again.iter().map(String::as_str).collect();
        let second = read_row(&mapping, &RowOptions::default(), &again);
        prop_assert_eq!(&second.lead.email, &reading.lead.email);
        prop_assert_eq!(&second.lead.phone, &reading.lead.phone);
        prop_assert_eq!(&second.lead.website, &reading.lead.website);
        prop_assert_eq!(&second.lead.company_name, &reading.lead.company_name);
        prop_assert_eq!(&second.lead.custom_fields, &reading.lead.custom_fields);
    }
}
