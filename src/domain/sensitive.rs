//! What of an answer is dropped before anybody sees it: facts about health, religion, politics, birth and the private
//! address of a person. They are told by the names of members, because that is where providers put them.

/// Words that name such a fact wherever they stand in the name of a member.
const WORDS: [&str; 27] = [
    "religion",
    "religions",
    "religious",
    "faith",
    "politics",
    "political",
    "medical",
    "medication",
    "medications",
    "disability",
    "disabilities",
    "illness",
    "illnesses",
    "disease",
    "diseases",
    "diagnosis",
    "diagnoses",
    "birthday",
    "birthdate",
    "birthplace",
    "birthyear",
    "dob",
    "ethnicity",
    "ethnic",
    "sexual",
    "sexuality",
    "allergies",
];
/// Pairs of neighbouring words that do.
const PAIRS: [(&str, &[&str]); 9] = [
    ("birth", &["date", "year", "month", "day", "place", "info"]),
    ("of", &["birth"]),
    ("health", &["status", "condition", "conditions", "history", "data", "info", "issues", "records"]),
    ("party", &["affiliation", "membership"]),
    ("voter", &["registration", "status", "id"]),
    ("home", HOUSE),
    ("private", HOUSE),
    ("personal", HOUSE),
    ("residential", HOUSE),
];
const HOUSE: &[&str] = &["address", "addresses", "street", "zip", "postcode", "postal"];
/// Names that are one by themselves only: `healthcare` and `health_score` of a company are not.
const WHOLE: [&str; 5] = ["health", "party", "race", "religion", "born"];

/// Whether a member of this name holds a sensitive kind of fact, in any spelling: `birth_date`, `dateOfBirth`,
/// `HOME-ADDRESS`.
pub fn is_sensitive(name: &str) -> bool {
    let words = words(name);
    if let [only] = words.as_slice()
        && (WHOLE.contains(&only.as_str()) || glued(only))
    {
        return true;
    }
    words.iter().any(|word| WORDS.contains(&word.as_str()))
        || words
            .windows(2)
            .any(|pair| PAIRS.iter().any(|(first, seconds)| pair[0] == *first && seconds.contains(&pair[1].as_str())))
}

/// `dateofbirth`, `homeaddress`: the same without a mark between the words.
fn glued(word: &str) -> bool {
    word.ends_with("ofbirth")
        || PAIRS
            .iter()
            .filter(|(first, _)| *first != "of")
            .any(|(first, seconds)| word.strip_prefix(first).is_some_and(|rest| seconds.contains(&rest)))
}

/// In small letters, split at marks and where a small letter is followed by a capital one.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_small = false;
    for next in name.chars() {
        if !next.is_alphanumeric() {
            words.push(String::new());
        } else {
            if next.is_uppercase() && before_small {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(next.to_lowercase());
            }
        }
        before_small = next.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensitive_facts_are_known_in_any_spelling() {
        for name in [
            "birth_date",
            "birthDate",
            "dateOfBirth",
            "DOB",
            "birth_year",
            "dateofbirth",
            "religion",
            "religiousAffiliation",
            "politicalViews",
            "political_party",
            "partyAffiliation",
            "health",
            "health_status",
            "medicalHistory",
            "disability",
            "home_address",
            "homeAddress",
            "PRIVATE-ADDRESS",
            "personal_addresses",
            "residentialAddress",
            "homeaddress",
            "ethnicity",
            "born",
        ] {
            assert!(is_sensitive(name), "{name}");
        }
        for name in [
            "email",
            "health_score",
            "healthcare",
            "address",
            "street",
            "company_address",
            "mac_address",
            "party_size",
            "raceway",
            "title",
            "home_page",
            "personal_emails",
            "birthe",
            "of",
            "",
            "政治家",
        ] {
            assert!(!is_sensitive(name), "{name}");
        }
    }
}
