//! The innermost loops: small blocks of sums of products that stay in registers.

use pulp::{Arch, Simd, WithSimd};

/// Vectors of sums that a block has side by side at most.
pub const MOST_VECTORS: usize = 4;

/// How weights are laid out for the processor at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lanes {
    /// Numbers in a vector.
    pub width: usize,
    /// Vectors that a block has side by side.
    pub vectors: usize,
}

impl Lanes {
    /// Of this processor.
    pub fn here() -> Self {
        struct Ask;
        impl WithSimd for Ask {
            type Output = Lanes;
            #[inline(always)]
            fn with_simd<S: Simd>(self, _: S) -> Lanes {
                Lanes::of::<S>()
            }
        }
        Arch::new().dispatch(Ask)
    }

    /// Of vectors `S`.
    #[inline(always)]
    pub fn of<S: Simd>() -> Self {
        // With 32 registers, 4 × 6 sums, 4 weights and a number leave some to spare; with 16, 2 × 6, 2 and 1 do.
        Self { width: S::F32_LANES, vectors: if S::REGISTER_COUNT >= 32 { MOST_VECTORS } else { 2 } }
    }

    /// `columns`, rounded up to whole vectors.
    pub fn padded(self, columns: usize) -> usize {
        columns.next_multiple_of(self.width)
    }

    /// The blocks that `columns` are cut into: the first column of each, and its vectors.
    pub fn blocks(self, columns: usize) -> impl Iterator<Item = (usize, usize)> {
        let all = columns.div_ceil(self.width);
        (0..all).step_by(self.vectors).map(move |first| (first * self.width, self.vectors.min(all - first)))
    }
}

/// Rows that a block of `V` vectors has at most.
pub const fn most_rows(registers: usize, vectors: usize) -> usize {
    match (registers >= 32, vectors) {
        (true, 4) => 6,
        (true, 3) => 8,
        (_, 2) if registers >= 32 => 12,
        (_, 2) => 6,
        _ => 12,
    }
}

/// Calls `$run!(P, V)` with the constants that `$rows` and `$vectors` stand for.
macro_rules! with_block {
    ($rows:expr, $vectors:expr, $run:ident) => {
        match ($vectors, $rows) {
            (1, 1) => $run!(1, 1),
            (1, 2) => $run!(2, 1),
            (1, 3) => $run!(3, 1),
            (1, 4) => $run!(4, 1),
            (1, 5) => $run!(5, 1),
            (1, 6) => $run!(6, 1),
            (1, 7) => $run!(7, 1),
            (1, 8) => $run!(8, 1),
            (1, 9) => $run!(9, 1),
            (1, 10) => $run!(10, 1),
            (1, 11) => $run!(11, 1),
            (1, 12) => $run!(12, 1),
            (2, 1) => $run!(1, 2),
            (2, 2) => $run!(2, 2),
            (2, 3) => $run!(3, 2),
            (2, 4) => $run!(4, 2),
            (2, 5) => $run!(5, 2),
            (2, 6) => $run!(6, 2),
            (2, 7) => $run!(7, 2),
            (2, 8) => $run!(8, 2),
            (2, 9) => $run!(9, 2),
            (2, 10) => $run!(10, 2),
            (2, 11) => $run!(11, 2),
            (2, 12) => $run!(12, 2),
            (3, 1) => $run!(1, 3),
            (3, 2) => $run!(2, 3),
            (3, 3) => $run!(3, 3),
            (3, 4) => $run!(4, 3),
            (3, 5) => $run!(5, 3),
            (3, 6) => $run!(6, 3),
            (3, 7) => $run!(7, 3),
            (3, 8) => $run!(8, 3),
            (4, 1) => $run!(1, 4),
            (4, 2) => $run!(2, 4),
            (4, 3) => $run!(3, 4),
            (4, 4) => $run!(4, 4),
            (4, 5) => $run!(5, 4),
            (4, 6) => $run!(6, 4),
            (vectors, rows) => unreachable!("no block of {rows} × {vectors} is asked for"),
        }
    };
}
pub(crate) use with_block;

/// `sums[p][v] + Σ_k rows[p][k] · weights[k][v]`, each row as long as the weights.
#[inline(always)]
#[expect(
    unsafe_code,
    reason = "a check of bounds for each number, and a way out with it, would halve the speed"
)]
pub fn multiply<S: Simd, const P: usize, const V: usize>(
    simd: S,
    mut sums: [[S::f32s; V]; P],
    mut rows: [&[f32]; P],
    weights: &[[S::f32s; V]],
) -> [[S::f32s; V]; P] {
    // A loop: what `map` is given may be compiled for no vectors, and be called for each row.
    for row in &mut rows {
        *row = &row[..weights.len()];
    }
    for (k, weights) in weights.iter().enumerate() {
        for p in 0..P {
            // SAFETY: every row was just cut to as many numbers as there are weights, and k counts those.
            let number = unsafe { *rows[p].get_unchecked(k) };
            let factor = simd.splat_f32s(number);
            for v in 0..V {
                sums[p][v] = simd.mul_add_f32s(factor, weights[v], sums[p][v]);
            }
        }
    }
    sums
}

/// The product of `rows` and `weights`: `out` is `[rows, columns]`, columns in whole vectors; `weights` hold, block after block of
/// columns, the weights of every number of a row, one after another.
#[inline(always)]
pub fn products<S: Simd>(simd: S, rows: &[f32], weights: &[f32], out: &mut [f32], columns: usize) {
    let count = out.len() / columns;
    let numbers = rows.len() / count;
    let mut begin = 0;
    for (first, vectors) in Lanes::of::<S>().blocks(columns) {
        let end = begin + numbers * vectors * S::F32_LANES;
        let weights = &weights[begin..end];
        let most = most_rows(S::REGISTER_COUNT, vectors);
        for from in (0..count).step_by(most) {
            let to = count.min(from + most);
            let rows = &rows[from * numbers..to * numbers];
            let out = &mut out[from * columns..to * columns];
            macro_rules! run {
                ($p:literal, $v:literal) => {
                    product::<S, $p, $v>(simd, rows, weights, out, columns, first)
                };
            }
            with_block!(to - from, vectors, run);
        }
        begin = end;
    }
}

/// `P` rows times the weights of `V` vectors of columns.
#[inline(always)]
fn product<S: Simd, const P: usize, const V: usize>(
    simd: S,
    numbers: &[f32],
    weights: &[f32],
    out: &mut [f32],
    columns: usize,
    first: usize,
) {
    let length = numbers.len() / P;
    let mut rows = [numbers; P];
    for p in 0..P {
        rows[p] = &numbers[p * length..];
    }
    let sums = multiply(simd, [[simd.splat_f32s(0.0); V]; P], rows, vectors::<S, V>(weights));
    let (first, step) = (first / S::F32_LANES, columns / S::F32_LANES);
    let out = S::as_mut_simd_f32s(out).0;
    for p in 0..P {
        out[p * step + first..][..V].copy_from_slice(&sums[p]);
    }
}

/// `numbers` as vectors, `V` at a time; what is left over is not there.
#[inline(always)]
pub fn vectors<S: Simd, const V: usize>(numbers: &[f32]) -> &[[S::f32s; V]] {
    S::as_simd_f32s(numbers).0.as_chunks().0
}
