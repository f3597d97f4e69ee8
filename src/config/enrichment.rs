//! `[enrichment]`

use super::quantity::Period;
use super::section::section;

section! {
    /// Enriching leads.
    pub struct Enrichment = "enrichment" {
        /// The built-in check whether an e-mail's domain takes mail: sends domain names to the resolver.
        pub dns_lookup: bool = true;
        /// The built-in look at a company's website.
        pub website_fetch: bool = false;
        /// The built-in question to a mail server whether a mailbox exists.
        pub smtp_probe: bool = false;
        /// Percent of a provider's published limit that is used.
        pub rate_percent: u8 = 80;
        /// A provider call that takes longer is given up.
        pub call_timeout: Period = Period::seconds(30);
        /// Tries per lead and step, the first one included.
        pub attempts: u32 = 4;
        /// Calls in flight per job, at least; more where the provider's rate needs it.
        pub min_in_flight: usize = 5;
        /// Jobs that run at the same time.
        pub max_jobs: usize = 100;
        /// Leads that are taken from the queue together.
        pub lease_items: usize = 64;
        /// What the played providers of sandbox workspaces answer follows from this number.
        pub sandbox_seed: u64 = 1;
        /// How long an answer is used again instead of bought again.
        pub cache_ttl: Period = Period::days(7);
        /// How long what is known of a company serves its other people instead of being bought again.
        pub company_ttl: Period = Period::days(30);
    }
}
