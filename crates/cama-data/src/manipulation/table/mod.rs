//! What the world does to tables: columns shifted, scaled, shuffled, made noisy or constant.

mod apply;
mod kind;
mod pattern;
mod step;

pub use pattern::changeable_numbers;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use self::step::Step;
use super::Sweepable;
use super::composition::{read_steps, write_steps};
use crate::table::Schema;
use crate::{Error, Result};

/// What is done to the rows of a table: steps applied from left to right, joined by `+`, possibly none.
///
/// | step | what it does |
/// |---|---|
/// | `shift:COLUMNS:V` | adds V standard deviations of the training data |
/// | `scale:COLUMNS:F` | multiplies by F, about zero in the column's own unit |
/// | `noise:COLUMNS:SD` | adds Gaussian noise of SD standard deviations of the training data |
/// | `constant:COLUMNS:V` | makes every cell the mean plus V standard deviations of the training data |
/// | `permute:COLUMNS` | shuffles each column among the rows, independently of the others |
/// | `none` | nothing |
///
/// COLUMNS is the name of a column, a pattern in which `*` stands for any text, `@children` or `@co-parents`. The
/// amount of `shift`, `scale` and `noise` may be a range `LO:HI`: each row draws one of its own for all columns of
/// the step, log-uniformly for `scale`, uniformly otherwise. In standard deviations from the mean, `scale` makes
/// F·z + (F − 1)·mean/sd of z: a column far from zero moves more than it widens. A name that holds `+`, or ends in
/// `:` and a number, is written with `*` in their place.
///
/// Only children and co-parents can be manipulated: to change a parent of the target, also one that causes a
/// child, is to change the target, so that the labels no longer hold. Patterns pass such columns by; all steps but
/// `permute` pass by columns that are not numbers. In configuration files a manipulation is written like here.
///
/// ```
/// use cama_data::manipulation::TableManipulation;
///
/// let manipulation: TableManipulation = "shift:@children:2+permute:dose".parse()?;
/// assert_eq!(manipulation.to_string(), "shift:@children:2+permute:dose");
/// # Ok::<(), cama_data::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TableManipulation {
    steps: Vec<Step>,
}

impl TableManipulation {
    /// The manipulation that leaves rows as they are, written `none`.
    pub fn none() -> Self {
        TableManipulation::default()
    }

    /// Reads a specification; [`Display`](fmt::Display) writes one that reads the same.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] with the nearest name for an unknown step or group of columns; [`Error::Spec`],
    /// saying what is allowed, for a missing, superfluous, malformed or absurd amount. Names of columns are
    /// looked at by [`check`](TableManipulation::check).
    pub fn parse(spec: &str) -> Result<Self> {
        Ok(TableManipulation { steps: read_steps(spec, Step::parse)? })
    }

    /// Whether nothing is done to any row.
    pub fn is_none(&self) -> bool {
        self.steps.is_empty()
    }

    /// Checks that every step can be done to tables of this schema.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] with the nearest name for columns that are not there; [`Error::Spec`], with the
    /// reason, for a step that names nothing but parents or the target, or nothing but columns that are not
    /// numbers where it needs them.
    pub fn check(&self, schema: &Schema) -> Result<()> {
        self.steps.iter().try_for_each(|step| self.columns(step, schema).map(drop))
    }

    /// The places in the schema of the columns that a step changes; one at least.
    fn columns(&self, step: &Step, schema: &Schema) -> Result<Vec<usize>> {
        step.pattern.columns(schema, step.kind, &self.to_string())
    }
}

impl Sweepable for TableManipulation {
    fn family(&self) -> String {
        write_steps(self.steps.iter().map(|step| format!("{}:{}", step.kind.name(), step.pattern)))
    }

    /// The size of the first step's amount, of a range the end farther from 0; 1 for a step without one, 0 for
    /// none.
    fn severity(&self) -> f64 {
        self.steps.first().map_or(0.0, |step| match step.amount.numbers() {
            numbers if numbers.is_empty() => 1.0,
            numbers => numbers.into_iter().map(f64::abs).fold(0.0, f64::max),
        })
    }
}

