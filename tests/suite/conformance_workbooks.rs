//! Workbooks of other projects' test suites, read as office programs show them.

use crate::workbook_fixture::read;

fn bytes(name: &str) -> Option<Vec<u8>> {
    let bytes = std::fs::read(format!("{}/../shared/data/csv/odd/{name}", env!("CARGO_MANIFEST_DIR"))).ok();
    if bytes.is_none() {
        println!("skipped: ../shared is not here");
    }
    bytes
}

struct Case {
    file: &'static str,
    sheet: Option<&'static str>,
    /// Records, blank rows not counted.
    rows: u64,
    /// Lines by their number from 1, which is that of the row.
    lines: &'static [(usize, &'static str)],
    error_cells: u64,
}

const fn case(file: &'static str, rows: u64, lines: &'static [(usize, &'static str)]) -> Case {
    Case { file, sheet: None, rows, lines, error_cells: 0 }
}

impl Case {
    const fn sheet(self, sheet: &'static str) -> Self {
        Self { sheet: Some(sheet), ..self }
    }
    const fn errors(self, error_cells: u64) -> Self {
        Self { error_cells, ..self }
    }
}

const CASES: &[Case] = &[
    // Days counted from 1904, and a format of three texts for what is true and what is not.
    case("csvkit__test.xlsx", 6, &[
        (1, "text,date,integer,boolean,float,datetime,empty_column"),
        (2, "Chicago Reader,1971-01-01,40,TRUE,1,1971-01-01T04:14:00,"),
        (3, "Chicago Sun-Times,1948-01-01,63,TRUE,1.27,1948-01-01T14:57:13,,Extra data beyond headers will be trimmed"),
        (4, "Chicago Tribune,1920-01-01,164,FALSE,41800000.01,1920-01-01T00:00:00,"),
        (6, "Unicode! Σ,,,,,,"),
    ]),
    // The first sheet holds nothing.
    case("csvkit__sheets.xlsx", 6, &[(2, "Chicago Reader,1971-01-01,40,TRUE,1,1971-01-01T04:14:00,")]),
    case("csvkit__sheets.xlsx", 2, &[(1, "a,b,c"), (2, "1,2,3")]).sheet("ʤ"),
    case("frictionless-py__merged-cells.xlsx", 1, &[(1, "data")]),
    case("frictionless-py__multiline-headers.xlsx", 4, &[
        (1, "Region,Caloric contribution,Cumulative impact of changes on cost of food basket"),
        (4, ",,from previous quarter,from baseline (%)"),
        (6, "A,B,C,D"),
    ]),
    case("frictionless-py__preserve-formatting.xlsx", 2, &[(
        2,
        ",1000.5577,1000.5577,1000.5577,1000.5577,1000.5577,2040-05-20,2040-05-20,2040-05-20,2040-05-20,\
         2040-05-20T00:00:00",
    )]),
    case("frictionless-py__sheets.xlsx", 2, &[(1, "id,name"), (2, "1,london")]),
    case("frictionless-py__sheets.xlsx", 2, &[(1, "\"id \",name"), (2, "3,rome")]).sheet("3"),
    case("frictionless-py__skip-rows.xlsx", 4, &[(1, "Table 1"), (2, "A,B"), (3, "8,9"), (4, ",TOTAL")]),
    case("frictionless-py__table.xlsx", 3, &[(1, "id,name"), (2, "1,english"), (3, "2,中国人")]),
    case("frictionless-py__table.xlsx", 2, &[(1, ""), (2, "1,english")]).sheet("Sheet 2"),
    case("qsv__excel-rounding.xlsx", 3, &[
        (2, "A,-100.01,-0.01,-1,0,0.01,100.01,1"),
        (3, "B,-200.02,-0.02,-2,0,0.02,200.02,2"),
    ]),
    // A date whose format shows no hours keeps those it has.
    case("qsv__excel-xlsx.xlsx", 9, &[
        (1, "URL,City,number,date"),
        (2, "http://api.zippopotam.us/us/90210,Beverly Hills,42,2001-09-11T08:30:00"),
        (4, "http://api.zippopotam.us/us/92802,Anaheim,3.14159265358979,2021-01-06"),
        (7, "apple.com,Cupertino,37,\"Wednesday, March 14, 2012\""),
        (9, "microsoft.com,Redmond,14.201,2012-03-14T15:30:00"),
    ]),
    case("qsv__excel-xlsx.xlsx", 6, &[
        (2, "1,1.1,TRUE,2001-09-11,10:20:00,The,The,敏捷的棕色狐狸在森林里奔跑"),
        (4, "3,0.423546456564534,1,1941-12-07,30:45:23,brown,is,Le rusé goupil franchit d'un bond le chien somnolent."),
    ])
    .sheet("data types"),
    // The row of nothing but errors is blank.
    case("qsv__excel-xlsx.xlsx", 9, &[(2, "1,-50,15"), (3, "2,,"), (5, "4,33.3333333333333,3"), (8, "7,20,")])
        .sheet("cellerrors")
        .errors(6),
    case("qsv__excel-xlsx.xlsx", 6, &[(12, ""), (13, "col1,col2,col3,col4"), (14, "a,1,alpha,1.1")])
        .sheet("firstnonemptyrow"),
];

#[test]
fn workbooks_of_others_are_read_as_they_are_shown() {
    let mut right = 0;
    for case in CASES {
        let Some(bytes) = bytes(case.file) else { return };
        let (csv, written) = match read(&bytes, case.sheet) {
            Ok(read) => read,
            Err(error) => {
                println!("{}: {error}", case.file);
                continue;
            }
        };
        let lines: Vec<&str> = csv.lines().collect();
        let other = case.lines.iter().find(|(number, line)| lines.get(number - 1) != Some(line));
        let is_right = other.is_none() && (written.rows, written.error_cells) == (case.rows, case.error_cells);
        right += usize::from(is_right);
        if !is_right {
            println!("{} {:?}: {other:?}, {written:?}\n{csv}", case.file, case.sheet);
        }
    }
    println!("workbooks: {right} of {}", CASES.len());
    assert_eq!(right, CASES.len());
}

#[test]
fn old_workbooks_get_a_word_of_what_to_do() {
    let Some(bytes) = bytes("csvkit__test.xls") else { return };
    let error = read(&bytes, None).expect_err("no table");
    assert_eq!(error.code(), "UNSUPPORTED_WORKBOOK");
    assert_eq!(error.to_string(), "a workbook of Excel 2003 or older (.xls) cannot be read; save it as .xlsx or .csv");
}
