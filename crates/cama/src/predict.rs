//! Bayes' rule by importance sampling (Eqs. 6, 11).

use std::ops::{ControlFlow, Range};

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::batch;
use crate::data::Dataset;
use crate::input::Input;
use crate::model::{DeepCama, Evidence};
use crate::network::DiagonalGaussian;
use crate::noise::normals;
use crate::{Error, Result};

/// Which m all classes of an example share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MChoice {
    /// do(m = 0): the example is taken as clean.
    Null,
    /// The mean of q2(m|x).
    Mean,
    /// One sample of q2(m|x).
    Sample,
}

/// How to predict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PredictConfig {
    /// Samples K of z for each class.
    pub samples: usize,
    /// Which m.
    pub m: MChoice,
    /// Seed of the samples: example i of the data always gets the same ones, whatever the chunk.
    pub seed: u64,
    /// The most decoded examples that a thread holds at a time; bounds the memory, changes nothing else. Unless
    /// given, 1,000 images or at most 20,000 rows, fewer if they are wide.
    pub chunk: Option<usize>,
}

impl Default for PredictConfig {
    fn default() -> Self {
        Self { samples: 10, m: MChoice::Null, seed: 0, chunk: None }
    }
}

impl PredictConfig {
    /// Checks every field.
    pub fn check(&self) -> Result<()> {
        let chunk = self.chunk.map(|chunk| ("predict.chunk", chunk));
        for (field, value) in [("predict.samples", self.samples)].into_iter().chain(chunk) {
            if !(1..=1_000_000).contains(&value) {
                return Err(Error::config(field, value, "from 1 to 1000000"));
            }
        }
        Ok(())
    }
}

impl PredictConfig {
    /// Errors unless `model` can predict `data` so.
    pub(crate) fn check_for(&self, model: &DeepCama, data: &impl Dataset) -> Result<()> {
        self.check()?;
        model.check_fits(data)?;
        if self.m != MChoice::Null && model.manipulation().is_none() {
            return Err(Error::config(
                "m",
                "mean or sample",
                "null: the model has no mechanism, so no q2(m|x)",
            ));
        }
        Ok(())
    }

    /// How many samples of z are decoded at a time.
    pub(crate) fn samples_at_once(&self, model: &DeepCama) -> usize {
        let model = model.config();
        (self.chunk(&model.input) / model.classes).clamp(1, self.samples)
    }

    fn chunk(&self, input: &Input) -> usize {
        self.chunk.unwrap_or(match input {
            Input::Image(_) => 1000,
            Input::Table(table) => (400_000 / table.width()).clamp(500, 20_000),
        })
    }
}

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
    let per_example = model.config().classes * config.samples;
    let rows = (config.chunk(&model.config().input) / per_example).max(1);
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
    let samples_at_once = config.samples_at_once(model);
    let device = model.device();
    let n = range.len();
    let mut streams: Vec<_> = range.clone().map(|i| stream(config.seed, first + i)).collect();
    let seen = batch::evidence(data, range, &device);
    let (m, log_ratio_m) = match choose_m(model, &seen, config.m, &mut streams) {
        Some(Chosen { m, log_ratio, .. }) => (Some(m), log_ratio),
        None => (None, Vec::new()),
    };
    let scores = class_scores(model, &seen, m.as_ref(), config.samples, samples_at_once, &mut streams);
    let m_rows = m.map(host).unwrap_or_default();
    let m_dim = m_rows.len() / n;
    scores
        .into_iter()
        .enumerate()
        .map(|(i, scores)| {
            let (log_px, probabilities) = normalised(&scores);
            let log_ratio = log_ratio_m.get(i).copied().unwrap_or(0.0);
            Prediction {
                class: highest(&scores),
                probabilities,
                log_px: log_px + f64::from(log_ratio),
                m: m_rows[i * m_dim..(i + 1) * m_dim].to_vec(),
            }
        })
        .collect()
}

/// log p(x|y,m) + log p(y) of every class, for every example, by importance sampling (Eqs. 6, 11); `streams` has a
/// generator for each.
pub(crate) fn class_scores(
    model: &DeepCama,
    seen: &Evidence,
    m: Option<&Tensor<2>>,
    samples: usize,
    samples_at_once: usize,
    streams: &mut [ChaCha8Rng],
) -> Vec<Vec<f64>> {
    let (classes, z, n) = (model.config().classes, model.config().z, streams.len());
    // log p(x|y,z,m) + log p(z) − log q1 for [example][class][sample]
    let mut log_weights = vec![Vec::with_capacity(samples); n * classes];
    let mut log_py = Vec::new();
    let mut left = samples;
    while left > 0 {
        let k = left.min(samples_at_once);
        let noise = Tensor::<2>::from_data(drawn(k * z, streams), &model.device()).reshape([n, k, z]);
        let joint = model.joint(seen, None, m, noise);
        log_py = host(joint.log_py);
        let weights = host(joint.log_px + joint.log_ratio_z);
        for (cell, new) in log_weights.iter_mut().zip(weights.chunks(k)) {
            cell.extend_from_slice(new);
        }
        left -= k;
    }

    let log_k = (samples as f64).ln();
    log_weights
        .chunks(classes)
        .enumerate()
        .map(|(i, by_class)| {
            // One row for all where there are no parents.
            let log_py =
                if log_py.len() == classes { &log_py[..] } else { &log_py[i * classes..(i + 1) * classes] };
            let score = |(w, log_py): (&Vec<f32>, &f32)| {
                logsumexp(w.iter().map(|&w| w as f64)) - log_k + f64::from(*log_py)
            };
            by_class.iter().zip(log_py).map(score).collect()
        })
        .collect()
}

/// log Σ exp of scores, and their exponentials, normalised.
pub(crate) fn normalised(scores: &[f64]) -> (f64, Vec<f64>) {
    let log_sum = logsumexp(scores.iter().copied());
    // Relative to the highest score: far off all classes, log p(x) has no digits left for its last terms.
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let relative: Vec<f64> = scores.iter().map(|s| (s - highest).exp()).collect();
    let sum: f64 = relative.iter().sum();
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
    let values: Vec<f32> = streams.iter_mut().flat_map(|s| normals(width, s).collect::<Vec<_>>()).collect();
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

/// log Σ exp, without overflow.
fn logsumexp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let max = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if !max.is_finite() {
        return f64::NAN;
    }
    max + values.map(|v| (v - max).exp()).sum::<f64>().ln()
}
