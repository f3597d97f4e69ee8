//! Workbooks as a program writes them, read as tables.

use std::io::Cursor;

use galena::actors::importer::workbook::{Place, Sheet, WorkbookLimits, is_workbook, sheets, write_csv};
use rust_xlsxwriter::{Chart, ChartType, ExcelDateTime, Format, Formula, Workbook, Worksheet, XlsxError};

use crate::workbook_fixture::{csv, read};

fn book(fill: impl FnOnce(&mut Worksheet) -> Result<(), XlsxError>) -> Vec<u8> {
    let mut book = Workbook::new();
    fill(book.add_worksheet()).expect("a sheet");
    book.save_to_buffer().expect("a workbook")
}

#[test]
fn a_lead_file_becomes_the_csv_it_would_be() {
    let file = book(|sheet| {
        sheet.write_row(0, 0, ["Name", "Email", "Phone", "Notes"])?;
        sheet.write_row(1, 0, ["Ada Lovelace", "ada@example.org", "+44 20 7946 0018", "says \"hi\", twice"])?;
        sheet.write_string(2, 0, "Émile Zola")?.write_number(2, 2, 491_711_234_567_f64)?;
        sheet.write_string(3, 3, "two\nlines")?.write_string(3, 0, " spaced ")?;
        Ok(())
    });
    assert!(is_workbook(&file));
    assert!(!is_workbook(b"Name,Email\n"));
    let (csv, written) = read(&file, None).expect("a table");
    assert_eq!(
        csv,
        "Name,Email,Phone,Notes\n\
         Ada Lovelace,ada@example.org,+44 20 7946 0018,\"says \"\"hi\"\", twice\"\n\
         Émile Zola,,491711234567,\n\
         \" spaced \",,,\"two\nlines\"\n"
    );
    assert_eq!((written.rows, written.error_cells, written.is_cut), (4, 0, false));
    assert_eq!(written.sheet, "Sheet1");
}

#[test]
fn numbers_are_plain_whatever_their_format() {
    let file = book(|sheet| {
        let formats = ["General", "0.00", "0%", "#,##0.00 [$€-407]", "0.00E+00", "00000"];
        let numbers = [14_155_550_100.0, 3.0, 0.125, 1234.5, 120_000.0, 2134.0];
        for (column, (format, number)) in formats.into_iter().zip(numbers).enumerate() {
            sheet.write_number_with_format(0, column as u16, number, &Format::new().set_num_format(format))?;
        }
        sheet.write_number(1, 0, 0.1 + 0.2)?.write_boolean(1, 1, true)?.write_boolean(1, 2, false)?;
        Ok(())
    });
    assert_eq!(csv(&file), "14155550100,3,0.125,1234.5,120000,02134\n0.3,TRUE,FALSE,,,\n");
}

#[test]
fn dates_are_told_by_their_format() {
    let moment = ExcelDateTime::parse_from_str("2024-03-01T13:45:00").expect("a moment");
    let day = ExcelDateTime::parse_from_str("2024-03-01").expect("a day");
    let time = ExcelDateTime::parse_from_str("13:45").expect("a time");
    let fill = |sheet: &mut Worksheet| -> Result<(), XlsxError> {
        let as_shown = |code: &str| Format::new().set_num_format(code);
        sheet.write_with_format(0, 0, &day, &as_shown("dd/mm/yyyy"))?;
        sheet.write_with_format(0, 1, &moment, &as_shown("[$-409]m/d/yy h:mm AM/PM;@"))?;
        sheet.write_with_format(0, 2, &time, &as_shown("hh:mm"))?;
        sheet.write_number_with_format(0, 3, 1.09375, &as_shown("[h]:mm"))?;
        sheet.write_with_format(0, 4, &day, &Format::new().set_num_format_index(14))?;
        sheet.write_with_format(0, 5, &day, &as_shown("[Red]\"due\" d mmmm"))?;
        sheet.write_with_format(0, 6, &day, &as_shown("0.0 \"days\""))?;
        Ok(())
    };
    assert_eq!(csv(&book(fill)), "2024-03-01,2024-03-01T13:45:00,13:45:00,26:15:00,2024-03-01,2024-03-01,45352\n");
}

#[test]
fn formulas_give_their_results_and_errors_are_counted() {
    let file = book(|sheet| {
        sheet.write_row(0, 0, ["a", "b", "c"])?;
        sheet.write_formula(1, 0, Formula::new("=1+1").set_result("2"))?;
        sheet.write_formula(1, 1, Formula::new("=\"x\"&\"y\"").set_result("xy"))?;
        sheet.write_formula(1, 2, Formula::new("=NA()").set_result("#N/A"))?;
        sheet.write_formula(2, 1, Formula::new("=1/0").set_result("#DIV/0!"))?;
        sheet.write_string(3, 0, "#N/A")?.write_string(3, 2, "'quoted")?;
        Ok(())
    });
    let (csv, written) = read(&file, None).expect("a table");
    assert_eq!(csv, "a,b,c\n2,xy,\n\n#N/A,,'quoted\n");
    let first = Place { sheet: "Sheet1".to_owned(), row: 2, column: 3 };
    assert_eq!((written.error_cells, written.first_error_cell), (2, Some(first)));
}