impl fmt::Display for TableManipulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write_steps(self.steps.iter().map(Step::to_string)))
    }
}

impl FromStr for TableManipulation {
    type Err = Error;

    fn from_str(spec: &str) -> Result<Self> {
        TableManipulation::parse(spec)
    }
}

impl TryFrom<String> for TableManipulation {
    type Error = Error;

    fn try_from(spec: String) -> Result<Self> {
        TableManipulation::parse(&spec)
    }
}

impl From<TableManipulation> for String {
    fn from(manipulation: TableManipulation) -> String {
        manipulation.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn specifications_are_read_and_written() {
        for spec in [
            "none",
            "permute:a:b",
            "shift:x1:-2.5",
            "shift:x*:0:3+scale:@children:0.5:2+noise:@co-parents:0.1",
            "constant:a b:0+permute:*",
            "shift:a:*:3",
        ] {
            assert_eq!(TableManipulation::parse(spec).unwrap().to_string(), spec);
        }
        let parse = |spec| TableManipulation::parse(spec).unwrap();
        assert_eq!(parse(" shift:x: 2 + none ").to_string(), "shift:x:2");
        assert_eq!(parse("none+none"), TableManipulation::none());
        assert_eq!((parse("shift:a:-4:2+noise:b:9").severity(), parse("permute:a").severity()), (4.0, 1.0));
        assert_eq!(parse("shift:a:-4:2+noise:b*:9+permute:c").family(), "shift:a+noise:b*+permute:c");
    }

    #[test]
    fn mistakes_say_what_is_allowed() {
        for (spec, part) in [
            ("", "a step is missing; write `none`"),
            ("shfit:x:1", "unknown manipulation `shfit` (did you mean `shift`?)"),
            ("shift", "`shift` needs columns and an amount: `shift:COLUMNS:V` or `shift:COLUMNS:LO:HI`"),
            ("shift:x", "`shift` needs columns and an amount"),
            ("shift:1", "`shift` needs columns and an amount"),
            ("shift::1", "`shift` needs columns"),
            ("permute", "`permute` needs columns: `permute:COLUMNS`"),
            ("permute:", "`permute` needs columns"),
            ("shift:x:", "`shift:x:`: a number is missing"),
            ("shift:x:y", "`shift:x:y`: `y` is not a number"),
            ("shift:x:inf", "not a finite number"),
            ("shift:x:2:1", "the range 2:1 must not end below its start"),
            ("shift:x:5000", "5000 is not allowed for `shift`; give -1000 to 1000"),
            ("scale:x:0", "0 is not allowed for `scale`; give 0.001 to 1000"),
            ("scale:x:-1:2", "-1 is not allowed for `scale`"),
            ("noise:x:-1", "-1 is not allowed for `noise`; give 0 to 1000"),
            ("constant:x:1:2", "`constant` takes one amount, not a range"),
            ("shift:@child:1", "unknown group of columns `@child` (did you mean `@children`?)"),
            ("none:x", "`none` takes nothing"),
            ("shift:x:0..5/1", "is a sweep, where one manipulation is wanted"),
        ] {
            let text = TableManipulation::parse(spec).expect_err(spec).to_string();
            assert!(text.contains(part), "{spec}: {text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_so_that_it_reads_the_same(
            name in "(shift|scale|noise|permute|constant|none)",
            rest in "[a-c:*@.0-9=+/ -]{0,16}",
        ) {
            if let Ok(manipulation) = TableManipulation::parse(&format!("{name}:{rest}")) {
                prop_assert_eq!(TableManipulation::parse(&manipulation.to_string()).unwrap(), manipulation);
            }
        }

        #[test]
        fn arbitrary_text_never_panics(spec in ".*") {
            let _ = TableManipulation::parse(&spec);
        }
    }
}
