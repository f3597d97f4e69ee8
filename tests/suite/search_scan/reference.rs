//! What a search text means, written a second time: plain loops over the texts of a lead, no index.

use galena::domain::lead::{Lead, LeadField};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The texts of a lead, each as its words, and what else is looked up.
pub struct Row {
    texts: Vec<Vec<String>>,
    /// Words of names, companies and mailboxes: these are found by one or two letters.
    short: Vec<String>,
    /// Whole addresses: e-mails, pages, hosts and the hosts above them.
    addresses: Vec<String>,
    /// Digits.
    phone: Option<String>,
}

pub fn plain(text: &str) -> String {
    let lower = text.to_lowercase();
    let bare: String = lower.nfd().filter(|c| !is_combining_mark(*c)).collect();
    bare.replace('ß', "ss").replace('ø', "o").replace('ł', "l").replace('æ', "ae").replace('ı', "i")
}

pub fn words(text: &str) -> Vec<String> {
    let plain = plain(text);
    plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// `web.example.co.uk` is found by itself and by `example.co.uk`.
fn hosts(host: &str) -> Vec<String> {
    let ending = [".co.uk", ".com", ".de", ".io", ".test"].into_iter().find(|end| host.ends_with(end)).unwrap_or("");
    let labels = host[..host.len() - ending.len()].split('.').collect::<Vec<_>>();
    (0..labels.len()).map(|from| format!("{}{ending}", labels[from..].join("."))).collect()
}

fn without_ending(host: &str) -> &str {
    // `.test` is no known ending: such a host is left whole.
    [".co.uk", ".com", ".de", ".io"].into_iter().find_map(|end| host.strip_suffix(end)).unwrap_or(host)
}

impl Row {
    pub fn new(lead: &Lead) -> Self {
        let text = |field| lead.field(field).unwrap_or_default();
        let mut row = Self { texts: Vec::new(), short: Vec::new(), addresses: Vec::new(), phone: None };
        let parts = [text(LeadField::FirstName), text(LeadField::LastName)];
        let joined = parts.join(" ").trim().to_owned();
        let full = if text(LeadField::FullName).is_empty() { joined.as_str() } else { text(LeadField::FullName) };
        for name in [full, parts[0], parts[1], text(LeadField::CompanyName)] {
            row.texts.push(words(name));
            row.short.extend(words(name));
        }
        if let Some((local, host)) = text(LeadField::Email).split_once('@') {
            row.texts.extend([words(local), words(without_ending(host))]);
            row.short.extend(words(local));
            row.addresses.push(text(LeadField::Email).to_owned());
            row.addresses.extend(hosts(host));
        }
        if let Some((_, name)) = text(LeadField::LinkedInUrl).rsplit_once('/') {
            row.texts.push(words(name));
            row.addresses.push(format!("linkedin.com/in/{name}"));
        }
        if let Some(page) = text(LeadField::Website).strip_prefix("https://www.") {
            let (host, path) = page.split_once('/').unwrap_or((page, ""));
            match host.ends_with(".test") {
                // Under an unknown ending it is no address, but words.
                true => row.texts.push(words(text(LeadField::Website))),
                false => {
                    row.texts.extend([words(without_ending(host)), words(path)]);
                    row.addresses.push(page.to_owned());
                    row.addresses.extend(hosts(host));
                }
            }
        }
        for field in
            [LeadField::JobTitle, LeadField::CompanySize, LeadField::City, LeadField::PostalCode, LeadField::Country]
        {
            row.texts.push(words(text(field)));
        }
        for other in lead.tags.iter().chain(lead.custom_fields.iter().map(|(_, value)| value)) {
            row.texts.push(words(other));
            if other.contains("acme.com") {
                row.addresses.push("acme.com".to_owned());
            }
        }
        let phone: String = text(LeadField::Phone).chars().filter(char::is_ascii_digit).collect();
        if !phone.is_empty() {
            row.texts.push(vec![phone.clone()]);
            row.phone = Some(phone);
        }
        row
    }

    pub fn holds_phrase(&self, phrase: &[String]) -> bool {
        self.texts.iter().any(|text| text.windows(phrase.len()).any(|run| run == phrase))
    }

    /// The last word may go on.
    fn holds_open_phrase(&self, phrase: &[String]) -> bool {
        let Some((last, before)) = phrase.split_last() else { return false };
        if last.chars().count() >= 3 {
            let fits = |run: &[String]| run[..before.len()] == *before && run[before.len()].starts_with(last.as_str());
            return self.texts.iter().any(|text| text.windows(phrase.len()).any(fits));
        }
        let begins = self.short.iter().any(|word| word.starts_with(last.as_str()));
        self.holds_phrase(phrase) || begins && (before.is_empty() || self.holds_phrase(before))
    }

    /// One word, or several joined by punctuation.
    pub fn holds(&self, text: &str, open: bool) -> bool {
        let words = words(text);
        if open { self.holds_open_phrase(&words) } else { self.holds_phrase(&words) }
    }

    pub fn holds_email(&self, email: &str, open: bool) -> bool {
        let email = plain(email);
        self.addresses.iter().any(|known| if open { known.starts_with(&email) } else { *known == email })
    }

    /// A host may be the beginning of a longer one, or words.
    pub fn holds_host(&self, host: &str, open: bool) -> bool {
        self.holds_email(host, open) || self.holds(host, open)
    }

    /// The last digits of a phone number, its first ones, or words.
    pub fn holds_number(&self, pieces: &[&str], open: bool) -> bool {
        let digits: String = pieces.concat().chars().filter(char::is_ascii_digit).collect();
        let core = digits.trim_start_matches('0');
        let ends = self
            .phone
            .as_ref()
            .is_some_and(|phone| phone.ends_with(&digits) || core.len() >= 6 && phone.ends_with(core));
        let begins = || self.texts.iter().flatten().any(|word| word.starts_with(core));
        let last = pieces.len() - 1;
        let as_words = || pieces.iter().enumerate().all(|(place, piece)| self.holds(piece, open && place == last));
        ends || open && core.len() >= 6 && begins() || as_words()
    }
}
