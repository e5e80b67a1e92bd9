//! Tensors of the `flex` backend as slices of numbers, and back.

use std::borrow::Cow;

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::TensorData;

/// The numbers of a tensor, row after row; copied only if they are not stored so.
///
/// # Panics
///
/// If they are not of single precision.
pub fn numbers(tensor: &FloatTensor<Flex>) -> Cow<'_, [f32]> {
    match tensor.as_slice::<f32>() {
        Some(numbers) => Cow::Borrowed(numbers),
        None => {
            let tensor = tensor.to_contiguous();
            Cow::Owned(tensor.as_slice::<f32>().expect("just made contiguous").to_vec())
        }
    }
}

/// A tensor's shape.
pub fn shape(tensor: &FloatTensor<Flex>) -> Vec<usize> {
    tensor.layout().shape().to_vec()
}

/// A tensor of these numbers, row after row.
pub fn tensor(numbers: Vec<f32>, shape: &[usize]) -> FloatTensor<Flex> {
    FloatTensor::<Flex>::from_data(TensorData::new(numbers, shape.to_vec()))
}
