//! Classifiers that can be attacked by their gradient.

use burn::module::Module;
use burn::tensor::{Device, Tensor, activation};
use cama::{Classifier, Decider, DeepCama, Evidence, MChoice, PredictConfig, Result, class_scores, restore};
use rand_chacha::ChaCha8Rng;

/// A classifier as an attack sees it.
pub trait Victim: Sync {
    /// Number of classes.
    fn classes(&self) -> usize;

    /// Where it computes.
    fn device(&self) -> Device;

    /// How many examples it should be given at a time; bounds the memory.
    fn at_once(&self) -> usize {
        200
    }

    /// Whether [`log_probabilities`](Self::log_probabilities) can be differentiated in X and C.
    fn differentiable(&self) -> bool;

    /// Whether it draws random numbers.
    fn is_random(&self) -> bool {
        false
    }

    /// log p(y|x) of every class, `[batch, classes]`, in nats, finite and normalised. X and C of `seen` may be tensors that
    /// are differentiated; all else is a constant. `streams` has a generator for each example.
    ///
    /// # Errors
    ///
    /// If it cannot be run, or its numbers are not finite.
    fn log_probabilities(&self, seen: &Evidence, streams: &mut [ChaCha8Rng]) -> Result<Tensor<2>>;
}

/// A discriminative classifier on examples as they are.
pub struct Plain<'a> {
    /// It, on the CPU or wherever the device says.
    pub classifier: &'a dyn Classifier,
    /// Where it computes.
    pub device: Device,
}

impl Victim for Plain<'_> {
    fn classes(&self) -> usize {
        self.classifier.classes()
    }

    fn device(&self) -> Device {
        self.device.clone()
    }

    fn differentiable(&self) -> bool {
        self.classifier.differentiable()
    }

    fn log_probabilities(&self, seen: &Evidence, _streams: &mut [ChaCha8Rng]) -> Result<Tensor<2>> {
        self.classifier.log_probabilities(seen)
    }
}

/// What of a deep CAMA model with its head is attacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CamaWay {
    /// The discriminative classifier on the example as it is.
    HeadAlone,
    /// The discriminative classifier on the restored example.
    Head,
    /// Bayes' rule.
    Bayes,
    /// Their product, Bayes' rule to the power 1/T.
    Both,
}

/// A deep CAMA model by one of its ways of classifying, differentiated as a whole: through the likelihood, q1, q2(m|x) and
/// restoration.
///
/// The guard is no function that could be differentiated. To the gradient every example is restored, as far as m is
/// inferred at all; what is judged afterwards is the decision with its guard.
pub struct CamaVictim<'a> {
    model: DeepCama,
    classifier: Option<&'a dyn Classifier>,
    temperature: f64,
    predict: PredictConfig,
    way: CamaWay,
}

impl<'a> CamaVictim<'a> {
    /// What stands in `decider`, with m and as many samples of z as `predict` says.
    ///
    /// # Panics
    ///
    /// If `way` asks a discriminative classifier and there is none.
    pub fn new(decider: &Decider<'a>, predict: &PredictConfig, way: CamaWay) -> Self {
        assert!(way == CamaWay::Bayes || decider.classifier().is_some(), "{way:?} needs a classifier");
        Self {
            model: decider.model.valid(),
            classifier: decider.classifier(),
            temperature: decider.temperature,
            predict: predict.clone(),
            way,
        }
    }

    fn bayes(&self, seen: &Evidence, streams: &mut [ChaCha8Rng]) -> Tensor<2> {
        class_scores(&self.model, seen, self.predict.m, self.predict.samples, streams)
    }

    fn head(&self, seen: &Evidence) -> Result<Tensor<2>> {
        let x = match self.predict.m {
            _ if self.way == CamaWay::HeadAlone => seen.x.clone(),
            MChoice::Null => seen.x.clone(),
            MChoice::Mean | MChoice::Sample => restore(&self.model, seen),
        };
        let classifier = self.classifier.expect("checked when it was made");
        classifier.log_probabilities(&Evidence { x, ..seen.clone() })
    }
}

impl Victim for CamaVictim<'_> {
    fn classes(&self) -> usize {
        self.model.config().classes
    }

    fn device(&self) -> Device {
        self.model.device()
    }

    fn at_once(&self) -> usize {
        match self.way {
            CamaWay::HeadAlone | CamaWay::Head => 100,
            // Each example is decoded for every class and sample, and all of it is kept until it is differentiated.
            CamaWay::Bayes | CamaWay::Both => {
                let decoded = self.predict.chunk.unwrap_or(2000);
                (decoded / (self.predict.samples * self.classes())).clamp(1, 100)
            }
        }
    }

    fn differentiable(&self) -> bool {
        self.way == CamaWay::Bayes || self.classifier.is_some_and(|classifier| classifier.differentiable())
    }

    fn is_random(&self) -> bool {
        matches!(self.way, CamaWay::Bayes | CamaWay::Both)
    }

    fn log_probabilities(&self, seen: &Evidence, streams: &mut [ChaCha8Rng]) -> Result<Tensor<2>> {
        Ok(match self.way {
            CamaWay::HeadAlone | CamaWay::Head => self.head(seen)?,
            CamaWay::Bayes => activation::log_softmax(self.bayes(seen, streams), 1),
            CamaWay::Both => {
                let bayes = self.bayes(seen, streams).div_scalar(self.temperature);
                activation::log_softmax(activation::log_softmax(bayes, 1) + self.head(seen)?, 1)
            }
        })
    }
}
