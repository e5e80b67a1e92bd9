//! What looks wrong in a training table: columns that can be used, and may be something else than they are taken for.

use std::collections::{BTreeSet, HashSet};

use super::cells::{Value, shown};
use super::dates::{is_compact_date, is_date};
use super::infer::Training;
use super::missing::{REMEDY, is_code};
use super::number::short;
use super::schema::Kind;

/// With fewer rows, values that differ from row to row are no wonder.
const LEAST_ROWS: usize = 20;

/// What may be wrong with a column that is read as this, in words.
pub(super) fn of_column(column: &Training<'_>, kind: &Kind) -> Vec<String> {
    let name = column.name;
    let say = |what: String| format!("column `{name}`: {what}");
    let found = [
        dates(column, kind),
        identifier(column, kind),
        percentages(column, kind),
        code_for_missing(column, kind),
        numbers_with_units(column, kind),
    ];
    found.into_iter().flatten().map(say).collect()
}

/// What may be wrong with classes of so many rows each, in words.
pub(super) fn of_classes(target: &str, classes: &[String], counts: &[usize]) -> Option<String> {
    let rows: usize = counts.iter().sum();
    let same = |one: &str, other: &str| one.trim().to_lowercase() == other.trim().to_lowercase();
    for (i, class) in classes.iter().enumerate() {
        if let Some(other) = classes[..i].iter().find(|other| same(other, class)) {
            return Some(format!(
                "the classes {} and {} of the target `{target}` differ in capitals or spaces alone: write them alike if they are \
                 one",
                shown(other),
                shown(class)
            ));
        }
    }
    if rows >= LEAST_ROWS && 2 * classes.len() > rows {
        return Some(format!(
            "the target `{target}` has {} classes in {rows} rows: is it one?",
            classes.len()
        ));
    }
    if let Some(single) = counts.iter().position(|count| *count == 1).filter(|_| rows >= LEAST_ROWS) {
        let class = shown(&classes[single]);
        return Some(format!(
            "the class {class} of the target `{target}` has one row only: leave that out unless it is meant"
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

/// Whether the smallest or the largest value is a number that often stands for a missing value, stands in several rows, and lies
/// farther from all others than they do from each other.
fn code_for_missing(column: &Training<'_>, kind: &Kind) -> Option<String> {
    if !matches!(kind, Kind::Number { .. }) {
        return None;
    }
    let mut numbers: Vec<f64> =
        column.present().filter_map(|(_, cell)| cell.number(column.decimal)).collect();
    if numbers.len() < LEAST_ROWS {
        return None;
    }
    numbers.sort_by(f64::total_cmp);
    let far_code = |code: &f64| {
        let others: Vec<f64> = numbers.iter().copied().filter(|number| number != code).collect();
        let (low, high) = (others.first()?, others.last()?);
        let apart = if code < low { low - code } else { code - high };
        let far = is_code(*code) && numbers.len() - others.len() > 1 && apart > high - low;
        far.then(|| (numbers.len() - others.len(), *low, *high))
    };
    let ends = [*numbers.first()?, *numbers.last()?];
    let (code, (rows, low, high)) = ends.iter().find_map(|code| Some((code, far_code(code)?)))?;
    Some(format!(
        "`{code}` stands in {rows} rows, far from all others, which go from {} to {}: {REMEDY}",
        short(low),
        short(high)
    ))
}

/// Numbers that are categories because each has the same sign or unit at it.
fn numbers_with_units(column: &Training<'_>, kind: &Kind) -> Option<String> {
    let Kind::Category { values } = kind else { return None };
    if values.len() < LEAST_ROWS {
        return None;
    }
    let parts = |value: &str| {
        let digit = |c: char| c.is_ascii_digit();
        let (start, end) = (value.find(digit)?, value.rfind(digit)? + 1);
        let is_number = value[start..end].replace(',', ".").parse::<f64>().is_ok();
        let before = value[..start].trim_end_matches(['-', '+', '.']);
        is_number.then(|| (before.to_string(), value[end..].to_string()))
    };
    let found: HashSet<(String, String)> = values.iter().map(|value| parts(value)).collect::<Option<_>>()?;
    // `id-7` is no number of ids.
    let is_code = |before: &str| before.contains(char::is_alphanumeric);
    let at_them = found
        .iter()
        .all(|(before, after)| !(is_code(before) || before.trim().is_empty() && after.trim().is_empty()));
    let first = column.present().next().map(|(_, cell)| cell.name().into_owned())?;
    (found.len() == 1 && at_them).then(|| {
        format!(
            "holds numbers with a sign or a unit at them, such as {}, each a category of its own; leave that out for them to be \
             numbers",
            shown(&first)
        )
    })
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
        let of_classes = |target: &str, classes: &[String], rows: usize| {
            of_classes(target, classes, &vec![rows / classes.len(); classes.len()])
        };
        let text = of_classes("y", &names(&["0", "1", "3"]), 100).unwrap();
        assert!(text.contains("from 0 to 3") && text.contains("only 3"), "{text}");
        assert_eq!(of_classes("y", &names(&["1", "2", "3"]), 100), None);
        assert_eq!(of_classes("y", &names(&["a", "3"]), 100), None);
        let many: Vec<String> = (0..60).map(|i| format!("c{i}")).collect();
        assert!(of_classes("y", &many, 60).unwrap().contains("60 classes in 60 rows"));
        let text = of_classes("y", &names(&["No", "no ", "yes"]), 100).unwrap();
        assert!(
            text.contains("`No` and `no ` of the target `y` differ in capitals or spaces alone"),
            "{text}"
        );
        let text = super::of_classes("y", &names(&["Total", "no", "yes"]), &[1, 30, 30]).unwrap();
        assert!(text.contains("the class `Total` of the target `y` has one row only"), "{text}");
    }
}
