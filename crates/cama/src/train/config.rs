//! How to train, and on what besides clean data.

use serde::{Deserialize, Serialize};

use crate::data::DataShape;
use crate::data::Dataset;
use crate::fit::{LEAST_STEPS, check_loop, check_samples, least_epochs};
use crate::{Config, Error, Result};

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the data.
    pub epochs: usize,
    /// Examples a step; as many manipulated ones come on top.
    pub batch: usize,
    /// Peak learning rate of Adam.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises from zero to its peak.
    pub warm_up: usize,
    /// Whether the learning rate then falls along half a cosine to zero.
    pub decay: bool,
    /// Bound on the norm of the whole gradient; 0 is no bound.
    pub gradient_clip: f64,
    /// Epochs over which the weight of the divergences rises from zero to one; 0 starts at one.
    pub kl_warm_up: f64,
    /// Samples of z for each example.
    pub samples: usize,
    /// λ of Eq. 5, the weight of the clean data where there is manipulated data; with 0 only that is learnt from, by
    /// Eq. 4.
    pub lambda: f64,
    /// Examples of the training data that no step learns from: they validate it.
    pub validation: usize,
    /// Epochs without a better ELBO of the validation set after which training stops, with the best state kept;
    /// 0 trains to the end and keeps the last.
    pub patience: usize,
    /// Epochs from one validation, with its report and its checkpoint, to the next.
    pub validate_every: usize,
}

/// Where small data has more epochs than the preset's: how often the model is validated in all of them.
const VALIDATIONS: usize = 40;

/// And the share of them after which a model that has not become better will not.
const PATIENCE: f64 = 0.25;

impl TrainConfig {
    /// For the `fast` preset.
    pub fn fast() -> Self {
        Self {
            epochs: 8,
            batch: 64,
            learning_rate: 3e-3,
            warm_up: 200,
            decay: true,
            gradient_clip: 200.0,
            kl_warm_up: 0.0,
            samples: 1,
            lambda: 0.5,
            validation: 1000,
            patience: 0,
            validate_every: 1,
        }
    }

    /// For the `paper` preset with images: a constant, low learning rate.
    pub fn paper() -> Self {
        Self {
            epochs: 100,
            batch: 128,
            learning_rate: 5e-5,
            warm_up: 0,
            decay: false,
            gradient_clip: 0.0,
            ..Self::fast()
        }
    }

    /// For tables.
    pub fn table() -> Self {
        Self { epochs: 40, batch: 128, warm_up: 100, ..Self::fast() }
    }

    /// The settings that go with the preset called `name` for such data.
    pub fn preset(name: &str, data: &DataShape) -> Result<Self> {
        match name {
            "fast" => Ok(match data {
                DataShape::Image(_) => Self::fast(),
                DataShape::Table(_) => Self::table(),
            }),
            "paper" => Ok(match data {
                DataShape::Image(_) => Self::paper(),
                // The paper says nothing of how it trains on tables.
                DataShape::Table(_) => Self::table(),
            }),
            _ => Err(Error::unknown_name("preset", name, crate::model::PRESETS)),
        }
    }
}

impl TrainConfig {
    /// The same for so many examples to learn from. Of few examples an epoch has few steps: then there are as many epochs as
    /// steps need to be, the state that explains the validation set best is kept, and training ends once none has been better for
    /// a while, so that the model does not learn the examples by heart.
    pub fn for_examples(self, examples: usize) -> Self {
        let epochs = least_epochs(examples, self.batch, LEAST_STEPS);
        if epochs <= self.epochs {
            return self;
        }
        let patience = (epochs as f64 * PATIENCE).ceil() as usize;
        Self { epochs, patience, validate_every: epochs.div_ceil(VALIDATIONS), ..self }
    }

    /// These settings, which someone has made of `preset`: a number of epochs of their own is kept to, from the first to the last.
    pub(crate) fn obeyed(mut self, preset: &Self) -> Self {
        if self.epochs != preset.epochs {
            if self.patience == preset.patience {
                self.patience = 0;
            }
            if self.validate_every == preset.validate_every {
                self.validate_every = 1;
            }
        }
        self
    }
}

impl Config for TrainConfig {
    fn validate(&self) -> Result<()> {
        check_loop("train", self.epochs, self.batch, self.learning_rate, self.gradient_clip)?;
        if !(1..=100_000).contains(&self.epochs) {
            return Err(Error::config("train.epochs", self.epochs, "from 1 to 100000"));
        }
        check_samples("train.samples", self.samples, self.batch)?;
        if !(0.0..=1.0).contains(&self.lambda) {
            return Err(Error::config("train.lambda", self.lambda, "from 0 to 1"));
        }
        if !(self.kl_warm_up >= 0.0 && self.kl_warm_up.is_finite()) {
            return Err(Error::config("train.kl_warm_up", self.kl_warm_up, "a number of epochs, 0 or more"));
        }
        if self.validate_every == 0 {
            return Err(Error::config("train.validate_every", 0, "at least 1 epoch"));
        }
        if self.validation == 0 {
            return Err(Error::config("train.validation", 0, "at least 1: training is validated on these"));
        }
        Ok(())
    }
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self::fast()
    }
}

/// Manipulated data D' besides the clean data.
#[derive(Clone, Debug, PartialEq)]
pub enum Augmentation<D: Dataset> {
    /// Clean training examples, manipulated anew in each step by one of these, drawn at random for each part
    /// of a batch; the model is not told how (Eq. 4).
    Manipulations(Vec<D::Manipulation>),
    /// Labelled examples that are manipulated already; the model is not told how (Eq. 4).
    Data(D),
    /// Clean training examples under the model's own explicit mechanisms, with m from its prior and known:
    /// ELBO(x, y, do(m = m0)).
    Mechanisms,
}
