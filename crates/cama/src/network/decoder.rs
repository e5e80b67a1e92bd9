//! Images from features.

use burn::module::Module;
use burn::nn::conv::ConvTranspose2d;
use burn::tensor::Tensor;

use super::gaussian::{constant, rescaled};
use super::{Init, activate, pyramid};

/// Transposed convolutions that double a small feature map up to the image.
#[derive(Module, Debug)]
pub struct Decoder {
    ups: Vec<ConvTranspose2d>,
    negative_slope: f64,
    #[module(skip)]
    map: [usize; 3],
}

impl Decoder {
    /// A decoder to `image = [channels, height, width]` by `layers` transposed convolutions.
    ///
    /// Under He initialisation the last layer's weights are × 0.1 and its bias is `bias`, so that all first
    /// images are nearly the same.
    pub fn new(image: [usize; 3], layers: usize, channels: usize, bias: f64, init: &mut Init) -> Self {
        let [rows, columns] = [image[1], image[2]].map(|side| pyramid(side, layers));
        let mut ups: Vec<_> = (0..layers)
            .map(|i| {
                let from = layers - i;
                let shorten = [&rows, &columns].map(|sides| sides[from - 1] % 2 == 1);
                init.conv_transpose([channels, if from == 1 { image[0] } else { channels }], shorten)
            })
            .collect();
        if init.is_he()
            && let Some(last) = ups.pop()
        {
            let weight = rescaled(last.weight.clone(), 0.1);
            let bias = last.bias.clone().map(|b| constant(b, bias));
            ups.push(ConvTranspose2d { weight, bias, ..last });
        }
        Self { ups, negative_slope: init.negative_slope, map: [channels, rows[layers], columns[layers]] }
    }

    /// Number of features that [`forward`](Self::forward) takes.
    pub fn inputs(&self) -> usize {
        self.map.iter().product()
    }

    /// Logits of the pixels: `[batch, inputs] → [batch, channels·height·width]`.
    pub fn forward(&self, h: Tensor<2>) -> Tensor<2> {
        let n = h.dims()[0];
        let [c, rows, columns] = self.map;
        let mut x = h.reshape([n, c, rows, columns]);
        for (i, up) in self.ups.iter().enumerate() {
            x = up.forward(x);
            if i + 1 < self.ups.len() {
                x = activate(x, self.negative_slope);
            }
        }
        x.flatten(1, 3)
    }
}
