//! What a workspace decides for itself, with the defaults of the install filled in.

use super::off_peak::{OffPeak, Zone};
use super::policy::PolicyTable;

/// The settings that hold for a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceSettings {
    pub table: PolicyTable,
    pub eu_providers_only: bool,
    pub zone: Zone,
    pub off_peak: OffPeak,
    /// Slug of the template that jobs without one take.
    pub template: Option<String>,
    /// Whether the answers of providers are kept as they came.
    pub keep_raw_answers: bool,
}
