//! Predicting data.

use std::ops::{ControlFlow, Range};

use burn::module::Module;
use rayon::prelude::*;
use serde::Serialize;

use super::config::PredictConfig;
use super::infer::{Inferred, infer_m};
use super::optimise::Inference;
use super::sampling::class_scores;
use super::scores::{highest, normalised};
use crate::batch::{self, host};
use crate::data::Dataset;
use crate::model::DeepCama;
use crate::noise::example_rng;
use crate::{Checked, Error, Result};

/// What the model says of one example.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// The most probable class.
    pub class: usize,
    /// p(y|x), in tables p(y|a,x,c), of every class.
    pub probabilities: Vec<f64>,
    /// log p(x) in nats, in tables log p(x|a,c), by importance sampling, a lower bound in expectation: of log p(x|do(m=0)) with
    /// [`M::Null`](crate::M::Null), of log p(x) with [`M::Sample`](crate::M::Sample). With [`M::Mean`](crate::M::Mean) the same terms,
    /// log p(x|m) + log p(m) − log q2(m|x), at the mean: an estimate, not a bound.
    pub log_px: f64,
    /// The m that was used; empty with [`M::Null`](crate::M::Null).
    pub m: Vec<f32>,
    /// How many samples of z each class had: all, or fewer where [`PredictConfig::negligible`] says so.
    pub samples: Vec<usize>,
}

/// Predicts every example (Eqs. 6, 11).
///
/// # Errors
///
/// If the data does not fit the model, if an m is asked of a model that has no
/// mechanism, or if the model's numbers are not finite.
pub fn predict<D: Dataset>(
    model: &DeepCama,
    data: &D,
    config: &Checked<PredictConfig>,
) -> Result<Vec<Prediction>> {
    let mut all = Vec::with_capacity(data.len());
    predict_each(model, data, 0, config, |prediction| {
        all.push(prediction);
        ControlFlow::Continue(())
    })?;
    Ok(all)
}

/// As [`predict`], handing over each prediction as soon as its chunk is done; `each` can stop it. The examples are those from `first`
/// on of data that comes in parts, which only messages tell: parts are predicted as the whole would be.
pub fn predict_each<D: Dataset>(
    model: &DeepCama,
    data: &D,
    first: usize,
    config: &Checked<PredictConfig>,
    mut each: impl FnMut(Prediction) -> ControlFlow<()>,
) -> Result<()> {
    config.check_for(model, data)?;
    if config.inference == Inference::Optimise {
        let allowed = "amortised: searches start from a bank of latents, which `Cama::predictor` has";
        return Err(Error::config("predict.inference", "optimise", allowed));
    }
    let model = &model.valid();
    let chunk = |range| Ok(predict_chunk(model, data, range, config));
    chunks(model, data.len(), config, chunk, |i, prediction: Prediction| {
        match prediction.log_px.is_finite() {
            true => Ok(each(prediction)),
            false => Err(not_finite(model, first + i)),
        }
    })
}

/// The most examples that are computed together. Products of matrices with more rows are summed in another order (`gemm` packs the
/// other side from 257 on): an example would not get the same last bits among many as among few.
const ALIKE: usize = 256;

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
    let rows = (config.decoded_at_once(model) / model.config().classes).clamp(1, ALIKE);
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
         damaged, or its values are far outside of what it was trained on",
        model.config().data.noun(),
    ))
}

fn predict_chunk<D: Dataset>(
    model: &DeepCama,
    data: &D,
    range: Range<usize>,
    config: &PredictConfig,
) -> Vec<Prediction> {
    let device = model.device();
    let n = range.len();
    let mut rngs: Vec<_> = range.clone().map(|i| example_rng(config.seed, data, i)).collect();
    let observed = model.cleared(&batch::observed(data, range, &device), config.m.is_inferred());
    let (m, log_ratio_m) = match infer_m(model, &observed, (config.m, config.refine), &mut rngs) {
        Some(Inferred { m, log_ratio, .. }) => (Some(m), log_ratio),
        None => (None, Vec::new()),
    };
    let scores = class_scores(model, &observed, m.as_ref(), &config.sampling(model), &[], &mut rngs);
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
