//! Rows of a table as a model reads them.

use std::ops::Range;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;

use super::Schema;
use super::schema::{Column, Kind};
use crate::kept::KeptExamples;
use crate::manipulation::TableManipulation;
use crate::names::Names;
use crate::shape::{ChildColumn, ChildKind, DataShape, TableShape};
use crate::{Appendable, Dataset};
use crate::{Error, Result};

/// Rows of a table, encoded by a [`Schema`], with labels where they are known.
///
/// All values are finite. A column that is a parent and causes a child is stored once and stands in A and in C.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    name: String,
    schema: Arc<Schema>,
    /// `[row][value]`, in the order of the schema's columns.
    values: Vec<f32>,
    /// Whether each value was observed and not filled in; empty where all were.
    known: Vec<bool>,
    labels: Option<Vec<usize>>,
    /// The index that each row has in its table.
    indices: Vec<usize>,
    /// What the key column says of each row.
    names: Option<Names>,
}

impl Rows {
    /// No rows yet.
    pub(super) fn empty(name: &str, schema: Arc<Schema>, labelled: bool) -> Rows {
        let labels = labelled.then(Vec::new);
        let names = schema.key.as_deref().map(Names::of);
        let (values, known) = (Vec::new(), Vec::new());
        Rows { name: name.to_string(), schema, values, known, labels, indices: Vec::new(), names }
    }

    /// Says what the row that was added last is called, if rows have names.
    pub(super) fn call_last(&mut self, name: &str) {
        self.names.iter_mut().for_each(|names| names.push(name));
    }

    /// Adds one row.
    pub(super) fn push(&mut self, values: &[f32], label: Option<usize>, index: usize) {
        debug_assert_eq!((values.len(), label.is_some()), (self.schema.width(), self.labels.is_some()));
        self.values.extend_from_slice(values);
        if !self.known.is_empty() {
            self.known.resize(self.values.len(), true);
        }
        self.labels.iter_mut().for_each(|labels| labels.extend(label));
        self.indices.push(index);
    }

    /// Says that these values of the last row were missing and are filled in.
    pub(super) fn filled_in(&mut self, values: Range<usize>) {
        self.known.resize(self.values.len(), true);
        let row = self.values.len() - self.schema.width();
        self.known[row + values.start..row + values.end].fill(false);
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// Whether value `at` of row `i` was observed, and not filled in.
    pub fn is_observed(&self, i: usize, at: usize) -> bool {
        self.known.is_empty() || self.known[i * self.schema.width() + at]
    }

    /// Whether all values were observed.
    pub fn is_complete(&self) -> bool {
        !self.known.contains(&false)
    }

    /// What the columns are, and how they are encoded.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The index that row `i` has in its file, or in the columns in memory, counted from 0; rows that were dropped
    /// leave gaps.
    ///
    /// # Panics
    ///
    /// If `i` is not below [`len`](Rows::len).
    pub fn row_index(&self, i: usize) -> usize {
        self.indices[i]
    }

    /// The same rows under another name.
    pub fn with_name(mut self, name: impl Into<String>) -> Rows {
        self.name = name.into();
        self
    }

    /// The same rows under another name, with other X and C: one row after another, as a model reads them.
    ///
    /// # Errors
    ///
    /// [`Error::Spec`] if there are not as many values as rows need, one is not finite, or a parent of the target that
    /// causes a child, and so stands in C, has another value: A stays as it is.
    pub fn with_x_and_c(&self, name: impl Into<String>, x: &[f32], c: &[f32]) -> Result<Rows> {
        let name = name.into();
        let (wide_x, wide_c) = (self.schema.x_width(), self.schema.c_width());
        let wrong = |problem: String| Error::spec("data", name.clone(), problem);
        for (what, values, wide) in [("X", x, wide_x), ("C", c, wide_c)] {
            if values.len() != self.len() * wide {
                return Err(wrong(format!(
                    "{} values of {what} were given for {} rows of {wide}",
                    values.len(),
                    self.len()
                )));
            }
            if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                return Err(wrong(format!("{what} of row {} holds {}", at / wide, values[at])));
            }
        }
        let (width, in_both) = (self.schema.width(), self.schema.parents_in_c());
        let mut rows = self.clone();
        for i in 0..self.len() {
            let row = &mut rows.values[i * width..(i + 1) * width];
            row[..wide_x].copy_from_slice(&x[i * wide_x..(i + 1) * wide_x]);
            let (old, new) = (&mut row[width - wide_c..], &c[i * wide_c..(i + 1) * wide_c]);
            if old[..in_both] != new[..in_both] {
                return Err(wrong(format!("a parent of the target has another value in C of row {i}")));
            }
            old.copy_from_slice(new);
        }
        Ok(rows.with_name(name))
    }

