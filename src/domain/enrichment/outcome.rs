//! What a provider can answer, in our words: the same for a built-in check and for an external service.

use std::time::Duration;

use minicbor::{Decode, Encode};

use super::confidence::Confidence;
use super::limits::RateSigns;
use crate::domain::time::Time;

/// One value an answer brings.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FoundValue {
    /// A field of a lead (`phone`) or of its enriched data (`emailStatus`).
    #[n(0)]
    pub field: String,
    #[n(1)]
    pub value: String,
    #[n(2)]
    pub confidence: Confidence,
    /// What of the lead was asked about, where the value only holds for that: the address that was checked.
    #[n(3)]
    pub about: Option<String>,
    /// What was seen: a JSON object.
    #[n(4)]
    pub evidence: Option<String>,
}

/// The values of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Answer {
    #[n(0)]
    pub values: Vec<FoundValue>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Found(Answer),
    /// Something, but not enough to settle what was asked.
    Partial(Answer),
    NotFound,
    /// The provider works on it: ask again with the ticket.
    Pending {
        ticket: String,
        again_in: Duration,
    },
    /// It can not work with what it was given.
    InvalidInput {
        reason: String,
    },
    /// A rule of the house forbids the call: none was made.
    Forbidden {
        reason: String,
    },
    AuthFailed,
    OutOfQuota,
    RateLimited {
        retry_after: Option<Duration>,
    },
    /// It cannot be called now: its gate is closed until then. Nobody was asked.
    Closed {
        until: Time,
        reason: String,
    },
    /// The same was asked for somebody else, and the provider works on it. Nobody was asked.
    Asked {
        again: Time,
    },
    /// The person has asked the provider not to be found.
    OptedOut,
    /// It failed, timed out or said something that makes no sense.
    Broken {
        reason: String,
    },
}

impl Outcome {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Found(_) => "found",
            Self::Partial(_) => "partial",
            Self::NotFound => "not_found",
            Self::Pending { .. } => "pending",
            Self::InvalidInput { .. } => "invalid_input",
            Self::Forbidden { .. } => "forbidden",
            Self::AuthFailed => "auth_failed",
            Self::OutOfQuota => "out_of_quota",
            Self::RateLimited { .. } => "rate_limited",
            Self::Closed { .. } => "closed",
            Self::Asked { .. } => "asked_already",
            Self::OptedOut => "opted_out",
            Self::Broken { .. } => "broken",
        }
    }

    /// Whether somebody was asked at all.
    pub const fn is_call(&self) -> bool {
        !matches!(self, Self::InvalidInput { .. } | Self::Forbidden { .. } | Self::Closed { .. } | Self::Asked { .. })
    }

    /// Whether the step has ended with it: nothing to wait for or to try again.
    pub const fn is_final(&self) -> bool {
        !matches!(
            self,
            Self::Pending { .. }
                | Self::RateLimited { .. }
                | Self::Broken { .. }
                | Self::Closed { .. }
                | Self::Asked { .. }
        )
    }

    /// Says more than the name, where there is more; never holds personal values.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::InvalidInput { reason }
            | Self::Forbidden { reason }
            | Self::Broken { reason }
            | Self::Closed { reason, .. } => Some(reason),
            _ => None,
        }
    }
}

/// An outcome with what the call cost and what came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub outcome: Outcome,
    /// What the provider bills the operator, in millionths of the currency's unit.
    pub cost: u64,
    /// The answer as it came.
    pub raw: Option<Vec<u8>>,
    /// What it says about being called again.
    pub signs: RateSigns,
}

impl From<Outcome> for Reply {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, cost: 0, raw: None, signs: RateSigns::default() }
    }
}
