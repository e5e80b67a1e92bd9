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

    /// Where Eq. 8 should start: the best so far, without regard to clean examples, or `model`. Where a field has restored for that,
    /// from the best without one as well, or from `model` without its field: what is fitted to images that a field has left says
    /// nothing of how well the other mechanisms would do alone.
    pub fn starts(&self, model: &DeepCama) -> Result<Vec<DeepCama>> {
        let ranked = self.ranked();
        let mut states = ranked.iter().map(|i| &self.better[*i].1);
        let free = states.clone().find(|state| state.field().is_none()).cloned();
        let leading = states.next();
        let by_field = leading.filter(|state| state.field().is_some() && state.mechanisms().is_some());
        let free = match free {
            Some(free) => free,
            None => without_field(model)?,
        };
        Ok([Some(free).filter(DeepCama::infers), by_field.cloned()].into_iter().flatten().collect())
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

    /// Best first.
    fn ranked(&self) -> Vec<usize> {
        let all = self.better.iter().map(|(_, model, answers)| (answers, model.field().is_some()));
        preferred(&all.collect::<Vec<_>>(), self.decider.thresholds.field)
    }
}

/// Which of these answers are of the best restoration, best first: those as sure as the surest, most agreeing first, then the others.
///
/// With each stands whether a field has restored. What a field makes of an image is plainer than the image, so that both classifiers
/// are surer of it and agree more often, right or wrong: so such restorations come first only if one of them is `asked` more agreed
/// on than all others.
pub(super) fn preferred(all: &[(&Answers, bool)], asked: f64) -> Vec<usize> {
    let [without, with] = [false, true].map(|by_field| {
        let like: Vec<usize> = (0..all.len()).filter(|&i| all[i].1 == by_field).collect();
        let most = like.iter().map(|&i| all[i].0.agreement()).fold(f64::NEG_INFINITY, f64::max);
        (most, in_order(all, like))
    });
    let [first, then] = if with.0 - asked > without.0 { [with.1, without.1] } else { [without.1, with.1] };
    first.into_iter().chain(then).collect()
}

/// Those of all that are `alike`: those as sure as the surest of them, most agreeing first, then the others.
fn in_order(all: &[(&Answers, bool)], mut alike: Vec<usize>) -> Vec<usize> {
    let answers = |i: &usize| all[*i].0;
    let Some(surest) = alike.iter().map(answers).max_by(|a, b| a.confidence().total_cmp(&b.confidence()))
    else {
        return alike;
    };
    let key = |i: &usize| (answers(i).are_as_sure(surest), answers(i).agreement());
    alike.sort_by(|a, b| key(b).partial_cmp(&key(a)).expect("shares are numbers"));
    alike
}

/// The model with all of its mechanisms but the field.
fn without_field(model: &DeepCama) -> Result<DeepCama> {
    if model.field().is_none() {
        return Ok(model.clone());
    }
    let others = model.config().mechanisms.iter().filter(|mechanism| mechanism.is_of_m());
    // What is kept of them keeps its weights: nothing is drawn.
    model.clone().attach(&others.cloned().collect::<Vec<_>>(), 0)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Answer;

    /// What is said of 100 examples: the direct classifier is this sure of the first of two classes, and Bayes' rule says the same of
    /// so many.
    fn answers(sure: f64, agreeing: usize) -> Answers {
        let log_p = |p: f64| vec![p.ln(), (1.0 - p).ln()];
        let one = |i: usize| Answer {
            // Not all alike, so that differences have an error.
            direct: log_p(sure - 0.001 * (i % 7) as f64),
            bayes: log_p(if i < agreeing { 0.9 } else { 0.1 }),
            anomaly_score: 0.0,
            judged: 0.0,
        };
        Answers::of(&(0..100).map(one).collect::<Vec<_>>(), None)
    }

    #[test]
    fn a_field_is_preferred_where_classifiers_agree_on_more_than_is_asked_for() {
        let [without, sure, little, much] =
            [answers(0.8, 80), answers(0.9, 70), answers(0.95, 84), answers(0.95, 90)];
        // As sure as the surest first, then those that agree more often.
        assert_eq!(preferred(&[(&without, false), (&sure, false)], 0.05), [1, 0]);
        assert_eq!(preferred(&[(&little, true), (&much, true)], 0.05), [1, 0]);
        // That a field makes them surer counts for nothing.
        assert_eq!(preferred(&[(&without, false), (&little, true)], 0.05), [0, 1]);
        assert_eq!(preferred(&[(&without, false), (&little, true)], 0.03), [1, 0]);
        assert_eq!(preferred(&[(&without, false), (&much, true)], 0.05), [1, 0]);
        // The surest of a field may be less agreed on than another.
        let surest = answers(0.99, 60);
        assert_eq!(preferred(&[(&without, false), (&much, true), (&surest, true)], 0.05), [2, 1, 0]);
        assert!(preferred(&[], 0.05).is_empty());
    }
}
