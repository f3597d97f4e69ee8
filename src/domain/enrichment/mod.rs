//! Enrichment as rules: what a job asks for, the states it goes through, what an answer is worth.
//!
//! The rows are kept by `store::transactions::jobs`, the calls are made by `actors::enricher`; neither decides anything
//! that stands here.

mod accept;
mod condition;
mod confidence;
mod data_point;
mod domain_fit;
mod email_check;
mod input;
mod level;
mod limits;
mod measured;
mod options;
mod outcome;
mod retry;
mod state;
mod steps;
mod suggestion;
mod take_over;
mod template;
mod write_rule;

pub use accept::{AcceptRule, Earlier, agreed_confidence, same_value};
pub use condition::{FieldIs, RunCondition, is_field};
pub use confidence::{Confidence, Evidence};
pub use data_point::{DataPoint, Operation, PointSet};
pub use domain_fit::{DomainFit, domain_fit};
pub use email_check::{EmailCheck, EmailFacts, MailHost, NotAsked, Reason, check_email};
pub use input::{Input, inputs_of};
pub use level::{Level, Price, PriceSource, Priority};
pub use limits::{Limit, Limits, RateSigns, Trouble, WindowSign};
pub use measured::{Latencies, Measured, Sample};
pub use options::{JobOptions, SkipRule};
pub use outcome::{Answer, FoundValue, Outcome, Reply};
pub use retry::{MAX_TRIES, MAX_WAITS, pause_before, with_jitter};
pub use state::{
    ItemState, JobCounts, JobStatus, NotAllowed, PauseReason, SkipReason, WaitReason, lead_status_after,
    lead_status_queued, lead_status_restored,
};
pub use steps::{JobStep, MAX_STEPS, Tally, Verdict, Walk, same_call};
pub use suggestion::did_you_mean;
pub use take_over::{WriteContext, take_over};
pub use template::{ANY_PROVIDER, Template, TemplateError, TemplatePoint, TemplateStep, Validator};
pub use write_rule::{WriteRule, WriteRules};
