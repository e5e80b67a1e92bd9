//! What is adapted, and to what.

use crate::data::{Batches, Dataset};
use crate::decide::Decider;
use crate::model::MChoice;

/// What an interruption leaves.
pub(super) const NOTHING_KEPT: &str = "nothing of the adaptation was kept";

/// What predicted before an adaptation: the guard judges by it, and rolls back to it.
#[derive(Clone, Copy)]
pub struct Previous<'a> {
    /// The model, without the mechanisms and dreams that were added for the adaptation, and what stands beside it. Its
    /// guard tells whether what adaptation restores is explained; without one nothing does.
    pub decider: Decider<'a>,
    /// The m that it predicted with.
    pub m: MChoice,
    /// It began a stream of data sets, of which earlier ones were adapted to since: the model that is adapted now starts
    /// where the last of them has left it, and is kept only if that is better than the beginning.
    pub begins_stream: bool,
    /// Seed of the samples by which every example gets its verdict: that of prediction, so that the two agree.
    pub seed: u64,
}

/// What is adapted to, of which not all need be in memory.
pub struct Unlabelled<'a, D> {
    /// Examples to learn from: all, or a random subsample.
    pub subsample: &'a D,
    /// Examples by which the guard judges all of them as a whole: all, or those of
    /// [`spread_indices`](crate::data::spread_indices).
    pub spread: &'a D,
    /// All examples, each of which gets its verdict.
    pub all: &'a dyn Batches<D>,
}

// Not derived: that would ask the same of the data.
impl<D> Clone for Unlabelled<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D> Copy for Unlabelled<'_, D> {}

impl<'a, D: Dataset> Unlabelled<'a, D> {
    /// Examples that are all in memory.
    pub fn whole(data: &'a D) -> Self {
        Self { subsample: data, spread: data, all: data }
    }
}
