//! Convolutional features of an image.

use burn::module::Module;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;
use cama_kernels::conv::{self, Geometry, Order, convolve, order};
use cama_kernels::linear::linear;

use super::layers::{Dense, Layer, convolutions};
use super::{Init, bias_of, pyramid};

/// Halving convolutions, then one linear layer.
#[derive(Module, Debug)]
pub struct Encoder {
    convs: Vec<Conv2d>,
    out: Linear,
    negative_slope: f64,
    #[module(skip)]
    layers: Vec<conv::Layer>,
}

impl Encoder {
    /// An encoder of `image = [channels, height, width]`: convolutions of `kernel`×`kernel`, one to each of these numbers of
    /// `channels`, of which each halves the sides, by stride 2 or (`pooling`) by a 2×2 max pool that pads odd sides by one.
    pub fn new(
        image: [usize; 3],
        channels: &[usize],
        kernel: usize,
        hidden: usize,
        pooling: bool,
        init: &mut Init,
    ) -> Self {
        let layers = channels.len();
        let stride = if pooling { 1 } else { 2 };
        let [rows, columns] = [image[1], image[2]].map(|side| pyramid(side, layers));
        let convs: Vec<_> = (0..layers)
            .map(|i| {
                init.conv([if i == 0 { image[0] } else { channels[i - 1] }, channels[i]], kernel, stride)
            })
            .collect();
        let between = order(init.device);
        let layer = |i: usize| {
            let from = if i == 0 { image[0] } else { channels[i - 1] };
            // Pooling comes after a convolution that keeps the sides.
            let to = if pooling { i } else { i + 1 };
            let geometry = Geometry {
                large: [from, rows[i], columns[i]],
                small: [channels[i], rows[to], columns[to]],
                kernel,
                stride,
                padding: kernel / 2,
            };
            conv::Layer {
                geometry,
                transposed: false,
                slope: init.negative_slope as f32,
                pooling,
                input: if i == 0 { Order::Planes } else { between },
                output: if i + 1 == layers { Order::Planes } else { between },
            }
        };
        let all = (0..layers).map(layer).collect();
        let out = init.linear(channels[layers - 1] * rows[layers] * columns[layers], hidden, true);
        Self { convs, out, negative_slope: init.negative_slope, layers: all }
    }

    /// Its layers, with their weights.
    pub fn layers(&self) -> Vec<Layer> {
        let convs =
            self.convs.iter().zip(&self.layers).map(|(conv, layer)| (&conv.weight, &conv.bias, layer));
        let mut all = convolutions(convs);
        all.push(Layer::Dense(Dense::of(&self.out, self.negative_slope)));
        all
    }

    /// Features of images: `[batch, channels·height·width] → [batch, hidden]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let maps = self
            .convs
            .iter()
            .zip(&self.layers)
            .fold(x, |x, (conv, layer)| convolve(x, conv.weight.val(), bias_of(&conv.bias), layer));
        linear(maps, self.out.weight.val(), bias_of(&self.out.bias), self.negative_slope)
    }
}
