//! Adaptation at test time, on unlabelled manipulated data (Eq. 8), with a guard.

mod config;
mod examples;
mod report;
mod shared;
mod unlabelled;
mod watch;

pub use config::{AdaptConfig, CleanTerm};
pub use report::{AdaptReport, LeftReason, Outcome};
pub use unlabelled::Unlabelled;

use burn::tensor::Tensor;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use self::examples::held_out;
use self::shared::adapt_shared;
use self::unlabelled::verdicts;
use self::watch::{Look, Watch};
use crate::batch;
use crate::data::{Dataset, shuffled};
use crate::decide::{Context, Decider, Verdict};
use crate::model::{DeepCama, ManipulationModel};
use crate::objective::{Manipulated, elbo, elbo_unlabelled};
use crate::optimise::{Optimiser, at_step, cosine, shard, shards};
use crate::progress::{Event, Observer, Phase};
use crate::{Error, Result};

/// An adaptation after which fewer of the unlabelled examples than this share are restored to something that is
/// explained has met what the mechanisms cannot express.
const LEAST_RESTORED: f64 = 0.1;

/// With a greater share of unexplained examples the adaptation is one for some of them only: clean data has one in a
/// hundred.
const MOST_UNEXPLAINED: f64 = 0.05;

/// An adapted model, or the model as it was, and what was done.
#[derive(Clone, Debug)]
pub struct Adapted {
    /// The model.
    pub model: DeepCama,
    /// What was done.
    pub report: AdaptReport,
    /// What the guard makes of every unlabelled example with the model; empty without a guard.
    pub verdicts: Vec<Verdict>,
}

/// What predicted before an adaptation: the guard judges by it, and rolls back to it.
#[derive(Clone, Copy)]
pub struct Former<'a> {
    /// The model, without the mechanisms and dreams that were added for the adaptation, and what stands beside it. Its
    /// guard tells whether what adaptation restores is explained; without one nothing tells.
    pub decider: Decider<'a>,
    /// Whether it predicted with an inferred m, or with do(m = 0).
    pub infers_m: bool,
}

/// [`adapt_held`] with unlabelled examples that are all in memory.
///
/// # Errors
///
/// As [`adapt_held`].
pub fn adapt<D: Dataset>(
    model: &DeepCama,
    unlabelled: &D,
    clean: Option<&D>,
    config: &AdaptConfig,
    former: Former,
    seed: u64,
    observer: &mut Observer,
) -> Result<Adapted> {
    adapt_held(model, Unlabelled::whole(unlabelled), clean, config, former, seed, observer)
}

