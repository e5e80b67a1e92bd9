//! Restoration alone: neither the decoder nor a classifier is asked about any example.

use std::ops::{ControlFlow, Range};

use burn::module::Module;
use rayon::prelude::*;

use super::predict::Predictor;
use crate::batch::{self, host};
use crate::data::{DataShape, Dataset};
use crate::decide::{Context, Verdict};
use crate::mechanism::{FieldMaps, FieldSummary};
use crate::model::{DeepCama, M};
use crate::restore::{known_only, restored};
use crate::{Error, Result};

/// Numbers in the first layer of q2 that a thread computes at a time, about 3 MB of them: so few that they, and the images, stay
/// in a processor's cache, and enough that the weights of the linear layer are read for several examples.
const NUMBERS_AT_ONCE: usize = 700_000;

/// Restores examples by q2(m|x) and T_m⁻¹(x) alone, all of them or none, as the guard has judged the data as a whole.
///
/// Where [`Predictor`] compares how the model explains each example as it is and restored, which takes several passes of the
/// decoder for each class, this takes one pass of q2's network and one of T_m⁻¹. It gives neither classes nor log p(x), and
/// restores the few examples, too, that the guard would leave alone among data of which it restores most.
///
/// ```no_run
/// use cama::{Cama, data};
///
/// let cama = Cama::load("adapted")?;
/// let incoming = data::load("photos/incoming")?;
/// if let Some(restorer) = cama.predictor().informed(&incoming)?.restorer()? {
///     for restoration in restorer.restore(&incoming)? {
///         println!("{:?}", restoration.m);
///     }
/// }
/// # Ok::<(), cama::Error>(())
/// ```
pub struct Restorer {
    model: DeepCama,
    verdict: Verdict,
    at_once: usize,
}

/// What was inferred of one example, and the example without it.
#[derive(Clone, Debug, PartialEq)]
pub struct Restoration {
    /// [`Verdict::Restored`], or [`Verdict::AsItWas`] where the data as a whole is left alone.
    pub verdict: Verdict,
    /// The mean of q2(m|x).
    pub m: Vec<f32>,
    /// Its standard deviations.
    pub m_sd: Vec<f32>,
    /// What a field found to have been done to the pixels, where the model has one.
    pub field: Option<FieldSummary>,
    /// T_m⁻¹(x), or x where the data as a whole is left alone.
    pub restored: Vec<f32>,
}

impl Predictor<'_> {
    /// Restoration alone, as the guard has judged the data that this is [`informed`](Self::informed) of as a whole: data that
    /// is easier to classify restored is restored, other data left alone. Without a guard everything is restored. Nothing if
    /// the guard knows too little of the data as a whole: then each example must be judged by itself, as by
    /// [`predict_part`](Self::predict_part).
    ///
    /// # Errors
    ///
    /// If nothing acts on X itself, m is not inferred of each example (do(m=0), or a factor model, which has one m for all
    /// rows and asks for each which of the two explains it), or is to be refined, which takes the decoder.
    pub fn restorer(&self) -> Result<Option<Restorer>> {
        let (model, predict) = (self.decider.model, &self.config.predict);
        if !model.restores() {
            return Err(Error::Mismatch("the model has no mechanism that acts on X itself to undo".into()));
        }
        if !matches!(predict.m, M::Mean | M::Sample) || model.factor().is_some() {
            return Err(Error::config(
                "predict.m",
                format!("{:?}", predict.m).to_lowercase(),
                "mean, of a model whose q2 infers one m for each example, to restore without the decoder",
            ));
        }
        if predict.refine > 0 {
            return Err(Error::config("predict.refine", predict.refine, "0 to restore without the decoder"));
        }
        let verdict = match (self.decider.guard, self.decider.context) {
            (None, _) | (_, Context::Inside) => Verdict::Restored,
            (_, Context::AtRest | Context::Outside) => Verdict::AsItWas,
            (_, Context::Unknown | Context::Mixed) => return Ok(None),
        };
        let at_once = predict.chunk.unwrap_or_else(|| at_once(model));
        Ok(Some(Restorer { model: model.valid(), verdict, at_once }))
    }
}

