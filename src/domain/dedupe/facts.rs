//! What is kept of a row: hashes of its identity, small enough for millions of rows.

use super::columns::RowIdentity;

/// What two candidate rows have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SharedKey {
    /// The LinkedIn profile of a person.
    Profile,
    /// The e-mail address of a person.
    Mailbox,
    /// The page of a company, or its site and the first word of its name, in a file of companies.
    CompanySite,
    /// The full name and the company, by its domain or its name; of a company its name.
    NameAtCompany,
    /// A phone number or the address of a function, and last name and first initial.
    Contact,
}

impl SharedKey {
    /// In the order in which rows are joined by them: what needs no confirmation comes first.
    pub const ALL: [Self; 5] = [Self::Profile, Self::Mailbox, Self::CompanySite, Self::NameAtCompany, Self::Contact];
}

/// One word of a given name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GivenWord {
    /// 0 for a single letter and for no word.
    hash: u32,
    /// 0 for no word.
    initial: u32,
}

impl GivenWord {
    fn of(word: &str) -> Self {
        let mut letters = word.chars();
        let initial = letters.next().map_or(0, u32::from);
        // The upper half of a hash is as good as the lower.
        let hash = if letters.next().is_none() { 0 } else { (hash(Tag::Given, &[word]) >> 32) as u32 | 1 };
        Self { hash, initial }
    }

    /// Equal, or one the initial of the other; a missing word agrees with any.
    fn agrees(self, other: Self) -> bool {
        self == other
            || self.initial == 0
            || other.initial == 0
            || self.initial == other.initial && (self.hash == 0 || other.hash == 0)
    }
}

/// The comparison facts of one row. A hash of 0 is a fact that the row does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowFacts {
    pub linkedin: u64,
    pub company_domain: u64,
    pub company_name: u64,
    pub full_name: u64,
    pub last_name: u64,
    given: [GivenWord; 2],
}

impl RowFacts {
    pub fn of(row: &RowIdentity) -> Self {
        let identity = &row.identity;
        let optional = |tag: Tag, text: Option<&str>| text.map_or(0, |text| hash(tag, &[text]));
        let named = |tag: Tag, text: &str| if text.is_empty() { 0 } else { hash(tag, &[text]) };
        let mut given = [GivenWord::default(); 2];
        for (slot, word) in given.iter_mut().zip(identity.first_name.split(' ').filter(|word| !word.is_empty())) {
            *slot = GivenWord::of(word);
        }
        Self {
            linkedin: optional(Tag::LinkedIn, identity.linkedin.as_deref()),
            company_domain: optional(Tag::Domain, identity.company_domain.as_deref()),
            company_name: optional(Tag::Company, identity.company_name.as_deref()),
            full_name: named(Tag::Name, &identity.full_name),
            last_name: named(Tag::Last, &identity.last_name),
            given,
        }
    }

    /// Whether two persons can have one name: last names equal, and first names as far as both go, an initial agreeing
    /// with the name it begins.
    pub fn names_agree(&self, other: &Self) -> bool {
        self.last_name != 0
            && self.last_name == other.last_name
            && self.given[0].initial != 0
            && other.given[0].initial != 0
            && self.given_names_agree(other)
    }

    /// Whether two first names contradict each other under one last name.
    pub fn names_differ(&self, other: &Self) -> bool {
        self.last_name != 0 && self.last_name == other.last_name && !self.given_names_agree(other)
    }

    fn given_names_agree(&self, other: &Self) -> bool {
        self.given.iter().zip(other.given).all(|(a, b)| a.agrees(b))
    }
}

/// A person's mailbox: two of one domain are two persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mailbox {
    pub domain: u64,
}

/// The personal mailboxes of a row.
pub fn mailboxes(row: &RowIdentity) -> impl Iterator<Item = Mailbox> {
    let personal = row.mails.iter().filter(|mail| !mail.is_role);
    personal
        .filter_map(|mail| mail.key.rsplit_once('@'))
        .map(|(_, domain)| Mailbox { domain: hash(Tag::Domain, &[domain]) })
}

/// Every key of a row, hashed.
pub fn keys(row: &RowIdentity, mut found: impl FnMut(SharedKey, u64)) {
    let identity = &row.identity;
    if row.is_company {
        if let Some(page) = &row.company_page {
            found(SharedKey::CompanySite, hash(Tag::LinkedIn, &[page]));
        }
        // Holdings and platforms have many companies on one site: the first word of the name has to be the same.
        if let Some(domain) = &identity.company_domain {
            let word = identity.company_name.as_deref().and_then(|name| name.split(' ').next()).unwrap_or_default();
            found(SharedKey::CompanySite, hash(Tag::Domain, &[domain, word]));
        }
        if let Some(name) = &identity.company_name {
            found(SharedKey::NameAtCompany, hash(Tag::Company, &[name]));
        }
        return;
    }
    if let Some(url) = &identity.linkedin {
        found(SharedKey::Profile, hash(Tag::LinkedIn, &[url]));
    }
    for mail in row.mails.iter().filter(|mail| !mail.is_role) {
        found(SharedKey::Mailbox, hash(Tag::Mail, &[&mail.key]));
    }
    if !identity.full_name.is_empty() {
        let companies = [(Tag::Domain, &identity.company_domain), (Tag::Company, &identity.company_name)];
        for (tag, company) in companies {
            if let Some(company) = company {
                found(SharedKey::NameAtCompany, hash(tag, &[&identity.full_name, company]));
            }
        }
    }
    let initial = identity.first_name.chars().next();
    if let Some(initial) = initial.filter(|_| !identity.last_name.is_empty()) {
        let initial = initial.to_string();
        let phones = row.phones.iter().map(|phone| (Tag::Phone, phone));
        let roles = row.mails.iter().filter(|mail| mail.is_role).map(|mail| (Tag::Mail, &mail.key));
        for (tag, contact) in phones.chain(roles) {
            found(SharedKey::Contact, hash(tag, &[contact, &identity.last_name, &initial]));
        }
    }
}

/// What a hash is made of, so that equal texts of different meaning differ.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum Tag {
    LinkedIn,
    Mail,
    Domain,
    Company,
    Name,
    Last,
    Given,
    Phone,
}

/// The first eight bytes of BLAKE3, never 0.
fn hash(tag: Tag, parts: &[&str]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[tag as u8]);
    for part in parts {
        // No comparison form holds a control character.
        hasher.update(part.as_bytes()).update(&[0x1f]);
    }
    let [a, b, c, d, e, f, g, h, ..] = *hasher.finalize().as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h]).max(1)
}
