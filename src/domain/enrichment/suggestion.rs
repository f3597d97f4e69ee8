//! What a misspelled mail domain was meant to be.

/// Domains people mean when they mistype one.
const COMMON: [&str; 24] = [
    "gmail.com",
    "googlemail.com",
    "yahoo.com",
    "yahoo.co.uk",
    "yahoo.fr",
    "yahoo.de",
    "hotmail.com",
    "hotmail.co.uk",
    "hotmail.fr",
    "hotmail.de",
    "outlook.com",
    "outlook.de",
    "live.com",
    "icloud.com",
    "aol.com",
    "protonmail.com",
    "t-online.de",
    "freenet.de",
    "orange.fr",
    "wanadoo.fr",
    "libero.it",
    "comcast.net",
    "verizon.net",
    "btinternet.com",
];

/// Below it one letter is too large a part of the name: `aol.de` is not `aol.com`.
const SHORTEST: usize = 8;

/// The common domain that is one slip of the keyboard (a letter wrong, missing, doubled, or two swapped) from `domain`.
/// `is_known` says whether the domain stands on a list itself and so is what was meant.
pub fn did_you_mean(domain: &str, is_known: impl Fn(&str) -> bool) -> Option<&'static str> {
    if domain.len() < SHORTEST || COMMON.contains(&domain) || is_known(domain) {
        return None;
    }
    COMMON.into_iter().find(|common| strsim::osa_distance(domain, common) == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_is_seen_and_a_real_domain_left_alone() {
        let known = |domain: &str| matches!(domain, "mail.com" | "ymail.com" | "email.com");
        for slip in ["gmial.com", "gmai.com", "gmail.con", "gmail.co", "ggmail.com", "gmail.cm"] {
            assert_eq!(did_you_mean(slip, known), Some("gmail.com"), "{slip}");
        }
        assert_eq!(did_you_mean("hotmial.com", known), Some("hotmail.com"));
        for fine in ["gmail.com", "ymail.com", "mail.com", "siemens.com", "aol.de", "gmx.de", "livecom.com.br", ""] {
            assert_eq!(did_you_mean(fine, known), None, "{fine}");
        }
    }
}
