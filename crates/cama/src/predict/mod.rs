//! Bayes' rule by importance sampling (Eqs. 6, 11).

mod config;
mod race;
mod sampling;

pub(crate) use config::check_negligible;
pub use config::{MChoice, PredictConfig};
pub(crate) use race::Product;
pub(crate) use sampling::{Sampling, class_scores};

use std::ops::{ControlFlow, Range};

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use crate::batch;
use crate::data::Dataset;
use crate::model::{DeepCama, Evidence};
use crate::network::DiagonalGaussian;
use crate::noise::normals;
use crate::{Error, Result};

/// What the model says of one example.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// The most probable class.
    pub class: usize,
    /// p(y|x), in tables p(y|a,x,c), of every class.
    pub probabilities: Vec<f64>,
    /// log p(x) in nats, in tables log p(x|a,c), by importance sampling, a lower bound in expectation: of log p(x|do(m=0)) with
    /// [`MChoice::Null`], of log p(x) with [`MChoice::Sample`]. With [`MChoice::Mean`] the same terms,
    /// log p(x|m) + log p(m) − log q2(m|x), at the mean: an estimate, not a bound.
    pub log_px: f64,
    /// The m that was used; empty with [`MChoice::Null`].
    pub m: Vec<f32>,
    /// How many samples of z each class had: all, or fewer where [`PredictConfig::negligible`] says so.
    pub samples: Vec<usize>,
}

/// Predicts every example (Eqs. 6, 11).
///
/// # Errors
///
/// If the data does not fit the model, if `config` is not allowed, if an m is asked of a model that has no
/// mechanism, or if the model's numbers are not finite.
pub fn predict<D: Dataset>(model: &DeepCama, data: &D, config: &PredictConfig) -> Result<Vec<Prediction>> {
    let mut all = Vec::with_capacity(data.len());
    predict_each(model, data, 0, config, |prediction| {
        all.push(prediction);
        ControlFlow::Continue(())
    })?;
    Ok(all)
}

/// As [`predict`], handing over each prediction as soon as its chunk is done; `each` can stop it. The examples are those from `first`
/// on of data that comes in parts, so that parts are predicted as the whole would be.
pub fn predict_each<D: Dataset>(
    model: &DeepCama,
    data: &D,
    first: usize,
    config: &PredictConfig,
    mut each: impl FnMut(Prediction) -> ControlFlow<()>,
) -> Result<()> {
    config.check_for(model, data)?;
    let model = &model.valid();
    let chunk = |range| Ok(predict_chunk(model, data, range, first, config));
    chunks(model, data.len(), config, chunk, |i, prediction: Prediction| {
        match prediction.log_px.is_finite() {
            true => Ok(each(prediction)),
            false => Err(not_finite(model, first + i)),
        }
    })
}

