//! Phone numbers in E.164, by the numbering plans of libphonenumber. The only place that names `rlibphonenumber`.
//!
//! A number is accepted when it is valid in its country's plan, not merely possible. What is no number stays in the
//! original row; nothing is guessed: a national number without a country is an error of its own.

mod region;

use std::borrow::Cow;
use std::fmt;

pub use region::{Region, RegionError};
use rlibphonenumber::{
    NotANumberError, PHONE_NUMBER_UTIL, ParseError, PhoneNumber, PhoneNumberFormat, PhoneNumberType,
};

use super::text::trim_cell;

/// What kind of line a number is, by its country's numbering plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineType {
    Mobile,
    FixedLine,
    /// The plan does not tell the two apart (North America).
    FixedLineOrMobile,
    Voip,
    TollFree,
    PremiumRate,
    SharedCost,
    Personal,
    Pager,
    /// A company-wide number (universal access number).
    CompanyWide,
    Voicemail,
}

impl LineType {
    pub const ALL: [Self; 11] = [
        Self::Mobile,
        Self::FixedLine,
        Self::FixedLineOrMobile,
        Self::Voip,
        Self::TollFree,
        Self::PremiumRate,
        Self::SharedCost,
        Self::Personal,
        Self::Pager,
        Self::CompanyWide,
        Self::Voicemail,
    ];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::FixedLine => "fixed_line",
            Self::FixedLineOrMobile => "fixed_line_or_mobile",
            Self::Voip => "voip",
            Self::TollFree => "toll_free",
            Self::PremiumRate => "premium_rate",
            Self::SharedCost => "shared_cost",
            Self::Personal => "personal",
            Self::Pager => "pager",
            Self::CompanyWide => "company_wide",
            Self::Voicemail => "voicemail",
        }
    }

    const fn of(kind: PhoneNumberType) -> Option<Self> {
        Some(match kind {
            PhoneNumberType::FixedLine => Self::FixedLine,
            PhoneNumberType::Mobile => Self::Mobile,
            PhoneNumberType::FixedLineOrMobile => Self::FixedLineOrMobile,
            PhoneNumberType::TollFree => Self::TollFree,
            PhoneNumberType::PremiumRate => Self::PremiumRate,
            PhoneNumberType::SharedCost => Self::SharedCost,
            PhoneNumberType::VoIP => Self::Voip,
            PhoneNumberType::PersonalNumber => Self::Personal,
            PhoneNumberType::Pager => Self::Pager,
            PhoneNumberType::UAN => Self::CompanyWide,
            PhoneNumberType::VoiceMail => Self::Voicemail,
            PhoneNumberType::Unknown => return None,
        })
    }
}

/// Why a text is not a phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    #[error("is empty")]
    Empty,
    #[error("is not a phone number")]
    NotANumber,
    #[error("is a national number and the country is not known")]
    NoRegion,
    #[error("starts with a country calling code that does not exist")]
    UnknownCallingCode,
    #[error("is too short for a phone number")]
    TooShort,
    #[error("is too long for a phone number")]
    TooLong,
    #[error("was rounded to a power of ten by a spreadsheet")]
    Rounded,
    #[error("is not a number in the plan of its country")]
    NotInPlan,
}

/// A valid phone number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Phone {
    /// `+` and up to 15 digits.
    pub e164: String,
    /// The country of the number; `None` for the calling codes that belong to no country (+800, +882).
    pub region: Option<Region>,
    pub line_type: LineType,
    /// The digits after `ext.`; not part of E.164.
    pub extension: Option<String>,
}

impl Phone {
    /// Reads a number in international or, with `default_region`, in national spelling. A `+` or `00` beats the region.
    pub fn parse(raw: &str, default_region: Option<Region>) -> Result<Self, PhoneError> {
        let text = trim_cell(raw);
        // A spreadsheet's text marker; some exports keep it.
        let text = text.strip_prefix('\'').unwrap_or(text);
        if text.is_empty() {
            return Err(PhoneError::Empty);
        }
        if is_rounded(text) {
            return Err(PhoneError::Rounded);
        }
        let region = default_region.and_then(|region| rlibphonenumber::Region::from_code(region.code()).ok());
        let first = parse_in(text, region);
        if first.is_ok() || text.starts_with(['+', '＋']) {
            return first;
        }
        match international_spelling(text) {
            Some(international) => parse_in(&international, None).or(first),
            None => first,
        }
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.e164)
    }
}

fn parse_in(text: &str, region: Option<rlibphonenumber::Region>) -> Result<Phone, PhoneError> {
    let number = PHONE_NUMBER_UTIL.parse(text, region).map_err(|error| phone_error(&error, text, region.is_some()))?;
    // Telling the type checks the number against the plan as well: no type, no valid number.
    let line_type = LineType::of(PHONE_NUMBER_UTIL.get_number_type(&number)).ok_or(PhoneError::NotInPlan)?;
    let e164 = PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned();
    Ok(Phone {
        region: region_of(&number),
        line_type,
        extension: number.extension.filter(|text| !text.is_empty()),
        e164,
    })
}

