//! Pixels of a dreamt image: distances, regions, smooth noise, blur.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::noise::normals;

/// The plane that dreams are drawn on. Points are `[right, down]` in pixels from the first pixel's centre.
#[derive(Clone, Copy, Debug)]
pub(super) struct Canvas {
    pub height: usize,
    pub width: usize,
}

impl Canvas {
    pub fn area(&self) -> usize {
        self.height * self.width
    }

    /// A pixel of 28, in pixels of this canvas.
    pub fn unit(&self) -> f32 {
        self.height.min(self.width) as f32 / 28.0
    }

    /// Any point of it.
    pub fn point(&self, rng: &mut ChaCha8Rng) -> [f32; 2] {
        [self.width, self.height].map(|side| rng.random::<f32>() * (side as f32 - 1.0))
    }

    /// Calls `each` with every pixel nearer than `reach` to the segment, its distance, and how far along it is nearest.
    pub fn each_near(&self, from: [f32; 2], to: [f32; 2], reach: f32, mut each: impl FnMut(usize, f32, f32)) {
        let [dx, dy] = [to[0] - from[0], to[1] - from[1]];
        let squared = dx * dx + dy * dy + 1e-6;
        let range = |a: f32, b: f32, side: usize| {
            let low = (a.min(b) - reach).ceil().max(0.0) as usize;
            let high = (a.max(b) + reach).floor();
            low..if high < 0.0 { 0 } else { side.min(high as usize + 1) }
        };
        for y in range(from[1], to[1], self.height) {
            for x in range(from[0], to[0], self.width) {
                let [px, py] = [x as f32 - from[0], y as f32 - from[1]];
                let share = ((px * dx + py * dy) / squared).clamp(0.0, 1.0);
                let distance = (px - share * dx).hypot(py - share * dy);
                if distance < reach {
                    each(y * self.width + x, distance, share * squared.sqrt());
                }
            }
        }
    }

    /// How far each pixel lies from the centre in the direction `angle`, in pixels.
    fn along(&self, angle: f32) -> impl Iterator<Item = f32> + '_ {
        let (sin, cos) = angle.sin_cos();
        let [middle_x, middle_y] = [self.width, self.height].map(|side| (side as f32 - 1.0) / 2.0);
        (0..self.area()).map(move |i| {
            let [x, y] = [(i % self.width) as f32, (i / self.width) as f32];
            (x - middle_x) * cos + (y - middle_y) * sin
        })
    }

    /// Where bands begin and end, in pixels from the centre: anywhere, one band or several, or at equal distances.
    fn ends(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let unit = self.unit();
        let anywhere = |rng: &mut ChaCha8Rng| unit * rng.random_range(-13.0..13.0);
        match rng.random_range(0..3) {
            0 => vec![anywhere(rng), anywhere(rng)],
            1 => (0..rng.random_range(3..=6)).map(|_| anywhere(rng)).collect(),
            _ => {
                let width = unit * rng.random_range(2.0..10.0);
                let first = rng.random_range(0.0..1.0);
                let across = (self.height as f32).hypot(self.width as f32);
                let number = (across / width).ceil() as usize;
                (0..=number).map(|i| (i as f32 + first) * width - across / 2.0).collect()
            }
        }
    }

    /// A region, `[area]` of 0 and 1: all of it, one side of a line, parallel bands or what is between them, or a box.
    pub fn region(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let unit = self.unit();
        let angle = match rng.random_bool(0.5) {
            true => rng.random_range(0.0..std::f32::consts::TAU),
            false => std::f32::consts::FRAC_PI_2 * rng.random_range(0..4) as f32,
        };
        match rng.random_range(0..4) {
            0 => vec![1.0; self.area()],
            1 => {
                let from = unit * rng.random_range(-10.0..10.0);
                self.along(angle).map(|s| f32::from(s > from)).collect()
            }
            2 => {
                let ends = self.ends(rng);
                let inside = rng.random_range(0..2);
                let crossed = |s: f32| ends.iter().filter(|end| s >= **end).count();
                self.along(angle).map(|s| f32::from(crossed(s) % 2 == inside)).collect()
            }
            _ => {
                let mut side = |full: usize| {
                    let length = (full as f32 * rng.random_range(0.2..0.8)).round().max(1.0) as usize;
                    let from = rng.random_range(0..=full - length.min(full));
                    from..from + length.min(full)
                };
                let [rows, columns] = [side(self.height), side(self.width)];
                let inside =
                    |i: usize| rows.contains(&(i / self.width)) && columns.contains(&(i % self.width));
                (0..self.area()).map(|i| f32::from(inside(i))).collect()
            }
        }
    }
}