#[test]
fn rich_strings_and_merged_cells_are_their_text() {
    let (bold, plain) = (Format::new().set_bold(), Format::new());
    let file = book(|sheet| {
        sheet.write_rich_string(0, 0, &[(&bold, "Acme"), (&plain, " & Söhne"), (&bold, " <GmbH>")])?;
        sheet.merge_range(1, 0, 2, 1, "merged", &plain)?;
        sheet.write_string(3, 2, "below")?;
        Ok(())
    });
    assert_eq!(csv(&file), "Acme & Söhne <GmbH>\nmerged\n\n,,below\n");
}

#[test]
fn blank_rows_are_blank_lines_and_lines_have_the_numbers_of_rows() {
    let file = book(|sheet| {
        sheet.write_string(2, 0, "Leads of the fair")?;
        sheet.write_row(4, 1, ["Name", "Email"])?;
        sheet.write_row(5, 1, ["Ada", "ada@example.org"])?;
        sheet.write_blank(7, 1, &Format::new().set_bold())?.write_string(9, 2, "eve@example.org")?;
        Ok(())
    });
    assert_eq!(csv(&file), "\n\nLeads of the fair\n\n,Name,Email\n,Ada,ada@example.org\n\n\n\n,,eve@example.org\n");
}

#[test]
fn the_first_sheet_that_is_shown_and_filled_is_taken_unless_one_is_named() {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("cover").expect("a name");
    book.add_worksheet().set_name("secret").expect("a name").set_hidden(true).write(0, 0, "hidden").expect("a cell");
    let mut chart = Chart::new(ChartType::Line);
    chart.add_series().set_values("secret!$A$1:$A$2");
    book.add_chartsheet().set_name("chart").expect("a name").insert_chart(0, 0, &chart).expect("a chart");
    book.add_worksheet().set_name("A & \"B\" <é>").expect("a name").write(0, 0, "shown").expect("a cell");
    book.worksheet_from_index(0).expect("a sheet").set_active(true);
    let file = book.save_to_buffer().expect("a workbook");
    let sheet = |name: &str, is_hidden| Sheet { name: name.to_owned(), is_hidden };
    let found = sheets(&mut Cursor::new(&file), &WorkbookLimits::default()).expect("sheets");
    assert_eq!(found, [sheet("cover", false), sheet("secret", true), sheet("A & \"B\" <é>", false)]);
    let text = |asked| read(&file, asked).map(|(csv, written)| (csv, written.sheet));
    assert_eq!(text(None).expect("a table"), ("shown\n".to_owned(), "A & \"B\" <é>".to_owned()));
    assert_eq!(text(Some("Secret")).expect("a table").0, "hidden\n");
    assert_eq!(text(Some("3")).expect("a table").0, "shown\n");
    assert_eq!(text(Some("cover")).expect_err("empty").code(), "EMPTY_WORKBOOK");
    let error = text(Some("chart")).expect_err("no such sheet");
    assert_eq!(
        error.to_string(),
        "the workbook has no sheet \"chart\"; it has \"cover\", \"secret\", \"A & \\\"B\\\" <é>\""
    );
}

#[test]
fn a_preview_reads_the_first_rows() {
    let file = book(|sheet| {
        (0..500)
            .try_for_each(|row| sheet.write_row(row, 0, [format!("name {row}"), format!("e{row}@a.example")]).map(drop))
    });
    let mut csv = Vec::new();
    let preview = write_csv(&mut Cursor::new(&file), None, &WorkbookLimits::default(), &mut csv, Some(3));
    let preview = preview.expect("a table");
    assert_eq!((preview.rows, preview.is_cut), (3, true));
    assert_eq!(csv, b"name 0,e0@a.example\nname 1,e1@a.example\nname 2,e2@a.example\n");
}

#[test]
fn a_first_cell_is_never_taken_for_a_mark_of_the_file() {
    let file = book(|sheet| {
        sheet.write_row(1, 0, ["sep=;", "b"])?;
        sheet.write_string(2, 0, "sep=;")?;
        Ok(())
    });
    assert_eq!(csv(&file), "\n\"sep=;\",b\nsep=;,\n");
}

/// Every text of a large table, against calamine.
#[test]
fn another_reader_reads_the_same() {
    use calamine::{Data, Reader as _};
    let file = book(|sheet| {
        for row in 0..300_u32 {
            for column in 0..12_u16 {
                let number = u64::from(row) * 7919 % 1000 * u64::from(column) + u64::from(row);
                match number % 4 {
                    0 => sheet.write_number(row, column, number as f64 / 8.0)?,
                    1 => sheet.write_string(row, column, format!("text {}, _x{number:04}_ & <{row}>", number % 100))?,
                    2 => sheet.write_boolean(row, column, number % 3 == 0)?,
                    _ => sheet,
                };
            }
        }
        Ok(())
    });
    let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(Cursor::new(&file)).expect("a workbook");
    let range = book.worksheet_range("Sheet1").expect("a sheet");
    let csv = csv(&file);
    let mut records = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(csv.as_bytes());
    let mut compared = 0;
    for (row, record) in range.rows().zip(records.records()) {
        let record = record.expect("a record");
        for (column, cell) in row.iter().enumerate() {
            let wanted = match cell {
                Data::Empty => String::new(),
                Data::Bool(truth) => truth.to_string().to_uppercase(),
                other => other.to_string(),
            };
            assert_eq!(record.get(column).unwrap_or_default(), wanted);
            compared += 1;
        }
    }
    assert_eq!(compared, 3600);
}
