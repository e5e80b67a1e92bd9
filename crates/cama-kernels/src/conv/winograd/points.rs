//! Winograd's transforms along one dimension, at the points 0, ±¾, ±1½ and ∞.
//!
//! Sums of products with a kernel are the transpose of multiplying polynomials by evaluation at points and interpolation:
//! the kernel g is evaluated (G), numbers d meet the transpose of interpolation (Bᵀ), products that of evaluation (Aᵀ), and
//! y = Aᵀ[(G g) ⊙ (Bᵀ d)] are 2 or 4 neighbouring sums over the 5 or 3 taps of g, from six numbers
//! (Winograd 1980; Lavin and Gray, CVPR 2016). The points' squares and cubes are exact in single precision, and their
//! magnitudes lie on both sides of 1, which keeps the error of a sum near 10⁻⁶ of the largest: less than half of what the
//! points 0, ±1, ±2 and ∞ make.

use pulp::Simd;

/// Numbers that are transformed together.
pub const POINTS: usize = 6;

const NEAR: f32 = 0.75;
const FAR: f32 = 1.5;
const NEAR_2: f32 = NEAR * NEAR;
const FAR_2: f32 = FAR * FAR;

/// Bᵀ d: six neighbouring numbers at the points.
#[inline(always)]
pub fn input<S: Simd>(simd: S, d: [S::f32s; POINTS]) -> [S::f32s; POINTS] {
    let [even_near, odd_near] = [times(simd, -FAR_2, d[2], d[4]), times(simd, -FAR_2, d[1], d[3])];
    let [even_far, odd_far] = [times(simd, -NEAR_2, d[2], d[4]), times(simd, -NEAR_2, d[1], d[3])];
    let [zero, infinity] =
        [times(simd, -(NEAR_2 + FAR_2), d[2], d[4]), times(simd, -(NEAR_2 + FAR_2), d[3], d[5])];
    [
        times(simd, NEAR_2 * FAR_2, d[0], zero),
        times(simd, NEAR, odd_near, even_near),
        times(simd, -NEAR, odd_near, even_near),
        times(simd, FAR, odd_far, even_far),
        times(simd, -FAR, odd_far, even_far),
        times(simd, NEAR_2 * FAR_2, d[1], infinity),
    ]
}

/// Aᵀ m: `M` neighbouring sums, 2 or 4, from their values at the points.
#[inline(always)]
pub fn output<S: Simd, const M: usize>(simd: S, m: [S::f32s; POINTS]) -> [S::f32s; M] {
    let [even_near, odd_near] = [simd.add_f32s(m[1], m[2]), simd.sub_f32s(m[1], m[2])];
    let [even_far, odd_far] = [simd.add_f32s(m[3], m[4]), simd.sub_f32s(m[3], m[4])];
    let mut y = [simd.splat_f32s(0.0); M];
    y[0] = simd.add_f32s(m[0], simd.add_f32s(even_near, even_far));
    y[1] = times(simd, FAR, odd_far, scaled(simd, NEAR, odd_near));
    if M == 4 {
        y[2] = times(simd, FAR_2, even_far, scaled(simd, NEAR_2, even_near));
        y[3] = times(simd, FAR * FAR_2, odd_far, scaled(simd, NEAR * NEAR_2, odd_near));
    }
    y[M - 1] = simd.add_f32s(y[M - 1], m[5]);
    y
}

/// A y, the transpose of [`output`]: gradients of `M` sums as gradients at the points.
#[inline(always)]
pub fn output_gradient<S: Simd, const M: usize>(simd: S, y: [S::f32s; M]) -> [S::f32s; POINTS] {
    let (mut near, mut far) = ([y[0], y[1]], [y[0], y[1]]);
    if M == 4 {
        near = [times(simd, NEAR_2, y[2], y[0]), times(simd, NEAR_2, y[3], y[1])];
        far = [times(simd, FAR_2, y[2], y[0]), times(simd, FAR_2, y[3], y[1])];
    }
    [
        y[0],
        times(simd, NEAR, near[1], near[0]),
        times(simd, -NEAR, near[1], near[0]),
        times(simd, FAR, far[1], far[0]),
        times(simd, -FAR, far[1], far[0]),
        y[M - 1],
    ]
}

#[inline(always)]
fn times<S: Simd>(simd: S, factor: f32, v: S::f32s, plus: S::f32s) -> S::f32s {
    simd.mul_add_f32s(simd.splat_f32s(factor), v, plus)
}

#[inline(always)]
fn scaled<S: Simd>(simd: S, factor: f32, v: S::f32s) -> S::f32s {
    simd.mul_f32s(simd.splat_f32s(factor), v)
}

/// G: what a kernel of `R` taps is at the points, `[point][tap]`.
pub const fn kernel<const R: usize>() -> [[f32; R]; POINTS] {
    let points = [0.0, NEAR, -NEAR, FAR, -FAR];
    // Lagrange's denominators: the product of a point's distances to the other finite ones.
    let near = 2.0 * NEAR_2 * (NEAR_2 - FAR_2);
    let far = 2.0 * FAR_2 * (FAR_2 - NEAR_2);
    let over = [NEAR_2 * FAR_2, near, near, far, far];
    let mut at = [[0.0; R]; POINTS];
    let mut point = 0;
    while point < points.len() {
        let mut power = 1.0;
        let mut tap = 0;
        while tap < R {
            at[point][tap] = power / over[point];
            power *= points[point];
            tap += 1;
        }
        point += 1;
    }
    at[POINTS - 1][R - 1] = 1.0;
    at
}

#[cfg(test)]
mod tests {
    use pulp::Scalar;

    use super::*;

    fn numbers<const N: usize>(seed: u32) -> [f32; N] {
        core::array::from_fn(|i| ((seed + 7 * i as u32) as f32).sin())
    }

    /// M sums of R products each, and all gradients, are those that the sums themselves have.
    fn check<const M: usize, const R: usize>() {
        let (d, g, towards) = (numbers::<POINTS>(1), numbers::<R>(2), numbers::<M>(3));
        let at_points = kernel::<R>().map(|row| row.iter().zip(&g).map(|(m, g)| m * g).sum::<f32>());
        let near = |a: f32, b: f32| assert!((a - b).abs() < 4e-6, "{a} instead of {b}");

        let d_points = input(Scalar, d);
        let products = core::array::from_fn(|p| d_points[p] * at_points[p]);
        for (i, y) in output::<_, M>(Scalar, products).into_iter().enumerate() {
            near(y, (0..R).map(|k| g[k] * d[i + k]).sum());
        }

        let y_points = output_gradient::<_, M>(Scalar, towards);
        for k in 0..R {
            let gradient = (0..POINTS).map(|p| kernel::<R>()[p][k] * d_points[p] * y_points[p]).sum();
            near(gradient, (0..M).map(|i| towards[i] * d[i + k]).sum());
        }
    }

    #[test]
    fn sums_and_gradients_of_tiles_are_right() {
        check::<2, 5>();
        check::<4, 3>();
    }
}
