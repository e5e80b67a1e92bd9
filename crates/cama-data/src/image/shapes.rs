//! Drawings of plain shapes, made as they are loaded: images that are of none of a model's classes.

use std::f64::consts::TAU;
use std::ops::Range;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::forms::{FORMS, Form};
use super::images::sides;
use super::passage::{Labels, Opened, Passage, Taker};
use crate::drawing::{Mask, Point};
use crate::range::Span;
use crate::{Error, Result};

/// What all drawings are drawn from; it is part of what the data set is.
const SEED: u64 = 1;

/// The shorter side of a picture on which the thickness of strokes is given.
const SIDE: f64 = 28.0;

/// Shortest and longest side of a picture, in pixels.
const SIDES: Range<usize> = 8..1025;

/// The most numbers that are made at once: a gibibyte.
const MOST_PIXELS: usize = 1 << 28;

/// The data set `shapes:N` or `shapes:N:SIZE`, nothing of it drawn yet.
#[derive(Debug, PartialEq)]
pub(super) struct Shapes {
    count: usize,
    shape: [usize; 3],
}

impl Shapes {
    /// Reads what follows `shapes:`: how many, and of which size. `spec` is the whole specification, for messages.
    pub(super) fn parse(written: &str, spec: &str) -> Result<Shapes> {
        let error = |problem: String| Error::spec("data", spec, problem);
        let (count, size) = match written.split_once(':') {
            None => (written, None),
            Some((count, size)) => (count, Some(size)),
        };
        let Ok(count) = count.trim().parse() else {
            let problem =
                format!("`{count}` is not a number of images; write `shapes:N`, as in `shapes:500`");
            return Err(error(problem));
        };
        let shape = match size {
            None => [1, 28, 28],
            Some(size) => shape(size).ok_or_else(|| {
                error(format!(
                    "`{size}` is not a size; write SIDE, HEIGHTxWIDTH or CHANNELSxHEIGHTxWIDTH, with sides from {} \
                     to {} and 1 or 3 channels, as in `shapes:500:3x32x32`",
                    SIDES.start,
                    SIDES.end - 1
                ))
            })?,
        };
        Ok(Shapes { count, shape })
    }

    /// The drawings, to be drawn in every passage, of which `spec` means a range.
    pub(super) fn opened(self, spec: &str, span: Span) -> Result<Opened> {
        let range = span.resolve(spec, self.count)?;
        let volume: usize = self.shape.iter().product();
        if range.len().checked_mul(volume).is_none_or(|pixels| pixels > MOST_PIXELS) {
            let problem = format!(
                "{} images of {} are too many; give at most {} of this size, or a range of them",
                range.len(),
                sides(self.shape),
                MOST_PIXELS / volume
            );
            return Err(Error::spec("data", spec, problem));
        }
        let classes = FORMS.iter().map(|(name, _)| name.to_string()).collect();
        let labels = Some(Labels::InTurn(FORMS.len()));
        let (shape, len) = (self.shape, self.count);
        Ok(Opened {
            shape,
            len,
            labels,
            classes,
            passage: Box::new(self),
            notices: vec![],
            changed: false,
            wide: false,
            white: None,
        })
    }
}

impl Passage for Shapes {
    fn is_sound(&self) -> bool {
        true
    }

