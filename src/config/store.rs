//! `[store]`

use std::path::PathBuf;

use super::quantity::{ByteSize, Period};
use super::secret::Secret;
use super::section::section;

section! {
    /// The embedded store.
    pub struct Store = "store" {
        /// Memory for pages while there is work ...
        pub cache_bytes: ByteSize = ByteSize::mib(40);
        /// ... and after a while without any.
        pub cache_idle_bytes: ByteSize = ByteSize::mib(24);
        /// Transactions that are made durable together, at most ...
        pub group_transactions: usize = 256;
        /// ... or those of this time, whichever is reached first.
        pub group_time: Period = Period::millis(20);
        /// A bulk transaction ends after this much writing when somebody waits ...
        pub bulk_slice_waiting: Period = Period::millis(50);
        /// ... and after this much when nobody does.
        pub bulk_slice: Period = Period::millis(400);
        /// Threads that read.
        pub read_threads: usize = 4;
        /// A read that holds one snapshot for longer is warned about.
        pub reader_warning: Period = Period::seconds(60);
        /// Entries that wait for a consumer such as the search index; one that falls further behind is rebuilt.
        pub outbox_max_entries: u64 = 5_000_000;
        /// The master key that seals credentials and raw provider answers. Better: master_key_file, or the systemd
        /// credential "galena.master_key". With none of them, a key file is made in the data directory.
        pub master_key: Option<Secret> = None;
        /// A file that holds the master key.
        pub master_key_file: Option<PathBuf> = None;
    }
}
