//! Tables of text: columns as wide as their widest cell, numbers to the right.

/// A table under construction.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    headings: usize,
}

impl Table {
    /// A table with a line of headings.
    pub(super) fn with_headings<T: Into<String>>(headings: impl IntoIterator<Item = T>) -> Self {
        let headings: Vec<String> = headings.into_iter().map(Into::into).collect();
        Self { headings: headings.len(), rows: vec![headings] }
    }

    /// Adds a line. Line breaks within a cell become spaces.
    pub(super) fn add(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| cell.replace(['\n', '\r', '\t'], " ")).collect());
    }

    /// The table as lines, without a line break at the end.
    pub(super) fn render(&self) -> String {
        let widths: Vec<usize> = (0..self.headings).map(|column| self.width(column)).collect();
        let numeric: Vec<bool> = (0..self.headings).map(|column| self.is_numeric(column)).collect();
        let mut lines = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, width), numeric) in row.iter().zip(&widths).zip(&numeric) {
                let padding = " ".repeat(width.saturating_sub(console::measure_text_width(cell)));
                let padding = padding.as_str();
                let (before, after) = if *numeric { (padding, "") } else { ("", padding) };
                line.extend([before, cell.as_str(), after, "  "]);
            }
            lines.push(line.trim_end().to_owned());
        }
        lines.join("\n")
    }

    fn width(&self, column: usize) -> usize {
        self.rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| console::measure_text_width(cell))
            .max()
            .unwrap_or(0)
    }

    fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().skip(1).filter_map(|row| row.get(column)).peekable();
        cells.peek().is_some() && cells.all(|cell| cell.is_empty() || cell.parse::<f64>().is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_to_the_left_and_numbers_to_the_right() {
        let mut table = Table::with_headings(["campaign", "rows", "outcome"]);
        table.add(["Été".to_owned(), "7".to_owned(), "complete".to_owned()]);
        table.add(["Long\nname of it".to_owned(), "1200".to_owned(), String::new()]);
        let expected = "campaign         rows  outcome\n\
                        Été                 7  complete\n\
                        Long name of it  1200";
        assert_eq!(table.render(), expected);
    }
}
