//! Fully connected features.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use cama_kernels::linear::linear;

use super::layers::{Dense, Layer};
use super::{Init, bias_of};

/// A fully connected network whose every layer, the last included, is activated.
#[derive(Module, Debug)]
pub struct Mlp {
    layers: Vec<Linear>,
    negative_slope: f64,
}

impl Mlp {
    /// `d_in → hidden → … → hidden`, with `depth` layers.
    pub fn new(d_in: usize, hidden: usize, depth: usize, init: &mut Init) -> Self {
        let layers =
            (0..depth).map(|i| init.linear(if i == 0 { d_in } else { hidden }, hidden, true)).collect();
        Self { layers, negative_slope: init.negative_slope }
    }

    /// Its layers, with their weights.
    pub fn layers(&self) -> Vec<Layer> {
        self.layers.iter().map(|layer| Layer::Dense(Dense::of(layer, self.negative_slope))).collect()
    }

    /// Features of `x`: `[batch, d_in] → [batch, hidden]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.layers
            .iter()
            .fold(x, |x, layer| linear(x, layer.weight.val(), bias_of(&layer.bias), self.negative_slope))
    }
}
