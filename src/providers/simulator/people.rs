//! Invented people and companies, from a seed and what was asked. All domains are reserved ones, unless the request named
//! another; all numbers are set aside for fiction.

use serde_json::{Value, json};

const FIRST: [&str; 24] = [
    "Ana", "Ben", "Clara", "David", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Karin", "Liam", "Mara", "Nils",
    "Olga", "Paul", "Rosa", "Sven", "Tara", "Uma", "Viktor", "Wanda", "Yann", "Zoe",
];
const LAST: [&str; 24] = [
    "Adler", "Berger", "Costa", "Dubois", "Evans", "Fischer", "Garcia", "Haas", "Ivanov", "Jansen", "Keller", "Lopez",
    "Meyer", "Nowak", "Olsen", "Petit", "Quinn", "Rossi", "Silva", "Thomas", "Ullman", "Vidal", "Weber", "Young",
];
const TITLES: [(&str, &str); 8] = [
    ("Chief Executive Officer", "cxo"),
    ("VP Sales", "vp"),
    ("Head of Marketing", "director"),
    ("Sales Manager", "manager"),
    ("Senior Software Engineer", "senior"),
    ("Account Executive", "senior"),
    ("Buyer", "entry"),
    ("Marketing Director", "director"),
];
const COMPANIES: [&str; 12] = [
    "Acme", "Borealis", "Cobalt", "Dunes", "Ember", "Fjord", "Granite", "Harbor", "Indigo", "Juniper", "Kestrel",
    "Lumen",
];
const INDUSTRIES: [&str; 6] =
    ["machinery", "computer software", "retail", "logistics and supply chain", "financial services", "construction"];
const SIZES: [(&str, u32); 6] =
    [("1-10", 7), ("11-50", 32), ("51-200", 120), ("201-500", 310), ("501-1000", 800), ("1001-5000", 2_400)];
const PLACES: [(&str, &str); 6] = [
    ("Lyon", "France"),
    ("Berlin", "Germany"),
    ("Madrid", "Spain"),
    ("Leeds", "United Kingdom"),
    ("Austin", "United States"),
    ("Porto", "Portugal"),
];
/// What is said about a lead without telling who it is.
const NOT_IDENTITY: [&str; 17] = [
    "webhook_url",
    "reference",
    "metadata",
    "row",
    "api_key",
    "key",
    "enrichmentlevel",
    "type",
    "titlecase",
    "min_likelihood",
    "reveal_phone_number",
    "reveal_personal_emails",
    "limit",
    "offset",
    "format",
    "clean",
    "token",
];

/// Draws that follow from a seed.
pub struct Draws(blake3::OutputReader);

impl Draws {
    pub fn from(seed: u64, parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        for part in parts {
            hasher.update(&u64::try_from(part.len()).unwrap_or(0).to_le_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize_xof())
    }

    pub fn number(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// From 0 to below 1.
    #[allow(clippy::cast_precision_loss)] // 53 bits fit
    pub fn share(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, end: u64) -> u64 {
        self.number() % end.max(1)
    }

    fn one<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        let place = usize::try_from(self.below(u64::try_from(of.len()).unwrap_or(1))).unwrap_or(0);
        &of[place.min(of.len() - 1)]
    }
}

/// Who is asked for: every text of the request that tells, in small letters and in order.
pub fn identity(asked: &Value) -> String {
    let mut texts = Vec::new();
    collect(asked, &mut texts);
    texts.sort_unstable();
    texts.dedup();
    texts.join("|")
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let telling = members.iter().filter(|(name, _)| !NOT_IDENTITY.contains(&name.to_lowercase().as_str()));
            telling.for_each(|(_, member)| collect(member, texts));
        }
        Value::Array(members) => members.iter().for_each(|member| collect(member, texts)),
        Value::String(text) if !text.is_empty() => texts.push(text.to_lowercase()),
        _ => {}
    }
}

/// The text of the first member whose name has one of these in it.
fn told<'v>(asked: &'v Value, names: &[&str]) -> Option<&'v str> {
    match asked {
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            let name = name.to_lowercase().replace('_', "");
            let text = member.as_str().filter(|text| !text.is_empty());
            let here = text.filter(|_| names.contains(&name.as_str()));
            here.or_else(|| if member.is_object() { told(member, names) } else { None })
        }),
        _ => None,
    }
}

/// A person who fits what was asked.
pub fn invented(seed: u64, asked: &Value) -> Value {
    let identity = identity(asked);
    let mut draws = Draws::from(seed, &[b"person", identity.as_bytes()]);
    let (mut first, mut last) = ((*draws.one(&FIRST)).to_owned(), (*draws.one(&LAST)).to_owned());
    let (title, level) = *draws.one(&TITLES);
    let (size, employees) = *draws.one(&SIZES);
    let (city, country) = *draws.one(&PLACES);
    let industry = *draws.one(&INDUSTRIES);
    let number = draws.below(100);
    let (score, likelihood, founded) = (70 + draws.below(29), 6 + draws.below(5), 1950 + draws.below(74));
    let verdict = draws.share();
    if let Some((one, other)) = told(asked, &["fullname", "name"]).and_then(|name| name.trim().split_once(' ')) {
        (first, last) = (one.to_owned(), other.trim().to_owned());
    }
    if let Some(given) = told(asked, &["firstname"]) {
        given.clone_into(&mut first);
    }
    if let Some(given) = told(asked, &["lastname"]) {
        given.clone_into(&mut last);
    }
    let address = told(asked, &["email", "emailaddress"]).filter(|text| text.contains('@'));
    let company = told(asked, &["companyname", "organizationname"])
        .or_else(|| told(asked, &["company"]).filter(|text| !text.contains('.')))
        .map_or_else(|| format!("{} {}", draws.one(&COMPANIES), draws.below(900) + 100), str::to_owned);
    let slug: String = company.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let own = address.and_then(|address| address.split_once('@')).map(|(_, domain)| domain);
    let given =
        told(asked, &["domain", "website"]).or_else(|| told(asked, &["company"]).filter(|text| text.contains('.')));
    let domain = given.or(own).map_or_else(|| format!("{slug}.example"), str::to_lowercase);
    let plain = |text: &str| text.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let (plain_first, plain_last) = (plain(&first), plain(&last));
    let email = address.map_or_else(|| format!("{plain_first}.{plain_last}@{domain}"), str::to_lowercase);
    let profile = told(asked, &["linkedinurl", "profile"]).and_then(|url| url.split("/in/").nth(1));
    let profile = profile.map_or_else(
        || format!("{plain_first}-{plain_last}-{:04}", draws.below(10_000)),
        |slug| slug.trim_end_matches('/').to_owned(),
    );
    let (status, words) = match verdict {
        share if share < 0.82 => ("valid", "valid"),
        share if share < 0.92 => ("accept_all", "catch-all"),
        share if share < 0.97 => ("invalid", "invalid"),
        _ => ("unknown", "unknown"),
    };
    json!({
        "firstName": first, "lastName": last, "fullName": format!("{first} {last}"), "email": email,
        "emailStatus": status, "emailVerdict": words, "score": score, "likelihood": likelihood,
        "title": title, "level": level, "linkedin": format!("linkedin.com/in/{profile}"),
        // 01 99 00 00 00 to 01 99 00 99 99 are set aside for fiction by the French regulator.
        "phone": format!("+331990000{number:02}"),
        "company": company, "companySlug": slug, "domain": domain, "industry": industry, "size": size,
        "employees": employees, "revenue": u64::from(employees) * 150_000, "founded": founded,
        "city": city, "country": country,
    })
}
