//! Files of other projects, read as a user would send them: dialect, header row, encoding, and whole tables.

use std::path::{Path, PathBuf};
use std::process::Command;

use galena::actors::importer::layout::{Layout, LayoutChoice, layout};
use galena::actors::importer::source::{LocalFile, Opened, open, write_text};
use galena::domain::delimited::{Advance, DelimitedError, RecordLimits, RecordReader};
use serde_json::Value;

use crate::shared_data;

/// A file as it is found to be.
fn read(path: &Path) -> Option<(Opened, Layout)> {
    let source = LocalFile(path.to_owned());
    let opened = open(&source, &LayoutChoice::default()).ok()?;
    let layout = layout(&opened, &LayoutChoice::default()).ok()?;
    Some((opened, layout))
}

/// The data records of a file, with titles, as an import reads them.
fn table(path: &Path) -> Result<Vec<Vec<String>>, String> {
    let (opened, layout) = read(path).ok_or("not read")?;
    let mut text = Vec::new();
    write_text(&LocalFile(path.to_owned()), &opened.form, &mut text).map_err(|problem| problem.to_string())?;
    let mut rows = Vec::new();
    if layout.header_row.is_some() {
        rows.push(layout.headers.clone());
    }
    let mut reader =
        RecordReader::resume(layout.dialect, RecordLimits::default(), layout.data).mending(layout.headers.len());
    let mut input = &text[usize::try_from(layout.data.offset).expect("an offset")..];
    let says = |error: DelimitedError| error.to_string();
    while reader.advance(&mut input).map_err(says)? == Advance::Record {
        rows.push(reader.record().map_err(says)?.fields().map(str::to_owned).collect());
    }
    while reader.finish().map_err(says)? == Advance::Record {
        rows.push(reader.record().map_err(says)?.fields().map(str::to_owned).collect());
    }
    Ok(rows)
}

/// An archive of the shared data, unpacked; `None`, saying so, where it cannot be.
fn unpacked(name: &str) -> Option<tempfile::TempDir> {
    let archive = shared_data::path(name)?;
    let folder = tempfile::tempdir().expect("a folder");
    let done = Command::new("tar").arg("--zstd").arg("-xf").arg(&archive).arg("-C").arg(folder.path()).status();
    if done.is_ok_and(|status| status.success()) {
        return Some(folder);
    }
    println!("skipped: tar cannot unpack {name} here (zstd is needed)");
    None
}

/// Prints a share and holds it against its floor.
fn assert_share(what: &str, right: usize, all: usize, floor: f64) {
    println!("{what}: {right} of {all}");
    assert!(all > 0 && right as f64 >= floor * all as f64, "{what}: {right} of {all} is below {floor}");
}

/// A table of one column has no delimiter; the annotations call it a comma.
#[test]
fn dialects_of_the_w3c_set() {
    let Some(folder) = unpacked("data/csv/w3c-csvw.tar.zst") else { return };
    let Some(annotations) = shared_data::read("data/csv/W3C-CSVW-dialect_annotations.txt") else { return };
    let (mut all, mut right) = (0, 0);
    for line in annotations.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let fields: Vec<&str> = line.split('|').collect();
        let path = folder.path().join("w3c-csvw").join(fields[0]);
        let delimiter = match fields[2] {
            "comma" => b',',
            "tab" => b'\t',
            "space" => b' ',
            "semicolon" => b';',
            other => panic!("{other}"),
        };
        if !path.exists() {
            continue;
        }
        all += 1;
        let found = read(&path).map(|(_, layout)| layout.dialect);
        let is_right = found.is_some_and(|dialect| {
            let same = dialect.delimiter == Some(delimiter) || dialect.delimiter.is_none() && delimiter == b',';
            same && dialect.quote == Some(b'"')
        });
        if !is_right {
            println!("{}: {found:?}", fields[0]);
        }
        right += usize::from(is_right);
    }
    assert_share("W3C dialects", right, all, 0.98);
}

#[test]
fn odd_files_are_found_out() {
    let Some(json) = shared_data::read("data/csv/odd/expected.json") else { return };
    let cases: Vec<Value> = serde_json::from_str(&json).expect("JSON");
    let (mut all, mut encodings, mut dialects, mut headers, mut titled) = (0, 0, 0, 0, 0);
    for case in &cases {
        let file = case["file"].as_str().expect("a name");
        let Some(path) = shared_data::path(&format!("data/csv/odd/{file}")) else { return };
        // An empty file, a zero byte: these have a note of their own and no records.
        if case["note"].as_str().is_some_and(|note| note.contains("empty file") || note.contains("NUL")) {
            assert!(read(&path).is_none(), "{file} is no table");
            continue;
        }
        let (opened, layout) = read(&path).unwrap_or_else(|| panic!("{file}"));
        all += 1;
        let found = match opened.form.encoding() {
            // What the file says is within what the browsers call so.
            "windows-1252" => "iso-8859-1",
            "windows-1253" => "iso-8859-7",
            other => other,
        };
        encodings += usize::from(case["encoding"] == found);
        let delimiter = layout.dialect.delimiter.map(|byte| char::from(byte).to_string()).unwrap_or_default();
        let is_right = case["delimiter"] == delimiter.as_str() || delimiter.is_empty();
        dialects += usize::from(is_right);
        let Some(header) = case["header"].as_array() else { continue };
        titled += 1;
        let without = case["note"].as_str().is_some_and(|note| note.contains("no header at all"));
        let same = if without {
            layout.header_row.is_none()
        } else {
            layout.header_row == Some(1)
                && header.iter().zip(&layout.headers).all(|(title, found)| title == found.as_str())
        };
        if !same || !is_right {
            println!("{file}: {delimiter:?} {:?}", layout.headers);
        }
        headers += usize::from(same);
    }
    assert_share("encodings of the odd files", encodings, all, 0.95);
    assert_share("delimiters of the odd files", dialects, all, 0.95);
    assert_share("header rows of the odd files", headers, titled, 0.95);
}

