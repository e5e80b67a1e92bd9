//! A table's rows, some at a time, wherever they are.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::cells::Cells;
use super::file::{Format, TableFile};
use super::heading::Heading;
use super::memory::{Memory, MemoryReader};
use super::missing::MissingValues;
use crate::{Error, Result};

/// Some rows of the needed columns.
pub(super) struct Chunk {
    /// The index of the first of these rows in the table, from 0.
    pub(super) first: usize,
    /// The line that each row starts in, where the file has lines.
    pub(super) lines: Vec<u64>,
    /// The cells of each needed column.
    pub(super) columns: Vec<Cells>,
}

impl Chunk {
    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.columns.first().map_or(0, Cells::len)
    }

    /// Where row `i` of the chunk is, in words: `row 3 (line 5)`.
    pub(super) fn place(&self, i: usize) -> String {
        let line = self.lines.get(i).map(|line| format!(" (line {line})")).unwrap_or_default();
        format!("row {}{line}", self.first + i)
    }
}

impl Chunk {
    /// The same rows with what stands for missing values in the first `columns` columns emptied.
    pub(super) fn emptied(mut self, missing: &MissingValues, columns: usize) -> Chunk {
        let rest = self.columns.split_off(columns.min(self.columns.len()));
        self.columns = self.columns.into_iter().map(|cells| missing.emptied(cells)).chain(rest).collect();
        self
    }
}

/// A table that is being read.
pub(super) struct Source {
    heading: Heading,
    stored: Stored,
    /// The rows still to be read, of which the table may have fewer.
    rows: Range<usize>,
    started: bool,
}

/// Where the cells are.
#[expect(clippy::large_enum_variant, reason = "one table is read at a time")]
enum Stored {
    File(Format),
    Memory(MemoryReader),
}

impl Source {
    /// Opens the file that `spec` names, and reads what columns it has.
    pub(super) fn open(spec: &str) -> Result<Source> {
        Ok(Source::of_file(TableFile::open(spec)?))
    }

    /// A file that was opened.
    pub(super) fn of_file(file: TableFile) -> Source {
        Source::new(file.heading, Stored::File(file.format))
    }

    /// A table in memory.
    pub(super) fn of_memory(memory: &Arc<Memory>) -> Result<Source> {
        Ok(Source::new(memory.heading()?, Stored::Memory(MemoryReader::new(memory.clone()))))
    }

    fn new(heading: Heading, stored: Stored) -> Source {
        let rows = heading.rows();
        Source { heading, stored, rows, started: false }
    }

    /// The specification of the file, or the name of the table in memory.
    pub(super) fn spec(&self) -> &str {
        self.heading.spec()
    }

    /// The file, or the name of the table in memory, for messages.
    pub(super) fn path(&self) -> &Path {
        self.heading.path()
    }

    /// The names of all columns, in the order of the table.
    pub(super) fn header(&self) -> &[String] {
        self.heading.columns()
    }

    /// What to say of what stands about the header of its file, if anything does.
    pub(super) fn notice(&self) -> Option<String> {
        match &self.stored {
            Stored::File(Format::Csv(file)) => file.notice(),
            Stored::File(_) | Stored::Memory(_) => None,
        }
    }

    /// Whether semicolons part the fields of its file.
    pub(super) fn has_semicolons(&self) -> bool {
        matches!(&self.stored, Stored::File(Format::Csv(file)) if file.style().delimiter == b';')
    }

    /// Chooses the columns that chunks hold, in this order.
    pub(super) fn need(&mut self, columns: &[&str]) -> Result<()> {
        let places = self.heading.places_of(columns)?;
        match &mut self.stored {
            Stored::File(file) => file.want(&places)?,
            Stored::Memory(memory) => memory.want(&places),
        }
        Ok(())
    }

    /// The next rows of the needed columns, at most `rows` of them, at least one; `None` at the end.
    pub(super) fn next(&mut self, rows: usize) -> Result<Option<Chunk>> {
        if !self.started {
            self.started = true;
            self.skip_to_first()?;
        }
        let (first, most) = (self.rows.start, rows.min(self.rows.len()));
        if most == 0 {
            return Ok(None);
        }
        let (columns, lines) = match &mut self.stored {
            Stored::File(file) => file.read(most)?,
            Stored::Memory(memory) => (memory.read(first..first + most), Vec::new()),
        };
        let chunk = Chunk { first, lines, columns };
        self.rows.start += chunk.len();
        if chunk.len() < most {
            // The file has ended: its length is known now, and the range can be judged.
            let len = self.rows.start;
            self.heading.rows_of(len)?;
            self.rows.end = len;
        }
        Ok((chunk.len() > 0).then_some(chunk))
    }

    /// Goes to the first of the rows meant. All rows of a table in memory are.
    fn skip_to_first(&mut self) -> Result<()> {
        let Stored::File(file) = &mut self.stored else { return Ok(()) };
        let skipped = file.skip(self.rows.start)?;
        if skipped == self.rows.start {
            return Ok(());
        }
        Err(match self.heading.rows_of(skipped) {
            Err(error) => error,
            Ok(_) => Error::data(self.path(), format!("ends after row {skipped}"), "make the file again"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, content: &str) -> String {
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_string()
    }

    /// The cells of column `x`, and the rows that they are said to be.
    fn cells(spec: &str, rows: usize) -> Result<Vec<(usize, String)>> {
        let mut source = Source::open(spec)?;
        source.need(&["x"])?;
        let mut all = Vec::new();
        while let Some(chunk) = source.next(rows)? {
            assert!(chunk.len() <= rows);
            let cell = |i| (chunk.first + i, chunk.columns[0].value(i).name().into_owned());
            all.extend((0..chunk.len()).map(cell));
        }
        Ok(all)
    }

    #[test]
    fn ranges_count_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "t.csv", "y,x\na,0\na,1\na,2\na,3\na,4\n");
        let expected = |range: Range<usize>| range.map(|i| (i, i.to_string())).collect::<Vec<_>>();
        for rows in [1, 2, 3, 5, 100] {
            for (range, indices) in [("", 0..5), ("[..2]", 0..2), ("[3..]", 3..5), ("[1..4]", 1..4)] {
                assert_eq!(cells(&format!("{path}{range}"), rows).unwrap(), expected(indices), "{range}");
            }
        }
        for (range, part) in [
            ("[..6]", "the range goes to 6, but there are 5 rows"),
            ("[7..]", "the range goes to 7, but there are 5 rows"),
            ("[5..]", "the range 5..5 holds no row"),
            ("[3..2]", "the range 3..2 holds no row"),
            ("[3]", "is not a range"),
        ] {
            let text = cells(&format!("{path}{range}"), 2).unwrap_err().to_string();
            assert!(text.contains(part), "{range}: {text}");
        }
    }
}
