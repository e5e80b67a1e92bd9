//! The networks that read and make X, for images and for tables.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::input::{Input, Likelihood};
use crate::network::{Decoder, Encoder, Init, Mlp};

/// Features of what is observed: of an image, or of a row.
#[derive(Module, Debug)]
pub enum Trunk {
    /// Of an image.
    Image(Encoder),
    /// Of a row.
    Table(Mlp),
}

impl Trunk {
    /// A network on X with kernels of this side if X is an image, on `columns` numbers if it is a row.
    pub(crate) fn new(input: &Input, kernel: usize, columns: usize, hidden: usize, init: &mut Init) -> Self {
        match input {
            Input::Image(image) => Self::Image(Encoder::new(
                image.shape,
                image.conv_layers,
                kernel,
                image.channels,
                hidden,
                image.pooling,
                init,
            )),
            Input::Table(table) => Self::Table(Mlp::new(columns, hidden, table.layers, init)),
        }
    }

    /// `[batch, width] → [batch, hidden]`.
    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Image(encoder) => encoder.forward(x),
            Self::Table(mlp) => mlp.forward(x),
        }
    }
}

/// X from features.
#[derive(Module, Debug)]
pub enum Output {
    /// An image.
    Image(Decoder),
    /// A row.
    Table(Linear),
}

impl Output {
    pub(super) fn new(input: &Input, hidden: usize, init: &mut Init) -> Self {
        match input {
            Input::Image(image) => {
                let first = match image.likelihood {
                    // A nearly blank image.
                    Likelihood::Bernoulli => -2.0,
                    Likelihood::Gaussian => 0.1,
                };
                Self::Image(Decoder::new(image.shape, image.conv_layers, image.channels, first, init))
            }
            Input::Table(table) => Self::Table(init.output(hidden, table.width(), 0.0)),
        }
    }

    /// Number of features that [`forward`](Self::forward) takes.
    pub(super) fn inputs(&self) -> usize {
        match self {
            Self::Image(decoder) => decoder.inputs(),
            Self::Table(linear) => linear.weight.dims()[0],
        }
    }

    /// `[batch, inputs] → [batch, width]`: means of what is Gaussian, logits of the rest.
    pub(super) fn forward(&self, h: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Image(decoder) => decoder.forward(h),
            Self::Table(linear) => linear.forward(h),
        }
    }
}

/// The log standard deviations that training starts with, where X has anything Gaussian.
pub(super) fn first_log_sigma(input: &Input) -> Option<Vec<f32>> {
    match input {
        // A third of the pixels' range.
        Input::Image(image) if image.likelihood == Likelihood::Gaussian => Some(vec![(0.3f64).ln() as f32]),
        Input::Image(_) => None,
        // All that a standardised column varies.
        Input::Table(table) => Some(vec![0.0; table.width()]),
    }
}
