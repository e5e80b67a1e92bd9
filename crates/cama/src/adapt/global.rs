//! A global m: what was done to all the data alike, before q2 learns to infer m of each example.

use burn::module::Module;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::config::AdaptConfig;
use super::input::NOTHING_KEPT;
use super::split::{Examples, Splits};
use crate::batch;
use crate::data::Dataset;
use crate::dream::{DreamConfig, dream};
use crate::fit::{Fit, Objective, Schedule, Shard};
use crate::model::{DeepCama, M, Mechanisms};
use crate::objective::elbo_unlabelled;
use crate::optimise::Optimiser;
use crate::progress::{Observer, Phase, silent};
use crate::{Config, Error, Result};

/// Moves the slabs of the priors to the one m under which all of the unlabelled data is explained best (Eq. 7), and lets
/// q2 dream of it on clean examples, if there are any. Nothing if the priors have no slab.
pub(super) fn find_global_m<D: Dataset>(
    model: DeepCama,
    splits: &Splits<D>,
    config: &AdaptConfig,
    rng: &mut ChaCha8Rng,
    observer: &mut Observer,
) -> Result<Option<DeepCama>> {
    let has_slab = model.mechanisms().is_some_and(|mechanisms| mechanisms.global_m().is_some());
    if !has_slab || config.global_steps == 0 {
        return Ok(None);
    }
    let found = climb(model, &splits.unlabelled.learnt, config, rng, observer)?;
    let clean = splits.clean.as_ref().filter(|_| config.recentre_steps > 0);
    let Some(clean) = clean else { return Ok(Some(found.valid())) };
    // The prior says what is left at zero.
    let dreams = DreamConfig { steps: config.recentre_steps, off: 0.0, ..DreamConfig::default() };
    let clean = clean.learnt.of.select(&clean.learnt.indices);
    dream(found.valid(), &clean, &dreams.check()?, rng.random(), observer).map(Some)
}

/// Steps and rate of a search in rehearsal, of a few hundred rows, and samples of z with which what was found is judged.
const REHEARSED_STEPS: usize = 150;
const REHEARSED_RATE: f64 = 1e-2;
const REHEARSED_SAMPLES: usize = 4;

/// The model with the m that explains all of these rows best (Eq. 7), and by how much it explains a number better than
/// do(m = 0), in nats. q2 learns nothing of it.
pub(super) fn rehearse<D: Dataset>(
    model: DeepCama,
    data: &D,
    rng: &mut ChaCha8Rng,
) -> Result<(DeepCama, f64)> {
    let all: Vec<usize> = (0..data.len()).collect();
    let config = AdaptConfig {
        global_steps: REHEARSED_STEPS,
        learning_rate: REHEARSED_RATE,
        ..AdaptConfig::for_data(&model.config().data)
    };
    let numbers = model.config().data.table().map_or(1, |table| table.numeric().len());
    let examples = Examples { of: data, indices: all };
    let found = climb(model.clone(), &examples, &config, rng, &mut silent)?.valid();
    let observed = batch::observed(data, 0..data.len(), &model.device());
    let seed = rng.random();
    let bound = |model: &DeepCama, m: M| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let bound = elbo_unlabelled(model, &observed, m, REHEARSED_SAMPLES, 1.0, &mut rng);
        f64::from(bound.mean().into_scalar::<f32>())
    };
    let gain = (bound(&found, M::Global) - bound(&model, M::Null)) / numbers as f64;
    match gain.is_finite() {
        true => Ok((found, gain)),
        false => Err(Error::Diverged("the bound of rows that were damaged on purpose is not finite".into())),
    }
}

/// Eq. 7 with the same m for every example, by the means of the slabs, which are then recentred.
fn climb<D: Dataset>(
    mut model: DeepCama,
    unlabelled: &Examples<D>,
    config: &AdaptConfig,
    rng: &mut ChaCha8Rng,
    observer: &mut Observer,
) -> Result<DeepCama> {
    let mechanisms = model.m.take().expect("checked to have a mechanism");
    let frozen = model;
    let mut order = Vec::new();
    let batch = |_, rng: &mut ChaCha8Rng| unlabelled.next(&mut order, config.batch, rng);
    let loss = |mechanisms: &Mechanisms, batch: &Vec<usize>, shard: Shard, rng: &mut ChaCha8Rng| {
        let model = frozen.with(mechanisms.clone());
        let part = shard.part(batch);
        let observed = batch::observed(unlabelled.of, part.iter().copied(), &model.device());
        let m = mechanisms.global_m().expect("checked to have one").repeat_dim(0, part.len());
        let bound = elbo_unlabelled(&model, &observed, M::Given(m), config.samples, config.kl_m, rng);
        bound.sum().mul_scalar(-1.0 / batch.len() as f64)
    };
    let fit = Fit {
        schedule: Schedule::cosine(Phase::Global, config.global_steps, config.learning_rate),
        optimiser: &mut Optimiser::new(config.gradient_clip),
        rng,
        observer,
    };
    let (device, objective) = (frozen.device(), Objective { batch, loss });
    let fitted = fit.run(0..config.global_steps, mechanisms, &device, objective, |_, _| Ok(()))?;
    let (mechanisms, _) = fitted.ok_or_else(|| Error::Interrupted(NOTHING_KEPT.into()))?;
    Ok(frozen.with(mechanisms.recentred()))
}
