//! Which algorithm makes one map from the other, and which the gradient of the weights.

use std::sync::Arc;

use pulp::Arch;

use super::correlate::Correlate;
use super::fold::Fold;
use super::geometry::{Geometry, Source};
use super::image::{Order, pad, to_pixels};
use super::plan::Plan;
use super::sum::SumUp;
use super::weights::{packed, packed_to_fold, unpacked};
use super::winograd::{self, Tiling};
use crate::tile::Lanes;

/// How one map is made from the other, with the weights for it.
pub struct Algorithm {
    plan: Arc<Plan>,
    /// As the plan wants them: for each of its phases, or all.
    weights: Vec<Vec<f32>>,
}

impl Algorithm {
    /// The one that is fastest for these maps.
    pub fn new(geometry: Geometry, to_large: bool, weights: &[f32]) -> Self {
        let (plan, lanes) = (Plan::of(geometry, to_large), Lanes::here());
        let weights = match &*plan {
            Plan::Sums(sums) => packed(weights, sums, lanes),
            Plan::Winograd(sums, _) => vec![winograd::transformed(weights, sums, lanes)],
            Plan::Fold(_) => vec![packed_to_fold(weights, &geometry, lanes)],
        };
        Self { plan, weights }
    }

    /// Numbers of scratch that [`run`](Self::run) wants; it must be zero at first, and is left fit for the next image.
    pub fn scratch(&self) -> usize {
        match &*self.plan {
            Plan::Sums(sums) => sums.source.len(),
            Plan::Winograd(_, tiling) => tiling.source.len() + tiling.scratch(),
            Plan::Fold(folding) => folding.scratch(),
        }
    }

    /// The target of one image, pixel by pixel.
    pub fn run(&self, map: &[f32], order: Order, bias: &[f32], scratch: &mut [f32], target: &mut [f32]) {
        let weights = &self.weights;
        match &*self.plan {
            Plan::Sums(sums) => {
                pad(map, order, &sums.source, scratch);
                Arch::new().dispatch(SumUp { sums, weights, source: scratch, bias, target });
            }
            Plan::Winograd(_, tiling) => {
                let (source, scratch) = scratch.split_at_mut(tiling.source.len());
                pad(map, order, &tiling.source, source);
                let weights = &weights[0];
                Arch::new().dispatch(winograd::SumUp { tiling, weights, source, bias, scratch, target });
            }
            Plan::Fold(folding) => {
                let weights = &weights[0];
                Arch::new().dispatch(Fold { folding, weights, map, order, bias, scratch, target });
            }
        }
    }
}

/// What a large map and a small one have in common, tap by tap, summed over images: the gradient of the weights.
pub struct Correlation {
    geometry: Geometry,
    plan: Arc<Plan>,
    lanes: Lanes,
}

/// What a thread needs to correlate images one after another, and what it has summed up of them.
pub struct Correlating<'a> {
    of: &'a Correlation,
    /// The padded large map.
    large: Vec<f32>,
    /// The small map pixel by pixel, and with channels padded to whole vectors, where it does not come so.
    pixels: Vec<f32>,
    small: Vec<f32>,
    scratch: Vec<f32>,
    gradient: Vec<f32>,
}

impl Correlation {
    /// The one that is fastest for these maps.
    pub fn new(geometry: Geometry) -> Self {
        Self { geometry, plan: Plan::of(geometry, false), lanes: Lanes::here() }
    }

    /// The tiles, where it works on tiles.
    fn tiling(&self) -> Option<&Tiling> {
        match &*self.plan {
            Plan::Winograd(_, tiling) => Some(tiling),
            _ => None,
        }
    }

    /// The padded large map.
    fn source(&self) -> &Source {
        match &*self.plan {
            Plan::Winograd(_, tiling) => &tiling.source,
            Plan::Sums(sums) => &sums.source,
            Plan::Fold(_) => unreachable!("only a large map is folded together"),
        }
    }

    /// No image yet.
    pub fn start(&self) -> Correlating<'_> {
        let Geometry { large, small: [channels, h, w], kernel, .. } = self.geometry;
        let padded = self.lanes.padded(channels);
        let numbers = |size: usize| vec![0.0; size];
        let filled_up = if padded == channels { 0 } else { padded * h * w };
        let (scratch, gradient) = match self.tiling() {
            Some(tiling) => (tiling.scratch(), winograd::PAIRS * large[0] * padded),
            None => (0, kernel * kernel * large[0] * padded),
        };
        Correlating {
            large: numbers(self.source().len()),
            pixels: Vec::new(),
            small: numbers(filled_up),
            scratch: numbers(scratch),
            gradient: numbers(gradient),
            of: self,
        }
    }

    /// The gradient of the weights, as they are stored, from what was [summed up](Correlating::sum).
    pub fn unpacked(&self, gradient: &[f32]) -> Vec<f32> {
        unpacked(gradient, &self.geometry, self.lanes)
    }
}

impl Correlating<'_> {
    /// Adds an image: its large map and its small one, each with its order.
    pub fn add(&mut self, large: (&[f32], Order), small: (&[f32], Order)) {
        let Self { of, gradient, scratch, .. } = self;
        pad(large.0, large.1, of.source(), &mut self.large);
        let channels = of.geometry.small[0];
        let padded = of.lanes.padded(channels);
        let mut small_map = small.0;
        if small.1 == Order::Planes {
            self.pixels.resize(small_map.len(), 0.0);
            to_pixels(small_map, channels, &mut self.pixels);
            small_map = &self.pixels;
        }
        if padded != channels {
            for (row, pixel) in self.small.chunks_exact_mut(padded).zip(small_map.chunks_exact(channels)) {
                row[..channels].copy_from_slice(pixel);
            }
            small_map = &self.small;
        }
        let (large, small) = (&self.large, small_map);
        match &*of.plan {
            Plan::Winograd(_, tiling) => {
                Arch::new().dispatch(winograd::Correlate { tiling, large, small, scratch, gradient });
            }
            Plan::Sums(sums) => Arch::new().dispatch(Correlate { sums, large, small, gradient }),
            Plan::Fold(_) => unreachable!("only a large map is folded together"),
        }
    }

    /// What was summed up, `[kernel·kernel·large][small]` with rows padded to whole vectors.
    pub fn sum(self) -> Vec<f32> {
        match self.of.tiling() {
            Some(_) => winograd::at_taps(&self.gradient, self.of.geometry.kernel),
            None => self.gradient,
        }
    }
}
