//! The names of fields as people write them: the API's in any case, and short ones.

use crate::domain::filter::Field;
use crate::domain::spelling::closest;

/// Short names, beside which every name of the API is known.
pub(super) const ALIASES: [(&str, &str); 26] = [
    ("status", "enrichmentStatus"),
    ("mail", "email"),
    ("e-mail", "email"),
    ("name", "fullName"),
    ("first", "firstName"),
    ("last", "lastName"),
    ("company", "companyName"),
    ("title", "jobTitle"),
    ("linkedin", "linkedInUrl"),
    ("web", "website"),
    ("zip", "postalCode"),
    ("size", "companySize"),
    ("tag", "tags"),
    ("list", "listId"),
    ("job", "enrichmentJobId"),
    ("score", "qualityScore"),
    ("quality", "qualityScore"),
    ("missing", "missingFields"),
    ("verified", "emailVerified"),
    ("qualified", "isQualified"),
    ("created", "createdAt"),
    ("updated", "updatedAt"),
    ("enriched", "enrichedAt"),
    ("collected", "dataCollectedAt"),
    ("picture", "profilePictureUrl"),
    ("data-source", "dataSource"),
];

const CUSTOM: &str = "customFields.";
const CUSTOM_SHORT: &str = "custom.";

/// The name of the API that `written` stands for. A custom field keeps its own spelling.
pub(super) fn api_name(written: &str) -> Result<String, Option<String>> {
    for lead_in in [CUSTOM, CUSTOM_SHORT] {
        if let Some(beginning) = written.get(..lead_in.len())
            && beginning.eq_ignore_ascii_case(lead_in)
        {
            return Ok(format!("{CUSTOM}{}", &written[lead_in.len()..]));
        }
    }
    if Field::from_name(written).is_some() {
        return Ok(written.to_owned());
    }
    let same = |name: &str| name.eq_ignore_ascii_case(written);
    let alias = ALIASES.iter().find(|(short, _)| same(short)).map(|(_, name)| *name);
    let known = alias.or_else(|| Field::names().find(|name| same(name)));
    match known {
        Some(name) => Ok(name.to_owned()),
        None => {
            let short = ALIASES.iter().map(|(short, _)| *short);
            Err(closest(written, Field::names().chain(short)))
        }
    }
}
