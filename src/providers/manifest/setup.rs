//! What the operator says about a provider: its address, the plan of the vendor, figures and settings of his own.

use std::collections::BTreeMap;
use std::time::Duration;

use super::model::{Manifest, OperationSpec};
use crate::config;
use crate::domain::enrichment::{Limit, Limits};

const MINUTE: Duration = Duration::from_secs(60);

/// Nothing given: as the manifest says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setup {
    pub base_url: Option<String>,
    /// A plan of the manifest.
    pub plan: Option<String>,
    /// Calls a minute, in place of all windows up to a minute.
    pub calls_per_minute: Option<u32>,
    /// Windows whose figures were typed, in place of all others.
    pub windows: Option<Vec<Limit>>,
    pub concurrent: Option<u32>,
    pub settings: BTreeMap<String, String>,
}

impl From<&config::Provider> for Setup {
    fn from(given: &config::Provider) -> Self {
        let actor = given.actor_id.iter().map(|actor| ("actor_id".to_owned(), actor.clone()));
        Self {
            base_url: given.base_url.clone(),
            plan: given.plan.clone(),
            windows: None,
            calls_per_minute: Some(given.rate_limit).filter(|calls| *calls > 0),
            concurrent: u32::try_from(given.concurrency).ok().filter(|calls| *calls > 0),
            settings: actor.collect(),
        }
    }
}

impl Setup {
    pub fn base_url<'a>(&'a self, manifest: &'a Manifest) -> &'a str {
        self.base_url.as_deref().unwrap_or(&manifest.base_url).trim_end_matches('/')
    }

    /// Where what is sent is processed: an address that the manifest knows has its own region.
    pub fn region<'a>(&self, manifest: &'a Manifest) -> &'a str {
        let address = self.base_url(manifest);
        manifest
            .endpoints
            .iter()
            .find(|known| known.base_url == address)
            .map_or(&manifest.region, |known| &known.region)
    }

    /// The settings with their defaults.
    pub fn settings(&self, manifest: &Manifest) -> BTreeMap<String, String> {
        let value = |name: &String, default: &Option<String>| {
            self.settings.get(name).cloned().or_else(|| default.clone()).map(|value| (name.clone(), value))
        };
        manifest.settings.iter().filter_map(|setting| value(&setting.name, &setting.default)).collect()
    }

    /// The first setting that has to be given and is not.
    pub fn missing<'a>(&self, manifest: &'a Manifest) -> Option<&'a str> {
        let given = self.settings(manifest);
        let missing = manifest.settings.iter().find(|setting| setting.required && !given.contains_key(&setting.name));
        missing.map(|setting| setting.name.as_str())
    }

    /// The limits of one operation, by the plan that is picked.
    pub fn limits(&self, manifest: &Manifest, spec: &OperationSpec) -> Limits {
        let picked = self.plan.as_ref().or(manifest.default_plan.as_ref());
        let plan = picked.and_then(|name| manifest.plans.get(name));
        let default = || manifest.default_plan.as_ref().and_then(|name| manifest.plans.get(name));
        let plan = plan.or_else(default).cloned().unwrap_or_default();
        let of_operation = |limit: &Limit| limit.bucket.is_empty() || spec.buckets.contains(&limit.bucket);
        let typed = self.windows.clone();
        let is_typed = typed.is_some();
        let mut windows: Vec<Limit> = typed.unwrap_or(plan.limits).into_iter().filter(of_operation).collect();
        if let Some(calls) = self.calls_per_minute.filter(|_| !is_typed) {
            windows.retain(|limit| limit.per > MINUTE);
            windows.push(Limit { bucket: String::new(), calls, per: MINUTE, burst: None });
        }
        Limits { windows, concurrent: self.concurrent.or(plan.concurrent) }
    }
}
