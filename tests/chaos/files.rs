//! Lead files as people have them: the same person twice, addresses that are none, quotes, line breaks in cells, rows with
//! nobody in them. The same seed and size give the same file.

use std::fmt::Write;

const FIRST: &[&str] = &["Ada", "Grace", "José", "Zoë", "Jürgen", "Mary-Ann", "Łukasz", "O'Neil"];
const LAST: &[&str] = &["Lovelace", "Hopper", "García", "Müller", "van der Berg", "Smith", "Nowak", "D’Angelo"];
const TITLE: &[&str] = &["CEO", "VP Sales", "Head of \"\"Growth\"\"", "Einkauf, Leitung", "CTO", ""];
const CITY: &[&str] = &["Berlin", "São Paulo", "New York", "Łódź", "Paris\n(La Défense)", ""];

/// A CSV file with `rows` data rows, about a tenth of them duplicates and a hundredth of them nobody.
pub fn dirty_csv(seed: u64, rows: usize) -> Vec<u8> {
    let mut numbers = Numbers(seed);
    let mut text = String::from("First Name,Last Name,E-Mail,Company,Website,Phone,Job Title,City,Budget 2026\r\n");
    for row in 0..rows {
        // A duplicate is a row with the number of an earlier one.
        let who = if row > 10 && numbers.below(10) == 0 { numbers.below(row) } else { row };
        let (first, last) = (FIRST[who % FIRST.len()], LAST[(who / 8) % LAST.len()]);
        let mut email = format!("person{who}@company{}.example", who % 997);
        let dirt = numbers.below(100);
        match dirt {
            0 => email = email.to_uppercase(),
            1 => email = format!(" <{email}> "),
            2 => email = email.replace('@', " at "),
            3 => email.clear(),
            _ => {}
        }
        let company = format!("Company {} GmbH", who % 997);
        let website = if who % 3 == 0 { format!("https://www.company{}.example/", who % 997) } else { String::new() };
        let phone = if who % 5 == 0 { format!("(212) 555-{:04}", who % 10_000) } else { String::new() };
        let (title, city) = (TITLE[numbers.below(TITLE.len())], CITY[numbers.below(CITY.len())]);
        let written = match dirt {
            // Nobody: no name, no address, no phone.
            4 => writeln!(text, ",,,\"{company}\",{website},,\"{title}\",\"{city}\",{row}\r"),
            // A row that is too short, and a blank line.
            5 => writeln!(text, "{first},{last},{email},\"{company}\"\r\n\r"),
            _ => writeln!(
                text,
                "{first},{last},{email},\"{company}\",{website},{phone},\"{title}\",\"{city}\",\"{row},50\"\r"
            ),
        };
        written.expect("written to memory");
    }
    text.into_bytes()
}

/// A CSV file with `rows` different people.
pub fn clean_csv(rows: usize) -> Vec<u8> {
    let mut text = String::from("First Name,Last Name,E-Mail,Company,City\r\n");
    for row in 0..rows {
        let (first, last) = (FIRST[row % FIRST.len()], LAST[(row / 8) % LAST.len()]);
        let written = writeln!(text, "{first},{last},person{row}@company.example,Company {row},Berlin\r");
        written.expect("written to memory");
    }
    text.into_bytes()
}

/// Splitmix64: file contents need no better randomness, only the same one everywhere.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).expect("below a usize")
    }
}
