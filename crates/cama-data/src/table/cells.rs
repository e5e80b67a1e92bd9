//! The cells of one column, as the table holds them, and what each of them says.

use std::borrow::Cow;
use std::ops::Range;

use super::decimal::Decimal;

/// The pairs of words that make a column of two values boolean, false first, whatever the case.
const TRUTHS: [[&str; 2]; 6] =
    [["false", "true"], ["no", "yes"], ["f", "t"], ["n", "y"], ["off", "on"], ["0", "1"]];

/// The cells of one column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cells {
    /// Texts, one after another; text i ends before byte `ends[i]`.
    Text { bytes: String, ends: Vec<usize> },
    /// Floating-point numbers, NaN where missing.
    Number(Vec<f64>),
    /// Integers.
    Integer(Vec<Option<i64>>),
    /// Truth values.
    Boolean(Vec<Option<bool>>),
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Missing,
    Text(&'a str),
    Number(f64),
    Integer(i64),
    Boolean(bool),
}

impl Cells {
    /// No texts.
    pub(super) fn texts() -> Cells {
        Cells::Text { bytes: String::new(), ends: Vec::new() }
    }

    /// How many cells there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Cells::Text { ends, .. } => ends.len(),
            Cells::Number(cells) => cells.len(),
            Cells::Integer(cells) => cells.len(),
            Cells::Boolean(cells) => cells.len(),
        }
    }

    /// Adds a text, without the blanks around it.
    ///
    /// # Panics
    ///
    /// If these are not texts.
    pub(super) fn push_text(&mut self, text: &str) {
        let Cells::Text { bytes, ends } = self else { panic!("a text among other cells") };
        bytes.push_str(text.trim());
        ends.push(bytes.len());
    }

    /// Adds the cells of the next chunk of the same column.
    ///
    /// # Panics
    ///
    /// If they are of another type.
    pub(super) fn append(&mut self, next: Cells) {
        match (self, next) {
            (Cells::Text { bytes, ends }, Cells::Text { bytes: more, ends: their_ends }) => {
                let before = bytes.len();
                bytes.push_str(&more);
                ends.extend(their_ends.into_iter().map(|end| before + end));
            }
            (Cells::Number(cells), Cells::Number(more)) => cells.extend(more),
            (Cells::Integer(cells), Cells::Integer(more)) => cells.extend(more),
            (Cells::Boolean(cells), Cells::Boolean(more)) => cells.extend(more),
            _ => panic!("the chunks of one column are of one type"),
        }
    }

    /// The cells of `range`.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    pub(super) fn slice(&self, range: Range<usize>) -> Cells {
        match self {
            Cells::Text { bytes, ends } => {
                let start = range.start.checked_sub(1).map_or(0, |before| ends[before]);
                let ends: Vec<usize> = ends[range].iter().map(|end| end - start).collect();
                let end = start + ends.last().copied().unwrap_or(0);
                Cells::Text { bytes: bytes[start..end].to_string(), ends }
            }
            Cells::Number(cells) => Cells::Number(cells[range].to_vec()),
            Cells::Integer(cells) => Cells::Integer(cells[range].to_vec()),
            Cells::Boolean(cells) => Cells::Boolean(cells[range].to_vec()),
        }
    }

    /// Cell `i` as it is written, also where that stands for a missing value.
    ///
    /// # Panics
    ///
    /// If there is no such cell.
    pub(super) fn text(&self, i: usize) -> Cow<'_, str> {
        match self {
            Cells::Text { bytes, ends } => {
                Cow::Borrowed(&bytes[i.checked_sub(1).map_or(0, |i| ends[i])..ends[i]])
            }
            _ => self.value(i).name(),
        }
    }

    /// Cell `i`.
    ///
    /// # Panics
    ///
    /// If there is no such cell.
    pub(super) fn value(&self, i: usize) -> Value<'_> {
        match self {
            Cells::Text { bytes, ends } => {
                let start = i.checked_sub(1).map_or(0, |before| ends[before]);
                match &bytes[start..ends[i]] {
                    "" => Value::Missing,
                    text => Value::Text(text),
                }
            }
            Cells::Number(cells) if cells[i].is_nan() => Value::Missing,
            Cells::Number(cells) => Value::Number(cells[i]),
            Cells::Integer(cells) => cells[i].map_or(Value::Missing, Value::Integer),
            Cells::Boolean(cells) => cells[i].map_or(Value::Missing, Value::Boolean),
        }
    }
}

impl<'a> Value<'a> {
    /// The number that this cell holds, possibly infinite, if it holds one; of a text, if it is written so.
    pub(super) fn number(self, decimal: Decimal) -> Option<f64> {
        match self {
            Value::Number(number) => Some(number),
            Value::Integer(number) => Some(number as f64),
            Value::Text(text) => decimal.number(text),
            Value::Missing | Value::Boolean(_) => None,
        }
    }

