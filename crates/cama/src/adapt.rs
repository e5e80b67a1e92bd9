//! Adaptation at test time, on unlabelled manipulated data (Eq. 8), with a guard.

use burn::tensor::Tensor;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::batch;
use crate::data::{Dataset, shuffled, split};
use crate::input::Input;
use crate::model::{DeepCama, ManipulationModel};
use crate::objective::{Manipulated, elbo, elbo_unlabelled};
use crate::optimise::{Optimiser, at_step, check_loop, check_samples, cosine, shard, shards};
use crate::predict::{MChoice, PredictConfig, predict};
use crate::progress::{Event, Observer, Phase};
use crate::{Error, Result};

/// Which ELBO of the clean data stands in Eq. 8; the paper offers both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CleanTerm {
    /// ELBO(x, y): clean examples, too, must be explained with an inferred m.
    Joint,
    /// ELBO(x, y, do(m=0)); it holds NN_M(0) in place, and says nothing about a mechanism that is the
    /// identity at m = 0.
    Null,
}

/// How to adapt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdaptConfig {
    /// Optimiser steps.
    pub steps: usize,
    /// Unlabelled examples a step.
    pub batch: usize,
    /// Clean, labelled examples a step, where there are any.
    pub clean_batch: usize,
    /// Peak learning rate of Adam; warmed up over a twentieth of the steps, then half a cosine down to zero.
    pub learning_rate: f64,
    /// α of Eq. 8, the weight of the clean data; without clean data Eq. 8 has only its other term.
    pub alpha: f64,
    /// Which ELBO of the clean data.
    pub clean_term: CleanTerm,
    /// Weight of KL(q2(m|x) ‖ p(m)); 1 is Eq. 8.
    pub kl_m: f64,
    /// Samples of z for each example and class.
    pub samples: usize,
    /// Bound on the gradient's norm; 0 is no bound.
    pub gradient_clip: f64,
    /// Share of the unlabelled examples that is used, drawn at random.
    pub portion: f64,
    /// Steps between two looks of the guard.
    pub watch_every: usize,
    /// Labelled clean examples, and unlabelled ones, that the guard watches; none of them is trained on.
    pub watched: usize,
    /// How much accuracy on clean examples may be lost before a state is discarded.
    pub tolerance: f64,
}

impl Default for AdaptConfig {
    fn default() -> Self {
        Self {
            steps: 200,
            batch: 48,
            clean_batch: 16,
            learning_rate: 1e-3,
            alpha: 0.5,
            clean_term: CleanTerm::Joint,
            kl_m: 1.0,
            samples: 1,
            gradient_clip: 200.0,
            portion: 1.0,
            watch_every: 50,
            watched: 500,
            tolerance: 0.01,
        }
    }
}

impl AdaptConfig {
    /// The defaults for such an input.
    pub fn for_input(input: &Input) -> Self {
        match input {
            Input::Image(_) => Self::default(),
            // Rows are cheap, and each says little of m.
            Input::Table(_) => {
                Self { steps: 400, batch: 128, clean_batch: 64, learning_rate: 3e-3, ..Self::default() }
            }
        }
    }

    /// Checks every field.
    pub fn check(&self) -> Result<()> {
        check_loop("adapt", self.steps, self.batch, self.learning_rate, self.gradient_clip)?;
        let positive = [
            ("adapt.steps", self.steps),
            ("adapt.clean_batch", self.clean_batch),
            ("adapt.watch_every", self.watch_every),
            ("adapt.watched", self.watched),
        ];
        for (field, value) in positive {
            if !(1..=10_000_000).contains(&value) {
                return Err(Error::config(field, value, "from 1 to 10000000"));
            }
        }
        check_samples("adapt.samples", self.samples, self.batch.max(self.clean_batch))?;
        let shares = [("adapt.alpha", self.alpha), ("adapt.tolerance", self.tolerance)];
        for (field, value) in shares {
            if !(0.0..=1.0).contains(&value) {
                return Err(Error::config(field, value, "from 0 to 1"));
            }
        }
        if !(self.portion > 0.0 && self.portion <= 1.0) {
            return Err(Error::config("adapt.portion", self.portion, "above 0 and at most 1"));
        }
        if !(self.kl_m >= 0.0 && self.kl_m.is_finite()) {
            return Err(Error::config("adapt.kl_m", self.kl_m, "a number, 0 or more"));
        }
        Ok(())
    }
}

