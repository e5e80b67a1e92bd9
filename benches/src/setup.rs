//! Which model is measured.

use burn::tensor::Device;
use cama::mechanism::MechanismConfig;
use cama::{Config, DeepCama, ModelConfig, Result};

/// A model to be made for a measurement.
#[derive(Clone, Debug)]
pub struct Setup {
    /// `fast` or `paper`.
    pub preset: String,
    /// A list such as `affine,photometric`, or `none`.
    pub mechanisms: String,
    /// Number of classes.
    pub classes: usize,
    /// Height and width of the images.
    pub side: usize,
    /// Channels of the images: 1 or 3.
    pub channels: usize,
}

impl Setup {
    /// MNIST in this preset, with these mechanisms.
    pub fn new(preset: &str, mechanisms: &str) -> Self {
        Self { preset: preset.into(), mechanisms: mechanisms.into(), classes: 10, side: 28, channels: 1 }
    }

    /// The model with its first weights.
    ///
    /// # Errors
    ///
    /// If there is no such preset or mechanism, or a size is not allowed.
    pub fn model(&self, device: &Device) -> Result<DeepCama> {
        let config = ModelConfig {
            mechanisms: MechanismConfig::parse_list(&self.mechanisms)?,
            ..ModelConfig::preset(&self.preset, [self.channels, self.side, self.side].into(), self.classes)?
        };
        Ok(DeepCama::new(&config.check()?, 1, device))
    }
}

/// Images a step that a preset is trained with.
pub fn default_batch(preset: &str) -> usize {
    if preset == "paper" { 128 } else { 64 }
}
