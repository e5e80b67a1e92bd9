//! The loop that trains every network.

use burn::tensor::{Device, Tensor};
use cama::data::shuffled;
use cama::optimise::{Optimiser, cosine, shard};
use cama::{Error, Observer, Result};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::dense::masks;
use super::network::{Layers, Network, cross_entropy, labels};
use super::norm::Statistics;
use super::report;

/// How the loop goes.
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
    /// Parts of a batch that are differentiated side by side.
    pub shards: usize,
    /// Units that dropout may silence, layer by layer, and the share of them.
    pub dropout: Vec<(usize, f64)>,
    /// Whether the held-out examples are made anew for every look: what is made of them depends on the network.
    pub watched_anew: bool,
}

/// How a batch is made of the examples with these indices, `[indices, width]`: as they are, or changed; the network so
/// far may be looked at.
pub(super) type Make<'a> = dyn FnMut(&Network, &[usize], &mut ChaCha8Rng) -> Result<Tensor<2>> + 'a;

/// The fewest steps between two looks at the held-out examples.
const WATCH_EVERY: usize = 50;

/// Batches whose moments are averaged to those of the population.
const POPULATION: usize = 20;

/// Trains `network` on the examples at `train`, which have the classes `all[i]`, and returns its state that explains
/// best those at `held_out`.
pub(super) fn learn(
    mut network: Network,
    all: &[usize],
    [train, held_out]: [&[usize]; 2],
    recipe: &Recipe,
    make: &mut Make,
    rng: &mut ChaCha8Rng,
    observer: &mut Observer,
) -> Result<Network> {
    let device = Device::flex();
    let mut optimiser = Optimiser::decaying(recipe.gradient_clip, recipe.weight_decay);
    let mut watched = None;
    let watch_every = train.len().div_ceil(recipe.batch).max(WATCH_EVERY);
    let mut best: Option<(f64, Network)> = None;
    let mut order: Vec<usize> = Vec::new();
    for step in 0..recipe.steps {
        if order.is_empty() {
            order = shuffled(train.len(), rng).into_iter().map(|i| train[i]).collect();
        }
        let indices = order.split_off(order.len().saturating_sub(recipe.batch));
        let x = make(&network, &indices, rng)?;
        let x = network.scaled(x);
        let y = labels(all, &indices, &device);
        let masks = masks(recipe.dropout.iter().copied(), indices.len(), rng, &device);
        let rows: Vec<usize> = (0..indices.len()).collect();
        let shards = recipe.shards.min(rows.len());
        let loss = |layers: &Layers, i: usize| {
            let part = shard(&rows, i, shards);
            let part = part[0]..part[0] + part.len();
            let masks: Vec<_> = masks.iter().map(|mask| mask.clone().slice([part.clone()])).collect();
            let scores = layers.forward(x.clone().slice([part.clone()]), &masks, Statistics::Batch);
            cross_entropy(scores, y.clone().slice([part])).mul_scalar(1.0 / rows.len() as f64)
        };
        let rate = cosine(recipe.learning_rate, recipe.warm_up, step, recipe.steps);
        let (layers, value) = optimiser.step(network.layers, shards, loss, rate).map_err(|e| match e {
            Error::Diverged(what) => Error::Diverged(format!(
                "{what} in step {} of training `{}`; try a lower learning rate",
                step + 1,
                recipe.name
            )),
            other => other,
        })?;
        network.layers = layers;
        if (step + 1) % watch_every == 0 || step + 1 == recipe.steps {
            network = with_population(network, train, recipe.batch, make)?;
            if recipe.watched_anew {
                watched = None;
            }
            // Otherwise changed once, so that all looks are at the same.
            let (x, y) = match &watched {
                Some(watched) => watched,
                None => {
                    let rng = &mut ChaCha8Rng::seed_from_u64(0);
                    let parts = held_out.chunks(recipe.batch).map(|part| make(&network, part, rng));
                    let x = Tensor::cat(parts.collect::<Result<_>>()?, 0);
                    watched.insert((x, labels(all, held_out, &device)))
                }
            };
            let loss = network.loss(x, y);
            if best.as_ref().is_none_or(|(lowest, _)| loss < *lowest || lowest.is_nan()) {
                best = Some((loss, network.clone()));
            }
        }
        report(observer, &recipe.name, step + 1, recipe.steps, value)?;
    }
    Ok(best.map_or(network, |(_, network)| network))
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
