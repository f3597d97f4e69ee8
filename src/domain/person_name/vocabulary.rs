//! The words that are no names: titles, degrees, generations, particles. Folded, without dots; each list sorted.

use crate::domain::text::fold;

/// Forms of address, academic and clerical titles, ranks and offices that stand before a name.
#[rustfmt::skip]
const TITLES: &[&str] = &[
    "adm", "admiral", "amb", "ambassador", "arch", "archbishop", "attorney", "atty", "avv", "baron", "baroness",
    "bishop", "brother", "capt", "captain", "cardinal", "chancellor", "cllr", "cmdr", "col", "colonel", "congressman",
    "congresswoman", "councillor", "councilor", "count", "countess", "cpl", "cpt", "dame", "dean", "dhr", "dipl",
    "doctor", "don", "dona", "dott", "dottssa", "dr", "drs", "dssa", "duchess", "duke", "eng", "engr", "excellency",
    "father", "fr", "frau", "fraulein", "freifrau", "freiherr", "froken", "fru", "gen", "general", "geom", "gov",
    "governor", "graf", "grafin", "greve", "her", "herr", "herra", "highness", "his", "hm", "hon", "honorable",
    "honourable", "hrh", "imam", "ing", "inz", "ir", "judge", "justice", "king", "lady", "lic", "lieutenant", "lord",
    "lt", "madam", "madame", "mademoiselle", "mag", "maj", "majesty", "major", "meneer", "mevr", "mevrouw", "mgr",
    "minister", "miss", "mister", "mlle", "mme", "monsieur", "mr", "mrs", "ms", "mw", "mx", "owura", "pan", "pani",
    "pastor", "pfarrer", "pres", "president", "prince", "princess", "privatdoz", "prof", "professor", "pvt", "queen",
    "rabbi", "rag", "rep", "rev", "reverend", "rouva", "royal", "secretary", "sen", "senator", "senor", "senora",
    "senorita", "sergeant", "sgra", "sgt", "sheik", "sheikh", "sig", "signor", "signora", "signore", "sigra", "sir",
    "sister", "sr", "sra", "srta", "swami", "univ-prof", "г-жа", "г-н", "господин", "др", "проф",
];

/// Words that go on with a title (`Secretary of State`).
#[rustfmt::skip]
const TITLE_NOUNS: &[&str] = &[
    "bench", "defense", "general", "highness", "interior", "lady", "lord", "majesty", "mother", "president",
    "princess", "queen", "royal", "state", "treasury",
];

/// Titles that are followed by a given name (`Sister Mary`).
#[rustfmt::skip]
const GIVEN_TITLES: &[&str] = &[
    "brother", "dame", "don", "dona", "highness", "king", "lady", "majesty", "mother", "prince", "princess", "queen",
    "saint", "sheik", "sheikh", "sir", "sister", "swami",
];

/// Titles and particles that are given names as well.
#[rustfmt::skip]
const ALSO_GIVEN: &[&str] = &[
    "al", "baron", "ben", "bin", "bishop", "count", "da", "dean", "della", "di", "do", "don", "duke", "earl", "el",
    "general", "judge", "king", "la", "lady", "le", "ma", "major", "pastor", "prince", "princess", "queen", "san",
    "st", "van", "von",
];

/// Titles that are family names as well.
#[rustfmt::skip]
const ALSO_SURNAMES: &[&str] = &[
    "baron", "bishop", "chancellor", "dean", "duke", "freiherr", "general", "goodman", "governor", "graf", "greve",
    "judge", "justice", "king", "knight", "lord", "major", "owura", "pope", "prince",
];

/// What tells generations apart.
#[rustfmt::skip]
const GENERATIONS: &[&str] = &[
    "2nd", "3rd", "4th", "filho", "i", "ii", "iii", "iv", "jnr", "jr", "junior", "mladi", "mladsi", "neto", "snr",
    "sr", "v", "vi", "vii", "viii", "младшая", "младшии", "старшии", "주니어",
];

/// Degrees, orders and professional credentials that stand behind a name.
#[rustfmt::skip]
const CREDENTIALS: &[&str] = &[
    "aca", "acca", "aia", "aprn", "ba", "bcl", "bcom", "bed", "beng", "bfa", "bs", "bsc", "bsed", "bsn", "btech",
    "caia", "cbe", "ccna", "cfa", "cfp", "cha", "chfc", "cima", "cissp", "clu", "cma", "cpa", "cpt", "crna", "csm",
    "dba", "dc", "dds", "dipl-ing", "dm", "dmd", "dmin", "dnp", "do", "dphil", "dpt", "dr-ing", "dsc", "dvm", "ed",
    "edd", "esq", "esquire", "faan", "fache", "facs", "faia", "fca", "fnp", "frcs", "frm", "frs", "ing", "itil", "jd",
    "kbe", "kc", "knt", "kt", "lac", "lcsw", "leed", "llb", "lld", "llm", "lmft", "lmhc", "lutc", "ma", "mba", "mbbs",
    "mbchb", "mbe", "mc", "mcom", "mcse", "md", "mdiv", "med", "meng", "mep", "mfa", "mp", "mpa", "mph", "mphil",
    "mpp", "ms", "msc", "msced", "msed", "msn", "msw", "mtech", "np", "obe", "od", "pa", "pe", "pharmd", "phd", "phr",
    "pmp", "psm", "psyd", "qc", "ra", "ret", "rn", "rph", "scd", "shrm-cp", "shrm-scp", "si", "sphr", "thd", "usaf",
    "usmc", "usn", "さん", "先生", "教授", "様", "氏", "社長", "님", "박사", "박사님", "선생님", "씨",
];

