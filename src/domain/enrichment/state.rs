//! The states of a job and of its items, and which follows which. Nothing else may write one over another.

use minicbor::{Decode, Encode};

use crate::domain::lead::EnrichmentStatus;

/// Why a job rests although nobody is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum PauseReason {
    /// A person asked for it.
    #[n(0)]
    User,
    /// The next slice cannot be held.
    #[n(1)]
    InsufficientCredits,
    /// The job has spent what its `spendLimit` allows.
    #[n(2)]
    SpendLimit,
    /// No step of the template has a provider that can be called.
    #[n(3)]
    NoProvider,
}

impl PauseReason {
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::InsufficientCredits => "INSUFFICIENT_CREDITS",
            Self::SpendLimit => "SPEND_LIMIT",
            Self::NoProvider => "PROVIDER_NOT_CONFIGURED",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode)]
pub enum JobStatus {
    #[default]
    #[n(0)]
    Pending,
    #[n(1)]
    Processing,
    #[n(2)]
    Paused(#[n(0)] PauseReason),
    #[n(3)]
    Completed,
    #[n(4)]
    Failed,
    #[n(5)]
    Cancelled,
}

/// The state does not allow what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a job that is {state} cannot be {asked}")]
pub struct NotAllowed {
    pub state: &'static str,
    pub asked: &'static str,
}

impl JobStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Paused(_) => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Ended; only a retry brings it back.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether items may be leased.
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Pending | Self::Processing)
    }

    fn refuse<T>(self, asked: &'static str) -> Result<T, NotAllowed> {
        Err(NotAllowed { state: self.name(), asked })
    }

    /// The first lease.
    pub fn start(self) -> Result<Self, NotAllowed> {
        match self {
            Self::Pending | Self::Processing => Ok(Self::Processing),
            _ => self.refuse("started"),
        }
    }

    /// A person's pause wins over one the house made; pausing twice is no error.
    pub fn pause(self, reason: PauseReason) -> Result<Self, NotAllowed> {
        match self {
            Self::Pending | Self::Processing => Ok(Self::Paused(reason)),
            Self::Paused(_) if reason == PauseReason::User => Ok(Self::Paused(reason)),
            Self::Paused(earlier) => Ok(Self::Paused(earlier)),
            _ => self.refuse("paused"),
        }
    }

    /// Goes on where it was: `started` says whether anything was leased before.
    pub fn resume(self, started: bool) -> Result<Self, NotAllowed> {
        match self {
            Self::Paused(_) if started => Ok(Self::Processing),
            Self::Paused(_) => Ok(Self::Pending),
            Self::Pending | Self::Processing => Ok(self),
            _ => self.refuse("resumed"),
        }
    }

    pub fn cancel(self) -> Result<Self, NotAllowed> {
        if self.is_over() { self.refuse("cancelled") } else { Ok(Self::Cancelled) }
    }

    /// The last item has ended. Also a paused job completes when the calls in flight were all that was left.
    pub fn complete(self) -> Result<Self, NotAllowed> {
        if self.is_over() { self.refuse("completed") } else { Ok(Self::Completed) }
    }

    /// Failed items are queued again.
    pub fn retry(self) -> Result<Self, NotAllowed> {
        match self {
            Self::Cancelled => self.refuse("retried"),
            Self::Completed | Self::Failed => Ok(Self::Processing),
            going_on => Ok(going_on),
        }
    }
}

/// Why an item waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum WaitReason {
    /// The provider asked to slow down.
    #[n(0)]
    RateLimited,
    /// The provider was broken; it is tried again.
    #[n(1)]
    Retry,
    /// The provider works on it and wants to be asked again.
    #[n(2)]
    Provider,
    /// The provider cannot be called now and nobody else is left to ask: its quota is used up, or it is down.
    #[n(3)]
    Closed,
    /// The same was asked for another lead, and its provider works on that.
    #[n(4)]
    Asked,
}

impl WaitReason {
    pub const fn name(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::Retry => "retry",
            Self::Provider => "provider_pending",
            Self::Closed => "provider_closed",
            Self::Asked => "asked_already",
        }
    }
}

/// Why a lead was passed over. None of them costs anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum SkipReason {
    #[n(0)]
    AlreadyEnriched,
    #[n(1)]
    RecentlyEnriched,
    /// The lead lacks what every step needs.
    #[n(2)]
    MissingInput,
    #[n(3)]
    OptedOut,
    /// Deleted after the job was made.
    #[n(4)]
    LeadGone,
    /// A rule of the house forbids every step.
    #[n(5)]
    Policy,
    /// The same was ordered today.
    #[n(6)]
    OrderedToday,
}

