//! Who a lead is: the match rule of the product, pure.
//!
//! 1. The same LinkedIn profile, or 2. the same e-mail of a person: the same lead. 3. The same full name and company
//!    domain (else company name): the same lead, unless both have a LinkedIn profile or both have a person's e-mail at
//!    the same domain (in both cases not the same one, or rule 1 or 2 had held). 4. A shared key (phone, role e-mail):
//!    the same lead only if last name and first name or initial agree too and the exception of 3 does not hold.
//!
//! **Looking up and confirming.** [`Identity::keys`] gives every key under which a lead is found; two leads that match
//! share at least one (kind, value). The reverse does not hold: a shared key only makes a candidate. Colleagues share
//! a switchboard number, a key of an index is a 64-bit hash that can collide, and its row may have changed since. So
//! every hit is confirmed by reading the lead and asking [`same_lead`] of the two identities; [`verdict`] does both
//! steps' decision for a row and its candidates.

mod keys;

use std::borrow::Borrow;

pub use keys::{IdentityKey, KeyHasher, KeyKind, key_hash};

use super::company_name;
use super::email::{Email, is_built_in_free_mail, is_built_in_role};
use super::id::LeadId;
use super::lead::Lead;
use super::list::IdentityDemand;
use super::person_name::PersonName;
use super::text::comparison_form;
use super::website;

/// Lists of mailboxes and domains that decide what an e-mail address says about a person and a company. They are part
/// of the keys: a store whose lists change must rebuild its identity index.
#[derive(Clone, Copy)]
pub struct MailLists<'a> {
    /// Gets the local part in lower case, without `+tag`.
    pub is_role: &'a (dyn Fn(&str) -> bool + Sync),
    /// Gets the domain in lower case.
    pub is_free_mail: &'a (dyn Fn(&str) -> bool + Sync),
}

impl MailLists<'static> {
    pub const BUILT_IN: Self = Self { is_role: &is_built_in_role, is_free_mail: &is_built_in_free_mail };
}

/// An e-mail address as an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailIdentity {
    /// The comparison key of the address: without tags, Gmail without dots.
    pub key: String,
    /// Whether it belongs to a function (`info@`) and not to a person.
    pub is_role: bool,
}

impl MailIdentity {
    fn domain(&self) -> &str {
        self.key.rsplit('@').next().unwrap_or_default()
    }
}

/// The comparison facts of one lead. Every value is in its comparison form; `None` where the lead has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The canonical profile URL.
    pub linkedin: Option<String>,
    pub email: Option<MailIdentity>,
    /// E.164.
    pub phone: Option<String>,
    /// Words of the given names, one space between them.
    pub first_name: String,
    pub last_name: String,
    /// Given, middle and family names. Empty unless the lead has both a first and a last name, or a name in a script
    /// that is not divided.
    pub full_name: String,
    /// Registrable domain of the website, else of an e-mail address that is not free mail.
    pub company_domain: Option<String>,
    /// Comparison key of the company name.
    pub company_name: Option<String>,
}

/// By which rule two leads are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchRule {
    LinkedIn,
    Email,
    NameAndCompany,
    /// A phone number or role e-mail, confirmed by the name.
    SharedKey,
}

impl MatchRule {
    /// The name in import reasons and possible duplicates.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinkedIn => "linkedin",
            Self::Email => "email",
            Self::NameAndCompany => "name_and_company",
            Self::SharedKey => "shared_key_and_name",
        }
    }
}

/// Why a row has no identity that its list accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Insufficient {
    #[error("no LinkedIn URL, e-mail, phone number, or full name with company or domain")]
    Nothing,
    #[error("the list demands an e-mail address")]
    NoEmail,
    #[error("the list demands a LinkedIn profile")]
    NoLinkedIn,
    #[error("the list demands a phone number")]
    NoPhone,
}

