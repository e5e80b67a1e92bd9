//! A set of images of one size, with labels where they are known.

/// Images of one size as `f32` in [0, 1], with labels where they are known.
///
/// Pixels are stored as `[image][channel][row][column]`, one after another.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    name: String,
    shape: [usize; 3],
    pixels: Vec<f32>,
    labels: Option<Vec<usize>>,
    classes: Vec<String>,
}
