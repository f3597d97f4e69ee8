//! `galena normalize`: the rules of the import for one kind of value, a line in and a line out.
//!
//! Nothing but standard input is read, and no more than one line is held. Lines end with LF only; every line in gives
//! one line out, also an empty one and one that is no text.

mod kinds;

use std::io::{self, BufRead, BufReader, Read, Write};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};

use self::kinds::{Finding, Rules};
use super::context::Context;
use super::exit::{CliError, Exit};
use super::output::{Reader, Report};
use crate::domain::phone::Region;

/// No value is worth reading more than this many bytes of a line.
const MAX_LINE_BYTES: usize = 1 << 20;
const BUFFER_BYTES: usize = 64 << 10;

/// What the lines of standard input are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// E-mail addresses
    Email,
    /// Phone numbers
    Phone,
    /// Web addresses
    Url,
    /// LinkedIn profiles of persons
    Linkedin,
    /// Full names of persons
    Name,
    /// Names of companies
    Company,
    /// Job titles
    Title,
}

#[derive(Debug, Args)]
pub struct NormalizeArgs {
    /// What the lines of standard input are
    #[arg(long, value_enum)]
    kind: Kind,
    /// Country of phone numbers written without one, such as US or DE
    #[arg(long, value_name = "COUNTRY")]
    region: Option<String>,
}

/// # Errors
/// Exit 2 for a region that is no country, 3 when standard input cannot be read.
pub fn run(args: &NormalizeArgs, context: &Context) -> Result<Report, CliError> {
    let rules = Rules::new(args.kind, region(args.region.as_deref())?)?;
    let input = BufReader::with_capacity(BUFFER_BYTES, io::stdin().lock());
    let output = io::BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
    match normalize(&rules, input, output, context.reader()) {
        Ok(()) => Ok(Report::Written),
        Err(Broken::Input(error)) => Err(CliError::unreadable(format!("standard input: {error}"))),
        // `galena normalize ... | head` closes the pipe when it has enough; that is no failure.
        Err(Broken::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Report::Written),
        Err(Broken::Output(error)) => {
            Err(CliError::new(Exit::Failed, "INTERNAL", "standard output cannot be written", error.to_string()))
        }
    }
}

/// The country a flag names, else the configured default.
pub(super) fn region(given: Option<&str>) -> Result<Option<Region>, CliError> {
    let configured = crate::config::Import::default().region;
    match given.unwrap_or(&configured) {
        "" => Ok(None),
        text => Region::from_country(text)
            .map(Some)
            .ok_or_else(|| CliError::usage(format!("--region: \"{text}\" is no country"))),
    }
}

/// Which end of the pipe failed.
enum Broken {
    Input(io::Error),
    Output(io::Error),
}

fn normalize<R: Read>(
    rules: &Rules,
    mut input: BufReader<R>,
    mut output: impl Write,
    reader: Reader,
) -> Result<(), Broken> {
    let mut line = Vec::new();
    while let Some(size) = next_line(&mut input, &mut line).map_err(Broken::Input)? {
        let shown = String::from_utf8_lossy(&line);
        let finding = match std::str::from_utf8(&line) {
            _ if size > MAX_LINE_BYTES => rules.refuse(format!("is longer than {MAX_LINE_BYTES} bytes")),
            Ok(text) => rules.look(text),
            Err(_) => rules.refuse("is not UTF-8"),
        };
        // What is too long to be looked at is not repeated either.
        let shown = (size <= MAX_LINE_BYTES).then_some(&*shown);
        match reader {
            Reader::Program => writeln!(output, "{}", document(shown, finding)),
            Reader::Person => writeln!(output, "{}", columns(shown, &finding)),
        }
        .map_err(Broken::Output)?;
        // Whoever writes a line and waits for the answer gets it.
        if input.buffer().is_empty() {
            output.flush().map_err(Broken::Output)?;
        }
    }
    output.flush().map_err(Broken::Output)
}

