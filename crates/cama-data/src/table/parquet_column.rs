//! The columns of a Parquet file: which can be read, and their cells.

use std::path::Path;

use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use super::cells::Cells;
use super::fixed_point::{Stored, stored};
use crate::Error;

/// A column of the table, whatever its type.
pub(super) struct Column {
    pub(super) name: String,
    /// Where it is among the primitive columns, and what it holds; or what it is, if it cannot be read.
    pub(super) readable: Result<(usize, Flat), String>,
}

impl Column {
    /// Where it is among the primitive columns, and what it holds; an error if it cannot be read.
    pub(super) fn flat(&self, path: &Path) -> crate::Result<(usize, Flat)> {
        self.readable.clone().map_err(|what| {
            let problem = format!("column `{}` is {what}, which is not supported", self.name);
            let remedy =
                "make it a number (of a date, such as the days since the first), a truth value or a text";
            Error::data(path, problem, remedy)
        })
    }
}

/// The types that can be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Flat {
    Boolean,
    Integer,
    /// An unsigned integer of 32 bits.
    Unsigned,
    /// An unsigned integer of 64 bits, read as a floating-point number.
    LongUnsigned,
    Number,
    /// A number that is stored as an integer or as bytes.
    Stored(Stored),
    Text,
}

/// The columns of the table, in the order of the file.
pub(super) fn columns(schema: &SchemaDescriptor) -> Vec<Column> {
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
    let bytes = matches!(column.physical_type(), Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY);
    let integer = matches!(column.physical_type(), Physical::INT32 | Physical::INT64);
    if let Some(stored) = stored(column).filter(|_| bytes || integer) {
        return Ok(Flat::Stored(stored));
    }
    match (column.physical_type(), column.logical_type_ref(), converted) {
        (Physical::BOOLEAN, ..) => Ok(Flat::Boolean),
        (Physical::FLOAT | Physical::DOUBLE, ..) => Ok(Flat::Number),
        (Physical::BYTE_ARRAY, Some(LogicalType::String | LogicalType::Enum), _) => Ok(Flat::Text),
        (Physical::BYTE_ARRAY, None, ConvertedType::UTF8 | ConvertedType::ENUM) => Ok(Flat::Text),
        (Physical::INT32, Some(LogicalType::Integer(int)), _) if !int.is_signed => Ok(Flat::Unsigned),
        (Physical::INT64, Some(LogicalType::Integer(int)), _) if !int.is_signed => Ok(Flat::LongUnsigned),
        (Physical::INT32, None, ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32) => {
            Ok(Flat::Unsigned)
        }
        (Physical::INT64, None, ConvertedType::UINT_64) => Ok(Flat::LongUnsigned),
        (Physical::INT32 | Physical::INT64, Some(LogicalType::Integer(_) | LogicalType::Unknown), _)
        | (
            Physical::INT32 | Physical::INT64,
            None,
            ConvertedType::NONE
            | ConvertedType::INT_8
            | ConvertedType::INT_16
            | ConvertedType::INT_32
            | ConvertedType::INT_64,
        ) => Ok(Flat::Integer),
        (Physical::BYTE_ARRAY, None, ConvertedType::NONE) => Err("binary (BYTE_ARRAY)".to_string()),
        (physical, None, ConvertedType::NONE) => Err(format!("of the type {physical}")),
        (_, Some(LogicalType::Date), _) | (_, _, ConvertedType::DATE) => Err("a date".to_string()),
        (_, Some(LogicalType::Timestamp(_)), _)
        | (_, _, ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS) => {
            Err("a point in time".to_string())
        }
        (_, Some(LogicalType::Time(_)), _)
        | (_, _, ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS) => Err("a time of day".to_string()),
        (physical, _, converted) => {
            Err(format!("of the type {} ({physical})", logical.unwrap_or_else(|| converted.to_string())))
        }
    }
}

impl Flat {
    /// No cells of this type.
    pub(super) fn cells(self) -> Cells {
        match self {
            Flat::Boolean => Cells::Boolean(Vec::new()),
            Flat::Integer | Flat::Unsigned => Cells::Integer(Vec::new()),
            Flat::LongUnsigned | Flat::Number | Flat::Stored(_) => Cells::Number(Vec::new()),
            Flat::Text => Cells::texts(),
        }
    }
}

/// Adds up to `n` cells of a column; what is missing is missing.
pub(super) fn read(
    reader: &mut ColumnReader,
    flat: Flat,
    n: usize,
    cells: &mut Cells,
) -> parquet::errors::Result<()> {
    let nan = f64::NAN;
    if let (Flat::Stored(stored), Cells::Number(cells)) = (flat, &mut *cells) {
        return read_stored(reader, stored, n, cells);
    }
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

/// Adds up to `n` numbers that are stored as integers or as bytes.
fn read_stored(
    reader: &mut ColumnReader,
    stored: Stored,
    n: usize,
    cells: &mut Vec<f64>,
) -> parquet::errors::Result<()> {
    let nan = f64::NAN;
    let of_bytes = |bytes: Option<&[u8]>| match bytes {
        Some(bytes) => {
            let wrong = || ParquetError::General(format!("a number of it is of {} bytes", bytes.len()));
            stored.of_bytes(bytes).ok_or_else(wrong)
        }
        None => Ok(nan),
    };
    match reader {
        ColumnReader::Int32ColumnReader(reader) => {
            cells.extend(
                values(reader, n)?.into_iter().map(|v| v.map_or(nan, |v| stored.of_integer(v.into()))),
            );
        }
        ColumnReader::Int64ColumnReader(reader) => {
            cells.extend(values(reader, n)?.into_iter().map(|v| v.map_or(nan, |v| stored.of_integer(v))));
        }
        ColumnReader::ByteArrayColumnReader(reader) => {
            for value in values(reader, n)? {
                cells.push(of_bytes(value.as_ref().map(|bytes| bytes.data()))?);
            }
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            for value in values(reader, n)? {
                cells.push(of_bytes(value.as_ref().map(|bytes| bytes.data()))?);
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

/// Goes past up to `n` cells of a column and says past how many.
pub(super) fn skip(reader: &mut ColumnReader, n: usize) -> parquet::errors::Result<usize> {
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
