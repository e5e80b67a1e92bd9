//! Initial weights, drawn on the host so that a seed gives the same model on every device.

use burn::module::{Initializer, Param, ParamId};
use burn::nn::conv::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Shape, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::rescale::scaled;

/// How initial weights are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initialisation {
    /// Normal with variance `2 / ((1 + slope²) fan_in)` and zero biases (He et al., ICCV 2015), with the
    /// output layer and the log-variance heads scaled down so that training starts from a blank image
    /// and narrow posteriors.
    He,
    /// Uniform in `±1/√fan_in` for weights and biases, the default of PyTorch's layers.
    Uniform,
}

/// Draws the layers of a model from one seeded stream.
pub struct Init<'a> {
    /// How weights are drawn.
    pub scheme: Initialisation,
    /// Slope of the activation for negative inputs.
    pub negative_slope: f64,
    /// The stream that all weights come from.
    pub rng: &'a mut ChaCha8Rng,
    /// Where the weights will live.
    pub device: &'a Device,
    /// Draws nothing and reserves nothing: every weight has a shape alone, until those of a file take their places.
    pub blank: bool,
}

/// A parameter of this shape without values, for those of a file to take their place: whatever the shape is, no memory is
/// reserved for it. Whoever asks it for its values gets zeros.
pub fn unread<const D: usize>(shape: [usize; D], device: &Device) -> Param<Tensor<D>> {
    let zeros = move |device: &Device, requires_gradient: bool| {
        Tensor::zeros(shape, device).set_require_grad(requires_gradient)
    };
    Param::uninitialized(ParamId::new(), zeros, device.clone(), true, Shape::from(shape))
}

impl Init<'_> {
    /// Whether the scheme is [`Initialisation::He`].
    pub fn is_he(&self) -> bool {
        self.scheme == Initialisation::He
    }

    /// Whether weights are scaled once they are drawn: as [`is_he`](Self::is_he), unless there are none.
    pub fn rescales(&self) -> bool {
        self.is_he() && !self.blank
    }

    /// A linear layer `[.., d_in] → [.., d_out]`.
    pub fn linear(&mut self, d_in: usize, d_out: usize, bias: bool) -> Linear {
        self.linear_part(d_in, d_out, d_in, bias)
    }

    /// The part, for `d_in` of its inputs, of a linear layer on `all` concatenated inputs.
    ///
    /// [`Initialisation::Uniform`] draws it like that layer; [`Initialisation::He`] lets each part in at full
    /// variance, so that a small cause, such as a one-hot class, is heard among large ones.
    pub fn linear_part(&mut self, d_in: usize, d_out: usize, all: usize, bias: bool) -> Linear {
        let fan_in = if self.is_he() { d_in } else { all };
        // `Zeros` costs nothing: the layer's own weights are never materialised.
        let mut layer = LinearConfig::new(d_in, d_out)
            .with_bias(bias)
            .with_initializer(Initializer::Zeros)
            .init(self.device);
        layer.weight = self.weight([d_in, d_out], fan_in);
        layer.bias = bias.then(|| self.bias(d_out, fan_in));
        layer
    }

    /// A linear layer that gives an output: under He initialisation its weights are × 0.1 and its biases `bias`, so
    /// that all first outputs are nearly the same.
    pub fn output(&mut self, d_in: usize, d_out: usize, bias: f64) -> Linear {
        let layer = self.linear(d_in, d_out, true);
        if self.rescales() { scaled(layer, 0.1, bias) } else { layer }
    }

    /// A convolution with a square, odd `kernel` and padding `kernel / 2`.
    pub fn conv(&mut self, channels: [usize; 2], kernel: usize, stride: usize) -> Conv2d {
        let pad = kernel / 2;
        let mut layer = Conv2dConfig::new(channels, [kernel; 2])
            .with_stride([stride; 2])
            .with_padding(PaddingConfig2d::Explicit(pad, pad, pad, pad))
            .with_initializer(Initializer::Zeros)
            .init(self.device);
        let fan_in = channels[0] * kernel * kernel;
        layer.weight = self.weight([channels[1], channels[0], kernel, kernel], fan_in);
        layer.bias = Some(self.bias(channels[1], fan_in));
        layer
    }

    /// A 3×3, stride-2 transposed convolution that doubles each side, less one where `shorten` says so.
    pub fn conv_transpose(&mut self, channels: [usize; 2], shorten: [bool; 2]) -> ConvTranspose2d {
        let mut layer = ConvTranspose2dConfig::new(channels, [3; 2])
            .with_stride([2; 2])
            .with_padding([1; 2])
            .with_padding_out(shorten.map(|s| usize::from(!s)))
            .with_initializer(Initializer::Zeros)
            .init(self.device);
        // Each output pixel sees k²/stride² taps of every input channel.
        let fan_in = if self.is_he() { channels[0] * 9 / 4 } else { channels[1] * 9 };
        layer.weight = self.weight([channels[0], channels[1], 3, 3], fan_in);
        layer.bias = Some(self.bias(channels[1], fan_in));
        layer
    }

    /// A parameter tensor of `shape` for a layer with `fan_in` inputs per output.
    pub fn weight<const D: usize>(&mut self, shape: [usize; D], fan_in: usize) -> Param<Tensor<D>> {
        if self.blank {
            return unread(shape, self.device);
        }
        let n = shape.iter().product();
        let values: Vec<f32> = match self.scheme {
            Initialisation::He => {
                let sd = (2.0 / ((1.0 + self.negative_slope.powi(2)) * fan_in as f64)).sqrt() as f32;
                (0..n).map(|_| sd * Distribution::<f32>::sample(&StandardNormal, self.rng)).collect()
            }
            Initialisation::Uniform => self.uniform(n, fan_in),
        };
        Param::from_data(TensorData::new(values, shape), self.device)
    }

    /// The bias of a layer with `n` outputs and `fan_in` inputs per output.
    pub(super) fn bias(&mut self, n: usize, fan_in: usize) -> Param<Tensor<1>> {
        if self.blank {
            return unread([n], self.device);
        }
        let values = match self.scheme {
            Initialisation::He => vec![0.0; n],
            Initialisation::Uniform => self.uniform(n, fan_in),
        };
        Param::from_data(TensorData::new(values, [n]), self.device)
    }

    fn uniform(&mut self, n: usize, fan_in: usize) -> Vec<f32> {
        let bound = 1.0 / (fan_in as f32).sqrt();
        (0..n).map(|_| self.rng.random_range(-bound..=bound)).collect()
    }
}
