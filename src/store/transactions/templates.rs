//! Waterfalls of a workspace: every change is a new version, so that a job can say which one it ran under.

use serde_json::json;

use crate::domain::enrichment::{Template, TemplateError};
use crate::store::records::template::{TemplateHead, TemplateVersion};
use crate::store::tables::{TemplateVersions, Templates};
use crate::store::{Fact, Missing, Origin, Reads, Refusal, Reject, Subject, Transaction, Tx, WorkspaceScope};

/// The most templates of a workspace.
const MOST: usize = 500;

/// Makes a template, or the next version of one.
#[derive(Debug, Clone)]
pub struct PutTemplate {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub slug: String,
    pub template: Template,
    /// Workspaces below may use it; as it was when not said.
    pub offered: Option<bool>,
    /// Only if it is new.
    pub create: bool,
    /// Only if this is the version that is used.
    pub expected: Option<u64>,
}

impl Transaction for PutTemplate {
    type Out = TemplateHead;
    const NAME: &'static str = "templates.put";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<TemplateHead, Refusal> {
        self.template.check().map_err(invalid)?;
        let known = tx.get::<Templates>(&self.scope, (self.slug.clone(),))?;
        if self.create && known.is_some() {
            return Err(Reject::Conflict(format!("a template is called {} already", self.slug)).into());
        }
        if let Some(expected) = self.expected
            && known.as_ref().map(|head| u64::from(head.version)) != Some(expected)
        {
            let current = known.map_or(0, |head| u64::from(head.version));
            return Err(Reject::VersionMismatch { expected, current }.into());
        }
        if known.is_none() && count(tx, &self.scope)? >= MOST {
            return Err(Reject::Conflict(format!("a workspace has at most {MOST} templates")).into());
        }
        let before = known.unwrap_or_default();
        let head = TemplateHead {
            version: before.version + 1,
            offered: self.offered.unwrap_or(before.offered),
            created_at: if before.version == 0 { self.origin.at } else { before.created_at },
            updated_at: self.origin.at,
        };
        let text = serde_json::to_string(&self.template).map_err(|error| Reject::Conflict(error.to_string()))?;
        let version = TemplateVersion { text, at: self.origin.at, by: self.origin.actor };
        tx.put::<Templates>(&self.scope, (self.slug.clone(),), &head)?;
        tx.put::<TemplateVersions>(&self.scope, (self.slug.clone(), head.version), &version)?;
        let after = json!({ "template": self.slug, "version": head.version, "offered": head.offered });
        let kind = if before.version == 0 { "template.created" } else { "template.changed" };
        tx.event(
            &self.scope,
            &self.origin,
            Fact::new(kind, Subject::workspace(self.scope.workspace())).change(None, Some(&after)),
        )?;
        Ok(head)
    }
}

/// Takes a template away. Jobs keep the steps they were made with.
#[derive(Debug, Clone)]
pub struct DeleteTemplate {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub slug: String,
}

impl Transaction for DeleteTemplate {
    type Out = ();
    const NAME: &'static str = "templates.delete";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let head =
            tx.get::<Templates>(&self.scope, (self.slug.clone(),))?.ok_or(Reject::NotFound(Missing::Template))?;
        tx.remove::<Templates>(&self.scope, (self.slug.clone(),))?;
        for version in 1..=head.version {
            tx.remove::<TemplateVersions>(&self.scope, (self.slug.clone(), version))?;
        }
        let before = json!({ "template": self.slug, "version": head.version });
        let fact = Fact::new("template.deleted", Subject::workspace(self.scope.workspace()));
        tx.event(&self.scope, &self.origin, fact.change(Some(&before), None))?;
        Ok(())
    }
}

fn count(tx: &Tx<'_>, scope: &WorkspaceScope) -> Result<usize, Refusal> {
    let mut count = 0;
    tx.scan::<Templates>(scope, &(), crate::store::engine::Order::Ascending, &mut |_, _| {
        count += 1;
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(count)
}

fn invalid(error: TemplateError) -> Reject {
    Reject::Invalid { field: error.place, reason: error.message }
}
