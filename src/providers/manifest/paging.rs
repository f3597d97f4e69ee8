//! Results that come in pages: read one after the other, each let go before the next one comes.

use std::time::Duration;

use super::call::Exchanged;
use super::collecting::not_yet;
use super::expression::Expression;
use super::model::{Batch, Exchange, Pages, Verdict};
use super::provider::Asking;
use super::reading::Answered;
use super::template::Scope;
use crate::domain::enrichment::{Outcome, RateSigns, Reply};
use crate::providers::Request;

/// What the pages held.
pub enum Fetched {
    /// One for each request.
    Replies(Vec<Reply>),
    /// A page is not there yet, or did not come: all are read again later.
    NotYet {
        again_in: Duration,
        signs: RateSigns,
    },
    Failed {
        outcome: Outcome,
        sent: bool,
    },
}

/// How a result is fetched page by page.
pub struct Paged<'a> {
    pub fetch: &'a Exchange,
    pub pages: &'a Pages,
    pub batch: &'a Batch,
    pub every: Duration,
}

impl Paged<'_> {
    /// Reads pages until every request has its item, the pages are over, or the most of them are read. Whose item was not
    /// among those is told so: that it is not there is not known.
    pub async fn fetch(
        &self,
        asking: &Asking<'_>,
        scope: &mut Scope,
        requests: &[Request],
        places: &[usize],
    ) -> Fetched {
        let size = u64::from(self.pages.size);
        let mut replies: Vec<Reply> = Vec::new();
        for page in 0..u64::from(self.pages.most) {
            scope.insert("offset".to_owned(), minijinja::Value::from(page * size));
            let (answered, meaning, mut signs) = match asking.call.exchange(self.fetch, scope).await {
                Exchanged::Failed { outcome, sent } => return Fetched::Failed { outcome, sent },
                Exchanged::Answered { answered, meaning, signs } => (answered, meaning, signs),
            };
            if let Some(again_in) = not_yet(&meaning, &mut signs, self.every) {
                return Fetched::NotYet { again_in, signs };
            }
            let is_page = matches!(meaning.verdict, Verdict::Found | Verdict::Partial);
            let of_page = asking.split(self.batch, &answered, &meaning, requests, places, signs);
            replies = merged(replies, of_page);
            let read = (page + 1) * size;
            let is_over = !is_page || is_last(self.pages, &self.batch.items, &answered, read);
            if is_over || replies.iter().all(|reply| reply.outcome != Outcome::NotFound) {
                return Fetched::Replies(replies);
            }
        }
        let most = u64::from(self.pages.most) * size;
        tracing::warn!(provider = asking.call.manifest.slug, most, "a result has more items than are read");
        let reason = format!("the result has more items than the {most} that are read");
        for reply in replies.iter_mut().filter(|reply| reply.outcome == Outcome::NotFound) {
            reply.outcome = Outcome::InvalidInput { reason: reason.clone() };
        }
        Fetched::Replies(replies)
    }
}

/// What was found stays; the others may be on a later page.
fn merged(before: Vec<Reply>, of_page: Vec<Reply>) -> Vec<Reply> {
    if before.is_empty() {
        return of_page;
    }
    let newer = |(before, now): (Reply, Reply)| if before.outcome == Outcome::NotFound { now } else { before };
    before.into_iter().zip(of_page).map(newer).collect()
}

/// Whether nothing comes behind the `read` items that were asked for. A vendor that leaves out empty items gives short
/// pages in between, so that its own count decides where it tells one.
fn is_last(pages: &Pages, items: &Expression, answered: &Answered, read: u64) -> bool {
    let header = pages.total.as_ref().and_then(|name| answered.headers.get(name));
    if let Some(total) = header.and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok()) {
        return total <= read;
    }
    let count = items.of(&answered.document).and_then(|list| list.as_array().map(Vec::len)).unwrap_or(0);
    count < usize::try_from(pages.size).unwrap_or(usize::MAX)
}
