//! What a command prints: its result on standard output, everything else on standard error.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::exit::{CliError, Exit};

/// Who reads standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    Person,
    /// `--json`: exactly one document.
    Program,
}

/// The result of a command. Commands give it back and the frame prints it, so that it is printed once.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    Document {
        json: serde_json::Value,
        /// For people; complete lines.
        text: String,
    },
    /// A result that is not what one hopes for, and how the command ends then.
    Verdict { exit: Exit, json: serde_json::Value, text: String },
    /// The command wrote its output itself: a server's, or a stream of rows or lines.
    Written,
}

impl Report {
    /// # Errors
    /// `result` cannot be written as JSON: a map with keys that are not texts.
    pub fn new(result: &impl Serialize, text: impl Into<String>) -> Result<Self, CliError> {
        let json = serde_json::to_value(result).map_err(|error| {
            CliError::new(Exit::Failed, "INTERNAL", "the result cannot be shown", error.to_string())
        })?;
        Ok(Self::Document { json, text: text.into() })
    }

    /// The same document with another end of the command.
    #[must_use]
    pub fn ending(self, exit: Exit) -> Self {
        match self {
            Self::Document { json, text } | Self::Verdict { json, text, .. } => Self::Verdict { exit, json, text },
            Self::Written => Self::Written,
        }
    }
}

/// Prints the end of a command and says how it exits.
pub fn conclude(result: Result<Report, CliError>, reader: Reader) -> Exit {
    let (exit, printed) = match (result, reader) {
        (Ok(Report::Written), _) => (Exit::Done, Ok(())),
        (Ok(Report::Document { json, .. }), Reader::Program) => (Exit::Done, print(&format!("{json}\n"))),
        (Ok(Report::Document { text, .. }), Reader::Person) => (Exit::Done, print(&text)),
        (Ok(Report::Verdict { exit, json, .. }), Reader::Program) => (exit, print(&format!("{json}\n"))),
        (Ok(Report::Verdict { exit, text, .. }), Reader::Person) => (exit, print(&text)),
        (Err(error), Reader::Program) => {
            let document = serde_json::to_string(&error).unwrap_or_else(|_| "{\"error\":{}}".to_owned());
            (error.code, print(&format!("{document}\n")))
        }
        (Err(error), Reader::Person) => {
            complain(&error);
            (error.code, Ok(()))
        }
    };
    match printed {
        Ok(()) => exit,
        // `galena ... | head` closes the pipe when it has enough; that is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit,
        Err(error) => {
            note(&format!("error: standard output cannot be written: {error}"));
            if exit == Exit::Done { Exit::Failed } else { exit }
        }
    }
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn complain(error: &CliError) {
    let problem = &error.problem;
    // Several problems stand one below the other.
    let gap = if problem.detail.contains('\n') { "\n" } else { " " };
    note(&format!("error: {}:{gap}{}", problem.title, problem.detail));
    if let Some(hint) = &problem.hint {
        note(&format!("hint: {hint}"));
    }
}

/// A line on standard error. Nobody can be told when even that fails.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// A progress bar on standard error; invisible when that is not a terminal. `total` is `None` when nobody knows it.
pub fn progress(what: &'static str, total: Option<u64>) -> ProgressBar {
    let target = if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let template = match total {
        Some(_) => "{msg:<12} [{bar:30}] {human_pos}/{human_len} {per_sec:>12} {eta:>5}",
        None => "{msg:<12} {spinner} {human_pos} {per_sec:>12} {elapsed:>5}",
    };
    let bar = ProgressBar::with_draw_target(total, target).with_message(what);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