/// Fits NN_M and q2(m|x), and nothing else, to unlabelled manipulated examples (Eq. 8).
///
/// `clean` examples keep the model right on clean data and let the guard watch it. A state is kept if it explains
/// the held-out examples better than the `former` model did and is as right on clean ones, within the tolerance;
/// `model` itself, if it is not the former one, is the first candidate. If none is kept, the former model comes
/// back.
///
/// # Errors
///
/// If the model has no mechanism, the data does not fit, clean examples have no labels, `config` is not
/// allowed, numbers diverge before the guard has seen any state worth keeping, or the observer stops it.
pub fn adapt_held<D: Dataset>(
    model: &DeepCama,
    unlabelled: Unlabelled<D>,
    clean: Option<&D>,
    config: &AdaptConfig,
    former: Former,
    seed: u64,
    observer: &mut Observer,
) -> Result<Adapted> {
    config.check()?;
    let held = unlabelled.held;
    check_data(model, held, clean)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let wanted = ((held.len() as f64 * config.portion).round() as usize).max(1);
    let mut drawn = shuffled(held.len(), &mut rng);
    drawn.truncate(wanted);
    let (test, watched) = held_out(held, drawn, config, &mut rng);
    let clean = clean.map(|clean| held_out(clean, (0..clean.len()).collect(), config, &mut rng));
    let watch = Watch {
        config,
        watched: &watched,
        clean: clean.as_ref().map(|(_, watched)| watched),
        seed,
        beside: former.decider,
    };

    let before = watch.look(former.decider.model, former.infers_m)?;
    let mut best: Option<(usize, Look, DeepCama)> = None;
    let mut consider = |step: usize, model: &DeepCama| {
        let seen = match watch.look(model, true) {
            // A state whose numbers are not finite is no candidate.
            Err(Error::Diverged(_)) => return Ok(()),
            seen => seen?,
        };
        let bar = best.as_ref().map_or(before.elbo, |(_, best, _)| best.elbo);
        if before.allows(&seen, config.tolerance) && seen.elbo > bar {
            best = Some((step, seen, model.clone()));
        }
        Ok::<_, Error>(())
    };
    consider(0, model)?;
    let learnt_from = clean.as_ref().map(|(clean, _)| clean);
    let shared = match adapt_shared(model.clone(), &test, learnt_from, config, &mut rng, observer) {
        // Then Eq. 8 starts from the model as it came.
        Err(Error::Diverged(_)) => None,
        shared => shared?,
    };
    let shared_steps = if shared.is_some() { config.shared_steps } else { 0 };
    let mut current = match shared {
        Some(shared) => {
            consider(0, &shared)?;
            shared
        }
        None => model.clone(),
    };
    let mut optimiser = Optimiser::new(config.gradient_clip);
    let mut orders = [Vec::new(), Vec::new()];
    let (mut done, mut diverged) = (0, None);
    for step in 0..config.steps {
        let batch = Batch {
            unlabelled: (test.of, test.next(&mut orders[0], config.batch, &mut rng)),
            clean: clean
                .as_ref()
                .filter(|_| config.alpha > 0.0)
                .map(|(clean, _)| (clean.of, clean.next(&mut orders[1], config.clean_batch, &mut rng))),
        };
        let shards = shards(&current.device()).min(batch.unlabelled.1.len());
        let seeds: Vec<u64> = (0..shards).map(|_| rng.random()).collect();
        let parts = current.m.take().expect("checked to have a mechanism");
        let loss = |parts: &ManipulationModel, i: usize| {
            let mut model = current.clone();
            model.m = Some(parts.clone());
            batch.objective(&model, config, (i, shards), &mut ChaCha8Rng::seed_from_u64(seeds[i])).neg()
        };
        let rate = cosine(config.learning_rate, config.steps / 20, step, config.steps);
        let stepped = optimiser.step(parts, shards, loss, rate).map_err(|e| at_step(e, "adaptation", step));
        let (parts, loss) = match stepped {
            Err(error @ Error::Diverged(_)) => {
                diverged = Some(error);
                break;
            }
            stepped => stepped?,
        };
        current.m = Some(parts);
        done = step + 1;
        let event = Event::Step { phase: Phase::Adapt, done, total: config.steps, loss };
        if observer(event).is_break() {
            return Err(interrupted());
        }
        if done % config.watch_every == 0 || done == config.steps {
            consider(done, &current)?;
        }
    }
    let mut left = match (&best, diverged) {
        (Some(_), _) => None,
        (None, Some(error)) => Some(LeftReason::Diverged(error.to_string())),
        (None, None) => Some(LeftReason::NotBetter),
    };
    let (mut kept_step, mut after, mut adapted) =
        best.unwrap_or_else(|| (0, before.clone(), former.decider.model.clone()));
    let judge = |model: &DeepCama, infers_m| {
        verdicts(Decider { model, ..former.decider }, infers_m, unlabelled, config.negligible, seed)
    };
    let (mut verdicts, context) = match judge(&adapted, left.is_none() || former.infers_m) {
        // An example that no step and no look has met.
        Err(Error::Diverged(what)) => {
            left = left.or(Some(LeftReason::Diverged(what)));
            (kept_step, after, adapted) = (0, before.clone(), former.decider.model.clone());
            (Vec::new(), Context::Unknown)
        }
        judged => judged?,
    };
    let restored = count(&verdicts, Verdict::Restored);
    let few = (restored as f64) < LEAST_RESTORED * verdicts.len() as f64;
    if left.is_none() && (few || context == Context::Outside) {
        left = Some(LeftReason::Outside);
        (kept_step, after, adapted) = (0, before.clone(), former.decider.model.clone());
        verdicts = judge(&adapted, former.infers_m)?.0;
    }
    let unexplained = count(&verdicts, Verdict::Unexplained);
    let outcome = match left {
        Some(_) => Outcome::RolledBack,
        None if unexplained as f64 > MOST_UNEXPLAINED * verdicts.len() as f64 => Outcome::AdaptedForSome,
        None => Outcome::Adapted,
    };
    let report = AdaptReport {
        outcome,
        left,
        shared_steps,
        steps: done,
        kept_step,
        examples: test.len(),
        restored: count(&verdicts, Verdict::Restored),
        as_they_were: count(&verdicts, Verdict::AsItWas),
        unexplained,
        elbo_before: before.elbo,
        elbo_after: after.elbo,
        clean_before: before.clean,
        clean_after: after.clean,
    };
    Ok(Adapted { model: adapted, report, verdicts })
}

