//! A model with what stands beside it.

use super::compare::Answers;
use super::guard::Guard;
use super::outliers::Outliers;
use super::rule::{Rule, TEMPERATURE};
use super::tempering::{NO_SAY, Tempering};
use super::thresholds::Thresholds;
use super::verdict::Context;
use crate::classifier::Classifier;
use crate::model::DeepCama;
use crate::predict::{Bank, Inference, PredictConfig};
use crate::{Error, Result};

/// A model with what stands beside it.
#[derive(Clone, Copy)]
pub struct Decider<'a> {
    /// The generative model.
    pub model: &'a DeepCama,
    /// The model's own direct classifier, which decides unless there is an `external` one, and whose agreement the guard
    /// asks for.
    pub direct: Option<&'a dyn Classifier>,
    /// A classifier from elsewhere, which decides in its place.
    pub external: Option<&'a dyn Classifier>,
    /// T of [`Rule::Product`].
    pub temperature: f64,
    /// How T rises where an example is explained badly; without one it is the same for all, and what is explained neither
    /// way is left to the discriminative classifier.
    pub tempering: Option<Tempering>,
    /// The guard; without one everything is restored.
    pub guard: Option<&'a Guard>,
    /// Latents from which searches for z start, with [`Inference::Optimise`](crate::Inference::Optimise).
    pub bank: Option<&'a Bank>,
    /// From where on data as a whole is restored.
    pub thresholds: Thresholds,
    /// What the guard knows of the data that examples are from: see [`informed`](Self::informed).
    pub context: Context,
    /// If the model was adapted to data that was better restored: how many examples told that, or a global m. Of data at hand less is
    /// asked then.
    pub adapted_to: Option<usize>,
    /// With [`M::Global`](crate::M::Global), log odds that an example is one of the manipulated ones, before it is seen:
    /// what share of the data is, see [`informed`](Self::informed).
    pub log_odds: f64,
    /// What rows are outliers, which are never restored; without it none is.
    pub outliers: Option<&'a Outliers>,
    /// Whether Bayes' rule has a say in the product on the data that examples are from: not where it agrees with the
    /// discriminative classifier on far less of it than on clean examples; see [`informed`](Self::informed).
    pub bayes_has_say: bool,
}

impl<'a> Decider<'a> {
    /// A model alone: Bayes' rule, unguarded.
    pub fn bare(model: &'a DeepCama) -> Self {
        Self {
            model,
            direct: None,
            external: None,
            temperature: TEMPERATURE,
            tempering: None,
            guard: None,
            bank: None,
            thresholds: Thresholds::default(),
            context: Context::Unknown,
            adapted_to: None,
            log_odds: 0.0,
            outliers: None,
            bayes_has_say: true,
        }
    }

    /// The discriminative classifier that decides, if there is one.
    pub fn classifier(&self) -> Option<&'a dyn Classifier> {
        self.external.or(self.direct)
    }

    /// The power of the discriminative classifier in the product, and T for an example with this anomaly score.
    pub(super) fn weights(&self, anomaly_score: f64) -> (f64, f64) {
        match &self.tempering {
            Some(tempering) if !self.bayes_has_say => (tempering.direct, NO_SAY),
            Some(tempering) => {
                (tempering.direct, self.temperature * tempering.factor_under(self.guard, anomaly_score))
            }
            None => (1.0, self.temperature),
        }
    }

    /// Errors unless z can be got at in this way.
    pub(super) fn check_inference(&self, config: &PredictConfig) -> Result<()> {
        match (config.inference, self.bank) {
            (Inference::Optimise, None) => Err(Error::config(
                "predict.inference",
                "optimise",
                "amortised, as the model has no bank of latents; `cama bank` or `Cama::with_bank` makes one",
            )),
            _ => Ok(()),
        }
    }

    /// How strongly answers are for what was found of rows of a table, in standard errors by which the discriminative
    /// classifier is surer.
    pub(crate) fn evidence_of_table(&self, after: &Answers, before: &Answers) -> f64 {
        let on_clean = self.guard.map(|guard| guard.agreement);
        match self.model.factor() {
            Some(_) => after.evidence_globally(before, on_clean),
            None => after.evidence_of_rows(before, on_clean),
        }
    }

    pub(super) fn check(&self, rule: Rule) -> Result<()> {
        let classes = self.model.config().classes;
        match self.classifier() {
            None if rule.needs_classifier() => Err(Error::config(
                "rule",
                rule.name(),
                "bayes: the model has no direct classifier, and no external one was given",
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
