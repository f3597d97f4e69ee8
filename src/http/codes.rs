//! The one table of error codes: what the API answers, what the command line prints, and what
//! `docs/reference/error-codes.md` is generated from.

use axum::http::StatusCode;

macro_rules! codes {
    ($($name:ident $text:literal $status:literal $title:literal, $advice:literal;)*) => {
        /// A code of the table. Codes are never renamed: programs compare them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As it stands in `code`.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            const fn number(self) -> u16 {
                match self { $(Self::$name => $status),* }
            }

            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),* }
            }

            /// What the caller can do about it.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice),* }
            }
        }
    };
}

codes! {
    // The codes of PRD-11, appendix C, unchanged.
    ListNotFound "LIST_NOT_FOUND" 404 "List not found",
        "Check the list's id and the workspace of the key; a deleted list can be restored for a while.";
    LeadNotFound "LEAD_NOT_FOUND" 404 "Lead not found", "Check the lead's id and the workspace of the key.";
    JobNotFound "JOB_NOT_FOUND" 404 "Job not found", "Check the job's id and the workspace of the key.";
    InsufficientCredits "INSUFFICIENT_CREDITS" 402 "Not enough credits",
        "Buy or grant credits, choose fewer leads, or set a spend limit.";
    FileTooLarge "FILE_TOO_LARGE" 413 "File too large",
        "Split the file, raise the setting that the answer names, or use `galena import` on the box.";
    InvalidCsv "INVALID_CSV" 400 "The file cannot be read as a table", "Look at the preview and name the dialect in the options.";
    InvalidColumnMapping "INVALID_COLUMN_MAPPING" 400 "The mapping does not fit the file",
        "Use the headers of the preview and the lead fields of the reference.";
    RateLimitExceeded "RATE_LIMIT_EXCEEDED" 429 "Too many requests", "Wait for the seconds of Retry-After.";
    EnrichmentFailed "ENRICHMENT_FAILED" 502 "The provider failed", "Try again later; nothing was charged.";
    JobAlreadyCancelled "JOB_ALREADY_CANCELLED" 400 "The job has ended already", "Nothing is left to do for this job.";
    ExportExpired "EXPORT_EXPIRED" 410 "The export has expired", "Make a new export.";
    DuplicateListName "DUPLICATE_LIST_NAME" 409 "A list with this name exists", "Choose another name, or use the list that has it.";

    // Ours, in the same style.
    ValidationFailed "VALIDATION_FAILED" 400 "The request is not valid", "`errors` names each place and what is wrong there.";
    InvalidCursor "INVALID_CURSOR" 400 "The cursor is not of this listing",
        "Use `nextCursor` of a page with the same filters and order, or start without `after`.";
    Unauthenticated "UNAUTHENTICATED" 401 "Who is calling is not known",
        "Send `Authorization: Bearer gal_...` with a key that was not revoked, or sign in.";
    Forbidden "FORBIDDEN" 403 "Not allowed", "Use a key or a user with the right that the answer names.";
    CsrfFailed "CSRF_FAILED" 403 "The page did not prove itself", "Send the token of `GET /session` as X-CSRF-Token.";
    PolicyForbids "POLICY_FORBIDS" 403 "The policy forbids it",
        "Accept the terms with `POST /settings/terms`, or see the policy of the workspace (`GET /settings`) for the region of the lead.";
    BudgetExceeded "BUDGET_EXCEEDED" 402 "The budget is used up", "Raise the budget or wait for the next period.";
    NotFound "NOT_FOUND" 404 "There is no such address", "See the API reference at /api/docs.";
    ImportNotFound "IMPORT_NOT_FOUND" 404 "Import not found", "Check the import's id and the workspace of the key.";
    RecipeNotFound "RECIPE_NOT_FOUND" 404 "Recipe not found", "`GET /leads/imports/recipes` lists the ones of the workspace.";
    UploadNotFound "UPLOAD_NOT_FOUND" 404 "Upload not found", "Uploads expire; start a new one.";
    ExportNotFound "EXPORT_NOT_FOUND" 404 "Export not found", "Check the export's id and the workspace of the key.";
    ItemNotFound "ITEM_NOT_FOUND" 404 "Item not found", "Check the item's id and the workspace of the key.";
    TaskNotFound "TASK_NOT_FOUND" 404 "Task not found", "Check the task's id and the workspace of the key.";
    WorkspaceNotFound "WORKSPACE_NOT_FOUND" 404 "Workspace not found", "Check the id, and that you are a member.";
    UserNotFound "USER_NOT_FOUND" 404 "User not found", "Check the user's id.";
    KeyNotFound "KEY_NOT_FOUND" 404 "API key not found", "Check the key's id and the workspace.";
    SessionNotFound "SESSION_NOT_FOUND" 404 "Session not found", "Sign in again.";
    SetupLinkNotFound "SETUP_LINK_NOT_FOUND" 404 "The setup link does not work",
        "It was used or has expired; start the server again to get a new one.";
    ProviderNotFound "PROVIDER_NOT_FOUND" 404 "Provider not found", "`GET /providers` lists the ones this server knows.";
    CredentialNotFound "CREDENTIAL_NOT_FOUND" 404 "Credential not found", "The workspace has no key of its own for this provider.";
    SuppressionNotFound "SUPPRESSION_NOT_FOUND" 404 "Suppression not found", "`GET /suppressions` lists the entries of the workspace.";
    TemplateNotFound "TEMPLATE_NOT_FOUND" 404 "Template not found", "`GET /enrichment/templates` lists the ones of the workspace.";
    CompanyNotFound "COMPANY_NOT_FOUND" 404 "Company not found", "Check the company's id and the workspace of the key.";
    MethodNotAllowed "METHOD_NOT_ALLOWED" 405 "The address does not take this method", "See the API reference at /api/docs.";
    Conflict "CONFLICT" 409 "The state does not allow it", "Read the record again and decide.";
    ListArchived "LIST_ARCHIVED" 409 "The list is archived", "Unarchive the list first.";
    DuplicateLead "DUPLICATE_LEAD" 409 "A lead with the same identity exists", "Update the lead that the answer names.";
    AmbiguousIdentity "AMBIGUOUS_IDENTITY" 409 "The identity points at several leads", "Merge the leads or give a clearer identity.";
    ProviderNotConfigured "PROVIDER_NOT_CONFIGURED" 409 "The provider has no credential", "Set the provider's key first.";
    RestoreWindowOver "RESTORE_WINDOW_OVER" 410 "The restore window has passed", "Import the list again.";
    PreconditionFailed "PRECONDITION_FAILED" 412 "The record has changed", "Read it again and send its new ETag as If-Match.";
    PayloadTooLarge "PAYLOAD_TOO_LARGE" 413 "The body is too large", "Send less at once, or raise server.max_body_bytes.";
    UnsupportedMediaType "UNSUPPORTED_MEDIA_TYPE" 415 "The body is of another kind", "Send Content-Type: application/json.";
    IdempotencyKeyReused "IDEMPOTENCY_KEY_REUSED" 422 "The idempotency key was used for another request",
        "Use a new key for every new request; repeat a request byte by byte.";
    Internal "INTERNAL" 500 "Something broke on our side", "Try again; give `requestId` to whoever runs the server.";
    Overloaded "OVERLOADED" 503 "The server is busy", "Wait for the seconds of Retry-After.";
    Stopping "STOPPING" 503 "The server is stopping", "Try again when it is back.";
    OutcomeUnknown "OUTCOME_UNKNOWN" 503 "Whether it was done is not known", "Send it again with the same Idempotency-Key.";
    SearchUnavailable "SEARCH_UNAVAILABLE" 503 "The search index is being opened", "Wait for the seconds of Retry-After.";
    TimedOut "TIMED_OUT" 504 "It took too long", "Ask for less at once; a write may still have been done.";
}

