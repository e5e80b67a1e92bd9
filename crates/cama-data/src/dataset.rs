//! What the loops ask of data, whatever it is.

use rand_chacha::ChaCha8Rng;

use super::kept::KeptExamples;
use super::names::Names;
use super::table::Schema;
use crate::Result;
use crate::manipulation::Sweepable;
use crate::shape::DataShape;

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

    /// The class that all examples are of, if they have labels and there is but one.
    fn only_class(&self) -> Option<&str> {
        let labels = self.labels()?;
        let first = *labels.first()?;
        labels.iter().all(|&label| label == first).then(|| self.classes()[first].as_str())
    }

    /// X of example `i`, as the model reads it.
    fn x(&self, i: usize) -> &[f32];

    /// Which values of X of example `i` were observed; the others are filled in. Nothing where all were.
    fn x_known(&self, _i: usize) -> Option<&[bool]> {
        None
    }

    /// A of example `i`: the observed parents of Y. Images have none.
    fn a(&self, _i: usize) -> &[f32] {
        &[]
    }

    /// C of example `i`: the observed co-parents of Y. Images have none.
    fn c(&self, _i: usize) -> &[f32] {
        &[]
    }

    /// What every example consists of.
    fn data_shape(&self) -> DataShape;

    /// What the columns are, of rows of a table.
    fn table_schema(&self) -> Option<&Schema> {
        None
    }

    /// Where example `i` stands in its file, counted from 0: rows may have been left out before it.
    fn index(&self, i: usize) -> usize {
        i
    }

    /// What the examples are called where they come from: their files, or what the key column of their table says. Nothing
    /// where they go by their index alone.
    fn names(&self) -> Option<&Names> {
        None
    }

    /// Errors unless what reads examples of `shape` can read X, A and C of these.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`](crate::Error::Mismatch), which says how the two differ.
    fn check_shape(&self, shape: &DataShape) -> Result<()>;

    /// Probabilities of the classes that the labels suggest; nothing where all classes are taken as equally probable.
    fn class_frequencies(&self) -> Option<Vec<f64>> {
        None
    }

    /// The examples with these indices, in this order; an index may come more than once.
    fn select(&self, indices: &[usize]) -> Self;

    /// Bytes that an example takes in memory.
    fn bytes_each(&self) -> usize {
        match self.is_empty() {
            true => 0,
            false => (self.x(0).len() + self.a(0).len() + self.c(0).len()) * size_of::<f32>(),
        }
    }

    /// The same examples with other X: one after another, as a model reads them.
    ///
    /// # Errors
    ///
    /// If there are not as many values as the examples need, or one is not allowed.
    fn with_x(&self, x: &[f32]) -> Result<Self>;

    /// The examples at these indices with their labels, to be kept elsewhere; nothing where they have no labels, or where such
    /// examples cannot be kept.
    fn to_kept(&self, _indices: &[usize]) -> Option<KeptExamples> {
        None
    }

    /// Examples that were [kept](Dataset::to_kept) of data like this, with these classes, under another name; nothing where such
    /// examples cannot be kept.
    ///
    /// # Errors
    ///
    /// [`Error::Spec`](crate::Error::Spec) if they are not of such data.
    fn of_kept(&self, _name: &str, _kept: &KeptExamples, _classes: &[String]) -> Result<Option<Self>> {
        Ok(None)
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

/// Examples that batches can be put together to.
pub trait Appendable: Dataset {
    /// Adds another batch of the same data.
    ///
    /// # Panics
    ///
    /// If its examples are of another size, or labelled where these are not.
    fn append(&mut self, batch: &Self);
}
