//! Rows for people: aligned columns, cut to what a terminal shows.

/// Characters of the widest cell.
const WIDEST: usize = 38;

/// `header` and `rows` one below the other, two spaces between columns. A column that is empty in every row is left out.
pub fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let cells: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|cell| shown(cell))).collect();
    let width = |column: usize| {
        let filled = cells.iter().map(|row| row[column].chars().count()).max().filter(|width| *width > 0)?;
        Some(filled.max(header[column].chars().count()))
    };
    let widths: [Option<usize>; N] = std::array::from_fn(width);
    let line = |row: [&str; N]| {
        let cells = row.iter().zip(widths).filter_map(|(cell, width)| Some(format!("{cell:<0$}", width?)));
        let line = cells.collect::<Vec<_>>().join("  ");
        format!("{}\n", line.trim_end())
    };
    let rows = cells.iter().map(|row| line(row.each_ref().map(String::as_str)));
    std::iter::once(line(header)).chain(rows).collect()
}

/// On one line, without what would move the cursor, and not too wide.
fn shown(cell: &str) -> String {
    let mut plain = cell.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut text: String = plain.by_ref().take(WIDEST).collect();
    if plain.next().is_some() {
        text.pop();
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_empty_ones_left_out() {
        let rows = [["Zoë", "", "x"].map(str::to_owned), ["Jo\u{1b}[2J", "", ""].map(str::to_owned)];
        assert_eq!(table(["name", "phone", "mail"], &rows), "name    mail\nZoë     x\nJo [2J\n");
    }

    #[test]
    fn a_wide_cell_is_cut() {
        let text = table(["note"], &[["é".repeat(100)]]);
        assert_eq!(text.lines().map(|line| line.chars().count()).collect::<Vec<_>>(), [4, WIDEST]);
        assert!(text.ends_with("…\n"));
    }
}
