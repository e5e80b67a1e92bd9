//! The decimal mark: reading numbers that are written as texts.

use std::borrow::Cow;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The mark before the decimals of numbers that are written as texts.
///
/// Thousands may be parted by the other one of the two marks, by blanks or by apostrophes: `1,234.5` with a point and
/// `1.234,5` with a comma are the same number. `12 %` is 0.12.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decimal {
    /// `0.5`
    #[default]
    Point,
    /// `0,5`
    Comma,
}

/// What parts thousands besides the mark that is not the decimal one: blanks of several widths, and apostrophes.
const SEPARATORS: [char; 6] = [' ', '\u{a0}', '\u{202f}', '\u{2009}', '\'', '’'];

impl Decimal {
    /// Whether it is the usual one.
    pub(super) fn is_point(&self) -> bool {
        *self == Decimal::Point
    }

    /// The number that a text says, possibly infinite.
    pub(super) fn number(self, text: &str) -> Option<f64> {
        let plain = match self {
            Decimal::Point => true,
            Decimal::Comma => !text.contains('.'),
        };
        if let Some(number) = plain.then(|| text.parse().ok()).flatten() {
            return Some(number);
        }
        let (text, scale) = match text.strip_suffix('%') {
            Some(share) => (share.trim_end(), 100.0),
            None => (text, 1.0),
        };
        self.without_groups(text)?.parse::<f64>().ok().map(|number| number / scale)
    }

    /// `-1.234,5e3` as `-1234.5e3`.
    fn without_groups(self, text: &str) -> Option<String> {
        let (mark, group) = match self {
            Decimal::Point => ('.', ','),
            Decimal::Comma => (',', '.'),
        };
        let (sign, unsigned) = match text.strip_prefix(['-', '−']) {
            Some(unsigned) => ("-", unsigned),
            None => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => unsigned.split_at(at),
            None => (unsigned, ""),
        };
        let (whole, decimals) = mantissa.split_once(mark).unwrap_or((mantissa, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(decimals) || (whole.is_empty() && decimals.is_empty()) {
            return None;
        }
        let separator = whole.chars().find(|c| *c == group || SEPARATORS.contains(c));
        let whole: Cow<str> = match separator {
            None => whole.into(),
            Some(separator) => {
                let mut groups = whole.split(separator);
                let first = groups.next()?;
                let right = (1..=3).contains(&first.len()) && first != "0" && digits(first);
                if !right || !groups.all(|group| group.len() == 3 && digits(group)) {
                    return None;
                }
                whole.replace(separator, "").into()
            }
        };
        digits(&whole).then(|| format!("{sign}{whole}.{decimals}0{exponent}"))
    }

    /// A number that is written with a point, in this way.
    pub(super) fn written(self, number: String) -> String {
        match self {
            Decimal::Point => number,
            Decimal::Comma => number.replace('.', ","),
        }
    }
}

impl FromStr for Decimal {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "point" => Ok(Decimal::Point),
            "comma" => Ok(Decimal::Comma),
            other => Err(Error::unknown_name("decimal mark", other, &["point", "comma"])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_is_written_in_many_ways() {
        for (text, point, comma) in [
            ("1.5", Some(1.5), None),
            ("1,5", None, Some(1.5)),
            ("-0,1089", None, Some(-0.1089)),
            ("1,234", Some(1234.0), Some(1.234)),
            ("1.234", Some(1.234), Some(1234.0)),
            ("0.123", Some(0.123), None),
            ("0,123", None, Some(0.123)),
            ("1,234,567.5", Some(1_234_567.5), None),
            ("1.234.567,5", None, Some(1_234_567.5)),
            ("1 234 567", Some(1_234_567.0), Some(1_234_567.0)),
            ("1\u{202f}234,5", None, Some(1234.5)),
            ("1'234.50", Some(1234.5), None),
            ("−3,5", None, Some(-3.5)),
            ("+2,5e-3", None, Some(0.0025)),
            ("12.5%", Some(0.125), None),
            ("12 %", Some(0.12), Some(0.12)),
            (",5", None, Some(0.5)),
            ("1e400", Some(f64::INFINITY), Some(f64::INFINITY)),
            ("12,34,567", None, None),
            ("1,2345", None, Some(1.2345)),
            ("1.2.3", None, None),
            ("--1,5", None, None),
            ("1,,5", None, None),
            (",", None, None),
            ("-", None, None),
            ("%", None, None),
            ("12,3a", None, None),
            ("1 23", None, None),
            ("é,5", None, None),
            ("2024-01-05", None, None),
        ] {
            assert_eq!((Decimal::Point.number(text), Decimal::Comma.number(text)), (point, comma), "{text}");
        }
        assert_eq!(Decimal::Comma.written("-1.5e-7".into()), "-1,5e-7");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_not(text in "[-+−0-9., '%eE\u{a0}]{0,14}") {
            for decimal in [Decimal::Point, Decimal::Comma] {
                let _ = decimal.number(&text);
            }
        }

        #[test]
        fn what_is_written_is_read(number in proptest::num::f64::NORMAL) {
            let text = Decimal::Comma.written(format!("{number:?}"));
            proptest::prop_assert_eq!(Decimal::Comma.number(&text).unwrap().to_bits(), number.to_bits());
        }
    }
}
