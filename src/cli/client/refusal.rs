//! From an answer that says no, or none at all, to how the command ends.

use serde_json::{Map, Value};

use super::transport::TransportError;
use crate::cli::exit::{CliError, Exit};

/// The exit code for a problem document's status and code.
fn exit(status: u16, code: &str) -> Exit {
    match (status, code) {
        (402, _) => Exit::NotEnoughCredits,
        (_, "INVALID_CSV" | "FILE_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE") => Exit::Unreadable,
        (400 | 401 | 422, _) | (_, "INVALID_COLUMN_MAPPING") => Exit::Usage,
        _ => Exit::Failed,
    }
}

/// What the body of an answer with `status` says. A server in between may answer with something else than a problem.
pub fn of_answer(status: u16, body: &[u8]) -> CliError {
    let document: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(code), Some(title)) = (text("code"), text("title")) else {
        let detail = format!("status {status}, without a problem document");
        return CliError::new(Exit::Failed, "NOT_GALENA", "the answer is not one of a Galena server", detail)
            .with_hint("is the address right, without /api at its end?");
    };
    let detail = detail(text("detail"), &document).unwrap_or_else(|| format!("status {status}"));
    let mut error = CliError::new(exit(status, &code), code, title, detail);
    error.problem.document = Some(document);
    error
}

/// The detail and below it what is wrong at which place.
fn detail(detail: Option<String>, document: &Map<String, Value>) -> Option<String> {
    let errors = document.get("errors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let places = errors.iter().filter_map(|error| {
        let place = error.get("pointer").or_else(|| error.get("parameter")).and_then(Value::as_str).unwrap_or("");
        let what = error.get("detail").and_then(Value::as_str)?;
        Some(if place.is_empty() { what.to_owned() } else { format!("{place}: {what}") })
    });
    let lines: Vec<String> = detail.into_iter().chain(places).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

impl From<TransportError> for CliError {
    fn from(error: TransportError) -> Self {
        let text = error.to_string();
        match error {
            TransportError::NotConnected(_) => {
                Self::new(Exit::Failed, "NO_CONNECTION", "the server cannot be reached", text)
            }
            TransportError::Broken(_) => Self::new(Exit::Failed, "BROKEN_OFF", "the server gave no answer", text)
                .with_hint("the work that the server has taken goes on there; run the command again to see it"),
            TransportError::TooLarge => Self::new(Exit::Failed, "ANSWER_TOO_LARGE", "the answer is too large", text),
            TransportError::File(_) => Self::unreadable(text),
            TransportError::Address(_) => Self::usage(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: &str) -> CliError {
        let body = serde_json::json!({"type": "x", "title": "T", "status": status, "code": code, "needed": 7});
        of_answer(status, &serde_json::to_vec(&body).expect("JSON"))
    }

    #[test]
    fn each_kind_of_refusal_has_its_exit_code() {
        for (status, code, exit) in [
            (402, "INSUFFICIENT_CREDITS", Exit::NotEnoughCredits),
            (400, "VALIDATION_FAILED", Exit::Usage),
            (401, "UNAUTHENTICATED", Exit::Usage),
            (422, "IDEMPOTENCY_KEY_REUSED", Exit::Usage),
            (400, "INVALID_CSV", Exit::Unreadable),
            (413, "FILE_TOO_LARGE", Exit::Unreadable),
            (404, "LIST_NOT_FOUND", Exit::Failed),
            (503, "OVERLOADED", Exit::Failed),
        ] {
            assert_eq!(refused(status, code).code, exit, "{code}");
        }
    }

    #[test]
    fn the_document_is_passed_on_whole() {
        let printed = serde_json::to_value(refused(402, "INSUFFICIENT_CREDITS")).expect("JSON");
        assert_eq!((&printed["error"]["needed"], &printed["error"]["exitCode"]), (&7.into(), &6.into()));
    }

    #[test]
    fn every_wrong_place_is_told() {
        let body = br#"{"code":"VALIDATION_FAILED","title":"T","detail":"two things",
            "errors":[{"pointer":"/a","detail":"is empty"},{"parameter":"limit","detail":"is 0"}]}"#;
        assert_eq!(of_answer(400, body).problem.detail, "two things\n/a: is empty\nlimit: is 0");
    }

    #[test]
    fn an_answer_of_something_else_is_not_taken_for_ours() {
        for body in [&b"<html>"[..], b"{}", b"[1]", b""] {
            let error = of_answer(502, body);
            assert_eq!((error.code, error.problem.code.as_ref()), (Exit::Failed, "NOT_GALENA"));
        }
    }
}
