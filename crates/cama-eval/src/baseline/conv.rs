//! Convolutional networks for images of any size.

use burn::module::Module;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor, activation};
use cama::network::{Init, Initialisation, pyramid};
use rand_chacha::ChaCha8Rng;

use super::cnn::CnnConfig;
use super::norm::{Moments, Norm, Statistics};

/// Convolutions that each halve the sides by stride 2, one hidden layer, and one for the classes.
#[derive(Module, Debug)]
pub(super) struct Conv {
    convs: Vec<Conv2d>,
    norms: Norms,
    hidden: Linear,
    out: Linear,
    #[module(skip)]
    image: [usize; 3],
}

/// The normalisation after each convolution; none where there is none.
#[derive(Module, Debug)]
pub(super) struct Norms {
    layers: Vec<Norm>,
}

impl Conv {
    /// A network on images of `image = [channels, height, width]`.
    pub fn new(
        image: [usize; 3],
        config: &CnnConfig,
        normalised: bool,
        classes: usize,
        rng: &mut ChaCha8Rng,
        device: &Device,
    ) -> Self {
        let channels = config.channels_of(image);
        let mut init = Init { scheme: Initialisation::He, negative_slope: 0.0, rng, device, blank: false };
        let convs = channels.windows(2).map(|c| init.conv([c[0], c[1]], config.kernel, 2)).collect();
        let hidden = init.linear(features(image, &channels), config.hidden, true);
        let out = init.output(config.hidden, classes, 0.0);
        let layers = match normalised {
            true => channels[1..].iter().map(|&channels| Norm::new(channels, device)).collect(),
            false => Vec::new(),
        };
        Self { convs, norms: Norms { layers }, hidden, out, image }
    }

    /// How many weights [`new`](Self::new) makes, at least.
    pub fn size(image: [usize; 3], config: &CnnConfig, classes: usize) -> u64 {
        let channels = config.channels_of(image);
        let product = |factors: &[usize]| factors.iter().fold(1u64, |a, &b| a.saturating_mul(b as u64));
        let convs = channels.windows(2).map(|c| product(&[c[0], c[1], config.kernel, config.kernel]));
        let rest =
            [product(&[features(image, &channels), config.hidden]), product(&[config.hidden, classes])];
        convs.chain(rest).fold(0, u64::saturating_add)
    }

    /// What normalises between the convolutions.
    pub fn norms(&self) -> &Norms {
        &self.norms
    }

    /// The same network with other normalisation.
    pub fn with_norms(self, norms: Norms) -> Self {
        Self { norms, ..self }
    }

    /// Whether anything is normalised.
    pub fn is_normalised(&self) -> bool {
        !self.norms.layers.is_empty()
    }

    /// Unnormalised log-probabilities, `[rows, classes]`, of images in [0, 1], `[rows, channels·height·width]`; `mask`
    /// multiplies the hidden layer.
    pub fn forward(&self, x: Tensor<2>, mask: Option<&Tensor<2>>, statistics: Statistics) -> Tensor<2> {
        self.forward_by(&self.norms, x, mask, statistics).0
    }

    /// The same, with `norms` in the place of its own, and the moments that each of them normalised by.
    pub fn forward_by(
        &self,
        norms: &Norms,
        x: Tensor<2>,
        mask: Option<&Tensor<2>>,
        statistics: Statistics,
    ) -> (Tensor<2>, Vec<Moments>) {
        let rows = x.dims()[0];
        let [channels, height, width] = self.image;
        let mut x = x.reshape([rows, channels, height, width]);
        let mut moments = Vec::new();
        for (i, conv) in self.convs.iter().enumerate() {
            x = conv.forward(x);
            if let Some(norm) = norms.layers.get(i) {
                let (normalised, by) = norm.forward(x, statistics);
                x = normalised;
                moments.push(by);
            }
            x = activation::relu(x);
        }
        let mut hidden = activation::relu(self.hidden.forward(x.flatten(1, 3)));
        if let Some(mask) = mask {
            hidden = hidden * mask.clone();
        }
        (self.out.forward(hidden), moments)
    }

    /// With the mean of the moments of several equally large batches for those of the population.
    ///
    /// # Panics
    ///
    /// If there is no batch.
    pub fn with_population(self, batches: &[Vec<Moments>]) -> Self {
        let mean = |layer: usize, of: fn(&Moments) -> &Tensor<1>| {
            let sum = batches.iter().map(|batch| of(&batch[layer]).clone()).reduce(|a, b| a + b);
            sum.expect("a batch").div_scalar(batches.len() as f64)
        };
        let layers = self.norms.layers.clone().into_iter().enumerate();
        let layers = layers.map(|(i, norm)| norm.with_population((mean(i, |m| &m.0), mean(i, |m| &m.1))));
        let norms = Norms { layers: layers.collect() };
        self.with_norms(norms)
    }
}

/// How many values the last convolution gives.
fn features(image: [usize; 3], channels: &[usize]) -> usize {
    let layers = channels.len() - 1;
    let [height, width] = [image[1], image[2]].map(|side| pyramid(side, layers)[layers]);
    channels[layers].saturating_mul(height).saturating_mul(width)
}
