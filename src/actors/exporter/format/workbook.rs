//! A workbook of Excel. Every text is a cell of text and never a formula or a link, numbers are numbers, times are times,
//! and cells that would be run when somebody saves the sheet as CSV have the same mark in front as in a CSV file.
//!
//! What a sheet cannot hold is not cut: rows go on in another sheet, and a text that is too long for a cell goes on in a
//! sheet of its own.

use std::borrow::Cow;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, XlsxError};

use super::sheet::{Look, MOST_COLUMNS, MOST_ROWS, Sheet, SheetColumn, Value};
use super::sheet_text::{MOST_UNITS, split_at_units, units};
use super::widths::width;
use super::{Format, FormatError, Surroundings};
use crate::domain::cell::neutralise;
use crate::domain::export::{Cell, Column, Known};
use crate::domain::id::LeadId;
use crate::domain::lead::{Lead, LeadField};
use crate::domain::time::Time;

const SHEET: &str = "Leads";
const LONG_TEXTS: &str = "Long texts";
/// Behind the beginning of a text that goes on elsewhere.
const GOES_ON: &str = " … [goes on in the sheet \"Long texts\"]";
/// From this size on a sheet may be more than a plain archive can hold, escapes and all.
const LARGE_SHEET: u64 = 1 << 30;
const MILLISECONDS_OF_A_DAY: f64 = 86_400_000.0;
/// 1970-01-01 as Excel counts days, and the first day behind those it knows.
const EPOCH_DAY: f64 = 25_569.0;
const END_OF_DAYS: f64 = 2_958_466.0;
/// Excel takes 1900 for a leap year: days before this one are counted otherwise.
const FIRST_SURE_DAY: f64 = 61.0;

pub(super) struct Workbook<W> {
    out: W,
    book: rust_xlsxwriter::Workbook,
    columns: Vec<Column>,
    /// Rows of a sheet, the titles included.
    most_rows: u32,
    /// Sheets of leads, the one in work included.
    sheets: u32,
    /// The one in work.
    sheet: Option<Sheet>,
    long_texts: Option<Sheet>,
}

impl<W: Write + Send> Workbook<W> {
    pub(super) fn new(out: W, around: Surroundings<'_>) -> Result<Self, FormatError> {
        let mut book = rust_xlsxwriter::Workbook::new();
        // Files without a name: they are gone when the process is, however it ends.
        guarded(|| book.set_tempdir(around.folder).map(drop))?;
        // Nobody's name and no clock but ours.
        let made = ExcelDateTime::from_timestamp(around.asked_at.0.div_euclid(1_000)).map_err(told)?;
        book.set_properties(&DocProperties::new().set_title(SHEET).set_creation_datetime(&made));
        let (columns, sheet, long_texts) = (Vec::new(), None, None);
        Ok(Self { out, book, columns, most_rows: MOST_ROWS, sheets: 0, sheet, long_texts })
    }

    fn next_sheet(&mut self) -> Result<(), XlsxError> {
        self.sheets += 1;
        let name = if self.sheets == 1 { SHEET.to_owned() } else { format!("{SHEET} {}", self.sheets) };
        let titles: Vec<String> = self.columns.iter().map(|column| neutralise(&column.header()).into_owned()).collect();
        let columns: Vec<SheetColumn<'_>> = self
            .columns
            .iter()
            .zip(&titles)
            .map(|(column, title)| SheetColumn {
                title: fitting(title),
                width: width(column, title),
                look: look(column),
            })
            .collect();
        let next = Sheet::begin(&mut self.book, name, &columns)?;
        match self.sheet.replace(next) {
            Some(full) => full.end(&mut self.book),
            None => Ok(()),
        }
    }

