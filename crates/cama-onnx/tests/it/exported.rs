//! What an exported file gives.

use cama_onnx::Export;
use rten::{Model, Value};

/// Within the rounding of single precision.
pub const TOLERANCE: f32 = 1e-4;

/// An output of the file for an input of this shape, flat, by the runtime that this crate has.
pub fn run(exported: &Export, dims: &[usize], x: &[f32], output: &str) -> Vec<f32> {
    let model = Model::load(exported.bytes().to_vec()).unwrap();
    let value = Value::from_shape(dims, x.to_vec()).unwrap();
    let input = model.input_ids()[0];
    let output = model.node_id(output).unwrap();
    let [value] = model.run_n(vec![(input, value.into())], [output], None).unwrap();
    let Value::FloatTensor(tensor) = value else { panic!("{output} is no tensor of floats") };
    tensor.into_data()
}

/// The largest difference.
pub fn furthest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