/// Reads a line without its LF and gives its size in bytes, of which at most [`MAX_LINE_BYTES`] are kept; `None` at the
/// end.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<usize>> {
    line.clear();
    let mut size = 0;
    loop {
        let buffer = match input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            return Ok((size > 0).then_some(size));
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let piece = &buffer[..end.unwrap_or(buffer.len())];
        line.extend_from_slice(&piece[..piece.len().min(MAX_LINE_BYTES.saturating_sub(line.len()))]);
        size += piece.len();
        let used = piece.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return Ok(Some(size));
        }
    }
}

/// `{"input", "valid", "normalized", "reason", ...}`: every key of the kind in every line, `null` where there is none.
fn document(input: Option<&str>, finding: Finding) -> Value {
    let mut document = Map::new();
    document.insert("input".to_owned(), input.into());
    document.insert("valid".to_owned(), finding.reason.is_none().into());
    document.insert("normalized".to_owned(), finding.normalized.into());
    document.insert("reason".to_owned(), finding.reason.into());
    document.extend(finding.details.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Value::Object(document)
}

/// Input, `valid` or `invalid`, the normal form or the reason, then what else is known, with tabs between them.
fn columns(input: Option<&str>, finding: &Finding) -> String {
    let verdict = if finding.reason.is_none() { "valid" } else { "invalid" };
    let found = finding.reason.as_deref().or(finding.normalized.as_deref()).unwrap_or_default();
    let mut line = [input.unwrap_or_default(), verdict, found].map(plain).join("\t");
    for (_, value) in &finding.details {
        line.push('\t');
        match value {
            Value::Null => {}
            Value::String(text) => line.push_str(&plain(text)),
            other => line.push_str(&other.to_string()),
        }
    }
    line
}

/// Without what would end a column or move the cursor.
fn plain(text: &str) -> String {
    let text = text.strip_suffix('\r').unwrap_or(text);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(kind: Kind, input: &[u8]) -> Vec<Value> {
        let rules = Rules::new(kind, None).expect("rules");
        let mut output = Vec::new();
        // A buffer of three bytes: lines come in pieces.
        let input = BufReader::with_capacity(3, input);
        assert!(normalize(&rules, input, &mut output, Reader::Program).is_ok());
        let lines = String::from_utf8(output).expect("UTF-8");
        lines.lines().map(|line| serde_json::from_str(line).expect("a document")).collect()
    }

    #[test]
    fn every_line_in_gives_one_line_out() {
        let count = |input: &[u8]| run(Kind::Email, input).len();
        assert_eq!(
            [count(b""), count(b"\n"), count(b"a"), count(b"a\n"), count(b"a\n\nb\r\n\xff\n\n")],
            [0, 1, 1, 1, 5]
        );
    }

    #[test]
    fn a_return_at_the_end_is_white_space_and_bad_bytes_are_told() {
        let found = run(Kind::Email, b"Ada@Example.org\r\n\xffx@example.org\n");
        assert_eq!(
            (&found[0]["input"], &found[0]["normalized"]),
            (&"Ada@Example.org\r".into(), &"ada@example.org".into())
        );
        assert_eq!((&found[1]["valid"], &found[1]["reason"]), (&false.into(), &"is not UTF-8".into()));
        assert_eq!(found[1]["input"], "\u{fffd}x@example.org");
        assert_eq!(found[1]["domain"], Value::Null, "every line has every key");
    }

    #[test]
    fn a_line_without_end_is_not_held() {
        let mut input = vec![b'a'; MAX_LINE_BYTES + 1];
        input.extend_from_slice(b"\nada@example.org");
        let found = run(Kind::Email, &input);
        assert_eq!((found.len(), &found[0]["input"], &found[0]["valid"]), (2, &Value::Null, &false.into()));
        assert_eq!(found[1]["valid"], true);
    }
}
