//! From host arrays to tensors on a device.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::data::Images;

/// Pixels of the images at `indices`, `[indices, channels·height·width]`.
pub(crate) fn pixels(
    images: &Images,
    indices: impl IntoIterator<Item = usize>,
    device: &Device,
) -> Tensor<2> {
    let values: Vec<f32> = indices.into_iter().flat_map(|i| images.image(i).iter().copied()).collect();
    let rows = values.len() / images.volume();
    Tensor::from_data(TensorData::new(values, [rows, images.volume()]), device)
}

/// Class indices of the images at `indices`, `[indices]`.
///
/// # Panics
///
/// If the images have no labels.
pub(crate) fn labels(images: &Images, indices: &[usize], device: &Device) -> Tensor<1, Int> {
    let all = images.labels().expect("labelled images");
    let values: Vec<i64> = indices.iter().map(|&i| all[i] as i64).collect();
    Tensor::from_data(TensorData::new(values, [indices.len()]), device)
}
