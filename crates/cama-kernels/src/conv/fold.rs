//! A large map of few channels from a small one of many: all taps of a small pixel at once, then folded together.

use pulp::{Simd, WithSimd};

use super::geometry::Geometry;
use super::image::{Order, by_pixel};
use crate::tile::{Lanes, most_rows, multiply, vectors, with_block};

/// One image's large map, `[height, width, channels]`.
pub struct Fold<'a> {
    /// The maps and the kernel.
    pub geometry: &'a Geometry,
    /// [`packed_to_fold`](super::weights::packed_to_fold).
    pub weights: &'a [f32],
    /// The small map.
    pub map: &'a [f32],
    /// How it is stored.
    pub order: Order,
    /// Added to each channel; nothing is nothing.
    pub bias: &'a [f32],
    /// [`scratch`](Fold::scratch) numbers.
    pub scratch: &'a mut [f32],
    /// The large map: all of it is overwritten.
    pub target: &'a mut [f32],
}

impl Fold<'_> {
    /// Numbers of scratch: the small map pixel by pixel, and all taps of every small pixel, in whole vectors of any width.
    pub fn scratch(geometry: &Geometry) -> usize {
        let [channels, h, w] = geometry.small;
        h * w * (channels + Lanes::here().padded(Self::columns(geometry)))
    }

    fn columns(geometry: &Geometry) -> usize {
        geometry.kernel * geometry.kernel * geometry.large[0]
    }
}

impl WithSimd for Fold<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { geometry, weights, map, order, bias, scratch, target } = self;
        let lanes = Lanes::of::<S>();
        let [channels, h, w] = geometry.small;
        let padded = lanes.padded(Self::columns(geometry));
        let (pixels, taps) = scratch.split_at_mut(h * w * channels);
        let map = match order {
            Order::Pixels => map,
            Order::Planes => {
                by_pixel(map, channels, order, pixels);
                pixels
            }
        };
        let mut begin = 0;
        for (first, vectors) in lanes.blocks(Self::columns(geometry)) {
            let end = begin + channels * vectors * lanes.width;
            let most = most_rows(S::REGISTER_COUNT, vectors);
            for from in (0..h * w).step_by(most) {
                let rows = most.min(h * w - from);
                let map = &map[from * channels..(from + rows) * channels];
                let taps = &mut taps[from * padded..(from + rows) * padded];
                macro_rules! run {
                    ($p:literal, $v:literal) => {
                        product::<S, $p, $v>(simd, map, &weights[begin..end], taps, padded, first)
                    };
                }
                with_block!(rows, vectors, run);
            }
            begin = end;
        }
        fold(geometry, taps, padded, bias, target);
    }
}

/// `P` pixels times the weights of `V` vectors of taps.
#[inline(always)]
fn product<S: Simd, const P: usize, const V: usize>(
    simd: S,
    map: &[f32],
    weights: &[f32],
    taps: &mut [f32],
    padded: usize,
    first: usize,
) {
    let channels = map.len() / P;
    let zeros = [[simd.splat_f32s(0.0); V]; P];
    let rows: [&[f32]; P] = core::array::from_fn(|p| &map[p * channels..]);
    let sums = multiply(simd, zeros, rows, vectors::<S, V>(weights));
    let (first, step) = (first / S::F32_LANES, padded / S::F32_LANES);
    let taps = S::as_mut_simd_f32s(taps).0;
    for p in 0..P {
        taps[p * step + first..][..V].copy_from_slice(&sums[p]);
    }
}

/// Adds every tap of every small pixel, `[pixels, padded]`, to the large pixel that it reaches.
#[inline(always)]
fn fold(geometry: &Geometry, taps: &[f32], padded: usize, bias: &[f32], target: &mut [f32]) {
    let Geometry { large: [channels, height, width], small: [_, _, w], kernel, stride, padding } = *geometry;
    if bias.is_empty() {
        target.fill(0.0);
    } else {
        target.chunks_exact_mut(channels).for_each(|pixel| pixel.copy_from_slice(bias));
    }
    for (p, taps) in taps.chunks_exact(padded).enumerate() {
        let (top, left) = (p / w * stride, p % w * stride);
        // The taps that stay on the canvas.
        let (first, last) = (padding.saturating_sub(left), kernel.min((width + padding).saturating_sub(left)));
        for i in 0..kernel {
            let Some(y) = (top + i).checked_sub(padding).filter(|y| *y < height) else { continue };
            if first >= last {
                continue;
            }
            let row = &taps[(i * kernel + first) * channels..(i * kernel + last) * channels];
            let begin = (y * width + left + first - padding) * channels;
            target[begin..begin + row.len()].iter_mut().zip(row).for_each(|(t, v)| *t += v);
        }
    }
}
