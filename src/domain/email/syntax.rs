//! The grammar of one bare address and its normal form.

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::EmailError;

/// RFC 5321 4.5.3.1: octets before the `@`, in the domain, and in a path without its angle brackets.
const MAX_LOCAL: usize = 64;
const MAX_DOMAIN: usize = 253;
const MAX_ADDRESS: usize = 254;
const MAX_LABEL: usize = 63;

/// Checks a bare address and gives its normal form with the offset of the separating `@`.
pub fn normalise(text: &str) -> Result<(String, usize), EmailError> {
    let at = text.rfind('@').ok_or(EmailError::NoAt)?;
    let (local, domain) = (&text[..at], &text[at + 1..]);
    check_local(local)?;
    if domain.is_empty() {
        return Err(EmailError::NoDomain);
    }
    let mut address = String::with_capacity(text.len() + 8);
    push_lower(&mut address, local);
    if address.len() > MAX_LOCAL {
        return Err(EmailError::TooLong);
    }
    let at = address.len();
    address.push('@');
    if domain.is_ascii() {
        address.extend(domain.bytes().map(|byte| char::from(byte.to_ascii_lowercase())));
    } else {
        address.push_str(&idna::domain_to_ascii(domain).map_err(|_| EmailError::DomainCharacter)?);
    }
    check_domain(&address[at + 1..])?;
    if address.len() > MAX_ADDRESS {
        return Err(EmailError::TooLong);
    }
    Ok((address, at))
}

fn push_lower(address: &mut String, local: &str) {
    if local.is_ascii() {
        address.extend(local.bytes().map(|byte| char::from(byte.to_ascii_lowercase())));
    } else {
        // RFC 6532 3.1: composed. Lower-casing can leave a text that is not.
        let lower = local.to_lowercase();
        if is_nfc(&lower) { address.push_str(&lower) } else { address.extend(lower.nfc()) }
    }
}

fn check_local(local: &str) -> Result<(), EmailError> {
    if local.is_empty() {
        return Err(EmailError::NoLocalPart);
    }
    if local.starts_with('"') {
        return check_quoted(local);
    }
    let mut after_dot = true;
    for c in local.chars() {
        if c == '.' {
            if after_dot {
                return Err(EmailError::Dots);
            }
            after_dot = true;
        } else if is_atom_character(c) {
            after_dot = false;
        } else {
            return Err(EmailError::LocalCharacter);
        }
    }
    if after_dot { Err(EmailError::Dots) } else { Ok(()) }
}

/// RFC 5322 3.2.3 `atext`, and RFC 6531 beyond ASCII: what prints and is no space.
fn is_atom_character(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&(c as u8))
    } else {
        !(c.is_control() || c.is_whitespace() || is_format_character(c))
    }
}

const fn is_format_character(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}')
}

/// A local part that is one quoted string (RFC 5321 `Quoted-string`): printable ASCII, `\` before any of it.
fn check_quoted(local: &str) -> Result<(), EmailError> {
    let mut characters = local[1..].chars();
    while let Some(c) = characters.next() {
        match c {
            '"' if characters.as_str().is_empty() => return Ok(()),
            '"' => return Err(EmailError::LocalCharacter),
            '\\' => match characters.next() {
                Some(' '..='~') => {}
                Some(_) => return Err(EmailError::LocalCharacter),
                None => return Err(EmailError::UnclosedQuote),
            },
            ' '..='~' => {}
            _ if !c.is_ascii() && is_atom_character(c) => {}
            _ => return Err(EmailError::LocalCharacter),
        }
    }
    Err(EmailError::UnclosedQuote)
}

/// Letters, digits and inner hyphens in labels of at most 63; at least two labels; the last is no number.
fn check_domain(domain: &str) -> Result<(), EmailError> {
    if domain.starts_with('[') {
        return Err(EmailError::NumericDomain);
    }
    if let Some(bad) = domain.bytes().find(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))) {
        debug_assert!(bad != b'@', "the last @ separates");
        return Err(EmailError::DomainCharacter);
    }
    let mut labels = 0;
    let mut last = "";
    for label in domain.split('.') {
        if label.is_empty() {
            return Err(EmailError::Dots);
        }
        if label.len() > MAX_LABEL {
            return Err(EmailError::TooLong);
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(EmailError::DomainHyphen);
        }
        labels += 1;
        last = label;
    }
    if domain.len() > MAX_DOMAIN {
        return Err(EmailError::TooLong);
    }
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(EmailError::NumericDomain);
    }
    if labels < 2 { Err(EmailError::NoTopLevelDomain) } else { Ok(()) }
}
