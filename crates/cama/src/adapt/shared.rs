//! What all the data shares: p(m) of the data at hand, before q2 learns to infer m of each example.

use burn::module::Module;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::AdaptConfig;
use super::examples::Examples;
use crate::Result;
use crate::batch;
use crate::data::Dataset;
use crate::dream::{DreamConfig, dream};
use crate::model::{DeepCama, ManipulationModel};
use crate::objective::{Manipulated, elbo_unlabelled};
use crate::optimise::{Optimiser, at_step, cosine, shard, shards};
use crate::progress::{Event, Observer, Phase};

/// Moves the slabs of the priors to the one m under which all of `unlabelled` is explained best (Eq. 7), and lets q2
/// dream of it on `clean` examples, if there are any. Nothing if the priors have no slab.
pub(super) fn adapt_shared<D: Dataset>(
    model: DeepCama,
    unlabelled: &Examples<D>,
    clean: Option<&Examples<D>>,
    config: &AdaptConfig,
    rng: &mut ChaCha8Rng,
    observer: &mut Observer,
) -> Result<Option<DeepCama>> {
    let shares = model.manipulation().is_some_and(|parts| parts.shared_m().is_some());
    if !shares || config.shared_steps == 0 {
        return Ok(None);
    }
    let mut current = model;
    let mut optimiser = Optimiser::new(config.gradient_clip);
    let mut order = Vec::new();
    for step in 0..config.shared_steps {
        let indices = unlabelled.next(&mut order, config.batch, rng);
        let shards = shards(&current.device()).min(indices.len());
        let seeds: Vec<u64> = (0..shards).map(|_| rng.random()).collect();
        let parts = current.m.take().expect("checked to have a mechanism");
        let loss = |parts: &ManipulationModel, i: usize| {
            let mut model = current.clone();
            model.m = Some(parts.clone());
            let part = shard(&indices, i, shards);
            let seen = batch::evidence(unlabelled.of, part.iter().copied(), &model.device());
            let m = parts.shared_m().expect("checked to have one").repeat_dim(0, part.len());
            let mut rng = ChaCha8Rng::seed_from_u64(seeds[i]);
            let elbo =
                elbo_unlabelled(&model, &seen, Manipulated::Known(m), config.samples, config.kl_m, &mut rng);
            elbo.sum().mul_scalar(-1.0 / indices.len() as f64)
        };
        let rate = cosine(config.learning_rate, config.shared_steps / 20, step, config.shared_steps);
        let (parts, loss) =
            optimiser.step(parts, shards, loss, rate).map_err(|e| at_step(e, "sharing", step))?;
        current.m = Some(parts);
        let event = Event::Step { phase: Phase::Share, done: step + 1, total: config.shared_steps, loss };
        if observer(event).is_break() {
            return Err(super::interrupted());
        }
    }
    current.m = current.m.map(ManipulationModel::settled);
    match clean {
        Some(clean) if config.settle_steps > 0 => {
            // The prior says what is left at zero.
            let dreams = DreamConfig { steps: config.settle_steps, off: 0.0, ..DreamConfig::default() };
            let clean = clean.of.select(&clean.indices);
            dream(current.valid(), &clean, &dreams, rng.random(), observer).map(Some)
        }
        _ => Ok(Some(current.valid())),
    }
}
