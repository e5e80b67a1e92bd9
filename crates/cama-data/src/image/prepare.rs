//! What is done to pictures so that all are alike: one size, grey or colour, without transparency.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::passage::{Opened, Passage, Taker};
use crate::{Error, Result};

/// What is done to pictures so that all are alike. A model keeps it, so that what it reads later is prepared in the same
/// way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preparation {
    /// `[channels, height, width]`: grey pictures get equal channels of colour, coloured ones become grey; sizes change by
    /// averaging areas, and by linear interpolation where pictures grow, whatever that does to their proportions. Nothing where they were
    /// alike, and others are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<[usize; 3]>,
    /// The grey level in [0, 1] that transparent pictures are laid on.
    pub background: f32,
    /// The number that was white, where the type of the numbers did not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub white: Option<f64>,
    /// Whether that was told, and not found out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub white_was_told: bool,
    /// The array of the training data that holds the images, if it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// The array of the training data that holds the labels, if it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
}

/// What transparent pictures are laid on, unless something else is asked for: white, as paper.
pub const BACKGROUND: f32 = 1.0;

/// Height and width in pixels, written `28x28`, or `28` for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

impl FromStr for Size {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let side = |text: &str| text.trim().parse().ok().filter(|side| (1..=4096).contains(side));
        let size = match text.split_once(['x', '×']) {
            Some((height, width)) => side(height).zip(side(width)),
            None => side(text).map(|side| (side, side)),
        };
        let Some((height, width)) = size else {
            let problem =
                "write HEIGHTxWIDTH in pixels, as in 48x64, or one number for both; sides from 1 to 4096";
            return Err(Error::spec("size", text, problem));
        };
        Ok(Self { height, width })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.height, self.width)
    }
}

/// An image `[channel][row][column]` of the shape `from`, as one of the shape `to`; channels are 1 or 3.
pub(super) fn prepared(image: &[f32], from: [usize; 3], to: [usize; 3]) -> Vec<f32> {
    let area = from[1] * from[2];
    let grey: Vec<f32>;
    let planes: Vec<&[f32]> = match (from[0], to[0]) {
        (3, 1) => {
            // The weights of sRGB (IEC 61966-2-1), by which readers of image files make colours grey.
            let of = |i: usize| 0.2126 * image[i] + 0.7152 * image[area + i] + 0.0722 * image[2 * area + i];
            grey = (0..area).map(of).collect();
            vec![&grey]
        }
        (1, channels) => vec![image; channels],
        _ => image.chunks(area).collect(),
    };
    planes.into_iter().flat_map(|plane| resized(plane, [from[1], from[2]], [to[1], to[2]])).collect()
}

/// `[row][column]` of the size `from` as one of the size `to`.
fn resized(plane: &[f32], from: [usize; 2], to: [usize; 2]) -> Vec<f32> {
    if from == to {
        return plane.to_vec();
    }
    let (rows, columns) = (weights(from[0], to[0]), weights(from[1], to[1]));
    let mut narrow = Vec::with_capacity(from[0] * to[1]);
    for row in plane.chunks_exact(from[1]) {
        narrow.extend(columns.iter().map(|(first, weights)| {
            row[*first..].iter().zip(weights).map(|(pixel, weight)| pixel * weight).sum::<f32>()
        }));
    }
    let mut small = Vec::with_capacity(to[0] * to[1]);
    for (first, weights) in &rows {
        for column in 0..to[1] {
            let pixel = |(i, weight): (usize, &f32)| narrow[(first + i) * to[1] + column] * weight;
            // Weights that sum to 1 but for rounding.
            small.push(weights.iter().enumerate().map(pixel).sum::<f32>().clamp(0.0, 1.0));
        }
    }
    small
}

