//! What happens to parts of an image: occlusion, inversion, uneven light, noise and blur.
//!
//! A manipulation of this kind has as many numbers as the image has pixels ([`PixelManipulation`]), far too many for a
//! part of the model's m. So it is no part of it: a network of its own, q(m|x) of every pixel, tells what was done to
//! each and what the clean image is. It has only seen clean images under damage that it dreamt of itself
//! ([`FieldDreams`]). The model then takes the clean image for x: its other mechanisms, which act on the image as a
//! whole, are inferred of what the field leaves.
//!
//! What it infers of a pixel says less than to have seen it would: p(x|y,z,m) is summed over what the pixel can have been
//! ([`log_prob_in_doubt`](crate::LikelihoodParams::log_prob_in_doubt); virtual evidence, Pearl 1988), as far as
//! clean examples tell that it should be ([`with_doubt`](crate::with_doubt)).

mod canvas;
mod config;
mod dreams;
mod manipulation;
mod of_data;
mod shapes;

pub use config::{FieldConfig, FieldDreams};
pub use manipulation::PixelManipulation;
pub(crate) use of_data::FieldOfData;

use std::ops::Range;

use burn::module::Module;
use burn::tensor::{Tensor, TensorData, activation};
use cama_kernels::likelihood::{Given, bernoulli, sigmoid};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use self::canvas::Canvas;
use self::dreams::KINDS;
use super::contract::{image_shape, images_only};
use crate::batch::host;
use crate::data::DataShape;
use crate::network::{Init, PixelLayers, PixelNetwork, PixelSizes};

/// The mechanism: its network, and how it learns.
#[derive(Module, Debug)]
pub struct Field {
    network: PixelNetwork,
    #[module(skip)]
    config: FieldConfig,
    #[module(skip)]
    image: [usize; 3],
}

/// What a [`Field`] infers of a batch of images.
pub struct FieldPosterior {
    /// Log probabilities that each pixel is intact, inverted and covered, `[batch, 3, area]`, in nats.
    pub log_kinds: Tensor<3>,
    /// Logits of the clean pixels, `[batch, channels·area]`.
    pub clean: Tensor<2>,
    /// Logarithm of the gain, then bias, at the points of the grid, in standard deviations of the dreams, `[batch, 2·grid²]`.
    pub light: Tensor<2>,
}

/// What a [`Field`] infers of one image, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldMaps {
    /// Probability that each pixel is covered.
    pub covered: Vec<f32>,
    /// Probability that each pixel is inverted.
    pub inverted: Vec<f32>,
    /// Gain of each pixel.
    pub gain: Vec<f32>,
    /// Bias of each pixel, in the pixel range.
    pub bias: Vec<f32>,
}

/// [`FieldMaps`] in four numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FieldSummary {
    /// Share of the image that is covered.
    pub covered: f32,
    /// Share of the image that is inverted.
    pub inverted: f32,
    /// Mean gain.
    pub gain: f32,
    /// Mean bias, in the pixel range.
    pub bias: f32,
}

/// Dreams of a batch, for the loss.
pub(crate) struct FieldDream {
    seen: Tensor<2>,
    clean: Tensor<2>,
    kinds: Tensor<3>,
    light: Tensor<2>,
}

