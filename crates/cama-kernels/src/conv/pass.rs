//! A pass through a layer: all images of a batch, forward or backward.

use pulp::Arch;
use rayon::prelude::*;

use super::correlate::Correlate;
use super::fold::{Fold, Folding};
use super::geometry::{Geometry, Sums};
use super::image::{Order, by_pixel, pad, pool, pool_backward, reorder};
use super::sum::SumUp;
use super::weights::{packed, packed_to_fold, unpacked};
use crate::activation::{activate, activate_backward};
use crate::tile::Lanes;

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

/// How one map is made from the other, with the weights for it.
enum Linear {
    Sums { sums: Sums, weights: Vec<Vec<f32>> },
    Fold { folding: Folding, weights: Vec<f32> },
}

impl Linear {
    fn new(geometry: Geometry, to_large: bool, weights: &[f32]) -> Self {
        let lanes = Lanes::here();
        // Sums for less than a vector of channels would leave most of it empty.
        if to_large && 2 * geometry.large[0] <= lanes.width {
            let weights = packed_to_fold(weights, &geometry, lanes);
            return Self::Fold { folding: Folding::new(geometry, lanes), weights };
        }
        let sums = if to_large { geometry.to_large() } else { geometry.to_small() };
        let weights = packed(weights, &sums, lanes);
        Self::Sums { sums, weights }
    }

    /// Numbers of scratch that [`run`](Self::run) wants; it must be zero at first, and is left fit for the next image.
    fn scratch(&self) -> usize {
        match self {
            Self::Sums { sums, .. } => sums.source.len(),
            Self::Fold { folding, .. } => folding.scratch(),
        }
    }

    /// The target of one image, pixel by pixel.
    fn run(&self, map: &[f32], order: Order, bias: &[f32], scratch: &mut [f32], target: &mut [f32]) {
        match self {
            Self::Sums { sums, weights } => {
                pad(map, order, &sums.source, scratch);
                Arch::new().dispatch(SumUp { sums, weights, source: scratch, bias, target });
            }
            Self::Fold { folding, weights } => {
                Arch::new().dispatch(Fold { folding, weights, map, order, bias, scratch, target });
            }
        }
    }
}

/// The output of a batch `input`, and, where the layer pools, which of each window was the largest.
pub fn forward(layer: &Layer, input: &[f32], weights: &[f32], bias: &[f32]) -> (Vec<f32>, Vec<u8>) {
    let linear = Linear::new(layer.geometry, layer.transposed, weights);
    let size = |[c, h, w]: [usize; 3]| c * h * w;
    let (from, mapped, to) = (size(layer.from()), size(layer.mapped()), size(layer.to()));
    let images = input.len() / from;
    let mut output = vec![0.0; images * to];
    let mut which = vec![0; if layer.pooling { images * to } else { 0 }];
    let channels = layer.to()[0];
    let direct = !layer.pooling && (layer.output == Order::Pixels || channels == 1);
    let chunk = |((input, output), which): ((&[f32], &mut [f32]), &mut [u8])| {
        let mut scratch = vec![0.0; linear.scratch()];
        let mut map = vec![0.0; if direct { 0 } else { mapped }];
        let mut pooled = vec![0.0; if layer.pooling { to } else { 0 }];
        for (i, (image, out)) in input.chunks_exact(from).zip(output.chunks_exact_mut(to)).enumerate() {
            if direct {
                linear.run(image, layer.input, bias, &mut scratch, out);
                activate(out, layer.slope);
                continue;
            }
            linear.run(image, layer.input, bias, &mut scratch, &mut map);
            let pixels = if layer.pooling {
                pool(&map, layer.mapped(), &mut pooled, &mut which[i * to..(i + 1) * to]);
                &mut pooled
            } else {
                &mut map
            };
            activate(pixels, layer.slope);
            reorder(pixels, channels, layer.output, out);
        }
    };
    let inputs = input.par_chunks(IMAGES_AT_ONCE * from).zip(output.par_chunks_mut(IMAGES_AT_ONCE * to));
    if layer.pooling {
        inputs.zip(which.par_chunks_mut(IMAGES_AT_ONCE * to)).for_each(chunk);
    } else {
        inputs.for_each(|io| chunk((io, &mut [])));
    }
    (output, which)
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
    let linear = of.of_input.then(|| Linear::new(layer.geometry, !layer.transposed, of.weights));
    let mut input = vec![0.0; if of.of_input { images * from } else { 0 }];
    let starts: Vec<usize> = (0..images).step_by(IMAGES_AT_ONCE).collect();
    let part = |(begin, input): (usize, &mut [f32])| {
        let mut part = Part::new(of, linear.as_ref());
        for i in begin..images.min(begin + IMAGES_AT_ONCE) {
            let gradient = if of.of_input { &mut input[(i - begin) * from..][..from] } else { &mut [] };
            part.image(&of.input[i * from..][..from], i * to..(i + 1) * to, gradient);
        }
        (part.weights, part.bias)
    };
    let parts: Vec<(Vec<f32>, Vec<f32>)> = if of.of_input {
        let inputs = input.par_chunks_mut(IMAGES_AT_ONCE * from);
        starts.into_par_iter().zip(inputs).map(part).collect()
    } else {
        starts.into_par_iter().map(|begin| part((begin, &mut []))).collect()
    };
    if !of.of_weights {
        return Gradients { input, ..Gradients::default() };
    }
    let sum = |a: &mut Vec<f32>, b: &[f32]| a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    let (weights, bias) = parts
        .into_iter()
        .reduce(|mut a, b| {
            sum(&mut a.0, &b.0);
            sum(&mut a.1, &b.1);
            a
        })
        .unwrap_or_default();
    Gradients { input, weights: unpacked(&weights, &layer.geometry, Lanes::here()), bias }
}

