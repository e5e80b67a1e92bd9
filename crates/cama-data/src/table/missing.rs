//! What stands for a missing value.

use serde::{Deserialize, Serialize};

use super::cells::Cells;

/// What stands for a missing value in a table, besides an empty cell: texts, whatever their case, and the numbers that they say,
/// however these are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MissingValues(Vec<String>);

impl Default for MissingValues {
    /// `NA`, `N/A`, `#N/A`, `NaN`, `null`, `?` and `-`.
    fn default() -> Self {
        Self(["NA", "N/A", "#N/A", "NaN", "null", "?", "-"].map(String::from).to_vec())
    }
}

impl MissingValues {
    /// These words, without the blanks around them, in place of the usual ones.
    pub fn new(words: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self(words.into_iter().map(|word| word.as_ref().trim().to_string()).collect())
    }

    /// Whether these are the usual ones.
    pub(super) fn are_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a text, without blanks around it, stands for a missing value.
    pub(super) fn has(&self, text: &str) -> bool {
        let is_word = || self.0.iter().any(|word| word.eq_ignore_ascii_case(text));
        text.is_empty() || is_word() || self.has_number_of(text)
    }

    /// Whether a text is another way to write a number that stands for a missing value: `-999.0`, `-999,0`.
    fn has_number_of(&self, text: &str) -> bool {
        let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
        let found = number(text).or_else(|| number(&text.replace(',', ".")));
        found.is_some_and(|found| self.numbers().any(|missing| missing == found))
    }

    /// Whether a number stands for a missing value.
    pub(super) fn has_number(&self, number: f64) -> bool {
        number.is_nan() || self.numbers().any(|missing| missing == number)
    }

    fn numbers(&self) -> impl Iterator<Item = f64> {
        self.0.iter().filter_map(|word| word.parse().ok()).filter(|number: &f64| !number.is_nan())
    }

    /// The cells without the words that stand for missing values: what is missing is empty, null or NaN.
    pub(super) fn emptied(&self, cells: Cells) -> Cells {
        let numbers: Vec<f64> = self.numbers().collect();
        match cells {
            Cells::Text { bytes, ends } => {
                let texts = Cells::Text { bytes, ends };
                let any = (0..texts.len()).any(|i| {
                    let text = texts.text(i);
                    !text.is_empty() && self.has(&text)
                });
                if !any {
                    return texts;
                }
                let mut emptied = Cells::texts();
                (0..texts.len()).for_each(|i| {
                    let text = texts.text(i);
                    emptied.push_text(if self.has(&text) { "" } else { &text });
                });
                emptied
            }
            Cells::Number(cells) if !numbers.is_empty() => Cells::Number(
                cells.into_iter().map(|cell| if numbers.contains(&cell) { f64::NAN } else { cell }).collect(),
            ),
            Cells::Integer(cells) if !numbers.is_empty() => Cells::Integer(
                cells
                    .into_iter()
                    .map(|cell| cell.filter(|cell| !numbers.contains(&(*cell as f64))))
                    .collect(),
            ),
            other => other,
        }
    }
}

/// Numbers that often stand for a missing value, or their negatives.
const CODES: [f64; 8] = [9.0, 99.0, 999.0, 9999.0, 99999.0, 88.0, 888.0, 8888.0];

/// What to do about such a number.
pub(super) const REMEDY: &str = "if it stands for a missing value, name it by --missing-values";

/// Whether a number often stands for a missing value.
pub(super) fn is_code(number: f64) -> bool {
    CODES.contains(&number.abs())
}

#[cfg(test)]
mod tests {
    use super::super::cells::Value;
    use super::*;

    #[test]
    fn words_in_any_case_and_their_numbers_are_missing() {
        let usual = MissingValues::default();
        for word in ["", "na", "N/A", "#n/a", "nan", "NULL", "?", "-"] {
            assert!(usual.has(word), "{word}");
        }
        assert!(!usual.has("none") && !usual.has("Nancy") && !usual.has("-1"));
        let own = MissingValues::new([" -999 ", "unknown"]);
        assert!(own.has("Unknown") && !own.has("NA") && own.has(""));
        assert!(["-999.0", "-999,0", "-9.99e2"].iter().all(|text| own.has(text)) && !own.has("-999.5"));
        assert_eq!(own.emptied(Cells::Number(vec![1.0, -999.0])).value(1), Value::Missing);
        assert_eq!(
            own.emptied(Cells::Integer(vec![Some(-999), Some(5)])),
            Cells::Integer(vec![None, Some(5)])
        );
        let mut texts = Cells::texts();
        ["unknown", "NA", "-999"].into_iter().for_each(|text| texts.push_text(text));
        let texts = own.emptied(texts);
        assert_eq!([0, 1, 2].map(|i| texts.value(i)), [Value::Missing, Value::Text("NA"), Value::Missing]);
    }
}
