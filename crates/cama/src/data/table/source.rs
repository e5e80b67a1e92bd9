//! A table's rows out of its file, some at a time.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::cells::{Cells, listed};
use super::csv_file::CsvFile;
use super::parquet_file::ParquetFile;
use crate::data::range::Span;
use crate::error::{nearest, suggestion};
use crate::{Error, Result};

/// The extensions that tell a table.
const EXTENSIONS: [&str; 3] = ["csv", "tsv", "parquet"];

/// Whether a specification of data names a table, by the extension of its path: `.csv`, `.tsv`, `.parquet`.
pub fn is_table(spec: &str) -> bool {
    let path = Span::split_off(spec).map_or(spec, |(path, _)| path);
    extension(Path::new(path)).is_some()
}

/// The names of the columns of a table, in the order of the file; `spec` is as for
/// [`Schema::read`](super::Schema::read).
///
/// # Errors
///
/// [`Error::Spec`] for a bad range, [`Error::Io`] for a file that cannot be read, and [`Error::Data`] for one that is
/// empty or no table, or of which two columns have the same name. What is wrong further on in the file is not found.
pub fn columns(spec: &str) -> Result<Vec<String>> {
    Ok(Source::open(spec)?.header)
}

fn extension(path: &Path) -> Option<&'static str> {
    let extension = path.extension()?;
    EXTENSIONS.into_iter().find(|known| extension.eq_ignore_ascii_case(known))
}

/// Some rows of the needed columns.
pub(super) struct Chunk {
    /// The index of the first of these rows in the file, from 0.
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

/// A file that is being read.
pub(super) struct Source {
    spec: String,
    path: PathBuf,
    span: Span,
    header: Vec<String>,
    format: Format,
    /// The rows still to be read, of which the file may have fewer.
    rows: Range<usize>,
    started: bool,
}

/// The file by its format.
pub(super) enum Format {
    Csv(CsvFile),
    Parquet(ParquetFile),
}

impl Source {
    /// Opens the table that `spec` names, and reads what columns it has.
    pub(super) fn open(spec: &str) -> Result<Source> {
        let (path, span) = Span::split_off(spec)?;
        let path = Path::new(path);
        let remedy = "give a .csv, .tsv or .parquet file";
        let Some(extension) = extension(path) else {
            return Err(Error::data(path, "its extension is not that of a table", remedy));
        };
        if !path.is_file() {
            let problem = if path.exists() { "not a file" } else { "no such file" };
            return Err(Error::data(path, problem, remedy));
        }
        let (format, header, len) = match extension {
            "parquet" => {
                let file = ParquetFile::open(path)?;
                let (names, len) = (file.names(), file.len());
                (Format::Parquet(file), names, Some(len))
            }
            _ => {
                let (file, header) = CsvFile::open(path)?;
                (Format::Csv(file), header, None)
            }
        };
        Source::new(spec, span, path, header, format, len)
    }

    fn new(
        spec: &str,
        span: Span,
        path: &Path,
        header: Vec<String>,
        format: Format,
        len: Option<usize>,
    ) -> Result<Source> {
        let mut sorted: Vec<&String> = header.iter().collect();
        sorted.sort();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            let problem = format!("more than one column is called `{}`", twice[0]);
            return Err(Error::data(path, problem, "give every column a name of its own"));
        }
        let (start, end) = span.bounds();
        let rows = match len {
            Some(len) => resolve(spec, span, len, path)?,
            None => start..end.unwrap_or(usize::MAX),
        };
        if rows.is_empty() {
            let problem =
                format!("the range {start}..{} holds no row; it must start before it ends", rows.end);
            return Err(Error::spec("data", spec, problem));
        }
        let (spec, path) = (spec.to_string(), path.to_path_buf());
        Ok(Source { spec, path, span, header, format, rows, started: false })
    }

    /// A CSV file whose bytes are at hand, as if read from `t.csv`.
    #[cfg(test)]
    pub(super) fn from_csv(bytes: &[u8]) -> Result<Source> {
        let (path, span) = (Path::new("t.csv"), Span::split_off("t.csv")?.1);
        let (file, header) = CsvFile::from_reader(path, std::io::Cursor::new(bytes.to_vec()))?;
        Source::new("t.csv", span, path, header, Format::Csv(file), None)
    }