/// What a thread needs for its images, and what it has summed up of them.
struct Part<'a> {
    of: &'a Backward<'a>,
    linear: Option<&'a Linear>,
    sums: Sums,
    lanes: Lanes,
    weights: Vec<f32>,
    bias: Vec<f32>,
    /// The padded large map.
    large: Vec<f32>,
    /// The small map with channels padded to whole vectors.
    small: Vec<f32>,
    /// The gradient of the output before activation, as it is stored, and pixel by pixel.
    active: Vec<f32>,
    pooled: Vec<f32>,
    /// The gradient before pooling, too, pixel by pixel.
    mapped: Vec<f32>,
    scratch: Vec<f32>,
    target: Vec<f32>,
}

impl<'a> Part<'a> {
    fn new(of: &'a Backward<'a>, linear: Option<&'a Linear>) -> Self {
        let layer = of.layer;
        let (sums, lanes) = (layer.geometry.to_small(), Lanes::here());
        let Geometry { large, small, kernel, .. } = layer.geometry;
        let padded = lanes.padded(small[0]);
        let zeros = |wanted: bool, n: usize| vec![0.0; if wanted { n } else { 0 }];
        let size = |[c, h, w]: [usize; 3]| c * h * w;
        Self {
            weights: zeros(of.of_weights, kernel * kernel * large[0] * padded),
            bias: zeros(of.of_weights, layer.mapped()[0]),
            large: zeros(of.of_weights, sums.source.len()),
            small: zeros(of.of_weights, small[1] * small[2] * padded),
            active: zeros(true, size(layer.to())),
            pooled: zeros(layer.pooling, size(layer.to())),
            mapped: zeros(true, size(layer.mapped())),
            scratch: zeros(true, linear.map_or(0, Linear::scratch)),
            target: zeros(layer.input == Order::Planes, linear.map_or(0, |_| size(layer.from()))),
            of,
            linear,
            sums,
            lanes,
        }
    }

    /// One image: `input`, and where its outputs stand.
    fn image(&mut self, input: &[f32], outputs: std::ops::Range<usize>, gradient: &mut [f32]) {
        let layer = self.of.layer;
        self.before_activation(outputs);
        if self.of.of_weights {
            self.correlate(input);
            for pixel in self.mapped.chunks_exact(self.bias.len()) {
                self.bias.iter_mut().zip(pixel).for_each(|(b, g)| *b += g);
            }
        }
        if let Some(linear) = self.linear {
            match layer.input {
                Order::Pixels => {
                    linear.run(&self.mapped, Order::Pixels, &[], &mut self.scratch, gradient);
                }
                Order::Planes => {
                    linear.run(&self.mapped, Order::Pixels, &[], &mut self.scratch, &mut self.target);
                    reorder(&self.target, layer.from()[0], Order::Planes, gradient);
                }
            }
        }
    }

    /// The gradient of what the convolution gave, before activation and pooling.
    fn before_activation(&mut self, outputs: std::ops::Range<usize>) {
        let layer = self.of.layer;
        let channels = layer.to()[0];
        self.active.copy_from_slice(&self.of.gradient[outputs.clone()]);
        activate_backward(&mut self.active, &self.of.output[outputs.clone()], layer.slope);
        if !layer.pooling {
            return by_pixel(&self.active, channels, layer.output, &mut self.mapped);
        }
        by_pixel(&self.active, channels, layer.output, &mut self.pooled);
        pool_backward(&self.pooled, &self.of.which[outputs], layer.mapped(), &mut self.mapped);
    }

    fn correlate(&mut self, input: &[f32]) {
        let layer = self.of.layer;
        let (large, small) = match layer.transposed {
            true => ((&self.mapped[..], Order::Pixels), (input, layer.input)),
            false => ((input, layer.input), (&self.mapped[..], Order::Pixels)),
        };
        pad(large.0, large.1, &self.sums.source, &mut self.large);
        let channels = layer.geometry.small[0];
        let padded = self.lanes.padded(channels);
        if padded == channels && (small.1 == Order::Pixels) {
            let (sums, large, small) = (&self.sums, &self.large, small.0);
            return Arch::new().dispatch(Correlate { sums, large, small, gradient: &mut self.weights });
        }
        let mut pixels = vec![0.0; small.0.len()];
        by_pixel(small.0, channels, small.1, &mut pixels);
        for (row, pixel) in self.small.chunks_exact_mut(padded).zip(pixels.chunks_exact(channels)) {
            row[..channels].copy_from_slice(pixel);
        }
        Arch::new().dispatch(Correlate {
            sums: &self.sums,
            large: &self.large,
            small: &self.small,
            gradient: &mut self.weights,
        });
    }
}
