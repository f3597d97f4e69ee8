//! The strings that cells name by number, in one piece of memory: as single strings they would take four times as much.

use std::borrow::Cow;

use super::archive::Archive;
use super::error::WorkbookError;
use super::escapes::decoded;
use super::meter::LONGEST_EVENT;
use super::xml::Node;

#[derive(Debug, Default)]
pub struct SharedStrings {
    text: String,
    /// Where each string ends in `text`.
    ends: Vec<u32>,
}

impl SharedStrings {
    /// Reads the first `needed` strings of `part`; a workbook without one writes its strings into the cells.
    ///
    /// # Errors
    /// The part is damaged, or takes more memory than the limits allow.
    pub fn read(archive: &mut Archive<'_>, part: Option<&str>, needed: u64) -> Result<Self, WorkbookError> {
        let mut strings = Self::default();
        let limit = archive.limits().max_shared_string_bytes.min(u64::from(u32::MAX));
        let Some(part) = part else { return Ok(strings) };
        if needed == 0 {
            return Ok(strings);
        }
        let Some(mut xml) = archive.part(part)? else { return Ok(strings) };
        let (mut in_text, mut phonetic) = (false, 0_u32);
        let mut start = 0;
        loop {
            match xml.next()? {
                Node::Text(text) if in_text => {
                    strings.text.push_str(&text);
                    if strings.text.len() - start > LONGEST_EVENT {
                        return Err(WorkbookError::too_large(part, "one string is longer than 1 MiB"));
                    }
                }
                Node::Open(tag) => match tag.name() {
                    "si" => start = strings.text.len(),
                    "t" => in_text = phonetic == 0,
                    "rPh" => phonetic += 1,
                    _ => {}
                },
                Node::Close(tag) => match tag.name() {
                    "t" => in_text = false,
                    "rPh" => phonetic = phonetic.saturating_sub(1),
                    "si" => {
                        strings.end(start);
                        let held = strings.text.len() as u64 + 4 * strings.ends.len() as u64;
                        if held > limit {
                            let reason = format!("its strings take more than {limit} bytes; save the table as CSV");
                            return Err(WorkbookError::too_large(part, reason));
                        }
                        if strings.ends.len() as u64 >= needed {
                            return Ok(strings);
                        }
                    }
                    _ => {}
                },
                Node::End => return Ok(strings),
                _ => {}
            }
        }
    }

    fn end(&mut self, start: usize) {
        if let Cow::Owned(read) = decoded(self.text.get(start..).unwrap_or_default()) {
            self.text.truncate(start);
            self.text.push_str(&read);
        }
        // The limit is below what the number holds.
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn get(&self, number: usize) -> Option<&str> {
        let end = *self.ends.get(number)? as usize;
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |start| *start as usize);
        self.text.get(start..end)
    }
}
