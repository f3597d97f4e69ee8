//! Work that was submitted: the ticket it gets, and collecting what became of it.
//!
//! A look that fails on the way (nobody answers, slow down) keeps the ticket until the deadline: submitting again would
//! buy the work twice. What the vendor says of the work itself ends it.

use std::time::Duration;

use super::call::Exchanged;
use super::model::{Collect, Verdict};
use super::paging::{Fetched, Paged};
use super::provider::{AGAIN_IN, Asking};
use super::reading::{Answered, Meaning};
use super::template::{self, Scope};
use super::ticket::Ticket;
use crate::domain::enrichment::{Outcome, RateSigns, Reply, Trouble};
use crate::domain::time::Time;
use crate::providers::Request;

/// Where a vendor says "not yet" without a manifest that says how long.
const DEADLINE: Duration = Duration::from_secs(600);

/// Work that goes on at the vendor.
#[derive(Debug, Clone)]
pub struct Submitted {
    submitted: Time,
    name: String,
    again_in: Duration,
}

impl Submitted {
    pub fn at(&self, place: usize) -> Outcome {
        let ticket = Ticket { submitted: self.submitted, name: self.name.clone(), place };
        Outcome::Pending { ticket: ticket.write(), again_in: self.again_in }
    }
}

/// The work an answer speaks of; nothing when the answer is the result already, or a refusal.
///
/// # Errors
/// With the outcome, where the work has no name to be looked up by.
pub fn submitted(asking: &Asking<'_>, answered: &Answered, meaning: &Meaning) -> Result<Option<Submitted>, Outcome> {
    let collect = asking.spec.collect.as_ref();
    let is_work = match meaning.verdict {
        Verdict::Pending => true,
        // An operation that is collected submits, unless a rule knows better.
        Verdict::Found => !meaning.by_rule && collect.is_some_and(|collect| collect.ticket.is_some()),
        _ => false,
    };
    if !is_work {
        return Ok(None);
    }
    let name = match collect.and_then(|collect| collect.ticket.as_ref()) {
        Some(ticket) => ticket.text(&answered.document).ok_or_else(|| Outcome::Broken {
            reason: "the answer to the submission does not name the work".to_owned(),
        })?,
        None => String::new(),
    };
    let again_in = meaning.again_in.or(collect.map(|collect| collect.every)).unwrap_or(AGAIN_IN);
    Ok(Some(Submitted { submitted: asking.call.now(), name, again_in }))
}

/// Collects for requests whose tickets are of one group.
pub async fn collect(asking: &Asking<'_>, requests: &[Request]) -> Vec<Reply> {
    let tickets: Vec<_> = requests.iter().map(|request| Ticket::read(request.ticket.as_deref()?)).collect();
    let Some(tickets) = tickets.into_iter().collect::<Option<Vec<Ticket>>>() else {
        return all(requests, &Outcome::Broken { reason: "the ticket is not one of this provider".to_owned() });
    };
    let Some(first) = tickets.first() else { return Vec::new() };
    let usual = Collect { ticket: None, every: AGAIN_IN, deadline: DEADLINE, poll: None, fetch: None, pages: None };
    let plan = asking.spec.collect.as_ref().unwrap_or(&usual);
    if first.is_over(plan.deadline, asking.call.now()) {
        let reason = format!("the provider was not done after {} s", plan.deadline.as_secs());
        return all(requests, &Outcome::Broken { reason });
    }
    let Some(poll) = &plan.poll else { return again(asking, requests, &tickets).await };
    let mut scope = if asking.spec.batch.is_some() { asking.batch_scope(requests) } else { Scope::new() };
    scope.extend(asking.scope(&requests[0], first.place));
    scope.insert("ticket".to_owned(), minijinja::Value::from(first.name.as_str()));
    let (mut answered, mut meaning, mut signs) = match asking.call.exchange(poll, &scope).await {
        Exchanged::Failed { outcome, sent } => return kept(requests, outcome, sent, plan.every),
        Exchanged::Answered { answered, meaning, signs } => (answered, meaning, signs),
    };
    if let Some(wait) = not_yet(&meaning, &mut signs, plan.every) {
        return waiting(requests, wait, &signs);
    }
    // What the work cost is told by the poll, not by its result.
    let told = asking.told(&answered);
    let places: Vec<usize> = tickets.iter().map(|ticket| ticket.place).collect();
    if let (Some(fetch), Verdict::Found | Verdict::Partial) = (&plan.fetch, meaning.verdict) {
        let poll = answered.json.clone().unwrap_or_default();
        scope.insert("poll".to_owned(), template::value_of(poll));
        if let (Some(pages), Some(batch)) = (&plan.pages, &asking.spec.batch) {
            let paged = Paged { fetch, pages, batch, every: plan.every };
            return match paged.fetch(asking, &mut scope, requests, &places).await {
                Fetched::Replies(replies) => priced(replies, told),
                Fetched::NotYet { again_in, signs } => waiting(requests, again_in, &signs),
                Fetched::Failed { outcome, sent } => kept(requests, outcome, sent, plan.every),
            };
        }
        scope.insert("offset".to_owned(), minijinja::Value::from(0));
        match asking.call.exchange(fetch, &scope).await {
            Exchanged::Failed { outcome, sent } => return kept(requests, outcome, sent, plan.every),
            Exchanged::Answered { answered: fetched, meaning: of_fetch, signs: of_signs } => {
                (answered, meaning, signs) = (fetched, of_fetch, of_signs);
            }
        }
        if let Some(wait) = not_yet(&meaning, &mut signs, plan.every) {
            return waiting(requests, wait, &signs);
        }
    }
    let replies = match &asking.spec.batch {
        Some(batch) => asking.split(batch, &answered, &meaning, requests, &places, signs),
        None => requests.iter().map(|request| asking.reply(&answered, &meaning, request, signs.clone())).collect(),
    };
    priced(replies, told)
}

