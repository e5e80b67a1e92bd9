//! Faults of sensors and scanners: dead lines, spots of dirt, inverted stripes.

use std::f64::consts::PI;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::amount::uniform;
use super::photometric::level;

/// The shorter side of an image over the width of a dead line.
const SIDE_PER_LINE: f64 = 28.0;

/// Diameters of spots, as shares of the shorter side.
const SPOT: [f64; 2] = [1.0 / 14.0, 1.0 / 4.0];

/// `count` rows or columns, a pixel of 28 wide, each of one grey drawn at random.
pub(super) fn lines(image: &mut [f32], [_, height, width]: [usize; 3], count: f64, rng: &mut ChaCha8Rng) {
    let thick = (width.min(height) as f64 / SIDE_PER_LINE).round().max(1.0) as usize;
    for _ in 0..count as usize {
        let (is_row, grey) = (rng.random::<bool>(), rng.random::<f32>());
        let side = if is_row { height } else { width };
        let at = rng.random_range(0..side);
        let dead = at..side.min(at + thick);
        for plane in image.chunks_exact_mut(height * width) {
            for (y, row) in plane.chunks_exact_mut(width).enumerate() {
                match is_row {
                    true if dead.contains(&y) => row.fill(grey),
                    true => {}
                    false => row[dead.clone()].fill(grey),
                }
            }
        }
    }
}

/// `count` discs at random places, each of one grey and one size drawn at random, with smooth edges.
pub(super) fn spots(image: &mut [f32], [_, height, width]: [usize; 3], count: f64, rng: &mut ChaCha8Rng) {
    let shorter = width.min(height) as f64;
    for _ in 0..count as usize {
        let [x, y] = [width, height].map(|side| uniform(0.0, 1.0, rng) * side as f64 - 0.5);
        let radius = (uniform(SPOT[0], SPOT[1], rng) * shorter / 2.0).max(0.5);
        let grey = rng.random::<f32>();
        for plane in image.chunks_exact_mut(height * width) {
            for (i, pixel) in plane.iter_mut().enumerate() {
                let distance = ((i % width) as f64 - x).hypot((i / width) as f64 - y);
                let covered = (radius + 0.5 - distance).clamp(0.0, 1.0) as f32;
                *pixel += covered * (grey - *pixel);
            }
        }
    }
}

/// x → 1 − x in `count` stripes at a random angle, as wide as what is between and beside them.
pub(super) fn stripes(image: &mut [f32], [_, height, width]: [usize; 3], count: f64, rng: &mut ChaCha8Rng) {
    let (sin, cos) = uniform(0.0, PI, rng).sin_cos();
    let [middle_x, middle_y] = [width, height].map(|side| (side as f64 - 1.0) / 2.0);
    // From one border to the other in this direction.
    let across = width as f64 * cos.abs() + height as f64 * sin.abs();
    let bands = 2.0 * count + 1.0;
    for plane in image.chunks_exact_mut(height * width) {
        for (i, pixel) in plane.iter_mut().enumerate() {
            let along = ((i % width) as f64 - middle_x) * cos + ((i / width) as f64 - middle_y) * sin;
            let band = ((along / across + 0.5) * bands).floor();
            if band.rem_euclid(2.0) == 1.0 {
                level(std::slice::from_mut(pixel), 1.0, -1.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Images;
    use crate::manipulation::Manipulation;
    use crate::manipulation::apply::tests::flat;

    #[test]
    fn dead_lines_are_whole_rows_or_columns_of_one_grey() {
        let images = flat("lines:1", 0.5, [200, 1, 28, 30]);
        let mut rows = 0;
        for image in (0..200).map(|i| images.image(i)) {
            let dead: Vec<usize> = (0..840).filter(|i| image[*i] != 0.5).collect();
            assert!(dead.iter().all(|i| image[*i] == image[dead[0]]));
            match dead.len() {
                30 => {
                    rows += 1;
                    assert!(dead.iter().all(|i| i / 30 == dead[0] / 30));
                }
                28 => assert!(dead.iter().all(|i| i % 30 == dead[0] % 30)),
                n => panic!("{n}"),
            }
        }
        assert!((70..130).contains(&rows), "{rows}");
    }

    #[test]
    fn spots_are_discs_of_their_sizes() {
        let images = flat("spots:1", 0.0, [300, 1, 28, 28]);
        let mut areas = Vec::new();
        for image in (0..300).map(|i| images.image(i)) {
            let grey = image.iter().copied().fold(0.0, f32::max);
            let area = image.iter().sum::<f32>() / grey.max(1e-6);
            assert!(area < 42.0, "{area}");
            areas.push(area);
        }
        // Discs of 2 to 7 pixels across, some of them cut off by the border.
        let mean = areas.iter().sum::<f32>() / 300.0;
        assert!((10.0..20.0).contains(&mean), "{mean}");
        assert!(areas.iter().any(|area| *area > 33.0) && areas.iter().any(|area| *area < 6.0));
    }

    #[test]
    fn stripes_invert_every_second_of_equal_bands() {
        let images = flat("stripes:3", 0.25, [50, 1, 28, 28]);
        for image in (0..50).map(|i| images.image(i)) {
            let inverted = image.iter().filter(|p| **p == 0.75).count() as f64 / 784.0;
            assert!((0.3..0.6).contains(&inverted) && image.iter().all(|p| *p == 0.25 || *p == 0.75));
        }
        let pixels: Vec<f32> = (0..48).map(|i| (i % 17) as f32 / 16.0).collect();
        let image = Images::new("all", [1, 6, 8], pixels, None, vec![]).unwrap();
        let stripes = Manipulation::parse("stripes:2").unwrap();
        assert_eq!(stripes.apply_seeded(&stripes.apply_seeded(&image, 3), 3).pixels(), image.pixels());
    }

    #[test]
    fn channels_are_hit_alike_whatever_the_side() {
        for spec in ["lines:2", "spots:3", "stripes:2"] {
            for [height, width] in [[1, 1], [1, 9], [7, 2], [40, 31]] {
                let image = flat(spec, 0.4, [1, 2, height, width]);
                let area = height * width;
                assert_eq!(image.pixels()[..area], image.pixels()[area..], "{spec}");
                assert!(image.pixels().iter().all(|p| (0.0..=1.0).contains(p)));
            }
        }
    }
}
