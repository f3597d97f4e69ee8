//! `[retention]`

use super::quantity::Period;
use super::section::section;

section! {
    /// How long things are kept. "0s" keeps nothing.
    pub struct Retention = "retention" {
        /// Jobs with their items and attempts.
        pub jobs: Period = Period::days(365);
        /// Items that failed for good.
        pub dead_letters: Period = Period::days(90);
        /// The files that were imported, and their rows as they came.
        pub import_originals: Period = Period::days(90);
        /// What undo of an import needs.
        pub before_images: Period = Period::days(30);
        /// Lists after they were deleted; until then they can be restored.
        pub deleted_lists: Period = Period::days(30);
        /// Raw answers of providers, sealed.
        pub raw_answers: Period = Period::days(90);
        /// Their summaries.
        pub answer_summaries: Period = Period::days(365);
        /// Those who were only asked about (`POST /enrichment`, `POST /verify`), with what was found for them.
        pub lookups: Period = Period::hours(24);
        /// Events: timeline, audit log.
        pub events: Period = Period::days(3 * 365);
        /// Answers to requests that came with an Idempotency-Key.
        pub idempotency: Period = Period::hours(24);
    }
}
