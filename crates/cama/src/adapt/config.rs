//! How to adapt.

use serde::{Deserialize, Serialize};

use super::dataset::DatasetConfig;
use crate::data::DataShape;
use crate::decide::Rule;
use crate::fit::{check_loop, check_samples};
use crate::model::{M, MChoice};
use crate::predict::{PredictConfig, check_negligible};
use crate::{Config, Error, Result};

/// Which state of an adaptation is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// The best that was validated, if it is better than the previous model; else that comes back.
    #[default]
    Best,
    /// The state after the last step, whatever it is worth: what the paper does. Nothing is rolled back.
    Last,
}

/// How to adapt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdaptConfig {
    /// Which state is kept.
    pub keep: Keep,
    /// Steps of Eq. 7 on one m for all unlabelled data, before any other: where a mechanism's prior has a slab, its
    /// mean. What all the data shares is found so without an inference network in between.
    pub global_steps: usize,
    /// Steps in which q2 then dreams of what was found, to tell manipulated examples from clean ones.
    pub recentre_steps: usize,
    /// Optimiser steps of Eq. 8.
    pub steps: usize,
    /// Steps in which a field, where one restores best, dreams of what it has inferred of the data at hand, before those of Eq. 8
    /// and with clean images; 0 leaves it as it came.
    pub field_steps: usize,
    /// Unlabelled examples a step.
    pub batch: usize,
    /// Clean, labelled examples a step, where there are any.
    pub clean_batch: usize,
    /// Peak learning rate of Adam; warmed up over a twentieth of the steps, then half a cosine down to zero.
    pub learning_rate: f64,
    /// α of Eq. 8, the weight of the clean data; without clean data Eq. 8 has only its other term.
    pub alpha: f64,
    /// Which ELBO of the clean data; the paper offers both. [`M::Sample`] is ELBO(x, y): clean examples, too, must be
    /// explained with an inferred m. [`M::Null`] is ELBO(x, y, do(m=0)); it holds NN_M(0) in place, and says nothing
    /// about a mechanism that is the identity at m = 0.
    pub clean_m: MChoice,
    /// Weight of KL(q2(m|x) ‖ p(m)); 1 is Eq. 8.
    pub kl_m: f64,
    /// β of tempered responsibilities: β⁻¹ log Σ_c exp(β ELBO(x, y_c)) in place of Eq. 7. With 1 it is Eq. 7; below, classes
    /// that explain an example worse keep a say, down to their mean.
    pub class_power: f64,
    /// Whether the true labels of the data are used, ELBO(x, y) in place of Eq. 7: no adaptation without labels, but what the
    /// mechanisms could express at best.
    pub oracle: bool,
    /// Samples of z for each example and class.
    pub samples: usize,
    /// Classes of an example whose weights in Eq. 7 together are less than this get no gradient; 0 gives it to all. The
    /// gradient of an example is off by less than this times the longest of theirs.
    pub no_gradient_below: f64,
    /// Bound on the gradient's norm; 0 is no bound.
    pub gradient_clip: f64,
    /// Share of the unlabelled examples that is used, drawn at random.
    pub portion: f64,
    /// Steps between two validations; where the direct classifier is asked (images), it is so half-way and at the end.
    pub validate_every: usize,
    /// Labelled clean examples, and unlabelled ones, that the guard watches; none of them is trained on.
    pub validation: usize,
    /// How much accuracy on clean examples may be lost before a state is discarded.
    pub tolerance: f64,
    /// By which rule that accuracy is measured. Bayes' rule suffers most from a spoilt q2.
    pub rule: Rule,
    /// Probability of classes that get no more samples where the guard predicts: see
    /// [`PredictConfig::negligible`](crate::PredictConfig::negligible).
    pub negligible: f64,
    /// How m of a data set is found under a factor model, which has no other steps.
    pub dataset: DatasetConfig,
}

impl Default for AdaptConfig {
    /// For images; for tables, [`AdaptConfig::for_data`].
    fn default() -> Self {
        Self {
            keep: Keep::Best,
            global_steps: 0,
            recentre_steps: 0,
            steps: 200,
            field_steps: 200,
            batch: 48,
            clean_batch: 16,
            learning_rate: 1e-3,
            alpha: 0.5,
            clean_m: M::Sample,
            kl_m: 1.0,
            class_power: 1.0,
            oracle: false,
            samples: 1,
            no_gradient_below: 1e-3,
            gradient_clip: 200.0,
            portion: 1.0,
            validate_every: 50,
            validation: 500,
            tolerance: 0.01,
            rule: Rule::Bayes,
            negligible: PredictConfig::default().negligible,
            dataset: DatasetConfig::default(),
        }
    }
}

impl AdaptConfig {
    /// The defaults for such data.
    pub fn for_data(data: &DataShape) -> Self {
        match data {
            DataShape::Image(_) => Self::default(),
            // Rows are cheap, and each says little of m.
            DataShape::Table(_) => Self {
                global_steps: 400,
                recentre_steps: 2000,
                steps: 800,
                batch: 128,
                clean_batch: 64,
                learning_rate: 3e-3,
                ..Self::default()
            },
        }
    }
}

impl Config for AdaptConfig {
    fn validate(&self) -> Result<()> {
        check_loop("adapt", self.steps, self.batch, self.learning_rate, self.gradient_clip)?;
        let may_be_none = [
            ("adapt.global_steps", self.global_steps),
            ("adapt.recentre_steps", self.recentre_steps),
            ("adapt.field_steps", self.field_steps),
        ];
        for (field, value) in may_be_none {
            if value > 10_000_000 {
                return Err(Error::config(field, value, "at most 10000000"));
            }
        }
        let positive = [
            ("adapt.steps", self.steps),
            ("adapt.clean_batch", self.clean_batch),
            ("adapt.validate_every", self.validate_every),
            ("adapt.validation", self.validation),
        ];
        for (field, value) in positive {
            if !(1..=10_000_000).contains(&value) {
                return Err(Error::config(field, value, "from 1 to 10000000"));
            }
        }
        check_samples("adapt.samples", self.samples, self.batch.max(self.clean_batch))?;
        let shares = [
            ("adapt.alpha", self.alpha),
            ("adapt.tolerance", self.tolerance),
            ("adapt.no_gradient_below", self.no_gradient_below),
        ];
        for (field, value) in shares {
            if !(0.0..=1.0).contains(&value) {
                return Err(Error::config(field, value, "from 0 to 1"));
            }
        }
        if !(self.portion > 0.0 && self.portion <= 1.0) {
            return Err(Error::config("adapt.portion", self.portion, "above 0 and at most 1"));
        }
        if let M::Mean | M::Global = self.clean_m {
            let name = if self.clean_m == M::Mean { "mean" } else { "global" };
            let allowed = "sample or null: the ELBO is a bound for a sample of q2, not for a given m";
            return Err(Error::config("adapt.clean_m", name, allowed));
        }
        self.dataset.validate()?;
        if !(self.kl_m >= 0.0 && self.kl_m.is_finite()) {
            return Err(Error::config("adapt.kl_m", self.kl_m, "a number, 0 or more"));
        }
        if !(self.class_power > 0.0 && self.class_power <= 1.0) {
            return Err(Error::config("adapt.class_power", self.class_power, "above 0 and at most 1"));
        }
        check_negligible("adapt.negligible", self.negligible)
    }
}
