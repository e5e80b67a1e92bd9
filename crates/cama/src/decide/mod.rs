//! Deciding: what is restored, and by what it is classified.
//!
//! m of an example is inferred and undone. A guard judges whether the restored example is one that the model can
//! explain; if it is not, the example stays as it was. Its class then comes from Bayes' rule, from a discriminative
//! classifier on what the guard lets through, or from both.

mod guard;
mod temperature;

pub use guard::{Context, Guard, Verdict};
pub use temperature::fit_temperature;

use std::ops::{ControlFlow, Range};

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use self::guard::{Look, Survey, look};
use crate::batch;
use crate::classifier::Classifier;
use crate::data::Dataset;
use crate::head::TEMPERATURE;
use crate::model::{DeepCama, Evidence};
use crate::predict::{
    MChoice, PredictConfig, choose_m, chunks, class_scores, highest, host, normalised, stream,
};
use crate::restore::restored;
use crate::{Error, Result};

/// What an example is classified by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Bayes' rule (Eqs. 6, 11): with the inferred m where the guard lets restoration stand, else with do(m = 0).
    Bayes,
    /// The discriminative classifier: on the restored example where the guard lets it stand, else as it was.
    Head,
    /// Their product, Bayes' rule to the power 1/T: its probabilities come from many pixels taken as independent, and
    /// are far too sure. On what is unexplained, the discriminative classifier alone.
    Both,
}

/// How to decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecideConfig {
    /// By what; `Both` also gives the other two.
    pub by: By,
    /// Bayes' rule. With [`MChoice::Null`] nothing is restored; with the others, with the mean of q2.
    pub predict: PredictConfig,
}

impl Default for DecideConfig {
    fn default() -> Self {
        Self { by: By::Both, predict: PredictConfig { m: MChoice::Mean, ..PredictConfig::default() } }
    }
}

/// The most examples that the guard looks at to judge data as a whole.
const SURVEYED: usize = 500;

/// A model with what stands beside it.
#[derive(Clone, Copy)]
pub struct Decider<'a> {
    /// The generative model.
    pub model: &'a DeepCama,
    /// The discriminative classifier: the model's own head, or another.
    pub classifier: Option<&'a dyn Classifier>,
    /// The model's own discriminative classifier, whose agreement the guard asks for.
    pub witness: Option<&'a dyn Classifier>,
    /// T of [`By::Both`].
    pub temperature: f64,
    /// The guard; without one everything is restored.
    pub guard: Option<&'a Guard>,
    /// What the guard knows of the data that examples are from: see [`informed`](Self::informed).
    pub context: Context,
}

/// What was decided about one example.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// What the guard makes of it.
    pub verdict: Verdict,
    /// The most probable class, by what was asked.
    pub class: usize,
    /// p(y|x) of every class, by what was asked.
    pub probabilities: Vec<f64>,
    /// The same by each of the ways that were computed.
    pub ways: Ways,
    /// The mean of q2(m|x); empty with [`MChoice::Null`].
    pub m: Vec<f32>,
    /// Its standard deviations.
    pub m_sd: Vec<f32>,
    /// T_m⁻¹(x), where the verdict is [`Verdict::Restored`], else x.
    pub restored: Vec<f32>,
    /// log p(x), see [`Prediction::log_px`](crate::Prediction): with the inferred m where the example is restored, else with do(m = 0).
    pub log_px: f64,
    /// log p(x) with the inferred m less log p(x|do(m=0)), in nats: positive where the model had better believe that
    /// the example was manipulated. The latter is estimated with two samples of z only, so a few nats are noise.
    pub evidence: f64,
    /// How badly it is explained as it was, and restored, in nats: see [`Guard`].
    pub misfit: [f64; 2],
}

/// p(y|x) of every class by each way; empty where it was not computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Ways {
    /// As [`By::Bayes`].
    pub bayes: Vec<f64>,
    /// As [`By::Head`].
    pub head: Vec<f64>,
    /// As [`By::Both`].
    pub both: Vec<f64>,
    /// The discriminative classifier on the example as it was.
    pub head_alone: Vec<f64>,
}

