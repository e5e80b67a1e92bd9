//! A pass through a layer: all images of a batch, forward or backward.

use std::ops::Range;

use rayon::prelude::*;

use super::algorithm::{Algorithm, Correlating, Correlation};
use super::geometry::Geometry;
use super::image::{Order, pool, pool_backward, to_pixels, to_planes};
use crate::activation::{activate, activate_backward};
use crate::fresh::{Unwritten, written_in_parts};

/// Images whose gradients of the weights are summed by one thread before those of others are added: always the same
/// number, so that threads do not change the result.
const IMAGES_AT_ONCE: usize = 8;

/// A layer: a convolution, or a transposed one, with what comes after it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// The maps and the kernel.
    pub geometry: Geometry,
    /// Whether it makes the large map from the small one.
    pub transposed: bool,
    /// Slope of the activation for negative values: 0 is ReLU, 1 no activation.
    pub slope: f32,
    /// Whether the largest of every 2×2 window is kept; not of a transposed one.
    pub pooling: bool,
    /// How its input is stored.
    pub input: Order,
    /// How its output is to be stored.
    pub output: Order,
}

impl Layer {
    /// `[channels, height, width]` of its input.
    pub fn from(&self) -> [usize; 3] {
        if self.transposed { self.geometry.small } else { self.geometry.large }
    }

    /// `[channels, height, width]` before pooling.
    fn mapped(&self) -> [usize; 3] {
        if self.transposed { self.geometry.large } else { self.geometry.small }
    }

    /// `[channels, height, width]` of its output.
    pub fn to(&self) -> [usize; 3] {
        let [c, h, w] = self.mapped();
        if self.pooling { [c, h.div_ceil(2), w.div_ceil(2)] } else { [c, h, w] }
    }
}

/// The output of a batch `input`, and, where the layer pools, which of each window was the largest.
pub fn forward(layer: &Layer, input: &[f32], weights: &[f32], bias: &[f32]) -> (Vec<f32>, Vec<u8>) {
    let algorithm = Algorithm::new(layer.geometry, layer.transposed, weights);
    let size = |[c, h, w]: [usize; 3]| c * h * w;
    let (from, mapped, to) = (size(layer.from()), size(layer.mapped()), size(layer.to()));
    let images = input.len() / from;
    let mut which = vec![0; if layer.pooling { images * to } else { 0 }];
    let channels = layer.to()[0];
    let part = |(input, which): (&[f32], &mut [u8]), output: &mut Unwritten| {
        let zeros = |wanted: bool, n: usize| vec![0.0; if wanted { n } else { 0 }];
        let mut scratch = zeros(true, algorithm.scratch());
        let mut map = zeros(true, mapped);
        let mut pooled = zeros(layer.pooling, to);
        let mut planes = Vec::new();
        for (i, image) in input.chunks_exact(from).enumerate() {
            algorithm.run(image, layer.input, bias, &mut scratch, &mut map);
            let pixels = if layer.pooling {
                pool(&map, layer.mapped(), &mut pooled, &mut which[i * to..(i + 1) * to]);
                &mut pooled
            } else {
                &mut map
            };
            activate(pixels, layer.slope);
            push(pixels, channels, layer.output, &mut planes, output);
        }
    };
    let inputs = input.par_chunks(IMAGES_AT_ONCE * from);
    let (len, at_once) = (images * to, IMAGES_AT_ONCE * to);
    let (output, _) = if layer.pooling {
        written_in_parts(len, at_once, inputs.zip(which.par_chunks_mut(at_once)), part)
    } else {
        written_in_parts(len, at_once, inputs.map(|input| (input, Default::default())), part)
    };
    (output, which)
}

/// Writes a map that is stored pixel by pixel in the `order` that it is wanted in; `planes` is room for it.
fn push(pixels: &[f32], channels: usize, order: Order, planes: &mut Vec<f32>, to: &mut Unwritten) {
    if order == Order::Pixels || channels == 1 {
        return to.push(pixels);
    }
    planes.resize(pixels.len(), 0.0);
    to_planes(pixels, channels, planes);
    to.push(planes);
}

/// What [`backward`] is asked for, and what it starts from.
pub struct Backward<'a> {
    /// The layer.
    pub layer: &'a Layer,
    /// Its input.
    pub input: &'a [f32],
    /// Its weights.
    pub weights: &'a [f32],
    /// Its output.
    pub output: &'a [f32],
    /// Which of each window was the largest.
    pub which: &'a [u8],
    /// The gradient of its output.
    pub gradient: &'a [f32],
    /// Whether the gradient of the input is wanted.
    pub of_input: bool,
    /// Whether those of the weights and of the bias are.
    pub of_weights: bool,
}

/// Gradients; empty where they were not asked for.
#[derive(Default)]
pub struct Gradients {
    /// Of the input.
    pub input: Vec<f32>,
    /// Of the weights.
    pub weights: Vec<f32>,
    /// Of the bias.
    pub bias: Vec<f32>,
}

