//! Why a transaction says no. One variant per answer a caller can act on; `http/problem.rs` gives each its code.

use crate::domain::id::{LeadId, ListId};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    /// Not there, or in another workspace: the two look the same.
    #[error("{0} not found")]
    NotFound(Missing),
    #[error("a list with this name exists already")]
    DuplicateListName { existing: ListId },
    /// `If-Match` named another version.
    #[error("the record has changed: version {current}, not {expected}")]
    VersionMismatch { expected: u64, current: u64 },
    #[error("the list is archived")]
    ListArchived,
    #[error("the restore window of the list has passed")]
    RestoreWindowOver,
    /// A lead with the same identity is there.
    #[error("a lead with the same identity exists")]
    DuplicateLead { existing: LeadId },
    #[error("the row names several leads")]
    AmbiguousIdentity { leads: Vec<LeadId> },
    #[error("{field}: {reason}")]
    Invalid { field: String, reason: String },
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
    /// In hundredths of a credit.
    #[error("not enough credits: {needed} needed, {available} available")]
    InsufficientCredits { needed: u64, available: u64 },
    /// The job is over or otherwise not in a state for it.
    #[error("a job that is {state} cannot be {asked}")]
    JobState { state: &'static str, asked: &'static str },
    /// The state does not allow it: `job is completed`.
    #[error("{0}")]
    Conflict(String),
    #[error("forbidden: {0}")]
    Forbidden(String),
}

/// What was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    List,
    Lead,
    Import,
    Recipe,
    Upload,
    Export,
    Job,
    Item,
    Task,
    Workspace,
    User,
    Key,
    Session,
    SetupToken,
    Provider,
    Credential,
    Suppression,
    Template,
    Company,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::List => "list",
            Self::Lead => "lead",
            Self::Import => "import",
            Self::Recipe => "recipe",
            Self::Upload => "upload",
            Self::Export => "export",
            Self::Job => "job",
            Self::Item => "item",
            Self::Task => "task",
            Self::Workspace => "workspace",
            Self::User => "user",
            Self::Key => "key",
            Self::Session => "session",
            Self::SetupToken => "setup link",
            Self::Provider => "provider",
            Self::Credential => "credential",
            Self::Suppression => "suppression",
            Self::Template => "template",
            Self::Company => "company",
        })
    }
}
