//! What a column holds, told by its training cells.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::cells::{Cells, Value, listed, shown, truth};
use super::dates::is_date;
use super::decimal::Decimal;
use super::encode::number;
use super::number::short;
use super::reading::{Reading, moments};
use super::schema::{Cell, ColumnType, Kind, MOST_VALUES};
use super::source::Chunk;
use crate::{Error, Result};

/// A target with more different fractions than this is a measurement, not a class.
const MOST_FRACTIONS: usize = 50;

/// A standard deviation below this share of the mean is worth a notice.
const TINY: f64 = 1e-6;

/// The cells of one column that a schema is learnt from.
pub(super) struct Training<'a> {
    pub(super) path: &'a Path,
    pub(super) name: &'a str,
    pub(super) chunk: &'a Chunk,
    pub(super) cells: &'a Cells,
    /// The rows of the chunk that are kept.
    pub(super) rows: &'a [usize],
    /// What the column is said to be.
    pub(super) given: Option<ColumnType>,
    /// The class of each row of the chunk that is kept and has one.
    pub(super) classes: &'a BTreeMap<usize, usize>,
    /// How its numbers are written, where they are texts.
    pub(super) decimal: Decimal,
}

/// What a column was found to hold, and what its owner may want to know of it.
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) imputed: Cell,
    pub(super) notice: Option<String>,
}

impl<'a> Training<'a> {
    /// The cells that are not missing, with their rows in the chunk.
    pub(super) fn present(&self) -> impl Iterator<Item = (usize, Value<'a>)> + use<'a, '_> {
        self.rows.iter().map(|&i| (i, self.cells.value(i))).filter(|(_, cell)| *cell != Value::Missing)
    }

    /// The place among `names` of each cell that is not missing, by its row in the chunk.
    pub(super) fn places(&self, names: &[String]) -> BTreeMap<usize, usize> {
        let places: BTreeMap<&str, usize> = names.iter().map(String::as_str).zip(0..).collect();
        self.present().filter_map(|(row, cell)| Some((row, *places.get(cell.name().as_ref())?))).collect()
    }

    fn error(&self, problem: impl std::fmt::Display, remedy: &str) -> Error {
        Error::data(self.path, format!("column `{}` {problem}", self.name), remedy)
    }

    fn error_at(&self, row: usize, problem: &str, remedy: &str) -> Error {
        let place = self.chunk.place(row);
        Error::data(self.path, format!("{place}, column `{}`: {problem}", self.name), remedy)
    }

    /// Whether a value is a code with a leading zero, which a number would lose.
    fn has_leading_zeros(&self) -> bool {
        self.coded_cell().is_some()
    }

    fn coded_cell(&self) -> Option<(usize, &'a str)> {
        self.present().find_map(|(row, cell)| match cell {
            Value::Text(text)
                if text.len() > 1 && text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()) =>
            {
                Some((row, text))
            }
            _ => None,
        })
    }

    /// What is said of codes.
    fn coded(&self) -> String {
        let (row, text) = self.coded_cell().unwrap_or_default();
        format!(
            "column `{name}`: taken for codes, and so for a category, as {} in {} begins with a zero; for numbers give \
             --type {name}=number",
            shown(text),
            self.chunk.place(row),
            name = self.name,
        )
    }

    /// Errors if all values are numbers, some with a decimal point and others with a decimal comma.
    fn check_decimals(&self) -> Result<()> {
        let only = |one: Decimal, other: Decimal| {
            let mut cells = self.present();
            cells.find(|(_, cell)| cell.number(one).is_some() && cell.number(other).is_none())
        };
        let numbers = self
            .present()
            .all(|(_, cell)| cell.number(Decimal::Point).is_some() || cell.number(Decimal::Comma).is_some());
        let (point, comma) = (only(Decimal::Point, Decimal::Comma), only(Decimal::Comma, Decimal::Point));
        let (Some((_, point)), Some((row, comma)), true) = (point, comma, numbers) else { return Ok(()) };
        let problem = format!(
            "{} has a decimal comma, and {} a decimal point",
            shown(&comma.name()),
            shown(&point.name())
        );
        let remedy = format!("write all of them alike, or give --type {}=category", self.name);
        Err(self.error_at(row, &problem, &remedy))
    }

    /// The names of the values with how often each comes, or `None` if there are more than can be.
    fn counts(&self) -> Option<BTreeMap<String, usize>> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (_, cell) in self.present() {
            let name = cell.name();
            if let Some(count) = counts.get_mut(name.as_ref()) {
                *count += 1;
            } else if counts.len() == MOST_VALUES {
                return None;
            } else {
                counts.insert(name.into_owned(), 1);
            }
        }
        Some(counts)
    }
}