    fn write_row(&mut self, id: LeadId, lead: &Lead, original: &[(String, String)]) -> Result<(), XlsxError> {
        if self.sheet.as_ref().is_none_or(|sheet| sheet.row_number() > self.most_rows) {
            self.next_sheet()?;
        }
        let Some(sheet) = &mut self.sheet else { return Ok(()) };
        for (place, column) in (0_u16..).zip(&self.columns) {
            let text = match column.cell(id, lead, original) {
                Cell::Number(number) => {
                    sheet.cell(place, Value::Number(number.into()))?;
                    continue;
                }
                Cell::Truth(truth) => {
                    sheet.cell(place, Value::Truth(truth))?;
                    continue;
                }
                Cell::Moment(time) => match serial(time) {
                    Some(days) => {
                        sheet.cell(place, Value::Number(days))?;
                        continue;
                    }
                    None => Cow::Owned(time.to_string()),
                },
                Cell::Texts(texts) => Cow::Owned(texts.join(";")),
                Cell::Text(text) => text,
            };
            if text.is_empty() {
                continue;
            }
            let text = neutralise(&text);
            if units(&text) <= MOST_UNITS {
                sheet.cell(place, Value::Text(&text))?;
            } else {
                sheet.cell(place, Value::Text(&fitting(&text)))?;
                let place = format!(
                    "{}!{}",
                    sheet.name(),
                    rust_xlsxwriter::utility::row_col_to_cell(sheet.row_number() - 1, place)
                );
                let long = match &mut self.long_texts {
                    Some(long) => long,
                    none => none.insert(long_texts(&mut self.book)?),
                };
                put_long(long, &place, id, &text)?;
            }
        }
        sheet.end_row();
        Ok(())
    }

    fn save(&mut self) -> Result<(), XlsxError> {
        if self.sheet.is_none() {
            self.next_sheet()?;
        }
        let sheets = [self.sheet.take(), self.long_texts.take()];
        for sheet in sheets.into_iter().flatten() {
            if sheet.bytes() >= LARGE_SHEET || self.sheets > 1 {
                self.book.use_zip_large_file(true);
            }
            sheet.end(&mut self.book)?;
        }
        self.book.save_to_writer(&mut self.out)
    }
}

impl<W: Write + Send> Format for Workbook<W> {
    fn begin(&mut self, columns: &[Column]) -> Result<(), FormatError> {
        if columns.len() > MOST_COLUMNS {
            return Err(FormatError::TooManyColumns { columns: columns.len(), most: MOST_COLUMNS });
        }
        self.columns = columns.to_vec();
        Ok(())
    }

    fn row(&mut self, id: LeadId, lead: &Lead, original: &[(String, String)]) -> Result<(), FormatError> {
        guarded(|| self.write_row(id, lead, original))
    }

    fn end(&mut self) -> Result<(), FormatError> {
        guarded(|| self.save())?;
        Ok(self.out.flush()?)
    }
}

fn look(column: &Column) -> Look {
    match column {
        Column::Field(LeadField::Phone | LeadField::CompanyPhone | LeadField::PostalCode) => Look::Digits,
        Column::Known(Known::CreatedAt | Known::UpdatedAt | Known::EnrichedAt) => Look::Moment,
        _ => Look::Usual,
    }
}

/// The sheet for what does not fit into a cell.
fn long_texts(book: &mut rust_xlsxwriter::Workbook) -> Result<Sheet, XlsxError> {
    let column = |title, width| SheetColumn { title: Cow::Borrowed(title), width, look: Look::Usual };
    let columns = [column("cell", 16.0), column("lead", 22.0), column("part", 9.0), column("text", 40.0)];
    Sheet::begin(book, LONG_TEXTS.to_owned(), &columns)
}

fn put_long(sheet: &mut Sheet, place: &str, id: LeadId, text: &str) -> Result<(), XlsxError> {
    let (mut part, mut rest) = (0_u32, text);
    while !rest.is_empty() {
        // One unit for the mark that a piece may need.
        let (piece, behind) = split_at_units(rest, MOST_UNITS - 1);
        part += 1;
        sheet.cell(0, Value::Text(place))?;
        sheet.cell(1, Value::Text(&id.to_string()))?;
        sheet.cell(2, Value::Number(part.into()))?;
        sheet.cell(3, Value::Text(&neutralise(piece)))?;
        sheet.end_row();
        rest = behind;
    }
    Ok(())
}

/// The text, or its beginning with a word that it goes on.
fn fitting(text: &str) -> Cow<'_, str> {
    if units(text) <= MOST_UNITS {
        return Cow::Borrowed(text);
    }
    Cow::Owned(split_at_units(text, MOST_UNITS - GOES_ON.encode_utf16().count()).0.to_owned() + GOES_ON)
}

/// Days as Excel counts them; `None` for a time that it does not know.
fn serial(time: Time) -> Option<f64> {
    let days = time.0 as f64 / MILLISECONDS_OF_A_DAY + EPOCH_DAY;
    (FIRST_SURE_DAY..END_OF_DAYS).contains(&days).then_some(days)
}

/// The library panics where its own file cannot be written.
fn guarded<T>(work: impl FnOnce() -> Result<T, XlsxError>) -> Result<T, FormatError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(told),
        Err(_) => Err(io::Error::other("the temporary file of a sheet was not taken; is the disk full?").into()),
    }
}

