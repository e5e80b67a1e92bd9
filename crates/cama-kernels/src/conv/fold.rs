//! A large map of few channels from a small one of many: all taps of a small pixel at once, then folded together.

use pulp::{Simd, WithSimd};

use super::geometry::Geometry;
use super::image::{Order, to_pixels};
use crate::tile::{Lanes, products};

/// Which of all small pixels' taps each number of the large map is summed up from.
pub struct Folding {
    geometry: Geometry,
    /// Taps of a small pixel, in whole vectors.
    padded: usize,
    /// For the first tap that reaches a number, then for the second, and so on, where it stands, for every number of the
    /// large map; [`nothing`](Self::nothing) where no more reach it.
    from: Vec<u32>,
}

impl Folding {
    pub fn new(geometry: Geometry, lanes: Lanes) -> Self {
        let Geometry { large: [channels, height, width], small: [_, h, w], kernel, stride, padding } =
            geometry;
        let padded = lanes.padded(kernel * kernel * channels);
        let mut reaching = vec![Vec::new(); channels * height * width];
        for (p, tap) in (0..h * w).flat_map(|p| (0..kernel * kernel).map(move |tap| (p, tap))) {
            let along = |small: usize, tap: usize, side: usize| {
                (small * stride + tap).checked_sub(padding).filter(|at| *at < side)
            };
            let (y, x) = (along(p / w, tap / kernel, height), along(p % w, tap % kernel, width));
            let (Some(y), Some(x)) = (y, x) else { continue };
            for c in 0..channels {
                reaching[(y * width + x) * channels + c].push((p * padded + tap * channels + c) as u32);
            }
        }
        let nothing = (h * w * padded) as u32;
        let most = reaching.iter().map(Vec::len).max().unwrap_or(0);
        let nth = |n: usize| reaching.iter().map(move |from| from.get(n).copied().unwrap_or(nothing));
        let from = (0..most).flat_map(nth).collect();
        Self { geometry, padded, from }
    }

    /// Where a zero stands after all taps.
    fn nothing(&self) -> usize {
        self.geometry.small[1] * self.geometry.small[2] * self.padded
    }

    /// Numbers of scratch: the small map pixel by pixel, all taps of every small pixel, and a zero.
    pub fn scratch(&self) -> usize {
        self.geometry.small.iter().product::<usize>() + self.nothing() + 1
    }
}

/// One image's large map, `[height, width, channels]`.
pub struct Fold<'a> {
    /// How it is summed up.
    pub folding: &'a Folding,
    /// [`packed_to_fold`](super::weights::packed_to_fold).
    pub weights: &'a [f32],
    /// The small map.
    pub map: &'a [f32],
    /// How it is stored.
    pub order: Order,
    /// Added to each channel; nothing is nothing.
    pub bias: &'a [f32],
    /// [`scratch`](Folding::scratch) numbers, zero at first.
    pub scratch: &'a mut [f32],
    /// The large map: all of it is overwritten.
    pub target: &'a mut [f32],
}

impl WithSimd for Fold<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { folding, weights, map, order, bias, scratch, target } = self;
        let Geometry { small: [channels, h, w], .. } = folding.geometry;
        let (pixels, taps) = scratch.split_at_mut(h * w * channels);
        let map = match order {
            Order::Pixels => map,
            Order::Planes => {
                to_pixels(map, channels, pixels);
                pixels
            }
        };
        products(simd, map, weights, &mut taps[..folding.nothing()], folding.padded);
        fold(&folding.from, taps, bias, target);
    }
}

/// Sums up the taps that reach each number of the large map.
#[inline(always)]
fn fold(from: &[u32], taps: &[f32], bias: &[f32], target: &mut [f32]) {
    match bias {
        [] => target.fill(0.0),
        [bias] => target.fill(*bias),
        _ => target.chunks_exact_mut(bias.len()).for_each(|pixel| pixel.copy_from_slice(bias)),
    }
    for from in from.chunks_exact(target.len()) {
        target.iter_mut().zip(from).for_each(|(t, from)| *t += taps[*from as usize]);
    }
}
