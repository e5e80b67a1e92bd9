//! Where a table is, so that it can be read as often as wanted.

use std::sync::Arc;

use super::memory::Memory;
use super::source::Source;
use crate::Result;

/// Where a table is.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// The file that this specification names.
    File(String),
    /// Columns in memory.
    Memory(Arc<Memory>),
}

impl Origin {
    /// The file that `spec` names.
    pub(super) fn file(spec: &str) -> Origin {
        Origin::File(spec.to_string())
    }

    /// The specification of the file, or the name of the table in memory.
    pub(super) fn spec(&self) -> &str {
        match self {
            Origin::File(spec) => spec,
            Origin::Memory(memory) => memory.name(),
        }
    }

    /// Opens the table at its first row.
    pub(super) fn open(&self) -> Result<Source> {
        match self {
            Origin::File(spec) => Source::open(spec),
            Origin::Memory(memory) => Source::of_memory(memory),
        }
    }
}
