//! From an order to its steps: the template it means, the keys the workspace has, the providers that are switched on.

use std::sync::Arc;

use super::keys::Keys;
use crate::actors::provider_gate::Choices;
use crate::domain::enrichment::{JobOptions, JobStep, PriceSource, WriteRules};
use crate::domain::settings::WorkspaceSettings;
use crate::providers::{Desk, NoProvider, Registry, plan};
use crate::store::policy::is_sandbox;
use crate::store::records::job::{LeftOut, TemplateRef};
use crate::store::tables::{Settings, Workspaces};
use crate::store::templates::{Usable, all_usable, usable};
use crate::store::{Reads, StoreError, SystemScope, View, WorkspaceScope};

/// Plans orders. Cheap to clone.
#[derive(Clone)]
pub struct Planning {
    pub registry: Registry,
    pub keys: Keys,
    /// Says which providers are switched off.
    pub choices: Choices,
    /// Whether providers can reach this server.
    pub can_be_rung: bool,
    /// A workspace may use what the one above it offers.
    pub system: SystemScope,
    /// What holds for a workspace that has decided nothing.
    pub defaults: Arc<WorkspaceSettings>,
}

/// An order as steps.
#[derive(Debug, Clone)]
pub struct Planned {
    pub steps: Vec<JobStep>,
    pub left_out: Vec<LeftOut>,
    pub write: WriteRules,
    pub ceiling: Option<u64>,
    pub template: TemplateRef,
}

/// Why an order has no steps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("no template is called {0}")]
    NoSuchTemplate(String),
    #[error(transparent)]
    NoProvider(#[from] NoProvider),
}

impl Planning {
    /// The steps of an order.
    ///
    /// # Errors
    /// When rows cannot be read; inside, why nobody can be asked.
    pub fn plan(
        &self,
        view: &View,
        scope: &WorkspaceScope,
        options: &JobOptions,
    ) -> Result<Result<Planned, PlanError>, StoreError> {
        let of_workspace = match &options.template {
            None if !options.names_level => self.settings(view, scope)?.template,
            _ => None,
        };
        let slug = options.template.as_deref().or(of_workspace.as_deref()).unwrap_or(options.level.name());
        let Some(Usable { reference, template, .. }) = self.template(view, scope, slug, None)? else {
            return Ok(Err(PlanError::NoSuchTemplate(slug.to_owned())));
        };
        let failed = std::cell::Cell::new(None);
        let is_sandbox = is_sandbox(view, scope)?;
        let key_of = |provider: &str| -> Option<PriceSource> {
            if is_sandbox {
                // Every provider is played, and costs what it would.
                return Some(PriceSource::InstallKey);
            }
            self.keys.source(view, scope, provider).unwrap_or_else(|error| {
                failed.set(Some(error));
                None
            })
        };
        let switched_off = self.choices.switched_off();
        let desk = Desk {
            registry: &self.registry,
            key_of: &key_of,
            switched_off: &switched_off,
            can_be_rung: self.can_be_rung || is_sandbox,
        };
        let planned = plan(&desk, &template, options);
        if let Some(error) = failed.take() {
            return Err(error);
        }
        Ok(planned.map_err(PlanError::from).map(|planned| Planned {
            steps: planned.steps,
            left_out: planned
                .left_out
                .into_iter()
                .map(|step| LeftOut { point: step.point, provider: step.provider, reason: step.reason })
                .collect(),
            write: planned.write,
            ceiling: planned.ceiling,
            template: reference,
        }))
    }

    /// What a slug means in a workspace.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn template(
        &self,
        view: &View,
        scope: &WorkspaceScope,
        slug: &str,
        version: Option<u32>,
    ) -> Result<Option<Usable>, StoreError> {
        usable(view, scope, self.parent(view, scope)?.as_ref(), slug, version)
    }

    /// Every template that can be used in a workspace.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn templates(&self, view: &View, scope: &WorkspaceScope) -> Result<Vec<Usable>, StoreError> {
        all_usable(view, scope, self.parent(view, scope)?.as_ref())
    }

    fn settings(&self, view: &View, scope: &WorkspaceScope) -> Result<WorkspaceSettings, StoreError> {
        Ok(view.get::<Settings>(scope, ())?.unwrap_or_default().over(&self.defaults))
    }

    fn parent(&self, view: &View, scope: &WorkspaceScope) -> Result<Option<WorkspaceScope>, StoreError> {
        let workspace = view.get_install::<Workspaces>((scope.workspace(),))?;
        Ok(workspace.and_then(|row| row.parent).map(|parent| self.system.within(parent)))
    }
}
