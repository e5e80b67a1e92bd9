//! From cells to the numbers that a model reads.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::cells::{Cells, Value, listed, listed_as, shown, truth};
use super::decimal::Decimal;
use super::missing::{REMEDY, is_code};
use super::notation::{Hint, LOOK, Notations};
use super::number::short;
use super::schema::{Cell, Column, Kind, Missing, Schema, Unseen};
use super::source::Chunk;
use super::{Notices, Rows};
use crate::{Error, Result};

/// In standard deviations of the training data: a number as far as this is seldom one of its kind.
const FAR: f32 = 4.0;

/// Encodes chunks of a table, and counts what it did about missing values.
pub(super) struct Encoder {
    schema: Arc<Schema>,
    columns: Vec<ColumnEncoder>,
    classes: Names,
    labelled: bool,
    dropped: usize,
    unlabelled: usize,
    imputed: Vec<usize>,
    /// Of each column how many values the training data does not have, and the first of them with its place.
    unseen: Vec<(usize, String)>,
    /// Of each column the numbers far from the training data that often stand for a missing value, with how many rows have them.
    codes: Vec<Vec<(f64, usize)>>,
    notations: Option<Notations>,
    semicolons: bool,
}

/// What one column's cells become.
struct ColumnEncoder {
    kind: Kind,
    names: Names,
    imputed: Vec<f32>,
}

/// Known names and their places.
struct Names(HashMap<String, usize>);

/// Why a row was not encoded.
enum Refusal {
    /// A cell is missing.
    Missing,
    /// A cell cannot be used: what is wrong, and what to do.
    Bad(String, String),
    /// A cell holds what the training data does not have: what is wrong, and what to do.
    Unseen(String, String),
}

impl Encoder {
    /// An encoder for chunks that hold the schema's columns in their order, then, if `labelled`, the target, and then, if
    /// there is one, the key.
    ///
    /// `semicolons` says whether they part the fields of the file.
    pub(super) fn new(schema: Arc<Schema>, labelled: bool, semicolons: bool) -> Encoder {
        let columns: Vec<_> = schema.columns.iter().map(ColumnEncoder::new).collect();
        let imputed = vec![0; columns.len()];
        let unseen = vec![(0, String::new()); columns.len()];
        let codes = vec![Vec::new(); columns.len()];
        let classes = Names::new(&schema.classes);
        let (dropped, unlabelled, notations) = (0, 0, None);
        Encoder {
            schema,
            columns,
            classes,
            labelled,
            dropped,
            unlabelled,
            imputed,
            unseen,
            codes,
            notations,
            semicolons,
        }
    }

    /// The same, where it is known how numbers are written.
    pub(super) fn with_notations(self, notations: Notations) -> Encoder {
        Encoder { notations: Some(notations), ..self }
    }

    /// The columns that chunks must hold.
    pub(super) fn needed(schema: &Schema, labelled: bool) -> Vec<&str> {
        let target = labelled.then_some(schema.target.as_str());
        let columns = schema.columns.iter().map(|column| column.name.as_str());
        columns.chain(target).chain(schema.key.as_deref()).collect()
    }

    /// The schema.
    pub(super) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// How numbers are written, which the first chunk decides for all.
    fn notations(&mut self, chunk: &Chunk) -> Notations {
        let Self { schema, semicolons, .. } = self;
        let look = || {
            let names: Vec<&str> = schema.columns.iter().map(|column| &column.name[..]).collect();
            let (given, training) = (schema.given_decimal, schema.decimal);
            Notations::of(chunk, &names, LOOK, Hint { given, training, semicolons: *semicolons })
        };
        self.notations.get_or_insert_with(look).clone()
    }

