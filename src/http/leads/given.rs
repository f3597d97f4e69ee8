//! A lead as callers write it: a JSON object whose values go through the same normal forms as the cells of an import.
//!
//! Two kinds of wrong are told apart. A name that is no field or a value of the wrong JSON type is a mistake of the
//! program that wrote it. A text that cannot be the value of its field (`anna@`) is dirt, which a batch of rows takes as an
//! import does: the field stays empty and the result of the row says why.

use serde_json::{Map, Value};

use crate::domain::email::Email;
use crate::domain::id::UserId;
use crate::domain::lead::{Lead, LeadField, MAX_CUSTOM_FIELD_CHARS, MAX_TAG_CHARS};
use crate::domain::phone::Region;
use crate::domain::row::{CellProblem, clean_value, complete_names};
use crate::domain::spelling::{closest, did_you_mean};
use crate::domain::text::trim_cell;
use crate::domain::time::Time;
use crate::http::problem::{FieldError, Problem};
use crate::store::records::task::{NewFlag, NewOwner, TaskChanges};
use crate::store::transactions::leads::LeadChanges;

const CUSTOM: &str = "customFields";
pub const MAX_TAGS: usize = 100;
const MAX_CUSTOM_FIELDS: usize = 500;
const MAX_NAME_CHARS: usize = 255;
const MAX_SOURCE_CHARS: usize = 100;
/// Set by the house; a caller that sends them back is told so.
const READ_ONLY: [&str; 16] = [
    "id",
    "leadId",
    "listId",
    "enrichmentStatus",
    "emailStatus",
    "emailVerified",
    "qualityScore",
    "missingFields",
    "originalData",
    "enrichedAt",
    "enrichmentJobId",
    "companyId",
    "createdAt",
    "updatedAt",
    "enriched",
    "provenance",
];
/// What can be set beside the lead fields.
const OTHERS: [&str; 8] = [CUSTOM, "tags", "addTags", "removeTags", "owner", "isQualified", "source", "dataSource"];

/// What the object says. `None` inside an option clears.
#[derive(Debug, Clone, Default)]
pub struct GivenLead {
    fields: Vec<(LeadField, Option<String>)>,
    custom_fields: Vec<(String, Option<String>)>,
    tags: Option<Vec<String>>,
    add_tags: Vec<String>,
    remove_tags: Vec<String>,
    pub owner: Option<Option<UserId>>,
    is_qualified: Option<Option<bool>>,
    source: Option<String>,
    data_source: Option<Option<String>>,
    data_collected_at: Option<Option<Time>>,
    /// Mistakes of the caller.
    pub wrong: Vec<FieldError>,
    /// Texts that are no value of their field.
    pub dirt: Vec<Dirt>,
}

/// A text that its field cannot hold.
#[derive(Debug, Clone)]
pub struct Dirt {
    /// The name of the field.
    pub field: String,
    pub problem: CellProblem,
}

impl GivenLead {
    /// Reads an object that stands at `pointer`. `region`: the country of national phone numbers where the object names
    /// none.
    pub fn read(object: &Map<String, Value>, pointer: &str, region: Option<Region>) -> Self {
        let country = object.iter().find(|(name, _)| name.eq_ignore_ascii_case(LeadField::Country.name()));
        let country = country.and_then(|(_, value)| value.as_str()).and_then(Region::from_country);
        let mut reader = Reader { given: Self::default(), pointer, region: country.or(region) };
        for (name, value) in object {
            reader.member(name, value);
        }
        reader.given
    }

    /// A new lead. Dirt is left out; ask for it before.
    pub fn into_lead(self, source: &str) -> Lead {
        let mut lead = Lead::default();
        for (field, value) in self.fields {
            lead.set_field(field, value);
        }
        for (name, value) in self.custom_fields {
            lead.set_custom_field(&name, value);
        }
        lead.tags = self.tags.unwrap_or_default();
        for tag in self.add_tags {
            if !lead.tags.contains(&tag) {
                lead.tags.push(tag);
            }
        }
        lead.owner = self.owner.flatten();
        lead.is_qualified = self.is_qualified.flatten();
        lead.source = Some(self.source.unwrap_or_else(|| source.to_owned()));
        lead.data_source = self.data_source.flatten();
        lead.data_collected_at = self.data_collected_at.flatten();
        complete_names(&mut lead);
        lead
    }

