//! Who may be told what about whom: the one decision in front of every call of a provider.
//!
//! What is kept (settings, suppressions) is read by `store::policy`; what is sent is chosen and judged here.

mod decision;
mod denial;
mod membership;
mod place;
mod sending;
mod suppression;
mod table;

pub use decision::{ProviderFacts, Question, decide};
pub use denial::Denial;
pub use membership::{is_eea, processes_in_eea};
pub use place::Place;
pub use sending::{Selected, select};
pub use suppression::{BadSuppression, SuppressionEntry, SuppressionKind, SuppressionProbe, probes};
pub use table::{PolicyTable, Row, Rule, UnknownRow};
