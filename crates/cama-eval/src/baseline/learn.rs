//! The loop that trains every network.

use burn::tensor::{Device, Int, Tensor};
use cama::data::shuffled;
use cama::fit::{Batch, Fit, Objective, Schedule, Shard};
use cama::optimise::Optimiser;
use cama::{Error, Observer, Phase, Result};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::dense::masks;
use super::network::{Layers, Network, cross_entropy, labels};
use super::norm::Statistics;
use super::report::interrupted;

/// The settings of the loop.
pub(super) struct Recipe {
    /// What is trained, for messages.
    pub name: String,
    /// Optimiser steps.
    pub steps: usize,
    /// Examples a step.
    pub batch: usize,
    /// Peak learning rate, which falls along half a cosine to zero.
    pub learning_rate: f64,
    /// Steps over which it rises to its peak.
    pub warm_up: usize,
    /// Bound on the norm of the gradient; 0 is no bound.
    pub gradient_clip: f64,
    /// Decoupled, times the learning rate.
    pub weight_decay: f64,
    /// Whether the shards of a batch are differentiated in parallel.
    pub sharded: bool,
    /// Units that dropout may silence, layer by layer, and the share of them.
    pub dropout: Vec<(usize, f64)>,
    /// Whether the validation set is made anew for every validation, because it depends on the network.
    pub validated_anew: bool,
}

/// Makes a batch of the examples with these indices, `[indices, width]`: as they are, or changed; it may depend on the
/// network so far.
pub(super) type Make<'a> = dyn FnMut(&Network, &[usize], &mut ChaCha8Rng) -> Result<Tensor<2>> + 'a;

/// The fewest steps between two validations.
const VALIDATE_EVERY: usize = 50;

/// Batches whose moments are averaged to those of the population.
const POPULATION: usize = 20;

/// What one step sees.
struct Drawn {
    /// Positions in the batch.
    rows: Vec<usize>,
    /// Scaled, `[rows, width]`.
    x: Tensor<2>,
    y: Tensor<1, Int>,
    masks: Vec<Tensor<2>>,
    sharded: bool,
}

impl Batch for Drawn {
    /// One where it is not cut into shards.
    fn size(&self) -> usize {
        if self.sharded { self.rows.len() } else { 1 }
    }
}

/// The mean cross-entropy of a batch: a shard's part of it.
fn loss(layers: &Layers, drawn: &Drawn, shard: Shard, _: &mut ChaCha8Rng) -> Tensor<1> {
    let part = shard.part(&drawn.rows);
    let part = part[0]..part[0] + part.len();
    let masks: Vec<_> = drawn.masks.iter().map(|mask| mask.clone().slice([part.clone()])).collect();
    let scores = layers.forward(drawn.x.clone().slice([part.clone()]), &masks, Statistics::Batch);
    cross_entropy(scores, drawn.y.clone().slice([part])).mul_scalar(1.0 / drawn.rows.len() as f64)
}

/// Training under way.
struct Learning<'a, 'm> {
    /// The class of every example.
    all: &'a [usize],
    train: &'a [usize],
    validation: &'a [usize],
    recipe: &'a Recipe,
    make: &'a mut Make<'m>,
    rng: &'a mut ChaCha8Rng,
    /// What is left of a pass over the training examples.
    order: Vec<usize>,
    /// The validation set.
    validated: Option<(Tensor<2>, Tensor<1, Int>)>,
    /// The lowest validation loss, and its network.
    best: Option<(f64, Network)>,
}

