//! Training on clean and manipulated data (Eq. 5).

mod config;
mod epoch;

pub use config::{Augmentation, TrainConfig};
pub use epoch::{Epoch, Terms};

use std::time::Instant;

use burn::tensor::{Int, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::batch;
use crate::checkpoint::Checkpoints;
use crate::data::{Dataset, shuffled, split};
use crate::model::{DeepCama, Evidence};
use crate::objective::{Elbo, Manipulated, elbo};
use crate::optimise::{Optimiser, at_step, cosine, shard, shards};
use crate::predict::{MChoice, PredictConfig, predict};
use crate::progress::{Event, Observer, Phase};
use crate::{Error, Result};

/// What training made.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The model.
    pub model: DeepCama,
    /// All epochs, those before a resumption included.
    pub history: Vec<Epoch>,
    /// Whether the observer stopped it before its last epoch.
    pub stopped: bool,
}

/// Trains `model` on clean, labelled examples and, if there is any, manipulated data (Eq. 5).
///
/// With `checkpoints`, the state is saved after each epoch, and training goes on from the newest one there
/// is: the result is the same, byte for byte, as without the interruption.
///
/// # Errors
///
/// If the data does not fit the model, `config` is not allowed, numbers diverge (the last checkpoint stays),
/// or a checkpoint cannot be written or read.
pub fn train<D: Dataset>(
    model: DeepCama,
    clean: &D,
    augmentation: Option<&Augmentation<D>>,
    config: &TrainConfig,
    seed: u64,
    checkpoints: Option<&Checkpoints>,
    observer: &mut Observer,
) -> Result<Trained> {
    config.check()?;
    check_data(&model, clean, augmentation, config)?;
    let (clean, held_out) = held_out(clean, config, seed);
    let mut optimiser = Optimiser::new(config.gradient_clip);
    let mut model = model;
    let mut history: Vec<Epoch> = Vec::new();
    let mut best: Option<DeepCama> = None;
    if let Some(saved) = checkpoints.map(|c| c.load(&model)).transpose()?.flatten() {
        optimiser = optimiser.load_record(saved.optimiser);
        (model, best, history) = (saved.model, saved.best, saved.history);
    }
    let mut stopped = false;
    while history.len() < config.epochs && !out_of_patience(&history, config) {
        let epoch = history.len();
        let began = Instant::now();
        let mut rng = stream(seed, epoch as u64 + 1);
        let data = TrainData { clean: &clean, augmentation, config, epoch };
        let Some((trained, loss, examples)) = data.run(model.clone(), &mut optimiser, &mut rng, observer)?
        else {
            stopped = true;
            break;
        };
        model = trained;
        let trained_for = began.elapsed().as_secs_f64();
        let steps = clean.len().div_ceil(config.batch) * (epoch + 1);
        let watched = watch(&model, &TrainData { clean: &held_out, ..data }, seed)
            .map_err(|e| at_step(e, "training", steps - 1))?;
        let report = Epoch {
            epoch: epoch + 1,
            train_loss: loss,
            examples_per_second: examples as f64 / trained_for,
            seconds: began.elapsed().as_secs_f64(),
            ..watched
        };
        let lambda = config.lambda;
        let is_best = history.iter().all(|e| e.objective(lambda) < report.objective(lambda));
        history.push(report);
        if config.patience > 0 && is_best {
            best = Some(model.clone());
        }
        if let Some(checkpoints) = checkpoints {
            checkpoints.save(&model, best.as_ref(), &optimiser, &history)?;
        }
        if observer(Event::Epoch(&history[epoch])).is_break() {
            stopped = history.len() < config.epochs;
            break;
        }
    }
    Ok(Trained { model: best.unwrap_or(model), history, stopped })
}

/// The examples that [`train`] with this configuration and seed learns from, and those that it holds out.
pub fn held_out<D: Dataset>(clean: &D, config: &TrainConfig, seed: u64) -> (D, D) {
    split(clean, config.held_out, &mut stream(seed, 0))
}

fn out_of_patience(history: &[Epoch], config: &TrainConfig) -> bool {
    let objective = |i: usize| history[i].objective(config.lambda);
    let best = (0..history.len()).max_by(|&a, &b| objective(a).total_cmp(&objective(b)));
    config.patience > 0 && best.is_some_and(|best| history.len() - 1 - best >= config.patience)
}