/// How many examples a thread restores at a time.
fn at_once(model: &DeepCama) -> usize {
    let numbers = match &model.config().data {
        DataShape::Image(shape) => {
            let channels =
                model.config().network.trunk.convolutional().map_or(1, |conv| conv.channels_after(1));
            channels * (shape[1] * shape[2]).div_ceil(4)
        }
        DataShape::Table(table) => table.width() + model.config().network.hidden,
    };
    (NUMBERS_AT_ONCE / numbers.max(1)).clamp(4, 500)
}

impl Restorer {
    /// What becomes of every example.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Restores every example, or infers what was done to it where the data as a whole is left alone.
    ///
    /// # Errors
    ///
    /// If the data does not fit the model, or numbers are not finite.
    pub fn restore<D: Dataset>(&self, data: &D) -> Result<Vec<Restoration>> {
        let mut all = Vec::with_capacity(data.len());
        self.restore_part(data, 0, |restoration| {
            all.push(restoration);
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }

    /// As [`restore`](Self::restore) of one part of data, `first` examples of which came before; hands over every example as
    /// soon as it is there, and `each` can stop it.
    ///
    /// # Errors
    ///
    /// As [`restore`](Self::restore).
    pub fn restore_part<D: Dataset>(
        &self,
        part: &D,
        first: usize,
        mut each: impl FnMut(Restoration) -> ControlFlow<()>,
    ) -> Result<()> {
        self.model.check_fits(part)?;
        let n = part.len();
        // No thread is left without examples at the end.
        let threads = rayon::current_num_threads();
        let rows = self.at_once.min(n.div_ceil(threads)).max(1);
        let starts: Vec<usize> = (0..n).step_by(rows).collect();
        for starts in starts.chunks(threads) {
            let chunk = |&start: &usize| self.chunk(part, start..n.min(start + rows));
            let done: Vec<_> = starts.par_iter().map(chunk).collect();
            for (i, restoration) in done.into_iter().flatten().enumerate() {
                if !(are_finite(&restoration.m) && are_finite(&restoration.restored)) {
                    let noun = self.model.config().data.noun();
                    return Err(Error::Diverged(format!(
                        "what was inferred of {noun} {}, counted from 0 among those that are read, is not finite: the \
                         model's weights are damaged, or its values are far outside of what it was trained on",
                        first + starts[0] + i
                    )));
                }
                if each(restoration).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn chunk<D: Dataset>(&self, data: &D, range: Range<usize>) -> Vec<Restoration> {
        let (model, restores) = (&self.model, self.verdict == Verdict::Restored);
        let mut observed = batch::observed(data, range.clone(), &model.device());
        let mut fields = Vec::new();
        if let Some(field) = model.field() {
            let posterior = field.posterior(observed.x.clone());
            fields = field.maps(&posterior).iter().map(FieldMaps::summary).collect();
            observed.x = posterior.restored();
        }
        let q2 = model.mechanisms().map(|mechanisms| mechanisms.posterior(&observed));
        let x = restores.then(|| match &q2 {
            Some(q2) => host(known_only(&observed, restored(model, &q2.mean, observed.x.clone()))),
            None => host(observed.x.clone()),
        });
        let (m, sd) = match q2 {
            Some(q2) => (host(q2.mean), host(q2.log_var.mul_scalar(0.5).exp())),
            None => (Vec::new(), Vec::new()),
        };
        let row = |all: &[f32], i: usize| {
            let length = all.len() / range.len();
            all[i * length..(i + 1) * length].to_vec()
        };
        let restoration = |i: usize| Restoration {
            verdict: self.verdict,
            m: row(&m, i),
            m_sd: row(&sd, i),
            field: fields.get(i).copied(),
            restored: match &x {
                Some(x) => row(x, i),
                None => data.x(range.start + i).to_vec(),
            },
        };
        (0..range.len()).map(restoration).collect()
    }
}

fn are_finite(values: &[f32]) -> bool {
    // Without a way out of the loop, so that it is vectorised.
    values.iter().fold(true, |finite, value| finite & value.is_finite())
}
