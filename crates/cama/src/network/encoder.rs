//! Convolutional features of an image.

use burn::module::Module;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;

use super::{Init, activate, pyramid};

/// Halving convolutions, then one linear layer.
#[derive(Module, Debug)]
pub struct Encoder {
    convs: Vec<Conv2d>,
    out: Linear,
    pooling: bool,
    negative_slope: f64,
    #[module(skip)]
    image: [usize; 3],
}

impl Encoder {
    /// An encoder of `image = [channels, height, width]`: each of `layers` convolutions of `kernel`×`kernel`
    /// halves the sides, by stride 2 or (`pooling`) by a 2×2 max pool that pads odd sides by one.
    pub fn new(
        image: [usize; 3],
        layers: usize,
        kernel: usize,
        channels: usize,
        hidden: usize,
        pooling: bool,
        init: &mut Init,
    ) -> Self {
        let stride = if pooling { 1 } else { 2 };
        let convs = (0..layers)
            .map(|i| init.conv([if i == 0 { image[0] } else { channels }, channels], kernel, stride))
            .collect();
        let [h, w] = [image[1], image[2]].map(|side| pyramid(side, layers)[layers]);
        let out = init.linear(channels * h * w, hidden, true);
        Self { convs, out, pooling, negative_slope: init.negative_slope, image }
    }

    /// Features of images: `[batch, channels·height·width] → [batch, hidden]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let n = x.dims()[0];
        let [c, h, w] = self.image;
        let mut x = x.reshape([n, c, h, w]);
        for conv in &self.convs {
            x = activate(conv.forward(x), self.negative_slope);
            if self.pooling {
                let [_, _, h, w] = x.dims();
                x = max_pool2d(
                    x,
                    MaxPoolOptions::new([2, 2]).with_stride([2, 2]).with_padding([h % 2, w % 2]),
                );
            }
        }
        activate(self.out.forward(x.flatten(1, 3)), self.negative_slope)
    }
}