fn check_data<D: Dataset>(
    model: &DeepCama,
    clean: &D,
    augmentation: Option<&Augmentation<D>>,
    config: &TrainConfig,
) -> Result<()> {
    model.check_labelled(clean)?;
    if clean.len() <= config.held_out {
        return Err(Error::config(
            "train.held_out",
            config.held_out,
            format!("less than the number of training {}s, {}", model.config().input.noun(), clean.len()),
        ));
    }
    match augmentation {
        None => Ok(()),
        Some(Augmentation::Data(data)) => {
            needs_mechanism(model.manipulation().is_some(), "a mechanism")?;
            model.check_labelled(data)
        }
        Some(Augmentation::Manipulations(all)) => {
            needs_mechanism(model.manipulation().is_some(), "a mechanism")?;
            let one = clean.select(&[0]);
            all.iter().try_for_each(|m| one.manipulated(m, &mut stream(0, 0)).map(drop))
        }
        Some(Augmentation::Known) => {
            let explicit = model.manipulation().is_some_and(|m| m.explicit().contains(&true));
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

/// Streams of random numbers: 0 for the split, one for each epoch from 1, so that an epoch can be resumed at
/// without replaying those before it.
fn stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// What one epoch needs.
struct TrainData<'a, D: Dataset> {
    clean: &'a D,
    augmentation: Option<&'a Augmentation<D>>,
    config: &'a TrainConfig,
    epoch: usize,
}

impl<D: Dataset> TrainData<'_, D> {
    /// Trains one epoch: the model, its mean loss and the number of examples seen, or nothing if stopped.
    fn run(
        &self,
        model: DeepCama,
        optimiser: &mut Optimiser,
        rng: &mut ChaCha8Rng,
        observer: &mut Observer,
    ) -> Result<Option<(DeepCama, f64, usize)>> {
        let order = shuffled(self.clean.len(), rng);
        let steps = order.len().div_ceil(self.config.batch);
        let total = steps * self.config.epochs;
        let shards = shards(&model.device());
        let (mut model, mut sum, mut examples) = (model, 0.0, 0);
        for (i, indices) in order.chunks(self.config.batch).enumerate() {
            let step = self.epoch * steps + i;
            let kl = self.kl_weight(step, steps);
            let shards = shards.min(indices.len());
            let seeds: Vec<u64> = (0..shards).map(|_| rng.random()).collect();
            let loss = |model: &DeepCama, i: usize| {
                let part = shard(indices, i, shards);
                let share = part.len() as f64 / indices.len() as f64;
                self.loss(model, part, kl, &mut ChaCha8Rng::seed_from_u64(seeds[i])).mul_scalar(share)
            };
            let peak = self.config.learning_rate;
            let rate = if self.config.decay {
                cosine(peak, self.config.warm_up, step, total)
            } else {
                cosine(peak, self.config.warm_up, step.min(self.config.warm_up), total)
            };
            let (next, loss) =
                optimiser.step(model, shards, loss, rate).map_err(|e| at_step(e, "training", step))?;
            model = next;
            sum += loss;
            examples += indices.len() * if self.augmentation.is_some() { 2 } else { 1 };
            if observer(Event::Step { phase: Phase::Train, done: step + 1, total, loss }).is_break() {
                return Ok(None);
            }
        }
        Ok(Some((model, sum / steps as f64, examples)))
    }

    fn kl_weight(&self, step: usize, steps: usize) -> f64 {
        let warm_up = self.config.kl_warm_up * steps as f64;
        if warm_up > 0.0 { ((step + 1) as f64 / warm_up).min(1.0) } else { 1.0 }
    }

    /// −(λ ELBO(x, y, do(m=0)) + (1 − λ) ELBO(x', y)), the mean over the batch (Eq. 5). A term whose weight is zero
    /// is not computed: with λ = 0 this is Eq. 4 alone, and with λ = 1 Eq. 3.
    fn loss(&self, model: &DeepCama, indices: &[usize], kl: f64, rng: &mut ChaCha8Rng) -> Tensor<1> {
        let TrainConfig { samples, lambda, .. } = *self.config;
        let device = model.device();
        let seen = batch::evidence(self.clean, indices.iter().copied(), &device);
        let y = batch::labels(self.clean, indices, &device);
        let mean = |elbo: Elbo| elbo.weighted(kl, kl).mean();
        let augmentation = self.augmentation.filter(|_| lambda < 1.0);
        let clean = (augmentation.is_none() || lambda > 0.0)
            .then(|| mean(elbo(model, &seen, y.clone(), Manipulated::Null, samples, rng)));
        let manipulated = augmentation
            .map(|augmentation| mean(self.manipulated(model, augmentation, indices, seen, y, rng)));
        let bound = match (clean, manipulated) {
            (Some(clean), Some(manipulated)) => {
                clean.mul_scalar(lambda) + manipulated.mul_scalar(1.0 - lambda)
            }
            (one, other) => one.or(other).expect("no λ makes both weights zero"),
        };
        bound.neg()
    }

    fn manipulated(
        &self,
        model: &DeepCama,
        augmentation: &Augmentation<D>,
        indices: &[usize],
        seen: Evidence,
        y: Tensor<1, Int>,
        rng: &mut ChaCha8Rng,
    ) -> Elbo {
        let (samples, device) = (self.config.samples, seen.x.device());
        match augmentation {
            Augmentation::Manipulations(all) => {
                let manipulation = &all[rng.random_range(0..all.len())];
                let chosen = self.clean.select(indices);
                let changed = chosen.manipulated(manipulation, rng).expect("tried before training");
                let seen = batch::evidence(&changed, 0..changed.len(), &device);
                elbo(model, &seen, y, Manipulated::Unknown, samples, rng)
            }
            Augmentation::Data(data) => {
                let drawn: Vec<usize> = indices.iter().map(|_| rng.random_range(0..data.len())).collect();
                let seen = batch::evidence(data, drawn.iter().copied(), &device);
                let y = batch::labels(data, &drawn, &device);
                elbo(model, &seen, y, Manipulated::Unknown, samples, rng)
            }
            Augmentation::Known => {
                let parts = model.manipulation().expect("checked before training");
                let m = parts.draw_explicit(indices.len(), 0.0, rng);
                let seen = Evidence { x: parts.happens(&m, seen.x, &model.config().input), ..seen };
                elbo(model, &seen, y, Manipulated::Known(m), samples, rng)
            }
        }
    }
}

/// The bounds and the accuracy on held-out examples, with the same noise in every epoch.
fn watch<D: Dataset>(model: &DeepCama, data: &TrainData<D>, seed: u64) -> Result<Epoch> {
    let mut rng = stream(seed, u64::MAX);
    let (held_out, device) = (data.clean, model.device());
    let labels = held_out.labels().expect("checked before training");
    let (mut clean, mut manipulated) = (Terms::default(), data.augmentation.map(|_| Terms::default()));
    let n = held_out.len();
    let all: Vec<usize> = (0..n).collect();
    for indices in all.chunks(200) {
        let seen = batch::evidence(held_out, indices.iter().copied(), &device);
        let y = batch::labels(held_out, indices, &device);
        clean.add(&elbo(model, &seen, y.clone(), Manipulated::Null, 1, &mut rng), n);
        if let (Some(terms), Some(augmentation)) = (&mut manipulated, data.augmentation) {
            terms.add(&data.manipulated(model, augmentation, indices, seen, y, &mut rng), n);
        }
    }
    for terms in [Some(&clean), manipulated.as_ref()].into_iter().flatten() {
        if !terms.elbo.is_finite() {
            return Err(Error::Diverged(format!("the held-out ELBO is {}", terms.elbo)));
        }
    }
    let config = PredictConfig { samples: 1, m: MChoice::Null, seed, ..PredictConfig::default() };
    let predicted = predict(model, held_out, &config)?;
    let right = predicted.iter().zip(labels).filter(|(p, y)| p.class == **y).count();
    Ok(Epoch {
        epoch: 0,
        train_loss: 0.0,
        elbo: clean.elbo,
        log_px: clean.log_px,
        kl_z: clean.kl_z,
        log_py: clean.log_py,
        manipulated,
        accuracy: right as f64 / n as f64,
        examples_per_second: 0.0,
        seconds: 0.0,
    })
}
