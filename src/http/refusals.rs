//! What the store says no with, as the codes of the API.

use axum::http::{HeaderValue, header};

use super::codes::Code;
use super::problem::{FieldError, Problem};
use crate::app::set_up::SetUpError;
use crate::store::{Missing, Refusal, Reject, SubmitError};

impl From<Missing> for Code {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::List => Self::ListNotFound,
            Missing::Lead => Self::LeadNotFound,
            Missing::Import => Self::ImportNotFound,
            Missing::Recipe => Self::RecipeNotFound,
            Missing::Upload => Self::UploadNotFound,
            Missing::Export => Self::ExportNotFound,
            Missing::Job => Self::JobNotFound,
            Missing::Item => Self::ItemNotFound,
            Missing::Task => Self::TaskNotFound,
            Missing::Workspace => Self::WorkspaceNotFound,
            Missing::User => Self::UserNotFound,
            Missing::Key => Self::KeyNotFound,
            Missing::Session => Self::SessionNotFound,
            Missing::SetupToken => Self::SetupLinkNotFound,
            Missing::Provider => Self::ProviderNotFound,
            Missing::Credential => Self::CredentialNotFound,
            Missing::Suppression => Self::SuppressionNotFound,
            Missing::Template => Self::TemplateNotFound,
            Missing::Company => Self::CompanyNotFound,
        }
    }
}

impl From<Missing> for Problem {
    fn from(missing: Missing) -> Self {
        Self::new(missing.into())
    }
}

impl From<Reject> for Problem {
    fn from(reject: Reject) -> Self {
        match reject {
            Reject::NotFound(missing) => missing.into(),
            Reject::DuplicateListName { existing } => {
                Self::new(Code::DuplicateListName).member("existingId", existing.to_string())
            }
            Reject::VersionMismatch { current, .. } => {
                Self::new(Code::PreconditionFailed).detail(format!("the record is at version {current} now"))
            }
            Reject::ListArchived => Self::new(Code::ListArchived),
            Reject::RestoreWindowOver => Self::new(Code::RestoreWindowOver),
            Reject::DuplicateLead { existing } => {
                Self::new(Code::DuplicateLead).member("existingId", existing.to_string())
            }
            Reject::AmbiguousIdentity { leads } => {
                let leads: Vec<String> = leads.iter().map(ToString::to_string).collect();
                Self::new(Code::AmbiguousIdentity).member("leads", leads)
            }
            Reject::Invalid { field, reason } => Self::invalid(FieldError::at(pointer_of(&field), reason)),
            Reject::IdempotencyMismatch => Self::new(Code::IdempotencyKeyReused),
            Reject::InsufficientCredits { needed, available } => Self::new(Code::InsufficientCredits)
                .member("needed", credits(needed))
                .member("available", credits(available)),
            refused @ Reject::JobState { .. } => Self::new(Code::JobAlreadyCancelled).detail(refused.to_string()),
            Reject::Conflict(detail) => Self::new(Code::Conflict).detail(detail),
            Reject::Forbidden(detail) => Self::new(Code::Forbidden).detail(detail),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Reject(reject) => reject.into(),
            Refusal::Store(error) => error.into(),
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Rejected(reject) => reject.into(),
            SubmitError::Overloaded => Self::new(Code::Overloaded).retry_after(1),
            SubmitError::Stopped => Self::new(Code::Stopping).retry_after(5),
            SubmitError::OutcomeUnknown(_) => Self::new(Code::OutcomeUnknown).retry_after(1),
            SubmitError::Panicked(_) | SubmitError::Failed(_) => Self::internal(error),
        }
    }
}

impl From<SetUpError> for Problem {
    fn from(error: SetUpError) -> Self {
        match error {
            SetUpError::Submit(error) => error.into(),
            SetUpError::NotAnEmail => Self::invalid(FieldError::at("/email", error.to_string())),
            SetUpError::ShortPassword(_) => Self::invalid(FieldError::at("/password", error.to_string())),
            SetUpError::UnknownPlan(_) | SetUpError::Crypt(_) | SetUpError::HashingPanicked => Self::internal(error),
        }
    }
}

/// `settings.identity` -> `/settings/identity`.
fn pointer_of(field: &str) -> String {
    if field.is_empty() || field.starts_with('/') { field.to_owned() } else { format!("/{}", field.replace('.', "/")) }
}

/// Hundredths as the number that the API shows.
#[allow(clippy::cast_precision_loss)] // credits stay far below 2^53 hundredths
fn credits(hundredths: u64) -> f64 {
    hundredths as f64 / 100.0
}

/// 401 names the scheme that would do.
pub(in crate::http) fn unauthenticated(detail: &str) -> Problem {
    Problem::new(Code::Unauthenticated)
        .detail(detail)
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}
