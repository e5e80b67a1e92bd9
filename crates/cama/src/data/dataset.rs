//! What the loops ask of data, whatever it is.

use rand_chacha::ChaCha8Rng;

use super::Images;
use super::table::Schema;
use crate::input::Input;
use crate::manipulation::{Manipulation, Sweepable};
use crate::{Error, Result};

/// Examples that a model can read: images, or rows of a table.
pub trait Dataset: Clone + Send + Sync {
    /// What the world can do to such examples.
    type Manipulation: Sweepable + Send + Sync + PartialEq;

    /// What these examples are called in tables and messages.
    fn name(&self) -> &str;

    /// How many examples there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One index into [`classes`](Dataset::classes) for each example, where they are known.
    fn labels(&self) -> Option<&[usize]>;

    /// The names of the classes; may be empty if the examples are unlabelled.
    fn classes(&self) -> &[String];

    /// X of example `i`, as the model reads it.
    fn x(&self, i: usize) -> &[f32];

    /// A of example `i`: the observed parents of Y. Images have none.
    fn a(&self, _i: usize) -> &[f32] {
        &[]
    }

    /// C of example `i`: the observed co-parents of Y. Images have none.
    fn c(&self, _i: usize) -> &[f32] {
        &[]
    }

    /// `[channels, height, width]`, of images.
    fn image_shape(&self) -> Option<[usize; 3]> {
        None
    }

    /// What the columns are, of rows of a table.
    fn table_schema(&self) -> Option<&Schema> {
        None
    }

    /// Errors unless a model of `input` can read X, A and C.
    fn check_input(&self, input: &Input) -> Result<()>;

    /// The examples with these indices, in this order; an index may come more than once.
    fn select(&self, indices: &[usize]) -> Self;

    /// Bytes that an example takes in memory.
    fn bytes_each(&self) -> usize {
        match self.is_empty() {
            true => 0,
            false => (self.x(0).len() + self.a(0).len() + self.c(0).len()) * size_of::<f32>(),
        }
    }

    /// The same examples with their labels forgotten.
    fn without_labels(self) -> Self;

    /// The examples after `manipulation`, with the same labels; the same generator state gives the same bytes.
    ///
    /// # Errors
    ///
    /// If the manipulation cannot be done to such examples.
    fn manipulated(&self, manipulation: &Self::Manipulation, rng: &mut ChaCha8Rng) -> Result<Self>;
}

impl Dataset for Images {
    type Manipulation = Manipulation;

    fn name(&self) -> &str {
        Images::name(self)
    }

    fn len(&self) -> usize {
        Images::len(self)
    }

    fn labels(&self) -> Option<&[usize]> {
        Images::labels(self)
    }

    fn classes(&self) -> &[String] {
        Images::classes(self)
    }

    fn x(&self, i: usize) -> &[f32] {
        self.image(i)
    }

    fn image_shape(&self) -> Option<[usize; 3]> {
        Some(self.shape())
    }

    fn check_input(&self, input: &Input) -> Result<()> {
        let [c, h, w] = self.shape();
        match input {
            Input::Image(image) if image.shape == self.shape() => Ok(()),
            Input::Image(image) => {
                let [mc, mh, mw] = image.shape;
                Err(Error::Mismatch(format!(
                    "the model takes images of {mc} channel(s), {mh}×{mw} pixels, the data has {c} channel(s), {h}×{w}"
                )))
            }
            Input::Table(_) => {
                Err(Error::Mismatch(format!("the model takes rows of a table, {} are images", self.name())))
            }
        }
    }

    fn select(&self, indices: &[usize]) -> Self {
        Images::select(self, indices)
    }

    fn without_labels(self) -> Self {
        Images::without_labels(self)
    }

    fn manipulated(&self, manipulation: &Manipulation, rng: &mut ChaCha8Rng) -> Result<Self> {
        Ok(manipulation.apply(self, rng))
    }
}
