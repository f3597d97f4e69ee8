//! Which lead field a column holds, judged by its title and by its values.
//!
//! A title is mapped only when every one of its words is understood: `Email` is, `Email Status`, `Owner's Email` and
//! `Previous Company` are not, because nothing says that `status`, `owner` or `previous` may be left out. So a title
//! nobody thought of becomes a custom field and never a wrong value.
//!
//! Values confirm or refute a title, break a tie between two columns of one field, and stand alone where there is no
//! title; `evidence` has the rules and the numbers.

mod column;
mod context;
mod evidence;
#[cfg(test)]
mod exports;
mod look;
mod synonyms;
mod title;

use super::lead::LeadField;
use column::Column;
use context::RowContext;
use title::{Meaning, title_words};

/// Below this a guess is worth less than a custom field.
const MIN_CONFIDENCE: f32 = 0.4;

/// What a suggestion rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The words of the title, which the values do not contradict.
    Header,
    /// The values: there is no title, or it is none that is known, or they contradict it.
    Values,
}

/// The field a column seems to hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suggestion {
    pub field: LeadField,
    /// 0 to 1.
    pub confidence: f32,
    pub origin: Origin,
}

/// As [`suggest_from`], from the titles alone.
pub fn suggest(headers: &[&str]) -> Vec<Option<Suggestion>> {
    suggest_from::<&str>(headers, &[])
}

/// One suggestion or none for each of `headers`, in their order, from the titles and the cells of `rows`, which are in the
/// order of the titles. A field is given to one column: the best, and of equals the first.
pub fn suggest_from<C: AsRef<str>>(headers: &[&str], rows: &[Vec<C>]) -> Vec<Option<Suggestion>> {
    let column = |place: usize| Column::of(rows.iter().filter_map(|row| row.get(place)).map(AsRef::as_ref), rows.len());
    let columns: Vec<Column> = (0..headers.len()).map(column).collect();
    let meanings: Vec<Option<Meaning>> = headers.iter().map(|header| title::meaning(header)).collect();
    let context = RowContext::of(&meanings);
    let mut candidates: Vec<Option<Suggestion>> =
        (0..headers.len()).map(|place| candidate(headers[place], meanings[place], &context, &columns[place])).collect();
    beside_given_names(headers, &columns, &mut candidates);
    let mut ranked: Vec<(usize, Suggestion)> = candidates
        .into_iter()
        .enumerate()
        .filter_map(|(place, candidate)| Some((place, candidate?)))
        .filter(|(_, suggestion)| suggestion.confidence >= MIN_CONFIDENCE)
        .collect();
    let rank =
        |(place, found): &(usize, Suggestion)| found.confidence * evidence::weight(found.field, &columns[*place]);
    // Stable: of equals the first column comes first.
    ranked.sort_by(|left, right| rank(right).total_cmp(&rank(left)));
    let mut suggestions = vec![None; headers.len()];
    let mut given = std::collections::BTreeSet::new();
    for (place, suggestion) in ranked {
        if given.insert(suggestion.field) {
            suggestions[place] = Some(suggestion);
        }
    }
    suggestions
}

/// Titles that only the API spells so, such as `companyName`: several of them and the file is an export of ours.
pub fn are_of_an_export<T: AsRef<str>>(titles: &[T]) -> bool {
    const ENOUGH: usize = 2;
    let is_of_the_api = |title: &&T| {
        let field = LeadField::from_name(title.as_ref());
        field.is_some_and(|field| field.name().bytes().any(|byte| byte.is_ascii_uppercase()))
    };
    titles.iter().filter(is_of_the_api).count() >= ENOUGH
}

/// What one column seems to hold, whatever the others hold.
fn candidate(header: &str, meaning: Option<Meaning>, context: &RowContext, column: &Column) -> Option<Suggestion> {
    if column.len() > 0 && evidence::is_no_title(header) {
        return evidence::untitled(column);
    }
    let settled = match meaning {
        Some(Meaning::Ambiguous(kind, confidence)) => {
            evidence::settle(kind, column).map(|field| Suggestion { field, confidence, origin: Origin::Header })
        }
        _ => None,
    };
    match settled.or_else(|| context.resolve(meaning?)) {
        Some(said) => evidence::judged(said, column),
        None if matches!(meaning, None | Some(Meaning::Ambiguous(..))) => evidence::under_unknown_title(header, column),
        None => None,
    }
}

