//! Marks on top of an image: bars, scribbles and a square that hides what is under it.

use std::f64::consts::PI;

use rand_chacha::ChaCha8Rng;

use super::amount::uniform;
use crate::drawing::{Mask, Point, bezier};

/// The shorter side of an image over the thickness of a mark on it.
const SIDE_PER_THICKNESS: f64 = 14.0;

/// Draws `count` straight bars through the middle half of the image. `spare` has the size of the image and is
/// overwritten.
pub(super) fn bars(
    image: &mut [f32],
    spare: &mut [f32],
    shape: [usize; 3],
    count: f64,
    rng: &mut ChaCha8Rng,
) {
    let [_, height, width] = shape;
    // From any point of the image, this far leads out of it.
    let far = (width + height) as f64;
    let bars = (0..count as usize).map(|_| {
        let (sin, cos) = uniform(0.0, PI, rng).sin_cos();
        let [x, y] = point(shape, 0.25, 0.75, rng);
        vec![[x - far * cos, y - far * sin], [x + far * cos, y + far * sin]]
    });
    mark(image, spare, shape, bars);
}

/// Draws `count` smooth strokes between random points. `spare` is as for [`bars`].
pub(super) fn scribble(
    image: &mut [f32],
    spare: &mut [f32],
    shape: [usize; 3],
    count: f64,
    rng: &mut ChaCha8Rng,
) {
    let strokes = (0..count as usize).map(|_| bezier([(); 4].map(|()| point(shape, 0.0, 1.0, rng))));
    mark(image, spare, shape, strokes);
}

/// A point drawn uniformly from the shares `from` to `to` of the width and of the height.
fn point([_, height, width]: [usize; 3], from: f64, to: f64, rng: &mut ChaCha8Rng) -> Point {
    // The picture begins half a pixel before the centre of its first pixel.
    [width, height].map(|side| uniform(from, to, rng) * side as f64 - 0.5)
}

/// Draws lines in white on a dark image and in black on a bright one.
fn mark(
    image: &mut [f32],
    spare: &mut [f32],
    [_, height, width]: [usize; 3],
    lines: impl Iterator<Item = Vec<Point>>,
) {
    let thickness = (width.min(height) as f64 / SIDE_PER_THICKNESS).max(1.0);
    let coverage = &mut spare[..height * width];
    let mut mask = Mask::empty(coverage, width);
    lines.for_each(|line| mask.stroke(&line, thickness));
    let mean = image.iter().map(|pixel| f64::from(*pixel)).sum::<f64>() / image.len() as f64;
    let colour = if mean < 0.5 { 1.0 } else { 0.0 };
    for plane in image.chunks_exact_mut(height * width) {
        for (pixel, covered) in plane.iter_mut().zip(&*coverage) {
            // Rounding must not leave a covered pixel beside the colour.
            *pixel = if *covered == 1.0 { colour } else { *pixel + covered * (colour - *pixel) };
        }
    }
}

