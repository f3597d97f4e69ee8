//! `[export]`

use super::quantity::Period;
use super::section::section;

section! {
    /// Writing files of leads.
    pub struct Export = "export" {
        /// How long a finished file can be downloaded.
        pub ttl: Period = Period::hours(24);
        /// Exports below this many rows are answered at once, larger ones in the background.
        pub inline_rows: u64 = 1_000;
        /// Exports that run at the same time.
        pub concurrency: usize = 2;
    }
}
