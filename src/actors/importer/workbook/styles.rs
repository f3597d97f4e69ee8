//! The number formats of a workbook, one for each style that a cell can name.

use std::collections::HashMap;

use super::archive::Archive;
use super::error::WorkbookError;
use super::number_format::NumberFormat;
use super::xml::Node;

#[derive(Debug, Default)]
pub struct Styles {
    /// By the number that cells name.
    formats: Vec<NumberFormat>,
    pub is_1904: bool,
}

impl Styles {
    /// `part` is the part with the styles; a workbook without one has numbers and no dates.
    ///
    /// # Errors
    /// The part is damaged.
    pub fn read(archive: &mut Archive<'_>, part: Option<&str>, is_1904: bool) -> Result<Self, WorkbookError> {
        let mut styles = Self { formats: Vec::new(), is_1904 };
        let Some(part) = part else { return Ok(styles) };
        let Some(mut xml) = archive.small_part(part)? else { return Ok(styles) };
        let mut custom = HashMap::new();
        // Elements of these names stand elsewhere too, with another meaning.
        let (mut in_formats, mut in_cells) = (false, false);
        loop {
            match xml.next()? {
                Node::Open(tag) => match tag.name() {
                    "numFmts" => in_formats = true,
                    "cellXfs" => in_cells = true,
                    "numFmt" if in_formats => {
                        let (mut id, mut format) = (None, NumberFormat::default());
                        tag.attributes(part, |name, value| match name {
                            "numFmtId" => id = value.parse::<u32>().ok(),
                            "formatCode" => format = NumberFormat::parse(value),
                            _ => {}
                        })?;
                        custom.extend(id.map(|id| (id, format)));
                    }
                    "xf" if in_cells => {
                        let mut id = 0;
                        tag.attributes(part, |name, value| {
                            if name == "numFmtId" {
                                id = value.parse().unwrap_or(0);
                            }
                        })?;
                        styles.formats.push(custom.get(&id).copied().unwrap_or_else(|| NumberFormat::built_in(id)));
                    }
                    _ => {}
                },
                Node::Close(tag) => match tag.name() {
                    "numFmts" => in_formats = false,
                    "cellXfs" => in_cells = false,
                    _ => {}
                },
                Node::End => return Ok(styles),
                _ => {}
            }
        }
    }

    /// A style that there is not shows plain numbers.
    pub fn format(&self, style: usize) -> NumberFormat {
        self.formats.get(style).copied().unwrap_or_default()
    }
}
