//! A, C and X of every example, concatenated: what a discriminative classifier reads.

use burn::tensor::{Device, Tensor, TensorData};
use cama::data::{Dataset, shuffled};
use cama::{Error, Observed, Result};
use rand_chacha::ChaCha8Rng;

/// One row of features an example, all of one width and all finite.
#[derive(Clone, Debug)]
pub(super) struct Features {
    values: Vec<f32>,
    width: usize,
}

impl Features {
    /// A, then C, then X of every example of `data`.
    ///
    /// # Errors
    ///
    /// If there are no examples, no features in them, not equally many in all of them, or one is not finite.
    pub fn of(data: &impl Dataset) -> Result<Self> {
        let wrong = |problem: String| Error::spec("data", data.name(), problem);
        if data.is_empty() {
            return Err(wrong("there are no examples; a baseline needs some".into()));
        }
        let parts = |i| [data.a(i), data.c(i), data.x(i)];
        let width = parts(0).iter().map(|part| part.len()).sum();
        if width == 0 {
            return Err(wrong("its examples have neither A, C nor X; a baseline needs at least one".into()));
        }
        let mut values = Vec::with_capacity(data.len() * width);
        for i in 0..data.len() {
            parts(i).iter().for_each(|part| values.extend_from_slice(part));
            let row = &values[i * width..];
            if row.len() != width {
                return Err(wrong(format!(
                    "example {i} has {} features, but example 0 has {width}",
                    row.len()
                )));
            }
            if let Some(at) = row.iter().position(|v| !v.is_finite()) {
                return Err(wrong(format!(
                    "feature {at} of example {i} is {}; a baseline needs finite ones",
                    row[at]
                )));
            }
        }
        Ok(Self { values, width })
    }

    /// From rows of features, at least one, all of one width.
    ///
    /// # Errors
    ///
    /// If a feature is not finite.
    pub fn of_rows<'a>(rows: impl Iterator<Item = &'a [f32]>) -> Result<Self> {
        let (mut values, mut width) = (Vec::new(), 0);
        for (i, row) in rows.enumerate() {
            if let Some(at) = row.iter().position(|v| !v.is_finite()) {
                return Err(Error::Diverged(format!("feature {at} of example {i} is {}", row[at])));
            }
            values.extend_from_slice(row);
            width = row.len();
        }
        Ok(Self { values, width })
    }

    /// Those at `indices`, in this order.
    pub fn select(&self, indices: &[usize]) -> Self {
        let values = indices.iter().flat_map(|&i| self.row(i).iter().copied()).collect();
        Self { values, width: self.width }
    }

    /// Adds examples of the same width.
    pub fn extend(&mut self, others: &Self) {
        self.values.extend_from_slice(&others.values);
    }

    /// How many examples.
    pub fn len(&self) -> usize {
        self.values.len() / self.width
    }

    /// How many features in each.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The features of example `i`.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.width..(i + 1) * self.width]
    }

    /// The features of the examples at `indices`, `[indices, width]`.
    pub fn tensor(&self, indices: impl Iterator<Item = usize>, device: &Device) -> Tensor<2> {
        let values: Vec<f32> = indices.flat_map(|i| self.row(i).iter().copied()).collect();
        let rows = values.len() / self.width;
        Tensor::from_data(TensorData::new(values, [rows, self.width]), device)
    }
}

/// A, C and X of `observed`, `[rows, width]`, in the order of [`Features`].
pub(super) fn concatenated(observed: &Observed) -> Tensor<2> {
    let Observed { x, a, c, .. } = observed;
    let parts: Vec<_> = [a, c].into_iter().flatten().chain([x]).cloned().collect();
    if parts.len() == 1 { x.clone() } else { Tensor::cat(parts, 1) }
}

/// Examples to learn from, with their classes.
#[derive(Clone, Debug)]
pub(super) struct Labelled {
    pub features: Features,
    pub labels: Vec<usize>,
    pub classes: usize,
}

impl Labelled {
    /// The fewest examples of which a tenth can be split off.
    const FEWEST: usize = 10;

    /// What the classifier called `name` learns from.
    ///
    /// # Errors
    ///
    /// If `data` has no labels, fewer than two classes, fewer than ten examples, or features that
    /// [`Features::of`] refuses.
    pub fn of(data: &impl Dataset, name: &str) -> Result<Self> {
        let Some(labels) = data.labels() else {
            return Err(Error::Mismatch(format!("{} has no labels for `{name}` to learn from", data.name())));
        };
        let classes = data.classes().len();
        if classes < 2 {
            return Err(Error::Mismatch(format!(
                "{} has {classes} classes, but `{name}` needs two or more",
                data.name()
            )));
        }
        if data.len() < Self::FEWEST {
            return Err(Error::Mismatch(format!(
                "{} has {} examples, but `{name}` validates on a tenth of them and needs {} or more",
                data.name(),
                data.len(),
                Self::FEWEST
            )));
        }
        Ok(Self { features: Features::of(data)?, labels: labels.to_vec(), classes })
    }

    /// The indices of the training examples, and of the validation set: a tenth, drawn at random.
    pub fn split(&self, rng: &mut ChaCha8Rng) -> (Vec<usize>, Vec<usize>) {
        let mut order = shuffled(self.labels.len(), rng);
        let validation = order.split_off(order.len() - order.len() / 10);
        (order, validation)
    }
}

/// Probabilities from their unnormalised logarithms.
pub(super) fn softmax(scores: &[f64]) -> Vec<f64> {
    let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exps: Vec<f64> = scores.iter().map(|s| (s - max).exp()).collect();
    let sum: f64 = exps.iter().sum();
    exps.into_iter().map(|e| e / sum).collect()
}