    /// The specification.
    pub(super) fn spec(&self) -> &str {
        &self.spec
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The names of all columns, in the order of the file.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// The rows still to be read, of which the file may have fewer.
    pub(super) fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// The file itself, at its first row.
    pub(super) fn into_format(self) -> Format {
        self.format
    }

    /// Chooses the columns that chunks hold, in this order.
    pub(super) fn need(&mut self, columns: &[&str]) -> Result<()> {
        let places = columns.iter().map(|column| self.place_of(column)).collect::<Result<Vec<_>>>()?;
        match &mut self.format {
            Format::Csv(file) => {
                file.want(&places);
                Ok(())
            }
            Format::Parquet(file) => file.want(&places),
        }
    }

    /// Where a column stands in the file.
    pub(super) fn place_of(&self, column: &str) -> Result<usize> {
        self.header.iter().position(|name| name == column).ok_or_else(|| {
            let known: Vec<&str> = self.header.iter().map(String::as_str).collect();
            let problem = format!("has no column `{column}`{}", suggestion(&nearest(column, &known)));
            Error::data(&self.path, problem, format!("its columns are {}", listed(&known)))
        })
    }

    /// The next rows of the needed columns, at most `rows` of them, at least one; `None` at the end.
    pub(super) fn next(&mut self, rows: usize) -> Result<Option<Chunk>> {
        if !self.started {
            self.started = true;
            let start = self.rows.start;
            let skipped = match &mut self.format {
                Format::Csv(file) => file.skip(start)?,
                Format::Parquet(file) => file.skip(start)?,
            };
            if skipped < start {
                return Err(self.too_short(skipped));
            }
        }
        let (first, most) = (self.rows.start, rows.min(self.rows.len()));
        if most == 0 {
            return Ok(None);
        }
        let (columns, lines) = match &mut self.format {
            Format::Csv(file) => file.read(most)?,
            Format::Parquet(file) => (file.read(most)?, Vec::new()),
        };
        let chunk = Chunk { first, lines, columns };
        self.rows.start += chunk.len();
        if chunk.len() < most {
            // The file has ended: its length is known now, and the range can be judged.
            let len = self.rows.start;
            resolve(&self.spec, self.span, len, &self.path)?;
            self.rows.end = len;
        }
        Ok((chunk.len() > 0).then_some(chunk))
    }

    fn too_short(&self, len: usize) -> Error {
        match resolve(&self.spec, self.span, len, &self.path) {
            Err(error) => error,
            Ok(_) => Error::data(&self.path, format!("ends after row {len}"), "make the file again"),
        }
    }
}

/// The rows meant, of a file of `len` rows.
fn resolve(spec: &str, span: Span, len: usize, path: &Path) -> Result<Range<usize>> {
    if len == 0 {
        return Err(Error::data(path, "the table has a header but no rows", "give one with rows"));
    }
    span.resolve_of(spec, len, ["row", "rows"])
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

    #[test]
    fn bad_files_say_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let message = |spec: &str| cells(spec, 10).unwrap_err().to_string();
        let path = write(folder.path(), "header.csv", "x,y\n");
        assert!(message(&path).contains("header.csv: the table has a header but no rows"));
        let path = write(folder.path(), "twice.csv", "x,y,x\n1,2,3\n");
        assert!(message(&path).contains("more than one column is called `x`"));
        let path = write(folder.path(), "other.csv", "xx,y\n1,2\n");
        let text = message(&path);
        assert!(text.contains("has no column `x` (did you mean `xx`?); its columns are xx, y"), "{text}");
        let path = write(folder.path(), "t.txt", "x\n1\n");
        assert!(message(&path).contains("its extension is not that of a table; give a .csv"));
        assert!(message("no/such.csv").contains("no/such.csv: no such file"));
        std::fs::create_dir(folder.path().join("folder.csv")).unwrap();
        assert!(message(folder.path().join("folder.csv").to_str().unwrap()).contains("not a file"));
        let path = write(folder.path(), "not.parquet", "x,y\n1,2\n");
        assert!(message(&path).contains("not.parquet: damaged"), "{}", message(&path));
    }

    #[test]
    fn columns_are_known_by_the_header_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "t.csv", "\u{feff} b ;a;\"c;d\"\n1;2\n");
        assert_eq!(columns(&path).unwrap(), ["b", "a", "c;d"]);
        let path = write(folder.path(), "header.csv", "x,y\n");
        assert_eq!(columns(&format!("{path}[..5]")).unwrap(), ["x", "y"]);
        let path = write(folder.path(), "empty.csv", "");
        assert!(columns(&path).unwrap_err().to_string().contains("empty.csv: the file is empty"));
    }

    #[test]
    fn tables_are_told_by_their_extension() {
        for spec in ["a.csv", "a.CSV[..3]", "b/a.tsv", "a.parquet[5..]"] {
            assert!(is_table(spec), "{spec}");
        }
        for spec in ["a.npz", "mnist:test", "csv", "a.csv/x.png", "", "a.csv.gz"] {
            assert!(!is_table(spec), "{spec}");
        }
    }
}
