//! Feature networks: layers and their initialisation. Nothing here knows of causes.

mod decoder;
mod encoder;
mod gaussian;
mod init;
mod mlp;

pub use decoder::Decoder;
pub use encoder::Encoder;
pub use gaussian::{DiagonalGaussian, GaussianHead};
pub use init::{Init, Initialisation};
pub use mlp::Mlp;

use burn::tensor::{Tensor, activation};

/// ReLU (`negative_slope` 0) or leaky ReLU, element by element.
pub fn activate<const D: usize>(x: Tensor<D>, negative_slope: f64) -> Tensor<D> {
    if negative_slope == 0.0 { activation::relu(x) } else { activation::leaky_relu(x, negative_slope) }
}

/// Side lengths of the feature maps of `layers` halvings, from the image down: `28, 14, 7, 4`.
///
/// Each halving rounds up, so every side length of at least one pixel can be encoded and decoded.
pub fn pyramid(side: usize, layers: usize) -> Vec<usize> {
    std::iter::successors(Some(side), |s| Some(s.div_ceil(2))).take(layers + 1).collect()
}
