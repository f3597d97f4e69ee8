use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::domain::id::Id;

fn lead(fields: &[(&str, &str)]) -> Lead {
    let mut lead = Lead::default();
    for (name, value) in fields {
        let field = crate::domain::lead::LeadField::from_name(name).unwrap();
        lead.set_field(field, Some((*value).to_owned()));
    }
    lead
}

fn identity(fields: &[(&str, &str)]) -> Identity {
    Identity::of(&lead(fields))
}

fn rule(a: &[(&str, &str)], b: &[(&str, &str)]) -> Option<MatchRule> {
    let (a, b) = (identity(a), identity(b));
    assert_eq!(same_lead(&a, &b), same_lead(&b, &a), "symmetric");
    same_lead(&a, &b)
}

const ANNA: [(&str, &str); 2] = [("firstName", "Anna"), ("lastName", "Meier")];

fn anna(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    ANNA.iter().chain(more).copied().collect()
}

#[test]
fn one_profile_or_one_personal_address_is_one_lead() {
    let profile = ("linkedInUrl", "https://www.linkedin.com/in/anna");
    assert_eq!(rule(&[profile], &[profile, ("firstName", "Berta")]), Some(MatchRule::LinkedIn));
    assert_eq!(
        rule(&[("email", "a.meier+x@gmail.com")], &[("email", "ameier@googlemail.com")]),
        Some(MatchRule::Email)
    );
    // Two profiles do not undo one address.
    let other = ("linkedInUrl", "https://www.linkedin.com/in/other");
    assert_eq!(rule(&[profile, ("email", "a@acme.de")], &[other, ("email", "a@acme.de")]), Some(MatchRule::Email));
    assert_eq!(rule(&[("email", "info@acme.de")], &[("email", "info@acme.de")]), None);
    assert_eq!(rule(&[], &[]), None);
}

#[test]
fn name_and_company_make_one_lead() {
    let same = Some(MatchRule::NameAndCompany);
    assert_eq!(rule(&anna(&[("website", "https://www.acme.de")]), &anna(&[("email", "anna@acme.de")])), same);
    assert_eq!(
        rule(&anna(&[("companyName", "Acme GmbH")]), &[("fullName", "Dr. Anna Meier"), ("companyName", "ACME")]),
        same
    );
    assert_eq!(
        rule(&anna(&[("website", "https://acme.de"), ("companyName", "Acme")]), &anna(&[("companyName", "Acme AG")])),
        same
    );
    assert_eq!(rule(&anna(&[("companyName", "Acme")]), &[("fullName", "Meier, Anna"), ("companyName", "Acme")]), same);
    // Two domains are two companies, whatever they call themselves.
    let named = |site| anna(&[("website", site), ("companyName", "Acme")]);
    assert_eq!(rule(&named("https://acme.de"), &named("https://acme.com")), None);
    assert_eq!(rule(&anna(&[("companyName", "Acme")]), &anna(&[("companyName", "Other")])), None);
    assert_eq!(
        rule(&[("firstName", "Anna"), ("companyName", "Acme")], &[("firstName", "Anna"), ("companyName", "Acme")]),
        None
    );
    assert_eq!(rule(&anna(&[]), &anna(&[])), None);
    // A free mail domain is no company.
    assert_eq!(rule(&anna(&[("email", "a1@gmail.com")]), &anna(&[("email", "a2@web.de")])), None);
}

#[test]
fn two_profiles_or_two_addresses_at_one_domain_are_two_people() {
    let with = |profile, email| {
        anna(&[("linkedInUrl", profile), ("email", email), ("companyName", "Acme"), ("phone", "+4930901820")])
    };
    let (one, two) = ("https://www.linkedin.com/in/one", "https://www.linkedin.com/in/two");
    assert_eq!(rule(&with(one, "a@acme.de"), &with(two, "b@acme.de")), None);
    assert_eq!(rule(&with(one, "a@web.de"), &with(two, "b@gmx.de")), None);
    assert_eq!(rule(&with("", "a@acme.de"), &with(one, "b@acme.de")), None);
    assert_eq!(rule(&with("", "a@gmail.com"), &with(one, "b@gmail.com")), None);
    assert_eq!(rule(&with("", "a@web.de"), &with(one, "b@gmx.de")), Some(MatchRule::NameAndCompany));
    // A role address tells nobody apart.
    assert_eq!(rule(&with("", "info@acme.de"), &with(one, "anna@acme.de")), Some(MatchRule::NameAndCompany));
}

