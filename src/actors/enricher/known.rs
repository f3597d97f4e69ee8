//! Answers that are known: what was asked before in the same workspace is used again instead of bought again.
//!
//! An answer is known by whom was asked for what with which inputs. What was found and what was not found is kept for
//! `enrichment.cache_ttl`, a failure never. The values are sealed; only the keyed hash of the question can be seen. A
//! question that its provider takes time for is found, too: who asks the same waits for that answer.

use std::time::Duration;

use crate::domain::company::CompanyValue;
use crate::domain::enrichment::{
    Answer, DataPoint, FoundValue, Input, ItemState, JobStep, Operation, Outcome, WaitReason,
};
use crate::domain::id::{Id, LeadId, WorkspaceId};
use crate::domain::time::Time;
use crate::store::crypt::{Purpose, Sealer};
use crate::store::records::company::Company;
use crate::store::records::known_answer::{AskedBy, KnownAnswer};
use crate::store::tables::{Companies, CompanyDomains, Items, Jobs, KnownAnswers};
use crate::store::{Reads, StoreError, WorkspaceScope};

/// Stands for a question.
pub type QuestionKey = [u8; 32];

/// The key of a question: the same for inputs that differ in letter case, white space or order.
pub fn question_key(
    sealer: &Sealer,
    workspace: WorkspaceId,
    provider: &str,
    operation: Operation,
    inputs: &[(Input, String)],
) -> QuestionKey {
    // What is asked of a company does not depend on who of its people is asked for.
    let only_domain = matches!(operation, Operation::CompanyEnrich | Operation::CompanyFind)
        && inputs.iter().any(|(input, _)| *input == Input::CompanyDomain);
    let counts = |input: Input| !only_domain || input == Input::CompanyDomain;
    let mut named: Vec<(&str, String)> = inputs
        .iter()
        .filter(|(input, _)| counts(*input))
        .map(|(input, value)| (input.name(), value.trim().to_lowercase()))
        .collect();
    named.sort_unstable();
    let mut hash = blake3::Hasher::new_keyed(&sealer.hash_key(Purpose::IdentityHash));
    hash.update(b"known answer\0");
    hash.update(&workspace.as_u64().to_be_bytes());
    for part in [provider, operation.name()].into_iter().chain(named.iter().flat_map(|(name, value)| [*name, value])) {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    *hash.finalize().as_bytes()
}

/// What an outcome is kept as; nothing for one that is not kept. `asked`: whose question it was.
#[allow(clippy::too_many_arguments)]
pub fn remembered(
    sealer: &Sealer,
    random: &dyn crate::deps::Random,
    key: &QuestionKey,
    outcome: &Outcome,
    (lead, asked): (LeadId, AskedBy),
    at: Time,
    ttl: Duration,
) -> Option<KnownAnswer> {
    let (answer, partial) = match outcome {
        Outcome::Pending { .. } if !ttl.is_zero() => {
            let asked = Some(asked);
            return Some(KnownAnswer { at, until: at.plus(ttl), lead, sealed: Vec::new(), partial: false, asked });
        }
        Outcome::Found(answer) => (Some(answer), false),
        Outcome::Partial(answer) => (Some(answer), true),
        Outcome::NotFound => (None, false),
        _ => return None,
    };
    if ttl.is_zero() {
        return None;
    }
    let sealed = match answer {
        None => Vec::new(),
        Some(answer) => {
            let bytes = minicbor::to_vec(answer).ok()?;
            let sealed = sealer.seal(Purpose::RawAnswers, &context(key), &bytes, random);
            sealed.inspect_err(|error| tracing::warn!(%error, "an answer was not kept")).ok()?
        }
    };
    Some(KnownAnswer { at, until: at.plus(ttl), lead, sealed, partial, asked: None })
}

/// An answer that nobody has to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// When it was learnt.
    pub since: Time,
    pub outcome: Outcome,
    /// The record of the company that it stands in.
    pub of_company: Option<Box<Company>>,
}

/// Whether the record of a company can answer a step.
pub fn of_company(step: &JobStep) -> bool {
    let asks = matches!(step.operation, Operation::CompanyEnrich | Operation::CompanyFind);
    asks && step.point == DataPoint::Company && !step.validates && !step.confirm
}

