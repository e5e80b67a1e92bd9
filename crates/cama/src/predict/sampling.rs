//! Samples of z, and what they weigh.

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;

use super::race::{Product, Race};
use crate::batch::host;
use crate::model::{DeepCama, Given, Observed, Pairs};
use crate::noise::drawn;

/// Samples of every class before any is left behind: the fewest that tell how far weights scatter.
const FIRST: usize = 2;

/// By how much the number of samples that the others have had grows with each round.
const GROWTH: usize = 2;

/// How z is sampled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampling {
    /// Samples K for each class.
    pub samples: usize,
    /// Probability of classes that get no more of them: see [`PredictConfig::negligible`](super::PredictConfig::negligible).
    pub negligible: f64,
    /// The most examples that are decoded at a time.
    pub at_once: usize,
}

impl Sampling {
    /// How many samples the classes have after each round.
    pub(super) fn rounds(self) -> impl Iterator<Item = usize> {
        let first = if self.negligible > 0.0 { FIRST.min(self.samples) } else { self.samples };
        std::iter::successors(Some(first), move |&had| {
            (had < self.samples).then(|| (had * GROWTH).min(self.samples))
        })
    }
}

/// log p(x|y,m) + log p(y) of every class, for every example, by importance sampling (Eqs. 6, 11), with how many samples
/// of z each class had; `rngs` has a generator for each example.
///
/// `products` holds what each example's scores are for besides themselves, or nothing.
pub(crate) fn class_scores(
    model: &DeepCama,
    observed: &Observed,
    m: Option<&Tensor<2>>,
    sampling: &Sampling,
    products: &[Option<Product>],
    rngs: &mut [ChaCha8Rng],
) -> Vec<(Vec<f64>, Vec<usize>)> {
    let given = model.given(observed, None, m);
    let log_py = host(model.log_py(observed, None));
    let classes = model.config().classes;
    let race = |i: usize| {
        // One row for all where there are no parents.
        let row = if log_py.len() == classes { 0 } else { i };
        Race::new(&log_py[row * classes..(row + 1) * classes], products.get(i).copied().flatten())
    };
    let mut races: Vec<Race> = (0..rngs.len()).map(race).collect();
    let mut had = 0;
    for samples in sampling.rounds() {
        Round { model, given: &given, sampling }.run(samples - had, &mut races, rngs);
        had = samples;
        if had < sampling.samples {
            races.iter_mut().for_each(|race| race.leave_behind(sampling.samples, sampling.negligible));
        }
    }
    races.iter().map(Race::scores).collect()
}

/// Further samples of the classes that still run.
struct Round<'a> {
    model: &'a DeepCama,
    given: &'a Given,
    sampling: &'a Sampling,
}

impl Round<'_> {
    /// `samples` more of each, in blocks whose noise is a few times what is decoded at a time.
    fn run(&self, samples: usize, races: &mut [Race], rngs: &mut [ChaCha8Rng]) {
        let (n, z, at_once) = (races.len(), self.model.config().z, self.sampling.at_once);
        let running = |(i, race): (usize, &Race)| race.running().map(|class| (i, class)).collect::<Vec<_>>();
        let pairs: Vec<(usize, usize)> = races.iter().enumerate().flat_map(running).collect();
        let block = (4 * at_once / n).clamp(1, at_once);
        for first in (0..samples).step_by(block) {
            let k = block.min(samples - first);
            let noise = Tensor::<2>::from_data(drawn(k * z, rngs), &self.model.device()).reshape([n, k, z]);
            match pairs.len() == n * self.model.config().classes {
                true => self.all(noise, races),
                false => self.some(&pairs, noise, races),
            }
        }
    }

    /// Every class of every example: nothing need be gathered, and T_m is applied to all classes of an example together.
    fn all(&self, noise: Tensor<3>, races: &mut [Race]) {
        let ([n, k, _], classes) = (noise.dims(), self.model.config().classes);
        let examples = even(n, classes * k, self.sampling.at_once);
        for first in (0..n).step_by(examples) {
            let range = first..n.min(first + examples);
            let given = self.given.examples(range.clone());
            let weights = self.weights(&given, noise.clone().narrow(0, first, range.len()));
            for (i, weights) in weights.chunks(k).enumerate() {
                races[first + i / classes].add(i % classes, weights);
            }
        }
    }

    /// Some classes of some examples.
    fn some(&self, pairs: &[(usize, usize)], noise: Tensor<3>, races: &mut [Race]) {
        let k = noise.dims()[1];
        for pairs in pairs.chunks(even(pairs.len(), k, self.sampling.at_once)) {
            let index = Pairs::new(pairs, &noise.device());
            let noise = noise.clone().select(0, index.examples.clone());
            let weights = self.weights(&self.given.pairs(&index), noise);
            for (&(i, class), weights) in pairs.iter().zip(weights.chunks(k)) {
                races[i].add(class, weights);
            }
        }
    }

    /// log p(x|y,z,m) + log p(z) − log q1 for each example, class and sample, one after another.
    fn weights(&self, given: &Given, noise: Tensor<3>) -> Vec<f32> {
        let [log_px, log_ratio_z] = self.model.explain(given, noise);
        host(log_px + log_ratio_z)
    }
}

/// How many of `n` to decode together, each of which counts for `size`: parts of one size, not all that fit and a rest.
fn even(n: usize, size: usize, at_once: usize) -> usize {
    let most = (at_once / size).max(1);
    n.div_ceil(n.div_ceil(most)).max(1)
}
