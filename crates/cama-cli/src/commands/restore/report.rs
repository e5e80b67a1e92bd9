//! The report: one row an example, with what was inferred of it.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use cama::data::Names;
use cama::mechanism::{FieldSummary, Parameter};
use cama::{Cama, Decision, Error, Restoration, Verdict};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use crate::writing::{ending, unwrapped};

/// Lines of a group of a Parquet file.
const LINES_AT_A_TIME: usize = 16_384;

/// How the report is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Format {
    Csv,
    Parquet,
}

impl Format {
    /// By the file's extension.
    pub fn of(path: &Path) -> cama::Result<Self> {
        let extension = ending(path);
        match extension.as_str() {
            "csv" => Ok(Self::Csv),
            "parquet" => Ok(Self::Parquet),
            other => Err(Error::unknown_name("report format", other, &["csv", "parquet"])),
        }
    }
}

/// What stands in the columns: of m the components that can be undone, in the units that people read, and what a field tells.
pub struct Columns {
    parameters: Vec<Parameter>,
    /// Where they are in m.
    places: Vec<usize>,
    /// Whether there is a field.
    field: bool,
    /// Whether it is told how well the model explains each example.
    explains: bool,
}

/// What was inferred of one example, however that was done.
pub struct Inferred<'a> {
    pub verdict: Verdict,
    pub m: &'a [f32],
    pub m_sd: &'a [f32],
    pub field: Option<FieldSummary>,
    /// Log Bayes factor, log p(x), and the two anomaly scores, where the model was asked to explain the example.
    pub nats: Option<[f64; 4]>,
}

impl<'a> From<&'a Decision> for Inferred<'a> {
    fn from(decision: &'a Decision) -> Self {
        let Decision { verdict, m, m_sd, field, log_px, log_bayes_factor, anomaly_score, .. } = decision;
        let [before, after] = anomaly_score;
        let nats = Some([*log_bayes_factor, *log_px, *before, *after]);
        Self { verdict: *verdict, m, m_sd, field: *field, nats }
    }
}

impl<'a> From<&'a Restoration> for Inferred<'a> {
    fn from(restoration: &'a Restoration) -> Self {
        let Restoration { verdict, m, m_sd, field, .. } = restoration;
        Self { verdict: *verdict, m, m_sd, field: *field, nats: None }
    }
}

/// What a field tells of an image.
const FIELD: [&str; 4] = [
    "covered (share of the image)",
    "inverted (share of the image)",
    "mean gain (factor)",
    "mean bias (of the pixel range)",
];

/// What is said of one example.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub index: usize,
    /// What the example is called, where examples have names.
    pub name: Option<String>,
    pub verdict: Verdict,
    /// Each parameter and its standard deviation.
    pub inferred: Vec<[f64; 2]>,
    /// What a field tells; nothing without one.
    pub field: Vec<f64>,
    /// Log Bayes factor, log p(x), and the two anomaly scores, where they are told.
    pub nats: Option<[f64; 4]>,
}

impl Columns {
    /// The explicit components of the model's m, and how well it explains each example where that is told.
    pub fn of(cama: &Cama, explains: bool) -> Self {
        let (mut parameters, mut places) = (Vec::new(), Vec::new());
        if let Some(mechanisms) = cama.model().mechanisms() {
            let all = mechanisms.parameters().into_iter().zip(mechanisms.explicit()).enumerate();
            for (place, (parameter, _)) in all.filter(|(_, (_, explicit))| *explicit) {
                parameters.push(match cama.schema() {
                    Ok(schema) => parameter.in_own_unit(schema),
                    Err(_) => parameter,
                });
                places.push(place);
            }
        }
        Self { parameters, places, field: cama.model().field().is_some(), explains }
    }

    /// What is inferred of each example, with units: the parameters, then what a field tells.
    pub fn names(&self) -> Vec<String> {
        let of_m = self.parameters.iter().map(|Parameter { name, unit, .. }| format!("{name} ({unit})"));
        of_m.chain(self.of_field()).collect()
    }

    fn of_field(&self) -> impl Iterator<Item = String> {
        FIELD.into_iter().filter(|_| self.field).map(String::from)
    }

    /// What is said of the example that stands at `index` and is called so.
    pub fn line<'a>(&self, index: usize, name: Option<&str>, of: impl Into<Inferred<'a>>) -> Line {
        let Inferred { verdict, m, m_sd, field, nats } = of.into();
        let inferred = self.parameters.iter().zip(&self.places).map(|(parameter, &place)| {
            let [m, sd] = [m[place], m_sd[place]].map(f64::from);
            [parameter.value(m), parameter.sd(m, sd)]
        });
        Line {
            index,
            name: name.map(String::from),
            verdict,
            inferred: inferred.collect(),
            field: match field {
                Some(FieldSummary { covered, inverted, gain, bias }) if self.field => {
                    [covered, inverted, gain, bias].map(f64::from).to_vec()
                }
                // A model that infers nothing finds nothing.
                _ if self.field => vec![0.0, 0.0, 1.0, 0.0],
                _ => Vec::new(),
            },
            nats: nats.filter(|_| self.explains),
        }
    }

    /// The headings; `names` are those of the examples, where they have any.
    fn header(&self, names: Option<&Names>) -> Vec<String> {
        let parameters = self.parameters.iter().flat_map(|Parameter { name, unit, .. }| {
            [format!("{name} ({unit})"), format!("{name} sd ({unit})")]
        });
        let last = ["log_bayes_factor", "log_px", "anomaly score as it was", "anomaly score restored"]
            .map(String::from);
        let last = last.into_iter().filter(|_| self.explains);
        let first = ["index", "verdict"].map(String::from).into_iter();
        let mut header: Vec<String> = first.chain(parameters).chain(self.of_field()).chain(last).collect();
        if let Some(names) = names {
            header.insert(1, names.heading_beside(&header).to_string());
        }
        header
    }
}

