//! Walks the cells of a sheet in the order of the file, one row in memory at a time.

use super::error::{Place, WorkbookError};
use super::meter::LONGEST_EVENT;
use super::xml::{Node, Open, Xml};

/// What Excel can hold (its specifications and limits).
const LAST_ROW: u64 = 1_048_576;
const LAST_COLUMN: usize = 16_384;

/// How the text of a cell is meant (ECMA-376, 18.18.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellType {
    Number,
    /// Its text is the number of a shared string.
    Shared,
    Text,
    Truth,
    Error,
    /// Its text is ISO 8601.
    Iso,
}

/// A cell as it stands in the sheet; ones without any text are not told of.
#[derive(Debug)]
pub struct Cell<'a> {
    /// From 0.
    pub column: usize,
    pub kind: CellType,
    /// Number of its style.
    pub style: usize,
    pub raw: &'a str,
}

/// Takes the cells of a sheet.
pub trait Cells {
    /// # Errors
    /// The cell cannot be what it says.
    fn cell(&mut self, cell: &Cell<'_>) -> Result<(), WorkbookError>;

    /// The row of this number, from 1, is over. Rows without a cell are not told of.
    ///
    /// # Errors
    /// The row cannot be taken.
    fn row(&mut self, number: u64) -> Result<(), WorkbookError>;
}

/// Counts the shared strings that the cells name.
#[derive(Debug, Default)]
pub struct Scan {
    /// One more than the highest number named.
    pub strings: u64,
}

impl Cells for Scan {
    fn cell(&mut self, cell: &Cell<'_>) -> Result<(), WorkbookError> {
        if cell.kind == CellType::Shared {
            let named = cell.raw.trim().parse::<u64>().map_or(0, |number| number.saturating_add(1));
            self.strings = self.strings.max(named);
        }
        Ok(())
    }

    fn row(&mut self, _number: u64) -> Result<(), WorkbookError> {
        Ok(())
    }
}

/// Where the walk is.
#[derive(Debug, Default)]
struct Walk {
    /// From 1.
    row: u64,
    /// From 0: the next cell that does not say where it is.
    column: usize,
    kind: Option<CellType>,
    style: usize,
    text: String,
    has_cells: bool,
    in_text: bool,
    phonetic: u32,
}

/// Walks the sheet until its cells end or `max_rows` rows with cells were read; says whether that ended it.
///
/// # Errors
/// The sheet is damaged, or `cells` could not take something of it.
pub fn walk(
    xml: &mut Xml<'_>,
    sheet: &str,
    max_rows: Option<u64>,
    cells: &mut impl Cells,
) -> Result<bool, WorkbookError> {
    let part = xml.part().to_owned();
    let mut walk = Walk::default();
    let (mut rows, mut in_cells) = (0, false);
    loop {
        let node = match xml.next() {
            Ok(node) => node,
            Err(error) if walk.row > 0 => return Err(error.at(|| walk.place(sheet))),
            Err(error) => return Err(error),
        };
        match node {
            Node::Text(text) if walk.in_text => {
                walk.text.push_str(&text);
                if walk.text.len() > LONGEST_EVENT {
                    return Err(
                        WorkbookError::too_large(&part, "the text is longer than 1 MiB").at(|| walk.place(sheet))
                    );
                }
            }
            Node::Open(tag) if in_cells => walk.open(&tag, &part).map_err(|error| error.at(|| walk.place(sheet)))?,
            Node::Open(tag) => in_cells = tag.name() == "sheetData",
            Node::Close(tag) if in_cells => match tag.name() {
                "v" | "t" => walk.in_text = false,
                "rPh" => walk.phonetic = walk.phonetic.saturating_sub(1),
                "c" => walk.close_cell(cells).map_err(|error| error.at(|| walk.place(sheet)))?,
                "row" if walk.has_cells => {
                    let row = Place { sheet: sheet.to_owned(), row: walk.row, column: 0 };
                    cells.row(walk.row).map_err(|error| error.at(|| row))?;
                    rows += 1;
                    if max_rows.is_some_and(|max_rows| rows >= max_rows) {
                        return Ok(true);
                    }
                }
                "sheetData" => return Ok(false),
                _ => {}
            },
            Node::End => return Ok(false),
            _ => {}
        }
    }
}

impl Walk {
    fn place(&self, sheet: &str) -> Place {
        let column = if self.kind.is_some() { self.column as u64 + 1 } else { 0 };
        Place { sheet: sheet.to_owned(), row: self.row, column }
    }

    fn open(&mut self, tag: &Open<'_>, part: &str) -> Result<(), WorkbookError> {
        match tag.name() {
            "row" => {
                let mut number = None;
                tag.attributes(part, |name, value| {
                    if name == "r" {
                        number = Some(value.trim().parse().unwrap_or(0));
                    }
                })?;
                (self.row, self.column, self.kind) = (number.unwrap_or(self.row + 1), 0, None);
                self.has_cells = false;
                if !(1..=LAST_ROW).contains(&self.row) {
                    return Err(WorkbookError::damaged(part, "there can be no row of this number"));
                }
            }
            "c" => {
                let mut column = Some(self.column);
                (self.kind, self.style) = (Some(CellType::Number), 0);
                self.text.clear();
                tag.attributes(part, |name, value| match name {
                    "r" => column = column_of(value),
                    "s" => self.style = value.parse().unwrap_or(0),
                    "t" => self.kind = Some(kind(value)),
                    _ => {}
                })?;
                self.column = column.unwrap_or(LAST_COLUMN);
                if self.column >= LAST_COLUMN {
                    return Err(WorkbookError::damaged(part, "there can be no cell of this name"));
                }
            }
            "v" => {
                self.text.clear();
                self.in_text = true;
            }
            "t" => self.in_text = self.phonetic == 0,
            "rPh" => self.phonetic += 1,
            _ => {}
        }
        Ok(())
    }

    fn close_cell(&mut self, cells: &mut impl Cells) -> Result<(), WorkbookError> {
        let Some(kind) = self.kind else { return Ok(()) };
        if !self.text.is_empty() {
            self.has_cells = true;
            cells.cell(&Cell { column: self.column, kind, style: self.style, raw: &self.text })?;
        }
        self.kind = None;
        self.column += 1;
        Ok(())
    }
}

fn kind(name: &str) -> CellType {
    match name {
        "s" => CellType::Shared,
        "str" | "inlineStr" => CellType::Text,
        "b" => CellType::Truth,
        "e" => CellType::Error,
        "d" => CellType::Iso,
        _ => CellType::Number,
    }
}

/// The column of `BC23`, from 0.
fn column_of(name: &str) -> Option<usize> {
    let letters = name.trim().bytes().take_while(u8::is_ascii_alphabetic);
    let mut column = 0_usize;
    for letter in letters {
        column = column.saturating_mul(26).saturating_add(usize::from(letter.to_ascii_uppercase() - b'A') + 1);
    }
    column.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        assert_eq!(["A1", "Z9", "AA1", "xfd1"].map(column_of), [Some(0), Some(25), Some(26), Some(16_383)]);
        assert_eq!(["1", "", "ü1"].map(column_of), [None, None, None]);
        assert!(column_of(&"Z".repeat(99)).is_some_and(|column| column > LAST_COLUMN));
    }
}
