//! Standard normal noise, drawn on the host: the seeds of devices are global and differ between backends.

use burn::tensor::{Device, Tensor, TensorData};
use rand::SeedableRng;
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

/// One of many generators of a seed, each independent of the others.
pub(crate) fn stream_rng(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// The generator of example `index`, independent of those of all others.
pub(crate) fn example_rng(seed: u64, index: usize) -> ChaCha8Rng {
    stream_rng(seed, index as u64)
}
