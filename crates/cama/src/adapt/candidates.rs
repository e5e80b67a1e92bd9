//! Which state of an adaptation is kept where a discriminative classifier can be asked.
//!
//! Restored examples that look to the discriminative classifier surely like one class, and to Bayes' rule like the same,
//! are restored rightly: the two read them in different ways, and seldom err alike. So a state is kept if both the one's
//! confidence and the other's agreement rise over all the data; of those, the one that agrees most among the surest.

use super::report::RollbackReason;
use super::select::Candidate;
use super::validate::{FitStatistics, Validator};
use crate::data::{Dataset, spread_over};
use crate::decide::{Answers, Comparison, Decider};
use crate::mechanism::MechanismConfig;
use crate::model::{DeepCama, M};
use crate::{Error, Result};

/// The most examples that are asked about for each state.
const ASKED: usize = 300;

/// The most explicit mechanisms of which every selection is tried.
const MOST_SELECTED: usize = 4;

/// The states that were better than doing nothing.
pub(super) struct Candidates<'a, D> {
    /// What stands beside the model.
    decider: Decider<'a>,
    /// The examples that are asked about.
    data: D,
    before: Answers,
    seed: u64,
    /// What speaks against the state of which the classifiers agree on most, of those that are no better.
    refused: Option<Comparison>,
    better: Vec<(usize, DeepCama, Answers)>,
}

impl<'a, D: Dataset> Candidates<'a, D> {
    /// None yet; `decider` has the previous model.
    pub fn new(decider: Decider<'a>, data: &D, seed: u64) -> Result<Self> {
        // Files may be sorted by class.
        let data = data.select(&spread_over(data.len(), ASKED).collect::<Vec<_>>());
        let before = decider.answers(&data, M::Null, seed)?;
        Ok(Self { decider, data, before, seed, refused: None, better: Vec::new() })
    }

    /// Asks about a state after so many steps of Eq. 8.
    pub fn consider(&mut self, step: usize, model: &DeepCama) -> Result<()> {
        let answers = match (Decider { model, ..self.decider }).answers(&self.data, M::Mean, self.seed) {
            // A state whose numbers are not finite is no candidate.
            Err(Error::Diverged(_)) => return Ok(()),
            answers => answers?,
        };
        let on_clean = self.decider.guard.map(|guard| guard.agreement);
        if answers.are_better(&self.before, on_clean.unwrap_or(1.0), &self.decider.thresholds) {
            self.better.push((step, model.clone(), answers));
            return Ok(());
        }
        let compared = answers.compared(&self.before, on_clean, &self.decider.thresholds);
        if self.refused.is_none_or(|refused| compared.agreement[1] > refused.agreement[1]) {
            self.refused = Some(compared);
        }
        Ok(())
    }

    /// The best so far, without regard to clean examples.
    pub fn leading(&self) -> Option<&DeepCama> {
        self.ranked().first().map(|i| &self.better[*i].1)
    }

    /// The best whose accuracy on clean examples is within the tolerance of what it was, with it; or why there is none.
    /// `unrestored` is the accuracy if none of them is restored, where that is known.
    pub fn best(
        &self,
        validator: &Validator<D>,
        before: &FitStatistics,
        unrestored: Option<f64>,
    ) -> Result<std::result::Result<Candidate, RollbackReason>> {
        let mut costs = None;
        for i in self.ranked() {
            let (step, model, _) = &self.better[i];
            let model = validator.with_prior_of_data(model);
            let fit = validator.validate_decided(
                &Decider { model: &model, ..self.decider },
                M::Mean,
                unrestored,
            )?;
            match before.allows(&fit, validator.config.tolerance) {
                Ok(()) => return Ok(Ok(Candidate { step: *step, fit, model })),
                Err(reason) => costs = costs.or(Some(reason)),
            }
        }
        Ok(Err(costs.or(self.refused.map(RollbackReason::NotEasier)).unwrap_or(RollbackReason::NotBetter)))
    }

    /// Best first: those as sure as the surest, most agreeing first, then the others.
    fn ranked(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.better.len()).collect();
        let answers = |i: usize| &self.better[i].2;
        order.sort_by(|&a, &b| answers(b).confidence().total_cmp(&answers(a).confidence()));
        let Some(&surest) = order.first() else { return order };
        let as_sure = |i: usize| answers(i).are_as_sure(answers(surest));
        order.sort_by(|&a, &b| {
            let key = |i: usize| (as_sure(i), answers(i).agreement());
            key(b).partial_cmp(&key(a)).expect("shares are numbers")
        });
        order
    }
}

/// The model with every selection of its explicit mechanisms but all of them, if there are several: where only some of them
/// are at work, the others mistake what is left for theirs.
pub(super) fn groups(model: &DeepCama) -> Result<Vec<DeepCama>> {
    let mechanisms = &model.config().mechanisms;
    let explicit: Vec<&MechanismConfig> = mechanisms.iter().filter(|m| m.is_explicit()).collect();
    if !(2..=MOST_SELECTED).contains(&explicit.len()) {
        return Ok(Vec::new());
    }
    let selection = |chosen: usize| {
        let chosen = explicit.iter().enumerate().filter(|(i, _)| chosen >> i & 1 == 1);
        let chosen: Vec<MechanismConfig> = chosen.map(|(_, one)| (*one).clone()).collect();
        // What is kept of them keeps its weights: nothing is drawn.
        model.clone().attach(&chosen, 0)
    };
    (1..(1 << explicit.len()) - 1).map(selection).collect()
}