fn region_of(number: &PhoneNumber) -> Option<Region> {
    let region = PHONE_NUMBER_UTIL.get_region_for_number(number)?;
    Region::from_code(region.as_region_str().as_str())
}

fn phone_error(error: &ParseError, text: &str, has_region: bool) -> PhoneError {
    match error {
        ParseError::InvalidCountryCode if has_region || text.contains(['+', '＋']) => PhoneError::UnknownCallingCode,
        // Without region and `+` the library finds no calling code; that it is a number at all we ask ourselves.
        ParseError::InvalidCountryCode => match text.chars().filter(char::is_ascii_digit).count() {
            0..=3 => PhoneError::NotANumber,
            _ => PhoneError::NoRegion,
        },
        ParseError::NotANumber(NotANumberError::FailedToParseNumberAsInt(_)) | ParseError::TooLongNsn => {
            PhoneError::TooLong
        }
        ParseError::NotANumber(_) => PhoneError::NotANumber,
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn => PhoneError::TooShort,
    }
}

/// `4.91512E+11`, `4,91512E+11`.
fn is_rounded(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let is_number =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','));
    is_number(mantissa) && exponent.strip_prefix('+').is_some_and(|digits| digits.len() <= 2 && is_number(digits))
}

/// `0049 30 …` and `(00)49 …` as `+49 30 …`.
fn international_spelling(text: &str) -> Option<Cow<'static, str>> {
    let rest = text.strip_prefix("00").or_else(|| text.strip_prefix("(00)"))?;
    (!rest.starts_with('0')).then(|| Cow::Owned(format!("+{rest}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn region(code: &str) -> Option<Region> {
        Region::from_code(code)
    }

    #[test]
    fn spellings_of_one_number_are_one() {
        for (text, country) in [
            ("+49 30 901820", None),
            ("0049 30 901820", None),
            ("0049 (0)30 901820", None),
            ("+49 (0) 30 / 90 18 20", None),
            ("030 901820", region("DE")),
            ("(030) 90 18 20", region("DE")),
            ("'030-901820", region("DE")),
            ("Tel.: 030 901820", region("DE")),
            ("tel:+49-30-901820", None),
            ("4930901820", region("DE")),
            ("+49 30 901820", region("US")),
            ("0049 30 901820", region("US")),
            ("＋４９ ３０ ９０１８２０", None),
        ] {
            let phone = Phone::parse(text, country).unwrap_or_else(|error| panic!("{text} {error}"));
            assert_eq!(phone.e164, "+4930901820", "{text}");
            assert_eq!(phone.region, region("DE"));
            assert_eq!(phone.line_type, LineType::FixedLine);
        }
    }

    #[test]
    fn line_type_and_extension_are_told() {
        let phone = Phone::parse("(202) 456-1111 ext. 12", region("US")).unwrap();
        assert_eq!((phone.e164.as_str(), phone.extension.as_deref()), ("+12024561111", Some("12")));
        assert_eq!(phone.line_type, LineType::FixedLineOrMobile);
        assert_eq!(Phone::parse("+49 1512 3456789", None).unwrap().line_type, LineType::Mobile);
        assert_eq!(Phone::parse("+1 800 356 9377", None).unwrap().line_type, LineType::TollFree);
        assert_eq!(Phone::parse("+800 1234 5678", None).unwrap().region, None);
    }

    #[test]
    fn errors_say_what_is_wrong() {
        for (text, country, error) in [
            ("", None, PhoneError::Empty),
            ("n/a", None, PhoneError::NotANumber),
            ("call reception", region("DE"), PhoneError::NotANumber),
            ("030 901820", None, PhoneError::NoRegion),
            ("+999 123456", None, PhoneError::UnknownCallingCode),
            ("+1 202", None, PhoneError::NotInPlan),
            ("555", region("US"), PhoneError::NotInPlan),
            ("4.91512E+11", region("DE"), PhoneError::Rounded),
            ("+4930901820123456789012", None, PhoneError::TooLong),
        ] {
            assert_eq!(Phone::parse(text, country).map(|phone| phone.e164), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn parsing_e164_changes_nothing(text in "[+0]?[0-9 ()/-]{6,16}") {
            if let Ok(phone) = Phone::parse(&text, region("FR")) {
                let again = Phone::parse(&phone.e164, None).unwrap();
                prop_assert_eq!(&again.e164, &phone.e164);
                prop_assert_eq!(again.region, phone.region);
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = Phone::parse(&text, region("GB"));
        }
    }
}