#[test]
fn a_shared_key_needs_the_name() {
    let same = Some(MatchRule::SharedKey);
    let phone = |first, last| vec![("firstName", first), ("lastName", last), ("phone", "+4930901820")];
    assert_eq!(rule(&phone("Anna", "Meier"), &phone("ANNA", "Meier")), same);
    assert_eq!(rule(&phone("A.", "Meier"), &phone("Anna", "Meier")), same);
    assert_eq!(rule(&phone("Anna P.", "Meier"), &phone("Anna", "Meier")), same);
    assert_eq!(rule(&phone("Andrea", "Meier"), &phone("Anna", "Meier")), None);
    assert_eq!(rule(&phone("Anna", "Maier"), &phone("Anna", "Meier")), None);
    assert_eq!(rule(&phone("", "Meier"), &phone("Anna", "Meier")), None);
    assert_eq!(rule(&[("phone", "+4930901820")], &[("phone", "+4930901820")]), None);
    let role = |first| vec![("firstName", first), ("lastName", "Meier"), ("email", "info@acme.de")];
    assert_eq!(rule(&role("A"), &role("Anna")), same);
    assert_eq!(rule(&role("Berta"), &role("Anna")), None);
    assert_eq!(rule(&anna(&[("phone", "call me")]), &anna(&[("phone", "call me")])), None);
}

#[test]
fn what_suffices_follows_the_demand() {
    use IdentityDemand::{Any, Email, LinkedIn, Phone};
    assert_eq!(sufficient(&identity(&[("email", "info@acme.de")]), Any), Ok(()));
    assert_eq!(sufficient(&identity(&[("phone", "+4930901820")]), Any), Ok(()));
    assert_eq!(sufficient(&identity(&[("linkedInUrl", "https://www.linkedin.com/in/a")]), Any), Ok(()));
    assert_eq!(sufficient(&identity(&anna(&[("companyName", "Acme")])), Any), Ok(()));
    assert_eq!(sufficient(&identity(&anna(&[("website", "https://acme.de")])), Any), Ok(()));
    assert_eq!(sufficient(&identity(&[("fullName", "田中太郎"), ("companyName", "Acme")]), Any), Ok(()));
    assert_eq!(sufficient(&identity(&anna(&[])), Any), Err(Insufficient::Nothing));
    assert_eq!(
        sufficient(&identity(&[("firstName", "Anna"), ("companyName", "Acme")]), Any),
        Err(Insufficient::Nothing)
    );
    assert_eq!(sufficient(&identity(&[("companyName", "Acme")]), Any), Err(Insufficient::Nothing));
    assert_eq!(sufficient(&identity(&[("phone", "12")]), Any), Err(Insufficient::Nothing));
    let with_mail = identity(&[("email", "a@acme.de")]);
    assert_eq!(sufficient(&with_mail, Email), Ok(()));
    assert_eq!(sufficient(&with_mail, LinkedIn), Err(Insufficient::NoLinkedIn));
    assert_eq!(sufficient(&with_mail, Phone), Err(Insufficient::NoPhone));
    assert_eq!(sufficient(&identity(&[]), Email), Err(Insufficient::NoEmail));
}