/// Hides a square at a random place under grey; its side is `share` of the shorter one, in whole pixels.
pub(super) fn occlude(image: &mut [f32], [_, height, width]: [usize; 3], share: f64, rng: &mut ChaCha8Rng) {
    let side = (share * width.min(height) as f64).round() as usize;
    // The product may round up to one place too many.
    let mut place = |length: usize| {
        let places = (length - side + 1) as f64;
        (uniform(0.0, places, rng) as usize).min(length - side)
    };
    let (left, top) = (place(width), place(height));
    for plane in image.chunks_exact_mut(height * width) {
        for row in plane.chunks_exact_mut(width).skip(top).take(side) {
            row[left..left + side].fill(0.5);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::Images;
    use crate::manipulation::Sweep;
    use crate::manipulation::apply::tests::{done, plain};

    #[test]
    fn a_bar_covers_a_strip_from_border_to_border_through_the_middle() {
        let bars = done("bars:1", &plain(0.0, [200, 1, 28, 28]));
        for image in (0..200).map(|i| bars.image(i)) {
            let at = |row: usize, column: usize| image[row * 28 + column];
            // Two pixels thick and at least 14 long in the middle half, at most across the diagonal.
            let total: f32 = image.iter().sum();
            assert!((20.0..2.0 * 28.0 * 1.42).contains(&total), "{total}");
            assert!(image.iter().all(|p| (0.0..=1.0).contains(p)) && image.contains(&1.0));
            assert!((7..21).any(|i| (7..21).any(|j| at(i, j) > 0.4)));
            let border = (0..28).flat_map(|i| [(0, i), (27, i), (i, 0), (i, 27)]);
            assert!(border.filter(|(row, column)| at(*row, *column) > 0.0).count() >= 2);
            // Every line of pixels that the bar crosses more steeply than 45° cuts it at the same thickness.
            let rows: Vec<f32> = (10..18).map(|row| (0..28).map(|column| at(row, column)).sum()).collect();
            let columns: Vec<f32> = (10..18).map(|x| (0..28).map(|row| at(row, x)).sum()).collect();
            let cut = |lines: &[f32]| lines.iter().all(|total| (1.9..2.95).contains(total));
            assert!(cut(&rows) || cut(&columns), "{rows:?} {columns:?}");
        }
    }

    #[test]
    fn marks_brighten_dark_images_and_darken_bright_ones() {
        let digits = crate::load("mnist:test[..20]").unwrap();
        let inverted = done("invert", &digits);
        for spec in ["bars:3", "scribble:2", "bars:100", "scribble:100"] {
            let pairs = |images: &Images| -> Vec<(f32, f32)> {
                let marked = done(spec, images);
                images.pixels().iter().copied().zip(marked.pixels().iter().copied()).collect()
            };
            let (dark, bright) = (pairs(&digits), pairs(&inverted));
            assert!(dark.iter().all(|(before, after)| after >= before) && dark.iter().any(|(a, b)| a != b));
            assert!(
                bright.iter().all(|(before, after)| after <= before) && bright.iter().any(|(a, b)| a != b)
            );
        }
        // The mean decides: at 0.5 itself, black.
        assert!(done("bars:1", &plain(0.5, [1, 1, 42, 42])).pixels().contains(&0.0));
        assert!(done("bars:1", &plain(0.4999, [1, 1, 42, 42])).pixels().contains(&1.0));
    }

    #[test]
    fn more_marks_with_the_same_seed_go_on_top_of_fewer() {
        let dark = plain(0.0, [5, 1, 20, 30]);
        for name in ["bars", "scribble"] {
            let (few, many) = (done(&format!("{name}:2"), &dark), done(&format!("{name}:5"), &dark));
            assert!(few.pixels().iter().zip(many.pixels()).all(|(few, many)| few <= many));
            assert_ne!(few.pixels(), many.pixels());
        }
    }

    #[test]
    fn scribbles_are_connected_and_bend() {
        let strokes = done("scribble:1", &plain(0.0, [50, 1, 28, 28]));
        let mut bent = 0;
        for image in (0..50).map(|i| strokes.image(i)) {
            let inked: Vec<usize> = (0..784).filter(|at| image[*at] > 0.25).collect();
            // What is reached from the first pixel by neighbours is all of it.
            let mut reached = vec![inked[0]];
            let mut next = 0;
            while next < reached.len() {
                let (row, column) = (reached[next] / 28, reached[next] % 28);
                next += 1;
                for at in &inked {
                    if row.abs_diff(at / 28) <= 1 && column.abs_diff(at % 28) <= 1 && !reached.contains(at) {
                        reached.push(*at);
                    }
                }
            }
            assert_eq!(reached.len(), inked.len());
            // The middle of the two farthest pixels lies on the stroke if it is straight.
            let apart =
                |a: usize, b: usize| (a / 28).abs_diff(b / 28).pow(2) + (a % 28).abs_diff(b % 28).pow(2);
            let pairs = inked.iter().flat_map(|a| inked.iter().map(move |b| (*a, *b)));
            let (a, b) = pairs.max_by_key(|(a, b)| apart(*a, *b)).unwrap();
            let middle = (a / 28 + b / 28) / 2 * 28 + (a % 28 + b % 28) / 2;
            bent += usize::from(image[middle] == 0.0);
        }
        assert!(bent > 15, "{bent}");
    }

    #[test]
    fn a_grey_square_lies_wholly_inside_at_places_all_over() {
        let images = done("occlude:0.5", &plain(1.0, [400, 3, 10, 16]));
        let mut corners = std::collections::BTreeSet::new();
        for image in (0..400).map(|i| images.image(i)) {
            let hidden: Vec<usize> = (0..160).filter(|at| image[*at] == 0.5).collect();
            let (top, left) = (hidden[0] / 16, hidden[0] % 16);
            let square: Vec<usize> =
                (top..top + 5).flat_map(|row| (left..left + 5).map(move |x| row * 16 + x)).collect();
            assert_eq!(hidden, square);
            assert!(image.iter().all(|p| *p == 0.5 || *p == 1.0) && image[..160] == image[320..]);
            corners.insert((top, left));
        }
        assert_eq!(corners.len(), 6 * 12);
        assert_eq!(done("occlude:1", &plain(1.0, [1, 1, 7, 7])).pixels(), [0.5; 49]);
        assert_eq!(done("occlude:0", &plain(1.0, [1, 1, 7, 7])).pixels(), [1.0; 49]);
    }

    #[test]
    fn counts_are_drawn_whole_from_their_range() {
        let dark = plain(0.0, [300, 1, 28, 28]);
        let ink = |spec: &str| -> Vec<f32> {
            let images = done(spec, &dark);
            (0..300).map(|i| images.image(i).iter().sum()).collect()
        };
        let few = ink("bars:1:2").iter().filter(|ink| **ink < 82.0).count();
        let (one, two) = (ink("bars:=1"), ink("bars:2"));
        assert!(one.iter().all(|ink| *ink < 82.0));
        let expected = (300 + two.iter().filter(|ink| **ink < 82.0).count()) / 2;
        assert!(few.abs_diff(expected) < 40, "{few} {expected}");
        assert_eq!(Sweep::parse("bars:1..5/2").unwrap().points().len(), 3);
    }

    proptest! {
        #[test]
        fn any_size_is_marked_the_same_for_the_same_seed_in_all_channels(
            height in 1usize..40,
            width in 1usize..40,
            value in 0.0f32..=1.0,
            share in 0.0f64..=1.0,
            count in 1usize..5,
            which in 0usize..6,
        ) {
            let spec = match which {
                0 => format!("bars:{count}"),
                1 => format!("scribble:1:{count}"),
                2 => format!("occlude:{share}"),
                3 => format!("impulse:{share}"),
                4 => format!("invert-part:0:{share}"),
                _ => format!("ramp:{share}"),
            };
            let images = plain(value, [2, 3, height, width]);
            let marked = done(&spec, &images);
            prop_assert!(marked.pixels().iter().all(|p| (0.0..=1.0).contains(p)));
            prop_assert_eq!(&marked, &done(&spec, &images));
            let area = height * width;
            for image in (0..2).map(|i| marked.image(i)) {
                prop_assert!(image[..area] == image[area..2 * area] && image[..area] == image[2 * area..]);
            }
            let one = done(&spec, &images.slice(0..1));
            prop_assert_eq!(one.pixels(), marked.image(0));
        }
    }
}