    /// All values of a row, in the order of the schema's columns.
    fn row(&self, i: usize) -> &[f32] {
        let width = self.schema.width();
        &self.values[i * width..(i + 1) * width]
    }

    /// The values of every row, one after another, to be changed in place.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// The values of every row, one after another, in the order of the schema's columns.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}

impl Schema {
    /// Where each column is among the values of a row.
    pub fn ranges(&self) -> Vec<Range<usize>> {
        let mut start = 0;
        let place = |width| {
            start += width;
            start - width..start
        };
        self.columns.iter().map(|column| column.kind.width()).map(place).collect()
    }
}

impl Schema {
    /// What rows of such columns consist of.
    pub fn shape(&self) -> TableShape {
        let kind = |kind: &Kind| match kind {
            Kind::Number { .. } => ChildKind::Number,
            Kind::Boolean { .. } => ChildKind::Boolean,
            Kind::Category { values } => ChildKind::Category(values.len()),
        };
        let column = |column: &Column| ChildColumn { name: column.name.clone(), kind: kind(&column.kind) };
        TableShape {
            children: self.children().map(column).collect(),
            parents: self.a_width(),
            co_parents: self.c_width(),
        }
    }
}

impl Appendable for Rows {
    fn append(&mut self, batch: &Self) {
        let alike = (batch.labels.is_some(), batch.schema.width());
        assert_eq!((self.labels.is_some(), self.schema.width()), alike, "batches of one table");
        if !self.known.is_empty() || !batch.known.is_empty() {
            self.known.resize(self.values.len(), true);
            self.known.extend_from_slice(&batch.known);
            self.known.resize(self.values.len() + batch.values.len(), true);
        }
        self.values.extend_from_slice(&batch.values);
        self.labels.iter_mut().zip(&batch.labels).for_each(|(all, new)| all.extend(new));
        self.indices.extend_from_slice(&batch.indices);
        self.names.iter_mut().zip(&batch.names).for_each(|(all, new)| all.append(new));
    }
}

impl Dataset for Rows {
    type Manipulation = TableManipulation;

    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        Rows::len(self)
    }

    fn labels(&self) -> Option<&[usize]> {
        self.labels.as_deref()
    }

    fn classes(&self) -> &[String] {
        &self.schema.classes
    }

    fn x(&self, i: usize) -> &[f32] {
        &self.row(i)[..self.schema.x_width()]
    }

    fn x_known(&self, i: usize) -> Option<&[bool]> {
        let width = self.schema.width();
        (!self.known.is_empty()).then(|| &self.known[i * width..i * width + self.schema.x_width()])
    }

    fn a(&self, i: usize) -> &[f32] {
        let x = self.schema.x_width();
        &self.row(i)[x..x + self.schema.a_width()]
    }

    fn c(&self, i: usize) -> &[f32] {
        // The co-parents stand last.
        &self.row(i)[self.schema.width() - self.schema.c_width()..]
    }

    fn table_schema(&self) -> Option<&Schema> {
        Some(&self.schema)
    }

    fn data_shape(&self) -> DataShape {
        DataShape::Table(self.schema.shape())
    }

    fn check_shape(&self, shape: &DataShape) -> Result<()> {
        let DataShape::Table(table) = shape else {
            return Err(Error::Mismatch(format!("the model takes images, {} is a table", self.name)));
        };
        if self.schema.shape() != *table {
            return Err(Error::Mismatch(format!(
                "the columns of {} are encoded in another way than those of the model",
                self.name
            )));
        }
        Ok(())
    }

    /// How frequent the classes are in these rows, each as if it had been seen half a time more, so that none is
    /// impossible.
    fn class_frequencies(&self) -> Option<Vec<f64>> {
        let classes = self.schema.classes.len();
        let labels = self.labels.as_deref().unwrap_or_default();
        let count = |class| labels.iter().filter(|label| **label == class).count() as f64 + 0.5;
        let total = labels.len() as f64 + 0.5 * classes as f64;
        Some((0..classes).map(|class| count(class) / total).collect())
    }

    fn index(&self, i: usize) -> usize {
        self.row_index(i)
    }

    fn names(&self) -> Option<&Names> {
        self.names.as_ref()
    }

    fn with_x(&self, x: &[f32]) -> Result<Self> {
        let c: Vec<f32> = (0..self.len()).flat_map(|i| self.c(i).iter().copied()).collect();
        self.with_x_and_c(self.name.clone(), x, &c)
    }