#[test]
fn the_lowest_number_decides_and_the_others_are_possible_duplicates() {
    let row = identity(&anna(&[("email", "a@acme.de"), ("linkedInUrl", "https://www.linkedin.com/in/a")]));
    let id = LeadId::from_u64;
    let by_mail = identity(&[("email", "a@acme.de")]);
    let by_profile = identity(&[("linkedInUrl", "https://www.linkedin.com/in/a")]);
    let stranger = identity(&[("email", "b@acme.de")]);
    let candidates = [(id(9), by_profile), (id(1), stranger), (id(4), by_mail.clone()), (id(4), by_mail)];
    assert_eq!(
        verdict(&row, candidates.into_iter()),
        Verdict::Same { lead: id(4), rule: MatchRule::Email, possible_duplicates: vec![id(9)] }
    );
    assert_eq!(verdict(&row, std::iter::empty::<(LeadId, Identity)>()), Verdict::New);
}

#[test]
fn hashes_depend_on_secret_workspace_kind_and_value() {
    let (one, two) = ([1; 32], [2; 32]);
    let base = key_hash(&one, 7, KeyKind::Phone, "+49");
    assert_eq!(base, KeyHasher::new(one, 7).hash(KeyKind::Phone, "+49"));
    for other in [
        key_hash(&two, 7, KeyKind::Phone, "+49"),
        key_hash(&one, 8, KeyKind::Phone, "+49"),
        key_hash(&one, 7, KeyKind::LinkedIn, "+49"),
        key_hash(&one, 7, KeyKind::Phone, "+491"),
    ] {
        assert_ne!(base, other);
    }
    // The two ways of hashing agree at their border.
    for length in [246, 247, 248, 300] {
        let value = "x".repeat(length);
        let mut hasher = blake3::Hasher::new_keyed(&one);
        hasher.update(&7u64.to_le_bytes()).update(&[KeyKind::Phone.as_u8()]).update(value.as_bytes());
        let expected = u64::from_le_bytes(hasher.finalize().as_bytes()[..8].try_into().unwrap());
        assert_eq!(key_hash(&one, 7, KeyKind::Phone, &value), expected);
    }
}

/// Leads from so few values that many of them match by every rule.
fn any_lead() -> impl Strategy<Value = Lead> {
    let text = |pattern: &'static str| option::of(pattern.prop_map(|text: String| text).boxed());
    (
        (
            text("[ab]"),
            text("(anna|a|berta|A\\. P\\.)"),
            text("(meier|Meier|berg)"),
            text("(Dr\\. Anna Meier|Meier, Anna|A\\. Berg)"),
        ),
        text("(a|b|info|a\\+x|sales)@(acme\\.de|gmail\\.com|googlemail\\.com)"),
        text("https://(www\\.)?(acme\\.de|acme\\.com|facebook\\.com/x)"),
        text("(Acme|ACME GmbH|Other)"),
        text("\\+4930901[89]"),
    )
        .prop_map(|((profile, first_name, last_name, full_name), email, website, company_name, phone)| Lead {
            linkedin_url: profile.map(|slug| format!("https://www.linkedin.com/in/{slug}")),
            first_name,
            last_name,
            full_name,
            email,
            website,
            company_name,
            phone,
            ..Lead::default()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn leads_that_match_share_a_key_and_matching_is_symmetric(a in any_lead(), b in any_lead()) {
        let (a, b) = (Identity::of(&a), Identity::of(&b));
        let matched = same_lead(&a, &b);
        prop_assert_eq!(matched, same_lead(&b, &a));
        if matched.is_some() {
            let keys = b.keys();
            prop_assert!(a.keys().iter().any(|key| keys.contains(key)), "{:?} {:?}", a, b);
        }
    }

    #[test]
    fn a_lead_that_suffices_has_a_key(a in any_lead()) {
        let identity = Identity::of(&a);
        if sufficient(&identity, IdentityDemand::Any).is_ok() {
            prop_assert!(!identity.keys().is_empty());
        }
    }

    #[test]
    fn a_lead_with_a_hard_key_is_the_same_as_itself(a in any_lead()) {
        let identity = Identity::of(&a);
        if identity.linkedin.is_some() || identity.personal_email().is_some() {
            prop_assert!(same_lead(&identity, &identity).is_some());
        }
    }
}
