//! What a number format makes of a number: a date, a time, a duration, digits with leading zeros, or just a number.

/// How a cell's number is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NumberFormat {
    /// Year, month or day are shown.
    pub is_date: bool,
    /// Hours, minutes or seconds are shown.
    pub is_time: bool,
    /// Hours, minutes or seconds in all: `[h]:mm`.
    pub is_elapsed: bool,
    /// Fractions of a second are shown.
    pub has_fraction: bool,
    /// Digits that are shown at least, as a format of nothing but zeros asks for: ZIP codes are stored so.
    pub zeros: u8,
}

impl NumberFormat {
    const DATE: Self = Self { is_date: true, is_time: false, is_elapsed: false, has_fraction: false, zeros: 0 };
    const TIME: Self = Self { is_time: true, is_date: false, ..Self::DATE };

    pub fn is_moment(self) -> bool {
        self.is_date || self.is_time || self.is_elapsed
    }

    /// A format that has only a number (ECMA-376, 18.8.30). Those of East Asian versions (27 to 36, 50 to 58) are dates
    /// in some countries and times in others: as dates, since a date without a whole day is written as a time.
    pub fn built_in(id: u32) -> Self {
        match id {
            14..=17 | 27..=36 | 50..=58 => Self::DATE,
            18..=21 | 45 => Self::TIME,
            22 => Self { is_date: true, ..Self::TIME },
            46 => Self { is_elapsed: true, ..Self::TIME },
            47 => Self { has_fraction: true, ..Self::TIME },
            _ => Self::default(),
        }
    }

    /// Reads the first section of a format code: the one for positive numbers.
    pub fn parse(code: &str) -> Self {
        let mut format = Self::default();
        let (mut has_months_or_minutes, mut has_clock, mut has_digits) = (false, false, false);
        let mut zeros = Some(0_u8);
        let mut rest = code;
        while let Some(next) = rest.chars().next() {
            let (length, token) = token(rest, next);
            rest = rest.get(length..).unwrap_or_default();
            if matches!(token, Token::Clock | Token::Elapsed) && rest.starts_with(".0") {
                rest = rest[1..].trim_start_matches('0');
                format.has_fraction = true;
            }
            if !matches!(token, Token::Zero | Token::End | Token::Mark) {
                zeros = None;
            }
            match token {
                Token::Nothing | Token::Mark => {}
                Token::End => break,
                Token::Date => format.is_date = true,
                Token::Month => has_months_or_minutes = true,
                Token::Clock => has_clock = true,
                Token::Elapsed => format.is_elapsed = true,
                Token::Zero => {
                    has_digits = true;
                    zeros = zeros.map(|zeros| zeros.saturating_add(1));
                }
                Token::Digit => has_digits = true,
            }
        }
        if has_digits {
            // Letters beside digits are a unit that somebody did not quote.
            let zeros = zeros.filter(|zeros| (2..=32).contains(zeros)).unwrap_or(0);
            return Self { zeros, ..Self::default() };
        }
        format.is_time = has_clock || format.is_elapsed;
        format.is_date |= has_months_or_minutes && !format.is_time;
        format
    }
}

enum Token {
    /// Literal text, colours, conditions, padding.
    Nothing,
    /// Colours and conditions, which do not count as text.
    Mark,
    /// A section ends.
    End,
    Date,
    Month,
    Clock,
    Elapsed,
    Zero,
    Digit,
}

