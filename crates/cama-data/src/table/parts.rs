//! A table that comes in parts, one after another.

use std::sync::Arc;

use super::encode::Encoder;
use super::read::ROWS_AT_A_TIME;
use super::{Notices, Rows, Schema, Table};
use crate::Result;

/// Reads tables that are the parts of one, each encoded as the training data was: rows are counted on from part to part, and what
/// is told of them is told of all parts together.
///
/// ```
/// use cama_causal::Roles;
/// use cama_data::table::{LearnOptions, Table, TableParts};
/// let part = |y: Vec<&str>, x: Vec<f64>| Table::from_columns("t", [("y", y.into()), ("x", x.into())]);
/// let roles = Roles { target: "y".into(), children: vec!["x".into()], ..Default::default() };
/// let learnt = part(vec!["a", "b"], vec![1.0, 2.0])?.learn(&roles, &LearnOptions::default())?;
/// let mut parts = TableParts::new(learnt.rows.schema(), false)?;
/// parts.read(&part(vec!["a", "b"], vec![1.5, 3.0])?)?;
/// assert_eq!(parts.read(&part(vec!["b"], vec![2.5])?)?.row_index(0), 2);
/// # Ok::<(), cama_data::Error>(())
/// ```
pub struct TableParts {
    encoder: Encoder,
    labelled: bool,
    done: usize,
}

impl TableParts {
    /// Before the first part; with the target only if it is `labelled`.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) if the schema is none that can be.
    pub fn new(schema: &Schema, labelled: bool) -> Result<Self> {
        schema.check()?;
        Ok(Self { encoder: Encoder::new(Arc::new(schema.clone()), labelled, false), labelled, done: 0 })
    }

    /// The rows of the next part, less those that are left out; they know their places among the rows of all parts.
    ///
    /// # Errors
    ///
    /// As [`Table::read`], but for a part of which no row is left: that is no error.
    pub fn read(&mut self, part: &Table) -> Result<Rows> {
        let mut source = part.open_source()?;
        let schema = self.encoder.schema().clone();
        source.need(&Encoder::needed(&schema, self.labelled))?;
        let values = schema.columns.len() + usize::from(self.labelled);
        let mut rows = Rows::empty(source.spec(), schema.clone(), self.labelled);
        let first = self.done;
        while let Some(mut chunk) = source.next(ROWS_AT_A_TIME)? {
            self.done = first + chunk.first + chunk.len();
            chunk.first += first;
            let chunk = chunk.emptied(&schema.missing_values, values);
            self.encoder.encode(source.path(), &chunk, &mut rows)?;
        }
        Ok(rows)
    }

    /// What was left out and filled in of all parts so far, in words.
    pub fn notices(&self) -> Notices {
        self.encoder.notices()
    }
}

#[cfg(test)]
mod tests {
    use super::super::example_schema;
    use super::super::schema::Missing;
    use super::*;
    use crate::Appendable;

    /// Rows from `from` on of which every third lacks a value.
    fn part(from: usize, to: usize) -> Table {
        let number = |of: fn(usize) -> f64| (from..to).map(of).collect::<Vec<f64>>();
        let x1 = number(|i| if i % 3 == 0 { f64::NAN } else { i as f64 });
        let texts = |text: &'static str| vec![text; to - from];
        let columns = [
            ("x1", x1.into()),
            ("x2", texts("yes").into()),
            ("x3", texts("b").into()),
            ("a1", number(|i| i as f64 / 2.0).into()),
            ("b1", number(|_| 5.0).into()),
            ("c1", number(|i| -(i as f64)).into()),
        ];
        Table::from_columns("the table", columns).unwrap()
    }

    #[test]
    fn parts_are_read_as_the_whole_is() {
        for missing in [Missing::Impute, Missing::Drop] {
            let schema = example_schema().with_missing(missing);
            let (whole, notices) = part(0, 20).read(&schema, false).unwrap();
            let mut parts = TableParts::new(&schema, false).unwrap();
            let mut all = parts.read(&part(0, 1)).unwrap();
            for (from, to) in [(1, 8), (8, 9), (9, 20)] {
                all.append(&parts.read(&part(from, to)).unwrap());
            }
            assert_eq!((all, parts.notices()), (whole, notices));
        }
        let mut parts = TableParts::new(&example_schema(), false).unwrap();
        parts.read(&part(1, 3)).unwrap();
        let text = parts.read(&part(2, 5)).unwrap_err().to_string();
        assert!(text.contains("row 3, column `x1`: the value is missing"), "{text}");
    }
}
