//! Weights in the order in which sums meet them, and back.

use super::geometry::{Geometry, Phase, Sums};
use crate::tile::Lanes;

/// Where the weight of a large channel's tap and a small channel stands: weights are `[small, large, kernel, kernel]`.
#[derive(Clone, Copy)]
struct Place {
    large: usize,
    area: usize,
}

impl Place {
    fn of(large: usize, kernel: usize) -> Self {
        Self { large, area: kernel * kernel }
    }

    fn at(self, small: usize, large: usize, tap: usize) -> usize {
        (small * self.large + large) * self.area + tap
    }
}

/// Weights for [`Sums`], a vector for each phase: block after block of target channels, in each the weights of every
/// number of every run, one after another. Channels that fill up the last vector are zero.
pub fn packed(weights: &[f32], sums: &Sums, lanes: Lanes) -> Vec<Vec<f32>> {
    sums.phases.iter().map(|phase| packed_phase(weights, sums, phase, lanes)).collect()
}

fn packed_phase(weights: &[f32], sums: &Sums, phase: &Phase, lanes: Lanes) -> Vec<f32> {
    let (sources, targets) = (sums.source.map[0], sums.target[0]);
    let place = Place::of(if sums.from_large { sources } else { targets }, sums.kernel);
    let taps: usize = phase.runs.iter().map(|run| run.taps.len()).sum();
    let mut packed = vec![0.0; taps * sources * lanes.padded(targets)];
    let mut blocks = packed.as_mut_slice();
    for (first, vectors) in lanes.blocks(targets) {
        let width = vectors * lanes.width;
        let (block, rest) = blocks.split_at_mut(taps * sources * width);
        blocks = rest;
        let numbers = phase.runs.iter().flat_map(|run| &run.taps);
        let numbers = numbers.flat_map(|&tap| (0..sources).map(move |source| (tap, source)));
        for (row, (tap, source)) in block.chunks_exact_mut(width).zip(numbers) {
            for (column, target) in row.iter_mut().zip(first..targets) {
                *column = weights[match sums.from_large {
                    true => place.at(target, source, tap),
                    false => place.at(source, target, tap),
                }];
            }
        }
    }
    packed
}

/// Weights `[kernel·kernel·large][small]`, padded to whole vectors, as `[small, large, kernel, kernel]`.
pub fn unpacked(by_tap: &[f32], geometry: &Geometry, lanes: Lanes) -> Vec<f32> {
    let (large, small) = (geometry.large[0], geometry.small[0]);
    let place = Place::of(large, geometry.kernel);
    let mut weights = vec![0.0; geometry.weights()];
    for (i, row) in by_tap.chunks_exact(lanes.padded(small)).enumerate() {
        for (channel, value) in row[..small].iter().enumerate() {
            weights[place.at(channel, i % large, i / large)] = *value;
        }
    }
    weights
}

/// Weights `[small][kernel·kernel·large]`, padded to whole vectors, for [`fold`](super::fold).
pub fn packed_to_fold(weights: &[f32], geometry: &Geometry, lanes: Lanes) -> Vec<f32> {
    let (large, small) = (geometry.large[0], geometry.small[0]);
    let place = Place::of(large, geometry.kernel);
    let columns = geometry.kernel * geometry.kernel * large;
    let mut packed = vec![0.0; small * lanes.padded(columns)];
    let mut blocks = packed.as_mut_slice();
    for (first, vectors) in lanes.blocks(columns) {
        let width = vectors * lanes.width;
        let (block, rest) = blocks.split_at_mut(small * width);
        blocks = rest;
        for (channel, row) in block.chunks_exact_mut(width).enumerate() {
            for (column, i) in row.iter_mut().zip(first..columns) {
                *column = weights[place.at(channel, i % large, i / large)];
            }
        }
    }
    packed
}
