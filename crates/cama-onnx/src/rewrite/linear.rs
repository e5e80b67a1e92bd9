//! Linear classifiers: logistic regression, linear discriminant analysis, linear support vectors.

use rten_onnx::onnx::NodeProto;

use super::{Reason, class_count, input, numbers, output};
use crate::nodes::{Nodes, int};

impl Nodes<'_> {
    /// x · wᵀ + b, and what follows of it.
    pub(super) fn linear_classifier(&mut self, node: &NodeProto) -> Result<(), Reason> {
        let (weights, biases) = (numbers(node, "coefficients"), numbers(node, "intercepts"));
        let classes = class_count(node);
        // Without biases their number is not known: one for each class, then.
        let rows = if biases.is_empty() { classes } else { biases.len() };
        if rows == 0 || weights.is_empty() || !weights.len().is_multiple_of(rows) {
            return Err(format!("{} coefficients do not go with {rows} intercepts", weights.len()));
        }
        let columns = weights.len() / rows;
        let transposed =
            (0..columns).flat_map(|c| (0..rows).map(move |r| weights[r * columns + c])).collect();
        let weights = self.floats(&[columns, rows], transposed);
        let x = self.float(input(node, 0)?);
        let mut scores = self.add("MatMul", &[&x, &weights], vec![]);
        if !biases.is_empty() {
            let biases = self.floats(&[1, rows], biases.to_vec());
            scores = self.add("Add", &[&scores, &biases], vec![]);
        }
        if rows == 1 && classes == 2 {
            // One score speaks for the second class, and against the first.
            let against = self.add("Neg", &[&scores], vec![]);
            scores = self.add("Concat", &[&against, &scores], vec![int("axis", 1)]);
        }
        self.post_transform(node, &scores, output(node, 1)?)
    }
}
