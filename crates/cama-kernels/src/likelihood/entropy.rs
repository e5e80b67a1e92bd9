//! Entropies of grey pixels.

use crate::maths::{SIDE_BY_SIDE, ln};
use crate::vectorised::vectorised;

/// Numbers whose terms are summed up in single precision before they join the rest: few, so that little is lost.
const AT_ONCE: usize = 512;

/// Σ p ln p + (1 − p) ln (1 − p) over numbers p in [0, 1], in nats: the highest log probability that means can give pixels of
/// these greys. Within 10⁻⁶ of itself, and of one for each 10⁶ pixels.
pub fn negative_entropy(p: &[f32]) -> f64 {
    let mut all = 0.0;
    for part in p.chunks(AT_ONCE) {
        let mut sums = [0.0; SIDE_BY_SIDE];
        add_terms(part, &mut sums);
        all += sums.iter().map(|sum| f64::from(*sum)).sum::<f64>();
    }
    all
}

/// p ln p, zero where p is.
#[inline(always)]
fn term(p: f32) -> f32 {
    // Below that the term is nothing, and the logarithm is not made for it.
    if p > f32::MIN_POSITIVE { p * ln(p) } else { 0.0 }
}

vectorised! {
    /// Adds the terms of numbers to sums side by side.
    fn add_terms<'a>(p: &'a [f32], sums: &'a mut [f32; SIDE_BY_SIDE]) {
        let (whole, rest) = p.as_chunks::<SIDE_BY_SIDE>();
        for p in whole {
            for i in 0..SIDE_BY_SIDE {
                sums[i] += term(p[i]) + term(1.0 - p[i]);
            }
        }
        for (p, sum) in rest.iter().zip(sums.iter_mut()) {
            *sum += term(*p) + term(1.0 - p);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_that_of_double_precision() {
        let exact = |p: &[f32]| -> f64 {
            let term = |p: f64| if p > 0.0 { p * p.ln() } else { 0.0 };
            p.iter().map(|&p| term(f64::from(p)) + term(1.0 - f64::from(p))).sum()
        };
        for n in [0, 1, 15, 16, 17, 511, 512, 784, 150_528] {
            for (name, of) in [
                ("bytes", (|i: usize| (i * 37 % 256) as f32 / 255.0) as fn(usize) -> f32),
                ("ends", |i| [0.0, 1.0, 1e-30, f32::MIN_POSITIVE / 4.0, 1.0 - f32::EPSILON / 2.0][i % 5]),
                ("between", |i| (i as f32 * 0.618_034).fract()),
            ] {
                let p: Vec<f32> = (0..n).map(of).collect();
                let (ours, exact) = (negative_entropy(&p), exact(&p));
                assert!((ours - exact).abs() <= 1e-6 * (1.0 + exact.abs()), "{n} {name}: {ours} {exact}");
            }
        }
    }
}
