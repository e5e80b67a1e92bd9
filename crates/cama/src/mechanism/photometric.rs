//! Gain and bias of the pixels.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::contract::{MOST_DEVIATIONS, Mechanism, check_scale, images_only};
use super::parameter::Parameter;
use crate::Result;
use crate::data::DataShape;
use crate::network::Init;

/// Prior standard deviations of the two parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhotometricConfig {
    /// Logarithm of the gain.
    pub log_gain: f64,
    /// Bias, in units of the pixel range.
    pub bias: f64,
}

impl Default for PhotometricConfig {
    fn default() -> Self {
        Self { log_gain: 0.5, bias: 0.3 }
    }
}

impl PhotometricConfig {
    pub(super) fn check(&self) -> Result<()> {
        check_scale("photometric.log_gain", self.log_gain)?;
        check_scale("photometric.bias", self.bias)
    }
}

/// T_m(x) = a x + b, one gain a and one bias b for the whole image; undone and clipped to [0, 1] by
/// T_m⁻¹(x) = clip((x − b) / a).
#[derive(Module, Debug)]
pub struct Photometric {
    #[module(skip)]
    config: PhotometricConfig,
}

impl Mechanism for Photometric {
    type Config = PhotometricConfig;

    fn check_data(data: &DataShape) -> std::result::Result<(), &'static str> {
        images_only(data)
    }

    fn new(config: &PhotometricConfig, _data: &DataShape, _hidden: usize, _init: &mut Init) -> Self {
        Self { config: config.clone() }
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter::factor("gain", self.config.log_gain),
            Parameter::linear("bias", "of the pixel range", self.config.bias),
        ]
    }

    fn transform(&self, m: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
        let [gain, bias] = self.gain_and_bias(m);
        x * gain + bias
    }

    fn restore(&self, m: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
        let [gain, bias] = self.gain_and_bias(m);
        ((x - bias) / gain).clamp(0.0, 1.0)
    }

    fn clips(&self) -> bool {
        true
    }
}

impl Photometric {
    /// Each `[batch, 1, 1]`.
    fn gain_and_bias(&self, m: Tensor<2>) -> [Tensor<3>; 2] {
        let m = m.clamp(-MOST_DEVIATIONS, MOST_DEVIATIONS);
        let gain = m.clone().narrow(1, 0, 1).mul_scalar(self.config.log_gain).exp();
        let bias = m.narrow(1, 1, 1).mul_scalar(self.config.bias);
        [gain.unsqueeze_dim(1), bias.unsqueeze_dim(1)]
    }
}
