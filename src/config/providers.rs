//! `[providers.NAME]`: one table per provider, the same keys in each.

use std::path::PathBuf;

use super::secret::Secret;
use super::section::section;

section! {
    /// One table per provider, named like its manifest. The keys below are the same for every provider. A key set
    /// here serves the whole install; a workspace can bring its own. What is chosen with PATCH /providers/{id} (the
    /// switch, the plan, figures of the limits) goes before what stands here.
    pub struct Provider = "providers.apify" {
        /// Whether it may be called at all.
        pub enabled: bool = true;
        /// Another address: a regional endpoint, a proxy, a test.
        pub base_url: Option<String> = None;
        /// The provider's key. Better: api_key_file.
        pub api_key: Option<Secret> = None;
        /// A file that holds the key.
        pub api_key_file: Option<PathBuf> = None;
        /// Which actor to run (Apify).
        pub actor_id: Option<String> = None;
        /// The plan you have with the vendor, by its name in the manifest: decides the published limits.
        pub plan: Option<String> = None;
        /// The provider's published limit in requests a minute; 0 = as its manifest says. enrichment.rate_percent of
        /// it is used.
        pub rate_limit: u32 = 0;
        /// Calls in flight at the same time; 0 = as its manifest says.
        pub concurrency: usize = 0;
    }
}
