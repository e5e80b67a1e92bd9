//! Latents of clean examples, from which searches start.

use std::sync::{Arc, Mutex, OnceLock};

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::config::check_floor;
use crate::batch::{self, host};
use crate::data::Dataset;
use crate::likelihood::LikelihoodParams;
use crate::model::{DeepCama, Given, Observed, Pairs};
use crate::network::unread;
use crate::{Error, Result};

/// Examples that q1 is asked about at a time.
const AT_ONCE: usize = 200;

/// Latents of a class that are decoded for each example, where what they are decoded to depends on it.
const DECODED: usize = 50;

/// What there is to know of a bank besides its latents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankConfig {
    /// Latents of each class, one class after another; empty for a factor model, which searches no latents.
    pub latents: Vec<usize>,
    /// Length of each.
    pub z: usize,
    /// π, the probability of an outlier, unless one is asked for: see [`Cama::with_bank`](crate::Cama::with_bank).
    pub floor: f64,
    /// The suspicion that one in a hundred clean examples exceeds, in nats.
    pub suspicious_above: f64,
    /// Accuracy on the clean examples that `floor` was chosen with, at every π that was tried.
    pub tried: Vec<(f64, f64)>,
}

impl BankConfig {
    /// Errors unless it can be of a model with so many classes and such latents.
    pub fn check(&self, classes: usize, z: usize) -> Result<()> {
        let known = self.latents.is_empty() || self.latents.len() == classes;
        let total = self.latents.iter().try_fold(0usize, |total, latents| total.checked_add(*latents));
        if !known || self.latents.contains(&0) || total.is_none() || self.z != z {
            return Err(Error::Mismatch("the bank of latents is of another model".into()));
        }
        if !self.suspicious_above.is_finite() {
            return Err(Error::config("bank.suspicious_above", self.suspicious_above, "a number"));
        }
        check_floor("bank.floor", self.floor)
    }
}

/// Latents of clean examples of every class, with which [`Inference::Optimise`](crate::Inference::Optimise) starts, and what
/// was found out about it on clean data.
#[derive(Module, Debug)]
pub struct Bank {
    /// `[latents, z]`, one class after another.
    z: Param<Tensor<2>>,
    #[module(skip)]
    config: BankConfig,
    #[module(skip)]
    decoded: OnceLock<Decoded>,
}

/// What the latents are decoded to.
#[derive(Clone, Debug)]
struct Decoded {
    /// Log-odds of the pixels, `[latents, pixels]`.
    logits: Tensor<2>,
    /// log p(z), `[1, latents]`, but for a constant.
    log_pz: Tensor<2>,
    /// What was last made of the log-odds, with the probability of an outlier that it is for: as a rule that is always the same.
    floored: Arc<Mutex<Option<(f64, Floored)>>>,
}

/// Scores of the latents, linear in X.
#[derive(Clone, Debug)]
struct Floored {
    /// `[pixels, latents]`.
    slopes: Tensor<2>,
    /// `[1, latents]`.
    constants: Tensor<2>,
}

impl Bank {
    /// A bank of a model's configuration, whose latents are still zero.
    pub(crate) fn empty(config: &BankConfig, device: &Device) -> Self {
        // No tensor is empty.
        let n = config.latents.iter().sum::<usize>().max(1);
        let z = unread([n, config.z], device);
        Self { z, config: config.clone(), decoded: OnceLock::new() }
    }

    /// A bank for a factor model, which needs no latents.
    pub(crate) fn without_latents(model: &DeepCama) -> Self {
        let z = model.config().z;
        let config =
            BankConfig { latents: Vec::new(), z, floor: 0.0, suspicious_above: 0.0, tried: Vec::new() };
        Self::empty(&config, &model.device())
    }

    /// q1's means of the examples of every class of `clean`, of those at `indices` and of no more than `most` a class.
    ///
    /// # Errors
    ///
    /// If the examples have no labels, or a class has none.
    pub(crate) fn of<D: Dataset>(
        model: &DeepCama,
        clean: &D,
        indices: &[usize],
        most: usize,
    ) -> Result<Self> {
        model.check_labelled(clean)?;
        let (model, device) = (&model.valid(), model.device());
        let labels = clean.labels().unwrap_or_default();
        let (mut z, mut latents) = (Vec::new(), Vec::new());
        for class in 0..model.config().classes {
            let of_class: Vec<usize> =
                indices.iter().copied().filter(|&i| labels[i] == class).take(most).collect();
            if of_class.is_empty() {
                return Err(Error::Mismatch(format!(
                    "{} has no example of class `{}` left for the bank of latents; give more clean examples",
                    clean.name(),
                    clean.classes().get(class).map_or("?", String::as_str)
                )));
            }
            latents.push(of_class.len());
            for part in of_class.chunks(AT_ONCE) {
                let observed = batch::observed(clean, part.iter().copied(), &device);
                let q1 = model.style(&observed, Some(batch::labels(clean, part, &device)), None);
                z.extend(host(q1.mean));
            }
        }
        let config =
            BankConfig { latents, z: model.config().z, floor: 0.0, suspicious_above: 0.0, tried: Vec::new() };
        let n = config.latents.iter().sum();
        let z = Tensor::from_data(TensorData::new(z, [n, config.z]), &device);
        Ok(Self { z: Param::from_tensor(z), config, decoded: OnceLock::new() })
    }

    /// What there is to know of it besides its latents.
    pub fn config(&self) -> &BankConfig {
        &self.config
    }