fn told(error: XlsxError) -> FormatError {
    match error {
        XlsxError::IoError(error) => FormatError::File(error),
        error => FormatError::Workbook(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Reader, Xlsx};

    use super::*;
    use crate::domain::id::Id;

    /// The cells of each sheet of a workbook with these leads, as a second reader sees them.
    fn sheets(
        most_rows: u32,
        columns: &[Column],
        leads: &[Lead],
        original: &[(String, String)],
    ) -> Vec<(String, Vec<Vec<String>>)> {
        let folder = tempfile::tempdir().expect("a folder");
        let around = Surroundings { folder: folder.path(), asked_at: Time::default() };
        let mut bytes = Vec::new();
        let mut book = Workbook::new(&mut bytes, around).expect("a workbook");
        book.most_rows = most_rows;
        book.begin(columns).expect("titles");
        for (number, lead) in (1..).zip(leads) {
            book.row(LeadId::from_u64(number), lead, original).expect("a row");
        }
        book.end().expect("an end");
        drop(book);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left beside the file");
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).expect("a workbook");
        let mut sheets = Vec::new();
        for name in book.sheet_names() {
            let cells = book.worksheet_range(&name).expect("cells");
            let rows = cells.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect();
            sheets.push((name, rows));
        }
        sheets
    }

    fn named(city: &str) -> Lead {
        Lead { city: Some(city.to_owned()), ..Lead::default() }
    }

    #[test]
    fn more_rows_than_a_sheet_takes_go_on_in_another() {
        let columns = [Column::Field(LeadField::City)];
        let found = sheets(3, &columns, &["a", "b", "c", "d", "e"].map(named), &[]);
        let texts: Vec<_> = found.iter().map(|(name, rows)| (name.as_str(), rows.concat().join(" "))).collect();
        let wanted = [("Leads", "city a b"), ("Leads 2", "city c d"), ("Leads 3", "city e")];
        assert_eq!(texts, wanted.map(|(name, text)| (name, text.to_owned())));
        let full = sheets(3, &columns, &["a", "b"].map(named), &[]);
        assert_eq!(full.len(), 1);
    }

    #[test]
    fn no_row_is_a_sheet_with_titles() {
        let found = sheets(MOST_ROWS, &[Column::Field(LeadField::City)], &[], &[]);
        assert_eq!(found, [("Leads".to_owned(), vec![vec!["city".to_owned()]])]);
    }

    #[test]
    fn a_text_longer_than_a_cell_goes_on_in_a_sheet_of_its_own() {
        let long = "=🧪é".repeat(20_000);
        let original = [("Notes".to_owned(), long.clone())];
        let columns = [Column::Field(LeadField::City), Column::Original("Notes".to_owned())];
        let found = sheets(MOST_ROWS, &columns, &[named("Köln")], &original);
        let cell = &found[0].1[1][1];
        // A character of two units may not fit at the end.
        assert!((MOST_UNITS - 1..=MOST_UNITS).contains(&units(cell)), "{}", units(cell));
        assert!(cell.starts_with("'=🧪é") && cell.ends_with(GOES_ON));
        let (name, parts) = &found[1];
        assert_eq!((name.as_str(), parts[0].join(" ")), ("Long texts", "cell lead part text".to_owned()));
        assert_eq!(parts[1][..3], ["Leads!B2".to_owned(), LeadId::from_u64(1).to_string(), "1".to_owned()]);
        let whole: String = parts[1..].iter().map(|row| crate::domain::cell::restore(&row[3])).collect();
        assert_eq!(crate::domain::cell::restore(&whole), long);
    }

    #[test]
    fn times_are_counted_as_excel_counts_them() {
        let days = |text: &str| serial(Time::parse(text).expect("a time"));
        assert_eq!(days("2024-03-01T12:00:00Z"), Some(45_352.5));
        assert_eq!((days("1900-03-01T00:00:00Z"), days("1900-02-28T23:59:59Z")), (Some(61.0), None));
        assert!(days("9999-12-30T00:00:00Z").is_some());
        assert_eq!(serial(Time(i64::MAX)), None);
    }

    #[test]
    fn too_many_columns_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let around = Surroundings { folder: folder.path(), asked_at: Time::default() };
        let mut book = Workbook::new(Vec::new(), around).expect("a workbook");
        let columns = vec![Column::Custom("x".to_owned()); MOST_COLUMNS + 1];
        assert!(matches!(book.begin(&columns), Err(FormatError::TooManyColumns { .. })));
    }
}
