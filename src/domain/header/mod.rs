//! Which lead field the column under a title holds, judged by the titles alone.
//!
//! A title is mapped only when every one of its words is understood: `Email` is, `Email Status`, `Owner's Email` and
//! `Previous Company` are not, because nothing says that `status`, `owner` or `previous` may be left out. So a title
//! nobody thought of becomes a custom field and never a wrong value.

mod context;
mod synonyms;
mod title;

use super::lead::LeadField;
use context::RowContext;
use title::Meaning;

/// Below this a guess is worth less than a custom field.
const MIN_CONFIDENCE: f32 = 0.4;

/// The field a column seems to hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suggestion {
    pub field: LeadField,
    /// 0 to 1.
    pub confidence: f32,
}

/// One suggestion or none for each of `headers`, in their order. A field is given to one column: the best, and of
/// equals the first.
pub fn suggest(headers: &[&str]) -> Vec<Option<Suggestion>> {
    let meanings: Vec<Option<Meaning>> = headers.iter().map(|header| title::meaning(header)).collect();
    let context = RowContext::of(&meanings);
    let mut candidates: Vec<(usize, Suggestion)> = meanings
        .iter()
        .enumerate()
        .filter_map(|(column, meaning)| Some((column, context.resolve((*meaning)?)?)))
        .filter(|(_, suggestion)| suggestion.confidence >= MIN_CONFIDENCE)
        .collect();
    // Stable: of equals the first column comes first.
    candidates.sort_by(|(_, left), (_, right)| right.confidence.total_cmp(&left.confidence));
    let mut suggestions = vec![None; headers.len()];
    let mut given = std::collections::BTreeSet::new();
    for (column, suggestion) in candidates {
        if given.insert(suggestion.field) {
            suggestions[column] = Some(suggestion);
        }
    }
    suggestions
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