/// Without titles a family name is known by the given name beside it.
fn beside_given_names(headers: &[&str], columns: &[Column], candidates: &mut [Option<Suggestion>]) {
    let is_first = |found: &Option<Suggestion>| {
        found.is_some_and(|found| found.field == LeadField::FirstName && found.origin == Origin::Values)
    };
    let Some(first) = candidates.iter().position(is_first) else { return };
    let beside = [first + 1, first.wrapping_sub(1)];
    let is_last = |place: &usize| {
        candidates.get(*place).is_some_and(Option::is_none)
            && evidence::is_no_title(headers[*place])
            && evidence::is_family_names(&columns[*place])
    };
    if let Some(last) = beside.into_iter().find(is_last) {
        candidates[last] = Some(Suggestion { field: LeadField::LastName, confidence: 0.7, origin: Origin::Values });
        // Who has both has no need of a full name: another column of names is somebody else's.
        for candidate in candidates {
            let is_spare = |found: &Suggestion| found.field == LeadField::FullName && found.origin == Origin::Values;
            *candidate = candidate.filter(|found| !is_spare(found));
        }
    }
}

/// What two spellings of a title have in common: `E-Mail`, `e_mail` and `EMAIL` are one. Empty for a title without any
/// letter or digit.
pub fn title_key(title: &str) -> String {
    title_words(title).concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(headers: &[&str]) -> Vec<&'static str> {
        suggest(headers).into_iter().map(|found| found.map_or("", |found| found.field.name())).collect()
    }

    #[test]
    fn titles_are_understood_however_they_are_spelled() {
        for (header, field) in [
            ("E-Mail", "email"),
            ("email_address", "email"),
            ("EMAIL", "email"),
            ("Contact Email", "email"),
            ("firstName", "firstName"),
            ("FIRST NAME", "firstName"),
            ("Vorname", "firstName"),
            ("Prénom", "firstName"),
            ("Apellidos", "lastName"),
            ("Numéro de téléphone", "phone"),
            ("Phone Number", "phone"),
            ("Company", "companyName"),
            ("Ragione sociale", "companyName"),
            ("# Employees", "companySize"),
            ("LinkedIn Profile URL", "linkedInUrl"),
            ("Company LinkedIn Url", "companyLinkedInUrl"),
            ("Company Phone", "companyPhone"),
            ("Zip/Postal Code", "postalCode"),
            ("Mailing State/Province", "state"),
            ("Webseite", "website"),
        ] {
            assert_eq!(fields(&[header]), [field], "{header}");
        }
    }

    #[test]
    fn what_only_resembles_a_field_is_left_alone() {
        for header in [
            "Lead Owner",
            "Owner Email",
            "Owner's E-mail",
            "Assigned To Email",
            "Email Status",
            "Email Verified",
            "Email Opt Out",
            "Accepts Email Marketing",
            "Email 2",
            "Phone 2",
            "Previous Company",
            "Former Employer",
            "Last Contact Date",
            "Company ID",
            "Assistant's Phone",
            "Fax",
            "Lead Source",
            "Created At",
            "Facebook Company Profile URL",
            "",
            "☎",
        ] {
            assert_eq!(fields(&[header]), [""], "{header}");
        }
    }

    #[test]
    fn a_field_goes_to_its_best_column() {
        assert_eq!(fields(&["Other Phone", "Mobile", "Phone"]), ["", "", "phone"]);
        assert_eq!(fields(&["Title", "Job Title"]), ["", "jobTitle"]);
        assert_eq!(fields(&["Email 1", "Email 2"]), ["email", ""]);
        assert_eq!(fields(&["Email", "Email"]), ["email", ""]);
        assert_eq!(fields(&["Home City", "Business City"]), ["", "city"]);
    }

    #[test]
    fn words_that_mean_many_things_are_read_from_the_row() {
        assert_eq!(fields(&["Name", "Email"]), ["fullName", "email"]);
        assert_eq!(fields(&["Name", "Vorname"]), ["lastName", "firstName"]);
        assert_eq!(fields(&["Nome", "Cognome"]), ["firstName", "lastName"]);
        assert_eq!(fields(&["Name", "First Name", "Last Name"]), ["fullName", "firstName", "lastName"]);
        assert_eq!(fields(&["Name", "Website", "Number of employees"]), ["companyName", "website", "companySize"]);
        assert_eq!(fields(&["First Name", "Last Name", "Contact"])[2], "phone");
        assert_eq!(fields(&["Contact", "Phone"]), ["fullName", "phone"]);
        assert_eq!(fields(&["First Name", "URL", "Connected On"]), ["firstName", "linkedInUrl", ""]);
        assert_eq!(fields(&["Company", "URL"]), ["companyName", "website"]);
    }

    /// Titles, then rows; the fields that come out.
    fn judged(headers: &[&str], rows: &[&[&str]]) -> Vec<&'static str> {
        let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.to_vec()).collect();
        let found = suggest_from(headers, &rows);
        found.into_iter().map(|found| found.map_or("", |found| found.field.name())).collect()
    }

    #[test]
    fn values_stand_for_titles_that_are_missing() {
        let rows: &[&[&str]] = &[
            &["Anna", "Meier", "anna.meier@acme.example", "+49 30 901820", "CEO", "Acme GmbH", "Germany", "17"],
            &["Julia", "Roe", "j.roe@corp.example", "+1 415 555 2671", "Head of Sales", "Corp Inc.", "Austria", "18"],
            &["Peter", "Ruiz", "ruiz@firma.example", "(415) 555-2672", "Engineer", "Firma SL", "Spain", "19"],
        ];
        let fields = ["firstName", "lastName", "email", "phone", "jobTitle", "companyName", "country", ""];
        assert_eq!(judged(&[""; 8], rows), fields);
        assert_eq!(judged(&["A", "B", "C", "D", "E", "F", "G", "H"], rows), fields);
        assert_eq!(judged(&["Unnamed: 0", "1", "col3", "_c3", "Spalte 5", "x6", "7", "8"], rows), fields);
        let rows: &[&[&str]] = &[
            &["https://www.linkedin.com/in/ada", "Anna Meier", "acme.com", "linkedin.com/company/acme"],
            &["linkedin.com/in/bob", "Peter Ruiz", "https://corp.com", "linkedin.com/company/corp"],
        ];
        assert_eq!(judged(&[""; 4], rows), ["linkedInUrl", "fullName", "website", "companyLinkedInUrl"]);
        assert_eq!(judged(&["", ""], &[&["blue", "x1"], &["red", "x2"], &["green", "x3"]]), ["", ""]);
    }

    #[test]
    fn a_title_that_its_values_contradict_loses() {
        assert_eq!(judged(&["Email", "Name"], &[&["yes", "Ada"], &["no", "Bob"], &["yes", "Eve"]])[0], "");
        assert_eq!(judged(&["Email"], &[&["verified"], &["catch-all"], &["bounced"]]), [""]);
        assert_eq!(judged(&["Email"], &[&["Opened"]]), [""], "one plain cell is enough");
        assert_eq!(judged(&["Phone"], &[&["ada@acme.example"], &["bob@corp.example"]]), ["email"]);
        assert_eq!(judged(&["LinkedIn"], &[&["linkedin.com/company/acme"], &[""]]), ["companyLinkedInUrl"]);
        assert_eq!(judged(&["Company LinkedIn"], &[&["linkedin.com/in/ada"]]), ["linkedInUrl"]);
        assert_eq!(judged(&["State"], &[&["active"], &["cancelled"], &["active"]]), [""]);
        assert_eq!(judged(&["Title", "Email"], &[&["Mr", "a@x.example"], &["Mrs", "b@x.example"]])[0], "");
        assert_eq!(judged(&["Position"], &[&["1"], &["2"], &["3"]]), [""]);
        assert_eq!(judged(&["Company Phone"], &[&["info@acme.example"]]), [""], "a company's address is nobody's");
        // A few bad cells are bad cells.
        assert_eq!(judged(&["Email"], &[&["not an address"], &["ada@acme.example"], &["-"]]), ["email"]);
        assert_eq!(judged(&["Email", "Phone"], &[&["nobody", "call me"]]), ["email", "phone"]);
    }

    #[test]
    fn values_break_ties() {
        let full: &[&[&str]] = &[
            &["", "ada@acme.example"],
            &["", "bob@corp.example"],
            &["", "eve@firm.example"],
            &["x@x.example", "y@y.example"],
        ];
        assert_eq!(judged(&["Personal Email", "Other Email"], full), ["", "email"], "the better filled");
        assert_eq!(judged(&["Email", "Second Email"], &[&["", "a@x.example"], &["", "b@y.example"]]), ["", "email"]);
        let roles: &[&[&str]] =
            &[&["info@acme.example", "ada@acme.example"], &["sales@corp.example", "bob@corp.example"]];
        assert_eq!(judged(&["Email", "Work Email"], roles), ["", "email"], "the person's");
        assert_eq!(judged(&["Email 1", "Email 2"], &[&["a@x.example", "b@x.example"]]), ["email", ""]);
        assert_eq!(judged(&["Contact"], &[&["+49 30 901820"]]), ["phone"]);
        assert_eq!(judged(&["Name", "Email"], &[&["Acme GmbH", ""], &["Corp Inc.", ""]])[0], "companyName");
    }

    #[test]
    fn somebody_elses_values_are_never_taken() {
        let rows: &[&[&str]] = &[&["ada@ours.example", "x"], &["bob@ours.example", "y"], &["ada@ours.example", "z"]];
        for title in
            ["Sales Rep", "Owner Email", "Lead Owner", "Assigned To Email", "Created By", "Betreuer", "Company Email"]
        {
            assert_eq!(judged(&[title, "Fair"], rows), ["", ""], "{title}");
        }
        assert_eq!(judged(&["Betreut von", "Fair"], rows), ["", ""], "few and all of one place");
        let many: &[&[&str]] = &[&["a@acme.example"], &["b@corp.example"], &["c@firm.example"]];
        assert_eq!(judged(&["Erreichbar unter"], many), ["email"]);
        assert_eq!(judged(&["Owner"], many), [""]);
    }

    #[test]
    fn confidence_is_that_of_title_and_values_together() {
        let confidence =
            |headers: &[&str], rows: &[Vec<&str>]| suggest_from(headers, rows)[0].map(|found| found.confidence);
        assert_eq!(confidence(&["Work Phone"], &[]), Some(0.95));
        assert_eq!(confidence(&["Work Phone"], &[vec!["somewhere"]]), Some(0.95));
        assert_eq!(confidence(&["Work Phone"], &[vec!["+49 30 901820"]]), Some(0.975));
        assert_eq!(confidence(&["Work Phone"], &[vec!["yes"]]), None);
        assert_eq!(suggest_from(&["Email"], &[vec!["a@x.example"]])[0].map(|found| found.origin), Some(Origin::Header));
        assert_eq!(suggest_from(&[""], &[vec!["a@x.example"]])[0].map(|found| found.origin), Some(Origin::Values));
    }

    proptest! {
        #[test]
        fn any_titles_get_one_answer_each_and_no_field_twice(
            headers in prop::collection::vec("\\PC{0,12}|(Home|Company|Email|Phone|Name|1|2| |_){0,4}", 0..12),
        ) {
            let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
            let found = suggest(&headers);
            prop_assert_eq!(found.len(), headers.len());
            let mut fields: Vec<_> = found.iter().flatten().map(|found| found.field).collect();
            let all = fields.len();
            fields.sort();
            fields.dedup();
            prop_assert_eq!(fields.len(), all);
        }
    }
}
