//! Which state of an adaptation is kept.

use super::validate::{FitStatistics, Validator};
use crate::data::Dataset;
use crate::model::{DeepCama, M};
use crate::{Error, Result};

/// A state of an adaptation.
#[derive(Clone)]
pub(super) struct Candidate {
    /// The step of Eq. 8 after which it was; 0 is before the first.
    pub step: usize,
    /// Steps in which its field has dreamt of the data.
    pub field_steps: usize,
    pub fit: FitStatistics,
    pub model: DeepCama,
}

/// The best state so far.
pub(super) struct Selection<'a, D> {
    validator: &'a Validator<'a, D>,
    /// The previous model, which every candidate must beat.
    before: FitStatistics,
    pub best: Option<Candidate>,
}

impl<'a, D: Dataset> Selection<'a, D> {
    pub fn new(validator: &'a Validator<'a, D>, before: FitStatistics) -> Self {
        Self { validator, before, best: None }
    }

    /// Keeps a state that fits the unlabelled data better than any before it, with p(m) of that data, and is as right on clean
    /// data.
    pub fn consider(&mut self, step: usize, model: &DeepCama) -> Result<()> {
        let model = self.validator.with_prior_of_data(model);
        let fit = match self.validator.validate(&model, M::Mean) {
            // A state whose numbers are not finite is no candidate.
            Err(Error::Diverged(_)) => return Ok(()),
            fit => fit?,
        };
        let highest = self.best.as_ref().map_or(self.before.elbo, |best| best.fit.elbo);
        if self.before.allows(&fit, self.validator.config.tolerance).is_ok() && fit.elbo > highest {
            self.best = Some(Candidate { step, field_steps: 0, fit, model });
        }
        Ok(())
    }
}
