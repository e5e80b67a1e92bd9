//! Apache Parquet: typed columns in groups of rows. Only flat columns are read, and only the wanted ones.

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::cells::Cells;
use crate::{Error, Result};

/// A Parquet file, read some rows at a time.
pub(super) struct ParquetFile {
    path: PathBuf,
    reader: SerializedFileReader<File>,
    columns: Vec<Column>,
    /// How many rows each group has.
    groups: Vec<usize>,
    wanted: Vec<usize>,
    /// The group that is read next, when no rows of the present one are left.
    next_group: usize,
    readers: Vec<ColumnReader>,
    left: usize,
}

/// A column of the table, whatever its type.
struct Column {
    name: String,
    /// Where it is among the primitive columns, and what it holds; or what it is, if it cannot be read.
    readable: Result<(usize, Flat), String>,
}

/// The types that can be read.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Flat {
    Boolean,
    Integer,
    /// An unsigned integer of 32 bits.
    Unsigned,
    /// An unsigned integer of 64 bits, read as a floating-point number.
    LongUnsigned,
    Number,
    Text,
}

impl ParquetFile {
    /// Opens a file and reads its description of itself.
    pub(super) fn open(path: &Path) -> Result<ParquetFile> {
        let file = File::open(path).map_err(Error::io("read", path))?;
        let reader = guarded(|| SerializedFileReader::new(file))
            .map_err(|problem| Error::data(path, format!("damaged ({problem})"), REMEDY))?;
        let metadata = reader.metadata();
        let groups = metadata.row_groups().iter().map(|group| usize::try_from(group.num_rows()).ok());
        let groups: Option<Vec<usize>> = groups.collect();
        let groups = groups
            .filter(|groups| groups.iter().try_fold(0usize, |sum, rows| sum.checked_add(*rows)).is_some())
            .ok_or_else(|| Error::data(path, "damaged (an impossible number of rows)", REMEDY))?;
        let columns = columns(&reader);
        let (path, wanted, readers) = (path.to_path_buf(), Vec::new(), Vec::new());
        Ok(ParquetFile { path, reader, columns, groups, wanted, next_group: 0, readers, left: 0 })
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
        for &at in columns {
            let Column { name, readable } = &self.columns[at];
            if let Err(what) = readable {
                let problem = format!("column `{name}` is {what}, which is not supported");
                return Err(Error::data(&self.path, problem, "make it a number, a truth value or a text"));
            }
        }
        self.wanted = columns.to_vec();
        Ok(())
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
        let mut columns: Vec<Cells> = self.wanted.iter().map(|&at| self.flat(at).1.cells()).collect();
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
            for (i, cells) in columns.iter_mut().enumerate() {
                let flat = self.flat(self.wanted[i]).1;
                guarded(|| read(&mut self.readers[i], flat, n, cells)).map_err(|p| self.damaged(i, p))?;
                if cells.len() < done + n {
                    return Err(self.damaged(i, format!("ends {} rows early", done + n - cells.len())));
                }
            }
            self.left -= n;
            done += n;
        }
        Ok(columns)
    }

    /// Begins to read the next group.
    fn open_group(&mut self) -> Result<()> {
        let at = self.next_group;
        self.next_group += 1;
        self.left = self.groups[at];
        self.readers.clear();
        for (i, &column) in self.wanted.iter().enumerate() {
            let leaf = self.flat(column).0;
            let compression =
                self.reader.metadata().row_group(at).columns().get(leaf).map(|chunk| chunk.compression());
            if let Some(Compression::BROTLI(_) | Compression::LZ4 | Compression::LZ4_RAW | Compression::LZO) =
                compression
            {
                let name = &self.columns[column].name;
                let problem = format!("column `{name}` is compressed with brotli, LZ4 or LZO");
                return Err(Error::data(
                    &self.path,
                    problem,
                    "compress with snappy, gzip or zstd, or not at all",
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

    /// What went wrong in the `i`-th wanted column.
    fn damaged(&self, i: usize, problem: String) -> Error {
        let name = &self.columns[self.wanted[i]].name;
        let group = self.next_group.saturating_sub(1);
        let problem = format!("damaged in column `{name}`, row group {group} ({problem})");
        Error::data(&self.path, problem, REMEDY)
    }
}

const REMEDY: &str = "fetch or make the file again";

/// The columns of the table, in the order of the file.
fn columns(reader: &SerializedFileReader<File>) -> Vec<Column> {
    let schema = reader.metadata().file_metadata().schema_descr();
    let mut columns: Vec<Column> = schema
        .root_schema()
        .get_fields()
        .iter()
        .map(|field| Column { name: field.name().to_string(), readable: Err("nested".to_string()) })
        .collect();
    for (leaf, descriptor) in schema.columns().iter().enumerate() {
        let column = &mut columns[schema.get_column_root_idx(leaf)];
        if descriptor.path().parts().len() == 1 {
            column.readable = flat(descriptor).map(|flat| (leaf, flat));
        }
    }
    columns
}

/// What a primitive column holds; or what it is, in words.
fn flat(column: &ColumnDescriptor) -> Result<Flat, String> {
    let info = column.self_type().get_basic_info();
    if info.has_repetition() && info.repetition() == Repetition::REPEATED {
        return Err("a list".to_string());
    }
    // Older files have only the converted type.
    let logical = column.logical_type_ref().map(|logical| format!("{logical:?}"));
    let converted = column.converted_type();
    use parquet::basic::ConvertedType as C;
    match (column.physical_type(), column.logical_type_ref(), converted) {
        (Physical::BOOLEAN, ..) => Ok(Flat::Boolean),
        (Physical::FLOAT | Physical::DOUBLE, ..) => Ok(Flat::Number),
        (Physical::BYTE_ARRAY, Some(LogicalType::String | LogicalType::Enum), _) => Ok(Flat::Text),
        (Physical::BYTE_ARRAY, None, C::UTF8 | C::ENUM) => Ok(Flat::Text),
        (Physical::INT32, Some(LogicalType::Integer(int)), _) if !int.is_signed => Ok(Flat::Unsigned),
        (Physical::INT64, Some(LogicalType::Integer(int)), _) if !int.is_signed => Ok(Flat::LongUnsigned),
        (Physical::INT32, None, C::UINT_8 | C::UINT_16 | C::UINT_32) => Ok(Flat::Unsigned),
        (Physical::INT64, None, C::UINT_64) => Ok(Flat::LongUnsigned),
        (Physical::INT32 | Physical::INT64, Some(LogicalType::Integer(_) | LogicalType::Unknown), _)
        | (Physical::INT32 | Physical::INT64, None, C::NONE | C::INT_8 | C::INT_16 | C::INT_32 | C::INT_64) => {
            Ok(Flat::Integer)
        }
        (Physical::BYTE_ARRAY, None, C::NONE) => Err("binary (BYTE_ARRAY)".to_string()),
        (physical, None, C::NONE) => Err(format!("of the type {physical}")),
        (physical, _, converted) => {
            Err(format!("of the type {} ({physical})", logical.unwrap_or_else(|| converted.to_string())))
        }
    }
}

impl Flat {
    fn cells(self) -> Cells {
        match self {
            Flat::Boolean => Cells::Boolean(Vec::new()),
            Flat::Integer | Flat::Unsigned => Cells::Integer(Vec::new()),
            Flat::LongUnsigned | Flat::Number => Cells::Number(Vec::new()),
            Flat::Text => Cells::texts(),
        }
    }
}

/// Adds up to `n` cells of a column; what is missing is missing.
fn read(reader: &mut ColumnReader, flat: Flat, n: usize, cells: &mut Cells) -> parquet::errors::Result<()> {
    let nan = f64::NAN;
    match (reader, cells) {
        (ColumnReader::BoolColumnReader(reader), Cells::Boolean(cells)) => {
            cells.extend(values(reader, n)?);
        }
        (ColumnReader::Int32ColumnReader(reader), Cells::Integer(cells)) => {
            // Unsigned numbers are stored by their bits.
            let long = |v: i32| if flat == Flat::Unsigned { i64::from(v as u32) } else { i64::from(v) };
            cells.extend(values(reader, n)?.into_iter().map(|v| v.map(long)));
        }
        (ColumnReader::Int64ColumnReader(reader), Cells::Integer(cells)) => {
            cells.extend(values(reader, n)?);
        }
        (ColumnReader::Int64ColumnReader(reader), Cells::Number(cells)) => {
            cells.extend(values(reader, n)?.into_iter().map(|v| v.map_or(nan, |v| (v as u64) as f64)));
        }
        (ColumnReader::FloatColumnReader(reader), Cells::Number(cells)) => {
            cells.extend(values(reader, n)?.into_iter().map(|v| v.map_or(nan, f64::from)));
        }
        (ColumnReader::DoubleColumnReader(reader), Cells::Number(cells)) => {
            cells.extend(values(reader, n)?.into_iter().map(|v| v.unwrap_or(nan)));
        }
        (ColumnReader::ByteArrayColumnReader(reader), cells @ Cells::Text { .. }) => {
            for value in values(reader, n)? {
                match value {
                    Some(bytes) => cells.push_text(bytes.as_utf8()?),
                    None => cells.push_text(""),
                }
            }
        }
        _ => return Err(ParquetError::General("its pages are of another type than it says".to_string())),
    }
    Ok(())
}

/// Up to `n` values of a flat column.
fn values<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    n: usize,
) -> parquet::errors::Result<Vec<Option<T::T>>> {
    let (mut levels, mut present) = (Vec::new(), Vec::new());
    let mut done = 0;
    while done < n {
        let (records, _, _) = reader.read_records(n - done, Some(&mut levels), None, &mut present)?;
        if records == 0 {
            break;
        }
        done += records;
    }
    // A column that is never missing has no levels.
    if levels.is_empty() {
        return Ok(present.into_iter().map(Some).collect());
    }
    if levels.iter().filter(|level| **level > 0).count() != present.len() {
        return Err(ParquetError::General("not as many values as cells".to_string()));
    }
    let mut present = present.into_iter();
    Ok(levels.iter().map(|&level| if level > 0 { present.next() } else { None }).collect())
}

fn skip(reader: &mut ColumnReader, n: usize) -> parquet::errors::Result<usize> {
    match reader {
        ColumnReader::BoolColumnReader(reader) => reader.skip_records(n),
        ColumnReader::Int32ColumnReader(reader) => reader.skip_records(n),
        ColumnReader::Int64ColumnReader(reader) => reader.skip_records(n),
        ColumnReader::FloatColumnReader(reader) => reader.skip_records(n),
        ColumnReader::DoubleColumnReader(reader) => reader.skip_records(n),
        ColumnReader::ByteArrayColumnReader(reader) => reader.skip_records(n),
        ColumnReader::Int96ColumnReader(reader) => reader.skip_records(n),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => reader.skip_records(n),
    }
}

/// What `work` gives, or what is wrong in words.
fn guarded<T>(work: impl FnOnce() -> parquet::errors::Result<T>) -> Result<T, String> {
    work().map_err(|error| error.to_string())
}
