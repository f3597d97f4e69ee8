//! The keys under which a lead is found, and their hashes.

use super::Identity;

/// What a key is made of. The number is part of the stored index key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum KeyKind {
    LinkedIn = 1,
    PersonalEmail = 2,
    NameAtDomain = 3,
    NameAtCompany = 4,
    Phone = 5,
    RoleEmail = 6,
}

impl KeyKind {
    pub const ALL: [Self; 6] =
        [Self::LinkedIn, Self::PersonalEmail, Self::NameAtDomain, Self::NameAtCompany, Self::Phone, Self::RoleEmail];

    pub const fn as_u8(self) -> u8 {
        self as u8
    }

    pub fn from_u8(kind: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_u8() == kind)
    }
}

/// One key of a lead, its value in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityKey {
    pub kind: KeyKind,
    pub value: String,
}

/// Between the two halves of a key; no comparison form holds a control character.
const SEPARATOR: char = '\u{1f}';

impl Identity {
    /// Every key of the lead, at most five. Any two leads that [`super::same_lead`] matches have one in common; a lead
    /// with a company domain is found under its company name too, because the other may have only that.
    pub fn keys(&self) -> Vec<IdentityKey> {
        let mut keys = Vec::with_capacity(5);
        self.for_each_key(&mut String::new(), |kind, value| keys.push(IdentityKey { kind, value: value.to_owned() }));
        keys
    }

    /// As [`Self::keys`] without an allocation per key; `buffer` is scratch space.
    pub fn for_each_key(&self, buffer: &mut String, mut found: impl FnMut(KeyKind, &str)) {
        if let Some(url) = &self.linkedin {
            found(KeyKind::LinkedIn, url);
        }
        if let Some(email) = &self.email {
            found(if email.is_role { KeyKind::RoleEmail } else { KeyKind::PersonalEmail }, &email.key);
        }
        if !self.full_name.is_empty() {
            let companies =
                [(KeyKind::NameAtDomain, &self.company_domain), (KeyKind::NameAtCompany, &self.company_name)];
            for (kind, company) in companies {
                if let Some(company) = company {
                    buffer.clear();
                    buffer.push_str(&self.full_name);
                    buffer.push(SEPARATOR);
                    buffer.push_str(company);
                    found(kind, buffer);
                }
            }
        }
        if let Some(phone) = &self.phone {
            found(KeyKind::Phone, phone);
        }
    }

    /// The hashed keys, for the index. `buffer` is scratch space.
    pub fn for_each_key_hash(&self, hasher: &KeyHasher, buffer: &mut String, mut found: impl FnMut(KeyKind, u64)) {
        self.for_each_key(buffer, |kind, value| found(kind, hasher.hash(kind, value)));
    }
}

/// Hashes keys of one workspace: the index then holds no personal value, and nobody without the secret can test
/// whether a person is in it.
#[derive(Clone)]
pub struct KeyHasher {
    secret: [u8; 32],
    workspace: u64,
}

impl KeyHasher {
    pub fn new(secret: [u8; 32], workspace: u64) -> Self {
        Self { secret, workspace }
    }

    pub fn hash(&self, kind: KeyKind, value: &str) -> u64 {
        key_hash(&self.secret, self.workspace, kind, value)
    }
}

/// Longer values than this take blake3's streaming interface.
const INLINE: usize = 247;

/// The first eight bytes, little-endian, of keyed BLAKE3 over workspace (eight bytes, little-endian), kind and value.
pub fn key_hash(secret: &[u8; 32], workspace: u64, kind: KeyKind, value: &str) -> u64 {
    let hash = if value.len() <= INLINE {
        let mut buffer = [0u8; 9 + INLINE];
        buffer[..8].copy_from_slice(&workspace.to_le_bytes());
        buffer[8] = kind.as_u8();
        buffer[9..9 + value.len()].copy_from_slice(value.as_bytes());
        blake3::keyed_hash(secret, &buffer[..9 + value.len()])
    } else {
        let mut hasher = blake3::Hasher::new_keyed(secret);
        hasher.update(&workspace.to_le_bytes()).update(&[kind.as_u8()]).update(value.as_bytes());
        hasher.finalize()
    };
    let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
