//! What covers parts of a dreamt image: strokes, blobs, boxes and specks.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::canvas::{Canvas, smooth_noise};
use crate::noise::normals;

/// Draws what covers the image: coverage of each pixel in [0, 1], `[area]`, and paint of each channel, `[channels·area]`.
pub(super) fn cover(canvas: &Canvas, channels: usize, rng: &mut ChaCha8Rng) -> [Vec<f32>; 2] {
    let area = canvas.area();
    let mut covered = vec![0.0; area];
    match rng.random_range(0..5) {
        0 | 1 => (0..rng.random_range(1..=3)).for_each(|_| stroke(canvas, &mut covered, rng)),
        2 => blobs(canvas, &mut covered, rng),
        3 => (0..rng.random_range(1..=2)).for_each(|_| canvas_box(canvas, &mut covered, rng)),
        _ => {
            let share = rng.random_range(0.01..0.3);
            covered.iter_mut().for_each(|c| *c = f32::from(rng.random::<f64>() < share));
            let paint = specks(area, rng);
            return [covered, paint.repeat(channels)];
        }
    }
    [covered, painted(area, channels, rng)]
}

/// Paint of one colour, most often white, some of it speckled.
fn painted(area: usize, channels: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let grey = match rng.random_range(0.0..1.0) {
        x if x < 0.1 => 0.0,
        x if x < 0.325 => rng.random::<f32>(),
        _ => 1.0,
    };
    let coloured = channels > 1 && rng.random_bool(0.5);
    let speckled = rng.random_bool(0.15);
    let mut paint = Vec::with_capacity(channels * area);
    for _ in 0..channels {
        let level = if coloured { rng.random::<f32>() } else { grey };
        let noise = normals(if speckled { area } else { 0 }, rng);
        paint.extend(noise.map(|n| (level + 0.25 * n).clamp(0.0, 1.0)));
        if !speckled {
            paint.extend(std::iter::repeat_n(level, area));
        }
    }
    paint
}

/// Paint of specks: black, white, both, or any grey.
fn specks(area: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    if rng.random_bool(0.3) {
        return (0..area).map(|_| rng.random::<f32>()).collect();
    }
    let white = [0.0, 0.5, 1.0][rng.random_range(0..3)];
    (0..area).map(|_| f32::from(rng.random_bool(white))).collect()
}

/// A random walk of straight segments, or one long one, some of them dashed.
fn stroke(canvas: &Canvas, covered: &mut [f32], rng: &mut ChaCha8Rng) {
    let unit = canvas.unit();
    let segments = rng.random_range(1..=11);
    let length = unit * if segments > 1 { rng.random_range(2.0..10.0) } else { rng.random_range(8.0..40.0) };
    let half_width = unit * rng.random_range(0.4..1.8);
    let turn = [0.0, 0.4, 1.0, 2.2][rng.random_range(0..4)];
    let dashes = rng.random_bool(0.3).then(|| {
        let period = unit * rng.random_range(2.0..8.0);
        (period, period * rng.random_range(0.3..0.7))
    });
    let mut angle = rng.random_range(0.0..std::f32::consts::TAU);
    let mut from = canvas.point(rng);
    let turns: Vec<f32> = normals(segments, rng).collect();
    for (i, by) in turns.into_iter().enumerate() {
        angle += by * turn;
        let (sin, cos) = angle.sin_cos();
        let to = [from[0] + length * cos, from[1] + length * sin];
        canvas.each_near(from, to, half_width + 1.0, |at, distance, along| {
            let inked = (half_width + 0.5 - distance).clamp(0.0, 1.0);
            let on = dashes.is_none_or(|(period, on)| (along + i as f32 * length) % period < on);
            if on {
                covered[at] = covered[at].max(inked);
            }
        });
        from = to;
    }
}

/// Where smooth noise is high.
fn blobs(canvas: &Canvas, covered: &mut [f32], rng: &mut ChaCha8Rng) {
    let noise = smooth_noise(canvas, f64::from(canvas.unit()) * rng.random_range(0.6..2.5), rng);
    let above = rng.random_range(0.8..2.2);
    covered.iter_mut().zip(noise).for_each(|(c, n)| *c = ((n - above) * 3.0).clamp(0.0, 1.0));
}

/// A box, parts of which may be outside.
fn canvas_box(canvas: &Canvas, covered: &mut [f32], rng: &mut ChaCha8Rng) {
    let unit = canvas.unit();
    let mut side = |full: usize| {
        let length = (unit * rng.random_range(3.0..14.0)).round().max(1.0) as isize;
        let from = rng.random_range(-3.0 * unit..full as f32).floor() as isize;
        from.max(0) as usize..((from + length).clamp(0, full as isize) as usize)
    };
    let [rows, columns] = [side(canvas.height), side(canvas.width)];
    for y in rows {
        covered[y * canvas.width..][..canvas.width][columns.start.min(columns.end)..columns.end].fill(1.0);
    }
}