fn count(verdicts: &[Verdict], of: Verdict) -> usize {
    verdicts.iter().filter(|&&verdict| verdict == of).count()
}

fn interrupted() -> Error {
    Error::Interrupted("nothing of the adaptation was kept".into())
}

/// What one step sees: examples with the indices drawn from them.
struct Batch<'a, D> {
    unlabelled: (&'a D, Vec<usize>),
    clean: Option<(&'a D, Vec<usize>)>,
}

impl<D: Dataset> Batch<'_, D> {
    /// The part of Eq. 8, `[1]`, that one of `shards` contributes.
    fn objective(
        &self,
        model: &DeepCama,
        config: &AdaptConfig,
        (i, shards): (usize, usize),
        rng: &mut ChaCha8Rng,
    ) -> Tensor<1> {
        let (data, all) = &self.unlabelled;
        let seen = batch::evidence(*data, shard(all, i, shards).iter().copied(), &model.device());
        let elbo = elbo_unlabelled(model, &seen, Manipulated::Unknown, config.samples, config.kl_m, rng);
        let unlabelled = elbo.sum().mul_scalar(1.0 / all.len() as f64);
        let Some((data, all)) = &self.clean else { return unlabelled };
        let unlabelled = unlabelled.mul_scalar(1.0 - config.alpha);
        let indices = shard(all, i, shards);
        if indices.is_empty() {
            return unlabelled;
        }
        let clean = clean_elbo(model, *data, indices, config, rng);
        unlabelled + clean.sum().mul_scalar(config.alpha / all.len() as f64)
    }
}

fn check_data<D: Dataset>(model: &DeepCama, unlabelled: &D, clean: Option<&D>) -> Result<()> {
    if model.manipulation().is_none() {
        return Err(Error::config(
            "mechanism",
            "none",
            "given: the model has none, so there is nothing to adapt; try `affine` or `affine,photometric` for \
             images, `per-column` for tables",
        ));
    }
    model.check_fits(unlabelled)?;
    if unlabelled.is_empty() {
        return Err(Error::Mismatch(format!("{} is empty: there is nothing to adapt to", unlabelled.name())));
    }
    if let Some(clean) = clean {
        model.check_labelled(clean)?;
        if clean.len() < 2 {
            return Err(Error::Mismatch("the clean data needs two examples or more".into()));
        }
    }
    Ok(())
}

/// ELBO of the clean term, `[indices]`.
fn clean_elbo<D: Dataset>(
    model: &DeepCama,
    clean: &D,
    indices: &[usize],
    config: &AdaptConfig,
    rng: &mut ChaCha8Rng,
) -> Tensor<1> {
    let device = model.device();
    let seen = batch::evidence(clean, indices.iter().copied(), &device);
    let y = batch::labels(clean, indices, &device);
    let manipulated = match config.clean_term {
        CleanTerm::Joint => Manipulated::Unknown,
        CleanTerm::Null => Manipulated::Null,
    };
    elbo(model, &seen, y, manipulated, config.samples, rng).weighted(1.0, config.kl_m)
}
