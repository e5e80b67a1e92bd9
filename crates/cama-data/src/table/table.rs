//! A table, from a file or from memory: what a user meets first.

use std::sync::Arc;

use super::batches::TableBatches;
use super::column_values::ColumnValues;
use super::file::columns;
use super::learn::{LearnOptions, Learnt, learn};
use super::memory::Memory;
use super::origin::Origin;
use super::source::Source;
use super::{Notices, Rows, Schema};
use crate::Result;
use cama_causal::Roles;

/// A table of measurements, from a file or from columns in memory. Both are read, checked and encoded in the same way.
///
/// ```
/// use cama_data::table::{LearnOptions, Missing, Table};
/// let y = vec!["flu", "cold", "flu", "cold"];
/// let (fever, cough) = (vec![39.1, 36.8, f64::NAN, 37.0], vec![true, true, true, false]);
/// let columns = [("illness", y.into()), ("fever", fever.into()), ("cough", cough.into())];
/// let table = Table::from_columns("patients", columns)?;
/// let children = vec!["fever".to_string(), "cough".to_string()];
/// let roles = cama_causal::Roles { target: "illness".to_string(), children, ..Default::default() };
/// let options = LearnOptions { missing: Missing::Drop, ..Default::default() };
/// let learnt = table.learn(&roles, &options)?;
/// assert_eq!((learnt.rows.len(), learnt.rows.row_index(2)), (3, 3));
/// # Ok::<(), cama_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    origin: Origin,
    columns: Vec<String>,
}

impl Table {
    /// Opens a `.csv`, `.tsv` or `.parquet` file, with a range of rows if wanted: `patients.csv[..1000]`. Only what
    /// columns it has is read yet; the rest of the file is read, again each time, by the other functions.
    ///
    /// # Errors
    ///
    /// As [`columns`].
    pub fn open(spec: &str) -> Result<Table> {
        Ok(Table { columns: columns(spec)?, origin: Origin::file(spec) })
    }

    /// A table in memory, of named columns in any order; `name` stands in messages and names the rows. Columns that no
    /// role names are ignored, as in files.
    ///
    /// # Errors
    ///
    /// [`Error::Data`](crate::Error::Data) if there are no columns or no rows, the columns have different lengths, or
    /// two have the same name.
    pub fn from_columns<N: Into<String>>(
        name: impl Into<String>,
        columns: impl IntoIterator<Item = (N, ColumnValues)>,
    ) -> Result<Table> {
        let columns = columns.into_iter().map(|(name, values)| (name.into(), values.into_cells()));
        let memory = Memory::new(name.into(), columns.collect())?;
        Ok(Table { columns: memory.columns().to_vec(), origin: Origin::Memory(Arc::new(memory)) })
    }

    /// What the table is called: the specification of the file, or the name given to the columns.
    pub fn name(&self) -> &str {
        self.origin.spec()
    }

    /// The names of the columns, in the order of the table.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Learns a schema from the whole table, and encodes it; see [`Schema::learn`].
    ///
    /// # Errors
    ///
    /// As [`Schema::learn`].
    pub fn learn(&self, roles: &Roles, options: &LearnOptions) -> Result<Learnt> {
        learn(self.origin.open()?, roles, options)
    }

    /// Encodes the whole table as the training data was, with the target only if it is `labelled`; see
    /// [`Schema::read`].
    ///
    /// # Errors
    ///
    /// As [`Schema::read`].
    pub fn read(&self, schema: &Schema, labelled: bool) -> Result<(Rows, Notices)> {
        schema.read_origin(&self.origin, labelled)
    }

    /// The table at its first row.
    pub(super) fn open_source(&self) -> Result<Source> {
        self.origin.open()
    }

    /// The rows batch by batch, encoded as the training data was; see [`TableBatches::open`].
    ///
    /// # Errors
    ///
    /// As [`TableBatches::open`].
    pub fn batches(&self, schema: &Schema, labelled: bool) -> Result<TableBatches> {
        TableBatches::of(self.origin.clone(), schema, labelled)
    }
}

#[cfg(test)]
mod tests;
