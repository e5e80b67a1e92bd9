//! Rows of a table that may be larger than memory, gone through batch by batch, as often as wanted.

use std::cell::RefCell;
use std::sync::Arc;

use super::origin::Origin;
use super::read::Reader;
use super::{Notices, Rows, Schema};
use crate::shape::DataShape;
use crate::{Batches, Dataset, Error, Result};

/// Values of rows in a batch. Rows come as texts of some twenty bytes a value.
const BATCH_VALUES: usize = 4 << 20;

/// The most rows in a batch.
const MOST_ROWS: usize = 16_384;

/// How many rows of a table are in a batch where the caller does not say: 16,384, or fewer if they have more than 256
/// columns.
pub fn rows_in_a_batch(schema: &Schema) -> usize {
    (BATCH_VALUES / schema.columns.len().max(1)).clamp(1, MOST_ROWS)
}

/// The rows of a table, batch by batch, encoded as the training data was; they know their places in the table.
///
/// ```
/// use cama_causal::{CausalGraph, Roles};
/// use cama_data::table::{LearnOptions, Schema, TableBatches};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("table.csv");
/// # let spec = path.to_str().unwrap();
/// # let rows: String = (0..10).map(|i| format!("{},{}\n", i % 2, i)).collect();
/// # std::fs::write(&path, format!("y,x\n{rows}")).unwrap();
/// # let graph = folder.path().join("graph.dot");
/// # std::fs::write(&graph, "digraph { y -> x }").unwrap();
/// let roles = Roles::of(&CausalGraph::read(&graph)?, "y")?;
/// let (schema, ..) = Schema::learn(spec, &roles, &LearnOptions::default())?;
/// let batches = TableBatches::open(spec, &schema, false)?.batch_size(4);
/// let mut sizes = Vec::new();
/// batches.try_for_each(|first, rows| Ok::<_, cama_data::Error>(sizes.push((first, rows.len()))))?;
/// assert_eq!(sizes, [(0, 4), (4, 4), (8, 2)]);
/// # Ok::<(), cama_data::Error>(())
/// ```
pub struct TableBatches {
    origin: Origin,
    schema: Arc<Schema>,
    labelled: bool,
    batch_size: usize,
    /// Opened already, for whoever goes through the rows first: a table from a pipe can be opened once only.
    opened: RefCell<Option<Reader>>,
    notices: RefCell<Notices>,
}

impl TableBatches {
    /// Opens a table's file, as [`Schema::read`] does; with the target only if it is `labelled`. Beside the columns
    /// nothing of it is looked at yet. [`Table::batches`](super::Table::batches) does the same with a table in memory.
    ///
    /// # Errors
    ///
    /// As [`Schema::read`], if it shows so far.
    pub fn open(spec: &str, schema: &Schema, labelled: bool) -> Result<Self> {
        Self::of(Origin::file(spec), schema, labelled)
    }

    /// Opens a table, wherever it is.
    pub(super) fn of(origin: Origin, schema: &Schema, labelled: bool) -> Result<Self> {
        let batch_size = rows_in_a_batch(schema);
        let opened = RefCell::new(Some(schema.open(&origin, labelled, batch_size)?));
        let schema = Arc::new(schema.clone());
        Ok(Self { origin, schema, labelled, batch_size, opened, notices: RefCell::default() })
    }

    /// The same, with so many rows in a batch, or fewer where rows are left out.
    ///
    /// # Panics
    ///
    /// If `rows` is 0.
    pub fn batch_size(self, rows: usize) -> Self {
        assert!(rows > 0, "at least one row in a batch");
        Self { batch_size: rows, ..self }
    }

    /// Errors unless what reads examples of `shape` can read these rows.
    ///
    /// # Errors
    ///
    /// As [`Dataset::check_shape`].
    pub fn check_shape(&self, shape: &DataShape) -> Result<()> {
        Rows::empty(self.origin.spec(), self.schema.clone(), self.labelled).check_shape(shape)
    }

    /// What was ignored, left out and filled in when all rows were last gone through, in words; nothing before that.
    pub fn notices(&self) -> Notices {
        self.notices.borrow().clone()
    }