/// What is known of the company at a domain, if the step would accept it as an answer. `within`: how old values may be,
/// and the time before which they do not count.
///
/// # Errors
/// When rows cannot be read.
pub fn recall_company(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    domain: &str,
    step: &JobStep,
    now: Time,
    within: (Duration, Option<Time>),
) -> Result<Option<Known>, StoreError> {
    let (ttl, not_before) = within;
    let Some(id) = reads.get::<CompanyDomains>(scope, (domain.to_lowercase(),))? else { return Ok(None) };
    let Some(company) = reads.get::<Companies>(scope, (id,))? else { return Ok(None) };
    let counts = |value: &&CompanyValue| value.is_fresh(now, ttl) && not_before.is_none_or(|bound| value.at >= bound);
    let values = company.values.iter().filter(counts).map(|value| FoundValue {
        field: value.field.clone(),
        value: value.value.clone(),
        confidence: value.confidence,
        about: None,
        evidence: None,
    });
    let answer = Answer { values: values.collect() };
    let name = answer.values.iter().find(|value| value.field == step.point.field());
    let source = name.and_then(|name| company.value(&name.field)).map(|value| (value.provider.clone(), value.at));
    let Some((provider, since)) = source else { return Ok(None) };
    // An answer that the step would not accept must not keep the next one from asking.
    if step.accept.accepts(step.point, &provider, &answer, &[]).is_none() {
        return Ok(None);
    }
    Ok(Some(Known { since, outcome: Outcome::Found(answer), of_company: Some(Box::new(company)) }))
}

/// The outcome that is known of a question, with when it was learnt: [`Outcome::Asked`] while its provider works on it.
///
/// # Errors
/// When rows cannot be read.
pub fn recall(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    sealer: &Sealer,
    key: &QuestionKey,
    now: Time,
    not_before: Option<Time>,
) -> Result<Option<Known>, StoreError> {
    let Some(known) = reads.get::<KnownAnswers>(scope, (*key,))? else { return Ok(None) };
    if known.until <= now || not_before.is_some_and(|bound| known.at < bound) {
        return Ok(None);
    }
    if let Some(asked) = &known.asked {
        let again = answer_expected(reads, scope, asked, now)?;
        return Ok(again.map(|again| Known { since: known.at, outcome: Outcome::Asked { again }, of_company: None }));
    }
    if known.sealed.is_empty() {
        return Ok(Some(Known { since: known.at, outcome: Outcome::NotFound, of_company: None }));
    }
    let opened = sealer.open(Purpose::RawAnswers, &context(key), &known.sealed);
    let answer = opened.ok().and_then(|bytes| minicbor::decode::<Answer>(&bytes).ok());
    // What cannot be opened any more is as if it had never been asked.
    Ok(answer.map(|answer| {
        let outcome = if known.partial { Outcome::Partial(answer) } else { Outcome::Found(answer) };
        Known { since: known.at, outcome, of_company: None }
    }))
}

/// When the answer to a question of somebody else may be there; nothing when nobody waits for it any more: its job may
/// rest, or have been stopped.
fn answer_expected(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    asked: &AskedBy,
    now: Time,
) -> Result<Option<Time>, StoreError> {
    let AskedBy { job, item, attempt } = *asked;
    let Some(item) = reads.get::<Items>(scope, (job, item))? else { return Ok(None) };
    if item.attempt != Some(attempt) || item.ticket.is_none() {
        return Ok(None);
    }
    if !reads.get::<Jobs>(scope, (job,))?.is_some_and(|job| job.status.is_running()) {
        return Ok(None);
    }
    let due = match item.state {
        ItemState::Waiting(WaitReason::Provider) => item.due,
        ItemState::Running => now,
        _ => return Ok(None),
    };
    Ok(Some(due.max(now).plus(AFTER_IT_WAS_DUE)))
}

/// For the answer to be asked for and written.
const AFTER_IT_WAS_DUE: Duration = Duration::from_secs(1);

fn context(key: &QuestionKey) -> Vec<u8> {
    [b"known_answers".as_slice(), key].concat()
}
