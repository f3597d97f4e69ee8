//! Answers that are known: what was asked before in the same workspace is used again instead of bought again.
//!
//! An answer is known by whom was asked for what with which inputs. What was found and what was not found is kept for
//! `enrichment.cache_ttl`, a failure never. The values are sealed; only the keyed hash of the question can be seen.

use std::time::Duration;

use crate::domain::enrichment::{Answer, Input, Operation, Outcome};
use crate::domain::id::{Id, LeadId, WorkspaceId};
use crate::domain::time::Time;
use crate::store::crypt::{Purpose, Sealer};
use crate::store::records::known_answer::KnownAnswer;
use crate::store::tables::KnownAnswers;
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
    let mut named: Vec<(&str, String)> =
        inputs.iter().map(|(input, value)| (input.name(), value.trim().to_lowercase())).collect();
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
) -> Result<Option<(Time, Outcome)>, StoreError> {
    let Some(known) = reads.get::<KnownAnswers>(scope, (*key,))? else { return Ok(None) };
    if known.until <= now || not_before.is_some_and(|bound| known.at < bound) {
        return Ok(None);
    }
    if known.sealed.is_empty() {
        return Ok(Some((known.at, Outcome::NotFound)));
    }
    let opened = sealer.open(Purpose::RawAnswers, &context(key), &known.sealed);
    let answer = opened.ok().and_then(|bytes| minicbor::decode::<Answer>(&bytes).ok());
    // What cannot be opened any more is as if it had never been asked.
    Ok(answer.map(|answer| (known.at, if known.partial { Outcome::Partial(answer) } else { Outcome::Found(answer) })))
}

fn context(key: &QuestionKey) -> Vec<u8> {
    [b"known_answers".as_slice(), key].concat()
}
