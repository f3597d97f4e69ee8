//! Custom fields and facts as terms: any name, any value, in one field of the index.

use super::analysis::whole_term;
use crate::domain::enriched_field::EnrichedField;

/// The exact name of a custom field inside terms, without the characters that end it there.
pub fn custom_name(name: &str) -> String {
    whole_term(name.into()).replace(['\u{1}', '\u{2}'], " ")
}

pub fn custom_term(name: &str, value: &str) -> String {
    format!("{name}\u{1}{value}")
}

/// Terms of one name sort like their numbers.
pub fn custom_number_term(name: &str, number: f64) -> String {
    // Adding zero makes minus zero plus zero, which are equal as numbers.
    format!("{name}\u{2}{:016x}", tantivy::f64_to_u64(number + 0.0))
}

/// What a term of the fact begins with. [`custom_name`] leaves no name that begins so.
pub fn fact_term(field: EnrichedField, value: &str) -> String {
    custom_term(&format!("\u{2}{}", field.name()), value)
}

pub fn custom_presence(name: &str) -> String {
    format!("customFields.{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_numbers_sort_like_numbers() {
        let numbers = [-1e9, -2.5, -0.0, 0.1, 3.0, 20.0, 1e12];
        let terms: Vec<_> = numbers.iter().map(|number| custom_number_term("size", *number)).collect();
        assert!(terms.is_sorted());
        assert_eq!(custom_number_term("size", -0.0), custom_number_term("size", 0.0));
    }
}
