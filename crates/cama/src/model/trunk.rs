//! The networks that read and make X, for images and for tables.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

use super::config::{ConvolutionalConfig, ModelConfig, TrunkConfig};
use crate::data::DataShape;
use crate::likelihood::Likelihood;
use crate::network::{Decoder, Encoder, Init, Layer, Mlp};

/// Features of what is observed: of an image, or of a row.
#[derive(Module, Debug)]
pub enum Trunk {
    /// Of an image.
    Image(Encoder),
    /// Of a row.
    Table(Mlp),
}

impl Trunk {
    /// A network on X with kernels of this side if X is an image, on `columns` values if it is a row.
    pub(crate) fn new(
        data: &DataShape,
        trunk: &TrunkConfig,
        kernel: usize,
        columns: usize,
        hidden: usize,
        init: &mut Init,
    ) -> Self {
        match trunk {
            TrunkConfig::Convolutional(conv) => Self::Image(Encoder::new(
                data.image().expect("checked to be images"),
                &channels(conv),
                kernel,
                hidden,
                conv.pooling,
                init,
            )),
            TrunkConfig::FullyConnected(dense) => Self::Table(Mlp::new(columns, hidden, dense.layers, init)),
        }
    }

    /// Its layers, with their weights.
    pub(crate) fn layers(&self) -> Vec<Layer> {
        match self {
            Self::Image(encoder) => encoder.layers(),
            Self::Table(mlp) => mlp.layers(),
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

/// Channels of the maps, from the one after the first halving on.
fn channels(conv: &ConvolutionalConfig) -> Vec<usize> {
    (1..=conv.layers).map(|halvings| conv.channels_after(halvings)).collect()
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
    pub(super) fn new(config: &ModelConfig, init: &mut Init) -> Self {
        let hidden = config.network.hidden;
        match (&config.data, &config.network.trunk) {
            (DataShape::Image(shape), TrunkConfig::Convolutional(conv)) => {
                let first = match config.likelihood {
                    Likelihood::Gaussian => 0.1,
                    // A nearly blank image.
                    _ => -2.0,
                };
                Self::Image(Decoder::new(*shape, &channels(conv), first, init))
            }
            _ => Self::Table(init.output(hidden, config.data.width(), 0.0)),
        }
    }

    /// Number of features that [`forward`](Self::forward) takes.
    pub(super) fn inputs(&self) -> usize {
        match self {
            Self::Image(decoder) => decoder.inputs(),
            Self::Table(linear) => linear.weight.lazy_shape()[0],
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
pub(super) fn first_log_sigma(config: &ModelConfig) -> Option<Vec<f32>> {
    match config.likelihood {
        Likelihood::Bernoulli => None,
        // A third of the pixels' range.
        Likelihood::Gaussian => Some(vec![(0.3f64).ln() as f32]),
        // All that a standardised column varies.
        Likelihood::Columns => Some(vec![0.0; config.data.width()]),
    }
}
