//! `[policy]`

use super::section::section;
use crate::domain::off_peak::{OffPeak, OffPeakError, Zone};
use crate::domain::policy::{PolicyTable, Row, Rule, UnknownRow};
use crate::domain::settings::WorkspaceSettings;

section! {
    /// What holds for a workspace until its own settings say otherwise. Rules: "allowed", "company_only" (providers are
    /// told nothing of the person), "off".
    pub struct Policy = "policy" {
        /// Leads in the EU and the EEA.
        pub eu: String = String::from("allowed");
        /// Leads everywhere else. A lead of which nobody knows where it is takes the strictest rule of all.
        pub other: String = String::from("allowed");
        /// Rules of single countries: ["CH=company_only", "CN=off"].
        pub countries: Vec<String> = Vec::new();
        /// Only providers that process in the EU.
        pub eu_providers_only: bool = false;
        /// Time zone of the off-peak hours (IANA name).
        pub time_zone: String = String::from("UTC");
        /// When jobs for off-peak hours run.
        pub off_peak: String = String::from("22:00-06:00");
    }
}

/// Which key of the section cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("must be allowed, company_only or off")]
    Rule(&'static str),
    #[error("\"{entry}\" {cause}")]
    Country { entry: String, cause: UnknownRow },
    #[error("must be entries such as \"CH=company_only\"")]
    Entry,
    #[error("must be the name of a time zone such as Europe/Berlin")]
    Zone,
    #[error("{0}: such as 22:00-06:00")]
    OffPeak(#[from] OffPeakError),
}

impl PolicyError {
    /// The dotted key.
    pub fn key(&self) -> String {
        let key = match self {
            Self::Rule(key) => key,
            Self::Country { .. } | Self::Entry => "countries",
            Self::Zone => "time_zone",
            Self::OffPeak(_) => "off_peak",
        };
        format!("policy.{key}")
    }
}

impl Policy {
    /// The defaults of every workspace.
    ///
    /// # Errors
    /// The first key that cannot be used; the check of the configuration asks, so that afterwards there is none.
    pub fn settings(&self, keep_raw_answers: bool) -> Result<WorkspaceSettings, PolicyError> {
        Ok(WorkspaceSettings {
            table: self.table()?,
            eu_providers_only: self.eu_providers_only,
            zone: Zone::from_name(&self.time_zone).ok_or(PolicyError::Zone)?,
            off_peak: OffPeak::parse(&self.off_peak)?,
            template: None,
            keep_raw_answers,
        })
    }

    fn table(&self) -> Result<PolicyTable, PolicyError> {
        let rule = |key: &'static str, text: &str| Rule::from_name(text).ok_or(PolicyError::Rule(key));
        let mut table: PolicyTable =
            [(Row::Other, rule("other", &self.other)?), (Row::Eea, rule("eu", &self.eu)?)].into_iter().collect();
        for entry in &self.countries {
            let (country, text) = entry.split_once('=').ok_or(PolicyError::Entry)?;
            let row = country.parse().map_err(|cause| PolicyError::Country { entry: country.to_owned(), cause })?;
            table.set(row, rule("countries", text.trim())?);
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_is_a_table() {
        let policy = Policy {
            eu: "company_only".to_owned(),
            countries: vec!["CH=off".to_owned(), "de = allowed".to_owned()],
            ..Policy::default()
        };
        let rows: Vec<String> = policy
            .settings(true)
            .expect("usable")
            .table
            .rows()
            .map(|(row, rule)| format!("{row}={}", rule.name()))
            .collect();
        assert_eq!(rows, ["other=allowed", "EU=company_only", "CH=off", "DE=allowed"]);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let key = |policy: Policy| policy.settings(true).expect_err("not usable").key();
        assert_eq!(key(Policy { eu: "maybe".to_owned(), ..Policy::default() }), "policy.eu");
        assert_eq!(key(Policy { countries: vec!["XX=off".to_owned()], ..Policy::default() }), "policy.countries");
        assert_eq!(key(Policy { countries: vec!["CH".to_owned()], ..Policy::default() }), "policy.countries");
        assert_eq!(key(Policy { time_zone: "Mars".to_owned(), ..Policy::default() }), "policy.time_zone");
        assert_eq!(key(Policy { off_peak: "at night".to_owned(), ..Policy::default() }), "policy.off_peak");
    }
}
