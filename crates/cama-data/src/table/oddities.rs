//! What looks wrong in a training table: columns that can be used, and may be something else than they are taken for.

use std::collections::{BTreeSet, HashSet};

use super::cells::{Value, shown};
use super::dates::{is_compact_date, is_date};
use super::infer::Training;
use super::schema::Kind;

/// With fewer rows, values that differ from row to row are no wonder.
const LEAST_ROWS: usize = 20;

/// What may be wrong with a column that is read as this, in words.
pub(super) fn of_column(column: &Training<'_>, kind: &Kind) -> Vec<String> {
    let name = column.name;
    let say = |what: String| format!("column `{name}`: {what}");
    let found = [dates(column, kind), identifier(column, kind), percentages(column, kind)];
    found.into_iter().flatten().map(say).collect()
}

/// What may be wrong with the classes of so many rows, in words.
pub(super) fn of_classes(target: &str, classes: &[String], rows: usize) -> Option<String> {
    if rows >= LEAST_ROWS && 2 * classes.len() > rows {
        return Some(format!(
            "the target `{target}` has {} classes in {rows} rows: is it one?",
            classes.len()
        ));
    }
    let numbers: Vec<i64> = classes.iter().map(|class| class.parse().ok()).collect::<Option<_>>()?;
    let (first, last) = (numbers.iter().min()?, numbers.iter().max()?);
    let gaps = last.abs_diff(*first).saturating_add(1).saturating_sub(numbers.len() as u64);
    (gaps > 0).then(|| {
        format!(
            "the values of the target `{target}` go from {first} to {last}, but only {} of these numbers occur: so many are the \
             classes",
            numbers.len()
        )
    })
}

/// Dates are as many categories as there are days, or numbers in which months have a hundred days.
fn dates(column: &Training<'_>, kind: &Kind) -> Option<String> {
    let remedy = "write them as a number, such as days since the first, or leave the column out of the graph";
    let mut present = column.present().map(|(_, cell)| cell);
    let first = column.present().next().map(|(_, cell)| cell.name().into_owned())?;
    match kind {
        Kind::Category { .. } => present
            .all(|cell| is_date(&cell.name()))
            .then(|| format!("holds dates, such as {}, each a category of its own; {remedy}", shown(&first))),
        Kind::Number { .. } => present
            .all(|cell| cell.number(column.decimal).is_some_and(is_compact_date))
            .then(|| format!("holds numbers that may be dates, such as {}; {remedy}", shown(&first))),
        Kind::Boolean { .. } => None,
    }
}

/// Whether no two rows have the same value, and what that value is like says no more than which row it is.
fn identifier(column: &Training<'_>, kind: &Kind) -> Option<String> {
    let rows = column.present().count();
    if rows < LEAST_ROWS {
        return None;
    }
    let remedy = "as an identifier has: it tells nothing of other rows; leave it out of the graph, and name rows by --key";
    match kind {
        Kind::Category { values } => {
            (values.len() == rows).then(|| format!("is another category in every row, {remedy}"))
        }
        Kind::Number { .. } => {
            let numbers: Option<Vec<i64>> = column
                .present()
                .map(|(_, cell)| cell.number(column.decimal).filter(|n| n.fract() == 0.0).map(|n| n as i64))
                .collect();
            let numbers = numbers?;
            let different = numbers.iter().collect::<HashSet<_>>().len() == rows;
            let steps: BTreeSet<i64> =
                numbers.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
            let range = numbers.iter().max()?.abs_diff(*numbers.iter().min()?);
            // Counted on from row to row, or the same in another order.
            let counted = steps.len() == 1 || range < rows as u64;
            (different && counted).then(|| format!("counts the rows, {remedy}"))
        }
        Kind::Boolean { .. } => None,
    }
}

/// Shares of a hundred in a column whose other numbers are shares of one, or none at all.
fn percentages(column: &Training<'_>, kind: &Kind) -> Option<String> {
    if !matches!(kind, Kind::Number { .. }) {
        return None;
    }
    let is_share = |cell: &Value<'_>| matches!(cell, Value::Text(text) if text.trim_end().ends_with('%'));
    let mut first = None;
    let (mut shares, mut all) = (0, 0);
    for (row, cell) in column.present() {
        all += 1;
        if is_share(&cell) {
            shares += 1;
            first.get_or_insert_with(|| (row, cell.name().into_owned(), cell.number(column.decimal)));
        }
    }
    let (row, text, number) = first?;
    let read = format!("{} is read as {}", shown(&text), number?);
    Some(match shares == all {
        true => format!("holds percentages: {read}"),
        false => format!(
            "{shares} of its {all} values are percentages, the first in {}, where {read}; the others are read as they are: write \
             all of them alike",
            column.chunk.place(row)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_that_skip_numbers_or_are_many() {
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let text = of_classes("y", &names(&["0", "1", "3"]), 100).unwrap();
        assert!(text.contains("from 0 to 3") && text.contains("only 3"), "{text}");
        assert_eq!(of_classes("y", &names(&["1", "2", "3"]), 100), None);
        assert_eq!(of_classes("y", &names(&["a", "3"]), 100), None);
        let many: Vec<String> = (0..60).map(|i| format!("c{i}")).collect();
        assert!(of_classes("y", &many, 100).unwrap().contains("60 classes in 100 rows"));
    }
}
