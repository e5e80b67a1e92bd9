//! Which algorithm makes one map from the other, and which the gradient of the weights.

use pulp::Arch;

use super::correlate::Correlate;
use super::fold::{Fold, Folding};
use super::geometry::{Geometry, Sums};
use super::image::{Order, pad, to_pixels};
use super::sum::SumUp;
use super::weights::{packed, packed_to_fold, unpacked};
use super::winograd::{self, Tiling};
use crate::tile::Lanes;

/// How one map is made from the other, with the weights for it.
pub enum Algorithm {
    /// Each pixel by itself.
    Sums { sums: Sums, weights: Vec<Vec<f32>> },
    /// Tiles of pixels.
    Winograd { tiling: Tiling, weights: Vec<f32> },
    /// All taps, folded together.
    Fold { folding: Folding, weights: Vec<f32> },
}

impl Algorithm {
    /// The one that is fastest for these maps.
    pub fn new(geometry: Geometry, to_large: bool, weights: &[f32]) -> Self {
        let lanes = Lanes::here();
        // Sums for less than a vector of channels would leave most of it empty.
        if to_large && 2 * geometry.large[0] <= lanes.width {
            let weights = packed_to_fold(weights, &geometry, lanes);
            return Self::Fold { folding: Folding::new(geometry, lanes), weights };
        }
        let sums = if to_large { geometry.to_large() } else { geometry.to_small() };
        if let Some(tiling) = Tiling::of(&geometry, &sums, lanes) {
            return Self::Winograd { weights: winograd::transformed(weights, &sums, lanes), tiling };
        }
        let weights = packed(weights, &sums, lanes);
        Self::Sums { sums, weights }
    }

    /// Numbers of scratch that [`run`](Self::run) wants; it must be zero at first, and is left fit for the next image.
    pub fn scratch(&self) -> usize {
        match self {
            Self::Sums { sums, .. } => sums.source.len(),
            Self::Winograd { tiling, .. } => tiling.source.len() + tiling.scratch(),
            Self::Fold { folding, .. } => folding.scratch(),
        }
    }

    /// The target of one image, pixel by pixel.
    pub fn run(&self, map: &[f32], order: Order, bias: &[f32], scratch: &mut [f32], target: &mut [f32]) {
        match self {
            Self::Sums { sums, weights } => {
                pad(map, order, &sums.source, scratch);
                Arch::new().dispatch(SumUp { sums, weights, source: scratch, bias, target });
            }
            Self::Winograd { tiling, weights } => {
                let (source, scratch) = scratch.split_at_mut(tiling.source.len());
                pad(map, order, &tiling.source, source);
                Arch::new().dispatch(winograd::SumUp { tiling, weights, source, bias, scratch, target });
            }
            Self::Fold { folding, weights } => {
                Arch::new().dispatch(Fold { folding, weights, map, order, bias, scratch, target });
            }
        }
    }
}

/// What a large map and a small one have in common, tap by tap, summed over images: the gradient of the weights.
pub struct Correlation {
    geometry: Geometry,
    sums: Sums,
    tiling: Option<Tiling>,
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
        let (sums, lanes) = (geometry.to_small(), Lanes::here());
        let tiling = Tiling::of(&geometry, &sums, lanes);
        Self { geometry, sums, tiling, lanes }
    }

    /// No image yet.
    pub fn start(&self) -> Correlating<'_> {
        let Geometry { large, small: [channels, h, w], kernel, .. } = self.geometry;
        let padded = self.lanes.padded(channels);
        let numbers = |size: usize| vec![0.0; size];
        let filled_up = if padded == channels { 0 } else { padded * h * w };
        let (source, scratch, gradient) = match &self.tiling {
            Some(tiling) => (&tiling.source, tiling.scratch(), winograd::PAIRS * large[0] * padded),
            None => (&self.sums.source, 0, kernel * kernel * large[0] * padded),
        };
        Correlating {
            large: numbers(source.len()),
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
        let source = of.tiling.as_ref().map_or(&of.sums.source, |tiling| &tiling.source);
        pad(large.0, large.1, source, &mut self.large);
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
        match &of.tiling {
            Some(tiling) => {
                Arch::new().dispatch(winograd::Correlate { tiling, large, small, scratch, gradient });
            }
            None => Arch::new().dispatch(Correlate { sums: &of.sums, large, small, gradient }),
        }
    }

    /// What was summed up, `[kernel·kernel·large][small]` with rows padded to whole vectors.
    pub fn sum(self) -> Vec<f32> {
        match self.of.tiling {
            Some(_) => winograd::at_taps(&self.gradient, self.of.geometry.kernel),
            None => self.gradient,
        }
    }
}
