//! How wide the columns of a sheet are. They stand before the rows, so they are decided from what a column is.

use crate::domain::export::{Column, Known};
use crate::domain::lead::LeadField;

/// A title and the button of the filter fit into no less, and nothing is wider than a screen allows.
const NARROWEST: f64 = 9.0;
const WIDEST: f64 = 40.0;
/// For the button of the filter.
const BUTTON: f64 = 3.0;

/// In characters of the normal font.
pub(super) fn width(column: &Column, title: &str) -> f64 {
    let usual = match column {
        Column::Field(field) => of_field(*field),
        Column::Known(known) => of_known(*known),
        _ => 20.0,
    };
    let title = title.chars().take(100).count() as f64 + BUTTON;
    usual.max(title).clamp(NARROWEST, WIDEST)
}

const fn of_field(field: LeadField) -> f64 {
    match field {
        LeadField::Email | LeadField::JobTitle | LeadField::CompanyName | LeadField::Street => 28.0,
        LeadField::LinkedInUrl | LeadField::Website | LeadField::CompanyLinkedInUrl | LeadField::ProfilePictureUrl => {
            34.0
        }
        LeadField::FullName | LeadField::Location | LeadField::Industry => 22.0,
        LeadField::Phone | LeadField::CompanyPhone | LeadField::City => 18.0,
        LeadField::FirstName | LeadField::LastName | LeadField::State | LeadField::Country => 15.0,
        LeadField::PostalCode | LeadField::CompanySize => 12.0,
    }
}

const fn of_known(known: Known) -> f64 {
    match known {
        Known::Id | Known::ListId | Known::Tags => 22.0,
        Known::EnrichedAt | Known::CreatedAt | Known::UpdatedAt => 19.0,
        Known::Source | Known::EmailStatus | Known::EnrichmentStatus | Known::QualityScore | Known::IsQualified => 12.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_fits_and_nothing_is_wider_than_a_screen() {
        assert!(width(&Column::Field(LeadField::CompanyLinkedInUrl), "companyLinkedInUrl") >= 21.0);
        assert!(width(&Column::Custom("x".repeat(255)), &"x".repeat(255)) <= WIDEST);
        assert!(width(&Column::Known(Known::Id), "id") >= NARROWEST);
    }
}
