//! What each kind of value is normalised to, and what else is known of it.

use serde_json::Value;

use super::Kind;
use crate::cli::exit::{CliError, Exit};
use crate::domain::company_name;
use crate::domain::email::Email;
use crate::domain::job_title::JobTitle;
use crate::domain::linkedin::LinkedInProfile;
use crate::domain::person_name::PersonName;
use crate::domain::phone::{Phone, Region};
use crate::domain::text::trim_cell;
use crate::domain::website::Website;
use crate::providers::lists::Lists;

/// What there is to say of one line.
pub struct Finding {
    pub normalized: Option<String>,
    /// Why the text is no value of the kind; `None` where it is one.
    pub reason: Option<String>,
    /// The further keys of the kind, in their order.
    pub details: Vec<(&'static str, Value)>,
}

/// The rules of one kind.
pub struct Rules {
    kind: Kind,
    /// Country of phone numbers written without one.
    region: Option<Region>,
    lists: Lists,
}

/// A normal form with the values of the kind's keys, or the reason why there is none.
type Looked = Result<(String, Vec<Value>), String>;

impl Rules {
    /// # Errors
    /// The lists of this build are damaged.
    pub fn new(kind: Kind, region: Option<Region>) -> Result<Self, CliError> {
        let lists = Lists::embedded().map_err(|error| {
            CliError::new(Exit::Failed, "INTERNAL", "the embedded lists cannot be read", error.to_string())
        })?;
        Ok(Self { kind, region, lists })
    }

    pub fn look(&self, line: &str) -> Finding {
        let text = trim_cell(line);
        if text.is_empty() {
            return self.refuse("is empty");
        }
        let looked = match self.kind {
            Kind::Email => self.email(text),
            Kind::Phone => self.phone(text),
            Kind::Url => url(text),
            Kind::Linkedin => linkedin(text),
            Kind::Name => name(text),
            Kind::Company => company(text),
            Kind::Title => title(text),
        };
        match looked {
            Ok((normalized, values)) => Finding {
                normalized: Some(normalized),
                reason: None,
                details: self.keys().iter().copied().zip(values).collect(),
            },
            Err(reason) => self.refuse(reason),
        }
    }

    /// A line that is no value of the kind.
    pub fn refuse(&self, reason: impl Into<String>) -> Finding {
        let details = self.keys().iter().map(|key| (*key, Value::Null)).collect();
        Finding { normalized: None, reason: Some(reason.into()), details }
    }

    /// The further keys of the kind.
    const fn keys(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Email => &["localPart", "domain", "isRole", "isFree", "isDisposable"],
            Kind::Phone => &["e164", "lineType", "region", "extension"],
            Kind::Url => &["host", "domain"],
            Kind::Linkedin => &["slug"],
            Kind::Name => {
                &["firstName", "lastName", "middleName", "prefix", "suffix", "nickname", "maidenName", "fullName"]
            }
            Kind::Company => &["baseName", "comparisonKey"],
            Kind::Title => &["seniorityLevel", "department"],
        }
    }

    fn email(&self, text: &str) -> Looked {
        let email = Email::parse(text).map_err(|error| error.to_string())?;
        let values = vec![
            email.local().into(),
            email.domain().into(),
            self.lists.is_role(email.local()).into(),
            self.lists.is_free_mail(email.domain()).into(),
            self.lists.disposable(email.domain()).into(),
        ];
        Ok((email.into_string(), values))
    }

    fn phone(&self, text: &str) -> Looked {
        let phone = Phone::parse(text, self.region).map_err(|error| error.to_string())?;
        let values = vec![
            phone.e164.as_str().into(),
            phone.line_type.name().into(),
            phone.region.map(|region| region.code().to_owned()).into(),
            phone.extension.into(),
        ];
        Ok((phone.e164, values))
    }
}

fn url(text: &str) -> Looked {
    let website = Website::parse(text).map_err(|error| error.to_string())?;
    let values = vec![website.host().into(), website.registrable_domain().into()];
    Ok((website.into_string(), values))
}