    /// Changes of one lead, all of them or none.
    ///
    /// # Errors
    /// `VALIDATION_FAILED` with every wrong place.
    pub fn into_changes(self) -> Result<LeadChanges, Problem> {
        let mut given = self.without_wrong("")?;
        given.not_changeable("addTags", !given.add_tags.is_empty(), "give the whole list as `tags`");
        given.not_changeable("removeTags", !given.remove_tags.is_empty(), "give the whole list as `tags`");
        let given = given.only_changeable()?;
        Ok(LeadChanges {
            fields: given.fields,
            custom_fields: given.custom_fields,
            tags: given.tags,
            owner: given.owner,
            is_qualified: given.is_qualified,
        })
    }

    /// Changes of many leads.
    ///
    /// # Errors
    /// `VALIDATION_FAILED` with every wrong place, or when nothing would change.
    pub fn into_task_changes(self, pointer: &str) -> Result<TaskChanges, Problem> {
        let given = self.without_wrong(pointer)?.only_changeable()?;
        let changes = TaskChanges {
            fields: given.fields.into_iter().map(|(field, value)| (field.name().to_owned(), value)).collect(),
            custom_fields: given.custom_fields,
            tags: given.tags,
            add_tags: given.add_tags,
            remove_tags: given.remove_tags,
            owner: given.owner.map(|owner| NewOwner { owner }),
            is_qualified: given.is_qualified.map(|flag| NewFlag { flag }),
        };
        if changes == TaskChanges::default() {
            return Err(Problem::invalid(FieldError::at(pointer, "says nothing to change")));
        }
        Ok(changes)
    }

    fn not_changeable(&mut self, name: &str, is_given: bool, why: &str) {
        if is_given {
            self.wrong.push(FieldError::at(format!("/{name}"), why));
        }
    }

    fn only_changeable(mut self) -> Result<Self, Problem> {
        let (source, data_source) = (self.source.is_some(), self.data_source.is_some());
        let collected = self.data_collected_at.is_some();
        let why = "is set when the lead is made";
        self.not_changeable("source", source, why);
        self.not_changeable("dataSource", data_source, why);
        self.not_changeable("dataCollectedAt", collected, why);
        self.without_wrong("")
    }

    /// The object, where nothing in it is wrong or dirty.
    ///
    /// # Errors
    /// `VALIDATION_FAILED` with every wrong place.
    pub fn without_wrong(mut self, pointer: &str) -> Result<Self, Problem> {
        for dirt in std::mem::take(&mut self.dirt) {
            let place = format!("{pointer}/{}", dirt.field.replace('.', "/"));
            self.wrong.push(FieldError::at(place, dirt.problem.to_string()));
        }
        if self.wrong.is_empty() { Ok(self) } else { Err(Problem::all_invalid(self.wrong)) }
    }
}

/// What a user may want to know about a lead that was taken.
pub fn warnings(lead: &Lead) -> Vec<&'static str> {
    let address = lead.email.as_deref().and_then(Email::from_normal);
    if address.is_some_and(|address| address.has_reserved_domain()) {
        return vec!["RESERVED_EMAIL_DOMAIN"];
    }
    Vec::new()
}

struct Reader<'p> {
    given: GivenLead,
    pointer: &'p str,
    region: Option<Region>,
}

