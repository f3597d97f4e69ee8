//! What a slice of a job goes by: the steps of the job, and whom they may be taken with.

use std::collections::HashMap;
use std::sync::Arc;

use super::EnricherParts;
use super::keys::INSTALL;
use crate::actors::provider_gate::GateKey;
use crate::actors::scheduler::Pick;
use crate::deps::Deps;
use crate::domain::enrichment::{JobStep, WriteRule, WriteRules};
use crate::domain::time::Time;
use crate::providers::Registry;
use crate::providers::simulator::SANDBOX_KEY;
use crate::store::crypt::Secret;
use crate::store::records::job::Job;
use crate::store::tables::{Settings, Workspaces};
use crate::store::{Reads, StoreError, SubmitError};

/// What the calls of a slice are made with.
pub struct Course {
    pub steps: Vec<JobStep>,
    pub write: WriteRules,
    /// Answers from before that are asked for again.
    pub refresh_since: Option<Time>,
    /// Places of steps, and how many requests go into one call.
    batches: Vec<usize>,
    /// By slug of the provider.
    keys: HashMap<String, Key>,
    /// The world of a sandbox: nothing leaves it.
    pub played: Option<Deps>,
    /// Of the rules that its leads were judged by.
    pub revision: u64,
    /// Whether answers are kept as they came.
    pub keeps_raw: bool,
}

/// A provider's key with its owner.
pub struct Key {
    pub secret: Secret,
    /// The credential as gates know it.
    pub owner: String,
}

impl Course {
    /// `revision`: of the rules that its leads were judged by.
    pub(super) async fn of(parts: &EnricherParts, pick: &Pick, job: &Job, revision: u64) -> Result<Self, SubmitError> {
        let steps = job.steps.clone();
        let batches = steps.iter().map(|step| batch_of(&parts.registry, step)).collect();
        let overwrites = job.options.overwrite_existing;
        let write = if overwrites { WriteRules::all(WriteRule::Always) } else { job.write.clone() };
        let mut keys = HashMap::new();
        let scope = pick.scope;
        let defaults = Arc::clone(&parts.settings.defaults);
        let read = parts.store.read(move |view| {
            let own = view.get::<Settings>(&scope, ())?.unwrap_or_default().over(&defaults);
            let workspace = view.get_install::<Workspaces>((scope.workspace(),))?;
            Ok::<_, StoreError>((workspace, own.keep_raw_answers))
        });
        // A workspace that cannot be read calls nobody: it is taken for one that only plays.
        let (is_sandbox, keeps_raw) = match read.await {
            Ok((workspace, keeps_raw)) => (workspace.is_none_or(|row| row.sandbox), keeps_raw),
            Err(error) => {
                tracing::error!(%error, "a workspace cannot be read");
                (true, false)
            }
        };
        let played = is_sandbox.then(|| match &parts.sandbox {
            Some(sandbox) => sandbox.deps(),
            None => parts.store.deps().clone().without_network(),
        });
        for step in &steps {
            let needs_key = parts.registry.get(&step.provider).is_some_and(|provider| provider.needs_key());
            if needs_key
                && !keys.contains_key(&step.provider)
                && let Some(key) = match &played {
                    Some(_) => {
                        let GateKey { credential, .. } = GateKey::of_sandbox(&step.provider, scope.workspace());
                        Some(Key { secret: Secret::new(SANDBOX_KEY), owner: credential })
                    }
                    None => parts.keys.of(scope, &step.provider).await,
                }
            {
                keys.insert(step.provider.clone(), key);
            }
        }
        let refresh_since = job.options.refresh.then_some(job.created_at);
        Ok(Self { steps, write, refresh_since, batches, keys, played, revision, keeps_raw })
    }

    /// Whether something of the lead leaves the box with that step.
    pub fn is_external(&self, place: usize) -> bool {
        self.steps.get(place).is_some_and(|step| step.external)
    }

    /// Requests in one call.
    pub fn batch(&self, place: usize) -> usize {
        self.batches.get(place).copied().unwrap_or(1)
    }

    /// The most requests that one call of any step takes.
    pub fn largest_batch(&self) -> usize {
        self.batches.iter().copied().max().unwrap_or(1)
    }

    /// The gate of a provider: that of the key it is called with.
    pub fn gate(&self, provider: &str) -> GateKey {
        let owner = self.keys.get(provider).map_or(INSTALL, |key| key.owner.as_str());
        GateKey { provider: provider.to_owned(), credential: owner.to_owned() }
    }

    pub fn key(&self, provider: &str) -> Option<&Key> {
        self.keys.get(provider)
    }
}

/// Requests that go into one call of a step.
pub(super) fn batch_of(registry: &Registry, step: &JobStep) -> usize {
    let provider = registry.get(&step.provider);
    provider.and_then(|provider| provider.offer(step.operation).map(|offer| offer.batch)).unwrap_or(1).max(1)
}