    fn pass(&self, range: Range<usize>, take: &mut Taker) -> Result<()> {
        let [channels, height, width] = self.shape;
        let mut coverage = vec![0.0; height * width];
        let mut image = Vec::with_capacity(channels * height * width);
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        for i in range {
            rng.set_stream(i as u64);
            rng.set_word_pos(0);
            sketch(i % FORMS.len(), &mut Mask::empty(&mut coverage, width), [width, height], &mut rng);
            // Whole levels, as of images from files: what another computer rounds otherwise is far below one.
            let levels = coverage.iter().map(|covered| (covered * 255.0).round() / 255.0);
            image.clear();
            (0..channels).for_each(|_| image.extend(levels.clone()));
            if take(&image).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// `28`, `28x28` or `3x28x28` as `[channels, height, width]`.
fn shape(size: &str) -> Option<[usize; 3]> {
    let numbers: Vec<usize> = size.split('x').map(|n| n.trim().parse().ok()).collect::<Option<_>>()?;
    let shape = match numbers[..] {
        [side] => [1, side, side],
        [height, width] => [1, height, width],
        [channels, height, width] => [channels, height, width],
        _ => return None,
    };
    let [channels, height, width] = shape;
    (matches!(channels, 1 | 3) && SIDES.contains(&height) && SIDES.contains(&width)).then_some(shape)
}

/// Draws one of the class `class`.
fn sketch(class: usize, mask: &mut Mask, [width, height]: [usize; 2], rng: &mut ChaCha8Rng) {
    let Form { mut lines, filled, turn } = FORMS[class].1(rng);
    let mut by_hand = ByHand::draw(turn, rng);
    for points in &mut lines {
        *points = refined(points).into_iter().map(|point| by_hand.moved(point)).collect();
    }
    let side = width.min(height) as f64;
    let thickness = (rng.random_range(1.9..2.9) * side / SIDE).max(1.0);
    let place = Placing::draw(&by_hand, rng.random_range(0.5..0.75) * side, [width, height], thickness, rng);
    for points in &mut lines {
        points.iter_mut().for_each(|point| *point = place.of(*point));
        mask.stroke(points, thickness);
    }
    if filled {
        mask.fill(&lines[0]);
    }
}

/// The line with more points on it, at most a twelfth of a unit apart, so that it can bend.
fn refined(points: &[Point]) -> Vec<Point> {
    let mut fine = vec![points[0]];
    for ends in points.windows(2) {
        let [[x0, y0], [x1, y1]] = [ends[0], ends[1]];
        let pieces = ((x1 - x0).hypot(y1 - y0) * 12.0).ceil().max(1.0);
        let shares = (1..=pieces as usize).map(|k| k as f64 / pieces);
        fine.extend(shares.map(|share| [x0 + share * (x1 - x0), y0 + share * (y1 - y0)]));
    }
    fine
}

/// What the hand does to a form: stretches, turns and mirrors it, and trembles. It keeps in mind how far it gets.
struct ByHand {
    stretch: f64,
    mirror: f64,
    turn: f64,
    /// Amplitude, and phases across and down.
    tremble: (f64, [f64; 2]),
    low: Point,
    high: Point,
}

impl ByHand {
    fn draw(turn: f64, rng: &mut ChaCha8Rng) -> ByHand {
        ByHand {
            stretch: rng.random_range(0.85..1.15),
            mirror: if rng.random() { 1.0 } else { -1.0 },
            turn: rng.random_range(-turn..turn),
            tremble: (rng.random_range(0.01..0.06), [rng.random_range(0.0..TAU), rng.random_range(0.0..TAU)]),
            low: [f64::MAX; 2],
            high: [f64::MIN; 2],
        }
    }

    fn moved(&mut self, [x, y]: Point) -> Point {
        let (size, [across, down]) = self.tremble;
        let x = x + size * (4.0 * y + 1.5 * x + across).sin();
        let y = y + size * (4.0 * x - 1.5 * y + down).sin();
        let (x, y) = (self.mirror * self.stretch * x, y / self.stretch);
        let (sin, cos) = self.turn.sin_cos();
        let point = [cos * x - sin * y, sin * x + cos * y];
        self.low = [0, 1].map(|axis| self.low[axis].min(point[axis]));
        self.high = [0, 1].map(|axis| self.high[axis].max(point[axis]));
        point
    }
}

/// Where a form goes and how large it gets, so that all of it is inside.
struct Placing {
    low: Point,
    scale: f64,
    /// Where `low` goes.
    to: Point,
}

impl Placing {
    /// The longer side of the form becomes `length` pixels; its place is drawn.
    fn draw(
        by_hand: &ByHand,
        length: f64,
        picture: [usize; 2],
        thickness: f64,
        rng: &mut ChaCha8Rng,
    ) -> Placing {
        let (low, high) = (by_hand.low, by_hand.high);
        let scale = length / (high[0] - low[0]).max(high[1] - low[1]);
        let to = [0, 1].map(|axis| {
            // Half the stroke and one blank pixel on either side.
            let free = picture[axis] as f64 - scale * (high[axis] - low[axis]) - thickness - 2.0;
            // The picture begins half a pixel before the centre of its first pixel.
            (thickness + 2.0) / 2.0 - 0.5 + free * if free > 0.0 { rng.random() } else { 0.5 }
        });
        Placing { low, scale, to }
    }

    fn of(&self, point: Point) -> Point {
        [0, 1].map(|axis| self.to[axis] + self.scale * (point[axis] - self.low[axis]))
    }
}

#[cfg(test)]
mod tests {
    use crate::load;

    /// A check sum of the pixels as bytes.
    fn check_sum(spec: &str) -> u32 {
        let mut crc = flate2::Crc::new();
        let levels: Vec<u8> =
            load(spec).unwrap().pixels().iter().map(|p| (p * 255.0).round() as u8).collect();
        crc.update(&levels);
        crc.sum()
    }

    #[test]
    fn the_same_specification_is_always_the_same_images() {
        let some = load("shapes:50").unwrap();
        assert_eq!((some.len(), some.shape(), some.name()), (50, [1, 28, 28], "shapes:50"));
        assert_eq!(load("shapes:50").unwrap(), some);
        assert_eq!(load("shapes:900[..50]").unwrap().pixels(), some.pixels());
        assert_eq!(load("shapes:50[20..45]").unwrap(), some.slice(20..45).with_name("shapes:50[20..45]"));
        // Results are reported on these images: another sum would be another data set.
        assert_eq!(check_sum("shapes:1000"), 3994609956);
    }

    #[test]
    fn drawings_are_of_ten_named_classes_in_turn() {
        let images = load("shapes:23").unwrap();
        let labels: Vec<usize> = (0..23).map(|i| i % 10).collect();
        assert_eq!(images.labels(), Some(&labels[..]));
        assert_eq!(
            images.classes().join(" "),
            "triangle square star cross arrow heart house spiral zigzag crescent"
        );
    }

    #[test]
    fn drawings_are_white_on_black_and_wholly_inside() {
        for (spec, [channels, height, width]) in [
            ("shapes:100", [1, 28, 28]),
            ("shapes:40:9", [1, 9, 9]),
            ("shapes:40:20x60", [1, 20, 60]),
            ("shapes:20:3x64x32", [3, 64, 32]),
        ] {
            let images = load(spec).unwrap();
            assert_eq!(images.shape(), [channels, height, width]);
            for image in (0..images.len()).map(|i| images.image(i)) {
                let plane = &image[..height * width];
                assert!(image.chunks(height * width).all(|channel| channel == plane), "{spec}");
                let brightest = plane.iter().copied().fold(0.0, f32::max);
                assert!(plane.iter().all(|p| (0.0..=1.0).contains(p)) && brightest >= 0.5, "{spec}");
                assert!(height.min(width) < 28 || brightest == 1.0, "{spec}");
                let ink = plane.iter().sum::<f32>() / (height.min(width).pow(2) as f32);
                assert!((0.03..0.6).contains(&ink), "{spec}: {ink}");
                let at = |row: usize, column: usize| plane[row * width + column];
                if height.min(width) > 9 {
                    assert!((0..width).all(|x| at(0, x) == 0.0 && at(height - 1, x) == 0.0), "{spec}");
                    assert!((0..height).all(|y| at(y, 0) == 0.0 && at(y, width - 1) == 0.0), "{spec}");
                }
            }
        }
    }

    #[test]
    fn drawings_of_a_class_differ_and_classes_differ_more() {
        let images = load("shapes:1000").unwrap();
        let nearest = |i: usize, other: &dyn Fn(usize) -> bool| {
            let distance = |j: usize| -> f32 {
                images.image(i).iter().zip(images.image(j)).map(|(a, b)| (a - b).powi(2)).sum()
            };
            let others = (0..1000).filter(|j| *j != i && other(*j)).map(distance);
            others.min_by(f32::total_cmp).unwrap()
        };
        assert!((0..200).all(|i| nearest(i, &|_| true) > 1.0));
        // Even the nearest neighbour by pixels, which knows nothing of places, finds the class better than by chance.
        let right =
            (0..200).filter(|i| nearest(*i, &|j| j % 10 == i % 10) < nearest(*i, &|j| j % 10 != i % 10));
        let right = right.count();
        assert!(right > 60, "{right}");
    }

    #[test]
    fn mistakes_say_what_is_allowed() {
        for (spec, part) in [
            ("shapes:", "`` is not a number of images; write `shapes:N`"),
            ("shapes:many", "`many` is not a number of images"),
            ("shapes:-3", "is not a number of images"),
            ("shapes:99999999999999999999999", "is not a number of images"),
            ("shapes:0", "the data set is empty"),
            ("shapes:5:7", "`7` is not a size; write SIDE, HEIGHTxWIDTH or CHANNELSxHEIGHTxWIDTH"),
            ("shapes:5:28x1025", "with sides from 8 to 1024"),
            ("shapes:5:2x28x28", "1 or 3 channels"),
            ("shapes:5:1x1x28x28", "is not a size"),
            ("shapes:5:28:28", "is not a size"),
            ("shapes:5:", "is not a size"),
            ("shapes:5:x", "is not a size"),
            ("shapes:5[2..9]", "the range goes to 9, but there are 5 images"),
            ("shapes:4000000000", "are too many; give at most 342392 of this size"),
            ("shapes:300:1024", "300 images of 1×1024×1024 are too many; give at most 256"),
            ("shapes", "did you mean `shapes:N`?"),
            ("shape:500", "did you mean `shapes:N`?"),
            ("shapse:500", "did you mean `shapes:N`?"),
        ] {
            let text = load(spec).expect_err(spec).to_string();
            assert!(text.contains(part), "{spec}: {text}");
        }
        let far = load("shapes:4000000000[3999999990..3999999992]").unwrap();
        assert_eq!((far.len(), far.labels()), (2, Some(&[0, 1][..])));
    }
}