impl SkipReason {
    pub const fn name(self) -> &'static str {
        match self {
            Self::AlreadyEnriched => "already_enriched",
            Self::RecentlyEnriched => "recently_enriched",
            Self::MissingInput => "missing_input",
            Self::OptedOut => "opted_out",
            Self::LeadGone => "lead_gone",
            Self::Policy => "policy_forbids",
            Self::OrderedToday => "ordered_today",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode)]
pub enum ItemState {
    #[default]
    #[n(0)]
    Queued,
    /// Leased: a call is about to be made, is in flight, or its result is being written.
    #[n(1)]
    Running,
    #[n(2)]
    Waiting(#[n(0)] WaitReason),
    #[n(3)]
    Found,
    #[n(4)]
    Partial,
    #[n(5)]
    NotFound,
    #[n(6)]
    Failed,
    #[n(7)]
    Skipped(#[n(0)] SkipReason),
    #[n(8)]
    Cancelled,
}

impl ItemState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting(_) => "waiting",
            Self::Found => "found",
            Self::Partial => "partial",
            Self::NotFound => "not_found",
            Self::Failed => "failed",
            Self::Skipped(_) => "skipped",
            Self::Cancelled => "cancelled",
        }
    }

    pub const NAMES: [&'static str; 9] =
        ["queued", "running", "waiting", "found", "partial", "not_found", "failed", "skipped", "cancelled"];

    /// The reason that goes with the state, as the API shows it.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Waiting(reason) => Some(reason.name()),
            Self::Skipped(reason) => Some(reason.name()),
            _ => None,
        }
    }

    /// Nothing more happens to it unless it is retried.
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Queued | Self::Running | Self::Waiting(_))
    }

    /// Whether `next` may follow. A terminal state is final, except that a failed item may be queued again.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Queued | Self::Waiting(_) => matches!(next, Self::Running | Self::Cancelled | Self::Skipped(_)),
            Self::Running => !matches!(next, Self::Running),
            Self::Failed => matches!(next, Self::Queued),
            _ => false,
        }
    }
}

/// How many items of a job are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct JobCounts {
    #[n(0)]
    pub queued: u64,
    #[n(1)]
    pub running: u64,
    #[n(2)]
    pub waiting: u64,
    #[n(3)]
    pub found: u64,
    #[n(4)]
    pub partial: u64,
    #[n(5)]
    pub not_found: u64,
    #[n(6)]
    pub failed: u64,
    #[n(7)]
    pub skipped: u64,
    #[n(8)]
    pub cancelled: u64,
}

impl JobCounts {
    fn of(&mut self, state: ItemState) -> &mut u64 {
        match state {
            ItemState::Queued => &mut self.queued,
            ItemState::Running => &mut self.running,
            ItemState::Waiting(_) => &mut self.waiting,
            ItemState::Found => &mut self.found,
            ItemState::Partial => &mut self.partial,
            ItemState::NotFound => &mut self.not_found,
            ItemState::Failed => &mut self.failed,
            ItemState::Skipped(_) => &mut self.skipped,
            ItemState::Cancelled => &mut self.cancelled,
        }
    }

    pub fn enter(&mut self, state: ItemState) {
        *self.of(state) += 1;
    }

    pub fn shift(&mut self, from: ItemState, to: ItemState) {
        let left = self.of(from);
        *left = left.saturating_sub(1);
        self.enter(to);
    }

    /// How many items are in the state of that name; all with none, zero for a name that is no state.
    pub fn of_name(&self, name: Option<&str>) -> u64 {
        match name {
            None => self.total(),
            Some("queued") => self.queued,
            Some("running") => self.running,
            Some("waiting") => self.waiting,
            Some("found") => self.found,
            Some("partial") => self.partial,
            Some("not_found") => self.not_found,
            Some("failed") => self.failed,
            Some("skipped") => self.skipped,
            Some("cancelled") => self.cancelled,
            Some(_) => 0,
        }
    }

    pub const fn open(&self) -> u64 {
        self.queued + self.running + self.waiting
    }

    /// Ended, those passed over included; what was cancelled is not done.
    pub const fn processed(&self) -> u64 {
        self.successful() + self.not_found + self.failed + self.skipped
    }

    pub const fn successful(&self) -> u64 {
        self.found + self.partial
    }

    pub const fn total(&self) -> u64 {
        self.open() + self.processed() + self.cancelled
    }
}

/// The status of a lead while an item of it is open. What is known already stays visible.
pub const fn lead_status_queued(before: EnrichmentStatus) -> EnrichmentStatus {
    match before {
        EnrichmentStatus::Enriched | EnrichmentStatus::Partial => before,
        _ => EnrichmentStatus::Pending,
    }
}

/// The status of a lead whose item ended without saying anything about it (cancelled, passed over).
pub const fn lead_status_restored(before: EnrichmentStatus) -> EnrichmentStatus {
    match before {
        // Another job had queued it then; that one writes its own result.
        EnrichmentStatus::Pending => EnrichmentStatus::NotEnriched,
        known => known,
    }
}

