//! A titled grid of images, before it is drawn.

use cama::data::Images;

/// A titled grid of images of one size.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// Short headings of the columns; may be empty.
    pub columns: Vec<String>,
    /// The rows, top to bottom.
    pub strips: Vec<Strip>,
    /// Rows that belong together: a wider gap follows every so many rows; 0 is none.
    pub group: usize,
}

/// One row of a panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strip {
    /// What stands at its left, lines separated by `\n`; may be empty.
    pub label: String,
    /// Pixels of each image, `[channel][row][column]`; values outside [0, 1] are clipped.
    pub images: Vec<Vec<f32>>,
}

impl Strip {
    /// A row of pixels.
    pub fn new(label: impl Into<String>, images: Vec<Vec<f32>>) -> Self {
        Self { label: label.into(), images }
    }

    /// A row of all these images.
    pub fn of(label: impl Into<String>, images: &Images) -> Self {
        Self::new(label, (0..images.len()).map(|i| images.image(i).to_vec()).collect())
    }
}