/// Whether the guard let the adaptation stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The best state that the guard saw was kept; it may be the one that dreams made, before the first step.
    Adapted,
    /// No state explained the held-out examples better without losing accuracy on clean ones: the former model
    /// comes back.
    RolledBack,
}

/// What adaptation did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdaptReport {
    /// Whether the guard let it stand.
    pub outcome: Outcome,
    /// Optimiser steps done.
    pub steps: usize,
    /// The step whose state was kept; 0 is the state before the first, or the former model.
    pub kept_step: usize,
    /// Unlabelled examples that were trained on.
    pub examples: usize,
    /// Eq. 7 on held-out unlabelled examples before, in nats: with do(m = 0), or, if the model infers m already,
    /// with an inferred m.
    pub elbo_before: f64,
    /// The same with the state that was kept.
    pub elbo_after: f64,
    /// Accuracy (K = 4) on held-out clean examples before, with do(m = 0) or, if the model infers m already,
    /// with the mean of q2; nothing without clean data.
    pub clean_before: Option<f64>,
    /// The same with the state that was kept, and the mean of q2.
    pub clean_after: Option<f64>,
}

/// An adapted model, or the model as it was, and what was done.
#[derive(Clone, Debug)]
pub struct Adapted {
    /// The model.
    pub model: DeepCama,
    /// What was done.
    pub report: AdaptReport,
}

/// What predicted before an adaptation: the guard judges by it, and rolls back to it.
#[derive(Clone, Copy, Debug)]
pub struct Former<'a> {
    /// The model, without the mechanisms and dreams that were added for the adaptation.
    pub model: &'a DeepCama,
    /// Whether it predicted with an inferred m, or with do(m = 0).
    pub infers_m: bool,
}