impl Reader<'_> {
    fn wrong(&mut self, name: &str, detail: impl Into<String>) {
        let name = name.replace('~', "~0").replace('/', "~1");
        self.given.wrong.push(FieldError::at(format!("{}/{name}", self.pointer), detail));
    }

    fn member(&mut self, name: &str, value: &Value) {
        if let Some(field) = LeadField::ALL.into_iter().find(|field| field.name().eq_ignore_ascii_case(name)) {
            return self.field(field, name, value);
        }
        let numbered = name
            .strip_prefix("customField")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
        match name {
            CUSTOM => self.custom_fields(value),
            "tags" => self.given.tags = self.tags(name, value),
            "addTags" => self.given.add_tags = self.tags(name, value).unwrap_or_default(),
            "removeTags" => self.given.remove_tags = self.tags(name, value).unwrap_or_default(),
            "owner" => self.owner(value),
            "isQualified" => match value {
                Value::Null => self.given.is_qualified = Some(None),
                Value::Bool(flag) => self.given.is_qualified = Some(Some(*flag)),
                _ => self.wrong(name, "expected true, false or null"),
            },
            "source" => self.given.source = self.source(name, value).flatten(),
            "dataSource" => self.given.data_source = self.source(name, value),
            "dataCollectedAt" => match value {
                Value::Null => self.given.data_collected_at = Some(None),
                _ => match value.as_str().and_then(Time::parse) {
                    Some(at) => self.given.data_collected_at = Some(Some(at)),
                    None => self.wrong(name, "expected an RFC 3339 time"),
                },
            },
            _ if numbered => self.custom(name, name, value),
            _ if READ_ONLY.contains(&name) => self.wrong(name, "cannot be set"),
            _ => match name.strip_prefix("customFields.") {
                Some(custom) if !trim_cell(custom).is_empty() => self.custom(name, custom, value),
                _ => self.unknown(name),
            },
        }
    }

    fn unknown(&mut self, name: &str) {
        let shown: String = name.chars().take(80).collect();
        let known = LeadField::ALL.into_iter().map(LeadField::name).chain(OTHERS).chain(["dataCollectedAt"]);
        let hint = did_you_mean(closest(&shown, known).as_deref());
        self.wrong(&shown, format!("is no field of a lead{hint}; other values go into customFields"));
    }

    fn field(&mut self, field: LeadField, name: &str, value: &Value) {
        let Ok(text) = text_of(value) else { return self.wrong(name, "expected a text, a number or null") };
        let Some(text) = text else { return self.given.fields.push((field, None)) };
        let region = self.region;
        match clean_value(field, &text, &|| region) {
            Ok(value) => self.given.fields.push((field, Some(value))),
            Err(problem) => self.given.dirt.push(Dirt { field: field.name().to_owned(), problem }),
        }
    }

    fn custom_fields(&mut self, value: &Value) {
        match value {
            Value::Null => {}
            Value::Object(fields) if fields.len() > MAX_CUSTOM_FIELDS => {
                self.wrong(CUSTOM, format!("at most {MAX_CUSTOM_FIELDS} fields"));
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.custom(&format!("{CUSTOM}.{name}"), name, value);
                }
            }
            _ => self.wrong(CUSTOM, "expected an object of names and texts"),
        }
    }

    fn custom(&mut self, place: &str, name: &str, value: &Value) {
        let pointer = place.replacen('.', "/", 1);
        let name = trim_cell(name);
        if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
            let detail = format!("the name of a custom field has 1 to {MAX_NAME_CHARS} characters");
            return self.given.wrong.push(FieldError::at(format!("{}/{CUSTOM}", self.pointer), detail));
        }
        let text = match value {
            Value::Bool(yes) => Ok(Some(yes.to_string())),
            value => text_of(value),
        };
        match text {
            Ok(Some(text)) if text.chars().count() > MAX_CUSTOM_FIELD_CHARS => {
                let problem = CellProblem::TooLong { limit: MAX_CUSTOM_FIELD_CHARS };
                self.given.dirt.push(Dirt { field: format!("{CUSTOM}.{name}"), problem });
            }
            Ok(text) => self.given.custom_fields.push((name.to_owned(), text)),
            Err(()) => {
                let detail = "expected a text, a number, true, false or null";
                self.given.wrong.push(FieldError::at(format!("{}/{pointer}", self.pointer), detail));
            }
        }
    }

    fn tags(&mut self, name: &str, value: &Value) -> Option<Vec<String>> {
        let Value::Array(list) = value else {
            if !value.is_null() {
                self.wrong(name, "expected a list of texts");
            }
            return value.is_null().then(Vec::new);
        };
        if list.len() > MAX_TAGS {
            self.wrong(name, format!("at most {MAX_TAGS} tags"));
            return None;
        }
        let mut tags: Vec<String> = Vec::with_capacity(list.len());
        for tag in list {
            match tag.as_str().map(trim_cell) {
                Some(tag) if !tag.is_empty() && tag.chars().count() <= MAX_TAG_CHARS => {
                    if !tags.iter().any(|known| known == tag) {
                        tags.push(tag.to_owned());
                    }
                }
                _ => self.wrong(name, format!("a tag is a text of 1 to {MAX_TAG_CHARS} characters")),
            }
        }
        Some(tags)
    }

    fn owner(&mut self, value: &Value) {
        match value {
            Value::Null => self.given.owner = Some(None),
            value => match value.as_str().and_then(|text| text.parse().ok()) {
                Some(owner) => self.given.owner = Some(Some(owner)),
                None => self.wrong("owner", "expected the id of a user or null"),
            },
        }
    }

    fn source(&mut self, name: &str, value: &Value) -> Option<Option<String>> {
        match text_of(value) {
            Ok(Some(text)) if text.chars().count() > MAX_SOURCE_CHARS => {
                self.wrong(name, format!("at most {MAX_SOURCE_CHARS} characters"));
                None
            }
            Ok(text) => Some(text),
            Err(()) => {
                self.wrong(name, "expected a text or null");
                None
            }
        }
    }
}

