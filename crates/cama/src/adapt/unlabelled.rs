//! What is adapted to, and what the guard makes of it.

use std::ops::ControlFlow;

use crate::Result;
use crate::data::{Dataset, Passes};
use crate::decide::{By, Context, DecideConfig, Decider, Verdict};
use crate::predict::{MChoice, PredictConfig};

/// What is adapted to, of which not all need be in memory.
pub struct Unlabelled<'a, D> {
    /// Examples to learn from: all, or a selection.
    pub held: &'a D,
    /// Examples by which the guard judges all of them as a whole: all, or those of [`Decider::surveyed`].
    pub spread: &'a D,
    /// All examples, each of which gets its verdict.
    pub all: &'a dyn Passes<D>,
}

// Not derived: that would ask the same of the data.
impl<D> Clone for Unlabelled<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D> Copy for Unlabelled<'_, D> {}

impl<'a, D: Dataset> Unlabelled<'a, D> {
    /// Examples that are all in memory.
    pub fn whole(data: &'a D) -> Self {
        Self { held: data, spread: data, all: data }
    }
}

/// What the guard makes of every example, and of all of them; nothing without a guard.
pub(super) fn verdicts<D: Dataset>(
    decider: Decider,
    infers_m: bool,
    unlabelled: Unlabelled<D>,
    negligible: f64,
    seed: u64,
) -> Result<(Vec<Verdict>, Context)> {
    if decider.guard.is_none() {
        return Ok((Vec::new(), Context::Unknown));
    }
    let m = if infers_m { MChoice::Mean } else { MChoice::Null };
    let predict = PredictConfig { samples: 1, m, seed, negligible, ..PredictConfig::default() };
    let config = DecideConfig { by: By::Bayes, predict };
    let decider = decider.informed(unlabelled.spread, &config)?;
    let mut verdicts = Vec::new();
    unlabelled.all.pass(&mut |part| {
        decider.decide_each(part, verdicts.len(), &config, |decision| {
            verdicts.push(decision.verdict);
            ControlFlow::Continue(())
        })
    })?;
    Ok((verdicts, decider.context))
}
