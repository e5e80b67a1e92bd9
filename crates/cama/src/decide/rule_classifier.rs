//! A deep CAMA model under one rule, as a classifier that can be differentiated.

use std::sync::Mutex;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData, activation};
use rand_chacha::ChaCha8Rng;

use super::decider::Decider;
use super::explain::{self, explain};
use super::guard::Guard;
use super::rule::Rule;
use super::tempering::Tempering;
use crate::batch::host;
use crate::classifier::{Classifier, Follow};
use crate::model::{DeepCama, M, Observed};
use crate::predict::{Bank, Inference, Optimised, PredictConfig, Warm};
use crate::restore::{restore_cleared, restore_with};
use crate::scores::{class_scores, followed_scores, searched_scores};
use crate::{Error, Result};

/// A deep CAMA model under one rule, differentiated as a whole: through the likelihood, q1, q2(m|x) and restoration.
///
/// The guard is no function that could be differentiated. To the gradient every example is restored, as far as m is
/// inferred at all; what is judged afterwards is the decision with its guard.
pub struct RuleClassifier<'a> {
    model: DeepCama,
    direct: Option<&'a dyn Classifier>,
    temperature: f64,
    tempering: Option<Tempering>,
    /// What tells that an example is not explained.
    guard: Option<Guard>,
    bank: Option<&'a Bank>,
    predict: PredictConfig,
    rule: Rule,
}

impl<'a> RuleClassifier<'a> {
    /// What stands in `decider`, with m and as many samples of z as `predict` says.
    ///
    /// # Errors
    ///
    /// If the rule asks a discriminative classifier and there is none that fits, z is to be searched and there is no bank, or m is to
    /// be refined.
    pub fn new(decider: &Decider<'a>, predict: &PredictConfig, rule: Rule) -> Result<Self> {
        decider.check(rule)?;
        decider.check_inference(predict)?;
        if predict.refine > 0 {
            let allowed = "0, as an m that is searched for each example has no gradient to follow";
            return Err(Error::config("predict.refine", predict.refine, allowed));
        }
        Ok(Self {
            model: decider.model.valid(),
            direct: decider.classifier(),
            temperature: decider.temperature,
            tempering: decider.tempering,
            guard: decider.guard.copied(),
            bank: decider.bank,
            predict: predict.clone(),
            rule,
        })
    }

    fn bayes(&self, observed: &Observed, rngs: &mut [ChaCha8Rng]) -> Tensor<2> {
        match self.optimised() {
            Some(optimised) => searched_scores(&optimised, observed, self.predict.m, rngs),
            None => class_scores(&self.model, observed, self.predict.m, self.predict.samples, rngs),
        }
    }

    /// The search for z, if that is how it is got at.
    fn optimised(&self) -> Option<Optimised<'_>> {
        Optimised::of(&self.model, self.bank, &self.predict)
    }

    /// T of each example, `[batch, 1]`, and the power of the discriminative classifier. To the gradient T is a constant.
    fn weights(&self, observed: &Observed) -> (Tensor<2>, f64) {
        let n = observed.x.dims()[0];
        let device = self.model.device();
        let constant = Tensor::full([n, 1], self.temperature, &device);
        let Some(tempering) = &self.tempering else { return (constant, 1.0) };
        let seen = observed.clone().constant();
        let cleared = self.model.cleared(&seen, self.predict.m.is_inferred());
        let m = match (self.predict.m, self.model.mechanisms()) {
            (M::Global, Some(mechanisms)) => mechanisms.global_m().map(|m| m.repeat_dim(0, n)),
            (M::Mean | M::Sample, Some(mechanisms)) => {
                mechanisms.non_invertible(&mechanisms.posterior(&cleared).mean)
            }
            _ => None,
        };
        let judged = match self.predict.m {
            M::Null | M::Global | M::Given(_) => seen,
            M::Mean | M::Sample => Observed { x: restore_cleared(&self.model, &cleared), ..cleared },
        };
        let rows = host(judged.x.clone());
        let sampling = self.predict.sampling(&self.model);
        let mut rngs = explain::batch_rngs(self.predict.seed, n);
        let rows = rows.chunks(rows.len() / n);
        let explained = explain(&self.model, &judged, m.as_ref(), rows, &sampling, &mut rngs);
        let factor = |score: &f64| tempering.factor_under(self.guard.as_ref(), *score) as f32;
        let factors: Vec<f32> = explained.anomaly_scores.iter().map(factor).collect();
        (constant * Tensor::from_data(TensorData::new(factors, [n, 1]), &device), tempering.direct)
    }

    fn direct(&self, observed: &Observed, rngs: &mut [ChaCha8Rng]) -> Result<Tensor<2>> {
        let x = match self.predict.m {
            _ if self.rule == Rule::DirectAlone => observed.x.clone(),
            choice => restore_with(&self.model, observed, choice),
        };
        let classifier = self.direct.expect("checked when it was made");
        classifier.log_probabilities(&Observed { x, ..observed.clone() }, rngs)
    }
}

