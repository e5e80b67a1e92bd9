//! Plain tables with aligned columns.

/// Rows of text under headings; the first column is aligned to the left, the others to the right.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub fn new<S: Into<String>>(headings: impl IntoIterator<Item = S>) -> Self {
        Self { rows: vec![headings.into_iter().map(Into::into).collect()] }
    }

    /// Adds a row; missing cells are empty.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) -> &mut Self {
        self.rows.push(cells.into_iter().map(Into::into).collect());
        self
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |row: &Vec<String>, column| row.get(column).map_or(0, |cell: &String| cell.chars().count());
        (0..columns).map(|column| self.rows.iter().map(|row| width(row, column)).max().unwrap_or(0)).collect()
    }

    /// The table for a terminal, each line behind `indent`, with a rule under the headings.
    pub fn plain(&self, indent: &str) -> String {
        let widths = self.widths();
        let mut text = String::new();
        for (i, row) in self.rows.iter().enumerate() {
            let line = cells(row, &widths).join("  ");
            text += &format!("{indent}{}\n", line.trim_end());
            if i == 0 {
                let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
                text += &format!("{indent}{}\n", rule.join("  "));
            }
        }
        text
    }

    /// The table in Markdown.
    pub fn markdown(&self) -> String {
        let widths = self.widths();
        let mut text = String::new();
        for (i, row) in self.rows.iter().enumerate() {
            text += &format!("| {} |\n", cells(row, &widths).join(" | "));
            if i == 0 {
                let rule = |(column, width): (usize, &usize)| match column {
                    0 => "-".repeat((*width).max(3)),
                    _ => format!("{}:", "-".repeat((*width).max(3) - 1)),
                };
                text +=
                    &format!("| {} |\n", widths.iter().enumerate().map(rule).collect::<Vec<_>>().join(" | "));
            }
        }
        text
    }
}

fn cells(row: &[String], widths: &[usize]) -> Vec<String> {
    let cell = |(column, width): (usize, &usize)| {
        let text = row.get(column).map_or("", String::as_str);
        if column == 0 { format!("{text:<width$}") } else { format!("{text:>width$}") }
    };
    widths.iter().enumerate().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(["what", "n"]);
        table.row(["none", "5"]).row(["déjà vu", "1000"]).row(["x"]);
        assert_eq!(
            table.plain("  "),
            "  what        n\n  ───────  ────\n  none        5\n  déjà vu  1000\n  x\n"
        );
        assert_eq!(
            table.markdown(),
            "| what    |    n |\n| ------- | ---: |\n| none    |    5 |\n| déjà vu | 1000 |\n| x       |      |\n"
        );
    }
}
