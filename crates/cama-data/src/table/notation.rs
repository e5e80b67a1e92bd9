//! How the numbers of a table are written as texts, found by looking at some of its rows.

use super::cells::{Cells, Value, listed, shown};
use super::decimal::Decimal;
use super::source::Chunk;

/// What the cells of a column say of how its numbers are written.
#[derive(Clone, Debug, Default)]
struct Tally {
    /// Cells that are numbers with a decimal point only, and with a decimal comma only.
    point: usize,
    comma: usize,
    /// The first cell that is one number with the point and another with the comma, and where it is.
    ambiguous: Option<(String, usize)>,
    /// The first cell that is a number with a comma only, and where it is.
    first_comma: Option<(String, usize)>,
    /// Whether every cell is a number in one way or the other.
    numbers: bool,
}

impl Tally {
    fn of(cells: &Cells, rows: usize) -> Self {
        let mut tally = Tally { numbers: matches!(cells, Cells::Text { .. }), ..Tally::default() };
        for row in 0..rows {
            let Value::Text(text) = cells.value(row) else { continue };
            match (Decimal::Point.number(text), Decimal::Comma.number(text)) {
                (None, None) => tally.numbers = false,
                (Some(_), None) => tally.point += 1,
                (None, Some(_)) => {
                    tally.comma += 1;
                    tally.first_comma.get_or_insert_with(|| (text.to_string(), row));
                }
                (Some(a), Some(b)) if a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan()) => {
                    tally.ambiguous.get_or_insert_with(|| (text.to_string(), row));
                }
                (Some(_), Some(_)) => {}
            }
        }
        tally
    }
}

/// Rows that whoever reads a table for a model looks at: so many are in every first chunk, unless columns are very many.
pub(super) const LOOK: usize = 1000;

/// How the numbers of each column are written, found by looking at a part of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Notations {
    /// One for each column that was looked at.
    pub(super) columns: Vec<Decimal>,
    notices: Vec<Option<Notice>>,
    names: Vec<String>,
}

/// What a reader of a column may want to know.
#[derive(Clone, Debug, PartialEq)]
enum Notice {
    /// A cell could be read otherwise: in words.
    Ambiguous(String),
    /// Decimal commas, of which this is one, and the number that it is.
    Commas(String, f64),
}

/// What is known of how a table is written before its cells are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hint {
    /// What the user said.
    pub(super) given: Option<Decimal>,
    /// How the training table is written.
    pub(super) training: Decimal,
    /// Whether semicolons part the fields, as programs do where commas are for decimals.
    pub(super) semicolons: bool,
}

impl Notations {
    /// Looks at the columns of these names, the first ones of a chunk, and at no more than `rows` rows.
    ///
    /// Within a column, cells that can be read in one way only decide. Where there are none, as with `1,234`, the other
    /// columns do, then how the training table was written; semicolons between the fields speak for commas.
    pub(super) fn of(chunk: &Chunk, names: &[&str], rows: usize, hint: Hint) -> Self {
        let rows = chunk.len().min(rows);
        let tallies: Vec<Tally> =
            names.iter().zip(&chunk.columns).map(|(_, cells)| Tally::of(cells, rows)).collect();
        Self::decide(&tallies, names, |row| chunk.place(row), hint)
    }

    fn decide(tallies: &[Tally], names: &[&str], place: impl Fn(usize) -> String, hint: Hint) -> Self {
        let among = |is: fn(&Tally) -> bool| tallies.iter().any(|tally| tally.numbers && is(tally));
        let (points, commas) = (among(|t| t.point > t.comma), among(|t| t.comma > t.point));
        let others = |of_comma: bool| match (points, commas) {
            (false, true) => Decimal::Comma,
            (true, _) => Decimal::Point,
            _ if of_comma && hint.semicolons => Decimal::Comma,
            _ => hint.training,
        };
        let mut notations = Self::default();
        for (tally, name) in tallies.iter().zip(names) {
            let of_comma = tally.ambiguous.as_ref().is_some_and(|(text, _)| text.contains(','));
            let decimal = hint.given.unwrap_or(match tally.comma.cmp(&tally.point) {
                std::cmp::Ordering::Greater => Decimal::Comma,
                std::cmp::Ordering::Less => Decimal::Point,
                std::cmp::Ordering::Equal => others(of_comma),
            });
            let notice = notice(tally, decimal, hint, name, &place);
            notations.columns.push(decimal);
            notations.notices.push(notice.filter(|_| tally.numbers));
            notations.names.push(name.to_string());
        }
        notations
    }

