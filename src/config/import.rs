//! `[import]`

use super::quantity::{ByteSize, Period};
use super::section::section;

section! {
    /// Reading lead files. `galena import` on the machine itself has no limit of size or rows.
    pub struct Import = "import" {
        /// Largest file; a larger one is FILE_TOO_LARGE.
        pub max_file_bytes: ByteSize = ByteSize::mib(256);
        /// Most rows of one file.
        pub max_rows: u64 = 1_000_000;
        /// Longest single row; a longer one is rejected.
        pub max_record_bytes: ByteSize = ByteSize::mib(1);
        /// Rows written in one transaction.
        pub chunk_rows: usize = 5_000;
        /// Country of phone numbers written without one, where neither row nor import says it ("US", "DE"; "" = none).
        pub region: String = String::from("US");
        /// Imports that run at the same time.
        pub concurrency: usize = 2;
        /// An upload that nobody imports is removed after this long.
        pub upload_ttl: Period = Period::hours(24);
    }
}