/// Of each pixel of a line of `to`, the first pixel of a line of `from` that it is made of, and the weights of that and of
/// those behind it: the shares of the area that it covers, or of the two nearest centres where the line grows.
fn weights(from: usize, to: usize) -> Vec<(usize, Vec<f32>)> {
    let scale = from as f64 / to as f64;
    let area = |i: usize| {
        let (start, end) = (i as f64 * scale, (i + 1) as f64 * scale);
        let (first, last) = (start.floor() as usize, (end.ceil() as usize).min(from));
        let covered = |at: usize| (end.min((at + 1) as f64) - start.max(at as f64)).max(0.0);
        (first, (first..last).map(|at| (covered(at) / scale) as f32).collect())
    };
    let linear = |i: usize| {
        let centre = ((i as f64 + 0.5) * scale - 0.5).clamp(0.0, (from - 1) as f64);
        let first = (centre.floor() as usize).min(from - 1);
        let share = (centre - first as f64) as f32;
        (first, if first + 1 < from { vec![1.0 - share, share] } else { vec![1.0] })
    };
    (0..to).map(|i| if scale >= 1.0 { area(i) } else { linear(i) }).collect()
}

/// Images of another shape, prepared as they are gone through.
struct Prepared {
    images: Box<dyn Passage>,
    from: [usize; 3],
    to: [usize; 3],
}

impl Passage for Prepared {
    fn pass(&self, range: Range<usize>, take: &mut Taker) -> Result<()> {
        self.images.pass(range, &mut |image| take(&prepared(image, self.from, self.to)))
    }

    fn name(&self, i: usize) -> Option<String> {
        self.images.name(i)
    }

    fn is_sound(&self) -> bool {
        self.images.is_sound()
    }
}

impl Opened {
    /// The same images in another shape.
    pub(super) fn prepared(mut self, to: [usize; 3]) -> Opened {
        if self.shape == to {
            return self;
        }
        self.changed = true;
        let from = std::mem::replace(&mut self.shape, to);
        self.passage = Box::new(Prepared { images: self.passage, from, to });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_averaged_and_lines_interpolated() {
        let image = [0.0, 1.0, 0.5, 0.5];
        assert_eq!(prepared(&image, [1, 2, 2], [1, 1, 1]), [0.5]);
        assert_eq!(prepared(&image, [1, 1, 4], [1, 1, 2]), [0.5, 0.5]);
        // Three pixels of four: each covers a whole one and a third of another.
        let thirds = prepared(&[1.0, 0.0, 0.0, 0.0], [1, 1, 4], [1, 1, 3]);
        assert!((thirds[0] - 0.75).abs() < 1e-6 && thirds[1..] == [0.0, 0.0], "{thirds:?}");
        assert_eq!(prepared(&[0.0, 1.0], [1, 1, 2], [1, 1, 4]), [0.0, 0.25, 0.75, 1.0]);
        assert_eq!(prepared(&image, [1, 2, 2], [1, 2, 2]), image);
        assert_eq!(prepared(&[0.25], [1, 1, 1], [3, 2, 2]), [0.25; 12]);
        let grey = prepared(&[1.0, 0.0, 0.0], [3, 1, 1], [1, 1, 1]);
        assert!((grey[0] - 0.2126).abs() < 1e-6);
        assert_eq!(prepared(&[1.0, 0.5, 0.0], [3, 1, 1], [3, 1, 1]), [1.0, 0.5, 0.0]);
    }

    #[test]
    fn what_is_even_stays_even_at_every_size() {
        for from in [[1, 1], [3, 7], [40, 31], [64, 64]] {
            for to in [[1, 1], [5, 4], [28, 28], [90, 3]] {
                let image = prepared(&vec![0.7; from[0] * from[1]], [1, from[0], from[1]], [1, to[0], to[1]]);
                assert_eq!(image.len(), to[0] * to[1]);
                assert!(image.iter().all(|pixel| (pixel - 0.7).abs() < 1e-5), "{from:?} {to:?}");
            }
        }
    }

    #[test]
    fn sizes_are_written_as_people_do() {
        let size = |text: &str| text.parse::<Size>().map(|size| (size.height, size.width)).ok();
        assert_eq!(size("48x64"), Some((48, 64)));
        assert_eq!((size("28"), size(" 3 x 4 ")), (Some((28, 28)), Some((3, 4))));
        for bad in ["", "0", "3x", "x3", "3x4x5", "-3", "9999", "a"] {
            assert_eq!(size(bad), None, "{bad}");
        }
        assert_eq!("48x64".parse::<Size>().unwrap().to_string(), "48x64");
    }
}
