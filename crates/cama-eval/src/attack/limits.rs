//! Which columns of a table are attacked, and how far each may go.

use cama::{Error, Result};

use super::spec::KIND;

/// Which columns of a table may change, and how far, in their own units. Everything is left open by default: all numbers
/// among the children and the co-parents may change, by so many standard deviations of the training data, without bounds.
///
/// The parents of the target and the target itself may not: in the causal graph they are no effects of what is attacked, and
/// to change them changes what is right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// The columns that may change: names, names with `*` for any text, `@children`, `@co-parents`. None are all.
    pub columns: Vec<String>,
    /// What a radius of 1 is for a column, in its own unit, in place of its standard deviation.
    pub eps: Vec<(String, f64)>,
    /// The lowest and the highest that a column may become, in its own unit; infinite where there is no bound.
    pub ranges: Vec<(String, [f64; 2])>,
}

impl Limits {
    /// Whether they say nothing.
    pub fn is_empty(&self) -> bool {
        *self == Limits::default()
    }

    /// Reads `COLUMN=V`, a radius of 1 in the column's own unit.
    ///
    /// # Errors
    ///
    /// [`Error::Spec`] if it is not written so, or V is not a positive number.
    pub fn parse_eps(text: &str) -> Result<(String, f64)> {
        let (name, value) = assigned(text, "COLUMN=V, as `fever=0.5`")?;
        match value.parse::<f64>() {
            Ok(eps) if eps > 0.0 && eps.is_finite() => Ok((name, eps)),
            _ => Err(Error::spec(KIND, text, format!("`{value}` is not a number above 0"))),
        }
    }

    /// Reads `COLUMN=LOW..HIGH`; either end may be left out.
    ///
    /// # Errors
    ///
    /// [`Error::Spec`] if it is not written so, or LOW is above HIGH.
    pub fn parse_range(text: &str) -> Result<(String, [f64; 2])> {
        const HOW: &str = "COLUMN=LOW..HIGH, as `fever=35..42`";
        let (name, range) = assigned(text, HOW)?;
        let Some((low, high)) = range.split_once("..") else {
            return Err(Error::spec(KIND, text, format!("write {HOW}")));
        };
        let end = |end: &str, open: f64| match end.trim() {
            "" => Ok(open),
            end => match end.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(value),
                _ => Err(Error::spec(KIND, text, format!("`{end}` is not a number"))),
            },
        };
        let range = [end(low, f64::NEG_INFINITY)?, end(high, f64::INFINITY)?];
        match range[0] <= range[1] {
            true => Ok((name, range)),
            false => Err(Error::spec(KIND, text, "the range must not end below its start")),
        }
    }
}

/// Splits at the last `=`: names may hold some.
fn assigned(text: &str, how: &str) -> Result<(String, String)> {
    match text.rsplit_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().into(), value.trim().into())),
        _ => Err(Error::spec(KIND, text, format!("write {how}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radii_and_ranges_are_read() {
        assert_eq!(Limits::parse_eps(" a=b = 0.5 ").unwrap(), ("a=b".into(), 0.5));
        assert_eq!(Limits::parse_range("t=-1..2").unwrap(), ("t".into(), [-1.0, 2.0]));
        assert_eq!(Limits::parse_range("t=..2").unwrap().1, [f64::NEG_INFINITY, 2.0]);
        for (text, part) in [
            ("fever", "write COLUMN=V"),
            ("=3", "write COLUMN=V"),
            ("fever=", "`` is not a number above 0"),
            ("fever=-1", "`-1` is not a number above 0"),
            ("fever=nan", "`nan` is not"),
        ] {
            assert!(Limits::parse_eps(text).unwrap_err().to_string().contains(part), "{text}");
        }
        for (text, part) in [
            ("fever=3", "write COLUMN=LOW..HIGH"),
            ("fever=3..x", "`x` is not a number"),
            ("fever=3..2", "must not end below"),
        ] {
            assert!(Limits::parse_range(text).unwrap_err().to_string().contains(part), "{text}");
        }
    }
}
