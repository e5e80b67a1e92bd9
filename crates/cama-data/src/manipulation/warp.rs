//! Affine maps of an image, read by bilinear interpolation.

use std::fmt;

/// What comes in from outside the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fill {
    /// 0.
    Zero,
    /// The nearest pixel of the border.
    Edge,
}

impl fmt::Display for Fill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fill::Zero => "",
            Fill::Edge => "/edge",
        })
    }
}

/// From a pixel of the result to the place in the picture that it shows.
///
/// In pixels, x to the right and y down, from the centre ((width − 1) / 2, (height − 1) / 2):
/// `[[a, b, c], [d, e, f]]` takes (x, y) to (a x + b y + c, d x + e y + f).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Warp([[f64; 3]; 2]);

impl Warp {
    /// Moves the content by (`right`, `down`) pixels.
    pub(super) fn shift(right: f64, down: f64) -> Warp {
        Warp([[1.0, 0.0, -right], [0.0, 1.0, -down]])
    }

    /// Turns the content counter-clockwise, as seen.
    pub(super) fn rotation(degrees: f64) -> Warp {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Warp([[cos, -sin, 0.0], [sin, cos, 0.0]])
    }

    /// Enlarges the content by `factor`.
    pub(super) fn scale(factor: f64) -> Warp {
        Warp([[1.0 / factor, 0.0, 0.0], [0.0, 1.0 / factor, 0.0]])
    }

    /// Moves each row right by `factor` times its distance below the centre.
    pub(super) fn shear(factor: f64) -> Warp {
        Warp([[1.0, -factor, 0.0], [0.0, 1.0, 0.0]])
    }

    /// This first, then `next`, as done to the content.
    pub(super) fn then(self, next: Warp) -> Warp {
        let (Warp(first), Warp(second)) = (self, next);
        let row = |[a, b, c]: [f64; 3]| {
            [
                a * second[0][0] + b * second[1][0],
                a * second[0][1] + b * second[1][1],
                a * second[0][2] + b * second[1][2] + c,
            ]
        };
        Warp([row(first[0]), row(first[1])])
    }

    /// Writes what `source` becomes into `target`; both are `[channel][row][column]`.
    pub(super) fn apply(
        self,
        source: &[f32],
        target: &mut [f32],
        [_, height, width]: [usize; 3],
        fill: Fill,
    ) {
        let Warp([[a, b, c], [d, e, f]]) = self;
        let (middle_x, middle_y) = ((width - 1) as f64 / 2.0, (height - 1) as f64 / 2.0);
        let planes = source.chunks_exact(width * height).zip(target.chunks_exact_mut(width * height));
        for (source, target) in planes {
            for (row, pixels) in target.chunks_exact_mut(width).enumerate() {
                let y = row as f64 - middle_y;
                for (column, pixel) in pixels.iter_mut().enumerate() {
                    let x = column as f64 - middle_x;
                    let at_x = snapped(a * x + b * y + c + middle_x);
                    let at_y = snapped(d * x + e * y + f + middle_y);
                    *pixel = bilinear(source, width, height, at_x, at_y, fill);
                }
            }
        }
    }
}

/// A coordinate that misses a pixel by rounding alone is put on it, so that moves by whole pixels, quarter
/// turns and the identity copy pixels exactly.
fn snapped(coordinate: f64) -> f64 {
    let whole = coordinate.round();
    if (coordinate - whole).abs() < 1e-9 { whole } else { coordinate }
}

/// The plane's value at column `x`, row `y`.
fn bilinear(plane: &[f32], width: usize, height: usize, x: f64, y: f64, fill: Fill) -> f32 {
    let (last_x, last_y) = ((width - 1) as f64, (height - 1) as f64);
    let (x, y) = match fill {
        Fill::Edge => (x.clamp(0.0, last_x), y.clamp(0.0, last_y)),
        Fill::Zero if x <= -1.0 || y <= -1.0 || x >= last_x + 1.0 || y >= last_y + 1.0 => return 0.0,
        Fill::Zero => (x, y),
    };
    let (floor_x, floor_y) = (x.floor(), y.floor());
    let (right, below) = ((x - floor_x) as f32, (y - floor_y) as f32);
    let (column, row) = (floor_x as isize, floor_y as isize);
    let inside = column >= 0 && row >= 0 && (column as usize) + 1 < width && (row as usize) + 1 < height;
    let [[top_left, top_right], [low_left, low_right]] = if inside {
        let at = row as usize * width + column as usize;
        let (top, low) = (&plane[at..at + 2], &plane[at + width..at + width + 2]);
        [[top[0], top[1]], [low[0], low[1]]]
    } else {
        // Within one pixel of the border: what lies outside counts as 0. With an edge fill, it only gets
        // here with weight 0.
        let get = |row: isize, column: isize| {
            let there = (0..height as isize).contains(&row) && (0..width as isize).contains(&column);
            if there { plane[row as usize * width + column as usize] } else { 0.0 }
        };
        [[get(row, column), get(row, column + 1)], [get(row + 1, column), get(row + 1, column + 1)]]
    };
    let top = top_left + right * (top_right - top_left);
    let low = low_left + right * (low_right - low_left);
    top + below * (low - top)
}
