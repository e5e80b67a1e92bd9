//! A table written as Apache Parquet.

use std::io::{self, Write};
use std::sync::Arc;

use csv::ByteRecord;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use super::batch::{Batch, Problem};
use crate::table::cells::shown;
use crate::table::fixed_point::stored;
use crate::table::leaf::Leaf;

/// A Parquet file that is being written.
pub(super) struct ParquetOut<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    /// Of each column of texts, its name and whether it becomes numbers.
    columns: Vec<(String, bool)>,
}

impl<W: Write + Send> ParquetOut<W> {
    /// For rows of texts under a header, of which the columns `numbers` become numbers.
    pub(super) fn of_texts(header: &[String], numbers: &[usize], out: W) -> io::Result<Self> {
        let columns: Vec<(String, bool)> =
            header.iter().enumerate().map(|(at, name)| (name.clone(), numbers.contains(&at))).collect();
        let fields = columns.iter().map(|(name, number)| {
            let field = match number {
                true => Type::primitive_type_builder(name, Physical::DOUBLE),
                false => Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
                    .with_logical_type(Some(LogicalType::String)),
            };
            field.with_repetition(Repetition::OPTIONAL).build().map(Arc::new)
        });
        let fields = fields.collect::<Result<Vec<_>, _>>().map_err(output)?;
        let schema = Type::group_type_builder("table").with_fields(fields).build().map_err(output)?;
        Ok(Self { writer: writer(schema, None, out)?, columns })
    }

    /// For rows of a Parquet file, of whose primitive columns `widened` become floating-point numbers if they are
    /// integers, decimals or half floats.
    pub(super) fn like(file: &ParquetMetaData, widened: &[usize], out: W) -> io::Result<Self> {
        let file = file.file_metadata();
        let described = file.schema_descr();
        let mut fields: Vec<TypePtr> = described.root_schema().get_fields().to_vec();
        let mut same = true;
        for &leaf in widened {
            let column = described.column(leaf);
            if matches!(column.physical_type(), Physical::INT32 | Physical::INT64)
                || stored(&column).is_some()
            {
                let info = column.get_basic_info();
                let id = info.has_id().then(|| info.id());
                let field = Type::primitive_type_builder(column.name(), Physical::DOUBLE)
                    .with_repetition(info.repetition())
                    .with_id(id);
                fields[described.get_column_root_idx(leaf)] = Arc::new(field.build().map_err(output)?);
                same = false;
            }
        }
        let schema = Type::group_type_builder(described.root_schema().name()).with_fields(fields);
        // What other programs say there of the columns holds only if their types are the same.
        let said = file.key_value_metadata().filter(|_| same).cloned();
        Ok(Self { writer: writer(schema.build().map_err(output)?, said, out)?, columns: Vec::new() })
    }

    /// Adds rows as one group.
    pub(super) fn write(&mut self, batch: &Batch) -> Result<(), Problem> {
        match batch {
            Batch::Leaves(leaves, _) => self.group(leaves),
            Batch::Records(records) => {
                let column = |(at, column)| of_column(records, at, column);
                let leaves = self.columns.iter().enumerate().map(column).collect::<Result<Vec<_>, _>>()?;
                self.group(&leaves)
            }
        }
    }

    fn group(&mut self, leaves: &[Leaf]) -> Result<(), Problem> {
        let mut write = || -> parquet::errors::Result<()> {
            let mut group = self.writer.next_row_group()?;
            for leaf in leaves {
                let mut column = group.next_column()?.expect("as many columns as there are leaves");
                leaf.write(column.untyped())?;
                column.close()?;
            }
            group.close().map(drop)
        };
        write().map_err(|error| Problem::Output(output(error)))
    }

    /// Ends the file.
    pub(super) fn finish(self) -> io::Result<()> {
        self.writer.close().map(drop).map_err(output)
    }
}

/// A column of rows of texts.
fn of_column(records: &[ByteRecord], at: usize, (name, number): &(String, bool)) -> Result<Leaf, Problem> {
    let problem = |what: String| Problem::Cell(format!("column `{name}`: {what}"));
    let mut cells = Vec::with_capacity(records.len());
    for record in records {
        let text = std::str::from_utf8(&record[at]).map_err(|_| problem("a text is not UTF-8".into()))?;
        cells.push(Some(text.trim()).filter(|text| !text.is_empty()));
    }
    if !number {
        return Ok(Leaf::texts(cells));
    }
    let number = |text: &str| text.parse().map_err(|_| problem(format!("{} is not a number", shown(text))));
    let numbers = cells.into_iter().map(|cell| cell.map(number).transpose());
    numbers.collect::<Result<_, _>>().map(Leaf::numbers)
}

fn writer<W: Write + Send>(
    schema: Type,
    said: Option<Vec<KeyValue>>,
    out: W,
) -> io::Result<SerializedFileWriter<W>> {
    let properties = WriterProperties::builder()
        .set_created_by(concat!("cama ", env!("CARGO_PKG_VERSION")).into())
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(said);
    SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties.build())).map_err(output)
}

/// What the operating system said, if it said something.
fn output(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        other => io::Error::other(other.to_string()),
    }
}
