//! The numbers that days and times are in a workbook, as ISO 8601.

use std::fmt::Write as _;

use jiff::civil::Date;

use super::number_format::NumberFormat;

/// 9999-12-31, the last day that Excel knows, in the calendar of 1900.
const LAST_DAY: u64 = 2_958_465;
/// Days between the two calendars.
const FROM_1900_TO_1904: u64 = 1462;
/// Excel, as Lotus before it, takes 1900 for a leap year: day 60 is the 29th of February, which never was.
const DAY_THAT_NEVER_WAS: u64 = 60;
const MILLISECONDS_OF_A_DAY: u64 = 86_400_000;

/// Writes a number as the date, time or duration that its format makes of it, in ISO 8601 and losing nothing: a format
/// of days alone still writes the hours where there are any. `false` where it makes none: then nothing was written.
pub fn write_moment(text: &mut String, number: f64, format: NumberFormat, is_1904: bool) -> bool {
    // Also false for what is no number.
    let fits = number >= 0.0 && number < (LAST_DAY + 1) as f64;
    if !fits || !format.is_moment() {
        return false;
    }
    let step = if format.has_fraction { 1 } else { 1000 };
    let steps = (number * (MILLISECONDS_OF_A_DAY / step) as f64).round();
    let milliseconds = (steps as u64).saturating_mul(step);
    if format.is_elapsed {
        write_clock(text, milliseconds);
        return true;
    }
    let (day, clock) = (milliseconds / MILLISECONDS_OF_A_DAY, milliseconds % MILLISECONDS_OF_A_DAY);
    if day == 0 && (format.is_time || clock > 0) && !(is_1904 && format.is_date && format.is_time) {
        write_clock(text, clock);
        return true;
    }
    let Some(date) = date(day, is_1904) else { return false };
    // Writing into a String cannot fail.
    let _infallible = write!(text, "{date}");
    if format.is_time || clock > 0 {
        text.push('T');
        write_clock(text, clock);
    }
    true
}

/// Day 60 of the calendar of 1900 is written as the last day of that February; day 0 is none.
fn date(day: u64, is_1904: bool) -> Option<Date> {
    let (day, calendar) = if is_1904 { (day + FROM_1900_TO_1904, 1904) } else { (day, 1900) };
    if day == 0 && calendar == 1900 {
        return None;
    }
    let day = i64::try_from(if day < DAY_THAT_NEVER_WAS { day + 1 } else { day }).ok()?;
    jiff::civil::date(1899, 12, 30).checked_add(jiff::Span::new().try_days(day).ok()?).ok()
}

fn write_clock(text: &mut String, milliseconds: u64) {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let _infallible = write!(text, "{hours:02}:{minutes:02}:{seconds:02}");
    if rest > 0 {
        let _infallible = write!(text, ".{rest:03}");
    }
}

/// A cell that holds ISO 8601 itself, as `2024-03-01T00:00:00Z`: without the zone it does not have, and without the
/// midnight where its format shows days alone.
pub fn write_iso(text: &mut String, iso: &str, format: NumberFormat) {
    let iso = iso.trim();
    let iso = iso.strip_suffix('Z').unwrap_or(iso);
    let midnight = ["T00:00:00.000", "T00:00:00", "T00:00"].into_iter().find_map(|midnight| iso.strip_suffix(midnight));
    text.push_str(midnight.filter(|_| !format.is_time).unwrap_or(iso));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(number: f64, code: &str, is_1904: bool) -> String {
        let mut text = String::new();
        let is_moment = write_moment(&mut text, number, NumberFormat::parse(code), is_1904);
        assert_eq!(is_moment, !text.is_empty());
        text
    }

    #[test]
    fn days_are_counted_as_excel_counts_them() {
        let day = |number| shown(number, "yyyy-mm-dd", false);
        assert_eq!(day(45_352.0), "2024-03-01");
        assert_eq!((day(1.0), day(59.0), day(61.0)), ("1900-01-01".into(), "1900-02-28".into(), "1900-03-01".into()));
        assert_eq!(day(60.0), "1900-02-28");
        assert_eq!(day(2_958_465.0), "9999-12-31");
        assert_eq!((day(0.0), day(-1.0), day(2_958_466.0), day(f64::NAN)), Default::default());
        let day = |number| shown(number, "yyyy-mm-dd", true);
        assert_eq!((day(0.0), day(43890.0)), ("1904-01-01".into(), "2024-03-01".into()));
        assert_eq!(day(24107.0), "1970-01-01");
    }

    #[test]
    fn times_are_rounded_and_never_lost() {
        let of = |number, code| shown(number, code, false);
        assert_eq!(of(45_352.572_916_666_664, "m/d/yy h:mm"), "2024-03-01T13:45:00");
        assert_eq!(of(45_352.572_916_666_664, "m/d/yy"), "2024-03-01T13:45:00");
        assert_eq!(of(45_352.0, "m/d/yy h:mm"), "2024-03-01T00:00:00");
        assert_eq!(of(45_351.999_999_999, "m/d/yy h:mm"), "2024-03-01T00:00:00");
        assert_eq!(of(45_351.999_999_999, "m/d/yy"), "2024-03-01");
        assert_eq!(of(0.572_916_666_666_666_7, "h:mm"), "13:45:00");
        assert_eq!(of(0.572_916_666_666_666_7, "m/d/yy h:mm"), "13:45:00");
        assert_eq!(of(0.0, "h:mm"), "00:00:00");
        assert_eq!(of(1.5, "h:mm"), "1900-01-01T12:00:00");
        assert_eq!(of(45_352.572_922_453_7, "h:mm:ss.000"), "2024-03-01T13:45:00.500");
        assert_eq!(of(1.093_75, "[h]:mm"), "26:15:00");
        assert_eq!(of(0.989_849_537_037_037, "[mm]:ss"), "23:45:23");
        assert_eq!(of(45_352.0, "0.00"), "");
        assert_eq!(shown(0.5, "m/d/yy h:mm", true), "1904-01-01T12:00:00");
    }

    #[test]
    fn iso_cells_stay_as_they_are() {
        let iso = |iso: &str, code: &str| {
            let mut text = String::new();
            write_iso(&mut text, iso, NumberFormat::parse(code));
            text
        };
        assert_eq!(iso("2024-03-01T00:00:00Z", "yyyy-mm-dd"), "2024-03-01");
        assert_eq!(iso("2024-03-01T00:00:00", "yyyy-mm-dd h:mm"), "2024-03-01T00:00:00");
        assert_eq!(iso("2024-03-01T13:45:00.000", "General"), "2024-03-01T13:45:00.000");
        assert_eq!(iso("2024-03-01", "General"), "2024-03-01");
    }
}
