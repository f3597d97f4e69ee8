//! Numbers of cells as plain digits: 15 significant ones, as Excel shows them, and never an exponent.

use std::fmt::Write as _;

/// Excel keeps no more; what comes behind is the noise of binary fractions.
const DIGITS: usize = 15;

/// Writes the number that stands in a cell as `raw`, with at least `zeros` digits before the point. Whole numbers keep
/// the digits they are written with, be they more than 15: only other programs write such, and they mean them. What is
/// no number is written as it stands.
pub fn write_number(text: &mut String, raw: &str, zeros: u8) {
    let raw = raw.trim();
    let (sign, digits) = raw.strip_prefix('-').map_or(("", raw), |digits| ("-", digits));
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain {
        let digits = digits.trim_start_matches('0');
        return write_digits(text, if digits.is_empty() { "" } else { sign }, digits, "", zeros);
    }
    match raw.parse::<f64>() {
        Ok(number) if number.is_finite() => write_rounded(text, number, zeros),
        _ => text.push_str(raw),
    }
}

fn write_digits(text: &mut String, sign: &str, whole: &str, fraction: &str, zeros: u8) {
    text.push_str(sign);
    let zeros = usize::from(zeros.max(1)).saturating_sub(whole.len());
    text.extend(std::iter::repeat_n('0', zeros));
    text.push_str(whole);
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
}

fn write_rounded(text: &mut String, number: f64, zeros: u8) {
    if number == 0.0 {
        return write_digits(text, "", "", "", zeros);
    }
    // As `d.dddde-x`: the digits are rounded by the standard library, only the point has to move.
    let mut scientific = String::with_capacity(DIGITS + 8);
    // Writing into a String cannot fail.
    let _infallible = write!(scientific, "{:.*e}", DIGITS - 1, number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let mut digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.truncate(digits.trim_end_matches('0').len());
    // Digits before the point; the largest number there is has 309 of them, the smallest 323 zeros behind it.
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let sign = if number < 0.0 { "-" } else { "" };
    match usize::try_from(point) {
        Ok(point) if point >= digits.len() => {
            digits.extend(std::iter::repeat_n('0', point - digits.len()));
            write_digits(text, sign, &digits, "", zeros);
        }
        Ok(point) => {
            let (whole, fraction) = digits.split_at(point);
            write_digits(text, sign, whole, fraction, zeros);
        }
        Err(_) => {
            let fraction = format!("{}{digits}", "0".repeat(point.unsigned_abs() as usize));
            write_digits(text, sign, "", &fraction, zeros);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &str, zeros: u8) -> String {
        let mut text = String::new();
        write_number(&mut text, raw, zeros);
        text
    }

    #[test]
    fn numbers_are_plain_digits() {
        for (raw, wanted) in [
            ("42", "42"),
            ("42.0", "42"),
            ("-1", "-1"),
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("007", "7"),
            (" 5 ", "5"),
            ("+5", "5"),
            ("491711234567", "491711234567"),
            ("1.4155550100E+10", "14155550100"),
            ("4.9171123456700002E+11", "491711234567"),
            ("0.1", "0.1"),
            ("0.30000000000000004", "0.3"),
            ("33.333333333333336", "33.3333333333333"),
            ("41800000.009999998", "41800000.01"),
            ("-5446563454.4354601", "-5446563454.43546"),
            ("1.2E-4", "0.00012"),
            ("9.9999999999999989", "10"),
            ("1e21", "1000000000000000000000"),
            ("1234567890123456789", "1234567890123456789"),
            ("12345678901234567.5", "12345678901234600"),
            ("inf", "inf"),
            ("NaN", "NaN"),
            ("1e999", "1e999"),
            ("n/a", "n/a"),
            ("", ""),
            ("-", "-"),
        ] {
            assert_eq!(shown(raw, 0), wanted, "{raw}");
        }
        assert_eq!(shown("1.7976931348623157E308", 0).len(), 309);
        assert_eq!(shown("5e-324", 0).len(), "0.".len() + 324 + 14);
    }

    #[test]
    fn formats_of_zeros_give_their_zeros() {
        assert_eq!(
            (shown("2134", 5), shown("2134.0", 5), shown("0", 5)),
            ("02134".into(), "02134".into(), "00000".into())
        );
        assert_eq!((shown("123456", 5), shown("-7", 3)), ("123456".into(), "-007".into()));
    }
}
