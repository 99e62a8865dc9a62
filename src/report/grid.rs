//! Columns of text. Boundary: widths and alignment; what stands in the cells is decided in `text`.

use std::fmt::Write as _;

/// The widest a line may be.
pub(super) const WIDTH: usize = 80;
/// The narrowest that the first column becomes before a line grows over [`WIDTH`] instead.
const NARROWEST: usize = 8;

/// A table: the first column is names, to the left; all others are to the right.
#[derive(Debug)]
pub(super) struct Grid {
    rows: Vec<Row>,
}

#[derive(Debug)]
enum Row {
    Cells(Vec<String>),
    Rule,
}

impl Grid {
    /// With these headings.
    pub fn new(headings: &[&str]) -> Self {
        Self { rows: vec![Row::Cells(headings.iter().map(|&heading| heading.to_owned()).collect())] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(Row::Cells(cells));
    }

    /// Adds a line across.
    pub fn rule(&mut self) {
        self.rows.push(Row::Rule);
    }

    /// The lines. Names that are too long for [`WIDTH`] end in `…`; numbers are never cut.
    pub fn render(&self) -> Vec<String> {
        let cells = || self.rows.iter().filter_map(|row| if let Row::Cells(cells) = row { Some(cells) } else { None });
        let columns = cells().map(Vec::len).max().unwrap_or(0);
        let width = |at: usize| cells().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        let mut widths: Vec<usize> = (0..columns).map(width).collect();
        let others: usize = widths.iter().skip(1).map(|width| width + 2).sum();
        if let Some(first) = widths.first_mut() {
            *first = (*first).min(WIDTH.saturating_sub(others)).max(NARROWEST.min(*first));
        }
        let whole = widths.first().copied().unwrap_or(0) + others;
        self.rows
            .iter()
            .map(|row| match row {
                Row::Rule => "─".repeat(whole),
                Row::Cells(cells) => line(cells, &widths),
            })
            .collect()
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut out = String::new();
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if at == 0 {
            let _ = write!(out, "{:<width$}", shortened(cell, *width));
        } else {
            let _ = write!(out, "  {cell:>width$}");
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// A text of at most `width` characters.
pub(super) fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_long_names_are_cut() {
        let mut grid = Grid::new(&["entity", "read"]);
        grid.row(vec!["orders".into(), "25,012".into()]);
        grid.row(vec!["x".repeat(100), "7".into()]);
        grid.rule();
        let lines = grid.render();
        assert_eq!(lines[0], format!("entity{}    read", " ".repeat(66)));
        assert_eq!(lines[2], format!("{}…       7", "x".repeat(71)));
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:?}");
        assert_eq!(lines[3].chars().count(), WIDTH);
    }
}
