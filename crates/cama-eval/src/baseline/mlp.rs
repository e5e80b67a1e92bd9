//! A fully connected discriminative network.

use burn::module::Module;
use burn::nn::Linear;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use cama::data::shuffled;
use cama::network::{Init, Initialisation};
use cama::{Error, Observer, Result};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::features::{Features, Labelled, softmax};
use super::report;
use super::scale::{Scale, Scaling};

/// How to train a fully connected network with rectified linear units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MlpConfig {
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// Share of the hidden units that are silenced in each training step.
    pub dropout: f64,
    /// Learning rate of Adam at the start; it falls along half a cosine to zero.
    pub learning_rate: f64,
    /// Weight decay, decoupled from the gradient but times the learning rate (Loshchilov & Hutter, ICLR 2019).
    pub weight_decay: f64,
    /// Examples a step.
    pub batch: usize,
    /// Optimiser steps; the state with the best likelihood of the held-out labels is kept.
    pub steps: usize,
}

impl Default for MlpConfig {
    fn default() -> Self {
        Self {
            hidden: vec![400, 400],
            dropout: 0.3,
            learning_rate: 1e-3,
            weight_decay: 1.0,
            batch: 64,
            steps: 4000,
        }
    }
}

impl MlpConfig {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for the first that is not allowed.
    pub fn check(&self) -> Result<()> {
        let hidden = self.hidden.len() <= 20 && self.hidden.iter().all(|units| (1..=10_000).contains(units));
        if !hidden {
            let value = format!("{:?}", self.hidden);
            return Err(Error::config("mlp.hidden", value, "at most 20 layers of 1 to 10000 units"));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(Error::config("mlp.dropout", self.dropout, "at least 0 and below 1"));
        }
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            return Err(Error::config("mlp.learning_rate", self.learning_rate, "above 0 and at most 1"));
        }
        if !(0.0..=100.0).contains(&self.weight_decay) {
            return Err(Error::config("mlp.weight_decay", self.weight_decay, "from 0 to 100"));
        }
        for (field, value, most) in [("mlp.batch", self.batch, 65_536), ("mlp.steps", self.steps, 10_000_000)]
        {
            if !(1..=most).contains(&value) {
                return Err(Error::config(field, value, format!("from 1 to {most}")));
            }
        }
        Ok(())
    }
}

/// A trained fully connected network.
#[derive(Clone, Debug)]
pub struct Mlp {
    network: Network,
    scaling: Scaling,
}

impl Mlp {
    /// The fewest steps between two looks at the held-out examples.
    const WATCH_EVERY: usize = 50;

    pub(super) fn fit(
        data: &Labelled,
        config: &MlpConfig,
        seed: u64,
        observer: &mut Observer,
    ) -> Result<Self> {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let device = Device::flex();
        let (train, held_out) = data.split(rng);
        let scaling = Scale::of(&data.features, &train).on(&device);
        let mut network = Network::new(data, config, rng, &device);
        let batch = |indices: &[usize]| {
            let x = data.features.tensor(indices.iter().copied(), &device);
            let labels: Vec<i64> = indices.iter().map(|&i| data.labels[i] as i64).collect();
            (x, Tensor::<1, Int>::from_data(TensorData::new(labels, [indices.len()]), &device))
        };
        let watched = batch(&held_out);

        let mut adam = AdamWConfig::new()
            // PyTorch's default; Burn's own, 1e-5, damps small gradients.
            .with_epsilon(1e-8)
            .with_weight_decay(config.weight_decay as f32)
            .init();
        let watch_every = train.len().div_ceil(config.batch).max(Self::WATCH_EVERY);
        let mut best: Option<(f64, Network)> = None;
        let mut order: Vec<usize> = Vec::new();
        for step in 0..config.steps {
            if order.is_empty() {
                order = shuffled(train.len(), rng).into_iter().map(|i| train[i]).collect();
            }
            let indices = order.split_off(order.len().saturating_sub(config.batch));
            let (x, y) = batch(&indices);
            let module = network.train();
            let masks = config.masks(indices.len(), rng, &device);
            let loss = cross_entropy(module.forward(scaling.forward(x), &masks), y);
            let value = f64::from(loss.clone().into_scalar::<f32>());
            let gradients = GradientsParams::from_grads(loss.backward(), &module);
            let rate = 0.5
                * config.learning_rate
                * (1.0 + (std::f64::consts::PI * step as f64 / config.steps as f64).cos());
            network = adam.step(rate, module, gradients).valid();
            if !value.is_finite() {
                return Err(Error::Diverged(format!(
                    "the loss of `mlp` is {value} in step {}; try a lower learning rate",
                    step + 1
                )));
            }
            if (step + 1) % watch_every == 0 || step + 1 == config.steps {
                let (x, y) = watched.clone();
                let loss = f64::from(
                    cross_entropy(network.forward(scaling.forward(x), &[]), y).into_scalar::<f32>(),
                );
                if best.as_ref().is_none_or(|(lowest, _)| loss < *lowest) {
                    best = Some((loss, network.clone()));
                }
            }
            report(observer, "mlp", step + 1, config.steps, value)?;
        }
        let network = best.map_or(network, |(_, network)| network);
        Ok(Self { network, scaling })
    }

