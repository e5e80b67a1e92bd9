//! Convolutions and transposed convolutions, with activation and pooling.
//!
//! Maps between layers are kept pixel by pixel, so that a pixel's channels, and those of its neighbours in a row, are one
//! stretch of numbers: sums over a kernel are then few long dot products, and nothing is copied out for them. Transposed
//! convolutions are cut into phases (one for each place in a stride), each a sum over the taps that reach it, so that no
//! product with a zero is formed. The gradient of the input of one is the other. Between many channels, 3×3 and 5×5 kernels
//! of stride 1 take Winograd's way, with a quarter and a third of the products.

mod algorithm;
mod correlate;
mod extension;
mod fold;
mod geometry;
mod image;
mod pass;
mod plan;
mod sum;
mod weights;
mod winograd;

pub use geometry::Geometry;
pub use image::Order;
pub use pass::Layer;

use burn::backend::Dispatch;
use burn::tensor::module::{conv_transpose2d, conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor};

use self::extension::ConvOps;
use crate::{activation, is_native};

/// The order in which maps between layers are best kept on `device`.
pub fn order(device: &Device) -> Order {
    if is_native(device) { Order::Pixels } else { Order::Planes }
}

/// A convolution, or a transposed one, of a batch, then pooling, then activation: `x` is `[batch, numbers of
/// layer.from()]`, `weight` `[small channels, large channels, kernel, kernel]`, `bias` has a number for each channel of
/// the output; the result is `[batch, numbers of layer.to()]`. Differentiable in all three.
///
/// # Panics
///
/// If shapes do not fit the layer.
pub fn convolve(x: Tensor<2>, weight: Tensor<4>, bias: Tensor<1>, layer: &Layer) -> Tensor<2> {
    let Geometry { large: [c, ..], small: [s, ..], kernel, .. } = layer.geometry;
    let [batch, numbers] = x.dims();
    assert_eq!(numbers, layer.from().iter().product::<usize>(), "maps are {:?}", layer.from());
    assert_eq!(weight.dims(), [s, c, kernel, kernel], "weights are [small, large, kernel, kernel]");
    assert_eq!(bias.dims(), [layer.to()[0]], "a bias for each channel of the output");
    if batch > 0 && is_native(&x.device()) {
        return Tensor::from_dispatch(Dispatch::convolve(
            x.into_dispatch(),
            weight.into_dispatch(),
            bias.into_dispatch(),
            *layer,
        ));
    }
    composed(x, weight, bias, layer)
}

/// The same, composed of Burn's own operations: for other devices, and to compare with.
pub fn composed(x: Tensor<2>, weight: Tensor<4>, bias: Tensor<1>, layer: &Layer) -> Tensor<2> {
    let Geometry { large, small, kernel, stride, padding } = layer.geometry;
    let x = planes(x, layer.from(), layer.input);
    let mut y = if layer.transposed {
        let out = [1, 2].map(|i| large[i] + 2 * padding - (small[i] - 1) * stride - kernel);
        let options = ConvTransposeOptions::new([stride; 2], [padding; 2], out, [1; 2], 1);
        conv_transpose2d(x, weight, Some(bias), options)
    } else {
        conv2d(x, weight, Some(bias), ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1))
    };
    if layer.pooling {
        let odd = [small[1] % 2, small[2] % 2];
        y = max_pool2d(y, MaxPoolOptions::new([2; 2]).with_stride([2; 2]).with_padding(odd));
    }
    y = activation::composed(y, f64::from(layer.slope));
    match layer.output {
        Order::Planes => y.flatten(1, 3),
        Order::Pixels => y.permute([0, 2, 3, 1]).flatten(1, 3),
    }
}

/// `[batch, numbers]` as `[batch, channels, height, width]`.
fn planes(x: Tensor<2>, [c, h, w]: [usize; 3], order: Order) -> Tensor<4> {
    let batch = x.dims()[0];
    match order {
        Order::Planes => x.reshape([batch, c, h, w]),
        Order::Pixels => x.reshape([batch, h, w, c]).permute([0, 3, 1, 2]),
    }
}
