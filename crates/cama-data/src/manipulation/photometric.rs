//! Changes of grey levels: what they do to one image.

use std::f64::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::amount::uniform;

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

/// Makes each pixel 0 or 1 with probability `share`, at equal odds and in all channels alike.
pub(super) fn impulse(image: &mut [f32], [_, height, width]: [usize; 3], share: f64, rng: &mut ChaCha8Rng) {
    let area = height * width;
    for at in 0..area {
        // Both are drawn for every pixel, so that a larger share changes no pixel to another value.
        let (hit, white) = (rng.random::<f64>() < share, rng.random::<bool>());
        if hit {
            image.iter_mut().skip(at).step_by(area).for_each(|pixel| *pixel = f32::from(white));
        }
    }
}

/// x → 1 − x in the whole columns or rows at one side, drawn at random, that are nearest to `share` of them.
pub(super) fn invert_part(
    image: &mut [f32],
    [_, height, width]: [usize; 3],
    share: f64,
    rng: &mut ChaCha8Rng,
) {
    let part = |length: usize| (share * length as f64).round() as usize;
    let (rows, columns) = match rng.random_range(0..4) {
        0 => (0..height, 0..part(width)),
        1 => (0..height, width - part(width)..width),
        2 => (0..part(height), 0..width),
        _ => (height - part(height)..height, 0..width),
    };
    for plane in image.chunks_exact_mut(height * width) {
        for row in plane.chunks_exact_mut(width).take(rows.end).skip(rows.start) {
            level(&mut row[columns.clone()], 1.0, -1.0);
        }
    }
}

/// Adds what grows evenly from −`most` to `most` across the image, in a direction drawn at random.
pub(super) fn ramp(image: &mut [f32], [_, height, width]: [usize; 3], most: f64, rng: &mut ChaCha8Rng) {
    let (sin, cos) = uniform(0.0, TAU, rng).sin_cos();
    let (middle_x, middle_y) = ((width - 1) as f64 / 2.0, (height - 1) as f64 / 2.0);
    let farthest = cos.abs() * middle_x + sin.abs() * middle_y;
    if farthest == 0.0 {
        return;
    }
    for plane in image.chunks_exact_mut(height * width) {
        for (at, pixel) in plane.iter_mut().enumerate() {
            let (x, y) = ((at % width) as f64 - middle_x, (at / width) as f64 - middle_y);
            let added = most * (cos * x + sin * y) / farthest;
            *pixel = (*pixel + added as f32).clamp(0.0, 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Images;
    use crate::manipulation::Manipulation;
    use crate::manipulation::apply::tests::flat;

    #[test]
    fn impulses_hit_their_share_at_equal_odds_and_all_channels_alike() {
        for share in [0.0, 0.1, 0.35, 1.0] {
            let hit = flat(&format!("impulse:{share}"), 0.25, [1, 1, 200, 100]);
            let among = |value: f32| hit.pixels().iter().filter(|p| **p == value).count() as f64 / 20_000.0;
            assert!((among(0.25) - (1.0 - share)).abs() < 0.01, "{share}: {}", among(0.25));
            assert!((among(0.0) - share / 2.0).abs() < 0.01 && (among(1.0) - share / 2.0).abs() < 0.01);
        }
        let colour = flat("impulse:0.5", 0.25, [1, 3, 9, 7]);
        assert_eq!(colour.pixels()[..63], colour.pixels()[63..126]);
        assert_eq!(colour.pixels()[..63], colour.pixels()[126..]);
        let (few, many) = (flat("impulse:0.1", 0.25, [3, 1, 9, 7]), flat("impulse:0.4", 0.25, [3, 1, 9, 7]));
        assert!(few.pixels().iter().zip(many.pixels()).all(|(few, many)| *few == 0.25 || few == many));
    }

    #[test]
    fn the_inverted_part_lies_at_one_side_and_has_its_share() {
        let half = flat("invert-part:0.3", 0.25, [400, 1, 10, 20]);
        let mut sides = [0; 4];
        for image in (0..400).map(|i| half.image(i)) {
            let at = |row: usize, column: usize| image[row * 20 + column] == 0.75;
            let corners = [at(0, 0), at(0, 19), at(9, 0), at(9, 19)];
            let side: [fn(usize, usize) -> bool; 4] =
                [|_, x| x < 6, |_, x| x >= 14, |y, _| y < 3, |y, _| y >= 7];
            let which = match corners {
                [true, false, true, false] => 0,
                [false, true, false, true] => 1,
                [true, true, false, false] => 2,
                [false, false, true, true] => 3,
                _ => panic!("{corners:?}"),
            };
            sides[which] += 1;
            assert!((0..200).all(|i| at(i / 20, i % 20) == side[which](i / 20, i % 20)), "{which}");
        }
        assert!(sides.iter().all(|count| (70..130).contains(count)), "{sides:?}");
        assert_eq!(flat("invert-part:0", 0.25, [3, 1, 4, 5]).pixels(), [0.25; 60]);
        assert_eq!(flat("invert-part:1", 0.25, [3, 3, 4, 5]).pixels(), [0.75; 180]);
    }

    #[test]
    fn a_part_inverted_twice_is_as_it_was() {
        let pixels: Vec<f32> = (0..3 * 3 * 7 * 5).map(|i| (i % 129) as f32 / 128.0).collect();
        let images = Images::new("all", [3, 7, 5], pixels, None, vec![]).unwrap();
        let part = Manipulation::parse("invert-part:0.4").unwrap();
        let once = part.apply_seeded(&images, 7);
        assert_ne!(once.pixels(), images.pixels());
        assert_eq!(part.apply_seeded(&once, 7).pixels(), images.pixels());
    }

    #[test]
    fn ramps_are_even_and_reach_their_ends_at_the_corners() {
        let ramps = flat("ramp:0.2", 0.5, [50, 1, 6, 9]);
        let mut right = 0;
        for image in (0..50).map(|i| ramps.image(i)) {
            let at = |row: usize, column: usize| image[row * 9 + column] - 0.5;
            let least = image.iter().copied().fold(f32::MAX, f32::min) - 0.5;
            let most = image.iter().copied().fold(0.0, f32::max) - 0.5;
            assert!((most - 0.2).abs() < 1e-6 && (least + 0.2).abs() < 1e-6, "{least} {most}");
            let corners = [at(0, 0), at(0, 8), at(5, 0), at(5, 8)];
            assert!(corners.iter().any(|c| (c - 0.2).abs() < 1e-6), "{corners:?}");
            let (across, down) = (at(0, 1) - at(0, 0), at(1, 0) - at(0, 0));
            for (row, column) in (0..6).flat_map(|row| (0..9).map(move |column| (row, column))) {
                let even = at(0, 0) + row as f32 * down + column as f32 * across;
                assert!((at(row, column) - even).abs() < 1e-5);
            }
            right += usize::from(across > 0.0);
        }
        assert!((10..40).contains(&right), "{right}");
        assert_eq!(flat("ramp:0", 0.5, [1, 1, 3, 3]).pixels(), [0.5; 9]);
        assert_eq!(flat("ramp:1", 0.5, [1, 3, 1, 1]).pixels(), [0.5; 3]);
        let column = flat("ramp:=1", 0.5, [1, 1, 5, 1]);
        let mut ends = [column.pixels()[0], column.pixels()[4]];
        ends.sort_by(f32::total_cmp);
        assert_eq!((ends, column.pixels()[2]), ([0.0, 1.0], 0.5));
    }
}
