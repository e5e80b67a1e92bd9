//! m of a data set under a factor model: one shift, scale and noise of each column, and what it does to each class.
//!
//! All of z is integrated out, so the bound of Eq. 7 with one m for all rows is their log-likelihood, and m is where that
//! and log p(m) are highest. Three things keep it from a wrong answer: it starts where the moments of the columns say;
//! likelihoods are tempered, at first more, as columns are less independent than the model has them; and classes that
//! would vanish are missed.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::input::NOTHING_KEPT;
use crate::batch::{self, host};
use crate::data::{Dataset, shuffled};
use crate::fit::{Batch, Fit, Objective, Schedule, Shard};
use crate::log_sum::logsumexp;
use crate::mechanism::ColumnEffect;
use crate::model::{DeepCama, Factor, Observed, Under, tempered};
use crate::optimise::Optimiser;
use crate::progress::{Observer, Phase};
use crate::{Config, Error, Result};

/// How m of a data set is found under a factor model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatasetConfig {
    /// Optimiser steps on the m that all classes share.
    pub steps: usize,
    /// Peak learning rate of Adam.
    pub learning_rate: f64,
    /// The most rows that they see.
    pub rows: usize,
    /// Weight of KL(shares of the classes in the training data ‖ shares found), in nats a row: how much the shares are
    /// bound to what they were.
    pub share_weight: f64,
    /// Rounds in which the means of the classes then move, each by itself.
    pub rounds: usize,
    /// Optimiser steps on the shared m after each round.
    pub round_steps: usize,
    /// So many rows' worth of belief that a class has not moved by itself.
    pub pseudo_rows: f64,
}

impl Default for DatasetConfig {
    fn default() -> Self {
        Self {
            steps: 200,
            learning_rate: 0.03,
            rows: 600,
            share_weight: 10.0,
            rounds: 4,
            round_steps: 60,
            pseudo_rows: 20.0,
        }
    }
}

impl Config for DatasetConfig {
    fn validate(&self) -> Result<()> {
        for (field, value, least) in [
            ("steps", self.steps, 0),
            ("rows", self.rows, 1),
            ("rounds", self.rounds, 0),
            ("round_steps", self.round_steps, 0),
        ] {
            if !(least..=1_000_000).contains(&value) {
                let allowed = format!("from {least} to 1000000");
                return Err(Error::config(format!("adapt.dataset.{field}"), value, allowed));
            }
        }
        let rates = [("learning_rate", self.learning_rate, 1.0), ("pseudo_rows", self.pseudo_rows, 1e9)];
        for (field, value, most) in rates {
            if !(value > 0.0 && value <= most) {
                let allowed = format!("above 0 and at most {most}");
                return Err(Error::config(format!("adapt.dataset.{field}"), value, allowed));
            }
        }
        if !(self.share_weight >= 0.0 && self.share_weight.is_finite()) {
            return Err(Error::config(
                "adapt.dataset.share_weight",
                self.share_weight,
                "a number, 0 or more",
            ));
        }
        Ok(())
    }
}

/// Standard deviations of p(m) of a shift and of the logarithm of a factor, in standard deviations of the column; mean and
/// standard deviation of the logarithm of the noise's variance.
const SHIFT: f64 = 2.0;
const LOG_SCALE: f64 = 0.5;
const LOG_NOISE: (f64, f64) = (-3.0, 2.0);

/// Where the logarithm of the noise's variance starts.
const FIRST_LOG_NOISE: f64 = -4.0;

/// Fewer observed values of a column say nothing of its standard deviation.
const LEAST_OBSERVED: f64 = 5.0;

/// A noise of a smaller variance passes for this one.
const LEAST_NOISE: f64 = 1e-6;

/// Adam moves every parameter about as far in a step; noise has farther to go.
const NOISE_PACE: f64 = 5.0;

/// The power of likelihoods at first, over the last, and the share of the steps in which it rises.
const FIRST_POWER: f64 = 0.2;
const RISING: f64 = 0.6;

/// Shares of the classes are counted with likelihoods to this power at most, so that rows in doubt count for several.
const COUNTING_POWER: f64 = 0.1;

/// No class is missed more than one of this share.
const LEAST_SHARE: f64 = 1e-4;

/// Logarithms of the variance of a noise of all columns alike: what doing nothing else is compared with.
const NOISES: [f64; 7] = [-12.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0];

