//! Exponentials and logarithms that the compiler can vectorise.

use std::f32::consts::{LOG2_E, SQRT_2};

/// Sums that are kept side by side and added up at the end, as many as the widest vectors hold.
pub const SIDE_BY_SIDE: usize = 16;

/// Adding and taking off 1.5 · 2²³ rounds to a whole number, which then stands in the lowest bits.
const ROUND: f32 = 12_582_912.0;

/// ln 2 in two parts, so that multiples of it keep their digits.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// eˣ for x from −87 to 88, within 2 units in the last place; beyond, its value there.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 88.0);
    let shifted = x.mul_add(LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN_2[1], n.mul_add(-LN_2[0], x));
    // Taylor's terms, the last ones fitted to [−ln 2 / 2, ln 2 / 2].
    let p = r.mul_add(1.987_569_1e-4, 1.398_199_9e-3);
    let p = r.mul_add(p, 8.333_452e-3);
    let p = r.mul_add(p, 4.166_579_6e-2);
    let p = r.mul_add(p, 1.666_666_6e-1);
    let p = r.mul_add(p, 0.5);
    let p = (r * r).mul_add(p, r) + 1.0;
    // 2ⁿ as the bits of its exponent.
    p * f32::from_bits((shifted.to_bits().wrapping_add(127)) << 23)
}

/// ln x for positive, normal x, within 2 units in the last place.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    // x = 2ⁿ (1 + f) with 1 + f from √½ to √2.
    let bits = x.to_bits().wrapping_sub((SQRT_2 / 2.0).to_bits());
    let n = ((bits as i32) >> 23) as f32;
    let f = f32::from_bits((bits & 0x007f_ffff).wrapping_add((SQRT_2 / 2.0).to_bits())) - 1.0;
    let p = f.mul_add(7.037_683_6e-2, -1.151_461e-1);
    let p = f.mul_add(p, 1.167_699_87e-1);
    let p = f.mul_add(p, -1.242_014_1e-1);
    let p = f.mul_add(p, 1.424_932_3e-1);
    let p = f.mul_add(p, -1.666_805_7e-1);
    let p = f.mul_add(p, 2.000_071_4e-1);
    let p = f.mul_add(p, -2.499_999_4e-1);
    let p = f.mul_add(p, 3.333_333e-1);
    let square = f * f;
    let r = n.mul_add(LN_2[1], (p * f).mul_add(square, -0.5 * square)) + f;
    // What is no number must stay none.
    n.mul_add(LN_2[0], x.mul_add(0.0, r))
}

/// σ(x) = 1 / (1 + e⁻ˣ).
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    let e = exp(-x.abs());
    let small = e / (1.0 + e);
    if x >= 0.0 { 1.0 - small } else { small }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_and_logarithms_are_right_to_the_last_digits() {
        let worst = |f: fn(f32) -> f32, truth: fn(f64) -> f64, points: &mut dyn Iterator<Item = f32>| {
            points.map(|x| (f64::from(f(x)) / truth(f64::from(x)) - 1.0).abs()).fold(0.0, f64::max)
        };
        let spread = |low: f32, high: f32| (0..=400_000u32).map(move |i| low + (high - low) * i as f32 / 4e5);
        assert!(worst(exp, f64::exp, &mut spread(-87.0, 88.0)) < 2.4e-7);
        assert!(worst(sigmoid, |x| 1.0 / (1.0 + (-x).exp()), &mut spread(-80.0, 15.0)) < 3e-7);
        let logs = || spread(-80.0, 80.0).map(f32::exp).filter(|x| (*x - 1.0).abs() > 0.1);
        assert!(worst(ln, f64::ln, &mut logs()) < 2.4e-7);
        // Near one, where logarithms vanish, the absolute error counts.
        let near = spread(0.9, 1.1).map(|x| (f64::from(ln(x)) - f64::from(x).ln()).abs()).fold(0.0, f64::max);
        assert!(near < 1e-8, "{near}");
    }

    #[test]
    fn beyond_all_bounds_they_stay_finite() {
        assert!(exp(-1e9) > 0.0 && exp(-1e9) < 1e-37);
        assert!(exp(1e9).is_finite());
        assert_eq!((sigmoid(1e9), sigmoid(0.0)), (1.0, 0.5));
        assert!(exp(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan());
    }
}
