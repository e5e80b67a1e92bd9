//! A trained network with all that it needs to read examples.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use cama::data::shuffled;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use super::conv::Conv;
use super::dense::Dense;
use super::features::softmax;
use super::norm::Statistics;
use super::scale::{Scale, Scaling};
use super::tent_config::TentConfig;

/// The layers of a network.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are few, and a box is no module")]
pub(super) enum Layers {
    /// Fully connected.
    Dense(Dense),
    /// Convolutional.
    Conv(Conv),
}

impl Layers {
    /// Unnormalised log-probabilities, `[rows, classes]`, of scaled features, `[rows, width]`; `masks` silence hidden
    /// units.
    pub fn forward(&self, x: Tensor<2>, masks: &[Tensor<2>], statistics: Statistics) -> Tensor<2> {
        match self {
            Self::Dense(dense) => dense.forward(x, masks),
            Self::Conv(conv) => conv.forward(x, masks.first(), statistics),
        }
    }
}

/// The indices of some examples, and the probabilities of every class for each.
pub(super) type Part = (Vec<usize>, Vec<Vec<f64>>);

/// The statistics by which a network normalises when it predicts; one without normalisation has the population's.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reading {
    /// Those of its training data.
    Population,
    /// Those of its training data, after features were standardised by the moments of the data set at hand.
    Moments,
    /// Those of the examples that it is given.
    Batch,
    /// Those of the examples that it is given, to which it adapts, too.
    Online(TentConfig),
}

/// Layers with their scaling and statistics.
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub layers: Layers,
    pub scale: Option<(Scale, Scaling)>,
    pub reading: Reading,
}

impl Network {
    /// Layers that read features after `scale`, if there is one.
    pub fn new(layers: Layers, scale: Option<Scale>) -> Self {
        let scale = scale.map(|scale| {
            let scaling = scale.on(&Device::flex());
            (scale, scaling)
        });
        Self { layers, scale, reading: Reading::Population }
    }

    pub fn scale(&self) -> Option<&Scale> {
        self.scale.as_ref().map(|(scale, _)| scale)
    }

    /// Features as the layers read them.
    pub fn scaled(&self, x: Tensor<2>) -> Tensor<2> {
        match &self.scale {
            Some((_, scaling)) => scaling.forward(x),
            None => x,
        }
    }

    /// log p(y|·), `[rows, classes]`, differentiable in `x`, `[rows, width]`.
    ///
    /// A network that adapts to what it predicts does not adapt here: it takes the statistics of these rows.
    pub fn log_probabilities(&self, x: Tensor<2>) -> Tensor<2> {
        let statistics = match self.reading {
            Reading::Population | Reading::Moments => Statistics::Population,
            Reading::Batch | Reading::Online(_) => Statistics::Batch,
        };
        let x = self.scaled(x);
        activation::log_softmax(self.layers.forward(x, &[], statistics), 1)
    }

    /// Mean −log p of the true classes, `y`, of the rows of `x`, without dropout.
    pub fn loss(&self, x: &Tensor<2>, y: &Tensor<1, Int>) -> f64 {
        /// Examples at a time.
        const CHUNK: usize = 1000;
        let rows = x.dims()[0];
        let part = |at: usize| {
            let part = at..rows.min(at + CHUNK);
            let scores = self.layers.forward(
                self.scaled(x.clone().slice([part.clone()])),
                &[],
                Statistics::Population,
            );
            f64::from(cross_entropy(scores, y.clone().slice([part])).into_scalar::<f32>())
        };
        let parts: Vec<f64> = (0..rows).into_par_iter().step_by(CHUNK).map(part).collect();
        parts.iter().sum::<f64>() / rows as f64
    }
}

/// Sum of −log p of the classes `y`, `[rows]`, under `scores`, `[rows, classes]`; `[1]`.
pub(super) fn cross_entropy(scores: Tensor<2>, y: Tensor<1, Int>) -> Tensor<1> {
    activation::log_softmax(scores, 1).gather(1, y.unsqueeze_dim(1)).sum().neg()
}

/// Class indices of the examples at `indices`, `[indices]`.
pub(super) fn labels(all: &[usize], indices: &[usize], device: &Device) -> Tensor<1, Int> {
    let labels: Vec<i64> = indices.iter().map(|&i| all[i] as i64).collect();
    Tensor::from_data(TensorData::new(labels, [indices.len()]), device)
}

/// Probabilities from scores, `[rows, classes]`.
pub(super) fn rows_of(scores: Tensor<2>) -> Vec<Vec<f64>> {
    let classes = scores.dims()[1];
    let scores: Vec<f32> =
        scores.into_data().convert::<f32>().try_into_vec().expect("the data was converted to f32");
    let scores: Vec<f64> = scores.into_iter().map(f64::from).collect();
    scores.chunks(classes).map(softmax).collect()
}

/// All of `n` examples in nearly equal parts of `fewest` or more, as long as there are that many; shuffled, because a
/// part of a sorted data set would be of one class, and so would be its statistics.
pub(super) fn mixed_parts(n: usize, fewest: usize, seed: u64) -> Vec<Vec<usize>> {
    let order = shuffled(n, &mut ChaCha8Rng::seed_from_u64(seed));
    let parts = (n / fewest).max(1);
    (0..parts).map(|i| order[n * i / parts..n * (i + 1) / parts].to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::mixed_parts;

    #[test]
    fn parts_are_large_enough_and_hold_everything_once() {
        for (n, parts) in [(1, 1), (199, 1), (399, 1), (400, 2), (1999, 9)] {
            let found = mixed_parts(n, 200, 0);
            assert!(found.len() == parts && found.iter().all(|part| part.len() >= n.min(200)), "{n}");
            let mut all = found.concat();
            assert!(n == 1 || !all.is_sorted());
            all.sort_unstable();
            assert!(all.into_iter().eq(0..n));
        }
    }
}
