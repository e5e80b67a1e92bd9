//! Data that may be larger than memory, gone through batch by batch.

use super::{Dataset, Names};
use crate::Result;

/// Examples that may be more than there is memory for: gone through batch by batch, from the first to the last, as often
/// as wanted.
pub trait Batches<D> {
    /// Hands batch after batch to `each`; the first error ends it. A caller that wants to stop returns an error.
    ///
    /// # Errors
    ///
    /// As `each`, and if the examples cannot be read.
    fn for_each(&self, each: &mut dyn FnMut(&D) -> Result<()>) -> Result<()>;

    /// What all examples are called, where that is known without reading them.
    fn names(&self) -> Option<Names> {
        None
    }
}

/// What is in memory is one batch.
impl<D: Dataset> Batches<D> for D {
    fn for_each(&self, each: &mut dyn FnMut(&D) -> Result<()>) -> Result<()> {
        each(self)
    }

    fn names(&self) -> Option<Names> {
        Dataset::names(self).cloned()
    }
}
