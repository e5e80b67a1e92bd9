//! Dreams: q2 learns the explicit mechanisms on what they make of clean data, without labels and without
//! manipulated data (the sleep phase of wake-sleep: Hinton et al., Science 268, 1995).

use burn::tensor::Tensor;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::batch;
use crate::data::{DataShape, Dataset, shuffled};
use crate::fit::{Fit, Objective, Schedule, Shard, check_loop};
use crate::mechanism::{Field, FieldOfData};
use crate::model::{DeepCama, Mechanisms, Observed};
use crate::optimise::Optimiser;
use crate::progress::{Observer, Phase};
use crate::{Checked, Config, Error, Result};

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
    /// Bound on the gradient's norm; 0 is no bound.
    pub gradient_clip: f64,
}

impl Default for DreamConfig {
    fn default() -> Self {
        Self { steps: 2000, batch: 64, learning_rate: 3e-3, off: 0.25, gradient_clip: 10.0 }
    }
}

impl Config for DreamConfig {
    fn validate(&self) -> Result<()> {
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
/// If the examples do not fit, numbers diverge, or the observer stops it.
pub fn dream<D: Dataset>(
    mut model: DeepCama,
    clean: &D,
    config: &Checked<DreamConfig>,
    seed: u64,
    observer: &mut Observer,
) -> Result<DeepCama> {
    model.check_fits(clean)?;
    let (data, device) = (model.config().data.clone(), model.device());
    let dreams = model.mechanisms().is_some_and(|mechanisms| mechanisms.explicit().contains(&true));
    let Some(mechanisms) = model.m.take_if(|_| dreams && config.steps > 0) else { return Ok(model) };
    let explicit: Vec<f32> = mechanisms.explicit().iter().map(|&e| f32::from(u8::from(e))).collect();
    let explicit: Tensor<2> = Tensor::<1>::from_floats(explicit.as_slice(), &device).unsqueeze();
    // T_m is that of the priors before the first step: dreams fit q2 to it, and not it to q2.
    let at_rest = mechanisms.clone();
    let loss = |mechanisms: &Mechanisms, batch: &Vec<usize>, shard: Shard, rng: &mut ChaCha8Rng| {
        let (m, observed) = fantasy(&at_rest, clean, shard.part(batch), &data, config.off, rng);
        log_q2(mechanisms, &explicit, m, &observed).sum().mul_scalar(-1.0 / batch.len() as f64)
    };
    let mut order = Vec::new();
    let batch = |_, rng: &mut ChaCha8Rng| next_batch(&mut order, config.batch, clean.len(), rng);
    let fit = Fit {
        schedule: Schedule::cosine(Phase::Dream, config.steps, config.learning_rate),
        optimiser: &mut Optimiser::new(config.gradient_clip),
        rng: &mut ChaCha8Rng::seed_from_u64(seed),
        observer,
    };
    let objective = Objective { batch, loss };
    let fitted = fit.run(0..config.steps, mechanisms, &device, objective, |_, _| Ok(()))?;
    let (mechanisms, _) =
        fitted.ok_or_else(|| Error::Interrupted("nothing of the dreams was kept".into()))?;
    model.m = Some(mechanisms);
    Ok(model)
}

/// Fits the field of a model, if it has one, to what it dreams of: see [`Field`](crate::mechanism::Field). Some of the clean
/// examples are moved first by the mechanisms of place, from whose doing the field is to tell its own.
///
/// # Errors
///
/// If the examples do not fit, numbers diverge, or the observer stops it.
pub fn dream_field<D: Dataset>(
    model: DeepCama,
    clean: &D,
    off: f64,
    seed: u64,
    observer: &mut Observer,
) -> Result<DeepCama> {
    model.check_fits(clean)?;
    match model.field() {
        Some(field) if field.config().steps > 0 => {
            let dreams = FieldDreaming { clean, of_data: None, steps: field.config().steps, off };
            let field = dreams.fit(field.clone(), &model, seed, observer)?;
            Ok(model.with_field(field))
        }
        _ => Ok(model),
    }
}

/// What a field dreams of, and for how long.
pub(crate) struct FieldDreaming<'a, D> {
    pub clean: &'a D,
    /// In what share of the dreams what was done to the images of a data set is done to clean ones.
    pub of_data: Option<(&'a FieldOfData, f64)>,
    pub steps: usize,
    /// As [`DreamConfig::off`].
    pub off: f64,
}

impl<D: Dataset> FieldDreaming<'_, D> {
    /// Fits the field, which is that of `model`.
    pub fn fit(&self, field: Field, model: &DeepCama, seed: u64, observer: &mut Observer) -> Result<Field> {
        let Self { clean, of_data, steps, off } = *self;
        let (config, device) = (field.config().clone(), model.device());
        let loss = |field: &Field, batch: &Vec<usize>, shard: Shard, rng: &mut ChaCha8Rng| {
            let x = moved(model, clean, shard.part(batch), config.dreams.moved, off, rng);
            field.loss(&field.dream(x, of_data, rng)).sum().mul_scalar(1.0 / batch.len() as f64)
        };
        let mut order = Vec::new();
        let batch = |_, rng: &mut ChaCha8Rng| next_batch(&mut order, config.batch, clean.len(), rng);
        let fit = Fit {
            schedule: Schedule::cosine(Phase::Dream, steps, config.learning_rate),
            optimiser: &mut Optimiser::new(config.gradient_clip),
            rng: &mut ChaCha8Rng::seed_from_u64(seed),
            observer,
        };
        let fitted = fit.run(0..steps, field, &device, Objective { batch, loss }, |_, _| Ok(()))?;
        let (field, _) = fitted.ok_or_else(|| Error::Interrupted("nothing of the dreams was kept".into()))?;
        Ok(field)
    }
}

/// The next examples of an order that is shuffled anew when it runs out.
fn next_batch(order: &mut Vec<usize>, size: usize, of: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    if order.len() < size {
        order.extend(shuffled(of, rng));
    }
    order.split_off(order.len() - size.min(order.len()))
}

/// Clean examples, `[indices, width]`, a `share` of them moved by the mechanisms of place, with m from its prior.
fn moved<D: Dataset>(
    model: &DeepCama,
    clean: &D,
    indices: &[usize],
    share: f64,
    off: f64,
    rng: &mut ChaCha8Rng,
) -> Tensor<2> {
    let x = batch::observed(clean, indices.iter().copied(), &model.device()).x;
    let Some(mechanisms) = model.mechanisms().filter(|_| share > 0.0) else { return x };
    let kept: Vec<f32> = indices.iter().map(|_| f32::from(u8::from(rng.random_bool(share)))).collect();
    let kept = Tensor::<1>::from_floats(kept.as_slice(), &x.device()).unsqueeze_dim(1);
    let m = mechanisms.draw_explicit(indices.len(), off, rng) * mechanisms.of_place() * kept;
    mechanisms.apply(&m, x, &model.config().data)
}

/// m from its prior, with mechanisms and components left at zero, and T_m of clean examples.
fn fantasy<D: Dataset>(
    mechanisms: &Mechanisms,
    clean: &D,
    indices: &[usize],
    data: &DataShape,
    off: f64,
    rng: &mut ChaCha8Rng,
) -> (Tensor<2>, Observed) {
    let m = mechanisms.draw_explicit(indices.len(), off, rng);
    let clean = batch::observed(clean, indices.iter().copied(), &m.device());
    let x = mechanisms.apply(&m, clean.x, data);
    (m, Observed { x, ..clean })
}

/// log q2(m|x) of the components for which `explicit` is 1 and not 0, `[1, dim]`: `[batch]`, in nats.
fn log_q2(mechanisms: &Mechanisms, explicit: &Tensor<2>, m: Tensor<2>, observed: &Observed) -> Tensor<1> {
    let batch = m.dims()[0];
    let q2 = mechanisms.posterior(observed);
    let scaled = (m - q2.mean).square() * q2.log_var.clone().neg().exp();
    let log_2pi = (2.0 * std::f64::consts::PI).ln();
    ((scaled + q2.log_var + log_2pi) * explicit.clone()).sum_dim(1).mul_scalar(-0.5).reshape([batch])
}
