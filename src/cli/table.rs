//! Tables and numbers as text. Boundary: pure; nothing is printed here.

use std::fmt::Write as _;

/// On which side the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// A table: columns with their names, then rows.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
    widest: usize,
}

impl Table {
    /// A table of these columns: a name that begins with `>` makes a column of numbers.
    pub fn new(columns: &[&str]) -> Self {
        let columns = columns.iter().map(|name| match name.strip_prefix('>') {
            Some(name) => (name.to_owned(), Align::Right),
            None => ((*name).to_owned(), Align::Left),
        });
        Self { columns: columns.collect(), rows: Vec::new(), widest: 40 }
    }

    /// Cells are cut to so many characters.
    pub fn widest(mut self, characters: usize) -> Self {
        self.widest = characters.max(1);
        self
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| cut(&cell, self.widest)).collect());
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines.
    pub fn render(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([self.columns[column].0.chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let mut out = String::new();
        let names: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        for row in std::iter::once(&names).chain(&self.rows) {
            let mut line = String::new();
            for ((cell, (_, align)), width) in row.iter().zip(&self.columns).zip(&widths) {
                let gap = if line.is_empty() { "" } else { "  " };
                // Writing to a string does not fail.
                let _ = match align {
                    Align::Left => write!(line, "{gap}{cell:<width$}"),
                    Align::Right => write!(line, "{gap}{cell:>width$}"),
                };
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// The beginning of a text, with a sign where more follows; control characters as they are written in Rust.
pub(super) fn cut(text: &str, characters: usize) -> String {
    let plain: String = text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect();
    if plain.chars().count() <= characters {
        return plain;
    }
    plain.chars().take(characters.saturating_sub(1)).chain(['…']).collect()
}

/// A number with its thousands apart: 768,962.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes in the unit in which they are read best.
pub(super) fn bytes(value: u64) -> String {
    let mut unit = (1_u64, "B");
    for (size, name) in [(1 << 10, "kB"), (1 << 20, "MB"), (1 << 30, "GB"), (1 << 40, "TB")] {
        if value >= size {
            unit = (size, name);
        }
    }
    let (whole, tenth) = (value / unit.0, value % unit.0 * 10 / unit.0);
    if unit.0 == 1 || whole >= 100 { format!("{whole} {}", unit.1) } else { format!("{whole}.{tenth} {}", unit.1) }
}

/// Microseconds as people say them: 0.8 s, 1:05 min, 2:05:01 h.
pub(super) fn duration(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    match seconds {
        0..60 => format!("{seconds}.{} s", micros / 100_000 % 10),
        60..3_600 => format!("{}:{:02} min", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02} h", seconds / 3_600, seconds / 60 % 60, seconds % 60),
    }
}

/// Rows in a second; `None` where nothing can be said.
pub(super) fn rate(rows: u64, micros: u64) -> Option<u64> {
    let per_second = u128::from(rows) * 1_000_000 / u128::from(micros.max(1));
    (rows > 0 && micros > 0).then(|| u64::try_from(per_second).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["entity", ">rows"]);
        table.row(["tasks".into(), number(768_962)]);
        table.row(["é".into(), number(5)]);
        assert_eq!(table.render(), "entity     rows\ntasks   768,962\né             5\n");
    }

    #[test]
    fn long_cells_are_cut_and_control_characters_do_no_harm() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("a\u{1b}[2J", 40), "a\\u{1b}[2J");
    }

    #[test]
    fn numbers_are_read_easily() {
        assert_eq!([number(0), number(999), number(1_000), number(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([bytes(12), bytes(1_536), bytes(200 << 20), bytes(5 << 30)], ["12 B", "1.5 kB", "200 MB", "5.0 GB"]);
        assert_eq!([duration(840_000), duration(65_000_000), duration(7_501_000_000)], ["0.8 s", "1:05 min", "2:05:01 h"]);
        assert_eq!((rate(500, 2_000_000), rate(0, 5), rate(5, 0)), (Some(250), None, None));
    }
}
