//! Which template a slug means in a workspace: its own, else one that the workspace above offers, else a shipped one.

use std::ops::ControlFlow;

use crate::domain::enrichment::{Level, Template};
use crate::store::engine::Order;
use crate::store::records::job::TemplateRef;
use crate::store::records::template::TemplateHead;
use crate::store::tables::{TemplateVersions, Templates};
use crate::store::{Reads, StoreError, WorkspaceScope};

/// Whose a template is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Workspace,
    /// The workspace above offers it.
    Parent,
    /// It ships with the program.
    Shipped,
}

impl Owner {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Parent => "parent",
            Self::Shipped => "shipped",
        }
    }
}

/// A template as it can be used.
#[derive(Debug, Clone)]
pub struct Usable {
    pub reference: TemplateRef,
    pub template: Template,
    pub owner: Owner,
    pub head: TemplateHead,
}

/// The template that `slug` means; `version`: that one of the workspace's own, else the one that is used.
///
/// # Errors
/// When rows cannot be read.
pub fn usable(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    parent: Option<&WorkspaceScope>,
    slug: &str,
    version: Option<u32>,
) -> Result<Option<Usable>, StoreError> {
    if let Some(found) = stored(reads, scope, slug, version, Owner::Workspace)? {
        return Ok(Some(found));
    }
    if let Some(parent) = parent
        && let Some(found) = stored(reads, parent, slug, version, Owner::Parent)?.filter(|found| found.head.offered)
    {
        return Ok(Some(found));
    }
    Ok(shipped(slug))
}

/// Every template that can be used, by slug.
///
/// # Errors
/// When rows cannot be read.
pub fn all_usable(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    parent: Option<&WorkspaceScope>,
) -> Result<Vec<Usable>, StoreError> {
    let mut slugs: Vec<String> =
        [Level::Basic, Level::Standard, Level::Premium].map(|level| level.name().to_owned()).into();
    for scope in parent.into_iter().chain([scope]) {
        reads.scan::<Templates>(scope, &(), Order::Ascending, &mut |(slug,), _| {
            slugs.push(slug);
            ControlFlow::Continue(())
        })?;
    }
    slugs.sort_unstable();
    slugs.dedup();
    let mut found = Vec::with_capacity(slugs.len());
    for slug in slugs {
        found.extend(usable(reads, scope, parent, &slug, None)?);
    }
    Ok(found)
}

fn stored(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    slug: &str,
    version: Option<u32>,
    owner: Owner,
) -> Result<Option<Usable>, StoreError> {
    let Some(head) = reads.get::<Templates>(scope, (slug.to_owned(),))? else { return Ok(None) };
    let version = version.unwrap_or(head.version);
    let Some(row) = reads.get::<TemplateVersions>(scope, (slug.to_owned(), version))? else { return Ok(None) };
    // It was checked when it was written.
    let Ok(template) = serde_json::from_str(&row.text) else { return Ok(None) };
    Ok(Some(Usable { reference: TemplateRef { slug: slug.to_owned(), version }, template, owner, head }))
}

fn shipped(slug: &str) -> Option<Usable> {
    let template = Template::of_level(Level::from_name(slug)?).ok()?;
    let head = TemplateHead { version: 1, ..TemplateHead::default() };
    Some(Usable { reference: TemplateRef { slug: slug.to_owned(), version: 1 }, template, owner: Owner::Shipped, head })
}
