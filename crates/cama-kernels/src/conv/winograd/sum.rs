//! Sums over a padded map for every pixel and channel of another, tile by tile.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::points::{POINTS, output};
use super::tiles::{PAIRS, Tiled, Tiling};
use crate::tile::products;

/// One image's target, `[pixels, channels]`, from its padded source, `[rows, columns, channels]`.
pub struct SumUp<'a> {
    /// How the maps are cut.
    pub tiling: &'a Tiling,
    /// [`transformed`](super::transformed) weights.
    pub weights: &'a [f32],
    /// The padded source.
    pub source: &'a [f32],
    /// Added to each channel; nothing is nothing.
    pub bias: &'a [f32],
    /// [`scratch`](Tiling::scratch) numbers.
    pub scratch: &'a mut [f32],
    /// Where the sums go: all of it is overwritten.
    pub target: &'a mut [f32],
}

impl WithSimd for SumUp<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.tiling.run(simd, self);
    }
}

impl Tiled for SumUp<'_> {
    #[inline(always)]
    fn run<S: Simd, const M: usize>(self, simd: S) {
        let Self { tiling, weights, source, bias, scratch, target } = self;
        let (numbers, sums) = tiling.split(scratch);
        for rows in tiling.groups() {
            tiling.at_points::<S, M>(simd, source, rows.clone(), numbers);
            at_pairs(simd, tiling, rows.len(), weights, numbers, sums);
            write::<S, M>(simd, tiling, rows, sums, bias, target);
        }
    }
}

/// Sums over channels at each pair of points: `[pair][tile][target channel]`.
#[inline(always)]
fn at_pairs<S: Simd>(
    simd: S,
    tiling: &Tiling,
    rows: usize,
    weights: &[f32],
    numbers: &[f32],
    sums: &mut [f32],
) {
    let (sources, targets) = (tiling.source.map[0], tiling.target[0]);
    let tiles = rows * tiling.tiles[1];
    let at_pair = weights.chunks_exact(sources * targets);
    let numbers = numbers.chunks_exact(tiling.step(sources));
    let sums = sums.chunks_exact_mut(tiling.step(targets));
    debug_assert_eq!(at_pair.len(), PAIRS);
    for ((weights, numbers), sums) in at_pair.zip(numbers).zip(sums) {
        products(simd, &numbers[..tiles * sources], weights, &mut sums[..tiles * targets], targets);
    }
}

/// Tiles of sums from their values at the points, without those that are beyond the target.
#[inline(always)]
fn write<S: Simd, const M: usize>(
    simd: S,
    tiling: &Tiling,
    rows: Range<usize>,
    sums: &[f32],
    bias: &[f32],
    target: &mut [f32],
) {
    let [channels, height, width] = tiling.target;
    let vectors = channels / S::F32_LANES;
    let step = tiling.step(channels) / S::F32_LANES;
    let (sums, target) = (S::as_simd_f32s(sums).0, S::as_mut_simd_f32s(target).0);
    let bias = S::as_simd_f32s(bias).0;
    for (tile, [row, column]) in tiling.tiles_of(rows).enumerate() {
        for v in 0..vectors {
            let bias = if bias.is_empty() { simd.splat_f32s(0.0) } else { bias[v] };
            let from = tile * vectors + v;
            let mut down = [[simd.splat_f32s(0.0); POINTS]; M];
            for j in 0..POINTS {
                let mut column = [simd.splat_f32s(0.0); POINTS];
                for i in 0..POINTS {
                    column[i] = sums[(i * POINTS + j) * step + from];
                }
                let column: [S::f32s; M] = output(simd, column);
                for y in 0..M {
                    down[y][j] = column[y];
                }
            }
            for (y, down) in down.into_iter().take(height - row * M).enumerate() {
                let across: [S::f32s; M] = output(simd, down);
                for (x, sum) in across.into_iter().take(width - column * M).enumerate() {
                    let pixel = (row * M + y) * width + column * M + x;
                    target[pixel * vectors + v] = simd.add_f32s(sum, bias);
                }
            }
        }
    }
}
