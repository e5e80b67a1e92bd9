//! From where on data as a whole is restored.

use serde::{Deserialize, Serialize};

use crate::Result;

/// What share of their agreement on clean examples the two must keep: of what is beyond the mechanisms, as an image of which
/// one half is inverted, the classifier can be surer and surely wrong.
pub(crate) const LEAST_AGREEMENT: f64 = 0.75;

/// What share of their agreement on clean examples speaks for itself, whether the examples are explained or not: those of
/// another hospital may never be.
pub(crate) const AS_OFTEN: f64 = 0.95;

/// What share of it is the least that is ever enough, whatever rehearsal says: below, where they agree on clean examples they differ on
/// one of three.
pub(crate) const EVER_ENOUGH: f64 = 2.0 / 3.0;

/// From where on data as a whole is taken to be what the mechanisms can express. Learnt from clean examples that were
/// damaged on purpose; see [`Rehearsal`](crate::Rehearsal).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// By how many standard errors the discriminative classifier must be surer of restored examples, or be surer and Bayes' rule agree more
    /// often, together; of rows of a table together.
    pub rise: f64,
    /// On what share of their agreement on clean examples Bayes' rule and the discriminative classifier must agree on images
    /// that, restored, are mostly not explained as clean ones are, though they agree on more of them beyond doubt.
    pub unexplained: f64,
    /// The same of images that, restored, are mostly explained as clean ones are.
    pub explained: f64,
    /// On what share more of the examples the two must agree where a field has restored images, too, than where it has not: what it
    /// makes of an image is plainer than the image.
    pub field: f64,
    /// How much better than nothing but noise the m of a data set must explain a number, in nats (tables).
    pub gain: f64,
}

impl Default for Thresholds {
    /// Those of the data sets of digits, clothes and measurements that the rules were found on: for models that have
    /// rehearsed nothing.
    fn default() -> Self {
        Self { rise: 3.0, unexplained: AS_OFTEN, explained: LEAST_AGREEMENT, field: 0.05, gain: 0.29 }
    }
}

impl Thresholds {
    /// Errors unless they are ones that can be: from a file they may be anything.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config).
    pub fn check(&self) -> Result<()> {
        let Self { rise, unexplained, explained, field, gain } = *self;
        if !(0.0..=1.0).contains(&field) {
            return Err(crate::Error::config("thresholds.field", field, "a share, from 0 to 1"));
        }
        let all = [("rise", rise), ("unexplained", unexplained), ("explained", explained), ("gain", gain)];
        for (field, value) in all {
            if !(value > 0.0 && value.is_finite()) {
                return Err(crate::Error::config(format!("thresholds.{field}"), value, "a positive number"));
            }
        }
        Ok(())
    }
}
