//! Which encoding a text is written in, and the text as UTF-8.
//!
//! [`EncodingScan`] looks at all bytes of a file once, in pieces, and comes to an [`EncodingGuess`]; [`Transcoder`] turns
//! the bytes into UTF-8 with what was guessed or told. Names are those of the WHATWG standard, in lower case.
//!
//! A byte order mark decides. Without one, bytes that are UTF-8 are UTF-8; zero bytes tell UTF-16; everything else is
//! told apart by `chardetng`, as browsers do, and corrected for three cases it does not know (`refine`).

mod refine;
mod scan;
mod transcode;
mod utf16;

pub use scan::EncodingScan;
pub use transcode::Transcoder;

use encoding_rs::Encoding;

/// What bytes seem to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodingGuess {
    pub encoding: TextEncoding,
    /// Bytes of the byte order mark.
    pub mark: usize,
    /// Bytes that are not UTF-8 in a text that otherwise is: they are read as Windows-1252.
    pub strays: u64,
    /// The line of the first of them, from 1.
    pub first_stray_line: Option<u64>,
}

impl EncodingGuess {
    pub const fn of(encoding: TextEncoding) -> Self {
        Self { encoding, mark: 0, strays: 0, first_stray_line: None }
    }

    /// Whether the bytes can be read as they are.
    pub fn is_plain_utf8(&self) -> bool {
        self.encoding.is_utf8() && self.strays == 0
    }
}

/// An encoding that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextEncoding(&'static Encoding);

impl TextEncoding {
    pub const UTF_8: Self = Self(encoding_rs::UTF_8);
    pub const UTF_16LE: Self = Self(encoding_rs::UTF_16LE);
    pub const UTF_16BE: Self = Self(encoding_rs::UTF_16BE);

    /// By any label of the WHATWG standard (`latin1`, `cp1252`, `UTF8`, `sjis`), in any case; also `utf-16` and the
    /// names that spreadsheets and Python give.
    pub fn from_label(label: &str) -> Option<Self> {
        let label = label.trim().to_ascii_lowercase();
        let known = match label.as_str() {
            "utf-8-sig" | "utf8-sig" | "utf_8" | "utf-8 bom" => "utf-8",
            "utf16" | "utf-16-le" | "utf16le" | "utf_16" | "utf_16_le" => "utf-16le",
            "utf-16-be" | "utf16be" | "utf_16_be" => "utf-16be",
            "cp949" | "uhc" => "euc-kr",
            "cp932" | "shift-jis" => "shift_jis",
            "cp936" => "gbk",
            "cp950" => "big5",
            "cp874" | "tis620" => "windows-874",
            "mac_roman" | "mac-roman" | "macroman" => "macintosh",
            "mac-cyrillic" | "mac_cyrillic" | "maccyrillic" => "x-mac-cyrillic",
            other => other,
        };
        let spelled = known.replace('_', "-");
        let encoding = Encoding::for_label(known.as_bytes()).or_else(|| Encoding::for_label(spelled.as_bytes()))?;
        // `replacement` reads no text at all.
        (encoding != encoding_rs::REPLACEMENT).then_some(Self(encoding))
    }

    /// The WHATWG name in lower case.
    pub fn name(self) -> &'static str {
        // encoding_rs has the names in the standard's own case; these are all that differ from lower case.
        LOWER_CASE.iter().find(|(name, _)| *name == self.0.name()).map_or(self.0.name(), |(_, lower)| lower)
    }

    pub fn is_utf8(self) -> bool {
        self.0 == encoding_rs::UTF_8
    }

    fn inner(self) -> &'static Encoding {
        self.0
    }
}

const LOWER_CASE: [(&str, &str); 26] = [
    ("UTF-8", "utf-8"),
    ("UTF-16LE", "utf-16le"),
    ("UTF-16BE", "utf-16be"),
    ("IBM866", "ibm866"),
    ("ISO-8859-2", "iso-8859-2"),
    ("ISO-8859-3", "iso-8859-3"),
    ("ISO-8859-4", "iso-8859-4"),
    ("ISO-8859-5", "iso-8859-5"),
    ("ISO-8859-6", "iso-8859-6"),
    ("ISO-8859-7", "iso-8859-7"),
    ("ISO-8859-8", "iso-8859-8"),
    ("ISO-8859-8-I", "iso-8859-8-i"),
    ("ISO-8859-10", "iso-8859-10"),
    ("ISO-8859-13", "iso-8859-13"),
    ("ISO-8859-14", "iso-8859-14"),
    ("ISO-8859-15", "iso-8859-15"),
    ("ISO-8859-16", "iso-8859-16"),
    ("KOI8-R", "koi8-r"),
    ("KOI8-U", "koi8-u"),
    ("GBK", "gbk"),
    ("Big5", "big5"),
    ("EUC-JP", "euc-jp"),
    ("EUC-KR", "euc-kr"),
    ("ISO-2022-JP", "iso-2022-jp"),
    ("Shift_JIS", "shift_jis"),
    ("gb18030", "gb18030"),
];

#[cfg(test)]
mod tests;