/// The status of a lead after its item ended in `end`. A later job that finds less never takes back what an earlier one
/// found.
pub const fn lead_status_after(before: EnrichmentStatus, end: ItemState) -> EnrichmentStatus {
    use EnrichmentStatus as Lead;
    match (before, end) {
        (_, ItemState::Found) | (Lead::Enriched, _) => Lead::Enriched,
        (_, ItemState::Partial) | (Lead::Partial, _) => Lead::Partial,
        (_, ItemState::NotFound) => Lead::NotFound,
        (_, ItemState::Failed) => Lead::Failed,
        (
            Lead::NotEnriched | Lead::Pending,
            ItemState::Skipped(SkipReason::MissingInput | SkipReason::OptedOut | SkipReason::Policy),
        ) => Lead::Skipped,
        (before, ItemState::Cancelled | ItemState::Skipped(_)) => lead_status_restored(before),
        (before, ItemState::Queued | ItemState::Running | ItemState::Waiting(_)) => lead_status_queued(before),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ITEMS: [ItemState; 10] = [
        ItemState::Queued,
        ItemState::Running,
        ItemState::Waiting(WaitReason::Retry),
        ItemState::Found,
        ItemState::Partial,
        ItemState::NotFound,
        ItemState::Failed,
        ItemState::Skipped(SkipReason::MissingInput),
        ItemState::Skipped(SkipReason::AlreadyEnriched),
        ItemState::Cancelled,
    ];
    const JOBS: [JobStatus; 7] = [
        JobStatus::Pending,
        JobStatus::Processing,
        JobStatus::Paused(PauseReason::User),
        JobStatus::Paused(PauseReason::InsufficientCredits),
        JobStatus::Completed,
        JobStatus::Failed,
        JobStatus::Cancelled,
    ];

    #[test]
    fn what_is_over_is_not_paused_resumed_cancelled_or_completed() {
        for status in JOBS {
            let changes = [
                status.start(),
                status.pause(PauseReason::User),
                status.resume(true),
                status.cancel(),
                status.complete(),
            ];
            assert_eq!(changes.iter().all(Result::is_err), status.is_over(), "{status:?}");
        }
        assert_eq!(JobStatus::Completed.retry(), Ok(JobStatus::Processing));
        assert!(JobStatus::Cancelled.retry().is_err());
    }

    #[test]
    fn a_pause_remembers_why_and_a_resume_where_it_was() {
        let short = JobStatus::Processing.pause(PauseReason::InsufficientCredits).unwrap();
        assert_eq!(short.pause(PauseReason::SpendLimit), Ok(short));
        assert_eq!(short.pause(PauseReason::User), Ok(JobStatus::Paused(PauseReason::User)));
        assert_eq!(short.resume(true), Ok(JobStatus::Processing));
        assert_eq!(short.resume(false), Ok(JobStatus::Pending));
        assert!(short.start().is_err(), "nothing is leased while it is paused");
    }

    #[test]
    fn a_terminal_item_is_final_but_for_the_retry_of_a_failed_one() {
        for from in ITEMS {
            for to in ITEMS {
                let retried = from == ItemState::Failed && to == ItemState::Queued;
                assert!(!from.is_terminal() || from.may_become(to) == retried, "{from:?} -> {to:?}");
            }
        }
        assert!(!ItemState::Queued.may_become(ItemState::Found), "only what was leased can be found");
    }

    #[test]
    fn a_lead_never_loses_what_it_had() {
        use EnrichmentStatus as Lead;
        for end in ITEMS {
            assert_eq!(lead_status_after(Lead::Enriched, end), Lead::Enriched);
            let after = lead_status_after(Lead::Partial, end);
            assert!(matches!(after, Lead::Partial | Lead::Enriched));
        }
        assert_eq!(lead_status_after(Lead::Pending, ItemState::Cancelled), Lead::NotEnriched);
        assert_eq!(lead_status_after(Lead::Failed, ItemState::Cancelled), Lead::Failed);
        assert_eq!(lead_status_after(Lead::NotEnriched, ItemState::NotFound), Lead::NotFound);
        assert_eq!(lead_status_after(Lead::NotEnriched, ITEMS[7]), Lead::Skipped);
    }

    proptest! {
        #[test]
        fn counts_add_up_whatever_the_items_do(moves in prop::collection::vec((0_usize..20, 0_usize..10), 0..200)) {
            let mut items = [ItemState::Queued; 20];
            let mut counts = JobCounts::default();
            items.iter().for_each(|state| counts.enter(*state));
            for (item, to) in moves {
                if items[item].may_become(ITEMS[to]) {
                    counts.shift(items[item], ITEMS[to]);
                    items[item] = ITEMS[to];
                }
                prop_assert_eq!(counts.total(), 20);
                prop_assert_eq!(counts.open() as usize, items.iter().filter(|state| !state.is_terminal()).count());
            }
        }
    }
}