/// Fits NN_M and q2(m|x), and nothing else, to unlabelled manipulated examples (Eq. 8).
///
/// `clean` examples keep the model right on clean data and let the guard watch it. A state is kept if it explains
/// the held-out examples better than the `former` model did and is as right on clean ones, within the tolerance;
/// `model` itself, if it is not the former one, is the first candidate. If none is kept, the former model comes
/// back.
///
/// # Errors
///
/// If the model has no mechanism, the data does not fit, clean examples have no labels, `config` is not
/// allowed, numbers diverge before the guard has seen any state worth keeping, or the observer stops it.
pub fn adapt<D: Dataset>(
    model: &DeepCama,
    unlabelled: &D,
    clean: Option<&D>,
    config: &AdaptConfig,
    former: Former,
    seed: u64,
    observer: &mut Observer,
) -> Result<Adapted> {
    config.check()?;
    check_data(model, unlabelled, clean)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let wanted = ((unlabelled.len() as f64 * config.portion).round() as usize).max(1);
    let drawn: Vec<usize> = shuffled(unlabelled.len(), &mut rng)[..wanted].to_vec();
    let (test, watched) = held_out(&unlabelled.select(&drawn), config, &mut rng);
    let clean = clean.map(|clean| held_out(clean, config, &mut rng));
    let guard = Guard { config, watched: &watched, clean: clean.as_ref().map(|(_, watched)| watched), seed };

    let before = guard.look(former.model, former.infers_m)?;
    let mut best: Option<(usize, Look, DeepCama)> = None;
    let mut consider = |step: usize, model: &DeepCama| {
        let seen = match guard.look(model, true) {
            // A state whose numbers are not finite is no candidate.
            Err(Error::Diverged(_)) => return Ok(()),
            seen => seen?,
        };
        let bar = best.as_ref().map_or(before.elbo, |(_, best, _)| best.elbo);
        if before.allows(&seen, config.tolerance) && seen.elbo > bar {
            best = Some((step, seen, model.clone()));
        }
        Ok::<_, Error>(())
    };
    consider(0, model)?;
    let mut current = model.clone();
    let mut optimiser = Optimiser::new(config.gradient_clip);
    let mut orders = [Vec::new(), Vec::new()];
    let (mut done, mut diverged) = (0, None);
    for step in 0..config.steps {
        let batch = Batch {
            unlabelled: (&test, next_batch(&mut orders[0], test.len(), config.batch, &mut rng)),
            clean: clean.as_ref().filter(|_| config.alpha > 0.0).map(|(clean, _)| {
                (clean, next_batch(&mut orders[1], clean.len(), config.clean_batch, &mut rng))
            }),
        };
        let shards = shards(&current.device()).min(batch.unlabelled.1.len());
        let seeds: Vec<u64> = (0..shards).map(|_| rng.random()).collect();
        let parts = current.m.take().expect("checked to have a mechanism");
        let loss = |parts: &ManipulationModel, i: usize| {
            let mut model = current.clone();
            model.m = Some(parts.clone());
            batch.objective(&model, config, (i, shards), &mut ChaCha8Rng::seed_from_u64(seeds[i])).neg()
        };
        let rate = cosine(config.learning_rate, config.steps / 20, step, config.steps);
        let stepped = optimiser.step(parts, shards, loss, rate).map_err(|e| at_step(e, "adaptation", step));
        let (parts, loss) = match stepped {
            Err(error @ Error::Diverged(_)) => {
                diverged = Some(error);
                break;
            }
            stepped => stepped?,
        };
        current.m = Some(parts);
        done = step + 1;
        let event = Event::Step { phase: Phase::Adapt, done, total: config.steps, loss };
        if observer(event).is_break() {
            return Err(Error::Interrupted("nothing of the adaptation was kept".into()));
        }
        if done % config.watch_every == 0 || done == config.steps {
            consider(done, &current)?;
        }
    }
    if let (None, Some(error)) = (&best, diverged) {
        return Err(error);
    }
    let outcome = if best.is_some() { Outcome::Adapted } else { Outcome::RolledBack };
    let (kept_step, after, adapted) = best.unwrap_or_else(|| (0, before.clone(), former.model.clone()));
    let report = AdaptReport {
        outcome,
        steps: done,
        kept_step,
        examples: test.len(),
        elbo_before: before.elbo,
        elbo_after: after.elbo,
        clean_before: before.clean,
        clean_after: after.clean,
    };
    Ok(Adapted { model: adapted, report })
}

/// What one step sees: examples with the indices drawn from them.
struct Batch<'a, D> {
    unlabelled: (&'a D, Vec<usize>),
    clean: Option<(&'a D, Vec<usize>)>,
}

impl<D: Dataset> Batch<'_, D> {
    /// The part of Eq. 8, `[1]`, that one of `shards` contributes.
    fn objective(
        &self,
        model: &DeepCama,
        config: &AdaptConfig,
        (i, shards): (usize, usize),
        rng: &mut ChaCha8Rng,
    ) -> Tensor<1> {
        let (data, all) = &self.unlabelled;
        let seen = batch::evidence(*data, shard(all, i, shards).iter().copied(), &model.device());
        let elbo = elbo_unlabelled(model, &seen, Manipulated::Unknown, config.samples, config.kl_m, rng);
        let unlabelled = elbo.sum().mul_scalar(1.0 / all.len() as f64);
        let Some((data, all)) = &self.clean else { return unlabelled };
        let unlabelled = unlabelled.mul_scalar(1.0 - config.alpha);
        let indices = shard(all, i, shards);
        if indices.is_empty() {
            return unlabelled;
        }
        let clean = clean_elbo(model, *data, indices, config, rng);
        unlabelled + clean.sum().mul_scalar(config.alpha / all.len() as f64)
    }
}

