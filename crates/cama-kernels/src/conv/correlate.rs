//! Gradients of weights: what a large map and a small one have in common, tap by tap.

use pulp::{Simd, WithSimd};

use super::geometry::Sums;
use crate::tile::{Lanes, most_rows, with_block};

/// Numbers of the small map that are met again and again before the next ones: they stay in the first-level cache.
const IN_CACHE: usize = 3072;

/// Adds to the gradient of the weights, `[kernel·kernel·large][small]` with rows padded to whole vectors, what one image
/// adds: for each tap, the products of the large map there with the small map, summed over its pixels.
pub struct Correlate<'a> {
    /// [`to_small`](super::geometry::Geometry::to_small).
    pub sums: &'a Sums,
    /// The padded large map.
    pub large: &'a [f32],
    /// The small map, `[pixels, channels]`, with channels padded to whole vectors.
    pub small: &'a [f32],
    /// The gradient so far.
    pub gradient: &'a mut [f32],
}

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { sums, large, small, gradient } = self;
        let lanes = Lanes::of::<S>();
        let padded = lanes.padded(sums.target[0]);
        let phase = &sums.phases[0];
        let at_once = (IN_CACHE / padded).max(8);
        for (bases, small) in phase.bases.chunks(at_once).zip(small.chunks(at_once * padded)) {
            let mut rows = &mut *gradient;
            for run in &phase.runs {
                let (of_run, rest) = rows.split_at_mut(run.taps.len() * sums.source.map[0] * padded);
                rows = rest;
                let bases = bases.iter().map(|base| base + run.offset);
                add_products(simd, bases, large, small, sums.target[0], of_run);
            }
        }
    }
}

/// Adds to a gradient, `[numbers, channels]`, the products of as many numbers of `large`, from each pixel's base on, with the
/// channels of `small`, `[pixels, channels]`, summed over pixels; both have channels padded to whole vectors.
#[inline(always)]
pub fn add_products<S: Simd>(
    simd: S,
    bases: impl Iterator<Item = usize> + Clone,
    large: &[f32],
    small: &[f32],
    channels: usize,
    gradient: &mut [f32],
) {
    let lanes = Lanes::of::<S>();
    let padded = lanes.padded(channels);
    let numbers = gradient.len() / padded;
    for (first, vectors) in lanes.blocks(channels) {
        let most = most_rows(S::REGISTER_COUNT, vectors);
        for begin in (0..numbers).step_by(most) {
            let rows = most.min(numbers - begin);
            let part = Part { bases: bases.clone(), large: &large[begin..], small, padded, first };
            let gradient = &mut gradient[begin * padded..(begin + rows) * padded];
            macro_rules! run {
                ($p:literal, $v:literal) => {
                    part.add::<S, $p, $v>(simd, gradient)
                };
            }
            with_block!(rows, vectors, run);
        }
    }
}

/// Some pixels, for neighbouring numbers of the large map and neighbouring channels of the small one.
struct Part<'a, I> {
    /// Where the first number of each pixel stands in the large map.
    bases: I,
    large: &'a [f32],
    /// `[pixels, padded]`.
    small: &'a [f32],
    padded: usize,
    /// The first channel.
    first: usize,
}

impl<I: Iterator<Item = usize>> Part<'_, I> {
    /// Adds to `P` rows of the gradient, `[numbers, padded]`, in `V` vectors from the first channel on.
    #[inline(always)]
    fn add<S: Simd, const P: usize, const V: usize>(self, simd: S, gradient: &mut [f32]) {
        let (first, step) = (self.first / S::F32_LANES, self.padded / S::F32_LANES);
        let small = S::as_simd_f32s(self.small).0;
        let gradient = S::as_mut_simd_f32s(gradient).0;
        let mut sums = [[simd.splat_f32s(0.0); V]; P];
        for p in 0..P {
            sums[p].copy_from_slice(&gradient[p * step + first..][..V]);
        }
        for (base, channels) in self.bases.zip(small.chunks_exact(step)) {
            let numbers: &[f32; P] = self.large[base..base + P].try_into().expect("as long");
            let channels: &[S::f32s; V] = channels[first..first + V].try_into().expect("as long");
            for p in 0..P {
                let factor = simd.splat_f32s(numbers[p]);
                for v in 0..V {
                    sums[p][v] = simd.mul_add_f32s(factor, channels[v], sums[p][v]);
                }
            }
        }
        for p in 0..P {
            gradient[p * step + first..][..V].copy_from_slice(&sums[p]);
        }
    }
}
