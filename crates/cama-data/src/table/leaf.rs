//! A primitive column of a Parquet file as the file holds it, whatever its type: it can be written again as it was.

use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::column::writer::{ColumnWriter, ColumnWriterImpl};
use parquet::data_type::{ByteArray, DataType, FixedLenByteArray, Int96};
use parquet::errors::{ParquetError, Result};
use parquet::schema::types::ColumnDescriptor;

use super::cells::truth;
use super::fixed_point::{Stored, stored};
use super::missing::MissingValues;
use super::number;
use super::schema::Cell;

/// Some rows of a primitive column.
#[derive(Debug)]
pub(super) struct Leaf {
    values: Values,
    /// Definition levels: below the highest where there is no value. Empty if there always is one.
    defined: Vec<i16>,
    /// Repetition levels: above 0 where a value belongs to the row before. Empty outside lists.
    repeated: Vec<i16>,
    most_defined: i16,
    nested: bool,
    /// Whether integers are unsigned.
    unsigned: bool,
    /// How numbers are stored that are no plain ones.
    stored: Option<Stored>,
}

/// The values that are there.
#[derive(Debug)]
enum Values {
    Boolean(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Int96(Vec<Int96>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
}

impl Leaf {
    /// No rows of this column.
    pub(super) fn new(column: &ColumnDescriptor) -> Leaf {
        let values = match column.physical_type() {
            Physical::BOOLEAN => Values::Boolean(Vec::new()),
            Physical::INT32 => Values::Int32(Vec::new()),
            Physical::INT64 => Values::Int64(Vec::new()),
            Physical::INT96 => Values::Int96(Vec::new()),
            Physical::FLOAT => Values::Float(Vec::new()),
            Physical::DOUBLE => Values::Double(Vec::new()),
            Physical::BYTE_ARRAY => Values::Bytes(Vec::new()),
            Physical::FIXED_LEN_BYTE_ARRAY => Values::Fixed(Vec::new()),
        };
        let unsigned = match column.logical_type_ref() {
            Some(LogicalType::Integer(int)) => !int.is_signed,
            _ => matches!(
                column.converted_type(),
                ConvertedType::UINT_8
                    | ConvertedType::UINT_16
                    | ConvertedType::UINT_32
                    | ConvertedType::UINT_64
            ),
        };
        let (defined, repeated) = (Vec::new(), Vec::new());
        let (most_defined, nested) = (column.max_def_level(), column.max_rep_level() > 0);
        Leaf { values, defined, repeated, most_defined, nested, unsigned, stored: stored(column) }
    }

    /// A column of numbers, one a row or none.
    pub(super) fn numbers(cells: Vec<Option<f64>>) -> Leaf {
        let defined = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
        Leaf::optional(Values::Double(cells.into_iter().flatten().collect()), defined)
    }

    /// A column of texts, one a row or none.
    pub(super) fn texts(cells: Vec<Option<&str>>) -> Leaf {
        let defined = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
        Leaf::optional(Values::Bytes(cells.into_iter().flatten().map(ByteArray::from).collect()), defined)
    }

    fn optional(values: Values, defined: Vec<i16>) -> Leaf {
        let (repeated, unsigned) = (Vec::new(), false);
        Leaf { values, defined, repeated, most_defined: 1, nested: false, unsigned, stored: None }
    }

    /// Adds up to `n` rows and says how many.
    pub(super) fn read(&mut self, reader: &mut ColumnReader, n: usize) -> Result<usize> {
        let levels = (&mut self.defined, &mut self.repeated);
        match (reader, &mut self.values) {
            (ColumnReader::BoolColumnReader(reader), Values::Boolean(to)) => read(reader, n, levels, to),
            (ColumnReader::Int32ColumnReader(reader), Values::Int32(to)) => read(reader, n, levels, to),
            (ColumnReader::Int64ColumnReader(reader), Values::Int64(to)) => read(reader, n, levels, to),
            (ColumnReader::Int96ColumnReader(reader), Values::Int96(to)) => read(reader, n, levels, to),
            (ColumnReader::FloatColumnReader(reader), Values::Float(to)) => read(reader, n, levels, to),
            (ColumnReader::DoubleColumnReader(reader), Values::Double(to)) => read(reader, n, levels, to),
            (ColumnReader::ByteArrayColumnReader(reader), Values::Bytes(to)) => read(reader, n, levels, to),
            (ColumnReader::FixedLenByteArrayColumnReader(reader), Values::Fixed(to)) => {
                read(reader, n, levels, to)
            }
            _ => Err(other_type()),
        }
    }

    /// Writes all rows.
    pub(super) fn write(&self, writer: &mut ColumnWriter<'_>) -> Result<()> {
        let levels =
            ((self.most_defined > 0).then_some(&self.defined[..]), self.nested.then_some(&self.repeated[..]));
        match (writer, &self.values) {
            (ColumnWriter::BoolColumnWriter(writer), Values::Boolean(from)) => write(writer, levels, from),
            (ColumnWriter::Int32ColumnWriter(writer), Values::Int32(from)) => write(writer, levels, from),
            (ColumnWriter::Int64ColumnWriter(writer), Values::Int64(from)) => write(writer, levels, from),
            (ColumnWriter::Int96ColumnWriter(writer), Values::Int96(from)) => write(writer, levels, from),
            (ColumnWriter::FloatColumnWriter(writer), Values::Float(from)) => write(writer, levels, from),
            (ColumnWriter::DoubleColumnWriter(writer), Values::Double(from)) => write(writer, levels, from),
            (ColumnWriter::ByteArrayColumnWriter(writer), Values::Bytes(from)) => write(writer, levels, from),
            (ColumnWriter::FixedLenByteArrayColumnWriter(writer), Values::Fixed(from)) => {
                write(writer, levels, from)
            }
            _ => Err(other_type()),
        }
    }

    /// The same column with floating-point numbers in the place of integers, decimals and half floats.
    pub(super) fn into_numbers(self) -> Leaf {
        if let Some(numbers) = self.stored.and_then(|stored| self.values.numbers(stored)) {
            return Leaf { values: Values::Double(numbers), stored: None, ..self };
        }
        let unsigned = self.unsigned;
        let values = match self.values {
            Values::Int32(values) => Values::Double(
                values
                    .into_iter()
                    .map(|v| if unsigned { f64::from(v as u32) } else { f64::from(v) })
                    .collect(),
            ),
            Values::Int64(values) => Values::Double(
                values.into_iter().map(|v| if unsigned { v as u64 as f64 } else { v as f64 }).collect(),
            ),
            other => other,
        };
        Leaf { values, ..self }
    }

    /// Puts cells in the places of those of the rows beside them, which are in order; one that is missing stays so.
    /// Says which cell this type cannot hold, if any.
    pub(super) fn put(
        &mut self,
        cells: &[(usize, &Cell)],
        missing: &MissingValues,
    ) -> std::result::Result<(), usize> {
        let mut seen = (0, 0);
        for (row, cell) in cells {
            // Counts on from the row before, so that many cells take no longer than the column is long.
            let place = match self.most_defined {
                0 => Some(*row),
                most => {
                    let there = self.defined[seen.0..*row].iter().filter(|level| **level == most).count();
                    seen = (*row, seen.1 + there);
                    (self.defined.get(*row) == Some(&most)).then_some(seen.1)
                }
            };
            let Some(place) = place else { continue };
            self.values.put(place, cell, missing).ok_or(*row)?;
        }
        Ok(())
    }

    /// What each row holds, as text; nothing where it holds nothing. Of a column that is not nested.
    pub(super) fn as_texts(&self, rows: usize) -> Result<Vec<String>> {
        let mut at = 0;
        let mut next = |row: usize| {
            if self.most_defined > 0 && self.defined[row] != self.most_defined {
                return Ok(String::new());
            }
            at += 1;
            match self.stored {
                Some(stored) => self
                    .values
                    .number(at - 1, stored)
                    .map(|number| number::text(number, number))
                    .ok_or_else(other_type),
                None => self.values.text(at - 1, self.unsigned),
            }
        };
        (0..rows).map(&mut next).collect()
    }
}

impl Values {
    /// How many there are.
    fn len(&self) -> usize {
        match self {
            Values::Boolean(values) => values.len(),
            Values::Int32(values) => values.len(),
            Values::Int64(values) => values.len(),
            Values::Int96(values) => values.len(),
            Values::Float(values) => values.len(),
            Values::Double(values) => values.len(),
            Values::Bytes(values) => values.len(),
            Values::Fixed(values) => values.len(),
        }
    }

    /// A number that is stored so; nothing if this holds none.
    fn number(&self, at: usize, stored: Stored) -> Option<f64> {
        match self {
            Values::Int32(values) => Some(stored.of_integer(values[at].into())),
            Values::Int64(values) => Some(stored.of_integer(values[at])),
            Values::Bytes(values) => stored.of_bytes(values[at].data()),
            Values::Fixed(values) => stored.of_bytes(values[at].data()),
            _ => None,
        }
    }

    /// All of them as numbers; nothing if one is none.
    fn numbers(&self, stored: Stored) -> Option<Vec<f64>> {
        (0..self.len()).map(|at| self.number(at, stored)).collect()
    }

    /// A value as text; bytes that are no text are an error.
    fn text(&self, at: usize, unsigned: bool) -> Result<String> {
        Ok(match self {
            Values::Boolean(values) => values[at].to_string(),
            Values::Int32(values) if unsigned => (values[at] as u32).to_string(),
            Values::Int32(values) => values[at].to_string(),
            Values::Int64(values) if unsigned => (values[at] as u64).to_string(),
            Values::Int64(values) => values[at].to_string(),
            Values::Float(values) => number::text(values[at].into(), values[at]),
            Values::Double(values) => number::text(values[at], values[at]),
            Values::Bytes(values) => values[at].as_utf8()?.to_string(),
            Values::Int96(_) | Values::Fixed(_) => return Err(other_type()),
        })
    }

    /// Replaces a value; nothing if this type cannot hold it.
    fn put(&mut self, at: usize, cell: &Cell, missing: &MissingValues) -> Option<()> {
        let truth = |name: &str| truth(name).map(|(_, truth)| truth);
        match (self, cell) {
            // What is missing stays so.
            (Values::Float(values), _) if missing.has_number(f64::from(values[at])) => {}
            (Values::Double(values), _) if missing.has_number(values[at]) => {}
            (Values::Float(values), Cell::Number(number)) => values[at] = *number as f32,
            (Values::Double(values), Cell::Number(number)) => values[at] = *number,
            (Values::Float(values), Cell::Name(name)) => values[at] = name.parse().ok()?,
            (Values::Double(values), Cell::Name(name)) => values[at] = name.parse().ok()?,
            (Values::Boolean(values), Cell::Name(name)) => values[at] = truth(name)?,
            (Values::Int32(values), Cell::Name(name)) => {
                values[at] = name.parse().ok().or_else(|| truth(name).map(i32::from))?;
            }
            (Values::Int64(values), Cell::Name(name)) => {
                values[at] = name.parse().ok().or_else(|| truth(name).map(i64::from))?;
            }
            (Values::Bytes(values), cell) => {
                if !values[at].as_utf8().is_ok_and(|text| missing.has(text.trim())) {
                    values[at] = ByteArray::from(number::cell(cell).as_str());
                }
            }
            _ => return None,
        }
        Some(())
    }
}

fn other_type() -> ParquetError {
    ParquetError::General("its pages are of another type than it says".to_string())
}

/// Up to `n` rows with their levels; how many there are.
fn read<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    n: usize,
    (defined, repeated): (&mut Vec<i16>, &mut Vec<i16>),
    values: &mut Vec<T::T>,
) -> Result<usize> {
    let mut done = 0;
    while done < n {
        let (records, _, _) = reader.read_records(n - done, Some(defined), Some(repeated), values)?;
        if records == 0 {
            break;
        }
        done += records;
    }
    Ok(done)
}

fn write<T: DataType>(
    writer: &mut ColumnWriterImpl<'_, T>,
    (defined, repeated): (Option<&[i16]>, Option<&[i16]>),
    values: &[T::T],
) -> Result<()> {
    writer.write_batch(values, defined, repeated).map(drop)
}