/// What the work cost as a whole, shared; as every reply says where that is not told.
fn priced(mut replies: Vec<Reply>, told: Option<u64>) -> Vec<Reply> {
    if let Some(told) = told {
        let shares = super::provider::shares(told, replies.len());
        replies.iter_mut().zip(shares).for_each(|(reply, share)| reply.cost = share);
    }
    replies
}

/// The vendor names no work: the same is asked again, and the ticket keeps its first time.
async fn again(asking: &Asking<'_>, requests: &[Request], tickets: &[Ticket]) -> Vec<Reply> {
    let Some(single) = &asking.spec.single else {
        return all(requests, &Outcome::Broken { reason: "the operation has no request for one lead".to_owned() });
    };
    let mut replies = Vec::with_capacity(requests.len());
    for (request, ticket) in requests.iter().zip(tickets) {
        let mut reply = asking.one(single, request, ticket.place).await;
        if let Outcome::Pending { again_in, .. } = reply.outcome {
            reply.outcome = Outcome::Pending { ticket: ticket.write(), again_in };
        }
        replies.push(reply);
    }
    replies
}

/// How long to wait where the work is not done, or the look at it did not succeed.
pub fn not_yet(meaning: &Meaning, signs: &mut RateSigns, every: Duration) -> Option<Duration> {
    let passing = match meaning.verdict {
        Verdict::Pending | Verdict::RateLimited => true,
        Verdict::Broken => !meaning.by_rule,
        _ => false,
    };
    signs.trouble = match meaning.verdict {
        Verdict::RateLimited => Some(Trouble::SlowDown),
        Verdict::Broken if passing => Some(Trouble::Broken),
        _ => None,
    };
    passing.then(|| meaning.again_in.or(signs.retry_after).unwrap_or(every))
}

/// The same tickets, for another look.
fn waiting(requests: &[Request], again_in: Duration, signs: &RateSigns) -> Vec<Reply> {
    let reply = |(place, request): (usize, &Request)| Reply {
        signs: if place == 0 { signs.clone() } else { RateSigns::default() },
        ..Reply::from(Outcome::Pending { ticket: request.ticket.clone().unwrap_or_default(), again_in })
    };
    requests.iter().enumerate().map(reply).collect()
}

fn kept(requests: &[Request], outcome: Outcome, sent: bool, every: Duration) -> Vec<Reply> {
    let signs = RateSigns {
        trouble: matches!(outcome, Outcome::Broken { .. }).then_some(Trouble::Broken),
        ..RateSigns::default()
    };
    if sent { waiting(requests, every, &signs) } else { all(requests, &outcome) }
}

fn all(requests: &[Request], outcome: &Outcome) -> Vec<Reply> {
    requests.iter().map(|_| Reply::from(outcome.clone())).collect()
}