impl Field {
    /// Whether it can act on such data; if not, on what it can.
    pub(super) fn check_data(data: &DataShape) -> Result<(), &'static str> {
        images_only(data)
    }

    /// The mechanism for images of this shape, with initial weights.
    ///
    /// # Panics
    ///
    /// If the data is a table; a checked configuration refuses that.
    pub(crate) fn new(config: &FieldConfig, data: &DataShape, init: &mut Init) -> Self {
        let image = image_shape(data);
        let sizes = PixelSizes {
            image,
            channels: config.channels,
            values: KINDS + image[0],
            grid: config.grid,
            cell_values: 2,
        };
        Self { network: PixelNetwork::new(sizes, init), config: config.clone(), image }
    }

    /// The layers of its network that the clean pixels take, and which of the planes that they give are logits of clean pixels.
    pub fn layers(&self) -> (PixelLayers, Range<usize>) {
        (self.network.layers(), KINDS..KINDS + self.image[0])
    }

    /// Its settings.
    pub fn config(&self) -> &FieldConfig {
        &self.config
    }

    /// What was done to images, `[batch, channels·height·width]`.
    pub fn posterior(&self, x: Tensor<2>) -> FieldPosterior {
        let [channels, height, width] = self.image;
        let (batch, area) = (x.dims()[0], height * width);
        let [pixels, light] = self.network.forward(x);
        let kinds = pixels.clone().narrow(1, 0, KINDS * area).reshape([batch, KINDS, area]);
        FieldPosterior {
            log_kinds: activation::log_softmax(kinds, 1),
            clean: pixels.narrow(1, KINDS * area, channels * area),
            light,
        }
    }

    /// The expected clean images, `[batch, channels·height·width]`, in [0, 1]. Differentiable in x.
    pub fn restore(&self, x: Tensor<2>) -> Tensor<2> {
        self.posterior(x).restored()
    }

    /// What was done to each pixel of each image.
    pub fn maps(&self, posterior: &FieldPosterior) -> Vec<FieldMaps> {
        let [_, height, width] = self.image;
        let (canvas, grid) = (Canvas { height, width }, self.config.grid);
        let (kinds, light) = (host(posterior.log_kinds.clone().exp()), host(posterior.light.clone()));
        let each = kinds.chunks_exact(KINDS * canvas.area()).zip(light.chunks_exact(2 * grid * grid));
        each.map(|(kinds, light)| {
            let plane = |kind: usize| kinds[kind * canvas.area()..][..canvas.area()].to_vec();
            let [gain, bias] = self.config.gain_and_bias(&canvas, light);
            FieldMaps { inverted: plane(dreams::INVERTED), covered: plane(dreams::COVERED), gain, bias }
        })
        .collect()
    }

    /// What it infers of these batches of images, `[batch, channels·height·width]`.
    pub(crate) fn of_data(&self, batches: impl Iterator<Item = Tensor<2>>) -> FieldOfData {
        let mut of_data = FieldOfData::none();
        for x in batches {
            let FieldPosterior { log_kinds, light, .. } = self.posterior(x.clone());
            of_data.add(x, log_kinds, light);
        }
        of_data
    }

    /// A dream of each of these clean images, `[batch, channels·height·width]`; in a share of them what was done to the images of a
    /// data set, if there is one, is done to them.
    pub(crate) fn dream(
        &self,
        clean: Tensor<2>,
        of_data: Option<(&FieldOfData, f64)>,
        rng: &mut ChaCha8Rng,
    ) -> FieldDream {
        let [batch, width] = clean.dims();
        let (device, grid) = (clean.device(), self.config.grid);
        let (mut seen, mut kinds, mut light) = (Vec::new(), Vec::new(), Vec::new());
        for x in host(clean.clone()).chunks_exact(width) {
            let of_data = of_data.filter(|(_, share)| rng.random_bool(*share));
            let dream = match of_data {
                Some((of_data, _)) => {
                    let drawn = |rng: &mut ChaCha8Rng| of_data.draw(&self.config, self.image, rng);
                    self.config.dream(x, self.image, Some(&drawn), rng)
                }
                None => self.config.dream(x, self.image, None, rng),
            };
            seen.extend(dream.seen);
            kinds.extend(dream.kinds);
            light.extend(dream.light);
        }
        let area = self.image[1] * self.image[2];
        FieldDream {
            seen: Tensor::from_data(TensorData::new(seen, [batch, width]), &device),
            kinds: Tensor::from_data(TensorData::new(kinds, [batch, KINDS, area]), &device),
            light: Tensor::from_data(TensorData::new(light, [batch, 2 * grid * grid]), &device),
            clean,
        }
    }

    /// What it restores of a dream of each of these clean images, `[batch, channels·height·width]`.
    pub(crate) fn restored_dream(&self, clean: Tensor<2>, rng: &mut ChaCha8Rng) -> Tensor<2> {
        self.restore(self.dream(clean, None, rng).seen)
    }

    /// How badly it tells what was done in dreams, `[batch]`, in nats: half the log loss of what was done to each pixel, that
    /// of the clean pixels (their mean over channels), and half the squared error of the light, in standard deviations.
    pub(crate) fn loss(&self, dream: &FieldDream) -> Tensor<1> {
        let batch = dream.seen.dims()[0];
        let FieldPosterior { log_kinds, clean, light } = self.posterior(dream.seen.clone());
        let kinds = (log_kinds * dream.kinds.clone()).sum_dim(1).sum_dim(2).reshape([batch]);
        let pixels = bernoulli(clean.unsqueeze_dim(1), dream.clean.clone(), Given::Logits);
        let pixels = pixels.reshape([batch]).div_scalar(self.image[0] as f64);
        let light = (light - dream.light.clone()).square().sum_dim(1).reshape([batch]);
        light.mul_scalar(0.5) - kinds.mul_scalar(0.5) - pixels
    }
}

impl FieldPosterior {
    /// The expected clean images, `[batch, channels·height·width]`, in [0, 1].
    pub fn restored(&self) -> Tensor<2> {
        sigmoid(self.clean.clone())
    }
}

impl FieldMaps {
    /// The means of the maps.
    pub fn summary(&self) -> FieldSummary {
        let [covered, inverted, gain, bias] = [&self.covered, &self.inverted, &self.gain, &self.bias]
            .map(|map| map.iter().sum::<f32>() / map.len() as f32);
        FieldSummary { covered, inverted, gain, bias }
    }
}

#[cfg(test)]
mod tests;
