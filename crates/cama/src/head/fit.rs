//! Fitting a head.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Head, HeadConfig};
use crate::batch;
use crate::data::{Dataset, shuffled};
use crate::decide::{Decider, fit_temperature};
use crate::model::{DeepCama, Evidence};
use crate::noise::normals;
use crate::optimise::{Optimiser, at_step, cosine, shard, shards};
use crate::progress::{Event, Observer, Phase};
use crate::{Error, Result};

/// Samples of z for each class when the temperature is fitted.
const TEMPERATURE_SAMPLES: usize = 4;

/// Fits a head to clean, labelled examples; some of them are transformed by the explicit mechanisms of `model`, with m
/// from its prior, and restored with an m that is a little off. The epoch that explains the labels of the `held_out`
/// examples best is kept, and the temperature is fitted to them.
///
/// # Errors
///
/// If the examples do not fit the model or have no labels, `config` is not allowed, numbers diverge, or the observer
/// stops it.
pub fn fit_head<D: Dataset>(
    model: &DeepCama,
    clean: &D,
    held_out: &D,
    config: &HeadConfig,
    seed: u64,
    observer: &mut Observer,
) -> Result<Head> {
    for data in [clean, held_out] {
        model.check_labelled(data)?;
        if data.is_empty() {
            return Err(Error::Mismatch(format!("{} is empty: nothing to fit a head to", data.name())));
        }
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let model = model.valid();
    let mut head = Head::new(model.config(), config, rng.random(), &model.device())?;
    let mut optimiser = Optimiser::new(config.gradient_clip);
    let steps = clean.len().div_ceil(config.batch);
    let total = config.epochs * steps;
    let mut best: Option<(f64, Head)> = None;
    for epoch in 0..config.epochs {
        let order = shuffled(clean.len(), &mut rng);
        for (i, indices) in order.chunks(config.batch).enumerate() {
            let step = epoch * steps + i;
            let shards = shards(&model.device()).min(indices.len());
            let seeds: Vec<u64> = (0..shards).map(|_| rng.random()).collect();
            let loss = |head: &Head, i: usize| {
                let part = shard(indices, i, shards);
                let mut rng = ChaCha8Rng::seed_from_u64(seeds[i]);
                let seen = restored(&model, clean, part, config, &mut rng);
                log_likelihood(head, &seen, clean, part).sum().mul_scalar(-1.0 / indices.len() as f64)
            };
            let rate = cosine(config.learning_rate, total / 20, step, total);
            let (next, loss) =
                optimiser.step(head, shards, loss, rate).map_err(|e| at_step(e, "fitting the head", step))?;
            head = next;
            let event = Event::Step { phase: Phase::Head, done: step + 1, total, loss };
            if observer(event).is_break() {
                return Err(Error::Interrupted("nothing of the head was kept".into()));
            }
        }
        let watched = watch(&head, held_out);
        if best.as_ref().is_none_or(|(highest, _)| watched > *highest || highest.is_nan()) {
            best = Some((watched, head.clone()));
        }
    }
    let head = best.map_or(head, |(_, head)| head);
    let beside = Decider { head: Some(&head), ..Decider::bare(&model) };
    let temperature = fit_temperature(&beside, held_out, TEMPERATURE_SAMPLES, rng.random())?;
    Ok(head.with_temperature(temperature))
}

/// The examples at `indices`, some of them T_m'⁻¹(T_m(x)) with m from its prior and m' close to m.
fn restored<D: Dataset>(
    model: &DeepCama,
    data: &D,
    indices: &[usize],
    config: &HeadConfig,
    rng: &mut ChaCha8Rng,
) -> Evidence {
    let seen = batch::evidence(data, indices.iter().copied(), &model.device());
    let Some(parts) = model.manipulation() else { return seen };
    let explicit = parts.explicit();
    let (rows, dim) = (indices.len(), parts.dim());
    let m = parts.draw_explicit(rows, 0.0, rng);
    let mut off: Vec<f32> = normals(rows * dim, rng).collect();
    let mut kept = vec![0.0f32; rows];
    for (kept, off) in kept.iter_mut().zip(off.chunks_mut(dim)) {
        *kept = f32::from(u8::from(rng.random_bool(config.restored)));
        for (off, explicit) in off.iter_mut().zip(&explicit) {
            *off *= if *explicit { config.jitter as f32 } else { 0.0 };
        }
    }
    let device = model.device();
    // Those that are left as they are: at m = 0 every mechanism is the identity.
    let kept = Tensor::<2>::from_data(TensorData::new(kept, [rows, 1]), &device);
    let off = Tensor::<2>::from_data(TensorData::new(off, [rows, dim]), &device);
    let m = m * kept.clone();
    let x = parts.happens(&m, seen.x, &model.config().input);
    let x = parts.restore(&(m + off * kept), x);
    Evidence { x, ..seen }
}

/// log p(y|x) of the true class, `[indices]`.
fn log_likelihood<D: Dataset>(head: &Head, seen: &Evidence, data: &D, indices: &[usize]) -> Tensor<1> {
    let y = batch::labels(data, indices, &seen.x.device());
    head.forward(seen).gather(1, y.unsqueeze_dim(1)).squeeze_dim(1)
}

/// Mean log p(y|x) of labelled examples.
fn watch<D: Dataset>(head: &Head, data: &D) -> f64 {
    let device = head.out.weight.device();
    let all: Vec<usize> = (0..data.len()).collect();
    let sum: f64 = all
        .chunks(500)
        .map(|part| {
            let seen = batch::evidence(data, part.iter().copied(), &device);
            f64::from(log_likelihood(head, &seen, data, part).sum().into_scalar::<f32>())
        })
        .sum();
    sum / data.len() as f64
}
