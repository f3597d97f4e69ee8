//! From what a vendor writes to the form we keep: addresses in normal form, ranges of the lists, our own words. What has
//! no such form is left out: a wrong value is worse than none.

use jmespath::{Rcvar, Variable};
use serde_json::{Value, json};

use super::expression::{numeric, scalar};
use super::model::{CustomKind, Target};
use crate::domain::company_size::company_size;
use crate::domain::email::Email;
use crate::domain::enriched_field::EnrichedField;
use crate::domain::industry::industry;
use crate::domain::job_title::{Department, DepartmentSign, JobTitle, SeniorityLevel};
use crate::domain::lead::{EmailStatus, LeadField, MAX_CUSTOM_FIELD_CHARS};
use crate::domain::linkedin::{LinkedInCompany, LinkedInProfile};
use crate::domain::phone::{LineType, Phone, Region};
use crate::domain::revenue::revenue_range;
use crate::domain::time::Time;
use crate::domain::website::Website;

const LONGEST_TEXT: usize = 255;
const MOST_PHONES: usize = 20;
const MOST_NAMES: usize = 200;
const MONTH: f64 = 30.436_875 * 86_400.0 * 1_000.0;

/// What normal forms depend on beside the value.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings {
    /// Where numbers in national spelling are read.
    pub country: Option<Region>,
    pub now: Time,
}

/// The value as it is kept. A list where one value is wanted gives its first.
pub fn normal(target: &Target, found: &Rcvar, around: Surroundings) -> Option<String> {
    if let Target::Fact(fact) = target
        && fact.is_list()
    {
        return list(*fact, found, around);
    }
    let text = match &**found {
        Variable::Array(members) => members.iter().find_map(|member| scalar(member))?,
        single => scalar(single)?,
    };
    match target {
        Target::Field(field) => of_field(*field, &text, around),
        Target::Fact(fact) => of_fact(*fact, &text, around),
        Target::EmailStatus => Some(email_status(&text).name().to_owned()),
        Target::Custom { kind, .. } => custom(*kind, &text),
    }
}

fn of_field(field: LeadField, text: &str, around: Surroundings) -> Option<String> {
    let value = match field {
        LeadField::Email => Email::parse(text).ok()?.into_string(),
        LeadField::Phone | LeadField::CompanyPhone => phone(text, around)?,
        LeadField::LinkedInUrl => LinkedInProfile::parse(text).ok()?.into_string(),
        LeadField::CompanyLinkedInUrl => LinkedInCompany::parse(text).ok()?.into_string(),
        LeadField::Website => Website::parse(text).ok()?.into_string(),
        LeadField::CompanySize => company_size(text)?.to_owned(),
        LeadField::Industry => industry(text)?.to_owned(),
        LeadField::ProfilePictureUrl => Some(text).filter(|text| text.starts_with("https://"))?.to_owned(),
        _ => text.to_owned(),
    };
    (value.chars().count() <= field.max_chars()).then_some(value)
}

fn phone(text: &str, around: Surroundings) -> Option<String> {
    Phone::parse(text, around.country).ok().map(|phone| phone.e164)
}

fn of_fact(fact: EnrichedField, text: &str, around: Surroundings) -> Option<String> {
    let value = match fact {
        EnrichedField::SeniorityLevel => seniority(text)?.name().to_owned(),
        EnrichedField::Department => department(text)?.name().to_owned(),
        EnrichedField::PhoneStatus => verdict(text, "valid", "invalid")?.to_owned(),
        EnrichedField::DoNotCall => verdict(text, "listed", "clear")?.to_owned(),
        EnrichedField::PhoneType => line_type(text)?.name().to_owned(),
        EnrichedField::PhoneCountry => {
            Region::from_code(text).or_else(|| Region::from_country(text))?.code().to_owned()
        }
        EnrichedField::EmailType => {
            let lower = text.to_lowercase();
            ["business", "free", "role", "disposable"].into_iter().find(|known| *known == lower)?.to_owned()
        }
        EnrichedField::SuggestedEmail => Email::parse(text).ok()?.into_string(),
        EnrichedField::CompanyDomain => Website::parse(text).ok()?.registrable_domain()?.to_owned(),
        EnrichedField::Twitter => profile(text, "twitter.com", &["x.com"])?,
        EnrichedField::Facebook => profile(text, "facebook.com", &["fb.com"])?,
        EnrichedField::Github => profile(text, "github.com", &[])?,
        EnrichedField::Tenure => tenure(text, around.now)?.to_string(),
        EnrichedField::RevenueRange => revenue_range(text)?.to_owned(),
        EnrichedField::CompanyFounded => {
            let year: u16 = text.get(..4)?.parse().ok()?;
            (1000..=2200).contains(&year).then(|| year.to_string())?
        }
        _ => text.to_owned(),
    };
    (value.chars().count() <= LONGEST_TEXT).then_some(value)
}