/// A report that is being written.
pub enum Report<W: Write + Send> {
    Csv(csv::Writer<W>),
    Parquet(SerializedFileWriter<W>, Vec<Line>),
}

impl<W: Write + Send> Report<W> {
    /// Writes the headings; `names` are those of the examples, where they have any.
    pub fn new(out: W, format: Format, columns: &Columns, names: Option<&Names>) -> io::Result<Self> {
        let header = columns.header(names);
        match format {
            Format::Csv => {
                let mut csv = csv::Writer::from_writer(out);
                csv.write_record(&header).map_err(unwrapped)?;
                Ok(Self::Csv(csv))
            }
            Format::Parquet => {
                let schema = schema(&header, names.is_some()).map_err(from_parquet)?;
                let properties = WriterProperties::builder()
                    .set_created_by(concat!("cama ", env!("CARGO_PKG_VERSION")).into())
                    .set_compression(Compression::SNAPPY);
                let writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties.build()));
                Ok(Self::Parquet(writer.map_err(from_parquet)?, Vec::new()))
            }
        }
    }

    /// Adds a line.
    pub fn put(&mut self, line: Line) -> io::Result<()> {
        match self {
            Self::Csv(csv) => {
                let Line { index, name, verdict, .. } = &line;
                let index = [index.to_string()].into_iter();
                let first = index.chain(name.clone()).chain([verdict.name().to_string()]);
                csv.write_record(first.chain(line.numbers().map(|number| format!("{number:?}"))))
                    .map_err(unwrapped)
            }
            Self::Parquet(writer, lines) => {
                lines.push(line);
                match lines.len() < LINES_AT_A_TIME {
                    true => Ok(()),
                    false => write_group(writer, std::mem::take(lines)).map_err(from_parquet),
                }
            }
        }
    }

    /// Writes what is left to write.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv(mut csv) => csv.flush(),
            Self::Parquet(mut writer, lines) => {
                let written = match lines.is_empty() {
                    true => Ok(()),
                    false => write_group(&mut writer, lines),
                };
                written.and_then(|()| writer.close().map(drop)).map_err(from_parquet)
            }
        }
    }
}

impl Line {
    /// What stands behind index, name and verdict.
    fn numbers(&self) -> impl Iterator<Item = f64> + '_ {
        self.inferred.iter().flatten().chain(&self.field).chain(self.nats.iter().flatten()).copied()
    }
}

fn schema(header: &[String], named: bool) -> parquet::errors::Result<Type> {
    let texts = 1..2 + usize::from(named);
    let field = |(at, name): (usize, &String)| {
        let field = match at {
            0 => Type::primitive_type_builder(name, Physical::INT64),
            at if texts.contains(&at) => Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
                .with_logical_type(Some(LogicalType::String)),
            _ => Type::primitive_type_builder(name, Physical::DOUBLE),
        };
        field.with_repetition(Repetition::REQUIRED).build().map(Arc::new)
    };
    let fields = header.iter().enumerate().map(field).collect::<Result<_, _>>()?;
    Type::group_type_builder("report").with_fields(fields).build()
}

fn write_group<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    lines: Vec<Line>,
) -> parquet::errors::Result<()> {
    let numbers: Vec<Vec<f64>> = lines.iter().map(|line| line.numbers().collect()).collect();
    let names: Option<Vec<ByteArray>> = lines.iter().map(|line| Some(line.name.as_deref()?.into())).collect();
    let verdicts = lines.iter().map(|line| line.verdict.name().into()).collect();
    let texts: Vec<Vec<ByteArray>> = names.into_iter().chain([verdicts]).collect();
    let mut group = writer.next_row_group()?;
    let mut at = 0;
    while let Some(mut column) = group.next_column()? {
        match at {
            0 => {
                let cells: Vec<i64> = lines.iter().map(|line| line.index as i64).collect();
                column.typed::<Int64Type>().write_batch(&cells, None, None)?;
            }
            at if at <= texts.len() => {
                column.typed::<ByteArrayType>().write_batch(&texts[at - 1], None, None)?;
            }
            _ => {
                let cells: Vec<f64> = numbers.iter().map(|numbers| numbers[at - 1 - texts.len()]).collect();
                column.typed::<DoubleType>().write_batch(&cells, None, None)?;
            }
        }
        column.close()?;
        at += 1;
    }
    group.close().map(drop)
}

fn from_parquet(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        other => io::Error::other(other.to_string()),
    }
}
