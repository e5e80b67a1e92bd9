//! A table written as texts between delimiters.

use std::io::{self, Write};

use csv::{ByteRecord, QuoteStyle, Terminator, Writer, WriterBuilder};

use super::batch::{Batch, Problem};
use super::format::TableFormat;
use crate::table::csv_file::Style;
use crate::table::csv_start::MARK;

/// A CSV file that is being written.
pub(super) struct CsvOut<W: Write> {
    writer: Writer<W>,
}

impl<W: Write> CsvOut<W> {
    /// Writes the header; in the style of the file that the rows are from, if it is given.
    pub(super) fn new(
        mut out: W,
        format: TableFormat,
        style: Option<Style>,
        header: &ByteRecord,
    ) -> io::Result<Self> {
        let delimiter = match format {
            TableFormat::Tsv => b'\t',
            _ => style.map_or(b',', |style| style.delimiter),
        };
        let mut builder = WriterBuilder::new();
        builder.delimiter(delimiter).flexible(true);
        if style.is_some_and(|style| style.carriage_returns) {
            builder.terminator(Terminator::CRLF);
        }
        if style.is_some_and(|style| style.mark) {
            out.write_all(MARK)?;
        }
        // The delimiter is told by the header: others must not stand there unquoted.
        let others = |name: &[u8]| name.iter().any(|byte| b",;\t|".contains(byte));
        if header.iter().any(others) {
            builder.quote_style(QuoteStyle::Always);
        }
        let mut writer = builder.from_writer(out);
        writer.write_byte_record(header).map_err(unwrapped)?;
        let out = writer.into_inner().map_err(|error| error.into_error())?;
        Ok(Self { writer: builder.quote_style(QuoteStyle::Necessary).from_writer(out) })
    }

    /// Adds rows.
    pub(super) fn write(&mut self, batch: &Batch) -> Result<(), Problem> {
        match batch {
            Batch::Records(records) => {
                records.iter().try_for_each(|record| self.writer.write_byte_record(record)).map_err(output)
            }
            Batch::Leaves(leaves, rows) => {
                let columns = leaves.iter().map(|leaf| leaf.as_texts(*rows)).collect::<Result<Vec<_>, _>>();
                let columns = columns.map_err(|error| Problem::Cell(error.to_string()))?;
                (0..*rows)
                    .try_for_each(|row| self.writer.write_record(columns.iter().map(|column| &column[row])))
                    .map_err(output)
            }
        }
    }

    /// Ends the file.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn output(error: csv::Error) -> Problem {
    Problem::Output(unwrapped(error))
}

fn unwrapped(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
