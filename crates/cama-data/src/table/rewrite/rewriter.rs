//! A table that is written again.

use std::io::Write;
use std::path::{Path, PathBuf};

use csv::ByteRecord;

use super::batch::{Batch, Problem};
use super::csv_out::CsvOut;
use super::edit::Edit;
use super::format::TableFormat;
use super::parquet_out::ParquetOut;
use crate::table::cells::Cells;
use crate::table::csv_file::CsvFile;
use crate::table::decimal::Decimal;
use crate::table::extension::extension;
use crate::table::file::{Format, TableFile};
use crate::table::leaf::Leaf;
use crate::table::missing::MissingValues;
use crate::table::notation::{Hint, LOOK, Notations};
use crate::table::number;
use crate::table::parquet_file::ParquetFile;
use crate::table::schema::{Cell, Schema};
use crate::table::source::Chunk;
use crate::{Error, Result};

/// Rows that are in memory at a time, and in a group of a Parquet file.
const ROWS_AT_A_TIME: usize = 16_384;

/// Writes a table again, some rows at a time, with some of its cells replaced.
///
/// All columns stay in their order. From CSV to CSV every other cell keeps its bytes, less needless quotation marks;
/// from Parquet to Parquet every other column keeps its type, whatever it is. From CSV to Parquet the schema's numbers
/// become numbers and everything else text.
pub struct Rewriter<W: Write + Send> {
    source: From,
    sink: To<W>,
    /// The indices of the first row, of the next, and of the one after the last.
    first: usize,
    next: usize,
    end: usize,
    columns: Vec<Target>,
    missing: MissingValues,
    hint: Hint,
    /// How each column of the schema writes numbers, once some rows of a CSV file were read.
    decimals: Option<Vec<Decimal>>,
    path: PathBuf,
    written_to: PathBuf,
}

/// Where a column of the schema is.
struct Target {
    name: String,
    /// Its place among the columns of the file; in Parquet, among the primitive ones.
    place: usize,
    /// Whether what was an integer may become a fraction.
    widened: bool,
    is_number: bool,
}

enum From {
    Csv(CsvFile),
    Parquet(ParquetFile),
}

enum To<W: Write + Send> {
    Csv(CsvOut<W>),
    Parquet(ParquetOut<W>),
}

impl<W: Write + Send> Rewriter<W> {
    /// Opens the table of `spec`, as for [`Schema::read`], to write its rows to `out`. Numbers of the columns
    /// `changing`, indices into the schema's, may become fractions. `path` tells the format, and names `out` in
    /// messages.
    ///
    /// # Errors
    ///
    /// As [`Schema::read`]; [`Error::UnknownName`] for the extension of `path`; [`Error::Data`] if a column is of a
    /// type that CSV does not have; [`Error::Io`] if `out` cannot be written.
    pub fn open(spec: &str, schema: &Schema, changing: &[usize], path: &Path, out: W) -> Result<Self> {
        let format = TableFormat::of(path)?;
        let TableFile { heading, format: read_as } = TableFile::open(spec)?;
        let wanted: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
        let places = heading.places_of(&wanted)?;
        let rows = heading.rows();
        let (from, header) = (heading.path().to_path_buf(), heading.columns().to_vec());
        let mut columns: Vec<Target> = schema
            .columns
            .iter()
            .zip(&places)
            .enumerate()
            .map(|(at, (column, &place))| Target {
                name: column.name.clone(),
                place,
                widened: changing.contains(&at) && column.kind.is_number(),
                is_number: column.kind.is_number(),
            })
            .collect();
        let failed = |error| write_error(path)(error);
        let (mut source, sink) = match (read_as, format) {
            (Format::Csv(file), TableFormat::Parquet) => {
                let numbers =
                    schema.columns.iter().zip(&places).filter(|(column, _)| column.kind.is_number());
                let numbers: Vec<usize> = numbers.map(|(_, place)| *place).collect();
                let out = ParquetOut::of_texts(&header, &numbers, out).map_err(failed)?;
                (From::Csv(file), To::Parquet(out))
            }
            (Format::Csv(file), format) => {
                let (style, record) = (file.style(), file.record().clone());
                let keep = extension(&from) != Some("tsv");
                let out = CsvOut::new(out, format, keep.then_some(style), &record).map_err(failed)?;
                (From::Csv(file), To::Csv(out))
            }
            (Format::Parquet(mut file), format) => {
                // A column that the model reads is not nested, and so a primitive one.
                for column in &mut columns {
                    column.place = file.columns()[column.place].flat(&from)?.0;
                }
                file.want_leaves();
                let sink = match format {
                    TableFormat::Parquet => {
                        let widened = columns.iter().filter(|column| column.widened);
                        let widened: Vec<usize> = widened.map(|column| column.place).collect();
                        To::Parquet(ParquetOut::like(file.metadata(), &widened, out).map_err(failed)?)
                    }
                    format => {
                        file.columns().iter().try_for_each(|column| column.flat(&from).map(drop))?;
                        let record = ByteRecord::from(header);
                        To::Csv(CsvOut::new(out, format, None, &record).map_err(failed)?)
                    }
                };
                (From::Parquet(file), sink)
            }
        };
        let semicolons = matches!(&source, From::Csv(file) if file.style().delimiter == b';');
        match &mut source {
            From::Csv(file) => file.skip(rows.start)?,
            From::Parquet(file) => file.skip(rows.start)?,
        };
        Ok(Self {
            source,
            sink,
            first: rows.start,
            next: rows.start,
            end: rows.end,
            columns,
            missing: schema.missing_values.clone(),
            hint: Hint { given: schema.given_decimal, training: schema.decimal, semicolons },
            decimals: None,
            path: from,
            written_to: path.into(),
        })
    }

