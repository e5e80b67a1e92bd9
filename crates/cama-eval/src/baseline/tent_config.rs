//! How to adapt by entropy minimisation.

use cama::{Config, Error, Result};
use serde::{Deserialize, Serialize};

/// How to minimise the entropy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TentConfig {
    /// Learning rate of Adam.
    pub learning_rate: f64,
    /// Examples a step at least, as long as there are that many: fewer have statistics of their own.
    pub batch: usize,
    /// Passes over the data; online it is always one.
    pub epochs: usize,
}

impl Default for TentConfig {
    /// Its authors' for CIFAR-10.
    fn default() -> Self {
        Self { learning_rate: 1e-3, batch: Self::FEWEST, epochs: 1 }
    }
}

impl TentConfig {
    /// Examples whose statistics are taken together in prediction, at least, as long as there are that many.
    pub const FEWEST: usize = 200;
}

impl Config for TentConfig {
    fn validate(&self) -> Result<()> {
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            return Err(Error::config("tent.learning_rate", self.learning_rate, "above 0 and at most 1"));
        }
        for (field, value, lowest, most) in
            [("tent.batch", self.batch, 2, 65_536), ("tent.epochs", self.epochs, 1, 100_000)]
        {
            if !(lowest..=most).contains(&value) {
                return Err(Error::config(field, value, format!("from {lowest} to {most}")));
            }
        }
        Ok(())
    }
}