/// The gradients of a batch.
pub fn backward(of: &Backward) -> Gradients {
    let Backward { layer, .. } = *of;
    let size = |[c, h, w]: [usize; 3]| c * h * w;
    let (from, to) = (size(layer.from()), size(layer.to()));
    let images = of.input.len() / from;
    let algorithm = of.of_input.then(|| Algorithm::new(layer.geometry, !layer.transposed, of.weights));
    let correlation = of.of_weights.then(|| Correlation::new(layer.geometry));
    let starts: Vec<usize> = (0..images).step_by(IMAGES_AT_ONCE).collect();
    let part = |begin: usize, mut input: Option<&mut Unwritten>| {
        let mut part = Part::new(of, algorithm.as_ref(), correlation.as_ref());
        for i in begin..images.min(begin + IMAGES_AT_ONCE) {
            part.image(&of.input[i * from..][..from], i * to..(i + 1) * to, input.as_deref_mut());
        }
        (part.weights.map(Correlating::sum).unwrap_or_default(), part.bias)
    };
    let starts = starts.into_par_iter();
    let (input, parts) = if of.of_input {
        let write = |begin, input: &mut Unwritten| part(begin, Some(input));
        written_in_parts(images * from, IMAGES_AT_ONCE * from, starts, write)
    } else {
        (Vec::new(), starts.map(|begin| part(begin, None)).collect())
    };
    let Some(correlation) = correlation else {
        return Gradients { input, ..Gradients::default() };
    };
    let sum = |a: &mut Vec<f32>, b: &[f32]| a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    let (weights, bias) = parts
        .into_iter()
        .reduce(|mut a, b| {
            sum(&mut a.0, &b.0);
            sum(&mut a.1, &b.1);
            a
        })
        .unwrap_or_default();
    Gradients { input, weights: correlation.unpacked(&weights), bias }
}

/// What a thread needs for its images, and what it has summed up of them.
struct Part<'a> {
    of: &'a Backward<'a>,
    to_input: Option<&'a Algorithm>,
    weights: Option<Correlating<'a>>,
    bias: Vec<f32>,
    /// The gradient of the output before activation, as it is stored, and pixel by pixel.
    active: Vec<f32>,
    pooled: Vec<f32>,
    /// The gradient before pooling, too, pixel by pixel.
    mapped: Vec<f32>,
    scratch: Vec<f32>,
    /// The gradient of the input pixel by pixel, and channel by channel if it is stored so.
    target: Vec<f32>,
    planes: Vec<f32>,
}

impl<'a> Part<'a> {
    fn new(of: &'a Backward<'a>, to_input: Option<&'a Algorithm>, weights: Option<&'a Correlation>) -> Self {
        let layer = of.layer;
        let zeros = |wanted: bool, n: usize| vec![0.0; if wanted { n } else { 0 }];
        let size = |[c, h, w]: [usize; 3]| c * h * w;
        Self {
            weights: weights.map(Correlation::start),
            bias: zeros(of.of_weights, layer.mapped()[0]),
            active: zeros(layer.output == Order::Planes, size(layer.to())),
            pooled: zeros(layer.pooling, size(layer.to())),
            mapped: zeros(true, size(layer.mapped())),
            scratch: zeros(true, to_input.map_or(0, Algorithm::scratch)),
            target: zeros(to_input.is_some(), size(layer.from())),
            planes: Vec::new(),
            of,
            to_input,
        }
    }

    /// One image: `input`, where its outputs stand, and where its gradient goes if it is wanted.
    fn image(&mut self, input: &[f32], outputs: Range<usize>, gradient: Option<&mut Unwritten>) {
        let layer = self.of.layer;
        self.before_activation(outputs);
        if let Some(weights) = &mut self.weights {
            match layer.transposed {
                true => weights.add((&self.mapped, Order::Pixels), (input, layer.input)),
                false => weights.add((input, layer.input), (&self.mapped, Order::Pixels)),
            }
            for pixel in self.mapped.chunks_exact(self.bias.len()) {
                self.bias.iter_mut().zip(pixel).for_each(|(b, g)| *b += g);
            }
        }
        if let (Some(algorithm), Some(gradient)) = (self.to_input, gradient) {
            algorithm.run(&self.mapped, Order::Pixels, &[], &mut self.scratch, &mut self.target);
            push(&self.target, layer.from()[0], layer.input, &mut self.planes, gradient);
        }
    }

    /// The gradient of what the convolution gave, before activation and pooling.
    fn before_activation(&mut self, outputs: Range<usize>) {
        let layer = self.of.layer;
        let (gradient, output) = (&self.of.gradient[outputs.clone()], &self.of.output[outputs.clone()]);
        let before = if layer.pooling { &mut self.pooled } else { &mut self.mapped };
        match layer.output {
            Order::Pixels => activate_backward(gradient, output, layer.slope, before),
            Order::Planes => {
                activate_backward(gradient, output, layer.slope, &mut self.active);
                to_pixels(&self.active, layer.to()[0], before);
            }
        }
        if layer.pooling {
            pool_backward(&self.pooled, &self.of.which[outputs], layer.mapped(), &mut self.mapped);
        }
    }
}
