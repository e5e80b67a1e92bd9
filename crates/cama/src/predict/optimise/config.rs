//! How z is searched.

use serde::{Deserialize, Serialize};

use crate::{Config, Error, Result};

/// How Bayes' rule gets at z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inference {
    /// By samples of q1(z|x,y,m), weighted: fast, and as good as q1, which small changes of an example can mislead.
    #[default]
    Amortised,
    /// By searching z for every class: about ten times as slow, and as good as the model. Under a factor model, which integrates z out, the
    /// numbers of a row are searched for those that are outliers.
    Optimise,
}

/// How z is searched for every class, with [`Inference::Optimise`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimiseConfig {
    /// Steps of Adam.
    pub steps: usize,
    /// Starts for each class: q1's mean, then latents of clean examples that explain X best.
    pub starts: usize,
    /// The probability π with which each value of X is taken for an outlier; the one found on clean data when the bank was
    /// made unless given. 0 lets single values decide.
    pub floor: Option<f64>,
    /// Adam's first step length; it falls to a tenth of it.
    pub rate: f64,
    /// Samples of z about the best one, from a Gaussian as wide as q1's, by which p(x|y) is estimated as in Eq. 6; with 0 the
    /// highest density alone is the score.
    pub samples: usize,
}

impl Default for OptimiseConfig {
    fn default() -> Self {
        Self { steps: 30, starts: 2, floor: None, rate: 0.1, samples: 0 }
    }
}

impl Config for OptimiseConfig {
    fn validate(&self) -> Result<()> {
        for (field, value, least) in [
            ("predict.optimise.steps", self.steps, 1),
            ("predict.optimise.starts", self.starts, 1),
            ("predict.optimise.samples", self.samples, 0),
        ] {
            if !(least..=10_000).contains(&value) {
                return Err(Error::config(field, value, format!("from {least} to 10000")));
            }
        }
        if !(self.rate > 0.0 && self.rate <= 10.0) {
            return Err(Error::config("predict.optimise.rate", self.rate, "above 0, and at most 10"));
        }
        check_floor("predict.optimise.floor", self.floor.unwrap_or(0.0))
    }
}

/// Errors unless `value` can be the probability of an outlier.
pub(super) fn check_floor(field: &str, value: f64) -> Result<()> {
    match (0.0..=0.95).contains(&value) {
        true => Ok(()),
        false => Err(Error::config(field, value, "from 0, no outliers, to 0.95")),
    }
}
