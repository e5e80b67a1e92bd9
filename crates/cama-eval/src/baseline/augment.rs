//! Batches of examples, half of them manipulated.

use burn::tensor::{Device, Tensor};
use cama::Result;
use cama::data::Dataset;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::features::Features;
use super::network::Network;

/// How many of the rows of a mixed batch are not manipulated: half, rounded up.
fn plain(rows: usize) -> usize {
    rows.div_ceil(2)
}

/// Makes batches of `data`, whose features are `features`: each time, half of them are manipulated anew, by one of
/// `manipulations`; none where there are none.
pub(super) fn mixed<'a, D: Dataset>(
    data: &'a D,
    features: &'a Features,
    manipulations: &'a [D::Manipulation],
) -> impl FnMut(&Network, &[usize], &mut ChaCha8Rng) -> Result<Tensor<2>> + 'a {
    let device = Device::flex();
    move |_, indices, rng| {
        let of = |indices: &[usize]| features.tensor(indices.iter().copied(), &device);
        let (as_is, changed) = indices.split_at(plain(indices.len()));
        if manipulations.is_empty() || changed.is_empty() {
            return Ok(of(indices));
        }
        let manipulation = &manipulations[rng.random_range(0..manipulations.len())];
        let changed = Features::of(&data.select(changed).manipulated(manipulation, rng)?)?;
        Ok(Tensor::cat(vec![of(as_is), changed.tensor(0..changed.len(), &device)], 0))
    }
}

/// The features of the examples at `indices`, with those of up to 5000 of them after each of `manipulations`: what a
/// network that trains on [`mixed`] batches reads.
pub(super) fn all_met<D: Dataset>(
    data: &D,
    features: &Features,
    indices: &[usize],
    manipulations: &[D::Manipulation],
    rng: &mut ChaCha8Rng,
) -> Result<Features> {
    let mut all = features.select(indices);
    for manipulation in manipulations {
        let some = data.select(&indices[..indices.len().min(5000)]);
        all.extend(&Features::of(&some.manipulated(manipulation, rng)?)?);
    }
    Ok(all)
}
