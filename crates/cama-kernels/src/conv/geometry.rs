//! Which pixels of a large map and of a small one a kernel ties together.

/// Two maps, `[channels, height, width]`, and the square kernel between them: pixel (Y, X) of the large one and pixel
/// (y, x) of the small one share the weight of tap (i, j) where Y = stride·y + i − padding and X = stride·x + j − padding.
///
/// A convolution goes from large to small, a transposed one from small to large; each is the other's gradient. The
/// weights are `[small channels, large channels, kernel, kernel]` in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Geometry {
    /// The large map.
    pub large: [usize; 3],
    /// The small map.
    pub small: [usize; 3],
    /// Side of the kernel.
    pub kernel: usize,
    /// Pixels of the large map to one of the small.
    pub stride: usize,
    /// Zeros around the large map.
    pub padding: usize,
}

impl Geometry {
    /// Number of weights.
    pub fn weights(&self) -> usize {
        self.small[0] * self.large[0] * self.kernel * self.kernel
    }

    /// How each pixel of the small map is summed up from the large one.
    pub fn to_small(self) -> Sums {
        let Self { large: [c, _, _], small: [_, h, w], kernel, stride, padding } = self;
        let source = Source {
            map: self.large,
            before: [padding; 2],
            padded: [(h - 1) * stride + kernel, (w - 1) * stride + kernel],
        };
        let row = source.padded[1] * c;
        let phase = Phase {
            bases: pixels(h, w).map(|(y, x)| y * stride * row + x * stride * c).collect(),
            targets: (0..h * w).collect(),
            runs: (0..kernel)
                .map(|i| Run { offset: i * row, taps: (0..kernel).map(|j| i * kernel + j).collect() })
                .collect(),
        };
        Sums { source, phases: vec![phase], target: self.small, from_large: true, kernel }
    }

    /// How each pixel of the large map is summed up from the small one.
    pub fn to_large(self) -> Sums {
        let Self { large: [_, height, width], small: [c, h, w], kernel, stride, padding } = self;
        // The taps that reach a pixel, from the last, and the place in the small map that the last reaches it from.
        let reach = |pixel: usize| -> (isize, Vec<usize>) {
            let taps: Vec<usize> = ((pixel + padding) % stride..kernel).step_by(stride).collect();
            let last = taps.last().copied().unwrap_or(0);
            let from = (pixel + padding) as isize - last as isize;
            (from.div_euclid(stride as isize), taps.into_iter().rev().collect())
        };
        let span = |side: usize, small: usize| {
            let reached = (0..side).map(reach).filter(|(_, taps)| !taps.is_empty());
            let (first, last) = reached.fold((0, small as isize), |(first, last), (from, taps)| {
                (first.min(from), last.max(from + taps.len() as isize))
            });
            (first.unsigned_abs(), last.unsigned_abs())
        };
        let ((top, rows), (left, columns)) = (span(height, h), span(width, w));
        let source = Source { map: self.small, before: [top, left], padded: [rows + top, columns + left] };
        let row = source.padded[1] * c;
        let mut phases = Vec::new();
        for (a, b) in pixels(stride.min(height), stride.min(width)) {
            let ((_, tap_rows), (_, tap_columns)) = (reach(a), reach(b));
            let mut phase = Phase {
                runs: tap_rows
                    .iter()
                    .enumerate()
                    .map(|(i, tap)| Run {
                        offset: i * row,
                        taps: tap_columns.iter().map(|column| tap * kernel + column).collect(),
                    })
                    .collect(),
                bases: Vec::new(),
                targets: Vec::new(),
            };
            for y in (a..height).step_by(stride) {
                for x in (b..width).step_by(stride) {
                    let at = |from: isize, before: usize| (from + before as isize).max(0) as usize;
                    phase.bases.push(at(reach(y).0, top) * row + at(reach(x).0, left) * c);
                    phase.targets.push(y * width + x);
                }
            }
            // Nothing reaches these pixels: they stay zero.
            if tap_rows.is_empty() || tap_columns.is_empty() {
                phase.runs.clear();
            }
            phases.push(phase);
        }
        Sums { source, phases, target: self.large, from_large: false, kernel }
    }
}

/// Rows and columns, one after another.
fn pixels(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |y| (0..columns).map(move |x| (y, x)))
}

/// The map that sums are taken from, with zeros around it, its channels side by side at each pixel.
#[derive(Clone, Debug)]
pub struct Source {
    /// `[channels, height, width]` without the zeros.
    pub map: [usize; 3],
    /// Rows and columns of zeros before it.
    pub before: [usize; 2],
    /// Rows and columns in all; where they are fewer than the map's, its last ones are never read.
    pub padded: [usize; 2],
}

impl Source {
    /// Numbers of the padded map.
    pub fn len(&self) -> usize {
        self.map[0] * self.padded[0] * self.padded[1]
    }

    /// The rows and columns that are read: how many of each.
    pub fn read(&self) -> [usize; 2] {
        let [_, h, w] = self.map;
        [h.min(self.padded[0] - self.before[0]), w.min(self.padded[1] - self.before[1])]
    }
}

/// A source, and the sums over it that make each pixel of a target.
#[derive(Clone, Debug)]
pub struct Sums {
    /// What is summed up.
    pub source: Source,
    /// Pixels that share their taps.
    pub phases: Vec<Phase>,
    /// `[channels, height, width]`.
    pub target: [usize; 3],
    /// Whether the source is the large map.
    pub from_large: bool,
    /// Side of the kernel.
    pub kernel: usize,
}

/// Pixels that the same taps reach.
#[derive(Clone, Debug)]
pub struct Phase {
    /// Where each pixel's sums begin in the padded source.
    pub bases: Vec<usize>,
    /// Which pixel of the target it is.
    pub targets: Vec<usize>,
    /// The stretches of the source, from each base on, that are summed up.
    pub runs: Vec<Run>,
}

/// A stretch of the padded source: neighbouring pixels with all their channels.
#[derive(Clone, Debug)]
pub struct Run {
    /// Where it begins, from a base on.
    pub offset: usize,
    /// The kernel's tap for each of its pixels.
    pub taps: Vec<usize>,
}