fn linkedin(text: &str) -> Looked {
    let profile = LinkedInProfile::parse(text).map_err(|error| error.to_string())?;
    let slug = profile.slug().into();
    Ok((profile.into_string(), vec![slug]))
}

fn name(text: &str) -> Looked {
    let name = PersonName::parse(text);
    let full = name.full();
    if !full.chars().any(char::is_alphabetic) {
        return Err("is not the name of a person".to_owned());
    }
    let parts = [name.first, name.last, name.middle, name.prefix, name.suffix, name.nickname, name.maiden];
    let mut values: Vec<Value> =
        parts.into_iter().map(|part| Some(part).filter(|part| !part.is_empty()).into()).collect();
    values.push(full.as_str().into());
    Ok((full, values))
}

fn company(text: &str) -> Looked {
    if !text.chars().any(char::is_alphanumeric) {
        return Err("is not the name of a company".to_owned());
    }
    let values = vec![company_name::base_name(text).into(), company_name::comparison_key(text).into()];
    Ok((with_single_spaces(text), values))
}

fn title(text: &str) -> Looked {
    let title = JobTitle::read(text).ok_or("is not a job title")?;
    let values = vec![title.seniority_level.name().into(), title.department.name().into()];
    Ok((with_single_spaces(text), values))
}

fn with_single_spaces(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn details(kind: Kind, text: &str) -> (bool, Option<String>, Value) {
        let rules = Rules::new(kind, Region::from_code("DE")).expect("rules");
        let found = rules.look(text);
        let details = found.details.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        (found.reason.is_none(), found.normalized, Value::Object(details))
    }

    #[test]
    fn each_kind_has_its_keys() {
        let (valid, normal, found) = details(Kind::Email, "Info <INFO+fair@Gmail.com>");
        assert_eq!((valid, normal.as_deref()), (true, Some("info+fair@gmail.com")));
        let expected = json!({"localPart": "info+fair", "domain": "gmail.com", "isRole": true, "isFree": true, "isDisposable": false});
        assert_eq!(found, expected);
        let (_, _, found) = details(Kind::Phone, "030 901820");
        let expected = json!({"e164": "+4930901820", "lineType": "fixed_line", "region": "DE", "extension": null});
        assert_eq!(found, expected);
        let (_, normal, found) = details(Kind::Url, "WWW.Example.co.uk/");
        assert_eq!(normal.as_deref(), Some("https://www.example.co.uk"));
        assert_eq!(found, json!({"host": "www.example.co.uk", "domain": "example.co.uk"}));
        let (_, normal, found) = details(Kind::Linkedin, "linkedin.com/in/Ada");
        assert_eq!((normal.as_deref(), found), (Some("https://www.linkedin.com/in/ada"), json!({"slug": "ada"})));
        let (_, normal, found) = details(Kind::Name, "Dr. Ada B. Meier, PhD");
        assert_eq!(normal.as_deref(), Some("Ada B. Meier"));
        assert_eq!(
            (&found["prefix"], &found["lastName"], &found["nickname"]),
            (&json!("Dr."), &json!("Meier"), &json!(null))
        );
        let (_, normal, found) = details(Kind::Company, "Acme  GmbH");
        assert_eq!((normal.as_deref(), &found["baseName"]), (Some("Acme GmbH"), &json!("Acme")));
        let (_, _, found) = details(Kind::Title, "VP Sales");
        assert_eq!(found, json!({"seniorityLevel": "executive", "department": "sales"}));
    }

    #[test]
    fn what_is_no_value_says_why() {
        for (kind, text) in [
            (Kind::Email, "nobody"),
            (Kind::Phone, "call me"),
            (Kind::Url, "a b"),
            (Kind::Linkedin, "linkedin.com/company/acme"),
            (Kind::Name, "..."),
            (Kind::Company, "-"),
            (Kind::Title, "12"),
            (Kind::Title, " \r"),
        ] {
            let rules = Rules::new(kind, None).expect("rules");
            let found = rules.look(text);
            assert!(found.reason.is_some() && found.normalized.is_none(), "{text}");
            assert!(!found.details.is_empty() && found.details.iter().all(|(_, value)| value.is_null()), "{text}");
        }
    }
}
