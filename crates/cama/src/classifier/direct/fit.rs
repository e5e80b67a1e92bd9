//! Fitting the direct classifier.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{DirectClassifier, DirectConfig};
use crate::batch::{self, host};
use crate::data::{Dataset, shuffled};
use crate::fit::{Fit, Objective, Schedule, Shard};
use crate::model::{DeepCama, Observed};
use crate::noise::normals;
use crate::optimise::Optimiser;
use crate::progress::{Observer, Phase};
use crate::{Checked, Error, Result};

/// Fits a direct classifier to clean, labelled examples; some of them are transformed by the explicit mechanisms of
/// `model`, with m from its prior, and restored with an m that is a little off; some are damaged and restored by its field.
/// The epoch that explains the labels of the
/// `validation` examples best is kept.
///
/// # Errors
///
/// If the examples do not fit the model or have no labels, numbers diverge, or the observer stops it.
pub fn fit_direct<D: Dataset>(
    model: &DeepCama,
    clean: &D,
    validation: &D,
    config: &Checked<DirectConfig>,
    rng: &mut ChaCha8Rng,
    observer: &mut Observer,
) -> Result<DirectClassifier> {
    for data in [clean, validation] {
        model.check_labelled(data)?;
        if data.is_empty() {
            let what = format!("{} is empty: nothing to fit a direct classifier to", data.name());
            return Err(Error::Mismatch(what));
        }
    }
    let model = model.valid();
    let device = model.device();
    let mut direct = DirectClassifier::new(model.config(), config, rng.random(), &device);
    let mut optimiser = Optimiser::new(config.gradient_clip);
    let steps = clean.len().div_ceil(config.batch);
    let schedule = Schedule::cosine(Phase::Direct, config.epochs * steps, config.learning_rate);
    let mut best: Option<(f64, DirectClassifier)> = None;
    for epoch in 0..config.epochs {
        let order = shuffled(clean.len(), rng);
        let first = epoch * steps;
        let batch = |step: usize, _: &mut ChaCha8Rng| {
            order.chunks(config.batch).nth(step - first).expect("a batch a step").to_vec()
        };
        let loss = |direct: &DirectClassifier, batch: &Vec<usize>, shard: Shard, rng: &mut ChaCha8Rng| {
            let part = shard.part(batch);
            let observed = cleared(&model, restored(&model, clean, part, config, rng), config, rng);
            log_likelihood(direct, &observed, clean, part).sum().mul_scalar(-1.0 / batch.len() as f64)
        };
        let fit = Fit { schedule, optimiser: &mut optimiser, rng: &mut *rng, observer: &mut *observer };
        let objective = Objective { batch, loss };
        let fitted = fit.run(first..first + steps, direct, &device, objective, |_, _| Ok(()))?;
        let stopped = || Error::Interrupted("nothing of the direct classifier was kept".into());
        (direct, _) = fitted.ok_or_else(stopped)?;
        let validated = validate(&direct, validation);
        if best.as_ref().is_none_or(|(highest, _)| validated > *highest || highest.is_nan()) {
            best = Some((validated, direct.clone()));
        }
    }
    Ok(best.map_or(direct, |(_, direct)| direct))
}

/// The examples at `indices`, some of them T_m'⁻¹(T_m(x)) with m from its prior and m' close to m.
fn restored<D: Dataset>(
    model: &DeepCama,
    data: &D,
    indices: &[usize],
    config: &DirectConfig,
    rng: &mut ChaCha8Rng,
) -> Observed {
    let device = model.device();
    let observed = batch::observed(data, indices.iter().copied(), &device);
    let Some(mechanisms) = model.mechanisms() else { return observed };
    let explicit = mechanisms.explicit();
    let (rows, dim) = (indices.len(), mechanisms.dim());
    let m = mechanisms.draw_explicit(rows, 0.0, rng);
    let mut off: Vec<f32> = normals(rows * dim, rng).collect();
    let mut kept = vec![0.0f32; rows];
    for (kept, off) in kept.iter_mut().zip(off.chunks_mut(dim)) {
        *kept = f32::from(u8::from(rng.random_bool(config.restored)));
        for (off, explicit) in off.iter_mut().zip(&explicit) {
            *off *= if *explicit { config.jitter as f32 } else { 0.0 };
        }
    }
    // Those that are left as they are: at m = 0 every mechanism is the identity.
    let kept = Tensor::<2>::from_data(TensorData::new(kept, [rows, 1]), &device);
    let off = Tensor::<2>::from_data(TensorData::new(off, [rows, dim]), &device);
    let m = m * kept.clone();
    let x = mechanisms.apply(&m, observed.x, &model.config().data);
    let x = mechanisms.restore(&(m + off * kept), x);
    Observed { x, ..observed }
}

/// The examples, some of them damaged as in the dreams of the model's field and restored by it.
fn cleared(model: &DeepCama, observed: Observed, config: &DirectConfig, rng: &mut ChaCha8Rng) -> Observed {
    let Some(field) = model.field().filter(|_| config.cleared > 0.0) else { return observed };
    let [rows, width] = observed.x.dims();
    let chosen: Vec<usize> = (0..rows).filter(|_| rng.random_bool(config.cleared)).collect();
    if chosen.is_empty() {
        return observed;
    }
    let device = observed.x.device();
    let mut x = host(observed.x);
    let part: Vec<f32> = chosen.iter().flat_map(|row| x[row * width..][..width].iter().copied()).collect();
    let part = Tensor::from_data(TensorData::new(part, [chosen.len(), width]), &device);
    let restored = host(field.restored_dream(part, rng));
    for (row, restored) in chosen.iter().zip(restored.chunks_exact(width)) {
        x[row * width..][..width].copy_from_slice(restored);
    }
    Observed { x: Tensor::from_data(TensorData::new(x, [rows, width]), &device), ..observed }
}

/// log p(y|x) of the true class, `[indices]`.
fn log_likelihood<D: Dataset>(
    direct: &DirectClassifier,
    observed: &Observed,
    data: &D,
    indices: &[usize],
) -> Tensor<1> {
    let y = batch::labels(data, indices, &observed.x.device());
    direct.forward(observed).gather(1, y.unsqueeze_dim(1)).squeeze_dim(1)
}

/// Mean log p(y|x) of labelled examples.
fn validate<D: Dataset>(direct: &DirectClassifier, data: &D) -> f64 {
    let device = direct.out.weight.device();
    let all: Vec<usize> = (0..data.len()).collect();
    let sum: f64 = all
        .chunks(500)
        .map(|part| {
            let observed = batch::observed(data, part.iter().copied(), &device);
            f64::from(log_likelihood(direct, &observed, data, part).sum().into_scalar::<f32>())
        })
        .sum();
    sum / data.len() as f64
}
