//! The quiet hours of a workspace: a window of the day by the wall clock of its time zone.
//!
//! Zones come from the tables in the binary, so that a box without a zone database works alike.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};
use minicbor::{Decode, Encode};

use super::time::Time;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone of the IANA database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// `Europe/Berlin`, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        ZONES.get(name).ok().map(Self)
    }

    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }
}

/// A window of the day, in minutes since midnight; one that ends before it begins goes over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OffPeak {
    #[n(0)]
    from: u16,
    #[n(1)]
    to: u16,
}

/// Why a text is no window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OffPeakError {
    #[error("must be a time of the day such as 22:00")]
    NoTime,
    #[error("begins when it ends")]
    Empty,
}

const DAY: u16 = 24 * 60;

impl OffPeak {
    /// From `22:00` and `06:00`.
    ///
    /// # Errors
    /// When one is no time of the day, or both are the same.
    pub fn of(from: &str, to: &str) -> Result<Self, OffPeakError> {
        let (from, to) = (minute(from).ok_or(OffPeakError::NoTime)?, minute(to).ok_or(OffPeakError::NoTime)?);
        if from == to { Err(OffPeakError::Empty) } else { Ok(Self { from, to }) }
    }

    /// From `22:00-06:00`.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn parse(text: &str) -> Result<Self, OffPeakError> {
        let (from, to) = text.split_once('-').ok_or(OffPeakError::NoTime)?;
        Self::of(from, to)
    }

    pub fn from(self) -> String {
        shown(self.from)
    }

    pub fn to(self) -> String {
        shown(self.to)
    }

    /// Whether the wall clock of the zone stands in the window.
    pub fn is_open(self, now: Time, zone: &Zone) -> bool {
        let Ok(now) = Timestamp::from_millisecond(now.0) else { return true };
        let clock = now.to_zoned(zone.0.clone()).time();
        let minute = u16::try_from(i32::from(clock.hour()) * 60 + i32::from(clock.minute())).unwrap_or(0);
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }

    /// When the window is open next: `now` where it is. A day without that minute (clocks go forward) opens right after
    /// the gap.
    pub fn opens_at(self, now: Time, zone: &Zone) -> Time {
        if self.is_open(now, zone) {
            return now;
        }
        let opening = || {
            let local = Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone.0.clone());
            let (hour, minute) = (i8::try_from(self.from / 60).ok()?, i8::try_from(self.from % 60).ok()?);
            let today = local.date().at(hour, minute, 0, 0).to_zoned(zone.0.clone()).ok()?;
            let next = if today > local {
                today
            } else {
                local.date().checked_add(1.day()).ok()?.at(hour, minute, 0, 0).to_zoned(zone.0.clone()).ok()?
            };
            Some(Time(next.timestamp().as_millisecond()))
        };
        // Beyond the years that the calendar knows: tomorrow by the clock.
        opening().unwrap_or_else(|| now.plus(Duration::from_secs(24 * 3_600)))
    }
}

impl fmt::Display for OffPeak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", shown(self.from), shown(self.to))
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let plain = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let (hour, minute): (u16, u16) =
        (plain(hour).then(|| hour.parse().ok())??, plain(minute).then(|| minute.parse().ok())??);
    // 24:00 is how people write the end of a day.
    (hour * 60 + minute <= DAY && minute < 60).then_some((hour * 60 + minute) % DAY)
}

fn shown(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Time {
        Time::parse(text).expect("a time")
    }

    #[test]
    fn the_window_goes_by_the_wall_clock_of_the_zone() {
        let night = OffPeak::parse("22:00-06:00").expect("a window");
        let berlin = Zone::from_name("Europe/Berlin").expect("a zone");
        for (now, opens) in [
            ("2026-01-15T20:59:00Z", "2026-01-15T21:00:00Z"),
            ("2026-01-15T21:00:00Z", "2026-01-15T21:00:00Z"),
            ("2026-01-16T04:59:00Z", "2026-01-16T04:59:00Z"),
            ("2026-01-16T05:00:00Z", "2026-01-16T21:00:00Z"),
            ("2026-07-15T12:00:00Z", "2026-07-15T20:00:00Z"),
        ] {
            assert_eq!(night.opens_at(at(now), &berlin), at(opens), "{now}");
        }
        // Clocks go forward from 02:00 to 03:00 on 29 March 2026.
        let gap = OffPeak::parse("02:30-05:00").expect("a window");
        assert_eq!(gap.opens_at(at("2026-03-29T00:00:00Z"), &berlin), at("2026-03-29T01:30:00Z"));
    }

    #[test]
    fn what_is_no_window_is_told() {
        assert_eq!(OffPeak::parse("22:00"), Err(OffPeakError::NoTime));
        assert_eq!(OffPeak::parse("25:00-06:00"), Err(OffPeakError::NoTime));
        assert_eq!(OffPeak::of("06:00", "6:00"), Err(OffPeakError::Empty));
        assert_eq!(OffPeak::of("18:00", "24:00").map(|window| window.to_string()), Ok("18:00-00:00".to_owned()));
        assert!(Zone::from_name("Mars/Olympus").is_none());
        assert_eq!(Zone::from_name("america/new_york").expect("a zone").name(), "America/New_York");
    }

    proptest! {
        #[test]
        fn it_opens_within_a_day_and_a_bit(now in 0_i64..4_000_000_000_000, from in 0_u16..DAY, length in 1_u16..DAY) {
            let window = OffPeak { from, to: (from + length) % DAY };
            let zone = Zone::from_name("America/Sao_Paulo").unwrap();
            let opens = window.opens_at(Time(now), &zone);
            prop_assert!(opens >= Time(now));
            prop_assert!(opens.since(Time(now)) <= Duration::from_secs(26 * 3_600));
        }
    }
}