    /// Writes all rows before the one with the index `end`, counted from 0 in the file, or up to the last, with these
    /// cells replaced. A cell that is missing stays so.
    ///
    /// # Errors
    ///
    /// If the table cannot be read any more, or the output not written.
    pub fn copy(&mut self, edits: &[Edit], end: Option<usize>) -> Result<()> {
        let end = end.unwrap_or(usize::MAX).min(self.end);
        while self.next < end {
            let rows = ROWS_AT_A_TIME.min(end - self.next);
            let mut batch = match &mut self.source {
                From::Csv(file) => Batch::Records(file.records(rows)?),
                From::Parquet(file) => {
                    let (leaves, rows) = file.leaves(rows)?;
                    Batch::Leaves(leaves, rows)
                }
            };
            let n = batch.len();
            if n == 0 {
                self.end = self.next;
                break;
            }
            let (first, after) = (self.next, self.next + n);
            self.next = after;
            if let Batch::Records(records) = &batch {
                self.look(records);
            }
            self.replace(&mut batch, first, edits)?;
            if let (Batch::Records(records), To::Parquet(_)) = (&mut batch, &self.sink) {
                records.iter_mut().for_each(|record| *record = self.plain(record));
            }
            let written = match &mut self.sink {
                To::Csv(out) => out.write(&batch),
                To::Parquet(out) => out.write(&batch),
            };
            written.map_err(|problem| match problem {
                Problem::Output(error) => write_error(&self.written_to)(error),
                Problem::Cell(problem) => {
                    let place = format!("rows {first} to {}: {problem}", after - 1);
                    Error::data(
                        &self.path,
                        place,
                        "mend these cells, or give --out with the data's own extension",
                    )
                }
            })?;
        }
        Ok(())
    }

    /// Writes the rows that are left, and what ends the file; says how many rows were written in all.
    ///
    /// # Errors
    ///
    /// As [`copy`](Self::copy).
    pub fn finish(mut self) -> Result<usize> {
        self.copy(&[], None)?;
        let finished = match self.sink {
            To::Csv(out) => out.finish(),
            To::Parquet(out) => out.finish(),
        };
        finished.map_err(write_error(&self.written_to))?;
        Ok(self.next - self.first)
    }

