//! Training on clean and manipulated data (Eq. 5).

mod config;
mod validate;

pub use config::{Augmentation, TrainConfig};

use std::time::Instant;

use burn::tensor::{Int, Tensor};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::batch;
use crate::checkpoint::Checkpoints;
use crate::data::{Dataset, shuffled, split};
use crate::epoch::Epoch;
use crate::fit::{Fit, Objective, Schedule, Shard, at_step};
use crate::model::{DeepCama, M, Observed};
use crate::noise::stream_rng;
use crate::objective::{Elbo, elbo};
use crate::optimise::Optimiser;
use crate::progress::{Event, Observer, Phase};
use crate::{Checked, Error, Result};

/// What training made.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The model.
    pub model: DeepCama,
    /// All epochs that ended with a validation, those before a resumption included.
    pub history: Vec<Epoch>,
    /// The epoch after which the model was so, where that was not the last.
    pub kept: Option<usize>,
    /// Whether the observer stopped it before its last epoch.
    pub stopped: bool,
}

/// Clean data in the part that training learns from and the part that validates it.
#[derive(Clone, Debug)]
pub struct Split<D> {
    /// What is learnt from.
    pub learnt: D,
    /// What no step learns from: the validation set of training, of the direct classifier and of the guard.
    pub validation: D,
}

impl<D: Dataset> Split<D> {
    /// A random split with as many validation examples as `config` says; the same seed gives the same.
    ///
    /// # Errors
    ///
    /// If nothing would be left to learn from.
    pub fn new(clean: &D, config: &TrainConfig, seed: u64) -> Result<Self> {
        if clean.len() <= config.validation {
            let noun = clean.data_shape().noun();
            let allowed = format!("less than the number of training {noun}s, {}", clean.len());
            return Err(Error::config("train.validation", config.validation, allowed));
        }
        let (learnt, validation) = split(clean, config.validation, &mut stream_rng(seed, 0));
        Ok(Self { learnt, validation })
    }
}

/// Trains `model` on the clean, labelled examples of `split` and, if there is any, manipulated data (Eq. 5).
///
/// With `checkpoints`, the state is saved after each validation, and training resumes from the newest one there
/// is: the result is the same, byte for byte, as without the interruption.
///
/// # Errors
///
/// If the data does not fit the model, numbers diverge (the last checkpoint stays), or a checkpoint cannot be written or
/// read.
pub fn train<D: Dataset>(
    model: DeepCama,
    split: &Split<D>,
    augmentation: Option<&Augmentation<D>>,
    config: &Checked<TrainConfig>,
    seed: u64,
    checkpoints: Option<&Checkpoints>,
    observer: &mut Observer,
) -> Result<Trained> {
    check_data(&model, split, augmentation)?;
    let mut state =
        State { model, best: None, optimiser: Optimiser::new(config.gradient_clip), history: Vec::new() };
    if let Some(saved) = checkpoints.map(|c| c.load(&state.model)).transpose()?.flatten() {
        state.optimiser = state.optimiser.load_record(saved.optimiser);
        (state.model, state.best, state.history) = (saved.model, saved.best, saved.history);
    }
    let mut stopped = false;
    while !stopped && state.epochs() < config.epochs && !out_of_patience(&state.history, config) {
        let eq5 = Eq5 { augmentation, config };
        if !state.epochs_to_validation(&eq5, split, seed, observer)? {
            stopped = true;
            break;
        }
        if let Some(checkpoints) = checkpoints {
            checkpoints.save(&state.model, state.best.as_ref(), &state.optimiser, &state.history)?;
        }
        let last = state.history.last().expect("an epoch was just added");
        if observer(Event::Epoch(last)).is_break() {
            stopped = state.epochs() < config.epochs;
            break;
        }
    }
    let State { model, best, history, .. } = state;
    let kept = best.is_some().then(|| best_of(&history, config)).flatten().map(|best| history[best].epoch);
    Ok(Trained { model: best.unwrap_or(model), history, kept, stopped })
}

/// Training between two validations.
struct State {
    model: DeepCama,
    /// The model after the best epoch, where patience asks for it.
    best: Option<DeepCama>,
    optimiser: Optimiser,
    history: Vec<Epoch>,
}

impl State {
    /// How many epochs are done.
    fn epochs(&self) -> usize {
        self.history.last().map_or(0, |last| last.epoch)
    }

