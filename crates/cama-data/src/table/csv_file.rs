//! CSV: texts between commas, semicolons, tabs or bars, a header first.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ErrorKind};

use super::cells::Cells;
use super::csv_start::{MARK, Start};
use crate::damage;
use crate::{Error, Result};

/// A row of more bytes is taken for an unclosed quotation mark, before it fills the memory.
const LONGEST_ROW: u64 = 16 << 20;

/// A CSV file, read row by row.
pub(super) struct CsvFile {
    path: PathBuf,
    reader: csv::Reader<Bounded>,
    record: ByteRecord,
    fields: usize,
    wanted: Vec<usize>,
    style: Style,
    start: Start,
}

/// How a file is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) delimiter: u8,
    /// Whether lines end in `\r\n`, of which the reader leaves the `\n` to the next row.
    pub(super) carriage_returns: bool,
    /// Whether it begins with a byte order mark.
    pub(super) mark: bool,
}

/// A source that gives `left` bytes and then fails.
struct Bounded {
    source: Box<dyn Read + Send>,
    left: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 && !buffer.is_empty() {
            return Err(std::io::Error::other("the row is too long"));
        }
        let n = self.source.read(&mut buffer[..most])?;
        self.left -= n as u64;
        Ok(n)
    }
}

impl CsvFile {
    /// Opens a file, or standard input, and reads its header.
    pub(super) fn open(path: &Path) -> Result<(CsvFile, Vec<String>)> {
        CsvFile::from_reader(path, super::bytes::open(path)?)
    }

    /// Reads the header of a file's bytes; the path is for messages and tells tabs by its extension.
    pub(super) fn from_reader(
        path: &Path,
        mut source: impl BufRead + Send + 'static,
    ) -> Result<(CsvFile, Vec<String>)> {
        let start = source.fill_buf().map_err(|error| damage::error(path, "byte 0", error))?;
        let tabs = super::extension::extension(path) == Some("tsv");
        let found = Start::of(start, tabs.then_some(b'\t'));
        let delimiter = found.delimiter;
        let carriage_returns =
            start.windows(2).find(|pair| pair.contains(&b'\n')).is_some_and(|p| p == b"\r\n");
        let style = Style { delimiter, carriage_returns, mark: start.starts_with(MARK) };
        source.consume(found.bytes);
        // With a newline behind it the last row ends like the others.
        let bounded = Bounded { source: Box::new(source.chain(&b"\n"[..])), left: LONGEST_ROW };
        let reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(bounded);
        let (path, record, wanted) = (path.to_path_buf(), ByteRecord::new(), Vec::new());
        let mut file = CsvFile { path, reader, record, fields: 0, wanted, style, start: found };
        if !file.next_record()? {
            return Err(Error::data(&file.path, "the file is empty", "give a table with a header and rows"));
        }
        let named = file.record.len();
        let header = (0..named).map(|at| Ok(file.text(at)?.trim().to_string()));
        let row_names = found.row_names.then(|| Ok(String::new()));
        let header: Vec<String> = row_names.into_iter().chain(header).collect::<Result<_>>()?;
        file.fields = header.len();
        Ok((file, header))
    }

    /// Chooses the columns to read, by their places in the header.
    pub(super) fn want(&mut self, columns: &[usize]) {
        self.wanted = columns.to_vec();
    }

    /// Goes past up to `rows` rows and says past how many.
    pub(super) fn skip(&mut self, rows: usize) -> Result<usize> {
        for done in 0..rows {
            if !self.next_record()? {
                return Ok(done);
            }
        }
        Ok(rows)
    }

    /// The wanted columns of up to `rows` more rows, and the line that each row starts in.
    pub(super) fn read(&mut self, rows: usize) -> Result<(Vec<Cells>, Vec<u64>)> {
        let mut columns = vec![Cells::texts(); self.wanted.len()];
        let mut lines = Vec::new();
        while lines.len() < rows && self.next_record()? {
            for (column, &at) in columns.iter_mut().zip(&self.wanted) {
                column.push_text(self.text(at)?);
            }
            lines.push(self.line());
        }
        Ok((columns, lines))
    }

    /// Up to `rows` more rows as the file holds them.
    pub(super) fn records(&mut self, rows: usize) -> Result<Vec<ByteRecord>> {
        let mut records = Vec::new();
        while records.len() < rows && self.next_record()? {
            records.push(self.record.clone());
        }
        Ok(records)
    }

    /// The row that was read last as the file holds it: of a file that was just opened, the header.
    pub(super) fn record(&self) -> &ByteRecord {
        &self.record
    }

    /// How the file is written.
    pub(super) fn style(&self) -> Style {
        self.style
    }

    /// What to say of what stands above the header or is not in it, if anything does.
    pub(super) fn notice(&self) -> Option<String> {
        self.start.notice()
    }

    /// Reads the next row, or the header if that is not known yet.
    fn next_record(&mut self) -> Result<bool> {
        self.reader.get_mut().left = LONGEST_ROW;
        let read = self.reader.read_byte_record(&mut self.record).map_err(|error| self.error(error))?;
        if read && self.fields > 0 && self.record.len() != self.fields {
            let (line, len) = (self.line(), self.record.len());
            let problem = format!("line {line} has {len} fields, but the header has {}", self.fields);
            let remedy = "give every row one field a column; quote texts that hold delimiters";
            return Err(Error::data(&self.path, problem, remedy));
        }
        Ok(read)
    }

    /// Field `at` of the present row.
    fn text(&self, at: usize) -> Result<&str> {
        // Every row has as many fields as the header.
        std::str::from_utf8(self.record.get(at).unwrap_or_default()).map_err(|_| {
            let byte = self.start.bytes as u64 + self.record.position().map_or(0, csv::Position::byte);
            let problem =
                format!("line {} (from byte {byte}), field {}: the text is not UTF-8", self.line(), at + 1);
            Error::data(&self.path, problem, "save the table as UTF-8")
        })
    }

