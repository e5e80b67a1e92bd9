//! Feature networks: layers and their initialisation. Nothing here knows of causes.

mod decoder;
mod encoder;
mod gaussian;
mod init;
mod layers;
mod mlp;
mod pixel_network;
mod rescale;

pub use decoder::Decoder;
pub use encoder::Encoder;
pub use gaussian::{DiagonalGaussian, GaussianHead};
pub(crate) use init::unread;
pub use init::{Init, Initialisation};
pub use layers::{Convolution, Dense, HeadLayers, Layer};
pub use mlp::Mlp;
pub use pixel_network::{PixelLayers, PixelNetwork, PixelSizes};

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::Tensor;
use cama_kernels::activation::leaky_relu;
use cama_kernels::linear::linear;

/// ReLU (`negative_slope` 0) or leaky ReLU, element by element.
pub fn activate<const D: usize>(x: Tensor<D>, negative_slope: f64) -> Tensor<D> {
    leaky_relu(x, negative_slope)
}

/// Side lengths of the feature maps of `layers` halvings, from the image down: `28, 14, 7, 4`.
///
/// Each halving rounds up, so every side length of at least one pixel can be encoded and decoded.
pub fn pyramid(side: usize, layers: usize) -> Vec<usize> {
    std::iter::successors(Some(side), |s| Some(s.div_ceil(2))).take(layers + 1).collect()
}

/// A linear layer with a bias, without activation: `[.., d_in] → [.., d_out]`.
pub fn affine<const D: usize>(layer: &Linear, x: Tensor<D>) -> Tensor<D> {
    linear(x, layer.weight.val(), bias_of(&layer.bias), 1.0)
}

/// The bias of a layer that was drawn with one.
fn bias_of(bias: &Option<Param<Tensor<1>>>) -> Tensor<1> {
    bias.as_ref().expect("a layer with a bias").val()
}