impl Insufficient {
    /// The name in import reasons.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Nothing => "no_identity",
            Self::NoEmail => "no_email",
            Self::NoLinkedIn => "no_linkedin",
            Self::NoPhone => "no_phone",
        }
    }
}

/// What a row is, given the leads that share a key with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    New,
    Same {
        /// The matching lead with the lowest number.
        lead: LeadId,
        rule: MatchRule,
        /// The other matching leads, ascending. Never merged silently.
        possible_duplicates: Vec<LeadId>,
    },
}

impl Identity {
    /// From a lead whose fields are in normal form, by the built-in lists.
    pub fn of(lead: &Lead) -> Self {
        Self::with_lists(lead, MailLists::BUILT_IN)
    }

    pub fn with_lists(lead: &Lead, lists: MailLists<'_>) -> Self {
        let email = lead.email.as_deref().and_then(Email::from_normal);
        let domain = website::company_domain_of(
            lead.website.as_deref().and_then(website::host_of_normal),
            email.as_ref().map(Email::domain),
            lists.is_free_mail,
        );
        let (first_name, last_name, full_name) = names_of(lead);
        Self {
            linkedin: lead.linkedin_url.clone(),
            company_domain: domain.map(str::to_owned),
            email: email.map(|email| MailIdentity {
                is_role: email.is_role_by(lists.is_role),
                key: email.comparison_key().into_owned(),
            }),
            phone: lead.phone.as_deref().filter(|phone| is_e164(phone)).map(str::to_owned),
            first_name,
            last_name,
            full_name,
            company_name: lead.company_name.as_deref().map(company_name::comparison_key).filter(|key| !key.is_empty()),
        }
    }

    fn personal_email(&self) -> Option<&MailIdentity> {
        self.email.as_ref().filter(|email| !email.is_role)
    }

    fn role_email(&self) -> Option<&MailIdentity> {
        self.email.as_ref().filter(|email| email.is_role)
    }
}

