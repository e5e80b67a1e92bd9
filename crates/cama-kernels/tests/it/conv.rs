//! Convolutions against Burn's own, values and gradients.

use crate::common::{close, leaf, tensor};
use burn::tensor::Tensor;
use cama_kernels::conv::{Geometry, Layer, Order, composed, convolve};
use proptest::prelude::*;

/// What a layer is given: a batch, weights and bias.
fn inputs(layer: &Layer, batch: usize, seed: u64) -> (Tensor<2>, Tensor<4>, Tensor<1>) {
    let Geometry { large, small, kernel, .. } = layer.geometry;
    (
        tensor([batch, layer.from().iter().product()], seed),
        tensor([small[0], large[0], kernel, kernel], seed + 1),
        tensor([layer.to()[0]], seed + 2),
    )
}

/// Values of a layer are those of Burn's operations.
fn check_values(layer: &Layer, batch: usize, seed: u64) {
    let (x, weight, bias) = inputs(layer, batch, seed);
    let ours = convolve(x.clone(), weight.clone(), bias.clone(), layer);
    close("value without gradients", ours, composed(x, weight, bias, layer), 1e-5);
}

/// And so are all gradients.
fn check(layer: &Layer, batch: usize, seed: u64) {
    check_values(layer, batch, seed);
    let (x, weight, bias) = inputs(layer, batch, seed);
    let towards = tensor([batch, layer.to().iter().product()], seed + 3);
    let run = |of: fn(Tensor<2>, Tensor<4>, Tensor<1>, &Layer) -> Tensor<2>| {
        let (x, weight, bias) = (leaf(&x), leaf(&weight), leaf(&bias));
        let y = of(x.clone(), weight.clone(), bias.clone(), layer);
        let gradients = (y.clone() * towards.clone().autodiff()).sum().backward();
        (
            y.without_autodiff(),
            x.grad(&gradients).unwrap(),
            weight.grad(&gradients).unwrap(),
            bias.grad(&gradients).unwrap(),
        )
    };
    let (ours, theirs) = (run(convolve), run(composed));
    close("value", ours.0, theirs.0, 1e-5);
    close("gradient of x", ours.1, theirs.1, 1e-5);
    close("gradient of the weights", ours.2, theirs.2, 2e-5);
    close("gradient of the bias", ours.3, theirs.3, 1e-5);
}

fn convolution(large: [usize; 3], channels: usize, kernel: usize, stride: usize) -> Geometry {
    let padding = kernel / 2;
    let [_, height, width] = large;
    let side = |side: usize| (side + 2 * padding - kernel) / stride + 1;
    Geometry { large, small: [channels, side(height), side(width)], kernel, stride, padding }
}

fn layer(geometry: Geometry, transposed: bool, pooling: bool) -> Layer {
    Layer { geometry, transposed, slope: 0.2, pooling, input: Order::Pixels, output: Order::Pixels }
}

#[test]
fn the_layers_of_the_presets_are_right() {
    for (large, channels, kernel, stride) in [
        ([1, 28, 28], 32, 5, 2),
        ([32, 14, 14], 32, 5, 2),
        ([32, 7, 7], 32, 3, 2),
        ([1, 28, 28], 64, 5, 1),
        ([64, 14, 14], 64, 5, 1),
        ([64, 7, 7], 64, 3, 1),
    ] {
        let layer = layer(convolution(large, channels, kernel, stride), false, stride == 1);
        // Tiles round otherwise than Burn's sums: one that is zero but for that, or two that are equal but for that, send a
        // gradient another way through activation and pooling.
        if stride == 1 && large[0] > 1 {
            check_values(&layer, 9, 1);
            check(&Layer { slope: 1.0, pooling: false, ..layer }, 9, 1);
        } else {
            check(&layer, 9, 1);
        }
    }
    for (channels, small, short) in [([32, 32], 4, 1), ([64, 64], 7, 0), ([64, 1], 14, 0), ([32, 3], 14, 0)] {
        let side = 2 * small - short;
        let geometry = Geometry {
            large: [channels[1], side, side],
            small: [channels[0], small, small],
            kernel: 3,
            stride: 2,
            padding: 1,
        };
        check(&layer(geometry, true, false), 9, 2);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn every_layer_is_burns(
        (channels, height, width) in (1usize..40, 3usize..12, 3usize..12),
        (others, half, stride, batch) in (1usize..70, 0usize..3, 1usize..4, 1usize..20),
        transposed: bool, pooling: bool, planes: [bool; 2], slope in prop_oneof![Just(0.0f32), Just(0.2), Just(1.0)],
        seed in 0u64..1000,
    ) {
        let geometry = convolution([channels, height, width], others, 2 * half + 1, stride);
        let order = |planes| if planes { Order::Planes } else { Order::Pixels };
        // Burn's transposed convolution wants its output padding below the stride.
        let layer = Layer {
            geometry,
            transposed,
            slope,
            pooling: pooling && !transposed,
            input: order(planes[0]),
            output: order(planes[1]),
        };
        check(&layer, batch, seed);
    }

    #[test]
    fn tiles_of_many_channels_are_burns(
        (channels, others) in (prop_oneof![Just(32usize), Just(48), Just(96)], prop_oneof![Just(32usize), Just(64), Just(80)]),
        (height, width, kernel, padding) in (5usize..17, 5usize..17, prop_oneof![Just(3usize), Just(5)], 0usize..7),
        (batch, transposed) in (1usize..10, any::<bool>()), planes: [bool; 2], seed in 0u64..1000,
    ) {
        let side = |side: usize| side + 2 * padding + 1 - kernel;
        let geometry = Geometry {
            large: [channels, height, width],
            small: [others, side(height), side(width)],
            kernel,
            stride: 1,
            padding,
        };
        let order = |planes| if planes { Order::Planes } else { Order::Pixels };
        let layer = Layer {
            geometry,
            transposed,
            slope: 1.0,
            pooling: false,
            input: order(planes[0]),
            output: order(planes[1]),
        };
        check(&layer, batch, seed);
    }
}
