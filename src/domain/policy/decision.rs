//! The decision in front of a call. Every rule that can forbid one is here, in the order in which it is asked.

use super::denial::Denial;
use super::membership::processes_in_eea;
use super::place::Place;
use super::sending::says_who;
use super::suppression::SuppressionKind;
use super::table::{PolicyTable, Rule};
use crate::domain::enrichment::Input;
use crate::domain::lead::Lead;

/// What matters of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderFacts<'p> {
    pub slug: &'p str,
    /// Whether what it is told leaves the box. Built-in checks and the simulator are not external.
    pub external: bool,
    /// Where it processes: `eu`, `us`, a country.
    pub region: Option<&'p str>,
    /// Whether the key it needs is there; true for one that needs none.
    pub has_key: bool,
    /// Whether what the call may cost is covered.
    pub budget_covers: bool,
}

impl<'p> ProviderFacts<'p> {
    /// One that answers in this process.
    pub const fn built_in(slug: &'p str) -> Self {
        Self { slug, external: false, region: None, has_key: true, budget_covers: true }
    }

    /// One that is called over the network, with key and budget.
    pub const fn external(slug: &'p str, region: Option<&'p str>) -> Self {
        Self { slug, external: true, region, has_key: true, budget_covers: true }
    }
}

/// A call that somebody wants to make.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    pub provider: ProviderFacts<'q>,
    pub terms_accepted: bool,
    pub table: &'q PolicyTable,
    pub eu_providers_only: bool,
    pub lead: &'q Lead,
    pub place: Place,
    /// What would be sent.
    pub sends: &'q [(Input, String)],
    /// By which entry the lead is suppressed.
    pub suppressed: Option<SuppressionKind>,
}

