//! The XML of a part, tag by tag, in the little that workbooks need: no namespaces, no document types, no depth.

use std::borrow::Cow;
use std::io;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesEnd, BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::archive::{Part, unread};
use super::error::WorkbookError;

/// Workbooks nest about ten deep.
const DEEPEST: u32 = 64;

/// A part being read.
pub struct Xml<'a> {
    reader: Reader<Part<'a>>,
    buffer: Vec<u8>,
    depth: u32,
    part: String,
}

/// What comes next. An empty element opens and closes.
#[derive(Debug)]
pub enum Node<'b> {
    Open(Open<'b>),
    Close(Close<'b>),
    Text(Cow<'b, str>),
    /// A comment and the like.
    Other,
    End,
}

#[derive(Debug)]
pub struct Open<'b>(BytesStart<'b>);

#[derive(Debug)]
pub struct Close<'b>(BytesEnd<'b>);

/// Strict and transitional files, with prefixes and without, differ only in what stands before the colon.
fn local(name: &str) -> &str {
    // Most names have none, and are a few bytes long.
    match name.bytes().rposition(|byte| byte == b':') {
        Some(colon) => &name[colon + 1..],
        None => name,
    }
}

impl Open<'_> {
    /// Without its prefix.
    pub fn name(&self) -> &str {
        local(self.0.name().0)
    }

    /// Calls `found` with name (without its prefix) and value of each attribute.
    ///
    /// # Errors
    /// The tag is malformed, or names an entity that XML itself does not have. `part` is for the message.
    pub fn attributes(&self, part: &str, mut found: impl FnMut(&str, &str)) -> Result<(), WorkbookError> {
        for attribute in self.0.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| WorkbookError::damaged(part, error.to_string()))?;
            let name = local(attribute.key.0);
            if attribute.value.bytes().all(|byte| byte > b' ' && byte != b'&') {
                found(name, &attribute.value);
                continue;
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            found(name, &value.map_err(|error| WorkbookError::damaged(part, error.to_string()))?);
        }
        Ok(())
    }
}

impl Close<'_> {
    /// Without its prefix.
    pub fn name(&self) -> &str {
        local(self.0.name().0)
    }
}

impl<'a> Xml<'a> {
    pub fn new(part: &str, bytes: Part<'a>) -> Self {
        let mut reader = Reader::from_reader(bytes);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), depth: 0, part: part.to_owned() }
    }

    /// Name of the part.
    pub fn part(&self) -> &str {
        &self.part
    }

    /// # Errors
    /// The part cannot be unpacked, is more than was declared, or is no XML as workbooks have it.
    pub fn next(&mut self) -> Result<Node<'_>, WorkbookError> {
        self.buffer.clear();
        self.reader.get_mut().next_event();
        let event = match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(error) => return Err(unparsed(&self.part, self.reader.get_ref().is_overrun(), error)),
        };
        let damaged = |reason: &str| Err(WorkbookError::damaged(&self.part, reason));
        match event {
            Event::Start(tag) | Event::Empty(tag) => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return damaged("its tags are nested deeper than those of any workbook");
                }
                Ok(Node::Open(Open(tag)))
            }
            Event::End(tag) => {
                self.depth = self.depth.saturating_sub(1);
                Ok(Node::Close(Close(tag)))
            }
            Event::Text(text) => Ok(Node::Text(text.xml10_content())),
            Event::CData(text) => Ok(Node::Text(text.xml10_content())),
            Event::GeneralRef(name) => match character(&name) {
                Some(character) => Ok(Node::Text(Cow::Owned(character.to_string()))),
                None => damaged("it names an entity that workbooks do not have"),
            },
            Event::DocType(_) => damaged("it has a document type definition, which workbooks do not have"),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => Ok(Node::Other),
            Event::Eof if self.depth > 0 => damaged("it ends too early"),
            Event::Eof => Ok(Node::End),
        }
    }

    /// Unpacks the rest without reading it: its checksum stands at the end.
    ///
    /// # Errors
    /// The part cannot be unpacked, is more than was declared, or has another checksum.
    pub fn drain(mut self) -> Result<(), WorkbookError> {
        self.reader.get_mut().unlimited();
        let drained = io::copy(self.reader.get_mut(), &mut io::sink());
        drained.map(drop).map_err(|error| unread(&self.part, error))
    }
}

fn unparsed(part: &str, is_overrun: bool, error: quick_xml::Error) -> WorkbookError {
    match error {
        _ if is_overrun => WorkbookError::too_large(part, "one text in it is longer than 1 MiB"),
        quick_xml::Error::Io(error) => unread(part, io::Error::new(error.kind(), error.to_string())),
        quick_xml::Error::Encoding(_) => WorkbookError::damaged(part, "it is not written in UTF-8"),
        error => WorkbookError::damaged(part, error.to_string()),
    }
}

fn character(name: &BytesRef<'_>) -> Option<char> {
    match &**name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => name.resolve_char_ref().ok().flatten(),
    }
}
