//! ProviderGate: when a provider may be called. One gate per provider and credential, shared by all jobs.
//!
//! Owns: rate budget, permits of calls in flight, circuit breaker, the queue of those who wait. Receives: [`Gates::enter`]
//! before a call, [`Permit::end`] after it. Sends: rows of used quota to the store, before it is used.
//! Fails by: nothing of its own; a quota that cannot be written is waited for.
//! Restarts with: the quotas that are on disk, no saved-up tokens, and one call that goes ahead of the others.
//!
//! It has no mailbox: a round trip through one costs more than the whole gate does, and asking for a permit must end when
//! the caller goes away. The state stands behind a lock; of those who wait one watches the clock for all, so nothing runs
//! beside them, and everything goes by `deps.clock`, in simulated time, too. Nothing waits without a leased item behind
//! it, which bounds the queue.
//!
//! What a call passes, in this order: the breaker, a rest the vendor asked for, a permit, all windows at once.

mod breaker;
mod choices;
mod gate;
mod gates;
mod keeping;
mod latency;
mod meter;
mod overrides;
mod pace;
mod quota;
mod shrink;
mod turn;
mod view;
mod windows;

use crate::domain::enrichment::{Operation, Priority};
use crate::domain::id::{JobId, WorkspaceId};
use crate::domain::time::Time;

pub use self::breaker::BreakerState;
pub use self::choices::Choices;
pub use self::gates::{GateSettings, Gates};
pub use self::keeping::{KeepQuotas, KeepingError, NotKept, QuotaKey, restored};
pub use self::latency::Quantiles;
pub use self::turn::Permit;
pub use self::view::{GateState, WindowState};

/// Which gate: calls that the vendor counts together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GateKey {
    /// The provider's slug.
    pub provider: String,
    /// `install`, the id of the workspace whose key it is, or that with the word sandbox before; never the secret.
    pub credential: String,
}

impl GateKey {
    /// The gate of the install's own key.
    pub fn of_install(provider: &str) -> Self {
        Self { provider: provider.to_owned(), credential: "install".to_owned() }
    }

    /// The gate of a workspace's own key.
    pub fn of_workspace(provider: &str, workspace: WorkspaceId) -> Self {
        Self { provider: provider.to_owned(), credential: workspace.to_string() }
    }

    /// The gate of a provider that is played for a sandbox.
    pub fn of_sandbox(provider: &str, workspace: WorkspaceId) -> Self {
        Self { provider: provider.to_owned(), credential: format!("sandbox {workspace}") }
    }
}

/// For whom a call is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub workspace: WorkspaceId,
    /// Share beside other workspaces: the weight of its plan.
    pub weight: u32,
    /// Somebody waits for this one lead.
    pub individual: bool,
    pub priority: Priority,
    pub job: JobId,
    pub operation: Operation,
}

/// Why a call cannot be made now, and waiting here is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    #[error("the provider does not work; it is tried again at {until}")]
    BreakerOpen { until: Time },
    #[error("the provider's quota is used up until {until}")]
    OutOfQuota { until: Time },
    /// The vendor asked for a rest that is longer than what is waited for in place.
    #[error("the provider asked for a rest until {until}")]
    Limited { until: Time },
    /// Nothing is called any more until the credential is another one.
    #[error("the provider does not accept the credential")]
    AuthFailed,
}

impl Closed {
    /// When it may be tried again; `None`: not without somebody's doing.
    pub const fn until(&self) -> Option<Time> {
        match self {
            Self::BreakerOpen { until } | Self::OutOfQuota { until } | Self::Limited { until } => Some(*until),
            Self::AuthFailed => None,
        }
    }
}

/// Why a gate lets nobody through for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProviderLimitReason)]
pub enum Reason {
    /// The next call of the published rate is due only then
    Pace,
    /// The vendor said *slow down*
    RateLimited,
    /// A quota of the day or the month is used up
    OutOfQuota,
    /// The circuit breaker is open
    Broken,
    /// The vendor does not accept the credential
    AuthFailed,
}

impl Reason {
    /// As people are told: "hunter limited until …".
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pace | Self::RateLimited => "limited",
            Self::OutOfQuota => "out of quota",
            Self::Broken => "does not answer",
            Self::AuthFailed => "does not accept the key",
        }
    }
}
