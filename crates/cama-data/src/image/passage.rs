//! What every reader of a format of images gives: what it knows beforehand, and a way through the images.

use std::ops::{ControlFlow, Range};

use crate::Result;

/// What a reader of a format knows before it reads any image.
pub(super) struct Opened {
    /// `[channels, height, width]` of every image.
    pub(super) shape: [usize; 3],
    /// How many images there are.
    pub(super) len: usize,
    pub(super) labels: Option<Labels>,
    pub(super) classes: Vec<String>,
    pub(super) passage: Box<dyn Passage>,
    /// What was understood of the source, where it could be meant otherwise, in words.
    pub(super) notices: Vec<String>,
    /// Whether images were made alike, or had to lie on a background.
    pub(super) changed: bool,
    /// Whether numbers have more than 8 bits, so that which of them is white can be told.
    pub(super) wide: bool,
    /// The number that is white, where that was told or to be found out.
    pub(super) white: Option<f64>,
}

/// One index into the classes for each image.
pub(super) enum Labels {
    /// As listed.
    Listed(Vec<u16>),
    /// So many classes in turn.
    InTurn(usize),
}

impl Labels {
    /// That of image `i`.
    pub(super) fn of(&self, i: usize) -> usize {
        match self {
            Labels::Listed(all) => usize::from(all[i]),
            Labels::InTurn(classes) => i % classes,
        }
    }
}

/// Takes an image, `[channel][row][column]` in [0, 1]; can end the passage.
pub(super) type Taker<'a> = dyn FnMut(&[f32]) -> ControlFlow<()> + 'a;

/// What goes through the images of a source in their order.
pub(super) trait Passage: Send + Sync {
    /// Hands every image of `range` to `take`. A range that goes to the end also finds out whether the source ends where
    /// it should; what comes before the range is passed over unseen where that is cheaper.
    fn pass(&self, range: Range<usize>, take: &mut Taker) -> Result<()>;

    /// The file of image `i`, as a path within what was opened, if it has one of its own.
    fn name(&self, _i: usize) -> Option<String> {
        None
    }

    /// Whether nothing can be wrong with it, so that nobody need look at what is not in a range.
    fn is_sound(&self) -> bool {
        false
    }
}

impl<T: Passage + ?Sized> Passage for &T {
    fn pass(&self, range: Range<usize>, take: &mut Taker) -> Result<()> {
        T::pass(self, range, take)
    }

    fn name(&self, i: usize) -> Option<String> {
        T::name(self, i)
    }

    fn is_sound(&self) -> bool {
        T::is_sound(self)
    }
}