    fn select(&self, indices: &[usize]) -> Self {
        let mut values = Vec::with_capacity(indices.len() * self.schema.width());
        indices.iter().for_each(|&i| values.extend_from_slice(self.row(i)));
        let width = self.schema.width();
        let known = match self.known.is_empty() {
            true => Vec::new(),
            false => indices.iter().flat_map(|i| &self.known[i * width..(i + 1) * width]).copied().collect(),
        };
        Rows {
            name: self.name.clone(),
            schema: self.schema.clone(),
            values,
            known,
            labels: self.labels.as_ref().map(|labels| indices.iter().map(|&i| labels[i]).collect()),
            indices: indices.iter().map(|&i| self.indices[i]).collect(),
            names: self.names.as_ref().map(|names| names.select(indices)),
        }
    }

    fn to_kept(&self, indices: &[usize]) -> Option<KeptExamples> {
        let rows = self.select(indices);
        Some(KeptExamples { values: rows.values, known: rows.known, labels: rows.labels? })
    }

    fn of_kept(&self, name: &str, kept: &KeptExamples, classes: &[String]) -> Result<Option<Self>> {
        kept.check(name, self.schema.width(), classes.len())?;
        let KeptExamples { values, known, labels } = kept.clone();
        let indices = (0..labels.len()).collect();
        let schema = Arc::new(self.schema.as_ref().clone().with_key(None));
        let labels = Some(labels);
        Ok(Some(Rows { name: name.into(), schema, values, known, labels, indices, names: None }))
    }

    fn without_labels(mut self) -> Self {
        self.labels = None;
        self
    }

    fn manipulated(&self, manipulation: &TableManipulation, rng: &mut ChaCha8Rng) -> Result<Self> {
        manipulation.apply(self, rng)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::schema::tests::example_schema;
    use super::*;

    /// `n` rows, named `example`, of which no two have the same number in a column.
    pub(crate) fn example_rows(n: usize) -> Rows {
        let mut rows = Rows::empty("example", Arc::new(example_schema()), true);
        for i in 0..n {
            let mut row = [0.0; 8];
            for (j, value) in row.iter_mut().enumerate() {
                *value = ((i * 7919 + j * 31) % 4001) as f32 / 2000.0 - 1.0;
            }
            row[1] = (i % 2) as f32;
            row[2..5].copy_from_slice(&[0.0; 3]);
            row[2 + i % 3] = 1.0;
            rows.push(&row, Some(i % 2), i);
        }
        rows
    }

    #[test]
    fn x_and_c_can_be_replaced_and_a_stays() {
        let rows = example_rows(3);
        let (mut x, mut c): (Vec<f32>, Vec<f32>) = (
            (0..3).flat_map(|i| rows.x(i).to_vec()).collect(),
            (0..3).flat_map(|i| rows.c(i).to_vec()).collect(),
        );
        assert_eq!(rows.with_x_and_c("example", &x, &c).unwrap(), rows);
        (x[5], c[3]) = (9.0, 8.0);
        let changed = rows.with_x_and_c("other", &x, &c).unwrap();
        assert_eq!((changed.x(1)[0], changed.c(1)[1], Dataset::name(&changed)), (9.0, 8.0, "other"));
        assert!((0..3).all(|i| changed.a(i) == rows.a(i)) && changed.labels() == rows.labels());
        let message = |x: &[f32], c: &[f32]| rows.with_x_and_c("bad", x, c).unwrap_err().to_string();
        assert!(message(&x[1..], &c).contains("14 values of X were given for 3 rows of 5"));
        c[2] += 1.0;
        assert!(message(&x, &c).contains("a parent of the target has another value in C of row 1"));
        x[10] = f32::NAN;
        assert!(message(&x, &c).contains("X of row 2 holds NaN"));
    }

    #[test]
    fn x_a_and_c_are_the_columns_of_their_roles() {
        let mut rows = Rows::empty("t", Arc::new(example_schema()), true);
        rows.push(&[1.0, 0.0, 0.0, 1.0, 0.0, 4.0, 5.0, 6.0], Some(1), 7);
        rows.push(&[-1.0, 1.0, 1.0, 0.0, 0.0, -4.0, -5.0, -6.0], Some(0), 9);
        assert_eq!((rows.len(), rows.row_index(1), Dataset::name(&rows)), (2, 9, "t"));
        assert_eq!(rows.x(0), [1.0, 0.0, 0.0, 1.0, 0.0]);
        assert_eq!(rows.a(0), [4.0, 5.0]);
        assert_eq!(rows.c(1), [-5.0, -6.0]);
        let picked = rows.select(&[1, 1, 0]);
        assert_eq!((picked.a(1), picked.labels(), picked.row_index(2)), (rows.a(1), Some(&[0, 0, 1][..]), 7));
        assert_eq!(picked.without_labels().labels(), None);
        assert!(rows.select(&[]).is_empty());
        assert_eq!(rows.schema().ranges(), [0..1, 1..2, 2..5, 5..6, 6..7, 7..8]);
    }
}
