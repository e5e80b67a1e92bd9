//! How to boost trees.

use cama::{Config, Error, Result};
use serde::{Deserialize, Serialize};

/// How to boost trees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TreesConfig {
    /// The most rounds; each grows one tree for every class.
    pub rounds: usize,
    /// Rounds without a better likelihood of the validation labels after which the search for the best number of
    /// rounds stops; all examples are then boosted that often.
    pub patience: usize,
    /// Share of its step that each tree goes.
    pub learning_rate: f64,
    /// The most leaves of a tree, which splits where it gains most.
    pub leaves: usize,
    /// The most splits on the way to a leaf.
    pub depth: usize,
    /// Quantiles of each feature at which it can be split.
    pub bins: u16,
    /// Penalty on the squares of the leaves' values.
    pub l2: f64,
    /// The least sum of the loss's second derivatives in a leaf.
    pub leaf_weight: f64,
    /// Share of the features, drawn anew for each tree, that it may split; 16 or all of fewer at least.
    pub features: f64,
    /// The most of them: what a round costs grows with their number, and of the many pixels of images few tell enough.
    pub most_features: usize,
}

impl Default for TreesConfig {
    fn default() -> Self {
        Self {
            rounds: 500,
            patience: 20,
            learning_rate: 0.1,
            leaves: 31,
            depth: 6,
            bins: 255,
            l2: 1.0,
            leaf_weight: 1.0,
            features: 0.5,
            most_features: 64,
        }
    }
}

impl Config for TreesConfig {
    fn validate(&self) -> Result<()> {
        for (field, value, lowest, most) in [
            ("rounds", self.rounds, 1, 100_000),
            ("patience", self.patience, 1, 100_000),
            ("leaves", self.leaves, 2, 10_000),
            ("depth", self.depth, 1, 64),
            ("bins", self.bins.into(), 2, 1000),
            ("most_features", self.most_features, 1, 1_000_000),
        ] {
            if !(lowest..=most).contains(&value) {
                let allowed = format!("from {lowest} to {most}");
                return Err(Error::config(format!("trees.{field}"), value, allowed));
            }
        }
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            return Err(Error::config("trees.learning_rate", self.learning_rate, "above 0 and at most 1"));
        }
        if !(self.features > 0.0 && self.features <= 1.0) {
            return Err(Error::config("trees.features", self.features, "above 0 and at most 1"));
        }
        for (field, value) in [("trees.l2", self.l2), ("trees.leaf_weight", self.leaf_weight)] {
            if !(0.0..=1e6).contains(&value) {
                return Err(Error::config(field, value, "from 0 to 1000000"));
            }
        }
        Ok(())
    }
}
