//! What a misspelled name was meant to be, for error messages.

/// The known name that `name` is most likely a misspelling of; `None` where none is close.
pub fn closest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<String> {
    let lower = name.to_lowercase();
    known
        .map(|known| (strsim::jaro_winkler(&lower, &known.to_lowercase()), known))
        .filter(|(likeness, _)| *likeness >= 0.75)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, known)| known.to_owned())
}

/// The end of an error message: `, did you mean "email"?`, or nothing.
pub fn did_you_mean(closest: Option<&str>) -> String {
    closest.map(|name| format!(", did you mean \"{name}\"?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_is_told_and_a_far_one_is_not() {
        let known = ["email", "emailStatus", "phone"];
        assert_eq!(closest("emial", known.into_iter()).as_deref(), Some("email"));
        assert_eq!(closest("EMAILSTATS", known.into_iter()).as_deref(), Some("emailStatus"));
        assert_eq!(closest("zzz", known.into_iter()), None);
        assert_eq!(did_you_mean(Some("email")), ", did you mean \"email\"?");
        assert_eq!(did_you_mean(None), "");
    }
}
