//! How to fit a direct classifier.

use serde::{Deserialize, Serialize};

use crate::data::DataShape;
use crate::fit::{LEAST_STEPS, check_loop, least_epochs};
use crate::{Config, Error, Result, check_sizes};

/// How to fit a direct classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DirectConfig {
    /// Passes over the clean data; 0 is no direct classifier.
    pub epochs: usize,
    /// Examples a step.
    pub batch: usize,
    /// Peak learning rate of Adam; warmed up over a twentieth of the steps, then half a cosine down to zero.
    pub learning_rate: f64,
    /// Bound on the gradient's norm; 0 is no bound.
    pub gradient_clip: f64,
    /// Channels of each convolution, for images.
    pub channels: usize,
    /// Width of each fully connected layer.
    pub hidden: usize,
    /// Share of the examples that are transformed and restored before it reads them.
    pub restored: f64,
    /// Share of the examples that a field, where the model has one, damages as in its dreams and restores.
    pub cleared: f64,
    /// How far m is off when they are restored, in standard deviations of its prior.
    pub jitter: f64,
}

/// Two layers over columns learn faster than convolutions: with ten times as many steps, a network of 341 rows of cell nuclei or 106 of
/// wines tells two or one more of the others apart, 228 and 72, and one of 400 rows of gas sensors a point less of what has drifted.
const LEAST_STEPS_OF_COLUMNS: usize = 150;

impl Default for DirectConfig {
    /// For images; for tables, [`DirectConfig::for_data`].
    fn default() -> Self {
        Self {
            epochs: 4,
            batch: 64,
            learning_rate: 2e-3,
            gradient_clip: 5.0,
            channels: 32,
            hidden: 128,
            restored: 0.5,
            cleared: 0.25,
            jitter: 0.05,
        }
    }
}

impl DirectConfig {
    /// The defaults for so many examples of such data: of few, more epochs, as in
    /// [`TrainConfig::for_examples`](crate::TrainConfig::for_examples). The best one is kept in any case.
    pub fn for_data(data: &DataShape, examples: usize) -> Self {
        let (config, least_steps) = match data {
            DataShape::Image(_) => (Self::default(), LEAST_STEPS),
            // A table has few rows, and its columns leave nothing to convolve.
            DataShape::Table(_) => {
                (Self { epochs: 30, hidden: 200, jitter: 0.02, ..Self::default() }, LEAST_STEPS_OF_COLUMNS)
            }
        };
        let epochs = config.epochs.max(least_epochs(examples, config.batch, least_steps));
        Self { epochs, ..config }
    }
}

impl Config for DirectConfig {
    fn validate(&self) -> Result<()> {
        check_loop("direct", 0, self.batch, self.learning_rate, self.gradient_clip)?;
        check_sizes(&[
            ("direct.epochs", self.epochs, 0..=100_000),
            ("direct.channels", self.channels, 1..=4096),
            ("direct.hidden", self.hidden, 1..=65_536),
        ])?;
        for (field, share) in [("direct.restored", self.restored), ("direct.cleared", self.cleared)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::config(field, share, "a share, from 0 to 1"));
            }
        }
        if !(0.0..=1.0).contains(&self.jitter) {
            return Err(Error::config(
                "direct.jitter",
                self.jitter,
                "from 0 to 1 standard deviation of the prior",
            ));
        }
        Ok(())
    }
}