    /// The same with other findings.
    pub(crate) fn with(self, config: BankConfig) -> Self {
        Self { config, ..self }
    }

    /// Where the latents of a class stand.
    fn of_class(&self, class: usize) -> std::ops::Range<usize> {
        let first = self.config.latents[..class].iter().sum();
        first..first + self.config.latents[class]
    }

    /// The `count` latents of each class that explain every example best, `[batch, classes, count, z]`, one after another;
    /// fewer are repeated. `restored` is X with what the explicit mechanisms did undone.
    pub(super) fn nearest(
        &self,
        model: &DeepCama,
        given: &Given,
        restored: &Observed,
        (count, share): (usize, f64),
    ) -> Vec<f32> {
        let (batch, classes) = (restored.x.dims()[0], model.config().classes);
        let decoded = self.decoded(model);
        let all = decoded.map(|decoded| decoded.scores(restored.x.clone(), share));
        let z = host(self.z.val());
        let by_class: Vec<(Vec<usize>, Vec<f32>)> = (0..classes)
            .map(|class| match &all {
                Some(all) => {
                    let of = self.of_class(class);
                    let total = all.len() / batch;
                    let scores =
                        (0..batch).flat_map(|i| all[i * total..][of.clone()].iter().copied()).collect();
                    (of.collect(), scores)
                }
                None => self.asked(model, given, class, share),
            })
            .collect();
        let mut nearest = Vec::with_capacity(batch * classes * count * self.config.z);
        for i in 0..batch {
            for (at, scores) in &by_class {
                let scores = &scores[i * at.len()..(i + 1) * at.len()];
                let mut order: Vec<usize> = (0..at.len()).collect();
                order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
                for found in order.iter().cycle().take(count) {
                    nearest.extend_from_slice(&z[at[*found] * self.config.z..][..self.config.z]);
                }
            }
        }
        nearest
    }

    /// Where some latents of a class stand, and how well each explains every example, in nats.
    fn asked(&self, model: &DeepCama, given: &Given, class: usize, share: f64) -> (Vec<usize>, Vec<f32>) {
        let of = self.of_class(class);
        let step = of.len().div_ceil(DECODED);
        let at: Vec<usize> = of.step_by(step).collect();
        let device = model.device();
        let batch = given.batch();
        let pairs: Vec<(usize, usize)> = (0..batch).map(|i| (i, class)).collect();
        let rows: Vec<i64> = at.iter().map(|&i| i as i64).collect();
        let rows = Tensor::from_data(TensorData::new(rows, [at.len()]), &device);
        let z = self.z.val().select(0, rows).reshape([1, 1, at.len(), self.config.z]);
        let z = z.repeat_dim(0, batch);
        (at, host(model.explain_at(&given.pairs(&Pairs::new(&pairs, &device)), z, share)))
    }

    /// What the latents are decoded to, where that is the same for all examples.
    fn decoded(&self, model: &DeepCama) -> Option<&Decoded> {
        if model.config().data.image().is_none() || !model.is_bernoulli() {
            return None;
        }
        Some(self.decoded.get_or_init(|| {
            let z = self.z.val();
            let log_pz = z.clone().square().sum_dim(1).mul_scalar(-0.5).transpose();
            let logits = decoded(model, &z, &self.config.latents);
            Decoded { logits, log_pz, floored: Arc::default() }
        }))
    }
}

/// Log-odds of the pixels that latents of Bernoulli images are decoded to, `[latents, pixels]`, with do(m = 0).
fn decoded(model: &DeepCama, z: &Tensor<2>, latents: &[usize]) -> Tensor<2> {
    let [n, dim] = z.dims();
    let labels: Vec<i64> = latents.iter().enumerate().flat_map(|(c, n)| vec![c as i64; *n]).collect();
    let parts = (0..n).step_by(AT_ONCE).map(|first| {
        let length = AT_ONCE.min(n - first);
        let part = labels[first..first + length].to_vec();
        let part = Tensor::from_data(TensorData::new(part, [length]), &z.device());
        let z = z.clone().narrow(0, first, length).reshape([length, 1, 1, dim]);
        match model.observe(Some(part), None, z, None) {
            LikelihoodParams::BernoulliLogits(logits) => logits.squeeze_dim::<2>(1),
            _ => unreachable!("Bernoulli pixels without m are given by their logits"),
        }
    });
    Tensor::cat(parts.collect(), 0)
}

impl Decoded {
    /// log p(x|y,z) + log p(z) of every latent for every example, `[batch, latents]`, but for a constant: a product of matrices,
    /// as log p of a Bernoulli pixel is linear in it.
    fn scores(&self, x: Tensor<2>, share: f64) -> Vec<f32> {
        let mut known = self.floored.lock().expect("no thread panicked");
        let floored = match &*known {
            Some((of, floored)) if *of == share => floored.clone(),
            _ => known.insert((share, self.floored(share))).1.clone(),
        };
        drop(known);
        host(x.matmul(floored.slopes) + floored.constants)
    }

    fn floored(&self, share: f64) -> Floored {
        let p = cama_kernels::likelihood::sigmoid(self.logits.clone());
        let p = p.mul_scalar(1.0 - share).add_scalar(0.5 * share);
        let margin = f64::from(cama_kernels::likelihood::MARGIN);
        let p = p.clamp(margin, 1.0 - margin);
        let log_q = p.clone().neg().add_scalar(1.0).log();
        let slopes = (p.log() - log_q.clone()).transpose();
        Floored { slopes, constants: log_q.sum_dim(1).transpose() + self.log_pz.clone() }
    }
}
