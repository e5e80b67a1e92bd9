//! Rows on their way from a file to another, and what can go wrong with them.

use csv::ByteRecord;

use crate::table::leaf::Leaf;

/// Some rows as their file holds them.
pub(super) enum Batch {
    Records(Vec<ByteRecord>),
    Leaves(Vec<Leaf>, usize),
}

impl Batch {
    pub(super) fn len(&self) -> usize {
        match self {
            Batch::Records(records) => records.len(),
            Batch::Leaves(_, rows) => *rows,
        }
    }
}

/// What went wrong in writing.
pub(super) enum Problem {
    /// The output.
    Output(std::io::Error),
    /// A cell that the output's format cannot hold, in words.
    Cell(String),
}