/// Verdicts of vendors in our four words; one that nobody knows is `unknown`.
pub fn email_status(text: &str) -> EmailStatus {
    let word: String = text.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    match word.as_str() {
        "valid" | "verified" | "deliverable" | "ok" | "safe" => EmailStatus::Valid,
        "invalid" | "undeliverable" | "bad" | "spamtrap" | "abuse" | "donotmail" | "disposable" => EmailStatus::Invalid,
        "catchall" | "acceptall" | "risky" => EmailStatus::CatchAll,
        _ => EmailStatus::Unknown,
    }
}

fn seniority(text: &str) -> Option<SeniorityLevel> {
    let word = text.to_lowercase().replace(['_', ' '], "-");
    let known = SeniorityLevel::ALL.into_iter().find(|level| level.name() == word);
    known.or(match word.as_str() {
        "cxo" | "c-level" | "owner" | "founder" | "partner" => Some(SeniorityLevel::CSuite),
        "vp" | "vp-level" | "vice-president" | "director" | "head" => Some(SeniorityLevel::Executive),
        "manager" | "lead" => Some(SeniorityLevel::Senior),
        "intern" | "training" | "unpaid" | "junior" => Some(SeniorityLevel::Entry),
        _ => None,
    })
}

fn department(text: &str) -> Option<Department> {
    let known = Department::from_name(text).or_else(|| Department::from_name(&text.to_lowercase()));
    known.or_else(|| {
        let read = JobTitle::read(&text.replace('_', " ").replace("master ", ""))?;
        (read.department_sign != DepartmentSign::None).then_some(read.department)
    })
}

fn line_type(text: &str) -> Option<LineType> {
    let word: String = text.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    LineType::ALL.into_iter().find(|known| plain(known.name()) == word).or(match word.as_str() {
        "landline" | "fixed" => Some(LineType::FixedLine),
        "cell" | "wireless" | "cellular" => Some(LineType::Mobile),
        "fixedvoip" | "nonfixedvoip" => Some(LineType::Voip),
        _ => None,
    })
}

/// One of two words, for truth and for what stands for it.
fn verdict(text: &str, yes: &'static str, no: &'static str) -> Option<&'static str> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "1" => Some(yes),
        "false" | "no" | "0" => Some(no),
        word if word == yes => Some(yes),
        word if word == no => Some(no),
        _ => None,
    }
}

/// A handle or an address, as an address.
fn profile(text: &str, host: &str, also: &[&str]) -> Option<String> {
    let plain = |handle: &str| {
        let fine = |next: char| next.is_ascii_alphanumeric() || matches!(next, '.' | '-' | '_');
        (!handle.is_empty() && handle.len() <= 100 && handle.chars().all(fine)).then(|| handle.to_owned())
    };
    let text = text.trim().trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
    let on_host = [host].iter().chain(also).find_map(|host| text.strip_prefix(host)?.strip_prefix('/'));
    let handle = match on_host {
        Some(path) => plain(path.split(['/', '?', '#']).next()?)?,
        None => plain(text.trim_start_matches('@')).filter(|handle| !handle.contains('.') || !handle.contains('/'))?,
    };
    Some(format!("https://{host}/{handle}"))
}

/// Months, from a count or from the day it began: `2021`, `2021-03`, `2021-03-15`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)] // checked range
fn tenure(text: &str, now: Time) -> Option<u32> {
    const LONGEST: f64 = 1_200.0;
    let months = match text.parse::<f64>() {
        Ok(count) if text.len() < 4 => count,
        _ => {
            let day = match text.len() {
                4 => format!("{text}-01-01"),
                7 => format!("{text}-01"),
                _ => text.get(..10)?.to_owned(),
            };
            let began = Time::parse(&format!("{day}T00:00:00Z"))?;
            (now.0.checked_sub(began.0)? as f64 / MONTH).floor()
        }
    };
    (0.0..=LONGEST).contains(&months).then_some(months as u32)
}