/// The kind of a column, and what is imputed in it.
pub(super) fn infer(column: &Training<'_>) -> Result<Found> {
    let Some((_, first)) = column.present().next() else {
        return Err(column.error("holds no value", "leave it out of the graph, or fill it in"));
    };
    let first = first.name();
    if column.present().all(|(_, cell)| cell.name() == first) {
        let problem = format!("is {} in every row and carries nothing", shown(&first));
        return Err(column.error(problem, "leave it out of the graph"));
    }
    match column.given {
        Some(ColumnType::Number) => numbers(column, false),
        Some(ColumnType::Integer) => numbers(column, true),
        Some(ColumnType::Boolean) => boolean(column),
        Some(ColumnType::Category) => category(column),
        None if truths(column).is_some() => boolean(column),
        None if column.has_leading_zeros() => {
            category(column).map(|found| Found { notice: Some(column.coded()), ..found })
        }
        None if column.present().all(|(_, cell)| cell.number(column.decimal).is_some()) => {
            numbers(column, false)
        }
        None => {
            column.check_decimals()?;
            category(column).map(|found| Found { notice: stray(column), ..found })
        }
    }
}

/// The mean and the standard deviation.
fn numbers(column: &Training<'_>, whole: bool) -> Result<Found> {
    let mut numbers = Vec::new();
    for (row, cell) in column.present() {
        let number = number(cell, column.decimal)
            .map_err(|(problem, remedy)| column.error_at(row, &problem, &remedy))?;
        if whole && number.fract() != 0.0 {
            let problem = format!("{number} is not a whole number");
            return Err(column.error_at(row, &problem, "give the column the type number"));
        }
        numbers.push(number);
    }
    let (mean, sd) = moments(&numbers);
    if numbers.iter().all(|number| *number == numbers[0]) {
        let problem = format!("is {} in every row and carries nothing", numbers[0]);
        return Err(column.error(problem, "leave it out of the graph"));
    }
    if !(mean.is_finite() && sd.is_normal()) {
        let problem =
            format!("has the mean {mean} and the standard deviation {sd}, beyond what can be computed");
        return Err(column.error(problem, "write it in another unit"));
    }
    let notice = (sd < TINY * mean.abs()).then(|| {
        format!(
            "column `{}`: its standard deviation, {}, is tiny beside its mean, {}; \
             standardising magnifies what may be rounding",
            column.name,
            short(sd),
            short(mean)
        )
    });
    let classes: Vec<usize> =
        column.present().filter_map(|(row, _)| column.classes.get(&row).copied()).collect();
    let reading = Reading::of(&numbers, &classes);
    let readings: Vec<f64> = numbers.iter().map(|number| reading.read(*number)).collect();
    let (mean, sd) = moments(&readings);
    let imputed = Cell::Number(reading.undo(mean));
    Ok(Found { kind: Kind::Number { mean, sd, reading }, imputed, notice })
}

/// The two words if they are a pair that stands for false and true, as they were written first.
fn truths(column: &Training<'_>) -> Option<[String; 2]> {
    let mut found: [Option<String>; 2] = [None, None];
    let mut pair = None;
    for (_, cell) in column.present() {
        let name = cell.name();
        let (of, which) = truth(&name)?;
        if *pair.get_or_insert(of) != of {
            return None;
        }
        found[usize::from(which)].get_or_insert_with(|| name.to_lowercase());
    }
    let [no, yes] = found;
    Some([no?, yes?])
}

