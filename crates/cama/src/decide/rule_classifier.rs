//! A deep CAMA model under one rule, as a classifier that can be differentiated.

use burn::module::Module;
use burn::tensor::{Device, Tensor, activation};
use rand_chacha::ChaCha8Rng;

use super::decider::Decider;
use super::rule::Rule;
use crate::Result;
use crate::classifier::Classifier;
use crate::model::{DeepCama, M, Observed};
use crate::predict::PredictConfig;
use crate::restore::restore;
use crate::scores::class_scores;

/// A deep CAMA model under one rule, differentiated as a whole: through the likelihood, q1, q2(m|x) and restoration.
///
/// The guard is no function that could be differentiated. To the gradient every example is restored, as far as m is
/// inferred at all; what is judged afterwards is the decision with its guard.
pub struct RuleClassifier<'a> {
    model: DeepCama,
    direct: Option<&'a dyn Classifier>,
    temperature: f64,
    predict: PredictConfig,
    rule: Rule,
}

impl<'a> RuleClassifier<'a> {
    /// What stands in `decider`, with m and as many samples of z as `predict` says.
    ///
    /// # Errors
    ///
    /// If the rule asks a discriminative classifier and there is none that fits.
    pub fn new(decider: &Decider<'a>, predict: &PredictConfig, rule: Rule) -> Result<Self> {
        decider.check(rule)?;
        Ok(Self {
            model: decider.model.valid(),
            direct: decider.classifier(),
            temperature: decider.temperature,
            predict: predict.clone(),
            rule,
        })
    }

    fn bayes(&self, observed: &Observed, rngs: &mut [ChaCha8Rng]) -> Tensor<2> {
        class_scores(&self.model, observed, self.predict.m, self.predict.samples, rngs)
    }

    fn direct(&self, observed: &Observed, rngs: &mut [ChaCha8Rng]) -> Result<Tensor<2>> {
        let x = match self.predict.m {
            M::Null => observed.x.clone(),
            _ if self.rule == Rule::DirectAlone => observed.x.clone(),
            _ => restore(&self.model, observed),
        };
        let classifier = self.direct.expect("checked when it was made");
        classifier.log_probabilities(&Observed { x, ..observed.clone() }, rngs)
    }
}

impl Classifier for RuleClassifier<'_> {
    fn classes(&self) -> usize {
        self.model.config().classes
    }

    fn device(&self) -> Device {
        self.model.device()
    }

    fn batch_size(&self) -> usize {
        match self.rule {
            Rule::DirectAlone | Rule::Direct => 100,
            // Each example is decoded for every class and sample, and all of it is kept until it is differentiated.
            Rule::Bayes | Rule::Product => {
                let decoded = self.predict.chunk.unwrap_or(2000);
                (decoded / (self.predict.samples * self.classes())).clamp(1, 100)
            }
        }
    }

    fn differentiable(&self) -> bool {
        self.rule == Rule::Bayes || self.direct.is_some_and(|direct| direct.differentiable())
    }

    fn is_random(&self) -> bool {
        self.rule.needs_bayes()
    }

    fn log_probabilities(&self, observed: &Observed, rngs: &mut [ChaCha8Rng]) -> Result<Tensor<2>> {
        Ok(match self.rule {
            Rule::DirectAlone | Rule::Direct => self.direct(observed, rngs)?,
            Rule::Bayes => activation::log_softmax(self.bayes(observed, rngs), 1),
            Rule::Product => {
                let bayes = self.bayes(observed, rngs).div_scalar(self.temperature);
                let bayes = activation::log_softmax(bayes, 1);
                activation::log_softmax(bayes + self.direct(observed, rngs)?, 1)
            }
        })
    }
}
