//! Labelled examples out of their data set, as a model folder keeps some of its training data.

use crate::{Error, Result};

/// Labelled examples out of their data set, as models read them.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptExamples {
    /// The values of one example after another: the pixels of an image, or all values of a row in the order of its schema's
    /// columns.
    pub values: Vec<f32>,
    /// Whether each value was observed and not filled in; empty where all were.
    pub known: Vec<bool>,
    /// The index of the class of each example.
    pub labels: Vec<usize>,
}

impl KeptExamples {
    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Values of an example.
    pub fn width(&self) -> usize {
        self.values.len() / self.len().max(1)
    }

    /// Errors unless these are examples of so many values and of so many classes; `name` is what they are called in messages.
    ///
    /// # Errors
    ///
    /// [`Error::Spec`], which says how they are not.
    pub fn check(&self, name: &str, width: usize, classes: usize) -> Result<()> {
        let wrong = |problem: String| Err(Error::spec("data", name, problem));
        let n = self.len();
        if self.values.len() != n * width {
            return wrong(format!("{} values are not {n} examples of {width}", self.values.len()));
        }
        if !self.known.is_empty() && self.known.len() != self.values.len() {
            return wrong(format!(
                "{} values, but {} marks of what is known",
                self.values.len(),
                self.known.len()
            ));
        }
        if let Some(at) = self.values.iter().position(|value| !value.is_finite()) {
            return wrong(format!("example {} holds {}", at / width.max(1), self.values[at]));
        }
        match self.labels.iter().find(|label| **label >= classes) {
            Some(label) => wrong(format!("a label is {label}, of {classes} classes")),
            None => Ok(()),
        }
    }
}
