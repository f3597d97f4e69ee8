//! What a workspace has decided for itself. What it has not is left out, and the configuration decides.

use minicbor::{Decode, Encode};

use crate::domain::off_peak::{OffPeak, Zone};
use crate::domain::policy::Rule;
use crate::domain::settings::WorkspaceSettings;
use crate::domain::time::Time;
use crate::store::record::records;
use crate::store::records::event::Actor;

/// A row of the policy table: `EU`, `other` or a country.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PolicyRow {
    #[n(0)]
    pub row: String,
    #[n(1)]
    #[cbor(default)]
    pub rule: Rule,
}

/// The terms of enrichment as somebody accepted them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AcceptedTerms {
    #[n(0)]
    pub version: String,
    #[n(1)]
    pub at: Time,
    #[n(2)]
    #[cbor(default)]
    pub by: Actor,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Settings {
    /// Counts the changes of this row; the ETag.
    #[n(0)]
    #[cbor(default)]
    pub version: u64,
    /// Rows beside, or in place of, those of the configuration.
    #[n(1)]
    #[cbor(default)]
    pub policy: Vec<PolicyRow>,
    #[n(2)]
    pub eu_providers_only: Option<bool>,
    /// IANA name.
    #[n(3)]
    pub time_zone: Option<String>,
    #[n(4)]
    pub off_peak: Option<OffPeak>,
    /// Slug of a template.
    #[n(5)]
    pub template: Option<String>,
    #[n(6)]
    pub keep_raw_answers: Option<bool>,
    #[n(7)]
    pub terms: Option<AcceptedTerms>,
    #[n(8)]
    pub updated_at: Option<Time>,
}

impl Settings {
    /// What holds: these before `defaults`.
    pub fn over(&self, defaults: &WorkspaceSettings) -> WorkspaceSettings {
        let mut settings = defaults.clone();
        for own in &self.policy {
            // A row that this program does not know cannot be one of a stored table.
            if let Ok(row) = own.row.parse() {
                settings.table.set(row, own.rule);
            }
        }
        if let Some(zone) = self.time_zone.as_deref().and_then(Zone::from_name) {
            settings.zone = zone;
        }
        settings.eu_providers_only = self.eu_providers_only.unwrap_or(settings.eu_providers_only);
        settings.off_peak = self.off_peak.unwrap_or(settings.off_peak);
        settings.template = self.template.clone().or(settings.template);
        // A box that keeps none keeps none for anybody.
        settings.keep_raw_answers = settings.keep_raw_answers && self.keep_raw_answers.unwrap_or(true);
        settings
    }
}

records!(Settings);