    /// Adds the rows of a chunk, less those that are dropped. What stands for missing values is emptied in it already.
    pub(super) fn encode(&mut self, path: &Path, chunk: &Chunk, rows: &mut Rows) -> Result<()> {
        let notations = self.notations(chunk);
        let mut values = vec![0.0; self.schema.width()];
        let ranges = self.schema.ranges();
        let (mut imputed, mut codes) = (Vec::new(), Vec::new());
        let key = self.schema.key.as_ref().and(chunk.columns.last());
        for i in 0..chunk.len() {
            imputed.clear();
            codes.clear();
            let error = |column: &str, refusal: Refusal| {
                let place = format!("{}, column `{column}`: ", chunk.place(i));
                let (problem, remedy) = match refusal {
                    Refusal::Bad(problem, remedy) | Refusal::Unseen(problem, remedy) => (problem, remedy),
                    Refusal::Missing => (
                        "the value is missing".to_string(),
                        "fill it in, or give --missing drop or --missing impute".to_string()
                            + &others_missing(&self.schema, self.labelled, chunk),
                    ),
                };
                Error::data(path, place + &problem, remedy)
            };
            let label = match self.labelled.then(|| self.label(chunk, i)).transpose() {
                Ok(label) => label,
                Err(Refusal::Missing) if self.schema.missing != Missing::Error => {
                    self.unlabelled += 1;
                    continue;
                }
                Err(refusal) => return Err(error(&self.schema.target, refusal)),
            };
            let mut rest = &mut values[..];
            let mut complete = true;
            for (at, (column, cells)) in self.columns.iter().zip(&chunk.columns).enumerate() {
                let (encoded, after) = rest.split_at_mut(column.kind.width());
                rest = after;
                let decimal = notations.columns[at];
                match (column.encode(cells.value(i), decimal, encoded), self.schema.missing) {
                    (Ok(()), _) if column.is_far(encoded) => {
                        let number = cells.value(i).number(decimal);
                        codes.extend(number.filter(|number| is_code(*number)).map(|code| (at, code)));
                    }
                    (Ok(()), _) => {}
                    (Err(Refusal::Unseen(problem, _)), missing) if self.schema.unseen == Unseen::Missing => {
                        let (count, first) = &mut self.unseen[at];
                        if *count == 0 {
                            *first = format!("{problem} ({})", chunk.place(i));
                        }
                        *count += 1;
                        match missing {
                            Missing::Impute => {
                                encoded.copy_from_slice(&column.imputed);
                                imputed.push(at);
                            }
                            Missing::Error | Missing::Drop => complete = false,
                        }
                    }
                    (Err(Refusal::Missing), Missing::Drop) => complete = false,
                    (Err(Refusal::Missing), Missing::Impute) => {
                        encoded.copy_from_slice(&column.imputed);
                        imputed.push(at);
                    }
                    (Err(refusal), _) => return Err(error(&self.schema.columns[at].name, refusal)),
                }
            }
            if complete {
                rows.push(&values, label, chunk.first + i);
                if let Some(cells) = key {
                    rows.call_last(&cells.text(i));
                }
                codes.iter().for_each(|&(at, code)| count(&mut self.codes[at], code));
                for &at in &imputed {
                    self.imputed[at] += 1;
                    rows.filled_in(ranges[at].clone());
                }
            } else {
                self.dropped += 1;
            }
        }
        Ok(())
    }

    fn label(&self, chunk: &Chunk, i: usize) -> Result<usize, Refusal> {
        let target = chunk.columns.get(self.columns.len());
        let cell = target.map_or(Value::Missing, |cells: &Cells| cells.value(i));
        if cell == Value::Missing {
            return Err(Refusal::Missing);
        }
        self.classes.place(cell).ok_or_else(|| {
            let known = listed(&self.schema.classes);
            let problem =
                format!("{} is not a class of the training data; known: {known}", shown(&cell.name()));
            Refusal::Bad(problem, "give rows of these classes".to_string())
        })
    }

    /// What to say where no row is left.
    pub(super) fn none_left(&self, path: &Path) -> Error {
        match self.unseen.iter().zip(&self.schema.columns).find(|((count, _), _)| *count > 0) {
            Some(((_, first), column)) if self.schema.missing == Missing::Error => {
                let problem = format!(
                    "every row holds a value that the training data does not have, so none is left; column `{}`: {first}",
                    column.name
                );
                Error::data(
                    path,
                    problem,
                    "look whether it is the same kind of table, or give --missing impute",
                )
            }
            _ => {
                let problem = "every row has a missing value, so none is left";
                Error::data(path, problem, "give --missing impute, or fill them in")
            }
        }
    }