    /// The line that the present row starts in. The reader takes blank lines before a row for a part of it.
    fn line(&self) -> u64 {
        let inside = self.record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        let ended = u64::from(!self.style.carriage_returns);
        self.start.lines as u64 + self.reader.position().line().saturating_sub(inside + ended)
    }

    fn error(&self, error: csv::Error) -> Error {
        let (path, line) = (&self.path, self.start.lines as u64 + self.reader.position().line());
        match error.into_kind() {
            ErrorKind::Io(_) if self.reader.get_ref().left == 0 => Error::data(
                path,
                format!("a row near line {line} goes on for more than {} MiB", LONGEST_ROW >> 20),
                "look for a quotation mark that is not closed",
            ),
            ErrorKind::Io(error) => damage::error(path, format!("line {line}"), error),
            other => Error::data(path, format!("line {line}: {other:?}"), "make the table again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::cells::Value;
    use super::*;

    fn open(name: &str, bytes: &[u8]) -> Result<(CsvFile, Vec<String>)> {
        CsvFile::from_reader(Path::new(name), Cursor::new(bytes.to_vec()))
    }

    /// The header, the rows as names of cells, and the lines that they start in.
    type All = (Vec<String>, Vec<Vec<String>>, Vec<u64>);

    fn all(name: &str, bytes: &[u8]) -> Result<All> {
        let (mut file, header) = open(name, bytes)?;
        file.want(&(0..header.len()).collect::<Vec<_>>());
        let (columns, lines) = file.read(usize::MAX)?;
        let row = |i| columns.iter().map(|cells| cells.value(i).name().into_owned()).collect();
        Ok((header, (0..lines.len()).map(row).collect(), lines))
    }

    fn message(bytes: &[u8]) -> String {
        all("t.csv", bytes).expect_err("an error").to_string()
    }

    #[test]
    fn delimiters_are_told_by_the_header() {
        for (name, text) in [
            ("t.csv", "a,b\n1,x;y\n"),
            ("t.csv", "a;b\n1;\"x;y\"\n"),
            ("t.csv", "a\tb\n1\tx;y\n"),
            ("t.tsv", "a\tb\n1\tx;y"),
            ("t.csv", "\u{feff}a,b\r\n1,x;y\r\n"),
            ("t.csv", " a , b \n 1 , x;y \n"),
        ] {
            let (header, rows, _) = all(name, text.as_bytes()).unwrap();
            assert_eq!(header, ["a", "b"], "{text:?}");
            assert_eq!(rows, [["1", "x;y"]], "{text:?}");
        }
    }

    #[test]
    fn what_stands_above_the_header_is_passed_over_and_counted() {
        let text = b"sep=;\r\n# of May\r\na;b\r\n1;x\r\n2;y\r\n";
        let (file, header) = open("t.csv", text).unwrap();
        assert_eq!(header, ["a", "b"]);
        assert_eq!(file.notice().unwrap(), "a comment above the header is passed over");
        assert_eq!(all("t.csv", text).unwrap().2, [4, 5]);
        let (_, rows, _) = all("t.csv", b"\"a\",\"b\"\n\"1\",2,x\n\"2\",3,y\n").unwrap();
        assert_eq!(rows, [["1", "2", "x"], ["2", "3", "y"]]);
    }

    #[test]
    fn rows_know_their_lines_and_can_be_skipped() {
        let text = b"a,b\n1,\"x\ny\"\n2,z\n\n3,w\n";
        let (_, rows, lines) = all("t.csv", text).unwrap();
        assert_eq!(rows[0][1], "x\ny");
        assert_eq!(lines, [2, 4, 6]);
        let crlf = String::from_utf8_lossy(text).replace('\n', "\r\n");
        assert_eq!(all("t.csv", crlf.as_bytes()).unwrap().2, [2, 4, 6]);
        assert_eq!(all("t.csv", b"\n\na,b\n\n1,2\n3,4").unwrap().2, [5, 6]);
        let (mut file, _) = open("t.csv", text).unwrap();
        file.want(&[1]);
        assert_eq!(file.skip(2).unwrap(), 2);
        let (columns, lines) = file.read(5).unwrap();
        assert_eq!((columns[0].value(0), lines), (Value::Text("w"), vec![6]));
        assert_eq!(file.skip(2).unwrap(), 0);
    }

    #[test]
    fn damaged_files_say_where() {
        assert!(message(b"").contains("t.csv: the file is empty"));
        assert!(message(b"\n\n").contains("the file is empty"));
        let text = message(b"a,b\n1,2\n3\n");
        assert!(text.contains("line 3 has 1 fields, but the header has 2"), "{text}");
        assert!(message(b"a,b\n1,2\n3,4,5\n").contains("line 3 has 3 fields"));
        let text = message(b"a,b\n1,2\n3,caf\xe9\n");
        assert!(text.contains("line 3 (from byte 8), field 2: the text is not UTF-8"), "{text}");
        assert!(message(b"a,caf\xe9\n1,2\n").contains("line 1 (from byte 0), field 2"));
        let (mut file, _) = open("t.csv", b"a,b\n1,caf\xe9\n").unwrap();
        file.want(&[0]);
        assert_eq!(file.read(9).unwrap().1, [2], "other columns may hold what they like");
        let mut unclosed = b"a,b\n1,2\n3,\"".to_vec();
        unclosed.resize((LONGEST_ROW + (1 << 17)) as usize, b'x');
        let text = message(&unclosed);
        assert!(text.contains("goes on for more than 16 MiB; look for a quotation mark"), "{text}");
    }
}
