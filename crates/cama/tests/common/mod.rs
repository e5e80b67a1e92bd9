//! Rows of numbers as data, for tests that make their own.

use cama::data::Dataset;
use cama::manipulation::Manipulation;
use cama::{ChildColumn, ChildKind, Error, Input, Result, TableInput};
use rand_chacha::ChaCha8Rng;

/// Rows of numeric children, parents and co-parents, straight from a formula.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    pub x: Vec<Vec<f32>>,
    pub a: Vec<Vec<f32>>,
    pub c: Vec<Vec<f32>>,
    pub labels: Option<Vec<usize>>,
    pub classes: Vec<String>,
}

impl Numbers {
    /// What a model of such rows reads.
    pub fn input(&self) -> TableInput {
        let n = self.classes.len();
        let column = |i| ChildColumn { name: format!("X{i}"), kind: ChildKind::Number };
        TableInput {
            children: (0..self.x[0].len()).map(column).collect(),
            parents: self.a[0].len(),
            co_parents: self.c[0].len(),
            class_frequencies: vec![1.0 / n as f64; n],
            layers: 1,
            ..TableInput::default()
        }
    }
}

impl Dataset for Numbers {
    type Manipulation = Manipulation;

    fn name(&self) -> &str {
        "numbers"
    }

    fn len(&self) -> usize {
        self.x.len()
    }

    fn labels(&self) -> Option<&[usize]> {
        self.labels.as_deref()
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn x(&self, i: usize) -> &[f32] {
        &self.x[i]
    }

    fn a(&self, i: usize) -> &[f32] {
        &self.a[i]
    }

    fn c(&self, i: usize) -> &[f32] {
        &self.c[i]
    }

    fn check_input(&self, input: &Input) -> Result<()> {
        match input.table() {
            Some(table) if table.width() == self.x[0].len() => Ok(()),
            _ => Err(Error::Mismatch("other columns".into())),
        }
    }

    fn select(&self, indices: &[usize]) -> Self {
        let pick = |rows: &Vec<Vec<f32>>| indices.iter().map(|&i| rows[i].clone()).collect();
        Self {
            x: pick(&self.x),
            a: pick(&self.a),
            c: pick(&self.c),
            labels: self.labels.as_ref().map(|labels| indices.iter().map(|&i| labels[i]).collect()),
            classes: self.classes.clone(),
        }
    }

    fn without_labels(self) -> Self {
        Self { labels: None, ..self }
    }

    fn manipulated(&self, manipulation: &Manipulation, _rng: &mut ChaCha8Rng) -> Result<Self> {
        Err(Error::Mismatch(format!("{manipulation} is for images")))
    }
}