fn boolean(column: &Training<'_>) -> Result<Found> {
    let (values, counts) = match truths(column) {
        Some(values) => {
            let yes =
                column.present().filter(|(_, cell)| truth(&cell.name()).is_some_and(|(_, t)| t)).count();
            let counts = [column.present().count() - yes, yes];
            (values, counts)
        }
        None => {
            let counts = column.counts().unwrap_or_default();
            let mut values: Vec<String> = counts.keys().cloned().collect();
            in_order(&mut values);
            let Ok(values) = <[String; 2]>::try_from(values) else {
                let problem = format!("has {} values, but a boolean has two", many(counts.len()));
                return Err(column.error(problem, "give it the type category"));
            };
            let numbers = [counts[&values[0]], counts[&values[1]]];
            (values, numbers)
        }
    };
    let imputed = Cell::Name(values[usize::from(counts[1] > counts[0])].clone());
    Ok(Found { kind: Kind::Boolean { values }, imputed, notice: None })
}

fn category(column: &Training<'_>) -> Result<Found> {
    let Some(counts) = column.counts() else {
        let problem = format!("has more than {MOST_VALUES} different values that are not all numbers");
        let all_dates = column.present().all(|(_, cell)| is_date(&cell.name()));
        let remedy = match stray(column) {
            Some(notice) => format!("{notice}; if it is one of numbers, mend these cells"),
            None if all_dates => {
                "they are dates: write them as a number, such as days since the first".to_string()
            }
            None => "leave it out of the graph, or group its values first".to_string(),
        };
        return Err(column.error(problem, &remedy));
    };
    let mut values: Vec<String> = counts.keys().cloned().collect();
    in_order(&mut values);
    // Of equally frequent values the first.
    let frequent = values.iter().rev().max_by_key(|value| counts[*value]).cloned().unwrap_or_default();
    Ok(Found { kind: Kind::Category { values }, imputed: Cell::Name(frequent), notice: None })
}

/// A column that would be one of numbers if it were not for a few cells.
fn stray(column: &Training<'_>) -> Option<String> {
    let all = column.present().count();
    let mut others = column.present().filter(|(_, cell)| cell.number(column.decimal).is_none());
    let (row, cell) = others.next()?;
    let strays = 1 + others.count();
    (2 * strays < all).then(|| {
        let are = if strays == 1 { "is not a number" } else { "are not numbers" };
        format!(
            "column `{}`: taken for a category because {strays} of its {all} values {are}, the first {} in {}",
            column.name,
            shown(&cell.name()),
            column.chunk.place(row)
        )
    })
}

/// The classes of the target, in order.
pub(super) fn classes(target: &Training<'_>) -> Result<Vec<String>> {
    let fractions: BTreeSet<u64> = target
        .present()
        .filter_map(|(_, cell)| cell.number(target.decimal))
        .filter(|number| number.fract() != 0.0)
        .map(f64::to_bits)
        .take(1_000_000)
        .collect();
    let bin = "the target's values must be classes: put them into bins first";
    if fractions.len() > MOST_FRACTIONS {
        return Err(target.error(format!("has {} different fractions", fractions.len()), bin));
    }
    if target.given == Some(ColumnType::Integer) {
        numbers(target, true)?;
    }
    let Some(counts) = target.counts() else {
        return Err(target.error(format!("has more than {MOST_VALUES} different values"), bin));
    };
    let mut classes: Vec<String> = counts.into_keys().collect();
    if classes.len() < 2 {
        let only = classes
            .first()
            .map_or("no value".to_string(), |class| format!("only the value {}", shown(class)));
        return Err(target.error(format!("has {only}"), "give training rows of two classes or more"));
    }
    if target.given == Some(ColumnType::Boolean) && classes.len() > 2 {
        let problem = format!("has the values {}, but a boolean has two", listed(&classes));
        return Err(target.error(problem, "give it the type category"));
    }
    in_order(&mut classes);
    Ok(classes)
}

/// Sorts by number if all names are numbers, else by text.
fn in_order(names: &mut [String]) {
    let number = |name: &String| name.parse::<f64>().ok().filter(|number| !number.is_nan());
    if names.iter().all(|name| number(name).is_some()) {
        names.sort_by(|a, b| {
            let (a, b) = (number(a).unwrap_or_default(), number(b).unwrap_or_default());
            a.total_cmp(&b)
        });
    } else {
        names.sort();
    }
}

fn many(n: usize) -> String {
    if n == 0 { format!("more than {MOST_VALUES}") } else { n.to_string() }
}