fn check_data<D: Dataset>(model: &DeepCama, unlabelled: &D, clean: Option<&D>) -> Result<()> {
    if model.manipulation().is_none() {
        return Err(Error::config(
            "mechanism",
            "none",
            "given: the model has none, so there is nothing to adapt; try `affine` or `affine,photometric` for \
             images, `per-column` for tables",
        ));
    }
    model.check_fits(unlabelled)?;
    if unlabelled.is_empty() {
        return Err(Error::Mismatch(format!("{} is empty: there is nothing to adapt to", unlabelled.name())));
    }
    if let Some(clean) = clean {
        model.check_labelled(clean)?;
        if clean.len() < 2 {
            return Err(Error::Mismatch("the clean data needs two examples or more".into()));
        }
    }
    Ok(())
}

/// Splits off what the guard watches: at most a fifth, and at most as many as configured. A single example
/// is both trained on and watched.
fn held_out<D: Dataset>(data: &D, config: &AdaptConfig, rng: &mut ChaCha8Rng) -> (D, D) {
    let n = config.watched.min(data.len() / 5).max(1);
    if data.len() == 1 {
        return (data.clone(), data.clone());
    }
    split(data, n, rng)
}

/// ELBO of the clean term, `[indices]`.
fn clean_elbo<D: Dataset>(
    model: &DeepCama,
    clean: &D,
    indices: &[usize],
    config: &AdaptConfig,
    rng: &mut ChaCha8Rng,
) -> Tensor<1> {
    let device = model.device();
    let seen = batch::evidence(clean, indices.iter().copied(), &device);
    let y = batch::labels(clean, indices, &device);
    let manipulated = match config.clean_term {
        CleanTerm::Joint => Manipulated::Unknown,
        CleanTerm::Null => Manipulated::Null,
    };
    elbo(model, &seen, y, manipulated, config.samples, rng).weighted(1.0, config.kl_m)
}

/// The next `size` indices of an endless sequence of shuffles of `0..n`.
fn next_batch(order: &mut Vec<usize>, n: usize, size: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let size = size.min(n);
    if order.len() < size {
        *order = shuffled(n, rng);
    }
    order.split_off(order.len() - size)
}

/// Watches states on examples that no step is trained on, always with the same noise.
struct Guard<'a, D> {
    config: &'a AdaptConfig,
    watched: &'a D,
    clean: Option<&'a D>,
    seed: u64,
}

/// What the guard saw of one state.
#[derive(Clone)]
struct Look {
    elbo: f64,
    clean: Option<f64>,
}

impl Look {
    /// Whether `later` is as good on clean examples, within the tolerance.
    fn allows(&self, later: &Look, tolerance: f64) -> bool {
        match (self.clean, later.clean) {
            (Some(before), Some(after)) => after >= before - tolerance,
            _ => true,
        }
    }
}

impl<D: Dataset> Guard<'_, D> {
    /// Eq. 7 on the watched images and accuracy on the clean ones, with an inferred m or with do(m = 0).
    fn look(&self, model: &DeepCama, infers_m: bool) -> Result<Look> {
        let all: Vec<usize> = (0..self.watched.len()).collect();
        let chunks: Vec<_> = all.chunks(self.config.batch).collect();
        let elbo = |(i, indices): (usize, &&[usize])| {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ i as u64);
            let seen = batch::evidence(self.watched, indices.iter().copied(), &model.device());
            let manipulated = if infers_m { Manipulated::Unknown } else { Manipulated::Null };
            let elbo = elbo_unlabelled(model, &seen, manipulated, 1, 1.0, &mut rng);
            f64::from(elbo.sum().into_scalar::<f32>())
        };
        let elbos: Vec<f64> = chunks.par_iter().enumerate().map(elbo).collect();
        let clean = self.clean.map(|clean| {
            let labels = clean.labels().expect("checked to have labels");
            let m = if infers_m { MChoice::Mean } else { MChoice::Null };
            let config = PredictConfig { samples: 4, m, seed: self.seed, ..PredictConfig::default() };
            let predicted = predict(model, clean, &config)?;
            let right = predicted.iter().zip(labels).filter(|(p, y)| p.class == **y).count();
            Ok::<_, Error>(right as f64 / clean.len() as f64)
        });
        Ok(Look { elbo: elbos.iter().sum::<f64>() / all.len() as f64, clean: clean.transpose()? })
    }
}
