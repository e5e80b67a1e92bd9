//! Gradients of weights: what a large map and a small one have in common, at the points.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::super::correlate::add_products;
use super::points::{POINTS, output_gradient};
use super::tiles::{Tiled, Tiling};

/// Adds to the gradient of the weights at the points, `[pair][large][small]`, what one image adds.
pub struct Correlate<'a> {
    /// How the large map is cut to make the small one.
    pub tiling: &'a Tiling,
    /// The padded large map.
    pub large: &'a [f32],
    /// The small map, `[pixels, channels]`.
    pub small: &'a [f32],
    /// [`scratch`](Tiling::scratch) numbers.
    pub scratch: &'a mut [f32],
    /// The gradient so far.
    pub gradient: &'a mut [f32],
}

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.tiling.run(simd, self);
    }
}

impl Tiled for Correlate<'_> {
    #[inline(always)]
    fn run<S: Simd, const M: usize>(self, simd: S) {
        let Self { tiling, large, small, scratch, gradient } = self;
        let (numbers, gradients) = tiling.split(scratch);
        for rows in tiling.groups() {
            tiling.at_points::<S, M>(simd, large, rows.clone(), numbers);
            read::<S, M>(simd, tiling, rows.clone(), small, gradients);
            products(simd, tiling, rows.len(), numbers, gradients, gradient);
        }
    }
}

/// Takes tiles of the small map, with zeros beyond it, to the points: `[pair][tile][channel]`.
#[inline(always)]
fn read<S: Simd, const M: usize>(
    simd: S,
    tiling: &Tiling,
    rows: Range<usize>,
    small: &[f32],
    at: &mut [f32],
) {
    let [channels, height, width] = tiling.target;
    let vectors = channels / S::F32_LANES;
    let step = tiling.step(channels) / S::F32_LANES;
    let (small, at) = (S::as_simd_f32s(small).0, S::as_mut_simd_f32s(at).0);
    for (tile, [row, column]) in tiling.tiles_of(rows).enumerate() {
        for v in 0..vectors {
            let mut down = [[simd.splat_f32s(0.0); POINTS]; M];
            for (x, down) in down.iter_mut().take(width - column * M).enumerate() {
                let mut sums = [simd.splat_f32s(0.0); M];
                for (y, sum) in sums.iter_mut().take(height - row * M).enumerate() {
                    let pixel = (row * M + y) * width + column * M + x;
                    *sum = small[pixel * vectors + v];
                }
                *down = output_gradient(simd, sums);
            }
            for i in 0..POINTS {
                let mut across = [simd.splat_f32s(0.0); M];
                for (across, down) in across.iter_mut().zip(&down) {
                    *across = down[i];
                }
                let points = output_gradient(simd, across);
                for j in 0..POINTS {
                    at[(i * POINTS + j) * step + tile * vectors + v] = points[j];
                }
            }
        }
    }
}

/// Adds the products of both at each pair of points, summed over tiles.
#[inline(always)]
fn products<S: Simd>(
    simd: S,
    tiling: &Tiling,
    rows: usize,
    numbers: &[f32],
    gradients: &[f32],
    gradient: &mut [f32],
) {
    let (large, small) = (tiling.source.map[0], tiling.target[0]);
    let tiles = rows * tiling.tiles[1];
    let numbers = numbers.chunks_exact(tiling.step(large));
    let gradients = gradients.chunks_exact(tiling.step(small));
    let gradient = gradient.chunks_exact_mut(large * small);
    for ((numbers, gradients), gradient) in numbers.zip(gradients).zip(gradient) {
        let bases = (0..tiles).map(|tile| tile * large);
        add_products(simd, bases, numbers, gradients, small, gradient);
    }
}
