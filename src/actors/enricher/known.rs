//! Answers that are known: what was asked before in the same workspace is used again instead of bought again.
//!
//! An answer is known by whom was asked for what with which inputs. What was found and what was not found is kept for
//! `enrichment.cache_ttl`, a failure never. The values are sealed; only the keyed hash of the question can be seen.

use std::time::Duration;

use crate::domain::company::CompanyValue;
use crate::domain::enrichment::{Answer, DataPoint, FoundValue, Input, JobStep, Operation, Outcome};
use crate::domain::id::{Id, LeadId, WorkspaceId};
use crate::domain::time::Time;
use crate::store::crypt::{Purpose, Sealer};
use crate::store::records::company::Company;
use crate::store::records::known_answer::KnownAnswer;
use crate::store::tables::{Companies, CompanyDomains, KnownAnswers};
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

/// What an outcome is kept as; nothing for one that is not kept.
pub fn remembered(
    sealer: &Sealer,
    random: &dyn crate::deps::Random,
    key: &QuestionKey,
    outcome: &Outcome,
    lead: LeadId,
    at: Time,
    ttl: Duration,
) -> Option<KnownAnswer> {
    let (answer, partial) = match outcome {
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
    Some(KnownAnswer { at, until: at.plus(ttl), lead, sealed, partial })
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

/// The outcome that is known of a question, with when it was learnt.
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

fn context(key: &QuestionKey) -> Vec<u8> {
    [b"known_answers".as_slice(), key].concat()
}
