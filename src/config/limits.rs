//! `[limits]`

use super::quantity::Period;
use super::section::section;

section! {
    /// Limits of callers and sessions.
    pub struct Limits = "limits" {
        /// Failed logins per account and per address ...
        pub login_attempts: u32 = 10;
        /// ... within this time; then the next is refused until it has passed.
        pub login_window: Period = Period::minutes(15);
        /// Requests a minute per API key or session; 0 = no limit.
        pub requests_per_minute: u32 = 6_000;
        /// A session ends after this long without a request ...
        pub session_idle: Period = Period::hours(12);
        /// ... and after this long in any case.
        pub session_max: Period = Period::days(30);
        /// How long the one-time setup link of a new install works.
        pub setup_link_ttl: Period = Period::hours(24);
        /// Shortest password, in characters.
        pub password_min_chars: usize = 10;
    }
}
