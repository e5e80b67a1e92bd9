//! Adaptation at test time by entropy minimisation: TENT (Wang et al., ICLR 2021).
//!
//! Of a network with batch normalisation the scale and the shift after each normalisation are moved down the gradient
//! of the mean entropy of its own predictions on unlabelled examples, batch by batch, normalised by the batch's own
//! statistics. Everything else stays.

use std::ops::Range;

use burn::tensor::{Device, Tensor, activation};
use cama::fit::{Batch, Fit, Objective, Schedule, Shard};
use cama::optimise::Optimiser;
use cama::{Error, Observer, Phase, Result, silent};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::conv::{Conv, Norms};
use super::features::Features;
use super::network::{Layers, Network, Part, mixed_parts, rows_of};
use super::norm::Statistics;
use super::report::interrupted;
use super::tent_config::TentConfig;

/// The network after it adapted to `features`.
pub(super) fn adapt(
    network: &Network,
    features: &Features,
    config: &TentConfig,
    seed: u64,
    observer: &mut Observer,
) -> Result<Network> {
    let conv = normalised(network).ok_or_else(|| no_norms("this network"))?;
    let parts = |epoch: usize| mixed_parts(features.len(), config.batch, seed.wrapping_add(epoch as u64));
    let total = config.epochs * parts(0).len();
    let mut parts = (0..config.epochs).flat_map(parts);
    let batch = |_| features.tensor(parts.next().expect("one a step").into_iter(), &Device::flex());
    let mut adapting = Adapting::new(conv, network, config, total);
    match adapting.run(0..total, batch, observer)? {
        true => {
            Ok(Network { layers: Layers::Conv(conv.clone().with_norms(adapting.norms)), ..network.clone() })
        }
        false => Err(interrupted("tent")),
    }
}

/// The indices and probabilities of each batch, from the network as all batches before have left it: it adapts to the
/// examples that it predicts, and forgets them before the next call.
pub(super) fn online(network: &Network, features: &Features, config: &TentConfig) -> Result<Vec<Part>> {
    let conv = normalised(network).ok_or_else(|| no_norms("this network"))?;
    let parts = mixed_parts(features.len(), config.batch, 0);
    let mut adapting = Adapting::new(conv, network, config, parts.len());
    let part = |(step, part): (usize, Vec<usize>)| {
        let x = features.tensor(part.iter().copied(), &Device::flex());
        // As its authors do: the prediction comes before the step that this batch causes.
        let scores = conv.forward_by(&adapting.norms, network.scaled(x.clone()), None, Statistics::Batch).0;
        adapting.run(step..step + 1, |_| x.clone(), &mut silent)?;
        Ok((part, rows_of(scores)))
    };
    parts.into_iter().enumerate().map(part).collect()
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

/// A batch that is not cut into shards, because it is normalised as a whole.
struct Whole(Tensor<2>);

impl Batch for Whole {
    fn size(&self) -> usize {
        1
    }
}

/// A network while it adapts.
struct Adapting<'a> {
    conv: &'a Conv,
    network: &'a Network,
    norms: Norms,
    optimiser: Optimiser,
    schedule: Schedule,
}

impl<'a> Adapting<'a> {
    fn new(conv: &'a Conv, network: &'a Network, config: &TentConfig, total: usize) -> Self {
        let learning_rate = config.learning_rate;
        let schedule = Schedule { phase: Phase::Train, total, learning_rate, warm_up: 0, decay: false };
        Self { conv, network, norms: conv.norms().clone(), optimiser: Optimiser::new(0.0), schedule }
    }

    /// Takes the `steps`, each down the gradient of the mean entropy, in nats, of its `batch`; whether the observer let
    /// all of them be taken.
    fn run(
        &mut self,
        steps: Range<usize>,
        mut batch: impl FnMut(usize) -> Tensor<2>,
        observer: &mut Observer,
    ) -> Result<bool> {
        let (conv, network) = (self.conv, self.network);
        let loss = |norms: &Norms, x: &Whole, _: Shard, _: &mut ChaCha8Rng| {
            let x = network.scaled(x.0.clone());
            let log_p = activation::log_softmax(conv.forward_by(norms, x, None, Statistics::Batch).0, 1);
            (log_p.clone().exp() * log_p).sum_dim(1).mean().neg()
        };
        // The loss draws nothing.
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let fit = Fit { schedule: self.schedule, optimiser: &mut self.optimiser, rng, observer };
        let objective = Objective { batch: |step, _: &mut ChaCha8Rng| Whole(batch(step)), loss };
        let fitted = fit.run(steps, self.norms.clone(), &Device::flex(), objective, |_, _| Ok(()))?;
        let done = fitted.is_some();
        fitted.into_iter().for_each(|(norms, _)| self.norms = norms);
        Ok(done)
    }
}
