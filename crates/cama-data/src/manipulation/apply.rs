//! Doing a manipulation to images.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Manipulation;
use super::amount::Amount;
use super::kind::Kind;
use super::step::{Step, draw};
use super::warp::{Fill, Warp};
use super::{coding, faults, light, marks, photometric};
use crate::Images;

impl Manipulation {
    /// The images after this manipulation: same labels, same size, and the manipulation added to the name.
    ///
    /// Every image draws its parameters, step by step, from a stream of its own. The streams come from
    /// 32 bytes of `rng` and the image's index, so what happens to image `i` does not depend on the other
    /// images. The same generator state gives the same bytes. [`none`](Manipulation::none) returns the
    /// images as they are.
    pub fn apply(&self, images: &Images, rng: &mut ChaCha8Rng) -> Images {
        self.apply_to(images, |i| i, rng)
    }

    /// [`apply`](Manipulation::apply) to some images of a larger set, of which image `i` has the index `index(i)`: what
    /// happens to them is what happens to them as a part of the whole.
    pub fn apply_to(&self, images: &Images, index: impl Fn(usize) -> usize, rng: &mut ChaCha8Rng) -> Images {
        let mut key = [0; 32];
        rng.fill_bytes(&mut key);
        if self.is_none() {
            return images.clone();
        }
        let mut spare = vec![0.0; images.volume()];
        images.map_images(format!("{}|{self}", images.name()), |i, image| {
            let mut stream = ChaCha8Rng::from_seed(key);
            stream.set_stream(index(i) as u64);
            change(self.steps(), image, &mut spare, images.shape(), &mut stream);
        })
    }

    /// [`apply`](Manipulation::apply) with a generator made from `seed`.
    pub fn apply_seeded(&self, images: &Images, seed: u64) -> Images {
        self.apply(images, &mut ChaCha8Rng::seed_from_u64(seed))
    }
}

/// Does all steps to one image `[channel][row][column]`; consecutive geometric steps of one fill are
/// gathered into one warp.
fn change(steps: &[Step], image: &mut [f32], spare: &mut [f32], shape: [usize; 3], rng: &mut ChaCha8Rng) {
    let mut gathered: Option<(Warp, Fill)> = None;
    for step in steps {
        if let Some(warp) = warp(step, shape, rng) {
            gathered = match gathered {
                Some((before, fill)) if fill == step.fill => Some((before.then(warp), fill)),
                before => {
                    flush(before, image, spare, shape);
                    Some((warp, step.fill))
                }
            };
        } else {
            flush(gathered.take(), image, spare, shape);
            photometric(step, image, spare, shape, rng);
        }
    }
    flush(gathered, image, spare, shape);
}

fn flush(gathered: Option<(Warp, Fill)>, image: &mut [f32], spare: &mut [f32], shape: [usize; 3]) {
    if let Some((warp, fill)) = gathered {
        spare.copy_from_slice(image);
        warp.apply(spare, image, shape, fill);
    }
}

/// One image's draw of a geometric step; `None` for the others.
fn warp(step: &Step, [_, height, width]: [usize; 3], rng: &mut ChaCha8Rng) -> Option<Warp> {
    let (height, width) = (height as f64, width as f64);
    Some(match step.kind {
        Kind::ShiftVertical => Warp::shift(0.0, draw(step, rng) * height),
        Kind::ShiftHorizontal => Warp::shift(draw(step, rng) * width, 0.0),
        Kind::Shift => {
            let down = draw(step, rng) * height;
            Warp::shift(draw(step, rng) * width, down)
        }
        Kind::Rotate => Warp::rotation(draw(step, rng)),
        Kind::Scale => Warp::scale(draw(step, rng)),
        Kind::Shear => Warp::shear(draw(step, rng)),
        _ => return None,
    })
}

