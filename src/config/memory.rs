//! `[memory]`

use super::quantity::ByteSize;
use super::section::section;

section! {
    /// Memory beside store.cache_bytes and search.writer_bytes.
    pub struct Memory = "memory" {
        /// Identity keys (who is a duplicate) that wait to be written.
        pub identity_bytes: ByteSize = ByteSize::mib(48);
        /// Parsed rows of imports that wait for the writer.
        pub import_chunks_bytes: ByteSize = ByteSize::mib(24);
    }
}