    pub(super) fn probabilities(&self, features: &Features) -> Vec<Vec<f64>> {
        let all: Vec<usize> = (0..features.len()).collect();
        let part = |indices: &[usize]| {
            let scores = self.scores(features.tensor(indices.iter().copied(), &Device::flex()));
            let classes = scores.dims()[1];
            let scores: Vec<f32> =
                scores.into_data().convert::<f32>().try_into_vec().expect("the data was converted to f32");
            let scores: Vec<f64> = scores.into_iter().map(f64::from).collect();
            scores.chunks(classes).map(softmax).collect::<Vec<_>>()
        };
        all.chunks(1000).flat_map(part).collect()
    }

    /// log p(y|·), `[rows, classes]`, differentiable in `x`, `[rows, width]`.
    pub(super) fn log_probabilities(&self, x: Tensor<2>) -> Tensor<2> {
        activation::log_softmax(self.scores(x), 1)
    }

    /// Unnormalised log-probabilities, `[rows, classes]`.
    fn scores(&self, x: Tensor<2>) -> Tensor<2> {
        self.network.forward(self.scaling.forward(x), &[])
    }
}

impl MlpConfig {
    /// For each hidden layer 1/(1 − p), or 0 for a unit that is silenced, `[rows, units]`; none without dropout.
    ///
    /// Drawn on the host: the seeds of devices are global and differ between backends.
    fn masks(&self, rows: usize, rng: &mut ChaCha8Rng, device: &Device) -> Vec<Tensor<2>> {
        if self.dropout == 0.0 {
            return Vec::new();
        }
        let kept = (1.0 / (1.0 - self.dropout)) as f32;
        let silenced_below = (self.dropout * f64::from(u32::MAX)) as u32;
        let mut mask = |units: usize| {
            let values: Vec<f32> =
                (0..rows * units).map(|_| if rng.next_u32() < silenced_below { 0.0 } else { kept }).collect();
            Tensor::from_data(TensorData::new(values, [rows, units]), device)
        };
        self.hidden.iter().map(|&units| mask(units)).collect()
    }
}

/// Linear layers with rectified linear units between them.
#[derive(Module, Debug)]
struct Network {
    layers: Vec<Linear>,
}

impl Network {
    fn new(data: &Labelled, config: &MlpConfig, rng: &mut ChaCha8Rng, device: &Device) -> Self {
        let mut init = Init { scheme: Initialisation::He, negative_slope: 0.0, rng, device };
        let mut widths = vec![data.features.width()];
        widths.extend(&config.hidden);
        widths.push(data.classes);
        Self { layers: widths.windows(2).map(|w| init.linear(w[0], w[1], true)).collect() }
    }

    /// Unnormalised log-probabilities, `[rows, classes]`, of `x`, `[rows, width]`; `masks` multiply the hidden
    /// layers, if there are any.
    fn forward(&self, x: Tensor<2>, masks: &[Tensor<2>]) -> Tensor<2> {
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(x, |x, (i, layer)| {
            let x = layer.forward(x);
            match masks.get(i) {
                _ if i == last => x,
                Some(mask) => activation::relu(x) * mask.clone(),
                None => activation::relu(x),
            }
        })
    }
}

/// Mean −log p of the classes `y`, `[rows]`, under `scores`, `[rows, classes]`; `[1]`.
fn cross_entropy(scores: Tensor<2>, y: Tensor<1, Int>) -> Tensor<1> {
    activation::log_softmax(scores, 1).gather(1, y.unsqueeze_dim(1)).mean().neg()
}
