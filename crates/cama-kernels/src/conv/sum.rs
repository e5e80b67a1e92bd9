//! Sums over a padded map for every pixel and channel of another.

use pulp::{Simd, WithSimd};

use super::geometry::{Phase, Sums};
use crate::tile::{Lanes, most_rows, multiply, vectors, with_block};

/// One image's target, `[pixels, channels]`, from its padded source, `[rows, columns, channels]`.
pub struct SumUp<'a> {
    /// What is summed up where.
    pub sums: &'a Sums,
    /// The weights of each phase, as [`packed`](super::weights::packed).
    pub weights: &'a [Vec<f32>],
    /// The padded source.
    pub source: &'a [f32],
    /// Added to each channel; nothing is nothing.
    pub bias: &'a [f32],
    /// Where the sums go: all of it is overwritten.
    pub target: &'a mut [f32],
}

impl WithSimd for SumUp<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { sums, weights, source, bias, target } = self;
        let lanes = Lanes::of::<S>();
        let channels = sums.target[0];
        for (phase, weights) in sums.phases.iter().zip(weights) {
            let rows: usize = phase.runs.iter().map(|run| run.taps.len() * sums.source.map[0]).sum();
            let mut begin = 0;
            for (first, vectors) in lanes.blocks(channels) {
                let end = begin + rows * vectors * lanes.width;
                let block = Block {
                    phase,
                    source,
                    bias,
                    weights: &weights[begin..end],
                    first,
                    channels,
                    sources: sums.source.map[0],
                };
                let most = most_rows(S::REGISTER_COUNT, vectors);
                for begin in (0..phase.bases.len()).step_by(most) {
                    let rows = most.min(phase.bases.len() - begin);
                    macro_rules! run {
                        ($p:literal, $v:literal) => {
                            block.sum::<S, $p, $v>(simd, begin, target)
                        };
                    }
                    with_block!(rows, vectors, run);
                }
                begin = end;
            }
        }
    }
}

/// Neighbouring channels of a phase.
struct Block<'a> {
    phase: &'a Phase,
    source: &'a [f32],
    bias: &'a [f32],
    weights: &'a [f32],
    first: usize,
    channels: usize,
    sources: usize,
}

impl Block<'_> {
    /// `P` pixels from the phase's `begin`-th on.
    #[inline(always)]
    fn sum<S: Simd, const P: usize, const V: usize>(&self, simd: S, begin: usize, target: &mut [f32]) {
        let width = S::F32_LANES;
        let bases: &[usize; P] = self.phase.bases[begin..begin + P].try_into().expect("as long");
        let mut sums = [[simd.splat_f32s(0.0); V]; P];
        if !self.bias.is_empty() {
            for v in 0..V {
                let from = self.first + v * width;
                let bias = simd.partial_load_f32s(&self.bias[from..self.channels.min(from + width)]);
                for row in &mut sums {
                    row[v] = bias;
                }
            }
        }
        let mut weights = vectors::<S, V>(self.weights);
        for run in &self.phase.runs {
            let (of_run, rest) = weights.split_at(run.taps.len() * self.sources);
            weights = rest;
            let mut rows = [self.source; P];
            for p in 0..P {
                rows[p] = &self.source[bases[p] + run.offset..];
            }
            sums = multiply(simd, sums, rows, of_run);
        }
        // Only the last block of channels may end inside of a vector.
        let whole = self.first + V * width <= self.channels;
        for (p, row) in sums.iter().enumerate() {
            let pixel = self.phase.targets[begin + p] * self.channels;
            let end = self.channels.min(self.first + V * width);
            let target = &mut target[pixel + self.first..pixel + end];
            if whole {
                S::as_mut_simd_f32s(target).0.copy_from_slice(row);
                continue;
            }
            for (target, sum) in target.chunks_mut(width).zip(row) {
                simd.partial_store_f32s(target, *sum);
            }
        }
    }
}