/// Credentials that are names or words as well: they count in capitals or with dots only.
#[rustfmt::skip]
const AMBIGUOUS: &[&str] = &[
    "ba", "bed", "cha", "dm", "do", "ed", "ing", "lac", "ma", "mc", "med", "meng", "mp", "ms", "pa", "ra", "si",
];

/// Particles that belong to the family name behind them.
#[rustfmt::skip]
const PARTICLES: &[&str] = &[
    "'t", "abu", "af", "al", "av", "bin", "bint", "binti", "d'", "da", "dal", "dall'", "dalla", "das", "de", "de'",
    "degli", "dei", "del", "dell'", "della", "delle", "den", "der", "des", "di", "do", "dos", "du", "el", "ibn", "la",
    "le", "mc", "o", "op", "saint", "san", "santa", "st", "ste", "ten", "ter", "ul", "v.d.", "van", "vanden",
    "vander", "vd", "vom", "von", "zu", "zum", "zur",
];

/// First halves of a given name of two words.
#[rustfmt::skip]
const GIVEN_PREFIXES: &[&str] = &[
    "abd", "abdal", "abdel", "abdul", "abdur", "abu", "umm", "ابو", "عبد",
];

/// Lower-case without accents, and without dots: `Ph.D.` is `phd`.
fn key(word: &str) -> String {
    let mut key = fold(word);
    key.retain(|c| !matches!(c, '.' | ';' | '。' | '．'));
    key
}

fn has(list: &[&str], word: &str) -> bool {
    list.binary_search(&word).is_ok()
}

pub fn is_title(word: &str) -> bool {
    // `Lt.Gov.` is two titles in one word.
    has(TITLES, &key(word))
        || word.trim_end_matches('.').contains('.')
            && word.split('.').filter(|part| !part.is_empty()).all(|part| part.len() > 1 && has(TITLES, &fold(part)))
}

pub fn is_title_noun(word: &str) -> bool {
    has(TITLE_NOUNS, &key(word))
}

/// A name with a form of address written onto it (`김민준씨`, `田中様`), taken apart.
pub fn without_honorific(word: &str) -> Option<(&str, &str)> {
    const HONORIFICS: [&str; 9] = ["선생님", "先生", "さん", "さま", "씨", "님", "様", "氏", "女士"];
    let at = HONORIFICS.iter().find_map(|honorific| Some(word.strip_suffix(honorific)?.len()))?;
    (at > 0).then(|| word.split_at(at))
}

/// A form of address, which ends a name only after a comma.
pub fn is_salutation(word: &str) -> bool {
    matches!(key(word).as_str(), "mr" | "mrs" | "ms" | "miss" | "herr" | "frau" | "mme" | "sra")
}

/// Whether the last of the titles is one that a given name follows.
pub fn titles_a_given_name(prefix: &str) -> bool {
    prefix.split(' ').next_back().is_some_and(|title| has(GIVEN_TITLES, &key(title)))
        || prefix.split(' ').next().is_some_and(|title| key(title) == "sir")
}

pub fn is_also_given(word: &str) -> bool {
    has(ALSO_GIVEN, &key(word))
}

pub fn is_also_surname(word: &str) -> bool {
    has(ALSO_SURNAMES, &key(word))
}

pub fn is_generation(word: &str) -> bool {
    // With a period a numeral of one letter is an initial.
    let is_numeral_initial = word.ends_with('.') && word.len() == 2;
    !is_numeral_initial && has(GENERATIONS, &key(word))
}

pub fn is_credential(word: &str) -> bool {
    word.split(['/', '&', ';']).filter(|part| !part.is_empty()).all(|part| has(CREDENTIALS, &key(part)))
}

pub fn is_ambiguous_credential(word: &str) -> bool {
    has(AMBIGUOUS, &key(word))
}

pub fn is_particle(word: &str) -> bool {
    let folded = fold(word);
    has(PARTICLES, folded.trim_end_matches(['.', '-']))
}

pub fn is_given_prefix(word: &str) -> bool {
    has(GIVEN_PREFIXES, &key(word))
}

pub fn is_maiden_marker(word: &str) -> bool {
    matches!(fold(word).as_str(), "nee" | "geb." | "geborene" | "geb" | "rozena" | "旧姓" | "nata" | "fodd")
}

pub fn is_conjunction(word: &str) -> bool {
    matches!(fold(word).as_str(), "and" | "&" | "und" | "y" | "et" | "e" | "en")
}

/// `Garcia y Lopez`, `Carod i Rovira`, `von und zu`: written small between two family names.
pub fn joins_family_names(word: &str) -> bool {
    matches!(word, "y" | "i" | "e" | "und" | "et")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_folded_and_sorted_for_binary_search() {
        for list in [
            TITLES,
            TITLE_NOUNS,
            GIVEN_TITLES,
            ALSO_GIVEN,
            ALSO_SURNAMES,
            GENERATIONS,
            CREDENTIALS,
            AMBIGUOUS,
            PARTICLES,
            GIVEN_PREFIXES,
        ] {
            assert!(list.is_sorted(), "{:?}", list.windows(2).find(|pair| pair[0] >= pair[1]));
            for word in list {
                assert_eq!(fold(word), *word);
            }
        }
    }
}
