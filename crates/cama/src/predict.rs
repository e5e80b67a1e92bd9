//! Bayes' rule by importance sampling (Eqs. 6, 11).

use std::ops::ControlFlow;

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
    config.check()?;
    model.check_fits(data)?;
    if config.m != MChoice::Null && model.manipulation().is_none() {
        return Err(Error::config("m", "mean or sample", "null: the model has no mechanism, so no q2(m|x)"));
    }
    let model = model.valid();
    let per_example = model.config().classes * config.samples;
    let chunk = config.chunk(&model.config().input);
    let rows = (chunk / per_example).max(1);
    let samples = (chunk / model.config().classes).clamp(1, config.samples);
    let starts: Vec<usize> = (0..data.len()).step_by(rows).collect();
    // As many chunks at a time as there are threads; a GPU runs them one by one anyway.
    for starts in starts.chunks(rayon::current_num_threads()) {
        let chunk = |&start: &usize| {
            let range = start..data.len().min(start + rows);
            predict_chunk(&model, data, range, first, samples, config)
        };
        let done: Vec<_> = starts.par_iter().map(chunk).collect();
        for (i, prediction) in done.into_iter().flatten().enumerate() {
            if !prediction.log_px.is_finite() {
                return Err(Error::Diverged(format!(
                    "log p(x) of {} {}, counted from 0 among those that are read, is not a finite number: the model's weights are damaged, or its values are out of \
                     all bounds",
                    model.config().input.noun(),
                    first + starts[0] + i
                )));
            }
            if each(prediction).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn predict_chunk<D: Dataset>(
    model: &DeepCama,
    data: &D,
    range: std::ops::Range<usize>,
    first: usize,
    samples_at_once: usize,
    config: &PredictConfig,
) -> Vec<Prediction> {
    let device = model.device();
    let (classes, z, n) = (model.config().classes, model.config().z, range.len());
    let mut streams: Vec<_> = range.clone().map(|i| stream(config.seed, first + i)).collect();
    let seen = batch::evidence(data, range, &device);
    let (m, log_ratio_m) = choose_m(model, &seen, config.m, &mut streams);

    // log p(x|y,z,m) + log p(z) − log q1 for [example][class][sample]
    let mut log_weights = vec![Vec::with_capacity(config.samples); n * classes];
    let mut log_py = Vec::new();
    let mut left = config.samples;
    while left > 0 {
        let k = left.min(samples_at_once);
        let noise: Vec<f32> =
            streams.iter_mut().flat_map(|s| normals(k * z, s).collect::<Vec<_>>()).collect();
        let noise = Tensor::from_data(TensorData::new(noise, [n, k, z]), &device);
        let joint = model.joint(&seen, None, m.as_ref(), noise);
        log_py = host(joint.log_py);
        let weights = host(joint.log_px + joint.log_ratio_z);
        for (cell, new) in log_weights.iter_mut().zip(weights.chunks(k)) {
            cell.extend_from_slice(new);
        }
        left -= k;
    }

    let m_rows = m.map(host).unwrap_or_default();
    let m_dim = m_rows.len() / n;
    log_weights
        .chunks(classes)
        .enumerate()
        .map(|(i, by_class)| {
            let log_k = (config.samples as f64).ln();
            // One row for all where there are no parents.
            let log_py =
                if log_py.len() == classes { &log_py[..] } else { &log_py[i * classes..(i + 1) * classes] };
            let score = |(w, log_py): (&Vec<f32>, &f32)| {
                logsumexp(w.iter().map(|&w| w as f64)) - log_k + f64::from(*log_py)
            };
            let scores: Vec<f64> = by_class.iter().zip(log_py).map(score).collect();
            let log_px = logsumexp(scores.iter().copied());
            // Relative to the highest score: far off all classes, log p(x) has no digits left for its last terms.
            let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let relative: Vec<f64> = scores.iter().map(|s| (s - highest).exp()).collect();
            let sum: f64 = relative.iter().sum();
            let probabilities: Vec<f64> = relative.iter().map(|p| p / sum).collect();
            let class =
                (0..classes).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).expect("two classes or more");
            let log_ratio = log_ratio_m.get(i).copied().unwrap_or(0.0);
            Prediction {
                class,
                probabilities,
                log_px: log_px + f64::from(log_ratio),
                m: m_rows[i * m_dim..(i + 1) * m_dim].to_vec(),
            }
        })
        .collect()
}

/// The m of each example, `[n, dim]`, and log p(m) − log q2(m|x).
fn choose_m(
    model: &DeepCama,
    seen: &Evidence,
    choice: MChoice,
    streams: &mut [ChaCha8Rng],
) -> (Option<Tensor<2>>, Vec<f32>) {
    let Some(parts) = model.manipulation().filter(|_| choice != MChoice::Null) else {
        return (None, Vec::new());
    };
    let q2 = parts.posterior(seen);
    let m = match choice {
        MChoice::Sample => {
            let noise: Vec<f32> =
                streams.iter_mut().flat_map(|s| normals(parts.dim(), s).collect::<Vec<_>>()).collect();
            q2.sample(Tensor::from_data(
                TensorData::new(noise, [streams.len(), parts.dim()]),
                &model.device(),
            ))
        }
        _ => q2.mean.clone(),
    };
    let log_ratio = parts.log_prior(&m) - q2.log_prob(m.clone());
    (Some(m), host(log_ratio))
}

/// The samples of example `index`, independent of all others.
fn stream(seed: u64, index: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(index as u64);
    rng
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
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
