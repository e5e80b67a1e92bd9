//! Deciding: what is restored, and by what it is classified.
//!
//! m of an example is inferred and undone. A guard judges whether the restored example is one that the model can
//! explain; if it is not, the example stays as it was. Its class then comes from Bayes' rule, from a discriminative
//! classifier on what the guard lets through, or from both.

mod chunk;
mod guard;
mod temperature;

pub use guard::{Context, Guard, Verdict};
pub use temperature::fit_temperature;

use std::ops::ControlFlow;

use burn::module::Module;
use serde::{Deserialize, Serialize};

use self::chunk::Chunk;
use self::guard::Survey;
use crate::classifier::Classifier;
use crate::data::Dataset;
use crate::head::TEMPERATURE;
use crate::model::DeepCama;
use crate::predict::{MChoice, PredictConfig, chunks};
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
    /// The model's own discriminative classifier, which decides unless there is an `other`, and whose agreement the
    /// guard asks for.
    pub head: Option<&'a dyn Classifier>,
    /// Another discriminative classifier, which decides in its place.
    pub other: Option<&'a dyn Classifier>,
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
            head: None,
            other: None,
            temperature: TEMPERATURE,
            guard: None,
            context: Context::Unknown,
        }
    }
}

impl<'a> Decider<'a> {
    /// The discriminative classifier that decides, if there is one.
    pub fn classifier(&self) -> Option<&'a dyn Classifier> {
        self.other.or(self.head)
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
        let spread: Vec<usize> = Self::surveyed(data.len()).collect();
        let by = if self.head.is_some() { By::Both } else { By::Bayes };
        let undoes = self.model.manipulation().is_some_and(|parts| parts.explicit().contains(&true));
        let predict = PredictConfig { samples: 2, m: MChoice::Mean, ..config.predict.clone() };
        // Unguarded, everything is restored.
        let all = Self { guard: None, other: None, ..*self };
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

    /// The indices of the examples that [`informed`](Self::informed) looks at, of `n`; of data that does not fit in memory
    /// it can be given these alone.
    pub fn surveyed(n: usize) -> impl Iterator<Item = usize> {
        let looks = n.min(SURVEYED);
        (0..looks).map(move |i| i * n / looks)
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
        let chunk = |range| Chunk::new(Decider { model, ..*self }, data, range, first, config).decide();
        chunks(model, data.len(), &config.predict, chunk, |i, decision: Decision| {
            if !decision.log_px.is_finite() || decision.probabilities.iter().any(|p| !p.is_finite()) {
                return Err(crate::predict::not_finite(model, first + i));
            }
            Ok(each(decision))
        })
    }

    fn check(&self, by: By) -> Result<()> {
        let classes = self.model.config().classes;
        match self.classifier() {
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
}
