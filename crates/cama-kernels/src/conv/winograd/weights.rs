//! Weights at all pairs of points, and gradients there back to the weights'.

use pulp::{Arch, Simd, WithSimd};

use super::super::geometry::Sums;
use super::super::weights::packed;
use super::points::kernel;
use super::tiles::PAIRS;
use crate::tile::Lanes;

/// G g Gᵀ: `[point, point]`, in each block after block of target channels, `[sources][targets of the block]`. `weights` are
/// as stored, `sums` those that they would be used for directly.
pub fn transformed(weights: &[f32], sums: &Sums, lanes: Lanes) -> Vec<f32> {
    let taps = &packed(weights, sums, lanes)[0];
    let (sources, targets) = (sums.source.map[0], sums.target[0]);
    let mut at = vec![0.0; PAIRS * sources * targets];
    let mut begin = 0;
    for (_, vectors) in lanes.blocks(targets) {
        let planes = sources * vectors * lanes.width;
        let taps = &taps[begin * sums.kernel.pow(2)..][..planes * sums.kernel.pow(2)];
        let step = sources * targets;
        match sums.kernel {
            3 => OnBothSides { matrix: kernel::<3>(), from: taps, planes, to: &mut at[begin..], step }.run(),
            5 => OnBothSides { matrix: kernel::<5>(), from: taps, planes, to: &mut at[begin..], step }.run(),
            side => unreachable!("no tile is for a kernel of {side}"),
        }
        begin += planes;
    }
    at
}

/// Gᵀ d G: a gradient `[point, point, numbers]` as `[tap, tap, numbers]` of a kernel.
pub fn at_taps(at: &[f32], side: usize) -> Vec<f32> {
    let planes = at.len() / PAIRS;
    let mut taps = vec![0.0; side * side * planes];
    let to = &mut taps;
    match side {
        3 => OnBothSides { matrix: transpose(kernel::<3>()), from: at, planes, to, step: planes }.run(),
        5 => OnBothSides { matrix: transpose(kernel::<5>()), from: at, planes, to, step: planes }.run(),
        side => unreachable!("no tile is for a kernel of {side}"),
    }
    taps
}

fn transpose<const I: usize, const O: usize>(matrix: [[f32; I]; O]) -> [[f32; O]; I] {
    core::array::from_fn(|i| core::array::from_fn(|o| matrix[o][i]))
}

/// M x Mᵀ for each number of `I`×`I` planes.
struct OnBothSides<'a, const I: usize, const O: usize> {
    matrix: [[f32; I]; O],
    /// `[I, I, planes]`.
    from: &'a [f32],
    /// Numbers of a plane, in whole vectors.
    planes: usize,
    /// `[O, O, step]`, of which the first of each `step` are written.
    to: &'a mut [f32],
    step: usize,
}

impl<const I: usize, const O: usize> OnBothSides<'_, I, O> {
    fn run(self) {
        Arch::new().dispatch(self);
    }
}

impl<const I: usize, const O: usize> WithSimd for OnBothSides<'_, I, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { matrix, from, planes, to, step } = self;
        let (from, to) = (S::as_simd_f32s(from).0, S::as_mut_simd_f32s(to).0);
        let (planes, step) = (planes / S::F32_LANES, step / S::F32_LANES);
        for k in 0..planes {
            let mut columns = [[simd.splat_f32s(0.0); I]; O];
            for j in 0..I {
                for i in 0..I {
                    let number = from[(i * I + j) * planes + k];
                    for o in 0..O {
                        let factor = simd.splat_f32s(matrix[o][i]);
                        columns[o][j] = simd.mul_add_f32s(factor, number, columns[o][j]);
                    }
                }
            }
            for (i, row) in columns.iter().enumerate() {
                for o in 0..O {
                    let mut sum = simd.splat_f32s(0.0);
                    for j in 0..I {
                        sum = simd.mul_add_f32s(simd.splat_f32s(matrix[o][j]), row[j], sum);
                    }
                    to[(i * O + o) * step + k] = sum;
                }
            }
        }
    }
}