/// Where notes stand above or between, the header is the one a reader would take.
#[test]
fn titles_are_found_below_notes() {
    for (file, number, first) in [
        ("frictionless-py__matrix-with-comment.csv", 2, "f1"),
        ("frictionless-py__skip-rows.csv", 2, "id"),
        ("qsv__inputskiptest.csv", 6, "column1"),
        ("univocity-parsers__essential-dos.csv", 2, "Year"),
        ("univocity-parsers__essential-mac.csv", 2, "Year"),
        ("univocity-parsers__european.csv", 1, "Year"),
        ("csvkit__test_skip_lines.csv", 1, "a"),
    ] {
        let Some(path) = shared_data::path(&format!("data/csv/odd/{file}")) else { return };
        let (_, layout) = read(&path).unwrap_or_else(|| panic!("{file}"));
        assert_eq!((layout.header_row, layout.headers[0].as_str()), (Some(number), first), "{file}");
    }
}

/// The repaired files are what a person would make of them. A line break in a cell without quotes cannot be told from
/// a new row, and what stands in a column too many is kept and told.
#[test]
fn broken_files_come_out_as_they_were_meant() {
    let beyond =
        ["newline-inside-unquoted-field.csv", "ragged-rows-extra-columns.csv", "ragged-rows-missing-columns.csv"];
    let Some(folder) = shared_data::path("data/csv/datablist-broken/expected-fixed") else { return };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    for fixed in files {
        let name = fixed.file_name().and_then(|name| name.to_str()).expect("a name");
        let broken = folder.parent().expect("a folder").join(name);
        let found = table(&broken);
        if name == "missing-closing-quote.csv" {
            // The last quote of the file is open: a preview shows the rows, an import says where.
            let error = found.expect_err("an open quote");
            assert!(error.contains("line 2, column 3"), "{error}");
            continue;
        }
        let trimmed = |rows: Vec<Vec<String>>| -> Vec<Vec<String>> {
            rows.into_iter().map(|row| row.into_iter().map(|cell| cell.trim().to_owned()).collect()).collect()
        };
        let (found, expected) = (trimmed(found.expect("read")), trimmed(table(&fixed).expect("read")));
        if beyond.contains(&name) {
            assert!(found.len() >= expected.len(), "{name}: no row is lost");
        } else if name.starts_with("duplicate-headers") {
            assert_eq!(found[1..], expected[1..], "{name}");
        } else {
            assert_eq!(found, expected, "{name}");
        }
    }
}

/// A separator too few or too many, or blanks for commas in one row, cannot be told from other cells: such rows are
/// read as they stand and said to be ragged. Tables under each other and titles in three rows are read as one table.
#[test]
fn polluted_files_are_read_or_told() {
    let Some(folder) = unpacked("data/csv/pollock-polluted.tar.zst") else { return };
    let base = folder.path().join("polluted_files");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(base.join("csv")).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    let (mut all, mut same, mut told, mut silent) = (0, 0, 0, Vec::new());
    for path in files {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let found = table(&path);
        let expected = table(&base.join("clean").join(&name));
        all += 1;
        match (found, expected) {
            (Ok(found), Ok(expected)) if trimmed(&found) == trimmed(&expected) => same += 1,
            (Ok(found), _) if found.iter().any(|row| row.len() != found[0].len()) => told += 1,
            (Err(_), _) => told += 1,
            (Ok(found), expected) => {
                let expected = expected.unwrap_or_default();
                let other = found.iter().zip(&expected).find(|(found, expected)| found != expected);
                println!("{name}: {} rows for {}, {other:?}", found.len(), expected.len());
                silent.push(name);
            }
        }
    }
    println!("polluted files: {same} of {all} as the clean ones, {told} with a word about it, others: {silent:?}");
    assert!(same * 100 >= all * 32, "{same} of {all}");
    assert!(silent.len() * 10 <= all, "{silent:?}");
}

fn trimmed(rows: &[Vec<String>]) -> Vec<Vec<&str>> {
    rows.iter().map(|row| row.iter().map(|cell| cell.trim()).collect()).collect()
}
