//! Apache Parquet: typed columns in groups of rows. Only flat columns are read, and only the wanted ones.

use std::fs::File;
use std::path::{Path, PathBuf};

use cama_base::panics::caught;
use parquet::basic::Compression;
use parquet::column::reader::ColumnReader;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::cells::Cells;
use super::leaf::Leaf;
use super::parquet_column::{Column, Flat, columns, read, skip};
use super::parquet_footer;
use crate::{Error, Result};

/// A Parquet file, read some rows at a time.
pub(super) struct ParquetFile {
    path: PathBuf,
    reader: SerializedFileReader<File>,
    columns: Vec<Column>,
    /// How many rows each group has.
    groups: Vec<usize>,
    wanted: Vec<usize>,
    /// Where the wanted columns are among the primitive ones.
    leaves: Vec<usize>,
    /// The group that is read next, when no rows of the present one are left.
    next_group: usize,
    readers: Vec<ColumnReader>,
    left: usize,
}

/// A column of which the file says that its pages lie where a file of this length has nothing: the decoder reserves memory for as many
/// bytes as are said.
fn beyond(metadata: &ParquetMetaData, length: u64) -> Option<String> {
    let chunks = metadata.row_groups().iter().flat_map(|group| group.columns());
    let is_within = |offset: i64, size: i64| match (u64::try_from(offset), u64::try_from(size)) {
        (Ok(offset), Ok(size)) => offset.checked_add(size).is_some_and(|end| end <= length),
        _ => false,
    };
    let mut beyond = chunks.filter(|chunk| {
        let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
        !is_within(start, chunk.compressed_size()) || !is_within(chunk.data_page_offset(), 0)
    });
    beyond.next().map(|chunk| chunk.column_path().string())
}

impl ParquetFile {
    /// Opens a file and reads its description of itself.
    pub(super) fn open(path: &Path) -> Result<ParquetFile> {
        let mut file = File::open(path).map_err(Error::io("read", path))?;
        let damaged = |problem: String| Error::data(path, format!("damaged ({problem})"), REMEDY);
        if let Some(problem) = parquet_footer::problem(&mut file).map_err(Error::io("read", path))? {
            return Err(damaged(problem));
        }
        let length = file.metadata().map_err(Error::io("read", path))?.len();
        let reader = guarded(|| SerializedFileReader::new(file)).map_err(damaged)?;
        let metadata = reader.metadata();
        if let Some(column) = beyond(metadata, length) {
            return Err(damaged(format!("the pages of column `{column}` are said to lie beyond its end")));
        }
        let groups = metadata.row_groups().iter().map(|group| usize::try_from(group.num_rows()).ok());
        let groups: Option<Vec<usize>> = groups.collect();
        let groups = groups
            .filter(|groups| groups.iter().try_fold(0usize, |sum, rows| sum.checked_add(*rows)).is_some())
            .ok_or_else(|| Error::data(path, "damaged (an impossible number of rows)", REMEDY))?;
        let columns = columns(metadata.file_metadata().schema_descr());
        let (path, wanted, leaves, readers) = (path.to_path_buf(), Vec::new(), Vec::new(), Vec::new());
        Ok(ParquetFile { path, reader, columns, groups, wanted, leaves, next_group: 0, readers, left: 0 })
    }