/// Trains `network` on the examples at `train`, which have the classes `all[i]`, and returns its state with the lowest
/// loss on those at `validation`.
pub(super) fn learn(
    mut network: Network,
    all: &[usize],
    [train, validation]: [&[usize]; 2],
    recipe: &Recipe,
    make: &mut Make,
    rng: &mut ChaCha8Rng,
    observer: &mut Observer,
) -> Result<Network> {
    let mut optimiser = Optimiser::decaying(recipe.gradient_clip, recipe.weight_decay);
    let schedule = Schedule {
        phase: Phase::Train,
        total: recipe.steps,
        learning_rate: recipe.learning_rate,
        warm_up: recipe.warm_up,
        decay: true,
    };
    let validate_every = train.len().div_ceil(recipe.batch).max(VALIDATE_EVERY);
    let (order, validated, best) = (Vec::new(), None, None);
    let mut learning = Learning { all, train, validation, recipe, make, rng, order, validated, best };
    // Dropout is drawn with the batch, so the loss draws nothing.
    let unused = &mut ChaCha8Rng::seed_from_u64(0);
    for step in 0..recipe.steps {
        // A batch may depend on the network, and can fail: it is drawn here, and the loop takes one step at a time.
        let mut drawn = Some(learning.draw(&network)?);
        let fit = Fit { schedule, optimiser: &mut optimiser, rng: &mut *unused, observer: &mut *observer };
        let objective = Objective { batch: |_, _: &mut ChaCha8Rng| drawn.take().expect("one step"), loss };
        let fitted = fit.run(step..step + 1, network.layers, &Device::flex(), objective, |_, _| Ok(()));
        let fitted = fitted.map_err(|error| match error {
            Error::Diverged(what) => Error::Diverged(format!("`{}`: {what}", recipe.name)),
            error => error,
        })?;
        let Some((layers, _)) = fitted else { return Err(interrupted(&recipe.name)) };
        network.layers = layers;
        if (step + 1) % validate_every == 0 || step + 1 == recipe.steps {
            network = learning.validate(network)?;
        }
    }
    Ok(learning.best.map_or(network, |(_, network)| network))
}

impl Learning<'_, '_> {
    fn draw(&mut self, network: &Network) -> Result<Drawn> {
        if self.order.is_empty() {
            self.order = shuffled(self.train.len(), self.rng).into_iter().map(|i| self.train[i]).collect();
        }
        let indices = self.order.split_off(self.order.len().saturating_sub(self.recipe.batch));
        let x = network.scaled((self.make)(network, &indices, self.rng)?);
        let device = Device::flex();
        Ok(Drawn {
            x,
            y: labels(self.all, &indices, &device),
            masks: masks(self.recipe.dropout.iter().copied(), indices.len(), self.rng, &device),
            rows: (0..indices.len()).collect(),
            sharded: self.recipe.sharded,
        })
    }

    /// Validates the network, and keeps it where it is better than all before.
    fn validate(&mut self, network: Network) -> Result<Network> {
        let network = with_population(network, self.train, self.recipe.batch, self.make)?;
        if self.recipe.validated_anew {
            self.validated = None;
        }
        // Otherwise changed once, so that all validations are on the same examples.
        let (x, y) = match &self.validated {
            Some(validated) => validated,
            None => {
                let rng = &mut ChaCha8Rng::seed_from_u64(0);
                let parts = self.validation.chunks(self.recipe.batch);
                let parts = parts.map(|part| (self.make)(&network, part, rng)).collect::<Result<_>>()?;
                let y = labels(self.all, self.validation, &Device::flex());
                self.validated.insert((Tensor::cat(parts, 0), y))
            }
        };
        let loss = network.loss(x, y);
        if self.best.as_ref().is_none_or(|(lowest, _)| loss < *lowest || lowest.is_nan()) {
            self.best = Some((loss, network.clone()));
        }
        Ok(network)
    }
}

/// With the population's moments estimated anew, if anything is normalised by them.
fn with_population(network: Network, train: &[usize], batch: usize, make: &mut Make) -> Result<Network> {
    let Layers::Conv(conv) = &network.layers else { return Ok(network) };
    if !conv.is_normalised() {
        return Ok(network);
    }
    let rng = &mut ChaCha8Rng::seed_from_u64(0);
    let order: Vec<usize> = shuffled(train.len(), rng).into_iter().map(|i| train[i]).collect();
    let batch = batch.min(order.len());
    let mut moments = Vec::new();
    for indices in order.chunks_exact(batch).take(POPULATION) {
        let x = make(&network, indices, rng)?;
        moments.push(conv.forward_by(conv.norms(), network.scaled(x), None, Statistics::Batch).1);
    }
    let layers = Layers::Conv(conv.clone().with_population(&moments));
    Ok(Network { layers, ..network })
}
