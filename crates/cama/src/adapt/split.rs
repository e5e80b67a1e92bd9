//! What an adaptation learns from, and what validates it: by indices, so that nothing is held twice.

use rand_chacha::ChaCha8Rng;

use super::config::AdaptConfig;
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

/// Data in the part that steps learn from and the part that validates them.
pub(super) struct Part<'a, D> {
    pub learnt: Examples<'a, D>,
    pub validation: D,
}

/// The unlabelled and the clean data, split.
pub(super) struct Splits<'a, D> {
    pub unlabelled: Part<'a, D>,
    pub clean: Option<Part<'a, D>>,
}

impl<'a, D: Dataset> Splits<'a, D> {
    /// A random portion of the unlabelled data, and all of the clean data.
    pub fn new(unlabelled: &'a D, clean: Option<&'a D>, config: &AdaptConfig, rng: &mut ChaCha8Rng) -> Self {
        let wanted = ((unlabelled.len() as f64 * config.portion).round() as usize).max(1);
        let mut drawn = shuffled(unlabelled.len(), rng);
        drawn.truncate(wanted);
        let unlabelled = part(unlabelled, drawn, config, rng);
        let clean = clean.map(|clean| part(clean, (0..clean.len()).collect(), config, rng));
        Self { unlabelled, clean }
    }
}

/// Splits off the validation set of the examples `drawn` from data: at most a fifth, and at most as many as configured. A
/// single example is both trained on and validated with.
fn part<'a, D: Dataset>(
    data: &'a D,
    drawn: Vec<usize>,
    config: &AdaptConfig,
    rng: &mut ChaCha8Rng,
) -> Part<'a, D> {
    if drawn.len() == 1 {
        let validation = data.select(&drawn);
        return Part { learnt: Examples { of: data, indices: drawn }, validation };
    }
    let n = config.validation.min(drawn.len() / 5).max(1);
    let [learnt, validation] =
        split_indices(drawn.len(), n, rng).map(|part| part.into_iter().map(|i| drawn[i]).collect::<Vec<_>>());
    Part { learnt: Examples { of: data, indices: learnt }, validation: data.select(&validation) }
}
