//! What a classifier says of data, and what it undoes.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::Cama;
use crate::classifier::Classifier;
use crate::data::{DataShape, Dataset};
use crate::decide::{Context, DecideConfig, Decider, Decision, Rule, Surveyed};
use crate::model::M;
use crate::predict::{Inference, PredictConfig};
use crate::{Config, Result};

/// Data with what was done to it undone, as far as the guard lets it be.
#[derive(Clone, Debug)]
pub struct Restored<D> {
    /// The examples, restored or as they were.
    pub data: D,
    /// What was decided about each: its verdict, m, and how probable a manipulation is.
    pub decisions: Vec<Decision>,
}

/// Where the guard's knowledge of the data as a whole comes from: whether restoring makes it easier to classify, and, under a
/// factor model, what share of it was manipulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContextFrom {
    /// The data at hand: what is decided about an example then depends on what it comes with. Clean data is left alone more
    /// surely.
    #[default]
    Batch,
    /// The data that the model was adapted to: what is decided about an example then depends on that example alone, wherever
    /// it stands and whatever comes with it. Of a model that was not adapted nothing is known, as with
    /// [`Nothing`](Self::Nothing).
    Adapted,
    /// Nothing is known: each example is judged by itself, and strictly.
    #[serde(rename = "none")]
    Nothing,
}

impl Cama {
    /// Classifies every example, as [`predictor`](Self::predictor) does with its defaults.
    ///
    /// # Errors
    ///
    /// If the data does not fit the model, or numbers are not finite.
    pub fn predict<D: Dataset>(&self, data: &D) -> Result<Vec<Decision>> {
        self.predictor().predict(data)
    }

    /// The data as it would have been: T_m⁻¹(x) at the mean of q2(m|x), where the guard lets restoration stand. A model
    /// that infers no m leaves everything as it is.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict).
    pub fn restore<D: Dataset>(&self, data: &D) -> Result<Restored<D>> {
        let decisions = self.predictor().rule(Rule::Bayes).predict(data)?;
        let x: Vec<f32> = decisions.iter().flat_map(|decision| decision.restored.iter().copied()).collect();
        let data = data.with_x(&x)?;
        Ok(Restored { data, decisions })
    }

    /// Prediction with other settings than the defaults.
    pub fn predictor(&self) -> Predictor<'_> {
        let predict = PredictConfig { m: self.card.m, ..PredictConfig::default() };
        let config = DecideConfig { rule: Rule::Bayes, predict };
        let surveyed = self.surveyed;
        let inside = surveyed.filter(|surveyed| surveyed.context == Context::Inside);
        let adapted_to = match self.card.m {
            M::Global => self.kept_report().map(|report| report.examples),
            _ => inside.map(|surveyed| surveyed.examples),
        };
        let decider = Decider { adapted_to, ..self.decider() };
        let mut predictor = Predictor { decider, config, surveyed, context_from: ContextFrom::default() };
        predictor.config.rule = predictor.best_rule();
        predictor
    }
}

/// Prediction: what decides, and how.
#[derive(Clone)]
pub struct Predictor<'a> {
    /// What decides.
    pub decider: Decider<'a>,
    /// How.
    pub config: DecideConfig,
    /// What the guard learnt of the data that the model was adapted to, for [`ContextFrom::Adapted`].
    pub surveyed: Option<Surveyed>,
    /// Where the guard's knowledge of the data as a whole comes from; set by [`context`](Self::context).
    pub context_from: ContextFrom,
}

