//! The order key: what stops the same order from being taken twice on one day.

use sha2::{Digest, Sha256};

use crate::domain::enrichment::{ItemState, JobStep, WriteRules};
use crate::domain::id::{LeadId, WorkspaceId};
use crate::domain::lead::Lead;
use crate::domain::time::Time;
use crate::store::tables::{Items, Orders};
use crate::store::transactions::jobs::plan_key;
use crate::store::{Reads, StoreError, WorkspaceScope};

const DAY: i64 = 24 * 3_600 * 1_000;

/// What orders of today are told apart by, beside the lead.
#[derive(Debug, Clone)]
pub struct OrderDay {
    workspace: WorkspaceId,
    plan: [u8; 32],
    /// What is done with the answers.
    write: Vec<u8>,
    day: i64,
}

impl OrderDay {
    /// `None` for an order that calls nobody outside: it costs nothing to take it twice.
    pub fn of(scope: &WorkspaceScope, steps: &[JobStep], write: &WriteRules, now: Time) -> Option<Self> {
        let asks = steps.iter().any(|step| step.external);
        asks.then(|| Self {
            workspace: scope.workspace(),
            plan: plan_key(steps),
            // Writing into a Vec cannot fail.
            write: minicbor::to_vec(write).unwrap_or_default(),
            day: now.0.div_euclid(DAY),
        })
    }

    /// SHA-256 of workspace, identity, plan and day.
    pub fn key(&self, id: LeadId, lead: &Lead) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.workspace.to_string());
        hash.update(b"|");
        hash.update(identity_of(id, lead));
        hash.update(b"|");
        hash.update(self.plan);
        hash.update(&self.write);
        hash.update(b"|");
        hash.update(self.day.to_be_bytes());
        hash.finalize().into()
    }
}

/// The strongest identity that a lead has, as text.
fn identity_of(id: LeadId, lead: &Lead) -> String {
    let pair = || Some(format!("{}|{}", lead.full_name.as_deref()?, lead.company_name.as_deref()?));
    let known = lead.email.clone().or_else(|| lead.linkedin_url.clone()).or_else(|| lead.phone.clone()).or_else(pair);
    known.map_or_else(|| id.to_string(), |known| known.to_lowercase())
}

/// Whether the same was ordered today and is on its way or has an answer. What failed or was stopped may be ordered again;
/// who waits for a single lead is only held up while the same is under way.
///
/// # Errors
/// When rows cannot be read.
pub fn is_taken(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    key: [u8; 32],
    individual: bool,
) -> Result<bool, StoreError> {
    let Some(mark) = reads.get::<Orders>(scope, (key,))? else { return Ok(false) };
    let Some(item) = reads.get::<Items>(scope, (mark.job, mark.item))? else { return Ok(false) };
    let has_an_answer = matches!(item.state, ItemState::Found | ItemState::Partial | ItemState::NotFound);
    Ok(!item.state.is_terminal() || (has_an_answer && !individual))
}
