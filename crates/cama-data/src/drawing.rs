//! Lines and filled forms with smooth edges, drawn into the coverage of each pixel.

/// x to the right and y down, in pixels; the centre of the first pixel is (0, 0).
pub(crate) type Point = [f64; 2];

/// How far each pixel of a plane is covered by what was drawn, in [0, 1]. What is drawn twice counts once.
pub(crate) struct Mask<'a> {
    coverage: &'a mut [f32],
    width: usize,
}

impl<'a> Mask<'a> {
    /// Nothing drawn; `coverage` is `[row][column]` and is overwritten.
    pub(crate) fn empty(coverage: &'a mut [f32], width: usize) -> Mask<'a> {
        coverage.fill(0.0);
        Mask { coverage, width }
    }

    /// Draws the line through `points`, with round ends and corners, `thickness` pixels wide.
    ///
    /// A pixel is covered by how far its centre lies inside the edge, from half a pixel outside (0) to half a pixel
    /// inside (1): its share of a straight edge along rows or columns, and close to its share of any other.
    pub(crate) fn stroke(&mut self, points: &[Point], thickness: f64) {
        let reach = thickness / 2.0 + 0.5;
        for line in points.windows(2) {
            let rows = near(line[0][1], line[1][1], reach, self.coverage.len() / self.width);
            for row in rows {
                for column in near(line[0][0], line[1][0], reach, self.width) {
                    let distance = distance([column as f64, row as f64], line[0], line[1]);
                    let covered = (reach - distance).clamp(0.0, 1.0) as f32;
                    let pixel = &mut self.coverage[row * self.width + column];
                    *pixel = pixel.max(covered);
                }
            }
        }
    }

    /// Covers the pixels whose centres lie inside the closed line through `corners`; where it crosses itself, inside is
    /// what it goes round an odd number of times. The edge is not smooth; a [`stroke`](Mask::stroke) along it makes it so.
    pub(crate) fn fill(&mut self, corners: &[Point]) {
        for (row, pixels) in self.coverage.chunks_exact_mut(self.width).enumerate() {
            let mut crossings: Vec<f64> = crossings(corners, row as f64).collect();
            crossings.sort_by(f64::total_cmp);
            for (column, pixel) in pixels.iter_mut().enumerate() {
                if crossings.partition_point(|x| *x <= column as f64) % 2 == 1 {
                    *pixel = 1.0;
                }
            }
        }
    }
}

/// The x at which a closed line crosses the row at `y`.
fn crossings(points: &[Point], y: f64) -> impl Iterator<Item = f64> {
    let ends = points.iter().cycle().skip(1);
    let crossing = points.iter().zip(ends).filter(move |([_, y0], [_, y1])| (*y0 <= y) != (*y1 <= y));
    crossing.map(move |([x0, y0], [x1, y1])| x0 + (y - y0) / (y1 - y0) * (x1 - x0))
}

/// The whole numbers in 0..`length` that are at most `reach` away from what is between `a` and `b`.
fn near(a: f64, b: f64, reach: f64, length: usize) -> std::ops::Range<usize> {
    // As casts saturate, what is left of 0 starts at 0.
    let (first, last) = ((a.min(b) - reach).ceil(), (a.max(b) + reach).floor() + 1.0);
    first as usize..(last as usize).min(length)
}

/// How far `point` is from the straight line between `from` and `to`.
fn distance([x, y]: Point, from: Point, to: Point) -> f64 {
    let [along_x, along_y] = [to[0] - from[0], to[1] - from[1]];
    let length = along_x * along_x + along_y * along_y;
    let share = if length > 0.0 {
        (((x - from[0]) * along_x + (y - from[1]) * along_y) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (x - from[0] - share * along_x).hypot(y - from[1] - share * along_y)
}

/// A cubic Bézier curve as a line of points about a pixel apart.
pub(crate) fn bezier([a, b, c, d]: [Point; 4]) -> Vec<Point> {
    let length: f64 = [[a, b], [b, c], [c, d]].iter().map(|[p, q]| (q[0] - p[0]).hypot(q[1] - p[1])).sum();
    let pieces = (length.ceil() as usize).clamp(8, 1000);
    let at = |t: f64| {
        let s = 1.0 - t;
        let [of_a, of_b, of_c, of_d] = [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t];
        [0, 1].map(|i| of_a * a[i] + of_b * b[i] + of_c * c[i] + of_d * d[i])
    };
    (0..=pieces).map(|k| at(k as f64 / pieces as f64)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: usize, height: usize, draw: impl Fn(&mut Mask)) -> Vec<f32> {
        let mut coverage = vec![0.7; width * height];
        draw(&mut Mask::empty(&mut coverage, width));
        coverage
    }

    #[test]
    fn straight_lines_cover_the_pixels_they_should() {
        let line = drawn(4, 5, |mask| mask.stroke(&[[-9.0, 2.0], [9.0, 2.0]], 2.0));
        let rows: Vec<f32> = line.chunks(4).map(|row| row[3]).collect();
        assert_eq!(rows, [0.0, 0.5, 1.0, 0.5, 0.0]);
        assert!(line.chunks(4).all(|row| row.iter().all(|p| *p == row[0])));
        let between = drawn(5, 1, |mask| mask.stroke(&[[1.5, -9.0], [1.5, 9.0]], 2.0));
        assert_eq!(between, [0.0, 1.0, 1.0, 0.0, 0.0]);
        let diagonal = drawn(3, 3, |mask| mask.stroke(&[[-1.0, -1.0], [3.0, 3.0]], 1.0));
        let beside = 1.0 - 0.5f32.sqrt();
        for (i, share) in [1.0, beside, 0.0, beside, 1.0, beside, 0.0, beside, 1.0].into_iter().enumerate() {
            assert!((diagonal[i] - share).abs() < 1e-6, "{diagonal:?}");
        }
    }

    #[test]
    fn ends_are_round_and_what_is_outside_is_left_out() {
        let dot = drawn(5, 5, |mask| mask.stroke(&[[2.0, 2.0], [2.0, 2.0]], 3.0));
        assert_eq!((dot[12], dot[11], dot[10]), (1.0, 1.0, 0.0));
        assert!((f64::from(dot[6]) - (2.0 - 2f64.sqrt())).abs() < 1e-6);
        for far in [[-40.0, 2.0], [2.0, -40.0], [40.0, 2.0], [2.0, 40.0], [f64::MAX, 0.0]] {
            assert_eq!(drawn(5, 5, |mask| mask.stroke(&[far, far], 3.0)), [0.0; 25]);
        }
    }

    #[test]
    fn forms_are_filled_up_to_the_line_around_them() {
        // A square of five pixels a side, of which the upper right corner is cut off, and a notch from below.
        let corners = [
            [0.5, 0.5],
            [3.5, 0.5],
            [5.5, 2.5],
            [5.5, 5.5],
            [3.5, 5.5],
            [3.5, 3.5],
            [2.5, 3.5],
            [2.5, 5.5],
            [0.5, 5.5],
        ];
        let form = drawn(7, 7, |mask| mask.fill(&corners));
        let rows: Vec<String> = form
            .chunks(7)
            .map(|row| row.iter().map(|p| if *p == 1.0 { '#' } else { '.' }).collect())
            .collect();
        assert_eq!(rows, [".......", ".###...", ".####..", ".#####.", ".##.##.", ".##.##.", "......."]);
        let bow = drawn(5, 5, |mask| mask.fill(&[[0.2, 0.1], [3.8, 4.1], [3.8, 0.1], [0.2, 4.1]]));
        assert_eq!((bow[2 * 5 + 1], bow[2 * 5 + 3], bow[7 - 5], bow[4 * 5 + 2]), (1.0, 1.0, 0.0, 0.0));
    }

    #[test]
    fn curves_go_from_end_to_end_and_stay_close() {
        let curve = bezier([[0.0, 0.0], [0.0, 8.0], [8.0, 8.0], [8.0, 0.0]]);
        assert_eq!((curve[0], curve[curve.len() - 1]), ([0.0, 0.0], [8.0, 0.0]));
        assert_eq!(curve[curve.len() / 2], [4.0, 6.0]);
        assert!(curve.windows(2).all(|p| (p[1][0] - p[0][0]).hypot(p[1][1] - p[0][1]) < 1.01));
    }
}