impl<'a> Predictor<'a> {
    /// By which rule; see [`best_rule`](Self::best_rule) for what it is unless given.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.config.rule = rule;
        self
    }

    /// Settings of Bayes' rule.
    pub fn configure(mut self, change: impl FnOnce(&mut PredictConfig)) -> Self {
        change(&mut self.config.predict);
        self
    }

    /// A discriminative classifier from elsewhere takes the place of the model's own; the guard still asks that one.
    pub fn external(mut self, classifier: &'a dyn Classifier) -> Self {
        self.decider.external = Some(classifier);
        self.config.rule = self.best_rule();
        self
    }

    /// T of the product, the same for every example; what was fitted for the model's direct classifier unless given.
    pub fn temperature(mut self, temperature: f64) -> Self {
        (self.decider.temperature, self.decider.tempering) = (temperature, None);
        self
    }

    /// Without the guard everything is restored; with the global m of a factor model, what it explains better than do(m=0).
    pub fn guard(mut self, guard: bool) -> Self {
        self.decider.guard = self.decider.guard.filter(|_| guard);
        self
    }

    /// Where the guard's knowledge of the data as a whole comes from: the data at hand unless given. With anything else what is
    /// decided about an example does not depend on the others.
    pub fn context(mut self, from: ContextFrom) -> Self {
        let Surveyed { context, log_odds, .. } = match from {
            ContextFrom::Adapted => self.surveyed.unwrap_or_default(),
            ContextFrom::Batch | ContextFrom::Nothing => Surveyed::default(),
        };
        (self.decider.context, self.decider.log_odds, self.context_from) = (context, log_odds, from);
        self
    }

    /// The rule that measures best: Bayes' rule alone where z is searched, as a discriminative classifier is what small changes
    /// mislead first; else the product on images, with an external classifier, and where rehearsal has told how much Bayes'
    /// rule counts in it or there were too few rows for that; Bayes' rule on other rows, or where there is no discriminative
    /// classifier.
    pub fn best_rule(&self) -> Rule {
        if self.config.predict.inference == Inference::Optimise {
            return Rule::Bayes;
        }
        let images = matches!(self.decider.model.config().data, DataShape::Image(_));
        match self.decider.classifier() {
            None => Rule::Bayes,
            Some(_) if images || self.decider.external.is_some() || self.decider.tempering.is_some() => {
                Rule::Product
            }
            Some(_) => Rule::Bayes,
        }
    }

    /// The same after the guard has looked at the data as a whole; of data larger than memory, at the examples of
    /// [`spread_indices`](crate::data::spread_indices). It is told whether that is outside of what the mechanisms can
    /// express: then nothing is restored. Unless its knowledge is to come from elsewhere: then it looks at nothing.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict).
    pub fn informed<D: Dataset>(mut self, spread: &D) -> Result<Self> {
        if self.context_from == ContextFrom::Batch {
            self.decider = self.decider.informed(spread, &self.config.check()?)?;
        }
        Ok(self)
    }

    /// What the guard has learnt of data as a whole from so many examples, where the model infers m.
    pub(super) fn surveyed(&self, examples: usize) -> Option<Surveyed> {
        let Decider { context, log_odds, .. } = self.decider;
        self.infers_m().then_some(Surveyed { context, log_odds, examples })
    }

    /// Whether what was done to the data is outside of what the mechanisms can express, once it is
    /// [`informed`](Self::informed) of it.
    pub fn is_outside(&self) -> bool {
        self.decider.context == Context::Outside
    }

    /// Whether Bayes' rule has a say in the product on the data, once it is [`informed`](Self::informed) of it: not where it
    /// agrees with the direct classifier on far fewer examples than of clean ones.
    pub fn bayes_has_say(&self) -> bool {
        self.decider.bayes_has_say || self.config.rule != Rule::Product
    }

    /// Classifies every example, after the guard has looked at all of them, if it is to.
    ///
    /// # Errors
    ///
    /// If the data does not fit the model, a setting is not allowed, a discriminative classifier is asked and there is
    /// none, or numbers are not finite.
    pub fn predict<D: Dataset>(&self, data: &D) -> Result<Vec<Decision>> {
        let config = self.config.check()?;
        self.clone().informed(data)?.decider.decide(data, &config)
    }

    /// Classifies one part after another of data, `first` examples of which came before, once it is
    /// [`informed`](Self::informed) of all; hands over every decision as soon as it is there, and `each` can stop it.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict).
    pub fn predict_part<D: Dataset>(
        &self,
        part: &D,
        first: usize,
        each: impl FnMut(Decision) -> ControlFlow<()>,
    ) -> Result<()> {
        self.decider.decide_each(part, first, &self.config.check()?, each)
    }

    /// Whether it infers m at all.
    pub fn infers_m(&self) -> bool {
        self.config.predict.m != M::Null
    }
}
