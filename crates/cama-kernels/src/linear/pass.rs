//! Passes over all rows of a batch.

use std::borrow::Cow;

use crate::activation::{activate, activate_backward};
use crate::matrix::{Matrix, product};

/// The activated x W + b of `[rows, inputs]` and `[inputs, outputs]`: `[rows, outputs]`.
pub fn forward(x: &[f32], weight: &[f32], bias: &[f32], slope: f32) -> Vec<f32> {
    let outputs = bias.len();
    let inputs = weight.len() / outputs;
    let rows = x.len() / inputs;
    if rows == 1 {
        // A product with a vector sums in an order of its own: a row would not get the same last bits alone as among others.
        let mut y = forward(&x.repeat(2), weight, bias, slope);
        y.truncate(outputs);
        return y;
    }
    let mut y = Vec::with_capacity(rows * outputs);
    (0..rows).for_each(|_| y.extend_from_slice(bias));
    product(Matrix::new(x, inputs), Matrix::new(weight, outputs), &mut y, true);
    activate(&mut y, slope);
    y
}

/// The gradient before activation, where that of the output `y` is `gradient`; outputs have their inputs' signs.
pub fn before_activation<'a>(gradient: &'a [f32], y: &[f32], slope: f32) -> Cow<'a, [f32]> {
    if slope == 1.0 {
        return gradient.into();
    }
    let mut before = vec![0.0; gradient.len()];
    activate_backward(gradient, y, slope, &mut before);
    before.into()
}

/// Products of two matrices that both lie along what is summed have orders of their own where they have as few numbers as this.
const DOTS: usize = 16 * 16;

/// The gradient of the input, `[rows, inputs]`.
pub fn of_input(before: &[f32], weight: &[f32], outputs: usize) -> Vec<f32> {
    let (rows, inputs) = (before.len() / outputs, weight.len() / outputs);
    let enough = 2.max(DOTS / inputs + 1);
    if rows < enough {
        // As above: a row would not get the same last bits among few as among many.
        let mut padded = before.to_vec();
        padded.resize(enough * outputs, 0.0);
        let mut x = of_input(&padded, weight, outputs);
        x.truncate(rows * inputs);
        return x;
    }
    let mut x = vec![0.0; rows * inputs];
    product(Matrix::new(before, outputs), Matrix::new(weight, outputs).transposed(), &mut x, false);
    x
}

/// The gradient of the weights, `[inputs, outputs]`.
pub fn of_weights(before: &[f32], x: &[f32], outputs: usize) -> Vec<f32> {
    let rows = before.len() / outputs;
    let inputs = x.len() / rows;
    let mut weight = vec![0.0; inputs * outputs];
    product(Matrix::new(x, inputs).transposed(), Matrix::new(before, outputs), &mut weight, false);
    weight
}

/// The gradient of the bias.
pub fn of_bias(before: &[f32], outputs: usize) -> Vec<f32> {
    let mut bias = vec![0.0; outputs];
    for row in before.chunks_exact(outputs) {
        bias.iter_mut().zip(row).for_each(|(b, g)| *b += g);
    }
    bias
}