    /// What was done about missing values, in words.
    pub(super) fn notices(&self) -> Notices {
        let mut notices = Notices::new();
        if self.unlabelled > 0 {
            let target = &self.schema.target;
            notices.push(format!("{} without a value of `{target}` left out", rows(self.unlabelled)));
        }
        // Otherwise only what the training data does not have is left out, which is told below.
        if self.dropped > 0 && self.schema.missing != Missing::Error {
            notices.push(format!("{} with missing values left out", rows(self.dropped)));
        }
        if let Some(notations) = &self.notations {
            notices.extend(notations.notices(|at| self.schema.columns[at].kind.is_number()));
        }
        for (Column { name, .. }, (count, first)) in self.schema.columns.iter().zip(&self.unseen) {
            let done = match self.schema.missing {
                Missing::Impute => "taken for missing".to_string(),
                Missing::Error | Missing::Drop if *count == 1 => "its row is left out".to_string(),
                Missing::Error | Missing::Drop => "their rows are left out".to_string(),
            };
            match count {
                0 => {}
                1 => notices.push(format!("column `{name}`: {first}; {done}")),
                n => notices.push(format!("column `{name}`: {first}, and {} more such; {done}", n - 1)),
            }
        }
        for (column, codes) in self.schema.columns.iter().zip(&self.codes) {
            let Some((mean, sd)) = column.kind.as_written() else { continue };
            // One alone may be a measurement.
            for (code, n) in codes.iter().filter(|(_, n)| *n > 1) {
                notices.push(format!(
                    "column `{}`: `{code}` stands in {n} rows, far from the training data (mean {}, standard deviation {}): {REMEDY}",
                    column.name,
                    short(mean),
                    short(sd)
                ));
            }
        }
        for (column, &n) in self.schema.columns.iter().zip(&self.imputed).filter(|(_, n)| **n > 0) {
            let Column { name, imputed, kind, .. } = column;
            let what =
                if matches!(kind, Kind::Number { .. }) { "the mean" } else { "the most frequent value" };
            let imputed = match imputed {
                Cell::Number(number) => short(*number),
                Cell::Name(name) => name.clone(),
            };
            notices.push(format!(
                "column `{name}`: {n} missing value{} filled in with {what} of the training data, {imputed}",
                if n == 1 { "" } else { "s" }
            ));
        }
        notices
    }
}

/// How much else is missing in a chunk, in words; nothing where one row alone misses something.
fn others_missing(schema: &Schema, labelled: bool, chunk: &Chunk) -> String {
    let target = labelled.then_some(schema.target.as_str());
    let names = schema.columns.iter().map(|column| column.name.as_str()).chain(target);
    let looked_at: Vec<_> = names.zip(&chunk.columns).collect();
    let misses = |i: usize, cells: &Cells| cells.value(i) == Value::Missing;
    let n = (0..chunk.len()).filter(|i| looked_at.iter().any(|(_, cells)| misses(*i, cells))).count();
    if n < 2 {
        return String::new();
    }
    let columns = looked_at.iter().filter(|(_, cells)| (0..chunk.len()).any(|i| misses(i, cells)));
    let columns: Vec<_> = columns.map(|(name, _)| name).collect();
    format!(
        " ({n} of the {} rows from row {} on miss a value, in {} {})",
        chunk.len(),
        chunk.first,
        if columns.len() == 1 { "column" } else { "columns" },
        listed_as(&columns, |name| format!("`{name}`"))
    )
}

/// One more of a number.
fn count(numbers: &mut Vec<(f64, usize)>, number: f64) {
    match numbers.iter_mut().find(|(known, _)| *known == number) {
        Some((_, n)) => *n += 1,
        None => numbers.push((number, 1)),
    }
}

/// `1 row`, `5 rows`.
fn rows(n: usize) -> String {
    if n == 1 { "1 row".to_string() } else { format!("{n} rows") }
}

impl ColumnEncoder {
    fn new(column: &Column) -> ColumnEncoder {
        let kind = column.kind.clone();
        let names = match &kind {
            Kind::Number { .. } => Names::new(&[]),
            Kind::Boolean { values } => Names::boolean(values),
            Kind::Category { values } => Names::new(values),
        };
        let mut encoder = ColumnEncoder { imputed: vec![0.0; kind.width()], kind, names };
        let cell = match &column.imputed {
            Cell::Number(number) => Value::Number(*number),
            Cell::Name(name) => Value::Text(name),
        };
        let mut imputed = vec![0.0; encoder.kind.width()];
        // A checked schema imputes only what it can encode.
        if encoder.encode(cell, Decimal::Point, &mut imputed).is_ok() {
            encoder.imputed = imputed;
        }
        encoder
    }