impl Code {
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.number()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The `type` of a problem document (RFC 9457).
    pub fn uri(self) -> String {
        format!("urn:galena:error:{}", self.text())
    }
}

/// The reference page of the table.
pub fn reference_page() -> String {
    let mut page = String::from(
        "<!-- Generated by `galena openapi --error-codes`. Change the source it is generated from, not this file. -->\n\n\
         # Error codes\n\nEvery error answer is a problem document (`application/problem+json`, RFC 9457) with one of \
         these codes in `code`. The command line prints the same codes with `--json`. `429` is the caller's limit, \
         `503` the box's.\n\n| code | status | what it means | what to do |\n|---|---|---|---|\n",
    );
    for code in Code::ALL {
        let (text, status) = (code.text(), code.status().as_u16());
        page += &format!("| `{text}` | {status} | {} | {} |\n", code.title(), code.advice());
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_the_requirements_are_unchanged() {
        // PRD-11, appendix C.
        let required = [
            ("LIST_NOT_FOUND", 404),
            ("LEAD_NOT_FOUND", 404),
            ("JOB_NOT_FOUND", 404),
            ("INSUFFICIENT_CREDITS", 402),
            ("FILE_TOO_LARGE", 413),
            ("INVALID_CSV", 400),
            ("INVALID_COLUMN_MAPPING", 400),
            ("RATE_LIMIT_EXCEEDED", 429),
            ("ENRICHMENT_FAILED", 502),
            ("JOB_ALREADY_CANCELLED", 400),
            ("EXPORT_EXPIRED", 410),
            ("DUPLICATE_LIST_NAME", 409),
        ];
        for (text, status) in required {
            let code = Code::ALL.iter().find(|code| code.text() == text).copied();
            assert_eq!(code.map(|code| code.status().as_u16()), Some(status), "{text}");
        }
    }

    #[test]
    fn codes_are_unique_and_their_status_is_an_error() {
        let mut texts: Vec<_> = Code::ALL.iter().map(|code| code.text()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Code::ALL.len());
        for code in Code::ALL {
            let status = code.status();
            assert!(status.is_client_error() || status.is_server_error(), "{code:?}");
        }
    }
}
