//! Which of the examples that are held a step may learn from: by their indices, so that nothing is held twice.

use rand_chacha::ChaCha8Rng;

use super::AdaptConfig;
use crate::data::{Dataset, shuffled, split_indices};

/// Some examples of data.
pub(super) struct Examples<'a, D> {
    pub of: &'a D,
    pub indices: Vec<usize>,
}

impl<D: Dataset> Examples<'_, D> {
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// The next `size` examples of an endless sequence of shuffles, which `order` is the rest of; their indices in the
    /// data.
    pub fn next(&self, order: &mut Vec<usize>, size: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let size = size.min(self.len());
        if order.len() < size {
            *order = shuffled(self.len(), rng);
        }
        order.split_off(order.len() - size).into_iter().map(|i| self.indices[i]).collect()
    }
}

/// Splits off what the guard watches of the examples `drawn` from data: at most a fifth, and at most as many as
/// configured. A single example is both trained on and watched.
pub(super) fn held_out<'a, D: Dataset>(
    data: &'a D,
    drawn: Vec<usize>,
    config: &AdaptConfig,
    rng: &mut ChaCha8Rng,
) -> (Examples<'a, D>, D) {
    if drawn.len() == 1 {
        let watched = data.select(&drawn);
        return (Examples { of: data, indices: drawn }, watched);
    }
    let n = config.watched.min(drawn.len() / 5).max(1);
    let [learnt, watched] =
        split_indices(drawn.len(), n, rng).map(|part| part.into_iter().map(|i| drawn[i]).collect::<Vec<_>>());
    (Examples { of: data, indices: learnt }, data.select(&watched))
}