/// Does a step that leaves pixels in their place.
fn photometric(step: &Step, image: &mut [f32], spare: &mut [f32], shape: [usize; 3], rng: &mut ChaCha8Rng) {
    match (step.kind, step.amount) {
        (Kind::Contrast, Amount::Between(low, high)) => {
            photometric::level(image, low as f32, (high - low) as f32);
        }
        (Kind::Contrast, _) => {
            let factor = draw(step, rng);
            photometric::level(image, (0.5 - 0.5 * factor) as f32, factor as f32);
        }
        (Kind::Brightness, _) => photometric::level(image, draw(step, rng) as f32, 1.0),
        (Kind::Invert, _) => photometric::level(image, 1.0, -1.0),
        (Kind::Noise, _) => photometric::noise(image, draw(step, rng) as f32, rng),
        (Kind::Blur, _) => photometric::blur(image, spare, shape, draw(step, rng)),
        (Kind::Impulse, _) => photometric::impulse(image, shape, draw(step, rng), rng),
        (Kind::InvertPart, _) => photometric::invert_part(image, shape, draw(step, rng), rng),
        (Kind::Ramp, _) => photometric::ramp(image, shape, draw(step, rng), rng),
        (Kind::Bars, _) => marks::bars(image, spare, shape, draw(step, rng), rng),
        (Kind::Scribble, _) => marks::scribble(image, spare, shape, draw(step, rng), rng),
        (Kind::Occlude, _) => marks::occlude(image, shape, draw(step, rng), rng),
        (Kind::Fog, _) => light::fog(image, shape, draw(step, rng), rng),
        (Kind::Shadow, _) => light::shadow(image, shape, draw(step, rng), rng),
        (Kind::Lines, _) => faults::lines(image, shape, draw(step, rng), rng),
        (Kind::Spots, _) => faults::spots(image, shape, draw(step, rng), rng),
        (Kind::Stripes, _) => faults::stripes(image, shape, draw(step, rng), rng),
        (Kind::Pixelate, _) => coding::pixelate(image, shape, draw(step, rng)),
        (Kind::Jpeg, _) => coding::jpeg(image, shape, draw(step, rng)),
        _ => {}
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// `count` images whose pixels are all `value`.
    pub fn plain(value: f32, [count, channels, height, width]: [usize; 4]) -> Images {
        let pixels = vec![value; count * channels * height * width];
        Images::new("plain", [channels, height, width], pixels, None, vec![]).unwrap()
    }

    /// What `spec` makes of images.
    pub fn done(spec: &str, images: &Images) -> Images {
        parse(spec).apply_seeded(images, 1)
    }

    /// What `spec` makes of `count` images whose pixels are all `value`.
    pub fn flat(spec: &str, value: f32, shape: [usize; 4]) -> Images {
        done(spec, &plain(value, shape))
    }

    fn parse(spec: &str) -> Manipulation {
        Manipulation::parse(spec).unwrap()
    }

    /// `count` images of 1×`height`×`width` with pixels that all differ.
    fn images(count: usize, height: usize, width: usize) -> Images {
        let n = count * height * width;
        let pixels = (0..n).map(|i| ((i * 7919) % n) as f32 / n as f32).collect();
        Images::new("test", [1, height, width], pixels, None, vec![]).unwrap()
    }

    fn close(a: &[f32], b: &[f32], tolerance: f32) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance)
    }

    #[test]
    fn nothing_done_is_nothing_changed() {
        let images = images(3, 5, 4);
        assert_eq!(parse("none").apply_seeded(&images, 1), images);
        for spec in [
            "shift:0",
            "rotate:=0",
            "scale:1",
            "shear:0/edge",
            "blur:0",
            "noise:0",
            "brightness:0",
            "contrast:1",
        ] {
            assert_eq!(parse(spec).apply_seeded(&images, 1).pixels(), images.pixels(), "{spec}");
        }
    }

    #[test]
    fn whole_pixel_shifts_move_pixels_exactly() {
        let images = images(1, 10, 30);
        let moved = |spec: &str| parse(spec).apply_seeded(&images, 1);
        let at = |row: isize, column: isize| match (0..10).contains(&row) && (0..30).contains(&column) {
            true => images.pixels()[row as usize * 30 + column as usize],
            false => 0.0,
        };
        for (spec, down, right) in [
            ("shift-vertical:=0.3", 3, 0),
            ("shift-vertical:=-0.7", -7, 0),
            ("shift-horizontal:=0.1", 0, 3),
            ("shift-vertical:=0.1+shift-horizontal:=-0.1", 1, -3),
            ("shift-horizontal:=1", 0, 30),
        ] {
            let moved = moved(spec);
            for (i, pixel) in moved.pixels().iter().enumerate() {
                let (row, column) = (i as isize / 30, i as isize % 30);
                assert_eq!(*pixel, at(row - down, column - right), "{spec} at {row}, {column}");
            }
        }
        let edge = moved("shift-vertical:=0.3/edge");
        for column in 0..30 {
            assert_eq!(edge.pixels()[column], at(0, column as isize));
            assert_eq!(edge.pixels()[9 * 30 + column], at(6, column as isize));
        }
    }

    #[test]
    fn half_pixels_are_interpolated() {
        let line = Images::new("line", [1, 1, 2], vec![1.0, 0.5], None, vec![]).unwrap();
        assert_eq!(parse("shift-horizontal:=0.25").apply_seeded(&line, 1).pixels(), [0.5, 0.75]);
        assert_eq!(parse("shift-horizontal:=0.25/edge").apply_seeded(&line, 1).pixels(), [1.0, 0.75]);
        assert_eq!(parse("shift-horizontal:=-0.25").apply_seeded(&line, 1).pixels(), [0.75, 0.25]);
    }

    #[test]
    fn a_quarter_turn_permutes_the_pixels_of_a_square_counter_clockwise() {
        let images = images(2, 6, 6);
        let turned = parse("rotate:=90").apply_seeded(&images, 1);
        for i in 0..2 {
            for (row, column) in (0..6).flat_map(|row| (0..6).map(move |column| (row, column))) {
                // What was at the right comes to the top.
                let from = images.image(i)[column * 6 + (5 - row)];
                assert!((turned.image(i)[row * 6 + column] - from).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn turning_back_leaves_the_inside_as_it_was() {
        let images = crate::load("mnist:test[..3]").unwrap();
        let there = parse("rotate:=25").apply_seeded(&images, 1);
        // Two interpolations blur; one warp of both turns does not.
        let back = parse("rotate:=-25").apply_seeded(&there, 1);
        let error: f32 = back.pixels().iter().zip(images.pixels()).map(|(a, b)| (a - b).abs()).sum();
        assert!(error / (images.pixels().len() as f32) < 0.04, "{error}");
        let both = parse("rotate:=25+rotate:=-25").apply_seeded(&images, 1);
        assert!(close(both.pixels(), images.pixels(), 1e-5));
        // What leaves the picture in between comes back, except where another step has looked.
        let both = parse("shift:=0.5+shift:=-0.5").apply_seeded(&images, 1);
        assert_eq!(both.pixels(), images.pixels());
        let split = parse("shift-vertical:=0.5+invert+invert+shift-vertical:=-0.5").apply_seeded(&images, 1);
        assert_ne!(split.pixels(), images.pixels());
    }

    #[test]
    fn scale_and_shear_go_the_documented_way() {
        let mut pixels = vec![0.0; 25];
        pixels[5 + 3] = 1.0; // one above and one right of the centre
        let dot = Images::new("dot", [1, 5, 5], pixels, None, vec![]).unwrap();
        let peak = |spec: &str| {
            let image = parse(spec).apply_seeded(&dot, 1);
            let peak = image.pixels().iter().position(|p| *p == 1.0).expect("the dot");
            (peak / 5, peak % 5)
        };
        assert_eq!(peak("scale:=2"), (0, 4));
        assert_eq!(peak("shear:=1"), (1, 2));
        assert_eq!(peak("shear:=-1"), (1, 4));
        assert_eq!(peak("rotate:=90"), (1, 1));
        // First the turn, then the shift.
        assert_eq!(peak("rotate:=90+shift-vertical:=0.4"), (3, 1));
        assert_eq!(peak("shift-vertical:=0.4+rotate:=90"), (1, 3));
    }

    #[test]
    fn grey_levels_change_as_documented() {
        let grey = Images::new("grey", [1, 1, 3], vec![0.0, 0.25, 1.0], None, vec![]).unwrap();
        let done = |spec: &str| parse(spec).apply_seeded(&grey, 1).pixels().to_vec();
        assert!(close(&done("contrast:0.35:0.7"), &[0.35, 0.4375, 0.7], 1e-6));
        assert!(close(&done("contrast:=0.5"), &[0.25, 0.375, 0.75], 1e-6));
        assert!(close(&done("brightness:=0.5"), &[0.5, 0.75, 1.0], 1e-6));
        assert_eq!(done("invert"), [1.0, 0.75, 0.0]);
        assert_eq!(done("invert+invert"), [0.0, 0.25, 1.0]);
    }

    #[test]
    fn parameters_are_drawn_from_the_documented_ranges() {
        let grey = Images::new("grey", [1, 1, 1], vec![0.5; 4000], None, vec![]).unwrap();
        let brightness = parse("brightness:0.2").apply_seeded(&grey, 1);
        let (low, high) = (0.3f32, 0.7f32);
        assert!(brightness.pixels().iter().all(|p| (low - 1e-6..=high + 1e-6).contains(p)));
        let mean: f32 = brightness.pixels().iter().sum::<f32>() / 4000.0;
        let variance: f32 = brightness.pixels().iter().map(|p| (p - mean).powi(2)).sum::<f32>() / 4000.0;
        assert!((mean - 0.5).abs() < 0.01 && (variance - 0.16 / 12.0).abs() < 0.001, "{mean} {variance}");
        let one_way = parse("brightness:0.1:0.3").apply_seeded(&grey, 1);
        assert!(one_way.pixels().iter().all(|p| (0.6 - 1e-6..=0.8 + 1e-6).contains(p)));

        let noisy = parse("noise:0.1").apply_seeded(&grey, 1);
        let variance: f32 = noisy.pixels().iter().map(|p| (p - 0.5).powi(2)).sum::<f32>() / 4000.0;
        assert!((variance.sqrt() - 0.1).abs() < 0.005, "{variance}");

        let mut stream = ChaCha8Rng::seed_from_u64(1);
        let step = |spec: &str| parse(spec).steps()[0];
        let scales: Vec<f64> = (0..4000).map(|_| draw(&step("scale:2"), &mut stream)).collect();
        assert!(scales.iter().all(|s| (0.5..=2.0).contains(s)));
        let mean_log = scales.iter().map(|s| s.ln()).sum::<f64>() / 4000.0;
        assert!(mean_log.abs() < 0.03, "{mean_log}");
        assert!((0..99).all(|_| (0.4..=1.0).contains(&draw(&step("contrast:0.4"), &mut stream))));
    }

    #[test]
    fn blur_keeps_the_mean_and_spreads_by_its_standard_deviation() {
        let mut pixels = vec![0.0; 41 * 41];
        pixels[20 * 41 + 20] = 1.0;
        let dot = Images::new("dot", [1, 41, 41], pixels, None, vec![]).unwrap();
        let blurred = parse("blur:2").apply_seeded(&dot, 1);
        let total: f32 = blurred.pixels().iter().sum();
        let second: f32 =
            blurred.pixels().iter().enumerate().map(|(i, p)| p * ((i / 41) as f32 - 20.0).powi(2)).sum();
        assert!((total - 1.0).abs() < 1e-4 && (second - 4.0).abs() < 0.05, "{total} {second}");
        let flat = Images::new("flat", [1, 3, 4], vec![0.25; 12], None, vec![]).unwrap();
        assert!(close(parse("blur:3").apply_seeded(&flat, 1).pixels(), flat.pixels(), 1e-6));
    }

    #[test]
    fn the_seed_fixes_every_image_by_itself() {
        let all = images(6, 8, 8);
        let manipulation = parse("rotate:20+noise:0.1+shift:0.2/edge+blur:0:1");
        let done = |seed| manipulation.apply_seeded(&all, seed);
        assert_eq!(done(1), done(1));
        assert_ne!(done(1), done(2));
        assert_eq!(done(1).name(), "test|rotate:20+noise:0.1+shift:0.2/edge+blur:0:1");
        let fewer = manipulation.apply_seeded(&all.slice(0..4), 1);
        assert_eq!(fewer.pixels(), &done(1).pixels()[..fewer.pixels().len()]);
        let same = Images::new("same", [1, 8, 8], all.image(0).repeat(2), None, vec![]).unwrap();
        let twice = manipulation.apply_seeded(&same, 1);
        assert_ne!(twice.image(0), twice.image(1));
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        assert_eq!(manipulation.apply(&all, &mut rng), done(1));
        assert_ne!(manipulation.apply(&all, &mut rng), done(1));
    }

    #[test]
    fn channels_move_together() {
        let plane = images(1, 6, 6).pixels().to_vec();
        let colour = Images::new("colour", [3, 6, 6], plane.repeat(3), None, vec![]).unwrap();
        for spec in ["rotate:30+scale:1.5", "blur:1", "shift:0.3/edge"] {
            let done = parse(spec).apply_seeded(&colour, 5);
            assert_eq!(done.pixels()[..36], done.pixels()[72..], "{spec}");
        }
    }
}