    /// Replaces cells in a batch that begins with row `first`.
    fn replace(&self, batch: &mut Batch, first: usize, edits: &[Edit]) -> Result<()> {
        let rows = first..first + batch.len();
        let here = || edits.iter().filter(|edit| rows.contains(&edit.row));
        let no_place = |row: usize, column: &Target| {
            let problem = format!("row {row}, column `{}`: its type cannot hold the new value", column.name);
            Error::data(&self.path, problem, "make the column text or floating-point numbers")
        };
        match batch {
            Batch::Records(records) => {
                let mut changed: Vec<&Edit> = here().collect();
                changed.sort_by_key(|edit| edit.row);
                for edits in changed.chunk_by(|a, b| a.row == b.row) {
                    let record = &mut records[edits[0].row - first];
                    *record = self.replaced(record, edits);
                }
            }
            Batch::Leaves(leaves, _) => {
                for (at, column) in self.columns.iter().enumerate() {
                    if column.widened {
                        let none = Leaf::numbers(Vec::new());
                        leaves[column.place] =
                            std::mem::replace(&mut leaves[column.place], none).into_numbers();
                    }
                    let mut cells: Vec<_> =
                        here().filter(|edit| edit.column == at).map(|e| (e.row - first, &e.cell)).collect();
                    cells.sort_by_key(|(row, _)| *row);
                    leaves[column.place]
                        .put(&cells, &self.missing)
                        .map_err(|row| no_place(first + row, column))?;
                }
            }
        }
        Ok(())
    }

    /// A row of texts with these cells replaced.
    fn replaced(&self, record: &ByteRecord, edits: &[&Edit]) -> ByteRecord {
        let mut fields: Vec<Vec<u8>> = record.iter().map(<[u8]>::to_vec).collect();
        for edit in edits {
            let field = &mut fields[self.columns[edit.column].place];
            if !std::str::from_utf8(field).is_ok_and(|text| self.missing.has(text.trim())) {
                let text = number::cell(&edit.cell);
                *field = match edit.cell {
                    Cell::Number(_) => self.decimal(edit.column).written(text).into_bytes(),
                    Cell::Name(_) => text.into_bytes(),
                };
            }
        }
        ByteRecord::from(fields)
    }

    /// Finds out how numbers are written, as whoever reads the table does: from its first rows.
    fn look(&mut self, records: &[ByteRecord]) {
        if self.decimals.is_some() {
            return;
        }
        let cells = |column: &Target| {
            let mut cells = Cells::texts();
            let texts = records.iter().take(LOOK).map(|record| std::str::from_utf8(&record[column.place]));
            texts.for_each(|text| cells.push_text(text.unwrap_or_default()));
            self.missing.emptied(cells)
        };
        let chunk = Chunk { first: 0, lines: Vec::new(), columns: self.columns.iter().map(cells).collect() };
        let names: Vec<&str> = self.columns.iter().map(|column| &column.name[..]).collect();
        self.decimals = Some(Notations::of(&chunk, &names, LOOK, self.hint).columns);
    }

    /// How a column of the schema writes numbers.
    fn decimal(&self, column: usize) -> Decimal {
        self.decimals.as_ref().map_or_else(Decimal::default, |decimals| decimals[column])
    }

    /// A row of texts with its numbers written plainly, and nothing where they are missing.
    fn plain(&self, record: &ByteRecord) -> ByteRecord {
        let mut fields: Vec<Vec<u8>> = record.iter().map(<[u8]>::to_vec).collect();
        for (at, column) in self.columns.iter().enumerate().filter(|(_, column)| column.is_number) {
            let Ok(text) = std::str::from_utf8(&fields[column.place]).map(str::trim) else { continue };
            let plain = match self.missing.has(text) {
                true => Some(String::new()),
                false => self.decimal(at).number(text).map(|number| number.to_string()),
            };
            // What is no number is for the writer to refuse.
            if let Some(plain) = plain {
                fields[column.place] = plain.into_bytes();
            }
        }
        ByteRecord::from(fields)
    }
}

fn write_error(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    Error::io("write", path)
}
