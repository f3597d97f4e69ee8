//! The operator's own figures in place of the published ones.

use std::time::Duration;

use crate::config;
use crate::domain::enrichment::{Limit, Limits};

const MINUTE: Duration = Duration::from_secs(60);

/// `limits` with `[providers.NAME] rate_limit` and `concurrency` applied; 0 leaves what the manifest says.
///
/// A rate that was typed stands for all operations of the provider and replaces every window below an hour; quotas of an
/// hour and more stay. `ENRICHMENT_RATE_LIMIT` arrives here, too.
#[must_use]
pub fn overridden(limits: Limits, configured: Option<&config::Provider>) -> Limits {
    let Some(configured) = configured else { return limits };
    let Limits { mut windows, mut concurrent } = limits;
    if configured.rate_limit > 0 {
        windows.retain(|window| window.per >= super::quota::QUOTA_FROM);
        windows.push(Limit { bucket: String::new(), calls: configured.rate_limit, per: MINUTE, burst: None });
    }
    if configured.concurrency > 0 {
        concurrent = Some(u32::try_from(configured.concurrency).unwrap_or(u32::MAX));
    }
    Limits { windows, concurrent }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(bucket: &str, calls: u32, seconds: u64) -> Limit {
        Limit { bucket: bucket.to_owned(), calls, per: Duration::from_secs(seconds), burst: Some(3) }
    }

    #[test]
    fn what_is_typed_replaces_the_rate_and_leaves_the_quota() {
        let published = Limits {
            windows: vec![limit("", 10, 1), limit("search", 500, 60), limit("", 9_000, 86_400)],
            concurrent: Some(5),
        };
        let typed = config::Provider { rate_limit: 120, concurrency: 2, ..config::Provider::default() };
        let own = overridden(published.clone(), Some(&typed));
        assert_eq!(own.windows, [limit("", 9_000, 86_400), Limit { burst: None, ..limit("", 120, 60) }]);
        assert_eq!(own.concurrent, Some(2));
        assert_eq!(overridden(published.clone(), Some(&config::Provider::default())), published);
        assert_eq!(overridden(published.clone(), None), published);
    }
}
