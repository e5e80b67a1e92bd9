//! Changes of grey levels: what they do to one image.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// x → `offset` + `factor` x.
pub(super) fn level(image: &mut [f32], offset: f32, factor: f32) {
    image.iter_mut().for_each(|pixel| *pixel = (offset + factor * *pixel).clamp(0.0, 1.0));
}

/// Adds Gaussian noise of standard deviation `sd` to every pixel.
pub(super) fn noise(image: &mut [f32], sd: f32, rng: &mut ChaCha8Rng) {
    for pixel in image {
        let normal: f32 = rng.sample(StandardNormal);
        *pixel = (*pixel + sd * normal).clamp(0.0, 1.0);
    }
}

/// Blurs by a Gaussian of standard deviation `sd` pixels, cut off at four of them; the border is repeated.
/// `spare` has the size of the image and is overwritten.
pub(super) fn blur(image: &mut [f32], spare: &mut [f32], [_, height, width]: [usize; 3], sd: f64) {
    if sd == 0.0 {
        return;
    }
    let radius = (4.0 * sd).ceil() as usize;
    let mut weights: Vec<f32> = (0..=radius).map(|d| (-0.5 * (d as f64 / sd).powi(2)).exp() as f32).collect();
    let total = 2.0 * weights.iter().sum::<f32>() - weights[0];
    weights.iter_mut().for_each(|weight| *weight /= total);
    let planes = image.chunks_exact_mut(width * height).zip(spare.chunks_exact_mut(width * height));
    for (plane, spare) in planes {
        for row in 0..height {
            line(plane, spare, row * width, 1, width, &weights);
        }
        for column in 0..width {
            line(spare, plane, column, width, height, &weights);
        }
    }
}

/// Convolves the line of `length` pixels that starts at `start` and goes on by `stride`.
fn line(from: &[f32], to: &mut [f32], start: usize, stride: usize, length: usize, weights: &[f32]) {
    let pixel = |at: usize| from[start + at.min(length - 1) * stride];
    for at in 0..length {
        let sides = weights.iter().enumerate().skip(1);
        let sum: f32 = sides.map(|(d, weight)| weight * (pixel(at.saturating_sub(d)) + pixel(at + d))).sum();
        to[start + at * stride] = (sum + weights[0] * pixel(at)).clamp(0.0, 1.0);
    }
}
