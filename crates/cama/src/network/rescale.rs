//! Initial weights and biases that are not as they were drawn.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::Tensor;

/// `layer` with its weights multiplied by `factor` and all its biases set to `bias`.
pub(super) fn scaled(mut layer: Linear, factor: f64, bias: f64) -> Linear {
    layer.weight = rescaled(layer.weight, factor);
    layer.bias = layer.bias.map(|b| constant(b, bias));
    layer
}

pub(super) fn rescaled<const D: usize>(p: Param<Tensor<D>>, factor: f64) -> Param<Tensor<D>> {
    p.map(|w| w.mul_scalar(factor))
}

pub(super) fn constant<const D: usize>(p: Param<Tensor<D>>, value: f64) -> Param<Tensor<D>> {
    p.map(|b| b.full_like(value))
}
