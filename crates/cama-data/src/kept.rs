//! Labelled examples out of their data set, as a model folder keeps some of its training data.

use crate::{Dataset, Error, Result};

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

/// The checksum of examples that come one part after another: of their values and labels, not of what they are called.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint {
    examples: u64,
    hash: u64,
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self { examples: 0, hash: 0xcbf2_9ce4_8422_2325 }
    }
}

impl Fingerprint {
    /// That of data that is all in memory.
    pub fn of(data: &impl Dataset) -> Self {
        let mut all = Self::default();
        all.add(data);
        all
    }

    /// Adds the next examples.
    pub fn add(&mut self, data: &impl Dataset) {
        let labels = data.labels();
        for i in 0..data.len() {
            for values in [data.x(i), data.a(i), data.c(i)] {
                values.iter().for_each(|value| self.word(u64::from(value.to_bits())));
            }
            let known = data.x_known(i).unwrap_or_default().iter().enumerate();
            known.filter(|(_, known)| !**known).for_each(|(at, _)| self.word(at as u64));
            self.word(labels.map_or(u64::MAX, |labels| labels[i] as u64));
        }
        self.examples += data.len() as u64;
    }

    /// FNV-1a over words.
    fn word(&mut self, word: u64) {
        self.hash = (self.hash ^ word).wrapping_mul(0x0100_0000_01b3);
    }
}

/// The number of examples and their checksum.
impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:016x}", self.examples, self.hash)
    }
}
