//! The built-in reading of job titles: level and department. What no word tells is left out.

use serde_json::json;

use super::instant::InstantCheck;
use super::value;
use crate::domain::enriched_field::EnrichedField;
use crate::domain::enrichment::{Answer, Evidence, Operation, Outcome, Reply};
use crate::domain::job_title::{DepartmentSign, JobTitle};
use crate::domain::lead::LeadField;
use crate::providers::{Offer, Request};

/// The provider `galena.title`.
#[derive(Debug, Default)]
pub struct BuiltInTitle;

const OFFERS: &[Offer] = &[Offer::single(Operation::TitleClassify, &[&[LeadField::JobTitle]])];

impl BuiltInTitle {
    fn classify(request: &Request) -> Reply {
        let Some(text) = request.input(LeadField::JobTitle) else {
            return Outcome::InvalidInput { reason: "there is no job title".to_owned() }.into();
        };
        let Some(title) = JobTitle::read(text) else { return Outcome::NotFound.into() };
        let about = Some(text);
        let level = Evidence::Level(title.level_sign, title.seniority_level);
        let seen = json!({ "sign": format!("{:?}", title.level_sign).to_lowercase() });
        let mut values = vec![value(EnrichedField::SeniorityLevel, title.seniority_level.name(), level, about, seen)];
        if title.department_sign != DepartmentSign::None {
            let seen = json!({ "sign": format!("{:?}", title.department_sign).to_lowercase() });
            let evidence = Evidence::Department(title.department_sign);
            values.push(value(EnrichedField::Department, title.department.name(), evidence, about, seen));
        }
        Outcome::Found(Answer { values }).into()
    }
}

impl InstantCheck for BuiltInTitle {
    const SLUG: &'static str = "galena.title";
    const OFFERS: &'static [Offer] = OFFERS;

    fn answer(&self, request: &Request) -> Reply {
        Self::classify(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::builtin::testing::{ask, shown};

    #[test]
    fn level_and_department_are_told_as_far_as_words_tell() {
        let found = |title: &str| shown(&ask(&BuiltInTitle, Operation::TitleClassify, &[(LeadField::JobTitle, title)]));
        assert_eq!(found("VP of Sales"), "found seniorityLevel=executive department=sales");
        assert_eq!(found("Leiter Vertrieb"), "found seniorityLevel=executive department=sales");
        assert_eq!(found("Xyzzy"), "found seniorityLevel=mid");
        assert_eq!(found("12 - 3"), "not_found");
    }
}