fn custom(kind: CustomKind, text: &str) -> Option<String> {
    let fits = match kind {
        CustomKind::Text => true,
        CustomKind::Number => text.parse::<f64>().is_ok_and(f64::is_finite),
        CustomKind::Flag => verdict(text, "true", "false").is_some(),
        CustomKind::Date => Time::parse(text).is_some() || Time::parse(&format!("{text}T00:00:00Z")).is_some(),
    };
    let value = if kind == CustomKind::Flag { verdict(text, "true", "false")? } else { text };
    (fits && value.chars().count() <= MAX_CUSTOM_FIELD_CHARS).then(|| value.to_owned())
}

/// A JSON array; nothing for an empty one.
fn list(fact: EnrichedField, found: &Rcvar, around: Surroundings) -> Option<String> {
    let single = [found.clone()];
    let members: &[Rcvar] = found.as_array().map_or(&single, Vec::as_slice);
    let values: Vec<Value> = if fact == EnrichedField::PhoneNumbers {
        phones(members, around)
    } else {
        let mut names: Vec<String> = Vec::new();
        for name in members.iter().filter_map(|member| scalar(member)) {
            let known = names.iter().any(|known| known.eq_ignore_ascii_case(&name));
            if !known && name.chars().count() <= LONGEST_TEXT && names.len() < MOST_NAMES {
                names.push(name);
            }
        }
        names.into_iter().map(Value::from).collect()
    };
    (!values.is_empty()).then(|| Value::Array(values).to_string())
}

/// Each number once, in the order of the vendor.
fn phones(members: &[Rcvar], around: Surroundings) -> Vec<Value> {
    let mut phones: Vec<Value> = Vec::new();
    for member in members {
        let part = |name: &str| scalar(&member.get_field(name));
        let Some(number) = scalar(member).or_else(|| part("number")) else { continue };
        let Ok(phone) = Phone::parse(&number, around.country) else { continue };
        if phones.len() == MOST_PHONES || phones.iter().any(|known| known["number"] == phone.e164.as_str()) {
            continue;
        }
        let kind = part("type").and_then(|word| phone_kind(&word)).or(match phone.line_type {
            LineType::Mobile => Some("mobile"),
            LineType::FixedLine | LineType::FixedLineOrMobile | LineType::Voip => Some("work"),
            _ => None,
        });
        let verified = part("verified")
            .is_some_and(|word| matches!(word.to_lowercase().as_str(), "true" | "valid_number" | "verified" | "valid"));
        let mut value =
            json!({ "number": phone.e164, "type": kind, "verified": verified, "lineType": phone.line_type.name() });
        if let Some(sure) =
            member.get_field("confidence").as_number().or_else(|| numeric(&member.get_field("confidence")))
            && (0.0..=1.0).contains(&sure)
        {
            value["confidence"] = json!(sure);
        }
        if let Some(listed) = part("doNotCall").and_then(|word| verdict(&word, "listed", "clear")) {
            value["doNotCall"] = json!(listed);
        }
        phones.push(value);
    }
    phones
}

