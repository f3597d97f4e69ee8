//! A workbook of leads read as CSV: `cargo bench --bench workbook -- [ROWS]`.
//!
//! Writes a workbook of 300,000 rows by twelve columns, nearly every string another one, as office programs write them
//! (shared strings). Then converts it in a process of its own, so that the memory of making it does not count, and lets
//! calamine walk the same cells in another. Prints time, rows a second and how far the resident memory grew.

#![allow(clippy::disallowed_methods)] // A bench measures the machine.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Context as _;
use galena::actors::importer::workbook::{WorkbookLimits, write_csv};
use rust_xlsxwriter::{Format, Workbook};

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [reader, file] = words.as_slice()
        && !reader.starts_with('-')
    {
        return measured(reader, Path::new(file));
    }
    let rows = words.iter().find_map(|word| word.parse().ok()).unwrap_or(300_000);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("leads.xlsx");
    let began = Instant::now();
    make(&file, rows)?;
    println!("{rows} rows written in {:.1?}", began.elapsed());
    let mut archive = zip::ZipArchive::new(File::open(&file)?)?;
    for part in ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"] {
        let part = archive.by_name(part)?;
        println!("  {}: {} MiB, packed {} MiB", part.name()?, part.size() >> 20, part.compressed_size() >> 20);
    }
    for reader in ["ours", "preview", "calamine"] {
        let status = Command::new(std::env::current_exe()?).arg(reader).arg(&file).status()?;
        anyhow::ensure!(status.success(), "{reader} failed");
    }
    Ok(())
}

/// Twelve columns as lead files have them: ten of texts, a number, a date.
fn make(file: &Path, rows: u32) -> anyhow::Result<()> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_low_memory()?;
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let titles = ["First Name", "Last Name", "Email", "Phone", "Company", "Job Title", "LinkedIn URL", "Website"];
    sheet.write_row(0, 0, titles.into_iter().chain(["City", "Street", "Employees", "Created"]))?;
    for row in 1..=rows {
        let texts = [
            format!("First{}", row % 9973),
            format!("Last{row}"),
            format!("person{row}@company{}.example", row / 3),
            format!("+1 415 {:07}", row),
            format!("Company {} Inc.", row / 3),
            format!("Manager {}", row % 977),
            format!("https://www.linkedin.com/in/person-{row}"),
            format!("https://www.company{}.example/", row / 3),
            format!("City {}", row % 5003),
            format!("{row} Main Street"),
        ];
        sheet.write_row(row, 0, texts)?;
        sheet.write_number(row, 10, f64::from(row % 1000))?;
        sheet.write_number_with_format(row, 11, f64::from(40_000 + row % 5000), &date)?;
    }
    book.save(file)?;
    Ok(())
}

fn measured(reader: &str, path: &Path) -> anyhow::Result<()> {
    let before = resident("VmRSS")?;
    let began = Instant::now();
    let rows = match reader {
        "ours" | "preview" => {
            let mut csv = BufWriter::new(File::create(path.with_extension("csv"))?);
            let max_rows = (reader == "preview").then_some(20);
            let mut file = File::open(path)?;
            let written = write_csv(&mut file, None, &WorkbookLimits::default(), &mut csv, max_rows)?;
            csv.flush()?;
            written.rows
        }
        _ => cells_of_calamine(path)?,
    };
    let took = began.elapsed();
    let grown = resident("VmHWM")?.saturating_sub(before);
    let rate = rows as f64 / took.as_secs_f64();
    println!("{reader:>9}: {rows} rows in {took:.2?}, {rate:.0} rows/s, memory grew by {} MiB", grown >> 10);
    Ok(())
}

/// Every cell as text, in the way that needs least memory there.
fn cells_of_calamine(path: &Path) -> anyhow::Result<u64> {
    use calamine::{DataRef, Reader as _};
    let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(BufReader::new(File::open(path)?))?;
    let sheet = book.sheet_names().first().cloned().context("a sheet")?;
    let mut cells = book.worksheet_cells_reader(&sheet)?;
    let (mut out, mut last) = (io::sink(), 0);
    while let Some(cell) = cells.next_cell()? {
        last = cell.get_position().0;
        match cell.get_value() {
            DataRef::SharedString(text) => out.write_all(text.as_bytes())?,
            DataRef::Float(number) => write!(out, "{number}")?,
            DataRef::DateTime(moment) => write!(out, "{moment}")?,
            _ => {}
        }
    }
    Ok(u64::from(last) + 1)
}

/// KiB of this process.
fn resident(field: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(field)).context("no such field")?;
    line.split_whitespace().nth(1).context("no number")?.parse().context("no number")
}
