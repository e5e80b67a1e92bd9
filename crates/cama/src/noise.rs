//! Standard normal noise, drawn on the host: the seeds of devices are global and differ between backends.

use burn::tensor::{Device, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// `n` standard normal numbers.
pub(crate) fn normals(n: usize, rng: &mut ChaCha8Rng) -> impl Iterator<Item = f32> {
    StandardNormal.sample_iter(rng).take(n)
}

/// A tensor of standard normal numbers.
pub(crate) fn normal<const D: usize>(shape: [usize; D], rng: &mut ChaCha8Rng, device: &Device) -> Tensor<D> {
    let values: Vec<f32> = normals(shape.iter().product(), rng).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}