    /// What may be mistaken, in words: of the columns that `matter`, by their places.
    pub(super) fn notices(&self, matter: impl Fn(usize) -> bool) -> Vec<String> {
        let of = self.notices.iter().zip(&self.names).enumerate().filter(|(at, _)| matter(*at));
        let (mut notices, mut commas, mut example) = (Vec::new(), Vec::new(), None);
        for (_, (notice, name)) in of {
            match notice {
                None => {}
                Some(Notice::Ambiguous(notice)) => notices.push(notice.clone()),
                Some(Notice::Commas(text, number)) => {
                    commas.push(name);
                    example.get_or_insert((text, number));
                }
            }
        }
        let columns = if commas.len() == 1 { "column" } else { "columns" };
        let commas = example.map(|(text, number)| {
            format!(
                "decimal commas in the {columns} {}: {} is read as {number}",
                listed(&commas),
                shown(text)
            )
        });
        commas.into_iter().chain(notices).collect()
    }

    /// Whether a column that was looked at is written with decimal commas.
    pub(super) fn any_comma(&self, matter: impl Fn(usize) -> bool) -> bool {
        self.columns.iter().enumerate().any(|(at, decimal)| matter(at) && *decimal == Decimal::Comma)
    }
}

/// What a reader of this column may want to know.
fn notice(
    tally: &Tally,
    decimal: Decimal,
    hint: Hint,
    name: &str,
    place: impl Fn(usize) -> String,
) -> Option<Notice> {
    let other = match decimal {
        Decimal::Point => ("comma", Decimal::Comma),
        Decimal::Comma => ("point", Decimal::Point),
    };
    let read = |text: &str, decimal: Decimal| decimal.number(text).unwrap_or(f64::NAN);
    // `1.234` with a point is what it looks like.
    let unusual = |text: &str| decimal == Decimal::Comma || text.contains(',');
    if let Some((text, row)) =
        tally.ambiguous.as_ref().filter(|(text, _)| hint.given.is_none() && unusual(text))
        && tally.comma == tally.point
    {
        return Some(Notice::Ambiguous(format!(
            "column `{name}`: {} in {} is read as {}; if it is {}, give --decimal {}",
            shown(text),
            place(*row),
            read(text, decimal),
            read(text, other.1),
            other.0
        )));
    }
    let (text, _) = tally.first_comma.as_ref().filter(|_| decimal != hint.training)?;
    Some(Notice::Commas(text.clone(), read(text, decimal)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notations(columns: &[&[&str]], hint: Hint) -> Notations {
        let cells = |texts: &&[&str]| {
            let mut cells = Cells::texts();
            texts.iter().for_each(|text| cells.push_text(text));
            cells
        };
        let chunk = Chunk { first: 0, lines: vec![], columns: columns.iter().map(cells).collect() };
        Notations::of(&chunk, &["a", "b"][..columns.len()], 9, hint)
    }

    #[test]
    fn what_is_ambiguous_is_decided_by_what_is_not() {
        use Decimal::{Comma, Point};
        let none = Hint::default();
        let semicolons = Hint { semicolons: true, ..none };
        let trained = Hint { training: Comma, ..none };
        let given = Hint { given: Some(Comma), ..none };
        let decided = |columns: &[&[&str]], hint| notations(columns, hint).columns;
        assert_eq!(decided(&[&["1,5", "2"], &["1.234", "2"]], none), [Comma, Comma]);
        assert_eq!(decided(&[&["1.5", "2"], &["1,234", "2"]], none), [Point, Point]);
        assert_eq!(decided(&[&["1,234"], &["3"]], none), [Point, Point]);
        assert_eq!(decided(&[&["1,234"], &["1.234"]], semicolons), [Comma, Point]);
        assert_eq!(decided(&[&["1,234"], &["0.5"]], semicolons), [Point, Point]);
        assert_eq!(decided(&[&["1,234"], &["1.234"]], trained), [Comma, Comma]);
        assert_eq!(decided(&[&["1.234"], &["2.5"]], given), [Comma, Comma]);
        // Each column by itself, if it can be.
        assert_eq!(decided(&[&["1,5"], &["2.5"]], none), [Comma, Point]);
        // Words with commas say nothing of numbers.
        assert_eq!(decided(&[&["1,5", "about 2"], &["1.234", "7"]], none), [Comma, Point]);
    }

    #[test]
    fn what_may_be_mistaken_is_told() {
        let text = notations(&[&["7", "1,234"]], Hint::default()).notices(|_| true).concat();
        assert_eq!(
            text,
            "column `a`: `1,234` in row 1 is read as 1234; if it is 1.234, give --decimal comma"
        );
        let text = notations(&[&["7", "-0,5"]], Hint::default()).notices(|_| true).concat();
        assert_eq!(text, "decimal commas in the column a: `-0,5` is read as -0.5");
        let text = notations(&[&["1.234"], &["0,5"]], Hint::default()).notices(|at| at == 0).concat();
        assert!(
            text.contains("`1.234` in row 0 is read as 1234; if it is 1.234, give --decimal point"),
            "{text}"
        );
        let quiet = [notations(&[&["1.234", "5.678"]], Hint::default()), {
            let known = Hint { training: Decimal::Comma, ..Hint::default() };
            notations(&[&["1,5", "2,25"]], known)
        }];
        assert!(quiet.iter().all(|notations| notations.notices(|_| true).is_empty()));
    }
}