/// What was found.
pub(crate) struct Found {
    pub model: DeepCama,
    /// Mean log p(x) with do(m = 0), in nats.
    pub before: f64,
    /// Mean log p(x|m), in nats.
    pub after: f64,
    /// By how much m explains a number better than nothing but a noise of all columns alike, in nats.
    pub gain: f64,
    /// Optimiser steps that found it.
    pub steps: usize,
}

/// The parameters, each `[numbers]`.
#[derive(Module, Debug)]
struct Parameters {
    shift: Param<Tensor<1>>,
    log_scale: Param<Tensor<1>>,
    /// Logarithm of the noise's variance over [`NOISE_PACE`].
    log_noise: Param<Tensor<1>>,
}

impl Parameters {
    fn effect(&self) -> ColumnEffect {
        let row = |parameter: &Param<Tensor<1>>| parameter.val().unsqueeze_dim::<2>(0);
        ColumnEffect {
            shift: row(&self.shift),
            log_scale: row(&self.log_scale),
            noise: row(&self.log_noise).mul_scalar(NOISE_PACE).exp(),
        }
    }

    /// log p(m) up to a constant, `[1]`, about what m was.
    fn log_prior(&self, about: &Centre) -> Tensor<1> {
        let normal = |x: Tensor<1>, mean: &Tensor<1>, sd: f64| {
            (x - mean.clone()).div_scalar(sd).square().sum().mul_scalar(-0.5)
        };
        normal(self.shift.val(), &about.shift, SHIFT)
            + normal(self.log_scale.val(), &about.log_scale, LOG_SCALE)
            + normal(self.log_noise.val().mul_scalar(NOISE_PACE), &about.log_noise, LOG_NOISE.1)
    }
}

/// What m is expected to be: nothing, or, in a stream of data sets, what it was of the last one. Each `[numbers]`.
struct Centre {
    shift: Tensor<1>,
    log_scale: Tensor<1>,
    /// Logarithm of the noise's variance.
    log_noise: Tensor<1>,
    /// How far the means of the classes have moved by themselves, `[classes, numbers]`.
    moved: Tensor<2>,
}

impl Centre {
    /// m of the last data set of a stream, if there was one.
    fn new(factor: &Factor, last: Option<&Under>) -> Self {
        let Some(Under { effect: ColumnEffect { shift, log_scale, noise }, moved }) = last else {
            let moved = factor.moved().zeros_like();
            let zeros = moved.clone().slice([0..1, 0..factor.numbers()]).squeeze_dim::<1>(0);
            let (shift, log_scale) = (zeros.clone(), zeros.clone());
            return Self { shift, log_scale, log_noise: zeros.add_scalar(LOG_NOISE.0), moved };
        };
        let row = |x: &Tensor<2>| x.clone().squeeze_dim::<1>(0);
        let log_noise = row(noise).clamp_min(LEAST_NOISE).log();
        Self { shift: row(shift), log_scale: row(log_scale), log_noise, moved: moved.clone() }
    }
}

/// What a step sees: all rows, with likelihoods to this power. It is not cut into shards: shares are of all rows.
struct Step(f64);

impl Batch for Step {
    fn size(&self) -> usize {
        1
    }
}

/// The rows that m is found on.
struct Rows<'a> {
    factor: &'a Factor,
    observed: Observed,
    /// log p(y|a), `[1 or rows, classes]`.
    log_py: Tensor<2>,
    /// The shares of the classes that the training data suggests, `[1, classes]`.
    shares: Tensor<2>,
    config: &'a DatasetConfig,
    /// The power of likelihoods at last.
    power: f64,
    centre: Centre,
}

/// What `model` takes to have been done to a data set, if it was adapted to one.
pub(super) fn under(model: &DeepCama) -> Option<Under> {
    let mechanisms = model.mechanisms()?;
    let effect = mechanisms.column_effect(&mechanisms.global_m()?)?;
    Some(Under { effect, moved: model.factor()?.moved() })
}

/// Finds m of the data set that these are examples of; in a stream, `last` is m of the data set before: m and what is
/// moved start a random walk there.
pub(crate) fn find<D: Dataset>(
    model: &DeepCama,
    data: &D,
    indices: &[usize],
    config: &DatasetConfig,
    last: Option<&Under>,
    rng: &mut ChaCha8Rng,
    observer: &mut Observer,
) -> Result<Found> {
    let drawn: Vec<usize> =
        shuffled(indices.len(), rng).into_iter().take(config.rows).map(|i| indices[i]).collect();
    let rows = Rows::new(model, batch::observed(data, drawn, &model.device()), config, last);
    let mut moved = rows.centre.moved.clone();
    let mut parameters = rows.start();
    for round in 0..=config.rounds {
        let steps = if round == 0 { config.steps } else { config.round_steps };
        if round > 0 {
            moved = rows.moved(&parameters.effect(), moved);
        }
        parameters = rows.climb(parameters, &moved, steps, rng, observer)?;
    }
    let steps = config.steps + config.rounds * config.round_steps;
    rows.found(model, Under { effect: parameters.effect(), moved }, steps)
        .ok_or_else(|| Error::Diverged(format!("log p(x) of {} is not finite", data.name())))
}