    /// The epochs up to the next validation; false if the observer stopped it, and then nothing has changed but the optimiser.
    fn epochs_to_validation<D: Dataset>(
        &mut self,
        eq5: &Eq5<D>,
        split: &Split<D>,
        seed: u64,
        observer: &mut Observer,
    ) -> Result<bool> {
        let (config, done, began) = (eq5.config, self.epochs(), Instant::now());
        let n = split.learnt.len();
        let (steps, epochs) = (n.div_ceil(config.batch), config.validate_every.min(config.epochs - done));
        let mut rng = stream_rng(seed, done as u64 + 1);
        let orders: Vec<Vec<usize>> = (0..epochs).map(|_| shuffled(n, &mut rng)).collect();
        let first = done * steps;
        let batch = |step: usize, _: &mut ChaCha8Rng| {
            let order = &orders[(step - first) / steps];
            let indices = order.chunks(config.batch).nth((step - first) % steps).expect("a batch a step");
            StepBatch { indices: indices.to_vec(), kl_weight: config.kl_weight(step, steps) }
        };
        let loss = |model: &DeepCama, batch: &StepBatch, shard: Shard, rng: &mut ChaCha8Rng| {
            let part = shard.part(&batch.indices);
            let share = part.len() as f64 / batch.indices.len() as f64;
            eq5.bound(model, &split.learnt, part, batch.kl_weight, rng).neg().mul_scalar(share)
        };
        let fit =
            Fit { schedule: config.schedule(steps), optimiser: &mut self.optimiser, rng: &mut rng, observer };
        let (device, objective) = (self.model.device(), Objective { batch, loss });
        let last = first + epochs * steps;
        let fitted = fit.run(first..last, self.model.clone(), &device, objective, |_, _| Ok(()))?;
        let Some((model, train_loss)) = fitted else { return Ok(false) };
        let trained_for = began.elapsed().as_secs_f64();
        let validated = eq5
            .validate(&model, &split.validation, seed)
            .map_err(|error| at_step(error, Phase::Train, last - 1))?;
        let views = if eq5.augmentation.is_some() { 2 } else { 1 };
        let report = Epoch {
            epoch: done + epochs,
            train_loss,
            examples_per_second: (epochs * n * views) as f64 / trained_for,
            seconds: began.elapsed().as_secs_f64(),
            ..validated
        };
        self.model = model;
        let is_best =
            self.history.iter().all(|e| e.objective(config.lambda) < report.objective(config.lambda));
        self.history.push(report);
        if config.patience > 0 && is_best {
            self.best = Some(self.model.clone());
        }
        Ok(true)
    }
}

/// What a step of training sees.
struct StepBatch {
    indices: Vec<usize>,
    kl_weight: f64,
}

impl crate::fit::Batch for StepBatch {
    fn size(&self) -> usize {
        self.indices.len()
    }
}

impl TrainConfig {
    /// The schedule of all epochs of so many steps.
    fn schedule(&self, steps: usize) -> Schedule {
        Schedule {
            phase: Phase::Train,
            total: steps * self.epochs,
            learning_rate: self.learning_rate,
            warm_up: self.warm_up,
            decay: self.decay,
        }
    }

    /// The weight of the divergences in a step, with so many steps an epoch.
    fn kl_weight(&self, step: usize, steps: usize) -> f64 {
        let warm_up = self.kl_warm_up * steps as f64;
        if warm_up > 0.0 { ((step + 1) as f64 / warm_up).min(1.0) } else { 1.0 }
    }
}

fn out_of_patience(history: &[Epoch], config: &TrainConfig) -> bool {
    let since = |best: usize| history[history.len() - 1].epoch - history[best].epoch;
    config.patience > 0 && best_of(history, config).is_some_and(|best| since(best) >= config.patience)
}

/// The first of the best.
fn best_of(history: &[Epoch], config: &TrainConfig) -> Option<usize> {
    let objective = |i: usize| history[i].objective(config.lambda);
    (0..history.len()).rev().max_by(|&a, &b| objective(a).total_cmp(&objective(b)))
}