/// The token that `rest` begins with and its length in bytes.
fn token(rest: &str, next: char) -> (usize, Token) {
    let begins = |word: &str| rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    let to = |end: char| rest[1..].find(end).map_or(rest.len(), |found| found + 2);
    // One character that is taken as it stands, or whose width is left blank, or that fills the cell.
    let pair = || next.len_utf8() + rest.chars().nth(1).map_or(0, char::len_utf8);
    match next {
        '"' => (to('"'), Token::Nothing),
        '\\' | '_' | '*' => (pair(), Token::Nothing),
        '[' => {
            let length = to(']');
            let inside = rest[1..length].trim_end_matches(']');
            let letters = |letter: char| inside.chars().all(|it| it.eq_ignore_ascii_case(&letter));
            let is_elapsed = !inside.is_empty() && ['h', 'm', 's'].into_iter().any(letters);
            (length, if is_elapsed { Token::Elapsed } else { Token::Mark })
        }
        ';' => (1, Token::End),
        _ if begins("general") => (7, Token::Nothing),
        _ if begins("am/pm") => (5, Token::Clock),
        _ if begins("a/p") => (3, Token::Clock),
        _ if begins("e+") || begins("e-") => (2, Token::Digit),
        'y' | 'Y' | 'd' | 'D' | 'e' | 'g' => (1, Token::Date),
        'm' | 'M' => (1, Token::Month),
        'h' | 'H' | 's' | 'S' => (1, Token::Clock),
        '0' => (1, Token::Zero),
        '#' | '?' => (1, Token::Digit),
        other => (other.len_utf8(), Token::Nothing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `d` for a date, `t` for a time, `e` for a duration, `f` for fractions.
    fn letters(format: NumberFormat) -> String {
        let shown =
            [('d', format.is_date), ('t', format.is_time), ('e', format.is_elapsed), ('f', format.has_fraction)];
        shown.into_iter().filter(|(_, is)| *is).map(|(letter, _)| letter).collect()
    }

    #[test]
    fn formats_tell_dates_from_numbers() {
        for (code, wanted) in [
            ("General", ""),
            ("GENERAL", ""),
            ("@", ""),
            ("0.00", ""),
            ("#,##0.00 [$€-407]", ""),
            ("0%", ""),
            ("0.00E+00", ""),
            ("##0.0e+0", ""),
            ("\"days\" 0", ""),
            ("0 \"days\"", ""),
            ("0\\d", ""),
            ("[Red]0;[Yellow]-0", ""),
            ("#,##0_m", ""),
            ("#,##0 days", ""),
            ("_(* #,##0_);_(* (#,##0);_(* \"-\"??_);_(@_)", ""),
            ("[<=9999999]###-####;(###) ###-####", ""),
            ("\"TRUE\";\"TRUE\";\"FALSE\"", ""),
            ("yyyy-mm-dd", "d"),
            ("m/d/yy", "d"),
            ("mmm", "d"),
            ("MMMM D\\,\\ YYYY", "d"),
            ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "d"),
            ("[Red]dd.mm.yyyy;@", "d"),
            ("[$-411]ggge\"年\"m\"月\"d\"日\"", "d"),
            ("yyyy\"h\"mm", "d"),
            ("[$-409]m/d/yy\\ h:mm\\ AM/PM;@", "dt"),
            ("yyyy-mm-dd\"T\"hh:mm:ss.000", "dtf"),
            ("h:mm", "t"),
            ("mm:ss", "t"),
            ("h:mm A/P", "t"),
            ("mm:ss.0", "tf"),
            ("[h]:mm:ss", "te"),
            ("[mm]:ss", "te"),
            ("[ss].00", "tef"),
            ("[hh]", "te"),
            ("\"unterminated", ""),
            ("[unterminated", ""),
            ("\\", ""),
            ("ü\\ü_ü", ""),
        ] {
            assert_eq!(letters(NumberFormat::parse(code)), wanted, "{code}");
        }
    }

    #[test]
    fn zeros_count_only_where_there_is_nothing_else() {
        let zeros = |code| NumberFormat::parse(code).zeros;
        assert_eq!((zeros("00000"), zeros("[$-409]00000;@"), zeros("00")), (5, 5, 2));
        assert_eq!((zeros("0"), zeros("00000-0000"), zeros("00.00"), zeros("#00")), (0, 0, 0, 0));
    }

    #[test]
    fn built_in_formats_have_only_a_number() {
        let of = |id| letters(NumberFormat::built_in(id));
        assert_eq!([0, 1, 9, 13, 49].map(of), ["", "", "", "", ""]);
        assert_eq!(
            [14, 17, 18, 21, 22, 27, 36, 45, 46, 47, 58].map(of),
            ["d", "d", "t", "t", "dt", "d", "d", "t", "te", "tf", "d"]
        );
    }
}
