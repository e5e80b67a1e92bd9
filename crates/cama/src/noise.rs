//! Standard normal noise, drawn on the host: the seeds of devices are global and differ between backends.

use burn::tensor::{Device, Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::data::Dataset;
use crate::fingerprint::{bits, fingerprint};

/// `n` standard normal numbers.
pub(crate) fn normals(n: usize, rng: &mut ChaCha8Rng) -> impl Iterator<Item = f32> {
    StandardNormal.sample_iter(rng).take(n)
}

/// A tensor of standard normal numbers.
pub(crate) fn normal<const D: usize>(shape: [usize; D], rng: &mut ChaCha8Rng, device: &Device) -> Tensor<D> {
    let values: Vec<f32> = normals(shape.iter().product(), rng).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Standard normal numbers, `[rngs, width]`: a row from each generator.
pub(crate) fn drawn(width: usize, rngs: &mut [ChaCha8Rng]) -> TensorData {
    let mut values = Vec::with_capacity(rngs.len() * width);
    rngs.iter_mut().for_each(|rng| values.extend(normals(width, rng)));
    TensorData::new(values, [rngs.len(), width])
}

/// One of many generators of a seed, each independent of the others.
pub(crate) fn stream_rng(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// The generator of example `i` of `data`, independent of those of all examples that hold something else. It follows from
/// what the example holds alone, so that what is made of it depends neither on where it stands nor on what comes with it.
pub(crate) fn example_rng(seed: u64, data: &impl Dataset, i: usize) -> ChaCha8Rng {
    let parts = [data.x(i), data.a(i), data.c(i)];
    stream_rng(seed, fingerprint(bits(parts.into_iter().flatten())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;

    #[test]
    fn examples_that_hold_the_same_share_their_noise_and_others_do_not() {
        let images = data::load("mnist:test[..300]").unwrap();
        let first =
            |data: &data::Images, i| normals(1, &mut example_rng(7, data, i)).next().unwrap().to_bits();
        let picked = images.select(&[5, 200, 5]);
        assert_eq!([0, 1, 2].map(|i| first(&picked, i)), [5, 200, 5].map(|i| first(&images, i)));
        let mut all: Vec<u32> = (0..300).map(|i| first(&images, i)).collect();
        all.sort_unstable();
        all.dedup();
        assert!(all.len() > 298, "{}", all.len());
    }
}