    /// Whether the encoding of a number lies farther from the training data than its own spread explains.
    fn is_far(&self, encoded: &[f32]) -> bool {
        matches!(self.kind, Kind::Number { .. }) && encoded[0].abs() > FAR
    }

    /// Writes a cell's encoding, as many values as the column is wide.
    fn encode(&self, cell: Value<'_>, decimal: Decimal, encoded: &mut [f32]) -> Result<(), Refusal> {
        if cell == Value::Missing {
            return Err(Refusal::Missing);
        }
        let unknown = |values: &[String]| {
            let problem = format!(
                "{} is not a value of the training data; known: {}",
                shown(&cell.name()),
                listed(values)
            );
            let remedy = "give known values, empty the cell and see --missing, or give --unseen missing";
            Refusal::Unseen(problem, remedy.to_string())
        };
        match &self.kind {
            Kind::Number { mean, sd, reading } => {
                let number =
                    number(cell, decimal).map_err(|(problem, remedy)| Refusal::Bad(problem, remedy))?;
                let standardised = ((reading.read(number) - mean) / sd) as f32;
                if !standardised.is_finite() {
                    let (mean, sd) = self.kind.as_written().unwrap_or((*mean, *sd));
                    let problem =
                        format!("{number} is too far from the training data, with mean {mean} and sd {sd}");
                    return Err(Refusal::Bad(problem, "look whether the unit is the same".to_string()));
                }
                encoded[0] = standardised;
            }
            Kind::Boolean { values } => {
                encoded[0] = self.names.place(cell).ok_or_else(|| unknown(values))? as f32;
            }
            Kind::Category { values } => {
                let place = self.names.place(cell).ok_or_else(|| unknown(values))?;
                encoded.fill(0.0);
                encoded[place] = 1.0;
            }
        }
        Ok(())
    }
}

/// The finite number that a cell holds; or what is wrong with it, and what to do.
pub(super) fn number(cell: Value<'_>, decimal: Decimal) -> Result<f64, (String, String)> {
    match cell.number(decimal) {
        Some(number) if number.is_finite() => Ok(number),
        Some(_) => Err((
            format!("{} is infinite", shown(&cell.name())),
            "give a finite number, or leave the cell empty for a missing value".to_string(),
        )),
        None => {
            let (what, other) = match decimal {
                Decimal::Point => ("comma, where the column writes a point", Decimal::Comma),
                Decimal::Comma => ("point, where the column writes a comma", Decimal::Point),
            };
            let shown = shown(&cell.name());
            Err(match cell.number(other) {
                Some(_) => (format!("{shown} has a decimal {what}"), "write all of them alike".to_string()),
                None => (
                    format!("{shown} is not a number"),
                    "give a number, or empty the cell and see --missing and --missing-values".to_string(),
                ),
            })
        }
    }
}

impl Names {
    fn new(names: &[String]) -> Names {
        Names(names.iter().enumerate().map(|(place, name)| (name.clone(), place)).collect())
    }

    /// The two values in any case; if they are words for false and true, the other such words too.
    fn boolean(values: &[String; 2]) -> Names {
        let mut names = Names::new(values);
        let pair = |word: &str| truth(word).map(|(_, truth)| usize::from(truth));
        if values.iter().enumerate().all(|(place, value)| pair(value) == Some(place)) {
            for word in ["false", "true", "no", "yes", "f", "t", "n", "y", "off", "on", "0", "1"] {
                names.0.entry(word.to_string()).or_insert_with(|| pair(word).unwrap_or_default());
            }
        }
        names
    }

    fn place(&self, cell: Value<'_>) -> Option<usize> {
        let name = cell.name();
        self.0.get(name.as_ref()).copied().or_else(|| self.in_another_case(&name))
    }

    /// Words for false and true are the same in any case: programs write `True`, `TRUE` and `true`.
    fn in_another_case(&self, name: &str) -> Option<usize> {
        truth(name)?;
        let mut alike = self.0.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        match (alike.next(), alike.next()) {
            (Some((_, place)), None) => Some(*place),
            _ => None,
        }
    }
}
