//! Changing what a workspace has decided, and accepting the terms of enrichment.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::off_peak::OffPeak;
use crate::domain::policy::Rule;
use crate::store::records::settings::{AcceptedTerms, PolicyRow, Settings};
use crate::store::tables;
use crate::store::transactions::lists::{Changed, check_version};
use crate::store::{Fact, Origin, Reads, Refusal, Subject, Transaction, Tx, WorkspaceScope};

/// What to change; `None` leaves a setting as it is, `Some(None)` gives it back to the configuration.
#[derive(Debug, Clone, Default)]
pub struct SettingsChanges {
    /// Rows by name; without a rule the row goes.
    pub policy: Option<BTreeMap<String, Option<Rule>>>,
    /// Whether rows that `policy` does not name go, too.
    pub replaces_policy: bool,
    pub eu_providers_only: Option<Option<bool>>,
    pub time_zone: Option<Option<String>>,
    pub off_peak: Option<Option<OffPeak>>,
    pub template: Option<Option<String>>,
    pub keep_raw_answers: Option<Option<bool>>,
}

/// Changes the settings of a workspace; `expected` is the version of an `If-Match`. Values are checked by the caller.
#[derive(Debug, Clone)]
pub struct UpdateSettings {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub expected: Option<u64>,
    pub changes: SettingsChanges,
}

impl Transaction for UpdateSettings {
    type Out = Settings;
    const NAME: &'static str = "settings.update";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Settings, Refusal> {
        let before = tx.get::<tables::Settings>(&self.scope, ())?.unwrap_or_default();
        check_version(self.expected, before.version)?;
        let changes = self.changes.clone();
        let mut after = before.clone();
        if let Some(rows) = changes.policy {
            after.policy = merged(if changes.replaces_policy { &[] } else { &before.policy }, rows);
        }
        after.eu_providers_only = changes.eu_providers_only.unwrap_or(after.eu_providers_only);
        after.time_zone = changes.time_zone.unwrap_or(after.time_zone);
        after.off_peak = changes.off_peak.unwrap_or(after.off_peak);
        after.template = changes.template.unwrap_or(after.template);
        after.keep_raw_answers = changes.keep_raw_answers.unwrap_or(after.keep_raw_answers);
        let mut facts = Changed::default();
        for ((name, was), (_, is)) in told(&before).into_iter().zip(told(&after)) {
            facts.note(name, was, is);
        }
        if facts.is_empty() {
            return Ok(before);
        }
        let (was, is) = facts.into_json();
        let fact = Fact::new("settings.updated", Subject::workspace(self.scope.workspace()));
        put(tx, &self.scope, &self.origin, after, fact.change(Some(&was), Some(&is)))
    }
}

/// Accepts the terms of enrichment: from now on external providers may be called.
#[derive(Debug, Clone)]
pub struct AcceptTerms {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub version: String,
}

impl Transaction for AcceptTerms {
    type Out = Settings;
    const NAME: &'static str = "settings.accept_terms";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Settings, Refusal> {
        let before = tx.get::<tables::Settings>(&self.scope, ())?.unwrap_or_default();
        // Who accepted first stands; accepting the same terms again is nothing new.
        if before.terms.as_ref().is_some_and(|terms| terms.version == self.version) {
            return Ok(before);
        }
        let was = before.terms.as_ref().map(|terms| json!({ "version": terms.version }));
        let is = json!({ "version": self.version });
        let terms = AcceptedTerms { version: self.version.clone(), at: self.origin.at, by: self.origin.actor };
        let after = Settings { terms: Some(terms), ..before };
        let fact = Fact::new("terms.accepted", Subject::workspace(self.scope.workspace()));
        put(tx, &self.scope, &self.origin, after, fact.change(was.as_ref(), Some(&is)))
    }
}

fn put(
    tx: &mut Tx<'_>,
    scope: &WorkspaceScope,
    origin: &Origin,
    mut settings: Settings,
    fact: Fact,
) -> Result<Settings, Refusal> {
    settings.version += 1;
    settings.updated_at = Some(origin.at);
    tx.put::<tables::Settings>(scope, (), &settings)?;
    tx.event(scope, origin, fact)?;
    Ok(settings)
}

fn merged(known: &[PolicyRow], given: BTreeMap<String, Option<Rule>>) -> Vec<PolicyRow> {
    let mut rows: BTreeMap<String, Rule> = known.iter().map(|own| (own.row.clone(), own.rule)).collect();
    for (row, rule) in given {
        match rule {
            Some(rule) => drop(rows.insert(row, rule)),
            None => drop(rows.remove(&row)),
        }
    }
    rows.into_iter().map(|(row, rule)| PolicyRow { row, rule }).collect()
}

/// The settings as events tell them, in one order.
fn told(settings: &Settings) -> [(&'static str, Value); 6] {
    let rows: serde_json::Map<String, Value> =
        settings.policy.iter().map(|own| (own.row.clone(), json!(own.rule.name()))).collect();
    [
        ("policy", Value::Object(rows)),
        ("euProvidersOnly", json!(settings.eu_providers_only)),
        ("timeZone", json!(settings.time_zone)),
        ("offPeak", json!(settings.off_peak.map(|window| window.to_string()))),
        ("defaultTemplate", json!(settings.template)),
        ("keepRawAnswers", json!(settings.keep_raw_answers)),
    ]
}
