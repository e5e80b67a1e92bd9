//! How to fit a head.

use serde::{Deserialize, Serialize};

use crate::input::{Input, check_sizes};
use crate::optimise::check_loop;
use crate::{Error, Result};

/// How to fit a head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeadConfig {
    /// Passes over the clean data; 0 is no head.
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
    /// Share of the examples that are transformed and restored before the head reads them.
    pub restored: f64,
    /// How far m is off when they are restored, in standard deviations of its prior.
    pub jitter: f64,
}

impl Default for HeadConfig {
    /// For images; for tables, [`HeadConfig::for_input`].
    fn default() -> Self {
        Self {
            epochs: 3,
            batch: 64,
            learning_rate: 2e-3,
            gradient_clip: 5.0,
            channels: 32,
            hidden: 128,
            restored: 0.5,
            jitter: 0.05,
        }
    }
}

impl HeadConfig {
    /// The defaults for such an input.
    pub fn for_input(input: &Input) -> Self {
        match input {
            Input::Image(_) => Self::default(),
            // A table has few rows, and its columns leave nothing to convolve.
            Input::Table(_) => Self { epochs: 30, hidden: 200, jitter: 0.02, ..Self::default() },
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// For the first that is not allowed.
    pub fn check(&self) -> Result<()> {
        check_loop("head", 0, self.batch, self.learning_rate, self.gradient_clip)?;
        check_sizes(&[
            ("head.epochs", self.epochs, 0..=100_000),
            ("head.channels", self.channels, 1..=4096),
            ("head.hidden", self.hidden, 1..=65_536),
        ])?;
        if !(0.0..=1.0).contains(&self.restored) {
            return Err(Error::config("head.restored", self.restored, "a share, from 0 to 1"));
        }
        if !(0.0..=1.0).contains(&self.jitter) {
            return Err(Error::config(
                "head.jitter",
                self.jitter,
                "from 0 to 1 standard deviation of the prior",
            ));
        }
        Ok(())
    }
}
