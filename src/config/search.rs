//! `[search]`

use super::quantity::{ByteSize, Period};
use super::section::section;

section! {
    /// The search index.
    pub struct Search = "search" {
        /// Memory of the index writer.
        pub writer_bytes: ByteSize = ByteSize::mib(32);
        /// The writer gives its memory back after this long without work.
        pub writer_idle: Period = Period::seconds(30);
        /// A change made by hand or by a provider is searchable after this long at most.
        pub live_commit: Period = Period::millis(250);
        /// Imported leads become searchable after this long ...
        pub bulk_commit: Period = Period::seconds(2);
        /// ... or after so many.
        pub bulk_commit_documents: u64 = 50_000;
    }
}
