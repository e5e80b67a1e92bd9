//! Uneven light: fog and shadow.

use std::f64::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::amount::uniform;

/// Points along each side of the lattices that fog is the sum of, each half as strong as the one before.
const LATTICES: [usize; 3] = [3, 5, 9];

/// The thinnest fog, as a share of the thickest.
const THINNEST: f64 = 0.25;

/// Width of a shadow's soft edge, as a share of the shorter side.
const EDGE: f64 = 0.1;

/// White fog in clouds: x → x + t (1 − x), with t from a quarter of `most` to `most`.
pub(super) fn fog(image: &mut [f32], [_, height, width]: [usize; 3], most: f64, rng: &mut ChaCha8Rng) {
    let mut clouds = vec![0.0; height * width];
    for (octave, points) in LATTICES.into_iter().enumerate() {
        let lattice: Vec<f64> = (0..points * points).map(|_| rng.random()).collect();
        let weight = 0.5f64.powi(octave as i32);
        for (i, cloud) in clouds.iter_mut().enumerate() {
            *cloud += weight * between(&lattice, points, [share(i / width, height), share(i % width, width)]);
        }
    }
    let [low, high] = [f64::min, f64::max].map(|of| clouds.iter().copied().reduce(of).unwrap_or(0.0));
    for plane in image.chunks_exact_mut(height * width) {
        for (pixel, cloud) in plane.iter_mut().zip(&clouds) {
            let density = (cloud - low) / (high - low).max(1e-12);
            let thickness = (most * (THINNEST + (1.0 - THINNEST) * density)) as f32;
            *pixel = (*pixel + thickness * (1.0 - *pixel)).clamp(0.0, 1.0);
        }
    }
}

/// x → (1 − `dark`) x on one side of a line at a random angle through the middle half, with a soft edge.
pub(super) fn shadow(image: &mut [f32], [_, height, width]: [usize; 3], dark: f64, rng: &mut ChaCha8Rng) {
    let (sin, cos) = uniform(0.0, TAU, rng).sin_cos();
    let [x, y] = [width, height].map(|side| uniform(0.25, 0.75, rng) * side as f64 - 0.5);
    let edge = EDGE * width.min(height) as f64;
    for plane in image.chunks_exact_mut(height * width) {
        for (i, pixel) in plane.iter_mut().enumerate() {
            let beyond = ((i % width) as f64 - x) * cos + ((i / width) as f64 - y) * sin;
            let inside = (beyond / edge + 0.5).clamp(0.0, 1.0);
            *pixel *= (1.0 - dark * inside) as f32;
        }
    }
}

/// Where pixel `i` of `side` lies, from 0 to 1.
fn share(i: usize, side: usize) -> f64 {
    (i as f64 + 0.5) / side as f64
}

/// A lattice of `points`×`points` values, interpolated at the shares `[down, right]`.
fn between(lattice: &[f64], points: usize, shares: [f64; 2]) -> f64 {
    let [(row, down), (column, right)] = shares.map(|share| {
        let at = share * (points - 1) as f64;
        let low = (at as usize).min(points - 2);
        (low, at - low as f64)
    });
    let line = |row: usize| {
        let [left, beside] = [column, column + 1].map(|column| lattice[row * points + column]);
        left + right * (beside - left)
    };
    line(row) + down * (line(row + 1) - line(row))
}

#[cfg(test)]
mod tests {
    use crate::manipulation::apply::tests::flat;

    #[test]
    fn fog_whitens_between_a_quarter_of_its_strength_and_all_of_it() {
        let fog = flat("fog:0.8", 0.0, [20, 1, 28, 28]);
        for image in (0..20).map(|i| fog.image(i)) {
            let [low, high] = [f32::min, f32::max].map(|of| image.iter().copied().reduce(of).unwrap());
            assert!((low - 0.2).abs() < 1e-5 && (high - 0.8).abs() < 1e-5, "{low} {high}");
            // Clouds are smooth.
            let steps = image.chunks(28).flat_map(|row| row.windows(2).map(|pair| (pair[1] - pair[0]).abs()));
            assert!(steps.fold(0.0, f32::max) < 0.2);
        }
        let half = flat("fog:0.8", 0.5, [1, 1, 28, 28]);
        let white = |black: &f32, grey: &f32| (grey - (0.5 + 0.5 * black)).abs() < 1e-5;
        assert!(fog.image(0).iter().zip(half.image(0)).all(|(black, grey)| white(black, grey)));
        assert_eq!(flat("fog:0", 0.25, [1, 3, 5, 4]).pixels(), [0.25; 60]);
    }

    #[test]
    fn a_shadow_darkens_one_side_and_leaves_the_other() {
        let shadows = flat("shadow:0.6", 0.5, [100, 1, 20, 30]);
        let mut share = 0.0;
        for image in (0..100).map(|i| shadows.image(i)) {
            let dark = image.iter().filter(|p| (**p - 0.2).abs() < 1e-5).count();
            let left = image.iter().filter(|p| **p == 0.5).count();
            assert!(dark > 30 && left > 30 && image.iter().all(|p| (0.2 - 1e-5..=0.5).contains(p)));
            share += dark as f64 / 600.0 / 100.0;
        }
        assert!((share - 0.5).abs() < 0.1, "{share}");
        assert_eq!(flat("shadow:0", 0.25, [1, 1, 3, 3]).pixels(), [0.25; 9]);
    }

    #[test]
    fn channels_are_lit_alike_whatever_the_side() {
        for spec in ["fog:0.7", "shadow:0.5"] {
            for [height, width] in [[1, 1], [1, 9], [7, 2]] {
                let image = flat(spec, 0.4, [1, 2, height, width]);
                let area = height * width;
                assert_eq!(image.pixels()[..area], image.pixels()[area..], "{spec}");
            }
        }
    }
}
