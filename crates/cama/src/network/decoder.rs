//! Images from features.

use burn::module::Module;
use burn::nn::conv::ConvTranspose2d;
use burn::tensor::Tensor;
use cama_kernels::conv::{Geometry, Layer, Order, convolve, order};

use super::rescale::{constant, rescaled};
use super::{Init, bias_of, pyramid};

/// Transposed convolutions that double a small feature map up to the image.
#[derive(Module, Debug)]
pub struct Decoder {
    ups: Vec<ConvTranspose2d>,
    #[module(skip)]
    layers: Vec<Layer>,
}

impl Decoder {
    /// A decoder to `image = [channels, height, width]` by transposed convolutions, one from each of these numbers of `channels`,
    /// which are those of the maps from the largest to the smallest.
    ///
    /// Under He initialisation the last layer's weights are × 0.1 and its bias is `bias`, so that all first
    /// images are nearly the same.
    pub fn new(image: [usize; 3], channels: &[usize], bias: f64, init: &mut Init) -> Self {
        let layers = channels.len();
        // Those of the map after so many halvings, of which the image has none.
        let of = |halvings: usize| if halvings == 0 { image[0] } else { channels[halvings - 1] };
        let [rows, columns] = [image[1], image[2]].map(|side| pyramid(side, layers));
        let mut ups: Vec<_> = (0..layers)
            .map(|i| {
                let from = layers - i;
                let shorten = [&rows, &columns].map(|sides| sides[from - 1] % 2 == 1);
                init.conv_transpose([of(from), of(from - 1)], shorten)
            })
            .collect();
        if init.rescales()
            && let Some(last) = ups.pop()
        {
            let weight = rescaled(last.weight.clone(), 0.1);
            let bias = last.bias.clone().map(|b| constant(b, bias));
            ups.push(ConvTranspose2d { weight, bias, ..last });
        }
        let between = order(init.device);
        let layer = |i: usize| {
            let (from, last) = (layers - i, i + 1 == layers);
            let geometry = Geometry {
                large: [of(from - 1), rows[from - 1], columns[from - 1]],
                small: [of(from), rows[from], columns[from]],
                kernel: 3,
                stride: 2,
                padding: 1,
            };
            Layer {
                geometry,
                transposed: true,
                slope: if last { 1.0 } else { init.negative_slope as f32 },
                pooling: false,
                input: if i == 0 { Order::Planes } else { between },
                output: if last { Order::Planes } else { between },
            }
        };
        Self { ups, layers: (0..layers).map(layer).collect() }
    }

    /// Number of features that [`forward`](Self::forward) takes.
    pub fn inputs(&self) -> usize {
        self.layers[0].from().iter().product()
    }

    /// Logits of the pixels: `[batch, inputs] → [batch, channels·height·width]`.
    pub fn forward(&self, h: Tensor<2>) -> Tensor<2> {
        self.ups
            .iter()
            .zip(&self.layers)
            .fold(h, |x, (up, layer)| convolve(x, up.weight.val(), bias_of(&up.bias), layer))
    }
}
