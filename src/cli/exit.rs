//! How a command ends: its exit code, and what went wrong in words.

use std::borrow::Cow;
use std::process::ExitCode;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::config::ConfigError;

/// The exit codes; scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Rejected rows, invalid lines and warnings included.
    Done = 0,
    Failed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// The input cannot be read.
    Unreadable = 3,
    /// `check` found a disagreement.
    Disagreement = 4,
    /// Another process has the data directory.
    InUse = 5,
    NotEnoughCredits = 6,
    Interrupted = 130,
}

impl Exit {
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What went wrong, in the members of `application/problem+json` (RFC 9457) that make sense without HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// From the table of error codes that the HTTP API uses too.
    pub code: Cow<'static, str>,
    pub title: Cow<'static, str>,
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// More members: what exactly, for programs, and where.
    pub members: Map<String, Value>,
    /// The problem document of a server, which has members that only some codes have.
    pub document: Option<Box<Map<String, Value>>>,
}

/// Why a command failed. Never holds a secret: it is printed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", problem.title, problem.detail)]
pub struct CliError {
    pub code: Exit,
    pub problem: Problem,
}

impl CliError {
    pub fn new(
        exit: Exit,
        code: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            code: exit,
            problem: Problem {
                code: code.into(),
                title: title.into(),
                detail: detail.into(),
                hint: None,
                members: Map::new(),
                document: None,
            },
        }
    }

    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.problem.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn with_member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.problem.members.insert(name.to_owned(), value.into());
        self
    }

    pub fn usage(detail: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "USAGE", "the command line is not understood", detail)
    }

    pub fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(Exit::Unreadable, "INPUT_UNREADABLE", "the input cannot be read", detail)
    }

    pub fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "INTERRUPTED", "interrupted", "stopped before it was done")
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Usage, "CONFIGURATION_INVALID", "the configuration is not valid", error.to_string())
            .with_hint("galena config print --defaults shows every key with its default")
    }
}

/// `{"error": {...}}`
impl Serialize for CliError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            r#type: &'static str,
            title: &'a str,
            code: &'a str,
            detail: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            hint: Option<&'a str>,
            exit_code: u8,
            #[serde(flatten)]
            members: &'a Map<String, Value>,
        }
        let Problem { code, title, detail, hint, members, document } = &self.problem;
        let exit_code = self.code.code();
        let mut map = serializer.serialize_map(Some(1))?;
        match document {
            Some(document) => {
                let mut document = (**document).clone();
                document.insert("exitCode".to_owned(), exit_code.into());
                map.serialize_entry("error", &document)?;
            }
            None => {
                let body = Body { r#type: "about:blank", title, code, detail, hint: hint.as_deref(), exit_code, members };
                map.serialize_entry("error", &body)?;
            }
        }
        map.end()
    }
}
