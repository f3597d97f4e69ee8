//! An enrichment order.

use minicbor::{Decode, Encode};

use crate::domain::enrichment::{
    DataPoint, JobCounts, JobOptions, JobStatus, JobStep, Measured, PointSet, Price, WriteRules,
};
use crate::domain::id::{ImportId, ItemId, JobId, LeadId, ListId};
use crate::domain::time::Time;
use crate::store::record::records;
use crate::store::records::event::Actor;

/// What credits a job will take, in hundredths: `best <= typical <= worst`, and what it really takes never exceeds
/// `worst`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Estimate {
    /// Leads the selection names.
    #[n(0)]
    pub selected: u64,
    /// Of them, those that will be worked on.
    #[n(1)]
    pub leads: u64,
    #[n(2)]
    pub best: u64,
    #[n(3)]
    pub typical: u64,
    #[n(4)]
    pub worst: u64,
    #[n(5)]
    pub seconds: u64,
    /// What providers will bill, in millionths of the currency's unit.
    #[n(6)]
    #[cbor(default)]
    pub cost_best: u64,
    #[n(7)]
    #[cbor(default)]
    pub cost_typical: u64,
    #[n(8)]
    #[cbor(default)]
    pub cost_worst: u64,
    /// From what leads came to under the same steps on this install; else from declared figures.
    #[n(9)]
    #[cbor(default)]
    pub is_measured: bool,
}

/// What was found, by kind of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Breakdown {
    #[n(0)]
    pub email_found: u64,
    /// Addresses whose check said `valid`.
    #[n(1)]
    pub email_verified: u64,
    #[n(2)]
    pub phone_found: u64,
    #[n(3)]
    pub phone_mobile: u64,
    #[n(4)]
    pub linkedin_found: u64,
    #[n(5)]
    pub company_found: u64,
}

/// How far the selection has been turned into items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Fill {
    #[n(0)]
    pub done: bool,
    /// The last lead looked at.
    #[n(1)]
    pub after: Option<LeadId>,
    /// Items that are not passed over.
    #[n(2)]
    pub taken: u64,
}

/// A walk over all items that goes on in slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Sweep {
    #[n(0)]
    pub kind: SweepKind,
    #[n(1)]
    pub after: Option<ItemId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum SweepKind {
    /// What is queued or waits is cancelled.
    #[n(0)]
    Cancel,
    /// What has failed is queued again.
    #[n(1)]
    Retry,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Job {
    /// The list of the selection, where it names one.
    #[n(0)]
    pub list: Option<ListId>,
    /// One lead that somebody waits for.
    #[n(1)]
    #[cbor(default)]
    pub individual: bool,
    #[n(2)]
    #[cbor(default)]
    pub status: JobStatus,
    #[n(3)]
    #[cbor(default)]
    pub options: JobOptions,
    #[n(4)]
    #[cbor(default)]
    pub steps: Vec<JobStep>,
    #[n(5)]
    #[cbor(default)]
    pub asked: PointSet,
    #[n(6)]
    #[cbor(default)]
    pub price: Price,
    #[n(7)]
    #[cbor(default)]
    pub estimate: Estimate,
    #[n(8)]
    #[cbor(default)]
    pub counts: JobCounts,
    /// Hundredths of a credit held for items in work.
    #[n(9)]
    #[cbor(default)]
    pub held: u64,
    /// Hundredths of a credit charged.
    #[n(10)]
    #[cbor(default)]
    pub credits_used: u64,
    /// What providers billed, in millionths of the currency's unit.
    #[n(11)]
    #[cbor(default)]
    pub cost: u64,
    #[n(12)]
    #[cbor(default)]
    pub breakdown: Breakdown,
    #[n(13)]
    #[cbor(default)]
    pub fill: Fill,
    #[n(14)]
    pub sweep: Option<Sweep>,
    #[n(15)]
    #[cbor(default)]
    pub created_at: Time,
    #[n(16)]
    #[cbor(default)]
    pub created_by: Actor,
    #[n(17)]
    pub started_at: Option<Time>,
    #[n(18)]
    pub completed_at: Option<Time>,
    #[n(19)]
    #[cbor(default)]
    pub updated_at: Time,
    #[n(20)]
    pub error: Option<String>,
    /// Calls made for it.
    #[n(21)]
    #[cbor(default)]
    pub calls: u64,
    /// What found values may do to those that are there.
    #[n(22)]
    #[cbor(default)]
    pub write: WriteRules,
    /// What the calls for one lead may cost at most, in millionths of the currency's unit.
    #[n(23)]
    pub ceiling: Option<u64>,
    /// The template it was planned from.
    #[n(24)]
    pub template: Option<TemplateRef>,
    /// Steps of the template that are not taken.
    #[n(25)]
    #[cbor(default)]
    pub left_out: Vec<LeftOut>,
    /// Answers that were known already: they cost nothing.
    #[n(26)]
    #[cbor(default)]
    pub known: u64,
    /// The sample whose rest it is.
    #[n(27)]
    pub rest_of: Option<JobId>,
    /// The job of the leads that this sample left.
    #[n(28)]
    pub rest: Option<JobId>,
}

/// Which version of which template.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct TemplateRef {
    #[n(0)]
    pub slug: String,
    #[n(1)]
    pub version: u32,
}

/// A step of a template that nobody can take, and why: `no key`, `switched off`, …
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LeftOut {
    #[n(0)]
    pub point: DataPoint,
    #[n(1)]
    pub provider: String,
    #[n(2)]
    pub reason: String,
}

/// What each step of a job came to, in their order. Kept apart from the job, whose row is small.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Funnel {
    #[n(0)]
    #[cbor(default)]
    pub steps: Vec<Measured>,
}

impl Job {
    /// The most one of its leads can cost, in hundredths of a credit.
    pub fn worst_price(&self) -> u64 {
        self.price.worst(self.steps.iter().map(|step| step.source))
    }

    /// Leads of the job: exact once the whole selection has become items, before that what was selected.
    pub fn total(&self) -> u64 {
        if self.fill.done { self.counts.total() } else { self.estimate.selected.max(self.counts.total()) }
    }

    /// Leads that were not worked on yet.
    pub fn left(&self) -> u64 {
        self.total().saturating_sub(self.counts.processed() + self.counts.cancelled)
    }
}

/// Which leads a job is for. Kept apart from the job, which is written with every answer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Selection {
    #[n(0)]
    pub list: Option<ListId>,
    /// Sorted, each once.
    #[n(1)]
    #[cbor(default)]
    pub ids: Vec<LeadId>,
    /// Filter in JSON.
    #[n(2)]
    pub filter: Option<String>,
    /// Sorted.
    #[n(3)]
    #[cbor(default)]
    pub except: Vec<LeadId>,
    /// Leads with a higher id came after the job.
    #[n(4)]
    pub until: Option<LeadId>,
    /// Leads up to this one were looked at before: by the sample whose rest it is.
    #[n(5)]
    pub after: Option<LeadId>,
    /// Only leads that this import made or changed.
    #[n(6)]
    pub import: Option<ImportId>,
}

impl Selection {
    /// Sorts what has to be sorted and drops what is named twice.
    #[must_use]
    pub fn tidied(mut self) -> Self {
        for ids in [&mut self.ids, &mut self.except] {
            ids.sort_unstable();
            ids.dedup();
        }
        self
    }
}

records!(Job, Selection, Funnel);
