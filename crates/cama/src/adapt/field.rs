//! The field's part of an adaptation: it dreams of what it has inferred of the data at hand.
//!
//! A field has learnt of damage of many kinds. The data has met one, or a few. So what the field infers of its images stands for p(m) of
//! the data, and the field dreams again, of clean images to which just that is done: wake-sleep (Hinton et al., Science 268, 1995)
//! with the m of a data set in place of the prior. Clean images are the truth of such dreams, however wrong the m was inferred.

use super::split::Examples;
use crate::Result;
use crate::batch;
use crate::data::{Dataset, spread_over};
use crate::dream::{DreamConfig, FieldDreaming};
use crate::model::DeepCama;
use crate::progress::Observer;

/// Rounds of inferring m and dreaming of it.
pub(super) const ROUNDS: usize = 2;

/// In what share of the dreams m is that of the data; the others are as before, lest the field forget what else can happen.
const OF_DATA: f64 = 0.8;

/// The most images of the data of which m is inferred.
const MOST_INFERRED: usize = 1000;

/// The model with a field that has dreamt for so many steps of what it infers of the unlabelled images.
pub(super) fn dream_of_data<D: Dataset>(
    model: &DeepCama,
    unlabelled: &Examples<D>,
    clean: &Examples<D>,
    steps: usize,
    seed: u64,
    observer: &mut Observer,
) -> Result<DeepCama> {
    let Some(field) = model.field() else { return Ok(model.clone()) };
    let few = |examples: &Examples<D>, most: usize| -> Vec<usize> {
        spread_over(examples.len(), most).map(|i| examples.indices[i]).collect()
    };
    let (batch, device) = (field.config().batch, model.device());
    let inferred = few(unlabelled, MOST_INFERRED);
    let batches = inferred.chunks(batch);
    // No more than can be dreamt of.
    let clean = &clean.of.select(&few(clean, batch * steps));
    let of_data = field
        .of_data(batches.map(|indices| batch::observed(unlabelled.of, indices.iter().copied(), &device).x));
    let off = DreamConfig::default().off;
    let dreams = FieldDreaming { clean, of_data: Some((&of_data, OF_DATA)), steps, off };
    Ok(model.with_field(dreams.fit(field.clone(), model, seed, observer)?))
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor, TensorData};

    use super::*;
    use crate::data::{self, Images};
    use crate::dream::dream_field;
    use crate::manipulation::Manipulation;
    use crate::mechanism::{FieldConfig, MechanismConfig};
    use crate::model::{ModelConfig, Observed};
    use crate::progress::silent;
    use crate::{Config, restore};

    /// How far the digits are from clean ones, restored.
    fn distance(model: &DeepCama, seen: &Images, clean: &Images) -> f64 {
        let shape = [seen.len(), seen.volume()];
        let x = Tensor::from_data(TensorData::new(seen.pixels().to_vec(), shape), &model.device());
        let restored = batch::host(restore(model, &Observed::of_x(x)));
        restored.iter().zip(clean.pixels()).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>()
    }

    /// A field that has learnt a little of everything learns from what was done to digits to restore others to which the same was
    /// done, though it has seen neither of them clean.
    #[test]
    fn a_field_learns_what_was_done_to_the_data_at_hand() {
        let settings = FieldConfig {
            channels: 12,
            steps: 200,
            batch: 32,
            learning_rate: 5e-3,
            ..FieldConfig::default()
        };
        let mut config = ModelConfig::fast([1, 28, 28], 10);
        (config.z, config.network.hidden) = (4, 16);
        config.mechanisms = vec![MechanismConfig::Field(settings)];
        let model = DeepCama::new(&config.check().unwrap(), 1, &Device::flex());
        let clean = data::load("mnist:train[..600]").unwrap();
        let model = dream_field(model, &clean, 0.25, 3, &mut silent).unwrap();
        for spec in ["stripes:3", "invert-part:0.5"] {
            let spoilt = |range: &str, seed| {
                let clean = data::load(range).unwrap();
                (spec.parse::<Manipulation>().unwrap().apply_seeded(&clean, seed), clean)
            };
            let (met, _) = spoilt("mnist:test[..300]", 1);
            let (others, as_they_were) = spoilt("mnist:test[300..500]", 2);
            let all = |of| Examples { of, indices: (0..Dataset::len(of)).collect() };
            let learnt = dream_of_data(&model, &all(&met), &all(&clean), 100, 5, &mut silent).unwrap();
            let [before, after] = [&model, &learnt].map(|model| distance(model, &others, &as_they_were));
            // As many steps more of everything help less.
            let config = FieldConfig { steps: 100, ..model.field().unwrap().config().clone() };
            let more = FieldDreaming { clean: &clean, of_data: None, steps: config.steps, off: 0.25 };
            let more = more.fit(model.field().unwrap().clone(), &model, 5, &mut silent).unwrap();
            let more = distance(&model.with_field(more), &others, &as_they_were);
            assert!(after < 0.8 * before && after < 0.9 * more, "{spec}: {before} {after} {more}");
        }
        // Without a field there is nothing to learn.
        let without = model.clone().attach(&MechanismConfig::parse_list("affine").unwrap(), 1).unwrap();
        let digits = Examples { of: &clean, indices: vec![0, 1] };
        assert!(dream_of_data(&without, &digits, &digits, 1, 1, &mut silent).unwrap().field().is_none());
    }
}