/// Gaussian noise of standard deviation 1, smoothed by a Gaussian of `sd` pixels.
pub(super) fn smooth_noise(canvas: &Canvas, sd: f64, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let mut noise: Vec<f32> = normals(canvas.area(), rng).collect();
    blur(canvas, &mut noise, sd);
    let square = noise.iter().map(|n| n * n).sum::<f32>() / noise.len() as f32;
    noise.iter_mut().for_each(|n| *n /= square.sqrt().max(1e-6));
    noise
}

/// Blurs a plane by a Gaussian of standard deviation `sd` pixels, cut off at three of them; the border is repeated.
pub(super) fn blur(canvas: &Canvas, plane: &mut [f32], sd: f64) {
    let reach = (3.0 * sd).ceil() as usize;
    let weight = |d: usize| (-0.5 * (d as f64 / sd.max(1e-6)).powi(2)).exp() as f32;
    let mut weights: Vec<f32> = (0..=reach).map(weight).collect();
    let total = 2.0 * weights.iter().sum::<f32>() - weights[0];
    weights.iter_mut().for_each(|w| *w /= total);
    let Canvas { height, width } = *canvas;
    let mut line = Vec::with_capacity(height.max(width));
    let mut each = |start: usize, stride: usize, length: usize| {
        line.clear();
        line.extend((0..length).map(|i| plane[start + i * stride]));
        for i in 0..length {
            let beside =
                |(d, w): (usize, &f32)| w * (line[i.saturating_sub(d)] + line[(i + d).min(length - 1)]);
            let sides: f32 = weights.iter().enumerate().skip(1).map(beside).sum();
            plane[start + i * stride] = weights[0] * line[i] + sides;
        }
    };
    (0..height).for_each(|y| each(y * width, 1, width));
    (0..width).for_each(|x| each(x, width, height));
}