impl Ways {
    fn by(&self, by: By) -> &[f64] {
        match by {
            By::Bayes => &self.bayes,
            By::Head => &self.head,
            By::Both => &self.both,
        }
    }
}

impl<'a> Decider<'a> {
    /// A model alone: Bayes' rule, unguarded.
    pub fn bare(model: &'a DeepCama) -> Self {
        Self {
            model,
            classifier: None,
            witness: None,
            temperature: TEMPERATURE,
            guard: None,
            context: Context::Unknown,
        }
    }
}

impl Decider<'_> {
    /// The same, after the guard has looked at the data as a whole: at no more than 500 examples spread over it. What
    /// the mechanisms cannot express shows in all of them far better than in each.
    ///
    /// Without a guard, with do(m = 0) and on few examples nothing is learnt of it.
    ///
    /// # Errors
    ///
    /// As [`decide`](Self::decide).
    pub fn informed<D: Dataset>(&self, data: &D, config: &DecideConfig) -> Result<Self> {
        let Some(guard) = self.guard.filter(|_| config.predict.m != MChoice::Null) else { return Ok(*self) };
        let n = data.len().min(SURVEYED);
        let spread: Vec<usize> = (0..n).map(|i| i * data.len() / n).collect();
        let by = if self.witness.is_some() { By::Both } else { By::Bayes };
        let undoes = self.model.manipulation().is_some_and(|parts| parts.explicit().contains(&true));
        let predict = PredictConfig { samples: 2, m: MChoice::Mean, ..config.predict.clone() };
        // Unguarded, everything is restored.
        let all = Self { guard: None, classifier: self.witness, ..*self };
        let mut survey = Survey::default();
        let surveyed = all.decide_each(&data.select(&spread), 0, &DecideConfig { by, predict }, |decision| {
            survey.add(&decision, undoes);
            ControlFlow::Continue(())
        });
        match surveyed {
            // What cannot be restored is no reason not to decide about the others.
            Err(Error::Diverged(_)) => Ok(Self { context: Context::Unknown, ..*self }),
            Err(error) => Err(error),
            Ok(()) => Ok(Self { context: guard.context(&survey), ..*self }),
        }
    }

    /// Decides about every example.
    ///
    /// # Errors
    ///
    /// As [`predict`](crate::predict), if a discriminative classifier is asked and there is none, or one with another number of
    /// classes, or if it fails.
    pub fn decide<D: Dataset>(&self, data: &D, config: &DecideConfig) -> Result<Vec<Decision>> {
        let mut all = Vec::with_capacity(data.len());
        self.decide_each(data, 0, config, |decision| {
            all.push(decision);
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }

    /// As [`decide`](Self::decide), handing over each decision as soon as its chunk is done; `each` can stop it. The
    /// examples are those from `first` on of data that comes in parts.
    pub fn decide_each<D: Dataset>(
        &self,
        data: &D,
        first: usize,
        config: &DecideConfig,
        mut each: impl FnMut(Decision) -> ControlFlow<()>,
    ) -> Result<()> {
        config.predict.check_for(self.model, data)?;
        self.check(config.by)?;
        let model = &self.model.valid();
        let chunk = |range| Decider { model, ..*self }.decide_chunk(data, range, first, config);
        chunks(model, data.len(), &config.predict, chunk, |i, decision: Decision| {
            if !decision.log_px.is_finite() || decision.probabilities.iter().any(|p| !p.is_finite()) {
                return Err(crate::predict::not_finite(model, first + i));
            }
            Ok(each(decision))
        })
    }

    fn check(&self, by: By) -> Result<()> {
        let classes = self.model.config().classes;
        match self.classifier {
            None if by != By::Bayes => Err(Error::config(
                "by",
                if by == By::Head { "head" } else { "both" },
                "bayes: the model has no head, and no other classifier was given",
            )),
            Some(classifier) if classifier.classes() != classes => Err(Error::Mismatch(format!(
                "the classifier has {} classes, the model {classes}",
                classifier.classes()
            ))),
            _ if self.temperature.is_nan() || self.temperature <= 0.0 => {
                Err(Error::config("temperature", self.temperature, "a positive number"))
            }
            _ => Ok(()),
        }
    }

    fn decide_chunk<D: Dataset>(
        &self,
        data: &D,
        range: Range<usize>,
        first: usize,
        config: &DecideConfig,
    ) -> Result<Vec<Decision>> {
        let Self { model, .. } = *self;
        let PredictConfig { samples, m: choice, seed, .. } = config.predict;
        let at_once = config.predict.samples_at_once(model);
        let n = range.len();
        let seen = &batch::evidence(data, range.clone(), &model.device());
        let streams = |of: Range<usize>| of.map(|i| stream(seed, first + i)).collect::<Vec<_>>();
        let watching = || guard::streams(seed, range.clone().map(|i| first + i));

        let rows = range.clone().map(|i| data.x(i));
        let Look { misfits: as_it_is, log_px: log_p0, .. } =
            look(model, seen, None, rows, at_once, &mut watching());
        let mut found = None;
        if let Some(parts) = model.manipulation().filter(|_| choice != MChoice::Null) {
            let mut bayes_streams = streams(range.clone());
            let (m, log_ratio) = choose_m(model, seen, choice, &mut bayes_streams);
            let m = m.expect("q2 was asked");
            let k = if config.by == By::Head { guard::SAMPLES } else { samples };
            let scores = class_scores(model, seen, Some(&m), k, at_once.min(k), &mut bayes_streams);
            let q2 = parts.posterior(seen);
            let x = restored(model, &q2.mean, seen.x.clone());
            let rows = host(x.clone());
            let cleaned = Evidence { x, ..seen.clone() };
            let left = parts.not_undone(&q2.mean);
            let width = rows.len() / n;
            let look = look(model, &cleaned, left.as_ref(), rows.chunks(width), at_once, &mut watching());
            found = Some(Found {
                scores,
                log_ratio,
                m: host(q2.mean),
                sd: host(q2.log_var.mul_scalar(0.5).exp()),
                rows,
                cleaned,
                look,
            });
        }
        let ask = |seen: &Evidence| self.classifier.map(|asked| log_probabilities(asked, seen)).transpose();
        let head_restored = match &found {
            Some(found) if config.by != By::Bayes => ask(&found.cleaned)?,
            _ => None,
        };
        // Judged by the same samples whatever is asked.
        let witness = self.witness.filter(|_| self.guard.is_some());
        let witnessed = match (&found, witness) {
            (Some(found), Some(witness)) => Some(log_probabilities(witness, &found.cleaned)?),
            _ => None,
        };
        let verdict = |i: usize| match (self.guard, &found) {
            (Some(guard), Some(found)) => {
                let agreed = witnessed.as_ref().map(|rows| highest(&rows[i]) == found.look.classes[i]);
                guard.judge(self.context, as_it_is[i], Some(found.look.misfits[i]), agreed)
            }
            (Some(guard), None) => guard.judge(self.context, as_it_is[i], None, None),
            (None, Some(_)) => Verdict::Restored,
            (None, None) => Verdict::AsItWas,
        };
        let verdicts: Vec<Verdict> = (0..n).map(verdict).collect();

        // Bayes' rule with do(m = 0) where nothing is undone.
        let left: Vec<usize> = (0..n).filter(|&i| verdicts[i] != Verdict::Restored).collect();
        let mut null_scores = Vec::new();
        if config.by != By::Head && !left.is_empty() {
            let indices = left.iter().map(|i| range.start + i);
            let seen = batch::evidence(data, indices.clone(), &model.device());
            let mut streams: Vec<_> = indices.map(|i| stream(seed, first + i)).collect();
            null_scores = class_scores(model, &seen, None, samples, at_once, &mut streams);
        }
        let head = if config.by == By::Bayes { None } else { ask(seen)? };

        let mut null_scores = null_scores.into_iter();
        let decisions = verdicts.into_iter().enumerate().map(|(i, verdict)| {
            let undone = found.as_ref().filter(|_| verdict == Verdict::Restored);
            let scores = match undone {
                Some(found) => Some(found.scores[i].clone()),
                None => null_scores.next(),
            };
            let log_px = match undone {
                Some(found) => normalised(&found.scores[i]).0 + f64::from(found.log_ratio[i]),
                None => scores.as_ref().map_or(log_p0[i], |scores| normalised(scores).0),
            };
            let alone = head.as_ref().map(|rows| rows[i].as_slice());
            let restored_head = head_restored.as_ref().filter(|_| undone.is_some());
            let ways = self.ways(
                scores.as_deref().filter(|_| config.by != By::Head),
                restored_head.map_or(alone, |rows| Some(rows[i].as_slice())),
                alone,
                verdict,
            );
            let probabilities = ways.by(config.by).to_vec();
            let part = |of: fn(&Found) -> &Vec<f32>| {
                found.as_ref().map_or(Vec::new(), |found| {
                    let all = of(found);
                    let length = all.len() / n;
                    all[i * length..(i + 1) * length].to_vec()
                })
            };
            let with_m = found.as_ref().map(|f| normalised(&f.scores[i]).0 + f64::from(f.log_ratio[i]));
            Decision {
                verdict,
                class: highest(&probabilities),
                probabilities,
                ways,
                m: part(|found| &found.m),
                m_sd: part(|found| &found.sd),
                restored: match undone {
                    Some(_) => part(|found| &found.rows),
                    None => data.x(range.start + i).to_vec(),
                },
                log_px,
                evidence: with_m.map_or(0.0, |with_m| with_m - log_p0[i]),
                misfit: [as_it_is[i], found.as_ref().map_or(as_it_is[i], |found| found.look.misfits[i])],
            }
        });
        Ok(decisions.collect())
    }

    fn ways(
        &self,
        bayes: Option<&[f64]>,
        head: Option<&[f64]>,
        alone: Option<&[f64]>,
        verdict: Verdict,
    ) -> Ways {
        let both = match (bayes, head) {
            (Some(_), Some(head)) if verdict == Verdict::Unexplained => exponentials(head),
            (Some(bayes), Some(head)) => product(bayes, head, self.temperature),
            _ => Vec::new(),
        };
        Ways {
            bayes: bayes.map(exponentials).unwrap_or_default(),
            head: head.map(exponentials).unwrap_or_default(),
            both,
            head_alone: alone.map(exponentials).unwrap_or_default(),
        }
    }
}

/// What q2 found in a chunk.
struct Found {
    scores: Vec<Vec<f64>>,
    log_ratio: Vec<f32>,
    m: Vec<f32>,
    sd: Vec<f32>,
    rows: Vec<f32>,
    cleaned: Evidence,
    look: Look,
}

/// Normalised exponentials of `bayes`/T + `head`.
fn product(bayes: &[f64], head: &[f64], temperature: f64) -> Vec<f64> {
    // Relative to the highest, so that log p(x) takes no digits.
    let highest = bayes.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let scores: Vec<f64> =
        bayes.iter().zip(head).map(|(bayes, head)| (bayes - highest) / temperature + head).collect();
    exponentials(&scores)
}

fn exponentials(scores: &[f64]) -> Vec<f64> {
    normalised(scores).1
}

/// One row of log p(y|x) an example.
fn log_probabilities(classifier: &dyn Classifier, seen: &Evidence) -> Result<Vec<Vec<f64>>> {
    let log_p: Tensor<2> = classifier.log_probabilities(seen)?;
    let classes = log_p.dims()[1];
    Ok(host(log_p).chunks(classes).map(|row| row.iter().map(|&p| f64::from(p)).collect()).collect())
}
