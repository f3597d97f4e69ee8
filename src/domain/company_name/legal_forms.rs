//! The legal forms of companies, as keys: folded, letters and digits only (`S.p.A.` is `spa`, `GmbH & Co. KG` is
//! `gmbhcokg`). Forms of about fifty countries; a form that is also a common last word of a name is left out.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The most words a form is written in (`sociedad anónima de capital variable`, `s. de r. l. de c. v.`).
pub const MAX_WORDS: usize = 7;

#[rustfmt::skip]
const ENDINGS: &[&str] = &[
    // English (US, GB, IE, CA, AU, NZ, ZA, IN, SG, HK)
    "cic", "clg", "co", "coltd", "communityinterestcompany", "company", "companylimited", "corp", "corporation",
    "cyf", "cyfyngedig", "dac", "generalpartnership", "gp", "holdingsltd", "inc", "incorp", "incorporated",
    "incorporation", "intlltd", "lc", "limited", "limitedbyguarantee", "limitedbyshares", "limitedcompany",
    "limitedliabilityco", "limitedliabilitycompany", "limitedliabilitycorp", "limitedliabilitycorporation",
    "limitedliabilitypartnership", "limitedpartnership", "llc", "lllp", "llp", "lp", "ltd", "ltdco",
    "ltdliabilitycompany", "nationalassociation", "noliability", "opc", "plc", "pllc", "privatelimited",
    "privatelimitedcompany", "privateltd", "professionalcorporation", "proprietarylimited",
    "proprietarylimitedcompany", "pte", "ptelimited", "pteltd", "pty", "ptyltd", "publiclimited", "publiclimitedco",
    "publiclimitedcompany", "publiclimitedcorporation", "pvt", "pvtltd", "socltd", "trustco", "ulc", "unlimited",
    "unlimitedcompany", "unltd",
    // German (DE, AT, CH, LI)
    "ag", "agcokg", "agcokgaa", "aktiengesellschaft", "cokg", "cokgaa", "eg", "egbr", "eingetragenegbr",
    "eingetragenegenossenschaft", "eingetragenekauffrau", "eingetragenerkaufmann", "eingetragenerverein", "ek",
    "ekfm", "ekfr", "eu", "ev", "gag", "gbr", "genossenschaft", "gesbr", "gesellschaftburgerlichenrechts",
    "gesellschaftmbh", "gesellschaftmbhcokg", "gesellschaftmitbeschrankterhaftung", "gesmbh", "gesmbhcokg", "ggmbh",
    "gmbh", "gmbhco", "gmbhcokg", "gmbhcokgaa", "gmbhcoohg", "gug", "haftungsbeschrankt", "kdor", "keg", "kg", "kgaa",
    "kommanditgesellschaft", "mbb", "mbh", "oeg", "offenehandelsgesellschaft", "og", "ohg", "partg", "partgmbb",
    "partmbb", "partnerschaftmbb", "partnerschaftsgesellschaft", "secokg", "secokgaa", "stiftungcokg", "ug", "ugcokg",
    "ughaftungsbeschrankt", "unternehmergesellschaft", "vvag",
    // French (FR, BE, CH, LU, CA)
    "aisbl", "asbl", "associationsansbutlucratif", "bvsrl", "cie", "entrepriseindividuelle", "etcie", "eurl", "gie",
    "gmbhsarl", "incltee", "limitee", "ltee", "sa", "sarl", "sarlu", "sas", "sasp", "sasu", "sca", "sci", "scop",
    "scpa", "scrl", "scs", "selarl", "selas", "sem", "senc", "sencrl", "snc", "societeanonyme",
    "societearesponsabilitelimitee", "societecivile", "societeencommanditesimple", "societeennomcollectif",
    "societeparactionssimplifiee", "spf", "sprl", "srl", "suarl",
    // Dutch (NL, BE)
    "beslotenvennootschap", "bv", "bvba", "commanditairevennootschap", "commv", "cooperatieua", "cv", "cvba", "ebvba",
    "ivzw", "naamlozevennootschap", "nv", "ua", "vennootschaponderfirma", "vof", "vzw",
    // Italian
    "coop", "onlus", "sapa", "scarl", "soccoop", "soccooparl", "societaaresponsabilitalimitata", "societacooperativa",
    "societainaccomanditasemplice", "societainnomecollettivo", "societaperazioni", "societasemplice", "spa", "srls",
    // Spanish (ES, MX, AR, CL, CO, PE)
    "eirl", "incorporado", "limitada", "ltda", "saa", "sabdecv", "sac", "saci", "sacif", "sacifi", "sadecv", "saic",
    "saica", "sapidecv", "sau", "sc", "scl", "scoop", "sderl", "sderldecv", "sgr", "sl", "sll", "slne", "slp", "slu",
    "sociedadanonima", "sociedadanonimadecapitalvariable", "sociedadcolectiva", "sociedadencomanditasimple",
    "sociedadlimitada", "sociedadlimitadalaboral", "sociedadlimitadanuevaempresa", "sociedadporacciones",
    "sociedadporaccionessimplificada", "sofom", "srldecv",
    // Portuguese (PT, BR)
    "cialtda", "eireli", "epp", "lda", "ltdaepp", "ltdame", "mei", "sgps", "sociedadeanonima", "sociedadelimitada",
    "sociedadeunipessoal", "unipessoal", "unipessoallda",
    // Nordic (SE, NO, DK, FI, IS)
    "ab", "aboy", "abp", "abpubl", "aksjeselskap", "aktiebolag", "aktiebolaget", "aktieselskab", "amba", "andelslag",
    "anpartsselskab", "ans", "aps", "as", "asa", "ehf", "ekfor", "ekonomiskforening", "enk", "fmba", "handelsbolag",
    "hb", "hf", "interessentskab", "is", "ivs", "kb", "kommandiittiyhtio", "kommanditbolag", "kommanditselskab", "ks",
    "ky", "ohf", "osakeyhtio", "osuuskunta", "oy", "oyab", "oyj", "partnerselskab", "ps", "publ", "publiktaktiebolag",
    "sf", "smba", "tmi",
    // Baltic (EE, LV, LT)
    "akcijusabiedriba", "aktsiaselts", "ij", "osauhing", "ou", "sia", "tu", "uab",
    // Polish
    "psa", "sk", "ska", "spj", "spk", "spolkaakcyjna", "spolkajawna", "spolkakomandytowa", "spolkapartnerska",
    "spolkazograniczonaodpowiedzialnoscia", "spolkazoo", "spp", "spzogrodp", "spzoo", "spzoospk",
    // Czech, Slovak
    "akciovaspolecnost", "akciovaspolocnost", "druzstvo", "ops", "spolecnostsrucenimomezenym", "spolsro", "sro",
    "vos", "zs",
    // Hungarian
    "bt", "kft", "kht", "kkt", "korlatoltfelelossegutarsasag", "nonprofitkft", "nyrt", "reszvenytarsasag",
    "zartkoruenmukodoreszvenytarsasag", "zrt",
    // South-East Europe (RO, BG, HR, SI, RS, BA, MK, GR, TR)
    "ad", "ae", "anonimsirket", "anonimsirketi", "dd", "dionickodrustvo", "dno", "doo", "dooel",
    "drustvosogranicenomodgovornoscu", "ead", "eood", "eoodd", "epe", "ike", "jdoo", "jtd", "kd", "kda",
    "limitedsirket", "limitedsirketi", "ltdsti", "oe", "ood", "ooд", "pfa", "santicltdsti", "sanveticas",
    "sanveticltdsti", "sha", "shpk", "sirketi", "societatecuraspunderelimitata", "societatepeactiuni", "sp", "srld",
    "sti", "ticas", "αε", "επε", "ικε", "οε", "ад", "ед", "еоод", "оод",
    // Russian, Ukrainian, Kazakh
    "cjsc", "closedjointstockcompany", "jointstockco", "jsc", "nao", "oao", "ojsc", "ooo", "openjointstockcompany",
    "pao", "pjsc", "publicjointstockcompany", "publicjsc", "too", "tov", "zao", "ао", "зао", "ип", "нао", "оао",
    "ооо", "пао", "пат", "прат", "тов", "тоо", "фоп",
    // Middle East (AE, SA, IL, EG)
    "bsc", "bscc", "dmcc", "freezoneco", "freezonecompany", "freezoneestablishment", "freezonellc", "fzc", "fzco",
    "fze", "fzenterprise", "fzestablishment", "fzllc", "kscc", "kscp", "llcfz", "psc", "psjc", "qpsc", "qsc", "sae",
    "sal", "saoc", "saog", "spc", "wll",
    // Asia (JP, CN, KR, TH, ID, MY, VN, PH)
    "berhad", "bhd", "companyltd", "gk", "godokaisha", "jointstockcompany", "jusikhoesa", "kabushikikaisha", "kk",
    "pcl", "persero", "perseroanterbatas", "plt", "pttbk", "publiccompanylimited", "sdnbhd", "sendirianberhad", "tbk",
    "tnhh", "yk", "yugenkaisha", "yuhanhoesa",
    // European Union and other
    "aebe", "anstalt", "eeig", "etablissement", "ewiv", "geie", "gmbheurope", "sce", "se", "sicaf", "sicav",
    "societaseuropaea", "soparfi",
];

/// Forms that stand in front (`PT Telkom`, `ООО Ромашка`). Sorted.
const BEGINNINGS: &[&str] = &[
    "eurl", "oao", "ooo", "oy", "pao", "pt", "sarl", "sia", "uab", "zao", "ао", "зао", "ип", "оао", "ооо", "пао",
    "тов", "тоо",
];

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