/// Values on a `grid`×`grid` of points, the outermost on the image's border, interpolated to all pixels, `[area]`.
pub(super) fn interpolated(canvas: &Canvas, grid: usize, points: impl Fn(usize) -> f32) -> Vec<f32> {
    let at = |i: usize, side: usize| {
        let t = i as f32 * (grid - 1) as f32 / (side as f32 - 1.0).max(1.0);
        let low = (t as usize).min(grid - 2);
        (low, t - low as f32)
    };
    let columns: Vec<_> = (0..canvas.width).map(|x| at(x, canvas.width)).collect();
    let mut values = Vec::with_capacity(canvas.area());
    for (row, down) in (0..canvas.height).map(|y| at(y, canvas.height)) {
        values.extend(columns.iter().map(|&(column, right)| {
            let line = |row: usize| {
                let [left, beside] = [column, column + 1].map(|column| points(row * grid + column));
                left + right * (beside - left)
            };
            let [above, below] = [line(row), line(row + 1)];
            above + down * (below - above)
        }));
    }
    values
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const CANVAS: Canvas = Canvas { height: 9, width: 13 };

    #[test]
    fn bands_are_one_or_several_and_some_of_equal_width() {
        let canvas = Canvas { height: 28, width: 28 };
        let (mut numbers, mut equal) = (Vec::new(), 0);
        for seed in 0..60 {
            let mut ends = canvas.ends(&mut ChaCha8Rng::seed_from_u64(seed));
            ends.sort_by(f32::total_cmp);
            let widths: Vec<f32> = ends.windows(2).map(|ends| ends[1] - ends[0]).collect();
            let alike = widths.len() > 1 && widths.iter().all(|width| (width - widths[0]).abs() < 1e-3);
            // Bands of equal width are all over the image, whatever their direction: half its diagonal is 19.8.
            let width = widths.first().copied().unwrap_or_default();
            let all_over = ends[0] - width <= -19.7 && ends[ends.len() - 1] >= 19.7;
            assert!(!alike || all_over, "{ends:?}");
            equal += usize::from(alike);
            numbers.push(ends.len());
        }
        assert!((10..30).contains(&equal), "{equal}");
        assert!(numbers.contains(&2) && numbers.contains(&6) && numbers.iter().all(|n| *n >= 2));
    }

    #[test]
    fn distances_are_those_to_the_segment() {
        let mut seen = vec![f32::INFINITY; CANVAS.area()];
        CANVAS.each_near([2.0, 1.0], [8.0, 1.0], 3.5, |at, distance, along| {
            seen[at] = distance;
            let x = (at % 13) as f32;
            assert!((along - (x - 2.0).clamp(0.0, 6.0)).abs() < 1e-4, "{at} {along}");
        });
        let at = |x: usize, y: usize| seen[y * 13 + x];
        assert!((at(5, 3) - 2.0).abs() < 1e-4 && (at(0, 1) - 2.0).abs() < 1e-4 && at(5, 6).is_infinite());
        // Wholly outside.
        CANVAS.each_near([-50.0, -50.0], [-40.0, -50.0], 3.0, |at, _, _| panic!("{at}"));
    }

    #[test]
    fn blur_keeps_means_and_variances() {
        let canvas = Canvas { height: 31, width: 31 };
        let mut plane = vec![0.0; 31 * 31];
        plane[15 * 31 + 15] = 1.0;
        blur(&canvas, &mut plane, 1.5);
        let total: f32 = plane.iter().sum();
        let second: f32 = plane.iter().enumerate().map(|(i, p)| p * ((i % 31) as f32 - 15.0).powi(2)).sum();
        assert!((total - 1.0).abs() < 1e-4 && (second - 2.25).abs() < 0.1, "{total} {second}");
        let mut flat = vec![0.25; CANVAS.area()];
        blur(&CANVAS, &mut flat, 2.0);
        assert!(flat.iter().all(|p| (p - 0.25).abs() < 1e-6));
        let before = flat.clone();
        blur(&CANVAS, &mut flat, 0.0);
        assert_eq!(flat, before);
    }

    #[test]
    fn grids_are_met_at_their_points_and_straight_between() {
        let corners = [0.0, 1.0, 2.0, 4.0];
        let values = interpolated(&CANVAS, 2, |i| corners[i]);
        let at = |x: usize, y: usize| values[y * 13 + x];
        assert_eq!([at(0, 0), at(12, 0), at(0, 8), at(12, 8)], corners);
        assert!((at(6, 0) - 0.5).abs() < 1e-6 && (at(6, 4) - 1.75).abs() < 1e-6);
        let single = interpolated(&Canvas { height: 1, width: 1 }, 3, |i| i as f32);
        assert_eq!(single, [0.0]);
    }

    #[test]
    fn regions_differ_and_stay_inside() {
        let rng = &mut ChaCha8Rng::seed_from_u64(3);
        let shares: Vec<f32> =
            (0..200).map(|_| CANVAS.region(rng).iter().sum::<f32>() / CANVAS.area() as f32).collect();
        assert!(shares.contains(&1.0) && shares.iter().any(|s| (0.2..0.8).contains(s)));
        // A point is a canvas, too.
        let point = Canvas { height: 1, width: 1 };
        (0..50).for_each(|_| assert_eq!(point.region(rng).len(), 1));
    }
}
