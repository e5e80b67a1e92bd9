//! Which columns of a table are attacked, and how far each may go.

use cama::causal::Role;
use cama::data::Dataset;
use cama::data::table::{Column, Kind, Rows, Schema};
use cama::manipulation::changeable_numbers;
use cama::{Error, Result};

use super::space::{Attackable, Space};
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

    /// The one column of numbers called `name`.
    fn column(&self, schema: &Schema, name: &str, attacked: &[usize]) -> Result<usize> {
        let places = changeable_numbers(schema, name, KIND)?;
        match places[..] {
            [place] if attacked.contains(&place) => Ok(place),
            [_] => Err(Error::spec(KIND, name, "this column is not among those that are attacked")),
            _ => Err(Error::spec(KIND, name, "name one column here, not several")),
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

/// For each place in the schema, where the column begins in X and C side by side; nothing for parents.
fn offsets(schema: &Schema) -> Vec<Option<usize>> {
    // A parent that causes a child stands in C before the other co-parents, and may not change.
    let is_parent = |column: &&Column| column.role == Role::Parent && column.causes_children;
    let parents: usize = schema.columns.iter().filter(is_parent).map(|column| column.kind.width()).sum();
    let (mut x, mut c) = (0, schema.x_width() + parents);
    let place = |column: &Column| {
        let next = match column.role {
            Role::Child => &mut x,
            Role::CoParent => &mut c,
            Role::Parent => return None,
        };
        let start = *next;
        *next += column.kind.width();
        Some(start)
    };
    schema.columns.iter().map(place).collect()
}

impl Attackable for Rows {
    fn space(&self, limits: &Limits) -> Result<Space> {
        let schema = self.schema();
        let all: Vec<String> = ["@children", "@co-parents"].map(String::from).into();
        let mut places: Vec<usize> = Vec::new();
        for pattern in &limits.columns {
            places.extend(changeable_numbers(schema, pattern, KIND)?);
        }
        if limits.columns.is_empty() {
            places =
                all.iter().flat_map(|p| changeable_numbers(schema, p, KIND).unwrap_or_default()).collect();
            if places.is_empty() {
                return Err(Error::Mismatch(format!(
                    "no column of {} can be attacked: there are no numbers among its children and co-parents",
                    self.name()
                )));
            }
        }
        places.sort_unstable();
        places.dedup();
        let (offsets, width) = (offsets(schema), schema.x_width() + schema.c_width());
        let mut space = Space {
            x: schema.x_width(),
            unit: vec![0.0; width],
            low: vec![f32::NEG_INFINITY; width],
            high: vec![f32::INFINITY; width],
            grid: [1, 1, places.len()],
        };
        let encoding = |place: usize| match (&schema.columns[place].kind, offsets[place]) {
            (Kind::Number { mean, sd }, Some(at)) => (at, *mean, *sd),
            _ => unreachable!("only numbers that can change are picked"),
        };
        for &place in &places {
            space.unit[encoding(place).0] = 1.0;
        }
        for (name, eps) in &limits.eps {
            let (at, _, sd) = encoding(limits.column(schema, name, &places)?);
            let unit = (eps / sd) as f32;
            if !unit.is_normal() {
                let problem = format!(
                    "{eps} cannot be told from nothing, or has no bounds, where one standard deviation is {sd}"
                );
                return Err(Error::spec(KIND, name, problem));
            }
            space.unit[at] = unit;
        }
        for (name, [low, high]) in &limits.ranges {
            let (at, mean, sd) = encoding(limits.column(schema, name, &places)?);
            (space.low[at], space.high[at]) = (((low - mean) / sd) as f32, ((high - mean) / sd) as f32);
        }
        Ok(space)
    }

    fn changed(&self, name: String, points: &[f32]) -> Result<Self> {
        let (x, c) = (self.schema().x_width(), self.schema().c_width());
        let part = |from: usize, to: usize| -> Vec<f32> {
            points.chunks_exact(x + c).flat_map(|point| point[from..to].iter().copied()).collect()
        };
        self.with_x_and_c(name, &part(0, x), &part(x, x + c))
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
