//! How to train a convolutional network.

use cama::fit::{LEAST_STEPS, least_epochs};
use cama::{Config, Error, Result};
use serde::{Deserialize, Serialize};

/// How to train a convolutional network with rectified linear units, with or without batch normalisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CnnConfig {
    /// Channels of the first convolution; all others have twice as many.
    pub channels: usize,
    /// Convolutions, each of which halves the sides; as many as bring the shorter side to 4 pixels unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layers: Option<usize>,
    /// Side of their kernels, an odd number.
    pub kernel: usize,
    /// Units of the fully connected layer.
    pub hidden: usize,
    /// Share of them that is silenced in each training step.
    pub dropout: f64,
    /// Peak learning rate of Adam; it falls along half a cosine to zero.
    pub learning_rate: f64,
    /// Examples a step.
    pub batch: usize,
    /// Passes over the data; unless given 4, of few images as many as make 1,500 steps. The state with the best likelihood of the
    /// validation labels is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Optimiser steps in the place of epochs, if given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
}

impl Default for CnnConfig {
    fn default() -> Self {
        Self {
            channels: 32,
            layers: None,
            kernel: 5,
            hidden: 128,
            dropout: 0.3,
            learning_rate: 2e-3,
            batch: 64,
            epochs: None,
            steps: None,
        }
    }
}

impl CnnConfig {
    /// The shorter side after the last convolution, unless their number is given.
    const LAST_SIDE: usize = 4;

    /// Passes over data that is not small.
    const EPOCHS: usize = 4;

    /// Optimiser steps in which so many examples are learnt from: at least as many as the model's own direct classifier has,
    /// or the comparison would not be fair.
    pub(super) fn steps_for(&self, examples: usize) -> usize {
        let least = || Self::EPOCHS.max(least_epochs(examples, self.batch, LEAST_STEPS));
        let passes = || self.epochs.unwrap_or_else(least) * examples.div_ceil(self.batch);
        self.steps.unwrap_or_else(passes)
    }

    /// Channels of such an image, and after each convolution.
    pub(super) fn channels_of(&self, [channels, height, width]: [usize; 3]) -> Vec<usize> {
        let halvings = || {
            let sides = std::iter::successors(Some(height.min(width)), |side| Some(side.div_ceil(2)));
            sides.take_while(|side| *side > Self::LAST_SIDE).count().clamp(1, 12)
        };
        let layers = self.layers.unwrap_or_else(halvings);
        let after = (0..layers).map(|i| if i == 0 { self.channels } else { 2 * self.channels });
        std::iter::once(channels).chain(after).collect()
    }
}

impl Config for CnnConfig {
    fn validate(&self) -> Result<()> {
        for (field, value, most) in [
            ("channels", self.channels, 4096),
            ("layers", self.layers.unwrap_or(1), 12),
            ("kernel", self.kernel, 31),
            ("hidden", self.hidden, 65_536),
            ("batch", self.batch, 65_536),
            ("epochs", self.epochs.unwrap_or(1), 100_000),
            ("steps", self.steps.unwrap_or(1), 10_000_000),
        ] {
            if !(1..=most).contains(&value) {
                return Err(Error::config(format!("cnn.{field}"), value, format!("from 1 to {most}")));
            }
        }
        if self.kernel.is_multiple_of(2) {
            return Err(Error::config("cnn.kernel", self.kernel, "odd"));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(Error::config("cnn.dropout", self.dropout, "at least 0 and below 1"));
        }
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            return Err(Error::config("cnn.learning_rate", self.learning_rate, "above 0 and at most 1"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_images_are_halved_more_often() {
        let channels = |image| CnnConfig::default().channels_of(image);
        assert_eq!(channels([1, 28, 28]), [1, 32, 64, 64]);
        assert_eq!(channels([3, 32, 64]), [3, 32, 64, 64]);
        assert_eq!(channels([3, 64, 65]), [3, 32, 64, 64, 64]);
        assert_eq!(channels([1, 2, 9]), [1, 32]);
    }

    #[test]
    fn few_images_are_learnt_from_more_often() {
        let steps = |config: CnnConfig, examples| config.steps_for(examples);
        let default = CnnConfig::default;
        assert_eq!([54_000, 6_400, 100, 0].map(|n| steps(default(), n)), [3376, 1500, 1500, 0]);
        assert_eq!(steps(CnnConfig { epochs: Some(2), ..default() }, 100), 4);
        assert_eq!(steps(CnnConfig { epochs: Some(2), steps: Some(7), ..default() }, 100), 7);
    }

    #[test]
    fn every_field_is_checked_by_its_name() {
        for (json, field) in [
            (r#"{"channels": 0}"#, "cnn.channels = 0"),
            (r#"{"layers": 13}"#, "cnn.layers = 13"),
            (r#"{"kernel": 4}"#, "cnn.kernel = 4: must be odd"),
            (r#"{"hidden": 0}"#, "cnn.hidden = 0"),
            (r#"{"dropout": 1.0}"#, "cnn.dropout = 1"),
            (r#"{"learning_rate": 0.0}"#, "cnn.learning_rate = 0"),
            (r#"{"batch": 0}"#, "cnn.batch = 0"),
            (r#"{"epochs": 0}"#, "cnn.epochs = 0"),
            (r#"{"steps": 0}"#, "cnn.steps = 0"),
        ] {
            let text = serde_json::from_str::<CnnConfig>(json).unwrap().validate().unwrap_err().to_string();
            assert!(text.contains(field), "{text}");
        }
        assert!(CnnConfig::default().validate().is_ok());
    }
}