/// Runs `chunk` on all of `0..n`, in parts that keep within the memory that `config` allows, and hands over what it
/// makes in order; `each` can stop it.
pub(crate) fn chunks<T: Send>(
    model: &DeepCama,
    n: usize,
    config: &PredictConfig,
    chunk: impl Fn(Range<usize>) -> Result<Vec<T>> + Sync,
    mut each: impl FnMut(usize, T) -> Result<ControlFlow<()>>,
) -> Result<()> {
    // A sample of every class at a time: the last ones are of few classes.
    let rows = (config.decoded_at_once(model) / model.config().classes).max(1);
    let starts: Vec<usize> = (0..n).step_by(rows).collect();
    // As many chunks at a time as there are threads; a GPU runs them one by one anyway.
    for starts in starts.chunks(rayon::current_num_threads()) {
        let chunk = |&start: &usize| chunk(start..n.min(start + rows));
        let done: Vec<_> = starts.par_iter().map(chunk).collect::<Result<_>>()?;
        for (i, made) in done.into_iter().flatten().enumerate() {
            if each(starts[0] + i, made)?.is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The error of an example whose log p(x) is not finite.
pub(crate) fn not_finite(model: &DeepCama, i: usize) -> Error {
    Error::Diverged(format!(
        "log p(x) of {} {i}, counted from 0 among those that are read, is not a finite number: the model's weights are \
         damaged, or its values are out of all bounds",
        model.config().input.noun(),
    ))
}

fn predict_chunk<D: Dataset>(
    model: &DeepCama,
    data: &D,
    range: Range<usize>,
    first: usize,
    config: &PredictConfig,
) -> Vec<Prediction> {
    let device = model.device();
    let n = range.len();
    let mut streams: Vec<_> = range.clone().map(|i| stream(config.seed, first + i)).collect();
    let seen = batch::evidence(data, range, &device);
    let (m, log_ratio_m) = match choose_m(model, &seen, config.m, &mut streams) {
        Some(Chosen { m, log_ratio, .. }) => (Some(m), log_ratio),
        None => (None, Vec::new()),
    };
    let scores = class_scores(model, &seen, m.as_ref(), &config.sampling(model), &[], &mut streams);
    let m_rows = m.map(host).unwrap_or_default();
    let m_dim = m_rows.len() / n;
    scores
        .into_iter()
        .enumerate()
        .map(|(i, (scores, samples))| {
            let (log_px, probabilities) = normalised(&scores);
            let log_ratio = log_ratio_m.get(i).copied().unwrap_or(0.0);
            Prediction {
                class: highest(&scores),
                probabilities,
                log_px: log_px + f64::from(log_ratio),
                m: m_rows[i * m_dim..(i + 1) * m_dim].to_vec(),
                samples,
            }
        })
        .collect()
}

/// log Σ exp of scores, and their exponentials, normalised.
pub(crate) fn normalised(scores: &[f64]) -> (f64, Vec<f64>) {
    // Relative to the highest score: far off all classes, log p(x) has no digits left for its last terms.
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let relative: Vec<f64> = scores.iter().map(|s| (s - highest).exp()).collect();
    let sum: f64 = relative.iter().sum();
    let log_sum = if highest.is_finite() { highest + sum.ln() } else { f64::NAN };
    (log_sum, relative.iter().map(|p| p / sum).collect())
}

/// Where the highest score stands; of several, the last.
pub(crate) fn highest(scores: &[f64]) -> usize {
    (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).expect("two classes or more")
}

/// The m of each example, with where it comes from.
pub(crate) struct Chosen {
    /// q2(m|x).
    pub q2: DiagonalGaussian<2>,
    /// m, `[n, dim]`.
    pub m: Tensor<2>,
    /// log p(m) − log q2(m|x) of each example.
    pub log_ratio: Vec<f32>,
}

/// The m of each example; nothing with do(m = 0) or without a mechanism.
pub(crate) fn choose_m(
    model: &DeepCama,
    seen: &Evidence,
    choice: MChoice,
    streams: &mut [ChaCha8Rng],
) -> Option<Chosen> {
    let parts = model.manipulation().filter(|_| choice != MChoice::Null)?;
    let q2 = parts.posterior(seen);
    let m = m_of(&q2, choice, streams);
    let log_ratio = host(parts.log_prior(&m) - q2.log_prob(m.clone()));
    Some(Chosen { q2, m, log_ratio })
}

/// The m of each example, `[n, dim]`, of q2(m|x) that has been asked for.
pub(crate) fn m_of(q2: &DiagonalGaussian<2>, choice: MChoice, streams: &mut [ChaCha8Rng]) -> Tensor<2> {
    match choice {
        MChoice::Sample => {
            let [_, dim] = q2.mean.dims();
            q2.sample(Tensor::from_data(drawn(dim, streams), &q2.mean.device()))
        }
        MChoice::Null | MChoice::Mean => q2.mean.clone(),
    }
}

/// Standard normal numbers, `[streams, width]`: a row from each generator.
pub(crate) fn drawn(width: usize, streams: &mut [ChaCha8Rng]) -> TensorData {
    let mut values = Vec::with_capacity(streams.len() * width);
    streams.iter_mut().for_each(|stream| values.extend(normals(width, stream)));
    TensorData::new(values, [streams.len(), width])
}

/// The samples of example `index`, independent of all others.
pub(crate) fn stream(seed: u64, index: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(index as u64);
    rng
}

pub(crate) fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().convert::<f32>().try_into_vec().expect("the data was converted to f32")
}

#[cfg(test)]
mod tests;