fn check_data<D: Dataset>(
    model: &DeepCama,
    split: &Split<D>,
    augmentation: Option<&Augmentation<D>>,
) -> Result<()> {
    model.check_labelled(&split.learnt)?;
    match augmentation {
        None => Ok(()),
        Some(Augmentation::Data(data)) => {
            needs_mechanism(model.mechanisms().is_some(), "a mechanism")?;
            model.check_labelled(data)
        }
        Some(Augmentation::Manipulations(all)) => {
            needs_mechanism(model.mechanisms().is_some(), "a mechanism")?;
            let one = split.learnt.select(&[0]);
            all.iter().try_for_each(|m| one.manipulated(m, &mut stream_rng(0, 0)).map(drop))
        }
        Some(Augmentation::Mechanisms) => {
            let explicit = model.mechanisms().is_some_and(|m| m.explicit().contains(&true));
            needs_mechanism(explicit, "an explicit mechanism, such as affine or per-column")
        }
    }
}

fn needs_mechanism(has: bool, which: &str) -> Result<()> {
    if has {
        return Ok(());
    }
    Err(Error::config(
        "model.mechanisms",
        "none",
        format!("{which}, for manipulated data to be explained by it"),
    ))
}

/// λ ELBO(x, y, do(m=0)) + (1 − λ) ELBO(x', y) (Eq. 5).
struct Eq5<'a, D: Dataset> {
    augmentation: Option<&'a Augmentation<D>>,
    config: &'a TrainConfig,
}

impl<D: Dataset> Eq5<'_, D> {
    /// The mean over the examples at `indices`, `[1]`. A term whose weight is zero is not computed: with λ = 0 this is
    /// Eq. 4 alone, and with λ = 1 Eq. 3.
    fn bound(
        &self,
        model: &DeepCama,
        clean: &D,
        indices: &[usize],
        kl: f64,
        rng: &mut ChaCha8Rng,
    ) -> Tensor<1> {
        let TrainConfig { samples, lambda, .. } = *self.config;
        let device = model.device();
        let observed = batch::observed(clean, indices.iter().copied(), &device);
        let y = batch::labels(clean, indices, &device);
        let mean = |elbo: Elbo| elbo.weighted(kl, kl).mean();
        let augmentation = self.augmentation.filter(|_| lambda < 1.0);
        let on_clean = (augmentation.is_none() || lambda > 0.0)
            .then(|| mean(elbo(model, &observed, y.clone(), M::Null, samples, rng)));
        let on_manipulated =
            augmentation.map(|from| mean(self.manipulated(model, from, (clean, indices), observed, y, rng)));
        match (on_clean, on_manipulated) {
            (Some(clean), Some(manipulated)) => {
                clean.mul_scalar(lambda) + manipulated.mul_scalar(1.0 - lambda)
            }
            (one, other) => one.or(other).expect("no λ makes both weights zero"),
        }
    }

    /// ELBO(x', y) (Eq. 4), or ELBO(x', y, do(m=m0)) where m is known, of as many manipulated examples as there are
    /// `indices` of `clean` ones; `observed` and `y` are those clean ones.
    fn manipulated(
        &self,
        model: &DeepCama,
        augmentation: &Augmentation<D>,
        (clean, indices): (&D, &[usize]),
        observed: Observed,
        y: Tensor<1, Int>,
        rng: &mut ChaCha8Rng,
    ) -> Elbo {
        let (samples, device) = (self.config.samples, observed.x.device());
        match augmentation {
            Augmentation::Manipulations(all) => {
                let manipulation = &all[rng.random_range(0..all.len())];
                let chosen = clean.select(indices);
                let changed = chosen.manipulated(manipulation, rng).expect("tried before training");
                let observed = batch::observed(&changed, 0..changed.len(), &device);
                elbo(model, &observed, y, M::Sample, samples, rng)
            }
            Augmentation::Data(data) => {
                let drawn: Vec<usize> = indices.iter().map(|_| rng.random_range(0..data.len())).collect();
                let observed = batch::observed(data, drawn.iter().copied(), &device);
                let y = batch::labels(data, &drawn, &device);
                elbo(model, &observed, y, M::Sample, samples, rng)
            }
            Augmentation::Mechanisms => {
                let mechanisms = model.mechanisms().expect("checked before training");
                let m = mechanisms.draw_explicit(indices.len(), 0.0, rng);
                let x = mechanisms.apply(&m, observed.x, &model.config().data);
                elbo(model, &Observed { x, ..observed }, y, M::Given(m), samples, rng)
            }
        }
    }
}