/// The text of a JSON value without white space around it; `None` for null and for nothing but white space.
fn text_of(value: &Value) -> Result<Option<String>, ()> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => trim_cell(text).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err(()),
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given(value: &Value) -> GivenLead {
        GivenLead::read(value.as_object().expect("an object"), "", None)
    }

    #[test]
    fn values_take_their_normal_form_and_texts_stay_as_they_are() {
        let lead = given(&json!({
            "email": " Anna@ACME.example ", "jobTitle": "  VP\u{200b}  Sales ", "phone": "030 901820", "country": "Germany",
            "firstName": "Anna", "lastName": "Meier", "customFields": {"Stand": 12, "Gold": true, "Leer": null}, "customField1": "x",
        }))
        .into_lead("api");
        assert_eq!(lead.email.as_deref(), Some("anna@acme.example"));
        assert_eq!(lead.job_title.as_deref(), Some("VP\u{200b}  Sales"));
        assert_eq!(lead.phone.as_deref(), Some("+4930901820"));
        assert_eq!(lead.full_name.as_deref(), Some("Anna Meier"));
        let custom = [("Stand", "12"), ("Gold", "true"), ("customField1", "x")];
        assert_eq!(lead.custom_fields, custom.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(lead.source.as_deref(), Some("api"));
    }

    #[test]
    fn a_misspelled_field_is_told_with_what_was_meant() {
        let wrong = given(&json!({ "emial": "a@b.example" })).wrong;
        assert_eq!(wrong[0].pointer.as_deref(), Some("/emial"));
        assert!(wrong[0].detail.contains("did you mean \"email\"?"), "{wrong:?}");
        assert_eq!(given(&json!({ "id": "lead_0" })).wrong[0].detail, "cannot be set");
    }

    #[test]
    fn dirt_is_not_a_mistake() {
        let given = given(&json!({ "email": "anna@", "fullName": "Anna Meier" }));
        assert!(given.wrong.is_empty());
        assert_eq!(given.dirt.len(), 1);
        let problem = given.without_wrong("/changes").expect_err("dirt");
        assert_eq!(problem.errors[0].pointer.as_deref(), Some("/changes/email"));
    }

    #[test]
    fn null_clears_and_white_space_is_null() {
        let changes = given(&json!({ "email": null, "jobTitle": "  ", "tags": null })).into_changes().expect("fine");
        assert_eq!(changes.fields, [(LeadField::Email, None), (LeadField::JobTitle, None)]);
        assert_eq!(changes.tags, Some(Vec::new()));
    }
}
