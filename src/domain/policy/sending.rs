//! What of a lead goes into a request: the first alternative of an operation that the lead can fill and the rule lets
//! through, and of the optional inputs those that the rule lets through.

use super::table::Rule;
use crate::domain::company_name::comparison_key;
use crate::domain::enrichment::Input;
use crate::domain::lead::Lead;
use crate::domain::website::host_of_normal;

/// The outcome of a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selected {
    /// What may be sent, in the order in which the operation names it.
    Inputs(Vec<(Input, String)>),
    /// The lead could fill an alternative, and the rule lets none of those through.
    Withheld,
    /// The lead can fill none.
    Lacking,
}

/// Chooses what to send. Each entry of `needs` is enough on its own, all inputs of an entry are needed; `optional` goes
/// along where the lead has it.
pub fn select(rule: Rule, needs: &[Vec<Input>], optional: &[Input], lead: &Lead) -> Selected {
    if rule == Rule::Off {
        let fills = |inputs: &Vec<Input>| inputs.iter().all(|input| input.of(lead).is_some());
        return if needs.iter().any(fills) { Selected::Withheld } else { Selected::Lacking };
    }
    let passes = |input: Input, value: &str| rule == Rule::Allowed || !says_who(input, value, lead);
    let mut withheld = false;
    let chosen = needs.iter().find_map(|inputs| {
        let filled: Option<Vec<_>> = inputs.iter().map(|input| Some((*input, input.of(lead)?))).collect();
        let filled = filled?;
        if filled.iter().all(|(input, value)| passes(*input, value)) {
            return Some(filled);
        }
        withheld = true;
        None
    });
    let Some(mut inputs) = chosen else {
        return if withheld { Selected::Withheld } else { Selected::Lacking };
    };
    for input in optional {
        if inputs.iter().any(|(known, _)| known == input) {
            continue;
        }
        inputs.extend(input.of(lead).filter(|value| passes(*input, value)).map(|value| (*input, value)));
    }
    Selected::Inputs(inputs)
}

/// Whether an input tells of a person: by its kind, or because this lead has a person's value in a field of the company
/// (the name of somebody who works for themselves, their own number, a page below a site).
pub(super) fn says_who(input: Input, value: &str, lead: &Lead) -> bool {
    use crate::domain::lead::LeadField as Field;
    if input.is_personal() {
        return true;
    }
    match input {
        Input::Lead(Field::CompanyName) => {
            lead.full_name.as_deref().is_some_and(|name| comparison_key(name) == comparison_key(value))
        }
        Input::Lead(Field::CompanyPhone) => lead.phone.as_deref() == Some(value),
        Input::Lead(Field::Website) => !is_bare_site(value),
        Input::Lead(Field::CompanyLinkedInUrl) => value.contains("/in/") || value.contains("/pub/"),
        _ => value.contains('@'),
    }
}

/// An address without path and query.
fn is_bare_site(url: &str) -> bool {
    let Some(host) = host_of_normal(url) else { return false };
    let rest = url.split_once(host).map_or("", |(_, rest)| rest);
    let rest = rest.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit());
    rest.is_empty() || rest == "/"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lead::LeadField;

    const NAME: Input = Input::Lead(LeadField::FullName);
    const EMAIL: Input = Input::Lead(LeadField::Email);
    const COMPANY: Input = Input::Lead(LeadField::CompanyName);
    const SITE: Input = Input::Lead(LeadField::Website);

    fn lead() -> Lead {
        Lead {
            full_name: Some("Ana Roe".to_owned()),
            email: Some("ana@acme.com".to_owned()),
            company_name: Some("Acme Inc.".to_owned()),
            website: Some("https://www.acme.com".to_owned()),
            ..Lead::default()
        }
    }

    fn names(selected: Selected) -> Option<Vec<&'static str>> {
        match selected {
            Selected::Inputs(inputs) => Some(inputs.iter().map(|(input, _)| input.name()).collect()),
            Selected::Withheld | Selected::Lacking => None,
        }
    }

    #[test]
    fn an_operation_is_asked_without_the_person_where_it_can_be() {
        let needs = [vec![EMAIL], vec![NAME, COMPANY], vec![Input::CompanyDomain]];
        let chosen = |rule| names(select(rule, &needs, &[NAME, COMPANY], &lead()));
        assert_eq!(chosen(Rule::Allowed), Some(vec!["email", "fullName", "companyName"]));
        assert_eq!(chosen(Rule::CompanyOnly), Some(vec!["companyDomain", "companyName"]));
        assert_eq!(select(Rule::CompanyOnly, &needs[..2], &[], &lead()), Selected::Withheld);
        assert_eq!(select(Rule::Off, &needs, &[], &lead()), Selected::Withheld);
        assert_eq!(select(Rule::Allowed, &[vec![Input::Lead(LeadField::Phone)]], &[], &lead()), Selected::Lacking);
    }

    #[test]
    fn a_company_that_is_a_person_is_one() {
        let sole = Lead { company_name: Some("Ana Roe".to_owned()), ..lead() };
        assert_eq!(select(Rule::CompanyOnly, &[vec![COMPANY]], &[], &sole), Selected::Withheld);
        for (url, company) in [
            ("https://acme.com", true),
            ("https://acme.com:8080", true),
            ("https://acme.com/team/ana-roe", false),
            ("https://acme.com?who=ana", false),
        ] {
            let lead = Lead { website: Some(url.to_owned()), ..lead() };
            let selected = select(Rule::CompanyOnly, &[vec![SITE]], &[], &lead);
            assert_eq!(names(selected).is_some(), company, "{url}");
        }
    }
}