    /// The names of all columns, those that cannot be read among them.
    pub(super) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.groups.iter().sum()
    }

    /// Chooses the columns to read, by their places in [`names`](ParquetFile::names).
    pub(super) fn want(&mut self, columns: &[usize]) -> Result<()> {
        columns.iter().try_for_each(|&at| self.columns[at].flat(&self.path).map(drop))?;
        self.wanted = columns.to_vec();
        self.leaves = columns.iter().map(|&at| self.flat(at).0).collect();
        Ok(())
    }

    /// Chooses all primitive columns, whatever they hold, to be read by [`leaves`](ParquetFile::leaves).
    pub(super) fn want_leaves(&mut self) {
        self.leaves = (0..self.metadata().file_metadata().schema_descr().num_columns()).collect();
    }

    /// All columns.
    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// What the file says of itself.
    pub(super) fn metadata(&self) -> &ParquetMetaData {
        self.reader.metadata()
    }

    /// Goes past up to `rows` rows and says past how many; whole groups are not even opened.
    pub(super) fn skip(&mut self, rows: usize) -> Result<usize> {
        let mut done = 0;
        while done < rows {
            if self.left == 0 {
                match self.groups.get(self.next_group) {
                    None => break,
                    Some(&group) if group <= rows - done => {
                        self.next_group += 1;
                        done += group;
                        continue;
                    }
                    Some(_) => self.open_group()?,
                }
            }
            let n = self.left.min(rows - done);
            for i in 0..self.readers.len() {
                let skipped = guarded(|| skip(&mut self.readers[i], n)).map_err(|p| self.damaged(i, p))?;
                if skipped < n {
                    return Err(self.damaged(i, format!("ends {} rows early", n - skipped)));
                }
            }
            self.left -= n;
            done += n;
        }
        Ok(done)
    }

    /// The wanted columns of up to `rows` more rows.
    pub(super) fn read(&mut self, rows: usize) -> Result<Vec<Cells>> {
        let flats: Vec<Flat> = self.wanted.iter().map(|&at| self.flat(at).1).collect();
        let mut columns: Vec<Cells> = flats.iter().map(|flat| flat.cells()).collect();
        self.rows(rows, |i, reader, n, done| {
            read(reader, flats[i], n, &mut columns[i])?;
            Ok(columns[i].len() - done)
        })?;
        Ok(columns)
    }

    /// All primitive columns of up to `rows` more rows as the file holds them, and how many rows these are.
    pub(super) fn leaves(&mut self, rows: usize) -> Result<(Vec<Leaf>, usize)> {
        let schema = self.metadata().file_metadata().schema_descr();
        let mut leaves: Vec<Leaf> = schema.columns().iter().map(|column| Leaf::new(column)).collect();
        let done = self.rows(rows, |i, reader, n, _| leaves[i].read(reader, n))?;
        Ok((leaves, done))
    }

    /// Reads up to `rows` more rows, and says how many: `read` is given a column and its reader, how many rows to read
    /// of the present group and how many were read of others before, and says how many it found.
    fn rows(
        &mut self,
        rows: usize,
        mut read: impl FnMut(usize, &mut ColumnReader, usize, usize) -> parquet::errors::Result<usize>,
    ) -> Result<usize> {
        let mut done = 0;
        while done < rows {
            if self.left == 0 {
                if self.next_group == self.groups.len() {
                    break;
                }
                self.open_group()?;
                continue;
            }
            let n = self.left.min(rows - done);
            for i in 0..self.readers.len() {
                let found =
                    guarded(|| read(i, &mut self.readers[i], n, done)).map_err(|p| self.damaged(i, p))?;
                if found < n {
                    return Err(self.damaged(i, format!("ends {} rows early", n - found)));
                }
            }
            self.left -= n;
            done += n;
        }
        Ok(done)
    }

    /// Begins to read the next group.
    fn open_group(&mut self) -> Result<()> {
        let at = self.next_group;
        self.next_group += 1;
        self.left = self.groups[at];
        self.readers.clear();
        for (i, &leaf) in self.leaves.iter().enumerate() {
            let compression =
                self.reader.metadata().row_group(at).columns().get(leaf).map(|chunk| chunk.compression());
            // No program writes it any more.
            if let Some(Compression::LZO) = compression {
                let name = self.name_of(leaf);
                let problem = format!("column `{name}` is compressed with LZO");
                return Err(Error::data(
                    &self.path,
                    problem,
                    "compress with another codec, such as zstd, or not at all",
                ));
            }
            let reader = guarded(|| self.reader.get_row_group(at)?.get_column_reader(leaf));
            self.readers.push(reader.map_err(|problem| self.damaged(i, problem))?);
        }
        Ok(())
    }

    /// A wanted column's place among the primitive ones, and its type.
    fn flat(&self, at: usize) -> (usize, Flat) {
        match &self.columns[at].readable {
            Ok(readable) => *readable,
            Err(_) => unreachable!("`want` lets only readable columns in"),
        }
    }

    /// The column that a primitive one belongs to.
    fn name_of(&self, leaf: usize) -> &str {
        let schema = self.metadata().file_metadata().schema_descr();
        &self.columns[schema.get_column_root_idx(leaf)].name
    }

    /// What went wrong in the `i`-th wanted column.
    fn damaged(&self, i: usize, problem: String) -> Error {
        let name = self.name_of(self.leaves[i]);
        let group = self.next_group.saturating_sub(1);
        let problem = format!("damaged in column `{name}`, row group {group} ({problem})");
        Error::data(&self.path, problem, REMEDY)
    }
}

const REMEDY: &str = "fetch or make the file again";

/// What `work` gives, or what is wrong in words. Some damage makes the decoder panic.
fn guarded<T>(work: impl FnOnce() -> parquet::errors::Result<T>) -> Result<T, String> {
    // What the panic leaves behind is not used: an error ends the reading.
    match caught(work) {
        Some(done) => done.map_err(|error| error.to_string()),
        None => Err("the decoder cannot go on".to_string()),
    }
}

#[cfg(test)]
mod tests;
