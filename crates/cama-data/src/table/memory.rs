//! A table in memory.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::cells::Cells;
use super::heading::{Heading, check_names};
use crate::{Error, Result};

/// Columns of equal length, at least one, each with at least one cell and a name of its own.
#[derive(Debug)]
pub(super) struct Memory {
    name: String,
    names: Vec<String>,
    columns: Vec<Cells>,
    len: usize,
}

impl Memory {
    /// Checks the columns.
    pub(super) fn new(name: String, columns: Vec<(String, Cells)>) -> Result<Memory> {
        let (names, columns): (Vec<String>, Vec<Cells>) = columns.into_iter().unzip();
        let path = Path::new(&name);
        let remedy = "give the target and the columns that the model reads";
        let Some(len) = columns.first().map(Cells::len) else {
            return Err(Error::data(path, "the table has no columns", remedy));
        };
        check_names(path, &names)?;
        if let Some(at) = columns.iter().position(|cells| cells.len() != len) {
            let (first, other) = (values(len), values(columns[at].len()));
            let problem =
                format!("column `{}` has {first}, but column `{}` has {other}", names[0], names[at]);
            return Err(Error::data(path, problem, "give every column one value a row"));
        }
        if len == 0 {
            return Err(Error::data(path, "the table has columns but no rows", "give one with rows"));
        }
        Ok(Memory { name, names, columns, len })
    }

    /// The name of the table.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The names of the columns.
    pub(super) fn columns(&self) -> &[String] {
        &self.names
    }

    /// What is known of the table before its cells are read.
    pub(super) fn heading(&self) -> Result<Heading> {
        Heading::of_memory(&self.name, self.names.clone(), self.len)
    }
}

/// `1 value`, `5 values`.
fn values(n: usize) -> String {
    if n == 1 { "1 value".to_string() } else { format!("{n} values") }
}

/// A table in memory that is being read.
pub(super) struct MemoryReader {
    memory: Arc<Memory>,
    wanted: Vec<usize>,
}

impl MemoryReader {
    /// Of no columns yet.
    pub(super) fn new(memory: Arc<Memory>) -> MemoryReader {
        MemoryReader { memory, wanted: Vec::new() }
    }

    /// Chooses the columns to read, by their places in the table.
    pub(super) fn want(&mut self, columns: &[usize]) {
        self.wanted = columns.to_vec();
    }

    /// These rows of the wanted columns.
    ///
    /// # Panics
    ///
    /// If there are fewer rows.
    pub(super) fn read(&self, rows: Range<usize>) -> Vec<Cells> {
        self.wanted.iter().map(|&at| self.memory.columns[at].slice(rows.clone())).collect()
    }
}
