//! Opening a table's file, by its extension.

use std::path::Path;

use super::bytes::STANDARD_INPUT;
use super::cells::Cells;
use super::csv_file::CsvFile;
use super::extension::extension;
use super::heading::Heading;
use super::parquet_file::ParquetFile;
use crate::range::{Span, path_and_range};
use crate::{Error, Result};

/// What to give, for messages.
const REMEDY: &str =
    "give a .csv, .tsv or .parquet file, .csv.gz or .csv.zst, or - for CSV from standard input";

/// Whether a specification of data names a table, by the extension of its path: `.csv`, `.tsv` or `.parquet`, and of the
/// first two also with `.gz` or `.zst` behind; or `-`, CSV from standard input.
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
    Ok(TableFile::open(spec)?.heading.columns().to_vec())
}

/// A table's file, at its first row.
pub(super) struct TableFile {
    pub(super) heading: Heading,
    pub(super) format: Format,
}

/// The file by its format.
pub(super) enum Format {
    Csv(CsvFile),
    Parquet(ParquetFile),
}

/// Whether `spec` names standard input, which can be read once.
pub fn is_standard_input(spec: &str) -> bool {
    path_and_range(spec).0 == STANDARD_INPUT
}

impl TableFile {
    /// Opens the table that `spec` names, and reads what columns it has.
    pub(super) fn open(spec: &str) -> Result<TableFile> {
        let (path, span) = Span::split_off(spec)?;
        let path = Path::new(path);
        let Some(extension) = extension(path) else {
            return Err(Error::data(path, "its extension is not that of a table", REMEDY));
        };
        // A pipe with a name can be read as well.
        if path.as_os_str() != STANDARD_INPUT && (!path.exists() || path.is_dir()) {
            let problem = if path.exists() { "not a file" } else { "no such file" };
            return Err(Error::data(path, problem, REMEDY));
        }
        let (format, columns, len) = match extension {
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
        Ok(TableFile { heading: Heading::new(spec, span, path, columns, len)?, format })
    }

    /// A CSV file whose bytes are at hand, as if read from `t.csv`.
    #[cfg(test)]
    pub(super) fn from_csv(bytes: &[u8]) -> Result<TableFile> {
        let path = Path::new("t.csv");
        let (file, header) = CsvFile::from_reader(path, std::io::Cursor::new(bytes.to_vec()))?;
        Ok(TableFile {
            heading: Heading::new("t.csv", Span::ALL, path, header, None)?,
            format: Format::Csv(file),
        })
    }
}

impl Format {
    /// Chooses the columns to read, by their places in the heading.
    pub(super) fn want(&mut self, columns: &[usize]) -> Result<()> {
        match self {
            Format::Csv(file) => {
                file.want(columns);
                Ok(())
            }
            Format::Parquet(file) => file.want(columns),
        }
    }

    /// Goes past up to `rows` rows and says past how many.
    pub(super) fn skip(&mut self, rows: usize) -> Result<usize> {
        match self {
            Format::Csv(file) => file.skip(rows),
            Format::Parquet(file) => file.skip(rows),
        }
    }

    /// The wanted columns of up to `rows` more rows, and the line that each row starts in, where the file has lines.
    pub(super) fn read(&mut self, rows: usize) -> Result<(Vec<Cells>, Vec<u64>)> {
        match self {
            Format::Csv(file) => file.read(rows),
            Format::Parquet(file) => Ok((file.read(rows)?, Vec::new())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::*;

    fn write(folder: &Path, name: &str, content: &str) -> String {
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_string()
    }

    #[test]
    fn bad_files_say_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let all = |spec: &str| {
            let mut source = Source::open(spec)?;
            source.need(&["x"])?;
            while source.next(10)?.is_some() {}
            Ok::<_, Error>(())
        };
        let message = |spec: &str| all(spec).unwrap_err().to_string();
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
        for spec in
            ["a.csv", "a.CSV[..3]", "b/a.tsv", "a.parquet[5..]", "a.csv.gz", "a.tsv.ZST[1..]", "-", "-[..5]"]
        {
            assert!(is_table(spec), "{spec}");
        }
        for spec in
            ["a.npz", "mnist:test", "csv", "a.csv/x.png", "", "a.gz", "a.parquet.gz", "a.csv.xz", "--"]
        {
            assert!(!is_table(spec), "{spec}");
        }
    }
}
