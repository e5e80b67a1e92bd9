//! The one fitting loop: under training (Eq. 5), dreaming, adaptation (Eq. 8) and the fit of the direct classifier.
//!
//! What a loop fits is a module, what it climbs or descends is its loss, a closure; all else is the same for all: the
//! shards that threads differentiate, their seeds, the schedule of the learning rate, the bound on the gradient, what
//! is reported, and how divergence and a request to stop end it.

use std::ops::Range;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::optimise::{Optimiser, shards};
use crate::progress::{Event, Observer, Phase};
use crate::{Error, Result};

/// How many steps a loop takes, and how far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Which loop it is.
    pub phase: Phase,
    /// Steps in all.
    pub total: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises from zero to its peak.
    pub warm_up: usize,
    /// Whether it then falls along half a cosine to zero, or stays.
    pub decay: bool,
}

impl Schedule {
    /// A warm-up of a twentieth of the steps, then half a cosine down to zero.
    pub fn cosine(phase: Phase, total: usize, learning_rate: f64) -> Self {
        Self { phase, total, learning_rate, warm_up: total / 20, decay: true }
    }

    /// The learning rate at `step`, counted from 0.
    pub fn rate(&self, step: usize) -> f64 {
        if step < self.warm_up {
            return self.learning_rate * (step + 1) as f64 / self.warm_up as f64;
        }
        if !self.decay {
            return self.learning_rate;
        }
        let left = self.total.saturating_sub(self.warm_up).max(1);
        let progress = (step - self.warm_up) as f64 / left as f64;
        self.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * progress.min(1.0)).cos())
    }
}

/// Fewer optimiser steps leave a network far from what its data could teach it, however small the data is: a direct classifier
/// of 1,000 digits tells .869 of others after 150 steps and .927 after 1,500, one of 5,000 clothes .777 after 210 and .856 after 2,100.
pub const LEAST_STEPS: usize = 1500;

/// In how many epochs so many examples are seen in `steps` batches.
pub fn least_epochs(examples: usize, batch: usize, steps: usize) -> usize {
    steps.div_ceil(examples.div_ceil(batch.max(1)).max(1))
}

/// Which part of a batch a loss is for.
#[derive(Clone, Copy, Debug)]
pub struct Shard {
    /// The number of the part.
    index: usize,
    /// Of how many.
    of: usize,
}

impl Shard {
    /// The part of what belongs to the batch.
    pub fn part<'a, T>(&self, all: &'a [T]) -> &'a [T] {
        &all[all.len() * self.index / self.of..all.len() * (self.index + 1) / self.of]
    }
}

/// What a step sees.
pub trait Batch: Sync {
    /// How many examples it has; it is cut into no more shards than that.
    fn size(&self) -> usize;
}

/// Indices of examples.
impl Batch for Vec<usize> {
    fn size(&self) -> usize {
        self.len()
    }
}

/// What a loop fits, and by what: the closures differ from loop to loop.
pub struct Objective<N, L> {
    /// Draws what the next step, counted from 0, sees.
    pub batch: N,
    /// The loss of a part of it, `[1]`; the sum over all parts is what is minimised. Its noise comes from the generator.
    pub loss: L,
}

/// A loop that is under way.
pub struct Fit<'a, 'o> {
    /// How many steps, and how far.
    pub schedule: Schedule,
    /// What moves the module.
    pub optimiser: &'a mut Optimiser,
    /// Where batches and seeds are drawn from.
    pub rng: &'a mut ChaCha8Rng,
    /// Sees every step, and can stop the loop.
    pub observer: &'a mut Observer<'o>,
}

impl Fit<'_, '_> {
    /// Takes the `steps` of the schedule on `module`, which is at rest before and after. `each` sees it after every
    /// step, with the number of steps done.
    ///
    /// Returns the module and the mean loss; nothing if the observer stopped it.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`] if a loss or a gradient is not finite, and as `each`.
    pub fn run<M, B, N, L>(
        self,
        steps: Range<usize>,
        module: M,
        device: &Device,
        objective: Objective<N, L>,
        mut each: impl FnMut(usize, &M) -> Result<()>,
    ) -> Result<Option<(M, f64)>>
    where
        M: Module + Sync,
        B: Batch,
        N: FnMut(usize, &mut ChaCha8Rng) -> B,
        L: Fn(&M, &B, Shard, &mut ChaCha8Rng) -> Tensor<1> + Sync,
    {
        let Self { schedule, optimiser, rng, observer } = self;
        let Objective { mut batch, loss } = objective;
        let (mut module, mut sum, n) = (module, 0.0, steps.len().max(1));
        for step in steps {
            let drawn = batch(step, rng);
            let of = shards(device).min(drawn.size());
            let seeds: Vec<u64> = (0..of).map(|_| rng.random()).collect();
            let of_shard = |module: &M, index: usize| {
                let mut noise = ChaCha8Rng::seed_from_u64(seeds[index]);
                loss(module, &drawn, Shard { index, of }, &mut noise)
            };
            let stepped = optimiser.step(module, of, of_shard, schedule.rate(step));
            let (next, loss) = stepped.map_err(|error| at_step(error, schedule.phase, step))?;
            module = next;
            sum += loss;
            let event = Event::Step { phase: schedule.phase, done: step + 1, total: schedule.total, loss };
            if observer(event).is_break() {
                return Ok(None);
            }
            each(step + 1, &module)?;
        }
        Ok(Some((module, sum / n as f64)))
    }
}