/// Examples whose z are searched at a time: as many as keep both threads busy and the processor's caches full.
const SEARCHED: usize = 10;

/// Bayes' rule by searching z, for examples that change a little from call to call: each search goes on from the last.
struct Follower<'a> {
    classifier: &'a RuleClassifier<'a>,
    optimised: Optimised<'a>,
    how: Follow,
    warm: Mutex<Option<Warm>>,
}

impl Classifier for Follower<'_> {
    fn classes(&self) -> usize {
        self.classifier.classes()
    }

    fn device(&self) -> Device {
        self.classifier.device()
    }

    fn differentiable(&self) -> bool {
        true
    }

    fn is_random(&self) -> bool {
        self.classifier.is_random()
    }

    fn log_probabilities(&self, observed: &Observed, rngs: &mut [ChaCha8Rng]) -> Result<Tensor<2>> {
        let mut warm = self.warm.lock().expect("no thread panicked");
        let m = self.classifier.predict.m;
        let scores = followed_scores(&self.optimised, observed, (m, self.how), rngs, &mut warm);
        Ok(activation::log_softmax(scores, 1))
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
            Rule::Bayes | Rule::Product if self.predict.inference == Inference::Optimise => SEARCHED,
            Rule::Bayes | Rule::Product => {
                let decoded = self.predict.chunk.unwrap_or(2000);
                (decoded / (self.predict.samples * self.classes())).clamp(1, 100)
            }
        }
    }

    fn differentiable(&self) -> bool {
        // Sets of outliers have no gradient.
        if self.rule.needs_bayes() && self.optimised().is_some() && self.model.factor().is_some() {
            return false;
        }
        self.rule == Rule::Bayes || self.direct.is_some_and(|direct| direct.differentiable())
    }

    fn is_random(&self) -> bool {
        let draws = match self.predict.inference {
            Inference::Amortised => true,
            Inference::Optimise => self.predict.optimise.samples > 0 || self.predict.m == M::Sample,
        };
        self.rule.needs_bayes() && draws
    }

    fn follower(&self, how: Follow) -> Option<Box<dyn Classifier + '_>> {
        let optimised =
            self.optimised().filter(|_| self.rule == Rule::Bayes && self.model.factor().is_none())?;
        Some(Box::new(Follower { classifier: self, optimised, how, warm: Mutex::new(None) }))
    }

    fn log_probabilities(&self, observed: &Observed, rngs: &mut [ChaCha8Rng]) -> Result<Tensor<2>> {
        Ok(match self.rule {
            Rule::DirectAlone | Rule::Direct => self.direct(observed, rngs)?,
            Rule::Bayes => activation::log_softmax(self.bayes(observed, rngs), 1),
            Rule::Product => {
                let (temperatures, power) = self.weights(observed);
                let bayes = activation::log_softmax(self.bayes(observed, rngs) / temperatures, 1);
                let direct = self.direct(observed, rngs)?.mul_scalar(power);
                activation::log_softmax(bayes + direct, 1)
            }
        })
    }
}
