//! How to fit a factor model.

use serde::{Deserialize, Serialize};

use crate::{Config, Error, Result};

/// How to fit a factor model to the numbers of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FactorConfig {
    /// Numbers of factors that are tried; those that explain held-out rows best are kept.
    pub factors: Vec<usize>,
    /// How many of them are kept, and mixed in equal shares.
    pub kept: usize,
    /// Steps of expectation–maximisation.
    pub iterations: usize,
    /// The least variance of a column that no factor explains, in squared standard deviations of the training data: a
    /// column that the others determine would else decide alone.
    pub least_variance: f64,
}

impl Default for FactorConfig {
    fn default() -> Self {
        Self { factors: vec![1, 2, 4, 8, 12], kept: 2, iterations: 60, least_variance: 0.01 }
    }
}

impl Config for FactorConfig {
    fn validate(&self) -> Result<()> {
        let sizes = !self.factors.is_empty() && self.factors.iter().all(|l| (1..=64).contains(l));
        if !sizes {
            let value = format!("{:?}", self.factors);
            return Err(Error::config("factor.factors", value, "one number or more, each from 1 to 64"));
        }
        for (field, value, most) in
            [("factor.kept", self.kept, 16), ("factor.iterations", self.iterations, 100_000)]
        {
            if !(1..=most).contains(&value) {
                return Err(Error::config(field, value, format!("from 1 to {most}")));
            }
        }
        if !(self.least_variance > 0.0 && self.least_variance <= 1.0) {
            return Err(Error::config("factor.least_variance", self.least_variance, "above 0 and at most 1"));
        }
        Ok(())
    }
}
