//! The policy of a workspace as it stands, to judge calls by: loaded once per slice of work, asked before every call.

use crate::domain::enrichment::Input;
use crate::domain::lead::Lead;
use crate::domain::policy::{Denial, Place, ProviderFacts, Question, Selected, decide, select};
use crate::domain::settings::WorkspaceSettings;
use crate::store::records::settings::AcceptedTerms;
use crate::store::suppressions::InUse;
use crate::store::tables::{Settings, Workspaces};
use crate::store::{Reads, StoreError, WorkspaceScope};

/// Whether a workspace is a sandbox, whose providers are played.
///
/// # Errors
/// When its row cannot be read.
pub fn is_sandbox(reads: &impl Reads, scope: &WorkspaceScope) -> Result<bool, StoreError> {
    Ok(reads.get_install::<Workspaces>((scope.workspace(),))?.is_some_and(|workspace| workspace.sandbox))
}

/// Settings, terms, and whether anybody is suppressed.
#[derive(Debug, Clone)]
pub struct Standing {
    scope: WorkspaceScope,
    /// What holds for the workspace: its off-peak hours and default template, too.
    pub settings: WorkspaceSettings,
    pub terms: Option<AcceptedTerms>,
    /// Nothing leaves the box: external providers are answered by the simulator.
    pub sandbox: bool,
    suppressions: InUse,
}

impl Standing {
    /// `defaults` is what the configuration says.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn load(reads: &impl Reads, scope: &WorkspaceScope, defaults: &WorkspaceSettings) -> Result<Self, StoreError> {
        let own = reads.get::<Settings>(scope, ())?.unwrap_or_default();
        Ok(Self {
            scope: *scope,
            settings: own.over(defaults),
            terms: own.terms,
            sandbox: is_sandbox(reads, scope)?,
            suppressions: InUse::load(reads, scope)?,
        })
    }

    /// Whether external providers may be called at all: the terms are accepted, or nothing leaves the box anyway.
    pub fn may_call_out(&self) -> bool {
        self.terms.is_some() || self.sandbox
    }

    /// What of the lead may be sent to the provider, or why it is not called. `needs` are the alternatives of the
    /// operation, the first that the lead can fill and the policy lets through is taken; of `optional` what it lets
    /// through. Nothing else of the lead may go into the request.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn judge(
        &self,
        reads: &impl Reads,
        lead: &Lead,
        provider: &ProviderFacts<'_>,
        needs: &[Vec<Input>],
        optional: &[Input],
    ) -> Result<Result<Vec<(Input, String)>, Denial>, StoreError> {
        let place = if provider.external { Place::of(lead) } else { Place::Unknown };
        let rule = if provider.external { self.settings.table.rule(place) } else { Default::default() };
        let selected = select(rule, needs, optional, lead);
        let sends = match &selected {
            Selected::Inputs(inputs) => inputs.as_slice(),
            Selected::Withheld | Selected::Lacking => &[],
        };
        let asked = decide(&Question {
            provider: *provider,
            terms_accepted: self.may_call_out(),
            table: &self.settings.table,
            eu_providers_only: self.settings.eu_providers_only,
            lead,
            place,
            sends,
            suppressed: self.suppressions.find(reads, &self.scope, lead)?,
        });
        Ok(asked.and_then(|()| match selected {
            Selected::Inputs(inputs) => Ok(inputs),
            Selected::Withheld => Err(Denial::by_rule(rule, place.to_string(), provider.slug)),
            Selected::Lacking => Err(Denial::MissingInputs(needs.to_vec())),
        }))
    }
}