/// What m of an earlier data set explains of this one, if that is finite; `indices` are the examples that tell.
pub(super) fn still<D: Dataset>(
    model: &DeepCama,
    data: &D,
    indices: &[usize],
    config: &DatasetConfig,
    last: &Under,
) -> Option<Found> {
    let drawn = indices.iter().copied().take(config.rows);
    let rows = Rows::new(model, batch::observed(data, drawn, &model.device()), config, Some(last));
    rows.found(model, last.clone(), 0)
}

impl<'a> Rows<'a> {
    fn new(model: &'a DeepCama, observed: Observed, config: &'a DatasetConfig, last: Option<&Under>) -> Self {
        let factor = model.factor().expect("asked for a factor model only");
        let log_py = model.log_py(&observed, None);
        let shares = log_py.clone().exp().mean_dim(0);
        let centre = Centre::new(factor, last);
        Self { factor, observed, log_py, shares, config, power: factor.power(), centre }
    }
}

impl Rows<'_> {
    /// `model` adapted to this m, which so many steps have found; nothing if the likelihood is not finite.
    fn found(&self, model: &DeepCama, under: Under, steps: usize) -> Option<Found> {
        let (before, after) = (self.log_px(None), self.log_px(Some(&under)));
        let only_noise = |noise: &f64| self.log_px(Some(&self.only_noise(*noise)));
        let best = NOISES.iter().map(only_noise).fold(before, f64::max);
        let mechanisms = model.mechanisms().expect("checked to have one").clone().with_effect(&under.effect);
        let adapted = model.with(mechanisms).with_factor(self.factor.clone().with_moved(under.moved));
        let observed = f64::from(self.known().sum_dim(1).mean().into_scalar::<f32>());
        let gain = (after - best) / observed.max(1.0);
        after.is_finite().then_some(Found { model: adapted, before, after, gain, steps })
    }

    fn numbers(&self) -> Tensor<2> {
        self.factor.numbers_of(self.observed.x.clone())
    }

    /// One where a number was observed, zero where it is missing, `[rows, numbers]`.
    fn known(&self) -> Tensor<2> {
        match &self.observed.known {
            Some(known) => self.factor.numbers_of(known.clone()),
            None => self.numbers().ones_like(),
        }
    }

    /// Where the moments of the columns say: they are those of the clean mixture at the co-parents seen, shifted and scaled.
    fn start(&self) -> Parameters {
        let expected =
            self.factor.expected(self.observed.c.as_ref()) + self.centre.moved.clone().unsqueeze_dim(1);
        // [classes, 1, 1]
        let shares: Tensor<3> = self.shares.clone().transpose().unsqueeze_dim(2);
        let mean = (expected.clone().mean_dim(1) * shares.clone()).sum_dim(0);
        let variance =
            (expected - mean.clone()).square().mean_dim(1) + self.factor.variances().unsqueeze_dim(1);
        let sd = (variance * shares).sum_dim(0).squeeze_dim::<2>(0).sqrt();
        let mean = mean.squeeze_dim::<2>(0);
        let (numbers, known) = (self.numbers(), self.known());
        let count = known.clone().sum_dim(0);
        let mean_of = |x: Tensor<2>| (x * known.clone()).sum_dim(0) / count.clone().clamp_min(1.0);
        let seen = mean_of(numbers.clone());
        let seen_sd = mean_of((numbers - seen.clone()).square()).sqrt().clamp_min(1e-3);
        // A column of which next to nothing was observed is taken to be as it was.
        let tells = count.greater_equal_elem(LEAST_OBSERVED).float();
        let seen = mean.clone() + (seen - mean.clone()) * tells.clone();
        let log_scale = (seen_sd / sd).log() * tells;
        let shift = seen - mean * log_scale.clone().exp();
        let parameter = |row: Tensor<2>| Param::from_tensor(row.squeeze_dim::<1>(0));
        let log_noise = shift.full_like(FIRST_LOG_NOISE / NOISE_PACE);
        Parameters {
            shift: parameter(shift),
            log_scale: parameter(log_scale),
            log_noise: parameter(log_noise),
        }
    }

    fn climb(
        &self,
        parameters: Parameters,
        moved: &Tensor<2>,
        steps: usize,
        rng: &mut ChaCha8Rng,
        observer: &mut Observer,
    ) -> Result<Parameters> {
        let n = self.observed.x.dims()[0] as f64;
        let batch = |step: usize, _: &mut ChaCha8Rng| Step(self.power_at(step as f64 / steps.max(1) as f64));
        let loss = |parameters: &Parameters, Step(power): &Step, _: Shard, _: &mut ChaCha8Rng| {
            let under = Under { effect: parameters.effect(), moved: moved.clone() };
            let log_prior = parameters.log_prior(&self.centre).div_scalar(n);
            self.bound(&under, *power).neg() - log_prior
        };
        let fit = Fit {
            schedule: Schedule::cosine(Phase::Global, steps, self.config.learning_rate),
            optimiser: &mut Optimiser::new(0.0),
            rng,
            observer,
        };
        let device = self.observed.x.device();
        let fitted = fit.run(0..steps, parameters, &device, Objective { batch, loss }, |_, _| Ok(()))?;
        fitted.map(|(parameters, _)| parameters).ok_or_else(|| Error::Interrupted(NOTHING_KEPT.into()))
    }

    /// The power of likelihoods once this share of the steps is done.
    fn power_at(&self, done: f64) -> f64 {
        let rising = (1.0 - done / RISING).max(0.0);
        self.power * FIRST_POWER.powf(rising)
    }

    /// Mean of log Σ_y p(y) p(x|y,m)^β, over β, less what the shares of the classes are off, `[1]`.
    fn bound(&self, under: &Under, power: f64) -> Tensor<1> {
        let scores = self.factor.log_px(&self.observed, Some(under));
        let mixture = logsumexp(scores.clone().mul_scalar(power) + self.log_py.clone()).div_scalar(power);
        let counted = tempered(scores, self.log_py.clone(), power.min(COUNTING_POWER)).mean_dim(0);
        let off = self.shares.clone() * (self.shares.clone().log() - counted.add_scalar(LEAST_SHARE).log());
        mixture.mean() - off.sum().mul_scalar(self.config.share_weight)
    }

    /// How far the mean of each class has moved by itself, `[classes, numbers]`: that of the rows, each in so far as it is
    /// of the class, and of rows that have not moved, or no more than in the data set before.
    fn moved(&self, effect: &ColumnEffect, moved: Tensor<2>) -> Tensor<2> {
        let under = Under { effect: effect.clone(), moved };
        let scores = self.factor.log_px(&self.observed, Some(&under));
        let of_class = tempered(scores, self.log_py.clone(), self.power);
        let as_if_clean = (self.numbers() - effect.shift.clone()) * effect.log_scale.clone().neg().exp();
        let expected = self.factor.expected(self.observed.c.as_ref());
        let off = as_if_clean.unsqueeze_dim::<3>(0) - expected;
        let of_class = of_class.transpose();
        let known = self.known();
        let rows = of_class.clone().matmul(known.clone());
        let off = off * known.unsqueeze_dim(0);
        let sum = (off * of_class.unsqueeze_dim::<3>(2)).sum_dim(1).squeeze_dim::<2>(1);
        let believed = self.centre.moved.clone().mul_scalar(self.config.pseudo_rows);
        (sum + believed) / rows.add_scalar(self.config.pseudo_rows)
    }

    /// Nothing but a noise of all columns alike.
    fn only_noise(&self, log_variance: f64) -> Under {
        let zeros = self.shares.zeros_like().sum().reshape([1, 1]).expand([1, self.factor.numbers()]);
        let effect = ColumnEffect {
            shift: zeros.clone(),
            log_scale: zeros.clone(),
            noise: zeros.add_scalar(log_variance.exp()),
        };
        Under { effect, moved: self.factor.moved().zeros_like() }
    }

    /// Mean log p(x), in nats.
    fn log_px(&self, under: Option<&Under>) -> f64 {
        let scores = self.factor.log_px(&self.observed, under);
        let log_px = host(logsumexp(scores + self.log_py.clone()));
        log_px.iter().map(|value| f64::from(*value)).sum::<f64>() / log_px.len() as f64
    }
}