/// Whether the call may be made. A built-in provider is told nothing that leaves the box: terms, table and region do not
/// concern it; a suppressed lead is left alone by everybody.
///
/// # Errors
/// The first rule that forbids it.
pub fn decide(question: &Question<'_>) -> Result<(), Denial> {
    let Question { provider, terms_accepted, table, eu_providers_only, lead, place, sends, suppressed } = *question;
    if provider.external {
        if !terms_accepted {
            return Err(Denial::TermsNotAccepted);
        }
        let rule = table.rule(place);
        let forbidden = match rule {
            Rule::Allowed => false,
            Rule::CompanyOnly => sends.iter().any(|(input, value)| says_who(*input, value, lead)),
            Rule::Off => true,
        };
        if forbidden {
            return Err(Denial::by_rule(rule, place.to_string(), provider.slug));
        }
        if eu_providers_only && !provider.region.is_some_and(processes_in_eea) {
            let region = provider.region.unwrap_or("unknown").to_owned();
            return Err(Denial::OutsideEu { provider: provider.slug.to_owned(), region });
        }
    }
    if let Some(kind) = suppressed {
        return Err(Denial::Suppressed(kind));
    }
    if !provider.has_key {
        return Err(Denial::NoKey { provider: provider.slug.to_owned() });
    }
    if !provider.budget_covers {
        return Err(Denial::BudgetExceeded);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sending::{Selected, select};
    use super::super::table::Row;
    use super::*;
    use crate::domain::lead::LeadField;

    fn lead() -> Lead {
        let mut lead = Lead::default();
        for field in LeadField::ALL {
            lead.set_field(field, Some(format!("{} of the lead", field.name())));
        }
        lead.country = Some("DE".to_owned());
        lead.website = Some("https://acme.de".to_owned());
        lead
    }

    fn table(rule: Rule) -> PolicyTable {
        [(Row::Eea, rule)].into_iter().collect()
    }

    fn asked(change: impl FnOnce(&mut Question<'_>)) -> Result<(), Denial> {
        let (lead, table) = (lead(), table(Rule::Allowed));
        let sends = [(Input::Lead(LeadField::Email), "a@acme.de".to_owned())];
        let mut question = Question {
            provider: ProviderFacts::external("hunter", Some("eu")),
            terms_accepted: true,
            table: &table,
            eu_providers_only: false,
            lead: &lead,
            place: Place::of(&lead),
            sends: &sends,
            suppressed: None,
        };
        change(&mut question);
        decide(&question)
    }

    #[test]
    fn each_rule_forbids_alone_and_the_first_one_speaks() {
        assert_eq!(asked(|_| ()), Ok(()));
        let reason = |denied: Result<(), Denial>| denied.err().map(|denial| denial.reason());
        assert_eq!(reason(asked(|q| q.terms_accepted = false)), Some("terms_not_accepted"));
        let (off, company) = (table(Rule::Off), table(Rule::CompanyOnly));
        let with = |table: &PolicyTable| {
            let (lead, sends) = (lead(), [(Input::Lead(LeadField::Email), "a@acme.de".to_owned())]);
            decide(&Question {
                provider: ProviderFacts::external("hunter", Some("eu")),
                terms_accepted: true,
                table,
                eu_providers_only: false,
                lead: &lead,
                place: Place::of(&lead),
                sends: &sends,
                suppressed: None,
            })
        };
        assert_eq!(reason(with(&off)), Some("region_off"));
        assert_eq!(reason(with(&company)), Some("company_only"));
        assert_eq!(asked(|q| q.eu_providers_only = true), Ok(()));
        for region in [Some("us"), None] {
            let denied = asked(|q| (q.provider.region, q.eu_providers_only) = (region, true));
            assert_eq!(reason(denied), Some("eu_providers_only"), "{region:?}");
        }
        assert_eq!(reason(asked(|q| q.suppressed = Some(SuppressionKind::Email))), Some("suppressed"));
        assert_eq!(reason(asked(|q| q.provider.has_key = false)), Some("no_key"));
        assert_eq!(reason(asked(|q| q.provider.budget_covers = false)), Some("budget_exceeded"));
        let all = asked(|q| {
            q.terms_accepted = false;
            q.suppressed = Some(SuppressionKind::Phone);
            q.provider.has_key = false;
        });
        assert_eq!(reason(all), Some("terms_not_accepted"));
    }

    #[test]
    fn what_stays_in_the_box_needs_no_terms_but_a_suppressed_lead_is_left_alone() {
        let built_in = ProviderFacts::built_in("builtin-email");
        let asked_inside = |suppressed| {
            asked(|q| {
                (q.provider, q.terms_accepted, q.eu_providers_only, q.suppressed) = (built_in, false, true, suppressed)
            })
        };
        assert_eq!(asked_inside(None), Ok(()));
        assert_eq!(asked_inside(Some(SuppressionKind::Domain)), Err(Denial::Suppressed(SuppressionKind::Domain)));
    }

    fn input() -> impl Strategy<Value = Input> {
        (0..=LeadField::ALL.len())
            .prop_map(|place| LeadField::ALL.get(place).map_or(Input::CompanyDomain, |f| Input::Lead(*f)))
    }

    proptest! {
        #[test]
        fn company_only_never_lets_a_personal_input_through(
            needs in prop::collection::vec(prop::collection::vec(input(), 1..4), 1..5),
            optional in prop::collection::vec(input(), 0..6),
            filled in prop::collection::vec(any::<bool>(), LeadField::ALL.len()),
            raw in prop::collection::vec(input(), 0..4),
        ) {
            let mut lead = lead();
            for (field, filled) in LeadField::ALL.into_iter().zip(filled) {
                if !filled {
                    lead.set_field(field, None);
                }
            }
            let table: PolicyTable = [(Row::Other, Rule::CompanyOnly)].into_iter().collect();
            let ask = |sends: &[(Input, String)]| decide(&Question {
                provider: ProviderFacts::external("any", Some("us")),
                terms_accepted: true,
                table: &table,
                eu_providers_only: false,
                lead: &lead,
                place: Place::of(&lead),
                sends,
                suppressed: None,
            });
            // What is chosen holds nothing personal and is let through as it is.
            if let Selected::Inputs(inputs) = select(Rule::CompanyOnly, &needs, &optional, &lead) {
                prop_assert!(inputs.iter().all(|(input, _)| !input.is_personal()), "{:?}", inputs);
                prop_assert!(needs.iter().any(|need| need.iter().all(|input| inputs.iter().any(|(one, _)| one == input))));
                prop_assert_eq!(ask(&inputs), Ok(()));
            }
            // Whatever else somebody means to send is judged by itself.
            let sends: Vec<_> = raw.iter().filter_map(|input| Some((*input, input.of(&lead)?))).collect();
            let personal = sends.iter().any(|(input, _)| input.is_personal());
            prop_assert!(!personal || ask(&sends).is_err());
        }

        #[test]
        fn off_lets_nothing_through(raw in prop::collection::vec(input(), 0..4)) {
            let lead = lead();
            let table: PolicyTable = [(Row::Eea, Rule::Off)].into_iter().collect();
            let sends: Vec<_> = raw.iter().filter_map(|input| Some((*input, input.of(&lead)?))).collect();
            let denied = decide(&Question {
                provider: ProviderFacts::external("any", Some("eu")),
                terms_accepted: true,
                table: &table,
                eu_providers_only: false,
                lead: &lead,
                place: Place::of(&lead),
                sends: &sends,
                suppressed: None,
            });
            let is_off = matches!(denied, Err(Denial::RegionOff { .. }));
            prop_assert!(is_off);
        }
    }
}