/// Phone fields that are no number keep their text, which identifies nobody.
fn is_e164(phone: &str) -> bool {
    phone
        .strip_prefix('+')
        .is_some_and(|digits| (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// First, last and full name in comparison form.
fn names_of(lead: &Lead) -> (String, String, String) {
    let form = |text: &Option<String>| text.as_deref().map(comparison_form).unwrap_or_default();
    let (first, last) = (form(&lead.first_name), form(&lead.last_name));
    if !first.is_empty() && !last.is_empty() {
        let joined = format!("{first} {last}");
        // Most rows: the full name is the two together, or is not given.
        let full = lead.full_name.as_deref().map(comparison_form);
        let full = match full {
            Some(full) if full != joined => {
                full_name_form(lead.full_name.as_deref().unwrap_or_default()).unwrap_or(joined)
            }
            _ => joined,
        };
        return (first, last, full);
    }
    let Some(full) = lead.full_name.as_deref() else { return (first, last, String::new()) };
    let name = PersonName::parse(full);
    let or = |given: String, parsed: &str| if given.is_empty() { comparison_form(parsed) } else { given };
    (or(first, &name.first), or(last, &name.last), full_name_form(full).unwrap_or_default())
}

/// The comparison form of a full name without title, degrees and nickname; `None` for a single word that is not a
/// whole East Asian name.
fn full_name_form(full_name: &str) -> Option<String> {
    let name = PersonName::parse(full_name);
    let is_whole = !name.first.is_empty() && !name.last.is_empty();
    let is_undivided = name.first.is_empty()
        && name.last.chars().count() > 1
        && !name.last.is_ascii()
        && is_one_east_asian_word(&name.last);
    (is_whole || is_undivided).then(|| comparison_form(&name.full()))
}

fn is_one_east_asian_word(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\u{3005}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'))
}

/// Whether two leads are the same person, and by which rule. Symmetric.
pub fn same_lead(a: &Identity, b: &Identity) -> Option<MatchRule> {
    if both_equal(a.linkedin.as_deref(), b.linkedin.as_deref()) {
        return Some(MatchRule::LinkedIn);
    }
    if both_equal(a.personal_email().map(|mail| &mail.key), b.personal_email().map(|mail| &mail.key)) {
        return Some(MatchRule::Email);
    }
    if are_told_apart(a, b) {
        return None;
    }
    if !a.full_name.is_empty() && a.full_name == b.full_name && same_company(a, b) {
        return Some(MatchRule::NameAndCompany);
    }
    let shares_key = both_equal(a.phone.as_deref(), b.phone.as_deref())
        || both_equal(a.role_email().map(|mail| &mail.key), b.role_email().map(|mail| &mail.key));
    (shares_key && names_agree(a, b)).then_some(MatchRule::SharedKey)
}

fn both_equal<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a == b)
}

/// The exception of rules 3 and 4, asked after rules 1 and 2: two LinkedIn profiles, or two personal addresses at one
/// domain, are two people.
fn are_told_apart(a: &Identity, b: &Identity) -> bool {
    a.linkedin.is_some() && b.linkedin.is_some()
        || both_equal(a.personal_email().map(MailIdentity::domain), b.personal_email().map(MailIdentity::domain))
}

/// The company domain decides where both have one, else the company name.
fn same_company(a: &Identity, b: &Identity) -> bool {
    match (&a.company_domain, &b.company_domain) {
        (Some(a), Some(b)) => a == b,
        _ => both_equal(a.company_name.as_deref(), b.company_name.as_deref()),
    }
}

/// Last names equal, and first names equal as far as both go, an initial agreeing with the name it begins.
fn names_agree(a: &Identity, b: &Identity) -> bool {
    if a.last_name.is_empty() || a.last_name != b.last_name || a.first_name.is_empty() || b.first_name.is_empty() {
        return false;
    }
    a.first_name
        .split(' ')
        .zip(b.first_name.split(' '))
        .all(|(a, b)| a == b || is_initial_of(a, b) || is_initial_of(b, a))
}

fn is_initial_of(initial: &str, name: &str) -> bool {
    let mut letters = initial.chars();
    matches!((letters.next(), letters.next()), (Some(letter), None) if name.starts_with(letter))
}

/// Whether a row can be accepted by a list: any identity that suffices, and the one that the list demands.
pub fn sufficient(identity: &Identity, demand: IdentityDemand) -> Result<(), Insufficient> {
    let demanded = match demand {
        IdentityDemand::Any => {
            let is_named = !identity.full_name.is_empty()
                && (identity.company_domain.is_some() || identity.company_name.is_some());
            let suffices =
                identity.linkedin.is_some() || identity.email.is_some() || identity.phone.is_some() || is_named;
            (suffices, Insufficient::Nothing)
        }
        IdentityDemand::Email => (identity.email.is_some(), Insufficient::NoEmail),
        IdentityDemand::LinkedIn => (identity.linkedin.is_some(), Insufficient::NoLinkedIn),
        IdentityDemand::Phone => (identity.phone.is_some(), Insufficient::NoPhone),
    };
    if demanded.0 { Ok(()) } else { Err(demanded.1) }
}

/// Decides a row against the leads found under its keys, in any order and with repetitions: the matching lead with
/// the lowest number is it, the other matching ones are possible duplicates.
pub fn verdict<I: Borrow<Identity>>(row: &Identity, candidates: impl Iterator<Item = (LeadId, I)>) -> Verdict {
    let mut matches: Vec<(LeadId, MatchRule)> =
        candidates.filter_map(|(id, lead)| same_lead(row, lead.borrow()).map(|rule| (id, rule))).collect();
    matches.sort_by_key(|(id, _)| *id);
    matches.dedup_by_key(|(id, _)| *id);
    match matches.split_first() {
        None => Verdict::New,
        Some((&(lead, rule), others)) => {
            Verdict::Same { lead, rule, possible_duplicates: others.iter().map(|(id, _)| *id).collect() }
        }
    }
}

#[cfg(test)]
mod tests;