    /// What this cell is called as a category: its text, where `3.0` is written `3`, so that a table means the
    /// same whether or not a program has made floating-point numbers of its integers in between.
    pub(super) fn name(self) -> Cow<'a, str> {
        match self {
            Value::Missing => Cow::Borrowed(""),
            Value::Text(text) => Cow::Borrowed(without_point(text)),
            // Adding 0 makes the negative zero positive.
            Value::Number(number) => Cow::Owned((number + 0.0).to_string()),
            Value::Integer(number) => Cow::Owned(number.to_string()),
            Value::Boolean(truth) => Cow::Borrowed(if truth { "true" } else { "false" }),
        }
    }
}

/// `3.0` as `3`; every other text as it is.
fn without_point(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, zeros))
            if !zeros.is_empty()
                && zeros.bytes().all(|byte| byte == b'0')
                && whole.strip_prefix('-').unwrap_or(whole).bytes().all(|byte| byte.is_ascii_digit())
                && whole.ends_with(|c: char| c.is_ascii_digit()) =>
        {
            whole
        }
        _ => text,
    }
}

/// Which pair of words for false and true a name belongs to, and which of the two it is.
pub(super) fn truth(name: &str) -> Option<(usize, bool)> {
    TRUTHS.iter().enumerate().find_map(|(i, pair)| {
        let which = pair.iter().position(|word| word.eq_ignore_ascii_case(name))?;
        Some((i, which == 1))
    })
}

/// A text for messages: not longer than a line can bear.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("`{}…`", text[..end].escape_debug()),
        None => format!("`{}`", text.escape_debug()),
    }
}

/// The first names of a list, for messages.
pub(super) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    listed_as(names, |name| name.as_ref().to_string())
}

/// The first of a list, each as this text, for messages.
pub(super) fn listed_as<T>(all: &[T], text: impl Fn(&T) -> String) -> String {
    const MOST: usize = 20;
    let mut texts = all.iter().take(MOST).map(text).collect::<Vec<_>>().join(", ");
    if all.len() > MOST {
        texts += &format!(" and {} more", all.len() - MOST);
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_trimmed_and_empty_ones_missing() {
        let mut cells = Cells::texts();
        for text in [" 1.5 ", "", "  ", "none", "Nancy", "é"] {
            cells.push_text(text);
        }
        let mut more = Cells::texts();
        more.push_text("last");
        cells.append(more);
        assert_eq!(cells.len(), 7);
        assert_eq!(cells.value(0), Value::Text("1.5"));
        assert!((1..3).all(|i| cells.value(i) == Value::Missing));
        let names = |cells: &Cells| -> Vec<String> {
            (0..cells.len()).map(|i| cells.value(i).name().into_owned()).collect()
        };
        assert_eq!(names(&cells)[3..], ["none", "Nancy", "é", "last"]);
        assert_eq!(names(&cells.slice(0..2)), ["1.5", ""]);
        assert_eq!(names(&cells.slice(4..6)), ["Nancy", "é"]);
        assert_eq!(names(&cells.slice(7..7)), [""; 0]);
    }

    #[test]
    fn a_category_has_one_name_whatever_type_the_file_gives_it() {
        for (value, name) in [
            (Value::Text("3"), "3"),
            (Value::Text("3.0"), "3"),
            (Value::Text("-3.000"), "-3"),
            (Value::Integer(3), "3"),
            (Value::Number(3.0), "3"),
            (Value::Number(-0.0), "0"),
            (Value::Number(0.5), "0.5"),
            (Value::Text("0.50"), "0.50"),
            (Value::Text("03"), "03"),
            (Value::Text("3."), "3."),
            (Value::Text(".0"), ".0"),
            (Value::Text("-.0"), "-.0"),
            (Value::Text("1.2.0"), "1.2.0"),
            (Value::Text("v1.0"), "v1.0"),
            (Value::Boolean(true), "true"),
        ] {
            assert_eq!(value.name(), name, "{value:?}");
        }
    }

    #[test]
    fn numbers_are_read_from_numbers_and_texts() {
        assert_eq!(Value::Text("1e3").number(Decimal::Point), Some(1000.0));
        assert_eq!(Value::Text("inf").number(Decimal::Point), Some(f64::INFINITY));
        assert_eq!(Value::Text("1,5").number(Decimal::Point), None);
        assert_eq!(Value::Text("1,5").number(Decimal::Comma), Some(1.5));
        assert_eq!(Value::Integer(-7).number(Decimal::Comma), Some(-7.0));
        assert_eq!(Value::Boolean(true).number(Decimal::Point), None);
        assert_eq!(truth("YES"), truth("no").map(|(pair, _)| (pair, true)));
        assert_eq!(truth("maybe"), None);
    }

    #[test]
    fn long_texts_and_lists_are_cut_in_messages() {
        assert_eq!(shown("a\nb"), "`a\\nb`");
        assert_eq!(shown(&"é".repeat(100)).chars().count(), 63);
        let names: Vec<String> = (0..25).map(|i| i.to_string()).collect();
        assert!(listed(&names).ends_with("18, 19 and 5 more"), "{}", listed(&names));
    }
}