/// `mobile`, `work`, `direct` or `main` (PRD-11, appendix B).
fn phone_kind(word: &str) -> Option<&'static str> {
    match word.to_lowercase().replace(['_', '-'], " ").as_str() {
        "mobile" | "cell" | "personal" => Some("mobile"),
        "direct" | "work direct" | "direct dial" => Some("direct"),
        "main" | "hq" | "work hq" | "company" | "headquarters" | "switchboard" => Some("main"),
        "work" | "office" | "business" | "landline" | "fixed line" => Some("work"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::expression::document;
    use super::*;

    fn kept(target: Target, value: Value) -> Option<String> {
        let around = Surroundings {
            country: Region::from_country("FR"),
            now: Time::parse("2026-01-15T00:00:00Z").expect("a time"),
        };
        normal(&target, &document(value), around)
    }

    #[test]
    fn values_get_their_normal_form_or_are_left_out() {
        let field = |field, value: Value| kept(Target::Field(field), value);
        assert_eq!(
            field(LeadField::Email, json!("Ana@ACME.test")).map(|email| email.to_lowercase()).as_deref(),
            Some("ana@acme.test")
        );
        assert_eq!(field(LeadField::Email, json!("no address")), None);
        assert_eq!(field(LeadField::Phone, json!("06 12 34 56 78")).as_deref(), Some("+33612345678"));
        assert_eq!(field(LeadField::CompanySize, json!(240)).as_deref(), Some("201-500"));
        assert_eq!(field(LeadField::Industry, json!("machinery")).as_deref(), Some("Machinery"));
        assert_eq!(field(LeadField::JobTitle, json!("x".repeat(300))), None, "never cut");
        assert_eq!(field(LeadField::JobTitle, json!({ "a": 1 })), None);
        assert_eq!(field(LeadField::JobTitle, json!([null, "VP"])).as_deref(), Some("VP"));
        let fact = |fact, value: Value| kept(Target::Fact(fact), value);
        assert_eq!(fact(EnrichedField::SeniorityLevel, json!("c_suite")).as_deref(), Some("c-suite"));
        assert_eq!(fact(EnrichedField::SeniorityLevel, json!("vp")).as_deref(), Some("executive"));
        assert_eq!(fact(EnrichedField::SeniorityLevel, json!("wizard")), None);
        assert_eq!(fact(EnrichedField::RevenueRange, json!(31_000_000.0)).as_deref(), Some("$10M-$50M"));
        assert_eq!(fact(EnrichedField::CompanyFounded, json!("1998-01-01")).as_deref(), Some("1998"));
        assert_eq!(fact(EnrichedField::Twitter, json!("@ana_roe")).as_deref(), Some("https://twitter.com/ana_roe"));
        assert_eq!(
            fact(EnrichedField::Github, json!("https://github.com/ana")).as_deref(),
            Some("https://github.com/ana")
        );
        assert_eq!(fact(EnrichedField::Tenure, json!("2025-01")).as_deref(), Some("12"));
        assert_eq!(fact(EnrichedField::Tenure, json!("2030-01")), None);
        assert_eq!(
            fact(EnrichedField::CompanyDomain, json!("https://www.acme.co.uk/x")).as_deref(),
            Some("acme.co.uk")
        );
        assert_eq!(kept(Target::EmailStatus, json!("catch_all")).as_deref(), Some("catch-all"));
        assert_eq!(kept(Target::EmailStatus, json!("brand new verdict")).as_deref(), Some("unknown"));
    }

    #[test]
    fn lists_are_json_and_hold_each_value_once() {
        let fact = |fact, value: Value| kept(Target::Fact(fact), value);
        let technologies = fact(EnrichedField::CompanyTechnologies, json!(["HubSpot", "hubspot", 3, { "a": 1 }]));
        assert_eq!(technologies.as_deref(), Some(r#"["HubSpot","3"]"#));
        assert_eq!(fact(EnrichedField::CompanyTechnologies, json!([])), None);
        let given = json!(["+33612345678", { "number": "06 12 34 56 78" }, { "number": "+33140000001", "type": "work_hq", "verified": "valid_number" }, "x"]);
        let phones: Value =
            serde_json::from_str(&fact(EnrichedField::PhoneNumbers, given).expect("numbers")).expect("JSON");
        assert_eq!(phones.as_array().map(Vec::len), Some(2));
        assert_eq!((&phones[0]["type"], &phones[0]["verified"]), (&json!("mobile"), &json!(false)));
        assert_eq!((&phones[1]["type"], &phones[1]["verified"]), (&json!("main"), &json!(true)));
    }

    #[test]
    fn custom_fields_have_a_type() {
        let custom = |kind, value: Value| kept(Target::Custom { name: "x".to_owned(), kind }, value);
        assert_eq!(custom(CustomKind::Number, json!(4)).as_deref(), Some("4"));
        assert_eq!(custom(CustomKind::Number, json!("four")), None);
        assert_eq!(custom(CustomKind::Flag, json!("Yes")).as_deref(), Some("true"));
        assert_eq!(custom(CustomKind::Date, json!("2026-01-02")).as_deref(), Some("2026-01-02"));
        assert_eq!(custom(CustomKind::Date, json!("soon")), None);
    }
}