/// Adds to a divergence where it happened.
pub(crate) fn at_step(error: Error, phase: Phase, step: usize) -> Error {
    match error {
        Error::Diverged(what) => Error::Diverged(format!(
            "{what} in step {} of {}; try a lower learning rate or a tighter gradient clip",
            step + 1,
            phase.name()
        )),
        other => other,
    }
}

/// Checks the fields that every loop has.
pub(crate) fn check_loop(name: &str, steps: usize, batch: usize, rate: f64, clip: f64) -> Result<()> {
    for (field, value, lowest, most) in [("steps", steps, 0, 10_000_000), ("batch", batch, 1, 65_536)] {
        if !(lowest..=most).contains(&value) {
            return Err(Error::config(format!("{name}.{field}"), value, format!("from {lowest} to {most}")));
        }
    }
    if !(rate > 0.0 && rate <= 1.0) {
        return Err(Error::config(format!("{name}.learning_rate"), rate, "above 0 and at most 1"));
    }
    if !(clip >= 0.0 && clip.is_finite()) {
        let allowed = "0 (no bound) or a positive number";
        return Err(Error::config(format!("{name}.gradient_clip"), clip, allowed));
    }
    Ok(())
}

/// Checks that a batch's decoded examples stay within memory's reach.
pub(crate) fn check_samples(field: &str, samples: usize, batch: usize) -> Result<()> {
    let most = (200_000 / batch).max(1);
    if (1..=most).contains(&samples) {
        return Ok(());
    }
    Err(Error::config(field, samples, format!("from 1 to {most} with a batch of {batch}")))
}

#[cfg(test)]
mod tests {
    use burn::module::Param;

    use super::*;
    use crate::silent;

    #[test]
    fn the_learning_rate_warms_up_peaks_and_decays_to_zero() {
        let schedule = Schedule { warm_up: 4, ..Schedule::cosine(Phase::Train, 100, 1.0) };
        assert_eq!((schedule.rate(0), schedule.rate(3), schedule.rate(4)), (0.25, 1.0, 1.0));
        assert!((schedule.rate(52) - 0.5).abs() < 1e-12);
        assert!(schedule.rate(99) < 1e-3 && schedule.rate(1000) == 0.0);
        let constant = Schedule { decay: false, ..schedule };
        assert_eq!((constant.rate(1), constant.rate(99)), (0.5, 1.0));
    }

    #[derive(Module, Debug)]
    struct Point {
        at: Param<Tensor<1>>,
    }

    /// Descends (x − 3)², told by two shards that half of it each is theirs.
    fn descend(observer: &mut Observer, seen: &mut Vec<usize>) -> Option<f64> {
        let device = Device::flex();
        let point = Point { at: Param::from_tensor(Tensor::zeros([1], &device)) };
        let fit = Fit {
            schedule: Schedule::cosine(Phase::Dream, 200, 0.2),
            optimiser: &mut Optimiser::new(0.0),
            rng: &mut ChaCha8Rng::seed_from_u64(1),
            observer,
        };
        let objective = Objective {
            batch: |_, _: &mut ChaCha8Rng| vec![0, 1],
            loss: |point: &Point, batch: &Vec<usize>, shard: Shard, _: &mut ChaCha8Rng| {
                let share = shard.part(batch).len() as f64 / batch.len() as f64;
                (point.at.val() - 3.0).square().mul_scalar(share)
            },
        };
        let each = |done, _: &Point| {
            seen.push(done);
            Ok(())
        };
        let fitted = fit.run(0..200, point, &device, objective, each).unwrap();
        fitted.map(|(point, _)| f64::from(point.at.val().into_scalar::<f32>()))
    }

    #[test]
    fn a_loop_descends_and_is_seen_after_every_step() {
        let mut seen = Vec::new();
        let at = descend(&mut silent, &mut seen).unwrap();
        assert!((at - 3.0).abs() < 0.02, "{at}");
        assert_eq!(seen, (1..=200).collect::<Vec<_>>());
    }

    #[test]
    fn the_observer_stops_it() {
        let mut seen = Vec::new();
        let mut stop = |event: Event| match event {
            Event::Step { done: 5, .. } => std::ops::ControlFlow::Break(()),
            _ => std::ops::ControlFlow::Continue(()),
        };
        assert!(descend(&mut stop, &mut seen).is_none());
        assert_eq!(seen.len(), 4);
    }
}