    /// Hands batch after batch to `each`, with how many rows came before it.
    ///
    /// # Errors
    ///
    /// As [`Schema::read`], when what is wrong is reached, and as `each`: either ends it.
    pub fn try_for_each<E: From<Error>>(
        &self,
        mut each: impl FnMut(usize, Rows) -> Result<(), E>,
    ) -> Result<(), E> {
        let opened = self.opened.borrow_mut().take();
        let mut reader = match opened {
            Some(reader) => reader,
            None => self.schema.open(&self.origin, self.labelled, self.batch_size)?,
        };
        reader.set_rows_at_a_time(self.batch_size);
        let mut done = 0;
        for rows in &mut reader {
            let rows = rows?;
            let first = done;
            done += rows.len();
            each(first, rows)?;
        }
        *self.notices.borrow_mut() = reader.notices();
        if done == 0 {
            return Err(reader.none_left().into());
        }
        Ok(())
    }
}

impl Batches<Rows> for TableBatches {
    fn for_each(&self, each: &mut dyn FnMut(&Rows) -> Result<()>) -> Result<()> {
        self.try_for_each(|_, rows| each(&rows))
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::Missing;
    use super::super::schema::tests::example_schema;
    use super::*;
    use crate::subsample;

    /// A table of which every `gap`th row lacks a value.
    fn table(rows: usize, gap: usize) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let row = |i: usize| match i % gap {
            0 => format!("{i},1,b,,5,?,yes,1\n"),
            _ => format!("{i},1,b,{},5,?,yes,1\n", i % 7),
        };
        let text = format!("c1,y,x3,x1,b1,more,x2,a1\n{}", (0..rows).map(row).collect::<String>());
        std::fs::write(&path, text).unwrap();
        let spec = path.to_str().unwrap().to_string();
        (folder, spec)
    }

    #[test]
    fn batches_are_those_of_the_whole_every_time() {
        let (_folder, spec) = table(23, 5);
        let schema = example_schema().with_missing(Missing::Drop);
        let (whole, notices) = schema.read(&spec, true).unwrap();
        let batches = TableBatches::open(&spec, &schema, true).unwrap().batch_size(4);
        assert!(batches.notices().is_empty());
        for _ in 0..2 {
            let mut all: Option<Rows> = None;
            let each = |first: usize, rows: Rows| {
                assert!(rows.len() <= 4 && first == all.as_ref().map_or(0, Rows::len));
                match &mut all {
                    Some(all) => crate::Appendable::append(all, &rows),
                    None => all = Some(rows),
                }
                Ok::<_, Error>(())
            };
            batches.try_for_each(each).unwrap();
            assert_eq!((all.unwrap(), batches.notices()), (whole.clone(), notices.clone()));
        }
        let some = subsample(&batches, 5 * whole.bytes_each(), 1).unwrap();
        assert_eq!((some.data.len(), some.total), (5, whole.len()));
    }

    #[test]
    fn what_does_not_fit_is_told_as_it_is_opened() {
        let (_folder, spec) = table(3, 9);
        let batches = TableBatches::open(&spec, &example_schema(), false).unwrap();
        assert!(batches.check_shape(&DataShape::Table(example_schema().shape())).is_ok());
        let text = batches.check_shape(&DataShape::Image([1, 2, 2])).unwrap_err().to_string();
        assert!(text.contains("the model takes images"), "{text}");
        let mut other = example_schema();
        other.columns[0].name = "absent".into();
        let text = TableBatches::open(&spec, &other, false).err().unwrap().to_string();
        assert!(text.contains("has no column `absent`"), "{text}");
    }

    #[test]
    fn a_table_of_which_no_row_is_left_is_an_error_with_its_notices() {
        let (_folder, spec) = table(3, 1);
        let schema = example_schema().with_missing(Missing::Drop);
        let batches = TableBatches::open(&spec, &schema, false).unwrap();
        let text = batches.for_each(&mut |_| Ok(())).unwrap_err().to_string();
        assert!(text.contains("every row has a missing value, so none is left"), "{text}");
        assert!(
            batches.notices()[1].contains("3 rows with missing values left out"),
            "{:?}",
            batches.notices()
        );
    }

    #[test]
    fn wide_tables_have_fewer_rows_in_a_batch() {
        let mut schema = example_schema();
        assert_eq!(rows_in_a_batch(&schema), 16_384);
        schema.columns = vec![schema.columns[0].clone(); 1024];
        assert_eq!(rows_in_a_batch(&schema), 4096);
    }
}
