//! Dreams: q2 learns the explicit mechanisms on what they make of clean data, without labels and without
//! manipulated data (the sleep phase of wake-sleep: Hinton et al., Science 268, 1995).

use burn::module::Module;
use burn::tensor::Tensor;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::batch;
use crate::data::{Dataset, shuffled};
use crate::input::Input;
use crate::model::{DeepCama, Evidence, ManipulationModel};
use crate::optimise::{Optimiser, at_step, check_loop, cosine, shard, shards};
use crate::progress::{Event, Observer, Phase};
use crate::{Error, Result};

/// How to dream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DreamConfig {
    /// Optimiser steps; 0 dreams nothing.
    pub steps: usize,
    /// Examples a step.
    pub batch: usize,
    /// Peak learning rate; the schedule is warmed up over a twentieth of the steps, then a cosine.
    pub learning_rate: f64,
    /// Probability that a whole mechanism, or else one component of its m, is left at zero: what is absent
    /// must be recognised as absent, most of all where mechanisms can take each other's place.
    pub off: f64,
    /// Bound on the gradient's norm.
    pub gradient_clip: f64,
}

impl Default for DreamConfig {
    fn default() -> Self {
        Self { steps: 2000, batch: 64, learning_rate: 3e-3, off: 0.25, gradient_clip: 10.0 }
    }
}

impl DreamConfig {
    /// Checks every field.
    pub fn check(&self) -> Result<()> {
        check_loop("dream", self.steps, self.batch, self.learning_rate, self.gradient_clip)?;
        if !(0.0..1.0).contains(&self.off) {
            return Err(Error::config("dream.off", self.off, "a probability below 1"));
        }
        Ok(())
    }
}

/// Fits q2 of the explicit mechanisms by maximising log q2(m|T_m(x)) over clean examples x and m from its
/// prior. A model without an explicit mechanism comes back as it is.
///
/// # Errors
///
/// If the examples do not fit, `config` is not allowed, numbers diverge, or the observer stops it.
pub fn dream<D: Dataset>(
    mut model: DeepCama,
    clean: &D,
    config: &DreamConfig,
    seed: u64,
    observer: &mut Observer,
) -> Result<DeepCama> {
    config.check()?;
    model.check_fits(clean)?;
    let input = model.config().input.clone();
    let Some(mut parts) = model.m.take() else { return Ok(model) };
    let explicit = parts.explicit();
    if !explicit.contains(&true) || config.steps == 0 {
        model.m = Some(parts);
        return Ok(model);
    }
    let device = parts.devices().into_iter().next().unwrap_or_default();
    let wanted: Vec<f32> = explicit.iter().map(|&e| f32::from(u8::from(e))).collect();
    let wanted: Tensor<2> = Tensor::<1>::from_floats(wanted.as_slice(), &device).unsqueeze();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut optimiser = Optimiser::new(config.gradient_clip);
    let mut order = Vec::new();
    for step in 0..config.steps {
        if order.len() < config.batch {
            order.extend(shuffled(clean.len(), &mut rng));
        }
        let batch = order.split_off(order.len() - config.batch.min(order.len()));
        let shards = shards(&device).min(batch.len());
        let seeds: Vec<u64> = (0..shards).map(|_| rng.random()).collect();
        let at_rest = parts.clone();
        let loss = |parts: &ManipulationModel, i: usize| {
            let indices = shard(&batch, i, shards);
            let mut rng = ChaCha8Rng::seed_from_u64(seeds[i]);
            let (m, seen) = fantasy(&at_rest, clean, indices, &input, config.off, &mut rng);
            explicit_log_prob(parts, &wanted, m, &seen).sum().mul_scalar(-1.0 / batch.len() as f64)
        };
        let rate = cosine(config.learning_rate, config.steps / 20, step, config.steps);
        let (next, loss) =
            optimiser.step(parts, shards, loss, rate).map_err(|e| at_step(e, "dreaming", step))?;
        parts = next;
        let event = Event::Step { phase: Phase::Dream, done: step + 1, total: config.steps, loss };
        if observer(event).is_break() {
            return Err(Error::Interrupted("nothing of the dreams was kept".into()));
        }
    }
    model.m = Some(parts);
    Ok(model)
}

/// m from its prior, with mechanisms and components left at zero, and T_m of clean examples.
fn fantasy<D: Dataset>(
    parts: &ManipulationModel,
    clean: &D,
    batch: &[usize],
    input: &Input,
    off: f64,
    rng: &mut ChaCha8Rng,
) -> (Tensor<2>, Evidence) {
    let device = parts.devices().into_iter().next().unwrap_or_default();
    let m = parts.draw_explicit(batch.len(), off, rng);
    let clean = batch::evidence(clean, batch.iter().copied(), &device);
    let x = parts.happens(&m, clean.x, input);
    (m, Evidence { x, ..clean })
}

/// log q2(m|x) of the `wanted` components, where it is 1 and not 0, `[1, dim]`: `[batch]`.
fn explicit_log_prob(
    parts: &ManipulationModel,
    wanted: &Tensor<2>,
    m: Tensor<2>,
    seen: &Evidence,
) -> Tensor<1> {
    let batch = m.dims()[0];
    let q2 = parts.posterior(seen);
    let scaled = (m - q2.mean).square() * q2.log_var.clone().neg().exp();
    let log_2pi = (2.0 * std::f64::consts::PI).ln();
    ((scaled + q2.log_var + log_2pi) * wanted.clone()).sum_dim(1).mul_scalar(-0.5).reshape([batch])
}
