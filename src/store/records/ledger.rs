//! The ledger: an account per workspace and its lines. All amounts are integer hundredths of a credit.

use minicbor::{Decode, Encode};

use crate::domain::id::{HoldId, ItemId, JobId};
use crate::domain::time::Time;
use crate::store::record::records;

/// What a line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum LineKind {
    /// Credits given by the plan, a pack or the operator.
    #[default]
    #[n(0)]
    Grant,
    #[n(1)]
    Receive,
    #[n(2)]
    Refund,
    /// Set aside for work that may cost that much.
    #[n(3)]
    Hold,
    /// A hold, or a part of one, given back.
    #[n(4)]
    Release,
    /// A hold, or a part of one, charged.
    #[n(5)]
    Settle,
    #[n(6)]
    Expire,
    #[n(7)]
    Send,
    #[n(8)]
    AdjustDown,
}

impl LineKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Receive => "receive",
            Self::Refund => "refund",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Settle => "settle",
            Self::Expire => "expire",
            Self::Send => "send",
            Self::AdjustDown => "adjust_down",
        }
    }
}

/// One line. Lines are never changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Line {
    #[n(0)]
    pub at: Time,
    #[n(1)]
    #[cbor(default)]
    pub kind: LineKind,
    /// Hundredths of a credit, never negative.
    #[n(2)]
    pub amount: u64,
    #[n(3)]
    pub hold: Option<HoldId>,
    #[n(4)]
    pub job: Option<JobId>,
    #[n(5)]
    pub item: Option<ItemId>,
    /// The rule: which plan, which price, why charged or not.
    #[n(6)]
    pub reason: String,
    /// `remaining` after this line.
    #[n(7)]
    pub remaining_after: u64,
}

/// The account of a workspace: the sum of its lines.
/// `granted + received + refunded = used + held + remaining + expired + sent + adjusted_down`, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Account {
    #[n(0)]
    pub granted: u64,
    #[n(1)]
    pub received: u64,
    #[n(2)]
    pub refunded: u64,
    #[n(3)]
    pub used: u64,
    #[n(4)]
    pub held: u64,
    #[n(5)]
    pub remaining: u64,
    #[n(6)]
    pub expired: u64,
    #[n(7)]
    pub sent: u64,
    #[n(8)]
    pub adjusted_down: u64,
}

records!(Account, Line);
