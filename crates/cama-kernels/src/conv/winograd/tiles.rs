//! How maps are cut into tiles, and numbers of a tile at the points.

use std::ops::Range;

use pulp::Simd;

use super::super::geometry::{Geometry, Source, Sums};
use super::points::{POINTS, input};
use crate::tile::Lanes;

/// Pairs of points.
pub const PAIRS: usize = POINTS * POINTS;

/// Bytes that the transformed numbers of some tiles, and what is made of them, should fill of the second-level cache.
const IN_CACHE: usize = 256 << 10;

/// Channels that both maps must have: what transforms cost at a number of one does not grow with the channels of the other,
/// what they save does.
const LEAST_CHANNELS: usize = 32;

/// Work on tiles of `M`×`M` sums.
pub trait Tiled {
    fn run<S: Simd, const M: usize>(self, simd: S);
}

/// A map, and the tiles of sums over it that make another.
#[derive(Clone, Debug)]
pub struct Tiling {
    /// The map with the zeros around it; every tile is inside.
    pub source: Source,
    /// `[channels, height, width]`.
    pub target: [usize; 3],
    /// Sums along the side of a tile: 2 or 4.
    pub outputs: usize,
    /// Tiles in a column and in a row.
    pub tiles: [usize; 2],
    /// Rows of tiles that are worked on together.
    pub rows_at_once: usize,
}

impl Tiling {
    /// Tiles for these sums, if they can be had and pay: those of stride 1 and a 3×3 or 5×5 kernel, between channels that
    /// fill whole vectors.
    pub fn of(geometry: &Geometry, sums: &Sums, lanes: Lanes) -> Option<Self> {
        let outputs = match geometry.kernel {
            3 => 4,
            5 => 2,
            _ => return None,
        };
        let [channels, height, width] = sums.target;
        let fit = |channels: usize| channels >= LEAST_CHANNELS && channels.is_multiple_of(lanes.width);
        let [phase] = &sums.phases[..] else { return None };
        // Sums that begin inside of the source are those to a map that is smaller than what reaches it.
        let from_the_first = phase.bases.first() == Some(&0);
        if geometry.stride != 1 || !fit(channels) || !fit(sums.source.map[0]) || !from_the_first {
            return None;
        }
        let tiles = [height.div_ceil(outputs), width.div_ceil(outputs)];
        let products = tiles[0] * tiles[1] * PAIRS;
        // Transforms cost something, too, and tiles that reach beyond a small map are paid in full.
        if 2 * products > height * width * geometry.kernel.pow(2) {
            return None;
        }
        let padded = tiles.map(|tiles| tiles * outputs + geometry.kernel - 1);
        let row = tiles[1] * PAIRS * (channels + sums.source.map[0]) * size_of::<f32>();
        Some(Self {
            source: Source { padded, ..sums.source.clone() },
            target: sums.target,
            outputs,
            tiles,
            rows_at_once: (IN_CACHE / row).clamp(1, tiles[0]),
        })
    }

    /// Groups of rows of tiles.
    pub fn groups(&self) -> impl Iterator<Item = Range<usize>> {
        let [rows, _] = self.tiles;
        (0..rows).step_by(self.rows_at_once).map(move |begin| begin..rows.min(begin + self.rows_at_once))
    }

    /// From one pair of points to the next, for `channels` at each tile of a group.
    pub fn step(&self, channels: usize) -> usize {
        // 64 bytes more, which are whole vectors everywhere, lest numbers of all pairs compete for the same lines of the
        // first-level cache.
        self.rows_at_once * self.tiles[1] * channels + 16
    }

    /// Row and column of every tile of a group.
    pub fn tiles_of(&self, rows: Range<usize>) -> impl Iterator<Item = [usize; 2]> {
        let columns = self.tiles[1];
        rows.flat_map(move |row| (0..columns).map(move |column| [row, column]))
    }

    /// Numbers of scratch for a group: source and target at all pairs of points.
    pub fn scratch(&self) -> usize {
        PAIRS * (self.step(self.source.map[0]) + self.step(self.target[0]))
    }

    /// Scratch for the source, and for the target.
    pub fn split<'a>(&self, scratch: &'a mut [f32]) -> (&'a mut [f32], &'a mut [f32]) {
        scratch.split_at_mut(PAIRS * self.step(self.source.map[0]))
    }

    /// Does `work`, compiled for the tiles at hand.
    #[inline(always)]
    pub fn run<S: Simd>(&self, simd: S, work: impl Tiled) {
        match self.outputs {
            2 => work.run::<S, 2>(simd),
            4 => work.run::<S, 4>(simd),
            outputs => unreachable!("no tile has {outputs} sums along its side"),
        }
    }

    /// Takes the tiles of a group of rows of `map`, padded, to the points: `[pair][tile][channel]`.
    #[inline(always)]
    pub fn at_points<S: Simd, const M: usize>(
        &self,
        simd: S,
        map: &[f32],
        rows: Range<usize>,
        at: &mut [f32],
    ) {
        let vectors = self.source.map[0] / S::F32_LANES;
        let (map, at) = (S::as_simd_f32s(map).0, S::as_mut_simd_f32s(at).0);
        let step = self.step(self.source.map[0]) / S::F32_LANES;
        let (columns, width) = (self.tiles[1], self.source.padded[1]);
        for (n, row) in rows.enumerate() {
            let row = &map[row * M * width * vectors..];
            for v in 0..vectors {
                // Neighbouring tiles share all columns but M.
                let mut window = [[simd.splat_f32s(0.0); POINTS]; POINTS];
                for (x, window) in window[M..].iter_mut().enumerate() {
                    *window = column(simd, row, [width, vectors], (x, v));
                }
                for tile in 0..columns {
                    window.copy_within(M.., 0);
                    let begin = tile * M + POINTS - M;
                    for (x, window) in window[POINTS - M..].iter_mut().enumerate() {
                        *window = column(simd, row, [width, vectors], (begin + x, v));
                    }
                    let to = (n * columns + tile) * vectors + v;
                    for i in 0..POINTS {
                        let mut across = [window[0][i]; POINTS];
                        for j in 1..POINTS {
                            across[j] = window[j][i];
                        }
                        let points = input(simd, across);
                        for j in 0..POINTS {
                            at[(i * POINTS + j) * step + to] = points[j];
                        }
                    }
                }
            }
        }
    }
}

/// One vector of channels of a column of a tile's six numbers, at the points.
#[inline(always)]
fn column<S: Simd>(
    simd: S,
    rows: &[S::f32s],
    [width, vectors]: [usize; 2],
    (x, v): (usize, usize),
) -> [S::f32s; POINTS] {
    let mut column = [simd.splat_f32s(0.0); POINTS];
    for i in 0..POINTS {
        column[i] = rows[(i * width + x) * vectors + v];
    }
    input(simd, column)
}
