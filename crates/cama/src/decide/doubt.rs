//! How far what a field infers is to be believed.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::explain;
use crate::Result;
use crate::batch;
use crate::data::{Dataset, shuffled};
use crate::model::{DeepCama, Observed};
use crate::noise::stream_rng;
use crate::predict::{PredictConfig, Sampling, class_scores, normalised};

/// What is tried.
const DOUBTS: [f64; 6] = [0.0, 0.1, 0.25, 0.5, 0.75, 1.0];

/// The most examples that are damaged, and as many of them as are decoded together.
const EXAMPLES: usize = 400;
const TOGETHER: usize = 50;

/// The model with that doubt about what its field infers with which Bayes' rule tells the labels of clean examples best, damaged as the
/// field dreams of it. A model without a field, with one that has learnt nothing, or whose pixels are not Bernoulli has none.
///
/// What is inferred of a pixel that was covered is a probability, that of a pixel which is intact may be a grey: in digits there are
/// few of those, on pictures of clothes they tell of the class.
///
/// # Errors
///
/// If the examples do not fit or have no labels.
pub fn with_doubt<D: Dataset>(model: DeepCama, clean: &D, seed: u64) -> Result<DeepCama> {
    let learnt = model.field().is_some_and(|field| field.config().steps > 0);
    if !learnt || !model.is_bernoulli() || clean.is_empty() {
        return Ok(model.in_doubt(0.0));
    }
    model.check_labelled(clean)?;
    let mut order = shuffled(clean.len(), &mut ChaCha8Rng::seed_from_u64(seed));
    order.truncate(EXAMPLES);
    let parts: Vec<(u64, &[usize])> = (0..).zip(order.chunks(TOGETHER)).collect();
    let of = |(part, indices): &(u64, &[usize])| losses(&model, clean, indices, seed.wrapping_add(*part));
    let losses: Vec<[f64; DOUBTS.len()]> = parts.par_iter().map(of).collect();
    let total = |i: usize| losses.iter().map(|losses| losses[i]).sum::<f64>();
    let best = (0..DOUBTS.len()).min_by(|a, b| total(*a).total_cmp(&total(*b))).expect("several are tried");
    Ok(model.in_doubt(DOUBTS[best]))
}

/// −log p(y|x) of dreams of these examples, summed, for each doubt.
fn losses<D: Dataset>(model: &DeepCama, clean: &D, indices: &[usize], seed: u64) -> [f64; DOUBTS.len()] {
    let field = model.field().expect("it has learnt");
    let labels = clean.labels().expect("labelled examples");
    let x = batch::observed(clean, indices.iter().copied(), &model.device()).x;
    let x = field.restored_dream(x, &mut stream_rng(seed, 0));
    let sampling = PredictConfig::default().sampling(model);
    let sampling = Sampling { samples: explain::SAMPLES, ..sampling };
    DOUBTS.map(|doubt| {
        let observed = Observed { doubt, ..Observed::of_x(x.clone()) };
        let mut rngs = explain::batch_rngs(seed, indices.len());
        let scores = class_scores(model, &observed, None, &sampling, &[], &mut rngs);
        let loss = |((scores, _), &i): (&(Vec<f64>, Vec<usize>), &usize)| {
            let (_, probabilities) = normalised(scores);
            -probabilities[labels[i]].max(f64::MIN_POSITIVE).ln()
        };
        scores.iter().zip(indices).map(loss).sum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use crate::data;
    use crate::dream::dream_field;
    use crate::manipulation::Manipulation;
    use crate::mechanism::{FieldConfig, MechanismConfig};
    use crate::model::{M, ModelConfig, TrunkConfig};
    use crate::predict::predict;
    use crate::progress::silent;
    use crate::train::{Split, TrainConfig, train};

    /// What was inferred of digits behind bars says less than what was seen, and Bayes' rule that knows it tells them better.
    #[test]
    fn what_is_inferred_is_believed_as_far_as_clean_examples_tell() {
        let clean = data::load("mnist:train[..700]").unwrap();
        let field = FieldConfig { channels: 12, steps: 150, learning_rate: 5e-3, ..FieldConfig::default() };
        let mut config = ModelConfig::fast([1, 28, 28], 10);
        (config.z, config.network.hidden) = (8, 64);
        if let TrunkConfig::Convolutional(trunk) = &mut config.network.trunk {
            (trunk.channels, trunk.kernel_z) = (8, 3);
        }
        config.mechanisms = vec![MechanismConfig::Field(field)];
        let model = DeepCama::new(&config.check().unwrap(), 1, &crate::device("cpu").unwrap());
        let model = dream_field(model, &clean, 0.25, 2, &mut silent).unwrap();
        let settings = TrainConfig { epochs: 6, validation: 100, ..TrainConfig::default() };
        let split = Split::new(&clean, &settings, 3).unwrap();
        let trained = train(model, &split, None, &settings.check().unwrap(), 4, None, &mut silent).unwrap();
        let model = with_doubt(trained.model, &split.validation, 5).unwrap();
        assert!(model.config().doubt > 0.0);
        let bars: Manipulation = "bars:2".parse().unwrap();
        let digits = bars.apply_seeded(&data::load("mnist:test[..150]").unwrap(), 6);
        let log_likelihood = |model: &DeepCama| {
            let config = PredictConfig { m: M::Mean, samples: 2, ..PredictConfig::default() };
            let predicted = predict(model, &digits, &config.check().unwrap()).unwrap();
            let of = |(label, p): (&usize, &crate::Prediction)| p.probabilities[*label].max(1e-300).ln();
            digits.labels().unwrap().iter().zip(&predicted).map(of).sum::<f64>() / 150.0
        };
        let [doubted, believed] = [model.clone(), model.clone().in_doubt(0.0)].map(|m| log_likelihood(&m));
        assert!(doubted > believed + 0.2, "{doubted} {believed}");
        // Another field is not known yet, and without one nothing is inferred of pixels.
        let other = MechanismConfig::named("field").unwrap();
        assert_eq!(model.clone().attach(&[other], 0).unwrap().config().doubt, 0.0);
        let affine = model.attach(&[MechanismConfig::named("affine").unwrap()], 0).unwrap();
        assert_eq!(with_doubt(affine, &split.validation, 5).unwrap().config().doubt, 0.0);
    }
}
