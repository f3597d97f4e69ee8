//! Enrichment jobs: the durable queue. Every step of a job is one of these transactions, so a crash anywhere leaves rows
//! from which the next start goes on.
//!
//! | transaction | what it does |
//! |---|---|
//! | [`CreateJob`] | the order, after the ledger agreed |
//! | [`FillJob`] | turns the next slice of the selection into items |
//! | [`LeaseItems`] | up to 64 items with their hold and first intent |
//! | [`RecordAnswers`] | results: values, settlement, lead, next intent |
//! | [`ReturnItems`] | leased items that were not called, because of a stop |
//! | [`PauseJob`], [`ResumeJob`], [`CancelJob`], [`RetryJob`] | what a person asks for |
//! | [`SweepJob`] | the next slice of a cancel or a retry |
//! | [`StartBoot`], [`VoidLeases`] | after a start: leases of an earlier boot are void |
//!
//! **Credits.** A lease holds what its items may cost at most, in one line for the slice; the result of an item settles
//! what it owes and releases the rest. Lines are written for amounts above zero only: a job of a million built-in checks
//! would otherwise leave three million lines that say nothing. The receipt of a zero stands in the attempt and beside the
//! value (`credits: 0` with the reason).

mod advance;
mod answer;
mod boot;
mod companies;
mod control;
mod create;
mod evidence;
mod fill;
mod forgetting;
mod lead_edit;
mod lease;
mod measures;
mod rows;
mod sweep;
mod trial;

pub use advance::Begun;
pub use answer::{Answered, FollowUp, RecordAnswers, Recorded, RecordedItem};
pub use boot::{StartBoot, VoidLeases, Voided};
pub use companies::CompanyDesk;
pub use control::{CancelJob, PauseJob, ResumeJob, RetryJob, RingItem, StopHook};
pub use create::{CreateJob, NewJob};
pub use fill::{FillJob, Filled};
pub use forgetting::{forget_lead, forget_look_up};
pub use lease::{LEASE_ITEMS, LeaseItems, Leased, LeasedItem, ReturnItems};
pub use measures::{World, plan_key};
pub use rows::{ItemLines, job};
pub use sweep::{ReplayDeadLetters, SweepJob, Swept};
pub use trial::NoteTrial;
