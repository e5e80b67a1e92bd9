//! The mechanism of Y: a softmax of a random network of the parents.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::standard::{Standard, miscounted, out_of_bounds, rounded};

/// Units of the hidden layer.
const HIDDEN: usize = 16;
/// How much of the class the parents decide: the lower, the more.
const TEMPERATURE: f64 = 1.0;

/// g, and what its outputs are standardised by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassMechanism {
    temperature: f64,
    /// Q, one row a hidden unit.
    inputs: Vec<Vec<f64>>,
    /// q.
    bias: Vec<f64>,
    /// P, one row a class.
    outputs: Vec<Vec<f64>>,
    /// Of g_k(A), one a class.
    pub(super) standard: Vec<Standard>,
}

impl ClassMechanism {
    /// A random one, not yet standardised.
    pub(super) fn draw(parents: usize, classes: usize, rng: &mut ChaCha8Rng) -> Self {
        let mut normals = |number: usize, scale: f64| -> Vec<f64> {
            (0..number).map(|_| rounded(scale * rng.sample::<f64, _>(StandardNormal))).collect()
        };
        let spread = 1.5 / (parents.max(1) as f64).sqrt();
        Self {
            temperature: TEMPERATURE,
            inputs: (0..HIDDEN).map(|_| normals(parents, spread)).collect(),
            bias: normals(HIDDEN, 0.5),
            outputs: (0..classes).map(|_| normals(HIDDEN, 1.0 / (HIDDEN as f64).sqrt())).collect(),
            standard: vec![Standard::default(); classes],
        }
    }

    /// g(A), one number a class.
    pub(super) fn raw(&self, a: &[f64]) -> Vec<f64> {
        let hidden: Vec<f64> =
            self.inputs.iter().zip(&self.bias).map(|(row, bias)| (dot(row, a) + bias).tanh()).collect();
        self.outputs.iter().map(|row| dot(row, &hidden)).collect()
    }

    /// Log-odds of the classes given the parents, up to a constant.
    pub(super) fn logits(&self, a: &[f64]) -> Vec<f64> {
        let raw = self.raw(a);
        raw.iter().zip(&self.standard).map(|(g, standard)| standard.of(*g) / self.temperature).collect()
    }

    /// Y, by the Gumbel-max trick.
    pub(super) fn class(&self, a: &[f64], gumbel: &[f64]) -> usize {
        let scores = self.logits(a).into_iter().zip(gumbel).map(|(logit, noise)| logit + noise);
        scores.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(class, _)| class)
    }

    /// What is wrong with it as a mechanism of these sizes, if anything.
    pub(super) fn problem(&self, parents: usize, classes: usize) -> Option<String> {
        let Self { temperature, inputs, bias, outputs, standard } = self;
        let hidden = inputs.len();
        let each = |what: &str, rows: &[Vec<f64>], wanted: usize| {
            rows.iter().find_map(|row| miscounted(&format!("a row of {what}"), row.len(), wanted))
        };
        let problem = miscounted("bias", bias.len(), hidden)
            .or_else(|| miscounted("outputs", outputs.len(), classes))
            .or_else(|| miscounted("standard", standard.len(), classes))
            .or_else(|| each("inputs", inputs, parents))
            .or_else(|| each("outputs", outputs, hidden))
            .or_else(|| standard.iter().find_map(Standard::problem))
            .or_else(|| (*temperature <= 0.0).then(|| format!("temperature is {temperature}, not above 0")))
            .or_else(|| out_of_bounds(inputs.iter().flatten()))
            .or_else(|| out_of_bounds(outputs.iter().flatten()))
            .or_else(|| out_of_bounds(bias.iter().chain([temperature])));
        problem.map(|problem| format!("class: {problem}"))
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// g(A) = (tanh(2A + 1), −tanh(2A + 1)).
    fn known() -> ClassMechanism {
        ClassMechanism {
            temperature: 0.5,
            inputs: vec![vec![2.0]],
            bias: vec![1.0],
            outputs: vec![vec![1.0], vec![-1.0]],
            standard: vec![Standard { mean: 0.5, sd: 2.0 }, Standard::default()],
        }
    }

    #[test]
    fn logits_are_the_documented_ones() {
        let t = 3f64.tanh();
        let logits = known().logits(&[1.0]);
        assert!((logits[0] - (t - 0.5) / 2.0 / 0.5).abs() < 1e-12);
        assert!((logits[1] + t / 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_class_is_where_logit_and_noise_are_highest() {
        assert_eq!(known().class(&[1.0], &[0.0, 0.0]), 0);
        assert_eq!(known().class(&[1.0], &[0.0, 2.4]), 0);
        assert_eq!(known().class(&[1.0], &[0.0, 2.5]), 1);
    }

    #[test]
    fn wrong_sizes_and_values_are_found() {
        assert_eq!(known().problem(1, 2), None);
        let problem = |mechanism: ClassMechanism| mechanism.problem(1, 2).unwrap();
        assert!(known().problem(2, 2).unwrap().contains("a row of inputs has 1 entries, where 2 are needed"));
        assert!(known().problem(1, 3).unwrap().contains("outputs has 2 entries, where 3 are needed"));
        assert!(problem(ClassMechanism { bias: vec![], ..known() }).contains("class: bias has 0"));
        assert!(problem(ClassMechanism { temperature: 0.0, ..known() }).contains("temperature is 0"));
        assert!(problem(ClassMechanism { bias: vec![1e300], ..known() }).contains("1e300"));
        let standard = vec![Standard { mean: 0.0, sd: 0.0 }; 2];
        assert!(problem(ClassMechanism { standard, ..known() }).contains("sd"));
    }
}
