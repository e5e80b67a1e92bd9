//! How images are read, where there is a choice.

use super::prepare::{BACKGROUND, Preparation, Size};
use crate::range::path_and_range;

/// How images are read, where there is a choice.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageOptions {
    /// The array of an NPZ file that holds the images; found by its name unless given.
    pub x: Option<String>,
    /// The array of an NPZ file that holds the labels; found by its name unless given.
    pub y: Option<String>,
    /// What is done where pictures differ from each other, or from what is wanted.
    pub fit: Fit,
    /// The grey level in [0, 1] that transparent pictures are laid on.
    pub background: f32,
    /// The number that is white in pictures of 16 bits, and in arrays of numbers other than bytes; unless given 65,535, in arrays
    /// what there is in them decides.
    pub white: Option<f64>,
    /// What was white in the data that a model was trained on: it is in pictures of 16 bits, unless it was found in numbers that go to
    /// 255, and in arrays where what there is in them would have to decide, but for floats that go to 1.
    pub usual_white: Option<f64>,
    /// Whether that was told, and not found out.
    pub usual_was_told: bool,
}

/// What is done where pictures differ from each other, or from what is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Fit {
    /// They are refused.
    #[default]
    Refuse,
    /// All get a size and channels that suit most of them, if they differ.
    Common,
    /// All are resized; those of files get channels that suit all of them.
    Size(Size),
    /// All get this shape, `[channels, height, width]`.
    Shape([usize; 3]),
}

impl Default for ImageOptions {
    fn default() -> Self {
        Self {
            x: None,
            y: None,
            fit: Fit::default(),
            background: BACKGROUND,
            white: None,
            usual_white: None,
            usual_was_told: false,
        }
    }
}

/// Whether what is called so holds arrays that have names.
pub(super) fn names_arrays(path: &str) -> bool {
    path.to_lowercase().ends_with(".npz")
}

impl ImageOptions {
    /// As the pictures were read that a model was trained on.
    pub fn as_prepared(preparation: &Preparation) -> Self {
        let Preparation { shape, background, white, white_was_told, .. } = *preparation;
        let fit = shape.map_or(Fit::Refuse, Fit::Shape);
        Self { fit, background, usual_white: white, usual_was_told: white_was_told, ..Self::default() }
    }

    /// With these names of arrays, where `spec` is an NPZ file: nothing else has any.
    pub fn naming(self, spec: &str, [x, y]: [&Option<String>; 2]) -> Self {
        match names_arrays(path_and_range(spec).0) {
            true => Self { x: x.clone(), y: y.clone(), ..self },
            false => self,
        }
    }
}
