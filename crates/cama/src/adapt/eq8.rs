//! α E_D[ELBO(x, y)] + (1 − α) E_test[ELBO(x)] (Eq. 8): what adaptation climbs.

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;

use super::config::AdaptConfig;
use super::input::NOTHING_KEPT;
use super::split::{Examples, Splits};
use crate::batch;
use crate::data::Dataset;
use crate::fit::{Batch, Fit, Objective, Schedule, Shard};
use crate::model::{DeepCama, M, Mechanisms};
use crate::objective::{elbo, elbo_of_likely_classes, elbo_tempered, elbo_unlabelled};
use crate::optimise::Optimiser;
use crate::progress::{Observer, Phase};
use crate::{Error, Result};

/// Climbs Eq. 8 with NN_M, the mechanisms and q2; `each` sees the model after every step. A model with a field alone has
/// nothing to climb with: it has learnt all it can from dreams.
pub(super) fn climb<D: Dataset>(
    mut model: DeepCama,
    splits: &Splits<D>,
    config: &AdaptConfig,
    rng: &mut ChaCha8Rng,
    observer: &mut Observer,
    mut each: impl FnMut(usize, &DeepCama) -> Result<()>,
) -> Result<()> {
    let eq8 = Eq8 {
        unlabelled: &splits.unlabelled.learnt,
        clean: splits.clean.as_ref().filter(|_| config.alpha > 0.0).map(|clean| &clean.learnt),
        config,
    };
    let Some(mechanisms) = model.m.take() else { return Ok(()) };
    let frozen = model;
    let mut orders = [Vec::new(), Vec::new()];
    let batch = |_, rng: &mut ChaCha8Rng| eq8.batch(&mut orders, rng);
    let loss = |mechanisms: &Mechanisms, batch: &StepBatch, shard: Shard, rng: &mut ChaCha8Rng| {
        eq8.bound(&frozen.with(mechanisms.clone()), batch, shard, rng).neg()
    };
    let fit = Fit {
        schedule: Schedule::cosine(Phase::Adapt, config.steps, config.learning_rate),
        optimiser: &mut Optimiser::new(config.gradient_clip),
        rng,
        observer,
    };
    let device = frozen.device();
    let objective = Objective { batch, loss };
    let each = |done: usize, mechanisms: &Mechanisms| each(done, &frozen.with(mechanisms.clone()));
    match fit.run(0..config.steps, mechanisms, &device, objective, each)? {
        Some(_) => Ok(()),
        None => Err(Error::Interrupted(NOTHING_KEPT.into())),
    }
}

/// The two terms, over the examples that steps learn from.
struct Eq8<'a, D> {
    unlabelled: &'a Examples<'a, D>,
    clean: Option<&'a Examples<'a, D>>,
    config: &'a AdaptConfig,
}

/// Indices of the examples that one step sees.
struct StepBatch {
    unlabelled: Vec<usize>,
    clean: Option<Vec<usize>>,
}

impl Batch for StepBatch {
    fn size(&self) -> usize {
        self.unlabelled.len()
    }
}

impl<D: Dataset> Eq8<'_, D> {
    fn batch(&self, orders: &mut [Vec<usize>; 2], rng: &mut ChaCha8Rng) -> StepBatch {
        let unlabelled = self.unlabelled.next(&mut orders[0], self.config.batch, rng);
        let clean = self.clean.map(|clean| clean.next(&mut orders[1], self.config.clean_batch, rng));
        StepBatch { unlabelled, clean }
    }

    /// The bound of each of the unlabelled examples at these indices, `[examples]`: Eq. 7, or what the configuration has in its
    /// place.
    fn of_unlabelled(&self, model: &DeepCama, indices: &[usize], rng: &mut ChaCha8Rng) -> Tensor<1> {
        let AdaptConfig { samples, kl_m, no_gradient_below, class_power, oracle, .. } = *self.config;
        let (of, device) = (self.unlabelled.of, model.device());
        let observed = batch::observed(of, indices.iter().copied(), &device);
        if oracle {
            let y = batch::labels(of, indices, &device);
            return elbo(model, &observed, y, M::Sample, samples, rng).weighted(1.0, kl_m);
        }
        if class_power < 1.0 {
            return elbo_tempered(model, &observed, M::Sample, samples, (kl_m, class_power), rng);
        }
        match no_gradient_below > 0.0 {
            true => {
                let weights = (kl_m, no_gradient_below);
                elbo_of_likely_classes(model, &observed, M::Sample, samples, weights, rng)
            }
            false => elbo_unlabelled(model, &observed, M::Sample, samples, kl_m, rng),
        }
    }

    /// The part of Eq. 8, `[1]`, that a shard contributes.
    fn bound(&self, model: &DeepCama, batch: &StepBatch, shard: Shard, rng: &mut ChaCha8Rng) -> Tensor<1> {
        let AdaptConfig { samples, kl_m, alpha, .. } = *self.config;
        let device = model.device();
        let unlabelled = self.of_unlabelled(model, shard.part(&batch.unlabelled), rng);
        let unlabelled = unlabelled.sum().mul_scalar(1.0 / batch.unlabelled.len() as f64);
        let (Some(clean), Some(all)) = (self.clean, &batch.clean) else { return unlabelled };
        let unlabelled = unlabelled.mul_scalar(1.0 - alpha);
        let indices = shard.part(all);
        if indices.is_empty() {
            return unlabelled;
        }
        let observed = batch::observed(clean.of, indices.iter().copied(), &device);
        let y = batch::labels(clean.of, indices, &device);
        let bound = elbo(model, &observed, y, self.config.clean_m.into(), samples, rng);
        unlabelled + bound.weighted(1.0, kl_m).sum().mul_scalar(alpha / all.len() as f64)
    }
}
