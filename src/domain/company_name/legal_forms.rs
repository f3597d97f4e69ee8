//! The legal forms of companies, as keys: folded, letters and digits only (`S.p.A.` is `spa`, `GmbH & Co. KG` is
//! `gmbhcokg`). Forms of about fifty countries; a form that is also a common last word of a name is left out.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The most words a form is written in (`sociedad anónima de capital variable`, `s. de r. l. de c. v.`).
pub const MAX_WORDS: usize = 7;

#[rustfmt::skip]
const ENDINGS: &[&str] = &[
    // English (US, GB, IE, CA, AU, NZ, ZA, IN, SG, HK)
    "cic", "clg", "co", "coltd", "company", "companylimited", "corp", "corporation", "dac", "generalpartnership",
    "gp", "holdingsltd", "inc", "incorporated", "intlltd", "lc", "limited", "limitedcompany",
    "limitedliabilitycompany", "limitedliabilitypartnership", "limitedpartnership", "llc", "lllp", "llp", "lp", "ltd",
    "ltdco", "opc", "plc", "pllc", "privatelimited", "privateltd", "proprietarylimited", "pte", "ptelimited",
    "pteltd", "pty", "ptyltd", "publiclimitedcompany", "pvt", "pvtltd", "socltd", "trustco", "ulc", "unlimited",
    // German (DE, AT, CH, LI)
    "ag", "agcokg", "agcokgaa", "aktiengesellschaft", "cokg", "cokgaa", "eg", "ek", "ekfm", "ekfr", "eu", "ev", "gbr",
    "genossenschaft", "gesellschaftmbh", "gesellschaftmitbeschrankterhaftung", "gesmbh", "ggmbh", "gmbh", "gmbhco",
    "gmbhcokg", "gmbhcokgaa", "gmbhcoohg", "haftungsbeschrankt", "kdor", "keg", "kg", "kgaa", "kommanditgesellschaft",
    "mbh", "oeg", "og", "ohg", "partg", "partgmbb", "partnerschaftsgesellschaft", "secokg", "secokgaa",
    "stiftungcokg", "ug", "ugcokg", "ughaftungsbeschrankt", "unternehmergesellschaft",
    // French (FR, BE, CH, LU, CA)
    "asbl", "bvsrl", "eurl", "gie", "gmbhsarl", "incltee", "limitee", "ltee", "sa", "sarl", "sarlu", "sas", "sasp",
    "sasu", "sca", "sci", "scop", "scrl", "scs", "selarl", "selas", "sem", "senc", "sencrl", "snc", "societeanonyme",
    "societearesponsabilitelimitee", "societeparactionssimplifiee", "spf", "sprl", "srl",
    // Dutch (NL, BE)
    "beslotenvennootschap", "bv", "bvba", "commv", "cooperatieua", "cv", "cvba", "ebvba", "naamlozevennootschap",
    "nv", "ua", "vof", "vzw",
    // Italian
    "onlus", "sapa", "scarl", "soccoop", "soccooparl", "societaaresponsabilitalimitata", "societacooperativa",
    "societaperazioni", "spa", "srls",
    // Spanish (ES, MX, AR, CL, CO, PE)
    "eirl", "limitada", "ltda", "saa", "sabdecv", "sac", "sadecv", "sapidecv", "sau", "sc", "scl", "scoop", "sderl",
    "sderldecv", "sl", "sll", "slp", "slu", "sociedadanonima", "sociedadlimitada", "sofom", "srldecv",
    // Portuguese (PT, BR)
    "cialtda", "eireli", "epp", "lda", "ltdaepp", "ltdame", "mei", "sgps", "unipessoal", "unipessoallda",
    // Nordic (SE, NO, DK, FI, IS)
    "ab", "aboy", "abpubl", "aksjeselskap", "aktiebolag", "aktiebolaget", "aktieselskab", "amba", "anpartsselskab",
    "ans", "aps", "as", "asa", "ehf", "ekfor", "ekonomiskforening", "enk", "fmba", "hb", "hf", "is", "ivs", "kb",
    "ks", "ky", "ohf", "osakeyhtio", "oy", "oyab", "oyj", "ps", "publ", "sf", "smba", "tmi",
    // Baltic (EE, LV, LT)
    "akcijusabiedriba", "aktsiaselts", "ij", "osauhing", "ou", "sia", "tu", "uab",
    // Polish
    "psa", "sk", "ska", "spj", "spk", "spolkaakcyjna", "spolkajawna", "spolkakomandytowa",
    "spolkazograniczonaodpowiedzialnoscia", "spolkazoo", "spp", "spzoo", "spzoospk",
    // Czech, Slovak
    "akciovaspolecnost", "akciovaspolocnost", "druzstvo", "ops", "spolecnostsrucenimomezenym", "spolsro", "sro",
    "vos", "zs",
    // Hungarian
    "bt", "kft", "kkt", "korlatoltfelelossegutarsasag", "nonprofitkft", "nyrt", "zartkoruenmukodoreszvenytarsasag",
    "zrt",
    // South-East Europe (RO, BG, HR, SI, RS, BA, MK, GR, TR)
    "ad", "ae", "anonimsirketi", "dd", "dno", "doo", "dooel", "ead", "eood", "eoodd", "epe", "ike", "jdoo", "kd",
    "limitedsirketi", "ltdsti", "oe", "ood", "ooд", "pfa", "santicltdsti", "sanveticas", "sanveticltdsti", "sp",
    "srld", "sti", "ticas", "αε", "επε", "ικε", "οε", "ад", "ед", "еоод", "оод",
    // Russian, Ukrainian, Kazakh
    "cjsc", "jsc", "nao", "oao", "ojsc", "ooo", "pao", "pjsc", "too", "tov", "zao", "ао", "зао", "ип", "нао", "оао",
    "ооо", "пао", "пат", "прат", "тов", "тоо", "фоп",
    // Middle East (AE, SA, IL, EG)
    "bsc", "bscc", "dmcc", "fzc", "fzco", "fze", "fzllc", "kscc", "kscp", "psc", "psjc", "qpsc", "qsc", "sae", "sal",
    "saoc", "saog", "spc", "wll",
    // Asia (JP, CN, KR, TH, ID, MY, VN, PH)
    "berhad", "bhd", "companyltd", "gk", "godokaisha", "jointstockcompany", "kabushikikaisha", "kk", "pcl", "persero",
    "plt", "pttbk", "publiccompanylimited", "sdnbhd", "sendirianberhad", "tbk", "tnhh", "yk", "yugenkaisha",
    // European Union and other
    "aebe", "anstalt", "eeig", "etablissement", "ewiv", "geie", "gmbheurope", "sce", "se", "sicaf", "sicav",
    "societaseuropaea", "soparfi",
];

/// Forms that stand in front (`PT Telkom`, `ООО Ромашка`). Sorted.
const BEGINNINGS: &[&str] = &["ooo", "oao", "pao", "pt", "zao", "ао", "зао", "ип", "оао", "ооо", "пао", "тов", "тоо"];

/// Forms written without a space before or behind the name.
pub const ATTACHED: &[&str] = &[
    "株式会社",
    "有限会社",
    "合同会社",
    "合資会社",
    "(株)",
    "㈱",
    "(有)",
    "股份有限公司",
    "有限责任公司",
    "有限公司",
    "集团有限公司",
    "주식회사",
    "유한회사",
    "(주)",
    "㈜",
    "בע\"מ",
    "בע״מ",
];

static ENDING_KEYS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| ENDINGS.iter().copied().collect());

pub fn is_ending(key: &str) -> bool {
    ENDING_KEYS.contains(key)
}

pub fn is_beginning(key: &str) -> bool {
    BEGINNINGS.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::fold;

    #[test]
    fn every_form_is_a_key() {
        for form in ENDINGS.iter().chain(BEGINNINGS) {
            let key: String = fold(form).chars().filter(|c| c.is_alphanumeric()).collect();
            assert_eq!(key, *form);
        }
    }
}
