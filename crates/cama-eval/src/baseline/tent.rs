//! Adaptation at test time by entropy minimisation: TENT (Wang et al., ICLR 2021).
//!
//! Of a network with batch normalisation the scale and the shift after each normalisation are moved down the gradient
//! of the mean entropy of its own predictions on unlabelled examples, batch by batch, normalised by the batch's own
//! statistics. Everything else stays.

use burn::tensor::{Device, Tensor, activation};
use cama::optimise::Optimiser;
use cama::{Error, Observer, Result};
use serde::{Deserialize, Serialize};

use super::conv::{Conv, Norms};
use super::features::Features;
use super::network::{Layers, Network, Part, mixed_parts, rows_of};
use super::norm::Statistics;
use super::report;

/// How to minimise the entropy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TentConfig {
    /// Learning rate of Adam.
    pub learning_rate: f64,
    /// Examples a step at least, as long as there are that many: fewer have statistics of their own.
    pub batch: usize,
    /// Passes over the data; online it is always one.
    pub epochs: usize,
}

impl Default for TentConfig {
    /// Its authors' for CIFAR-10.
    fn default() -> Self {
        Self { learning_rate: 1e-3, batch: Self::FEWEST, epochs: 1 }
    }
}

impl TentConfig {
    /// Examples whose statistics are taken together in prediction, at least, as long as there are that many.
    pub const FEWEST: usize = 200;

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for the first that is not allowed.
    pub fn check(&self) -> Result<()> {
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            return Err(Error::config("tent.learning_rate", self.learning_rate, "above 0 and at most 1"));
        }
        for (field, value, lowest, most) in
            [("tent.batch", self.batch, 2, 65_536), ("tent.epochs", self.epochs, 1, 100_000)]
        {
            if !(lowest..=most).contains(&value) {
                return Err(Error::config(field, value, format!("from {lowest} to {most}")));
            }
        }
        Ok(())
    }
}

/// The network after it adapted to `features`.
pub(super) fn adapt(
    network: &Network,
    features: &Features,
    config: &TentConfig,
    seed: u64,
    observer: &mut Observer,
) -> Result<Network> {
    let conv = normalised(network).ok_or_else(|| no_norms("this network"))?;
    let mut adapting = Adapting::new(conv, network, config);
    let parts = |epoch: usize| mixed_parts(features.len(), config.batch, seed.wrapping_add(epoch as u64));
    let total = config.epochs * parts(0).len();
    let all = (0..config.epochs).flat_map(parts).enumerate();
    for (i, part) in all {
        let entropy = adapting.step(features.tensor(part.into_iter(), &Device::flex()))?;
        report(observer, "tent", i + 1, total, entropy)?;
    }
    let layers = Layers::Conv(conv.clone().with_norms(adapting.norms));
    Ok(Network { layers, ..network.clone() })
}

/// The indices and probabilities of each batch, from the network as all batches before have left it: it adapts to the
/// very examples it is asked about, and forgets them when the next are asked about.
pub(super) fn online(network: &Network, features: &Features, config: &TentConfig) -> Result<Vec<Part>> {
    let conv = normalised(network).ok_or_else(|| no_norms("this network"))?;
    let mut adapting = Adapting::new(conv, network, config);
    let part = |part: Vec<usize>| {
        let x = features.tensor(part.iter().copied(), &Device::flex());
        // As its authors have it: what is predicted before the step that this batch causes.
        let scores = adapting.scores(&adapting.norms, x.clone());
        adapting.step(x)?;
        Ok((part, rows_of(scores)))
    };
    mixed_parts(features.len(), config.batch, 0).into_iter().map(part).collect()
}

/// The layers that can adapt.
pub(super) fn normalised(network: &Network) -> Option<&Conv> {
    match &network.layers {
        Layers::Conv(conv) if conv.is_normalised() => Some(conv),
        _ => None,
    }
}

/// That the baseline called `name` cannot adapt.
pub(super) fn no_norms(name: &str) -> Error {
    Error::Mismatch(format!(
        "TENT adapts what comes after batch normalisation, and `{name}` has none; give a `cnn-bn`"
    ))
}

/// A network on its way.
struct Adapting<'a> {
    conv: &'a Conv,
    network: &'a Network,
    norms: Norms,
    optimiser: Optimiser,
    learning_rate: f64,
}

impl<'a> Adapting<'a> {
    fn new(conv: &'a Conv, network: &'a Network, config: &TentConfig) -> Self {
        let (norms, optimiser) = (conv.norms().clone(), Optimiser::new(0.0));
        Self { conv, network, norms, optimiser, learning_rate: config.learning_rate }
    }

    fn scores(&self, norms: &Norms, x: Tensor<2>) -> Tensor<2> {
        self.conv.forward_by(norms, self.network.scaled(x), None, Statistics::Batch).0
    }

    /// One step; the mean entropy before it, in nats.
    fn step(&mut self, x: Tensor<2>) -> Result<f64> {
        let (conv, network) = (self.conv, self.network);
        let loss = |norms: &Norms, _: usize| {
            let x = network.scaled(x.clone());
            let log_p = activation::log_softmax(conv.forward_by(norms, x, None, Statistics::Batch).0, 1);
            (log_p.clone().exp() * log_p).sum_dim(1).mean().neg()
        };
        // One shard: the batch is normalised as a whole.
        let (norms, entropy) = self.optimiser.step(self.norms.clone(), 1, loss, self.learning_rate)?;
        self.norms = norms;
        Ok(entropy)
    }
}
