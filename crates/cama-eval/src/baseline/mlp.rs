//! How to train a fully connected network.

use cama::{Config, Error, Result};
use serde::{Deserialize, Serialize};

/// How to train a fully connected network with rectified linear units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MlpConfig {
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// Share of the hidden units that are silenced in each training step.
    pub dropout: Dropout,
    /// Whether every feature is brought to mean 0 and variance 1 and within ±3; otherwise it is read as it is.
    pub standardised: bool,
    /// Learning rate of Adam at the start; it falls along half a cosine to zero.
    pub learning_rate: f64,
    /// Weight decay, decoupled from the gradient but times the learning rate (Loshchilov & Hutter, ICLR 2019).
    pub weight_decay: f64,
    /// Examples a step.
    pub batch: usize,
    /// Optimiser steps; the state with the best likelihood of the validation labels is kept.
    pub steps: usize,
    /// Passes over the data in the place of steps, if given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
}

/// Shares of hidden units that are silenced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Dropout {
    /// The same in all layers.
    All(f64),
    /// One for each layer.
    Each(Vec<f64>),
}

impl Default for MlpConfig {
    fn default() -> Self {
        Self {
            hidden: vec![400, 400],
            dropout: Dropout::All(0.3),
            standardised: true,
            learning_rate: 1e-3,
            weight_decay: 1.0,
            batch: 64,
            steps: 4000,
            epochs: None,
        }
    }
}

impl MlpConfig {
    /// The network that the paper compares with on digits: 784-512-256-126-512-10, on pixels as they are. What is not
    /// published is usual: Adam with a learning rate of 0.001, batches of 128, ten passes over the data.
    pub fn paper() -> Self {
        Self {
            hidden: vec![512, 256, 126, 512],
            dropout: Dropout::Each(vec![0.25, 0.25, 0.25, 0.5]),
            standardised: false,
            weight_decay: 0.0,
            batch: 128,
            epochs: Some(10),
            ..Self::default()
        }
    }

    /// Logistic regression.
    pub fn linear() -> Self {
        let dropout = Dropout::All(0.0);
        Self { hidden: Vec::new(), dropout, learning_rate: 1e-2, weight_decay: 0.01, ..Self::default() }
    }

    fn check_dropout(&self) -> Result<()> {
        let shares = |shares: &[f64]| shares.iter().all(|share| (0.0..1.0).contains(share));
        match &self.dropout {
            Dropout::All(share) if !shares(&[*share]) => {
                Err(Error::config("mlp.dropout", share, "at least 0 and below 1"))
            }
            Dropout::Each(each) if each.len() != self.hidden.len() || !shares(each) => {
                let allowed = format!(
                    "one share, or one for each of the {} hidden layers, at least 0 and below 1",
                    self.hidden.len()
                );
                Err(Error::config("mlp.dropout", format!("{each:?}"), allowed))
            }
            _ => Ok(()),
        }
    }

    /// Units of each hidden layer with the share that is silenced.
    pub(super) fn silenced(&self) -> Vec<(usize, f64)> {
        let share = |i: usize| match &self.dropout {
            Dropout::All(share) => *share,
            Dropout::Each(each) => each[i],
        };
        self.hidden.iter().enumerate().map(|(i, &units)| (units, share(i))).collect()
    }

    /// Units of all layers, from `width` features to `classes`.
    pub(super) fn widths(&self, width: usize, classes: usize) -> Vec<usize> {
        [&[width], &self.hidden[..], &[classes]].concat()
    }
}

impl Config for MlpConfig {
    fn validate(&self) -> Result<()> {
        let hidden = self.hidden.len() <= 20 && self.hidden.iter().all(|units| (1..=10_000).contains(units));
        if !hidden {
            let value = format!("{:?}", self.hidden);
            return Err(Error::config("mlp.hidden", value, "at most 20 layers of 1 to 10000 units"));
        }
        self.check_dropout()?;
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            return Err(Error::config("mlp.learning_rate", self.learning_rate, "above 0 and at most 1"));
        }
        if !(0.0..=100.0).contains(&self.weight_decay) {
            return Err(Error::config("mlp.weight_decay", self.weight_decay, "from 0 to 100"));
        }
        for (field, value, most) in [
            ("mlp.batch", self.batch, 65_536),
            ("mlp.steps", self.steps, 10_000_000),
            ("mlp.epochs", self.epochs.unwrap_or(1), 100_000),
        ] {
            if !(1..=most).contains(&value) {
                return Err(Error::config(field, value, format!("from 1 to {most}")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropout_is_one_share_or_one_a_layer() {
        let read = |json: &str| serde_json::from_str::<MlpConfig>(json).unwrap();
        assert_eq!(read(r#"{"dropout": 0.1}"#).silenced(), [(400, 0.1), (400, 0.1)]);
        assert_eq!(read(r#"{"dropout": [0.1, 0]}"#).silenced(), [(400, 0.1), (400, 0.0)]);
        let text = read(r#"{"dropout": [0.1]}"#).validate().unwrap_err().to_string();
        assert!(text.contains("one for each of the 2 hidden layers"), "{text}");
        assert!(read(r#"{"dropout": [0.1, 1]}"#).validate().is_err());
        assert!(MlpConfig::paper().validate().is_ok());
        assert_eq!(MlpConfig::paper().widths(784, 10), [784, 512, 256, 126, 512, 10]);
    }
}
