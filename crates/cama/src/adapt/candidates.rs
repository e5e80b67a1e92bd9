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
    better: Vec<State>,
    /// On what share the classifiers agree at most of what states without a field have restored, and of what others have.
    agreed: [f64; 2],
    /// Steps in which the fields of states to come have dreamt of the data.
    pub field_steps: usize,
}

/// A state of the model.
struct State {
    /// The step of Eq. 8 after which it was.
    step: usize,
    kind: StateKind,
    model: DeepCama,
    answers: Answers,
}

impl<'a, D: Dataset> Candidates<'a, D> {
    /// None yet; `decider` has the previous model.
    pub fn new(decider: Decider<'a>, data: &D, seed: u64) -> Result<Self> {
        // Files may be sorted by class.
        let data = data.select(&spread_over(data.len(), ASKED).collect::<Vec<_>>());
        let before = decider.answers(&data, M::Null, seed)?;
        let agreed = [before.agreement(); 2];
        Ok(Self { decider, data, before, seed, refused: None, better: Vec::new(), agreed, field_steps: 0 })
    }

    /// Asks about a state after so many steps of Eq. 8.
    pub fn consider(&mut self, step: usize, model: &DeepCama) -> Result<()> {
        let answers = match (Decider { model, ..self.decider }).answers(&self.data, M::Mean, self.seed) {
            // A state whose numbers are not finite is no candidate.
            Err(Error::Diverged(_)) => return Ok(()),
            answers => answers?,
        };
        let kind = StateKind::of(model, self.field_steps);
        let agreed = &mut self.agreed[usize::from(kind.by_field)];
        *agreed = agreed.max(answers.agreement());
        let on_clean = self.decider.guard.map(|guard| guard.agreement);
        if answers.are_better(&self.before, on_clean.unwrap_or(1.0), &self.decider.thresholds) {
            self.better.push(State { step, kind, model: model.clone(), answers });
            return Ok(());
        }
        let compared = answers.compared(&self.before, on_clean, &self.decider.thresholds);
        if self.refused.is_none_or(|refused| compared.agreement[1] > refused.agreement[1]) {
            self.refused = Some(compared);
        }
        Ok(())
    }

    /// If a field restores best so far, be it well enough or not: on what share classifiers agree.
    pub fn led_by_field(&self) -> Option<f64> {
        let [without, with] = self.agreed;
        (with - self.decider.thresholds.field > without).then_some(with)
    }

    /// Where Eq. 8 should start: the best so far, without regard to clean examples, or `model`. Where a field has restored for that,
    /// from the best without one as well, or from `model` without its field: what is fitted to images that a field has left says
    /// nothing of how well the other mechanisms would do alone.
    pub fn starts(&self, model: &DeepCama) -> Result<Vec<DeepCama>> {
        let ranked = self.ranked();
        let mut states = ranked.iter().map(|i| &self.better[*i].model);
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
            let State { step, kind, model, .. } = &self.better[i];
            let model = validator.with_prior_of_data(model);
            let fit = validator.validate_decided(
                &Decider { model: &model, ..self.decider },
                M::Mean,
                unrestored,
            )?;
            match before.allows(&fit, validator.config.tolerance) {
                Ok(()) => {
                    return Ok(Ok(Candidate { step: *step, field_steps: kind.field_steps, fit, model }));
                }
                Err(reason) => costs = costs.or(Some(reason)),
            }
        }
        Ok(Err(costs.or(self.refused.map(RollbackReason::NotEasier)).unwrap_or(RollbackReason::NotBetter)))
    }

    /// Best first.
    fn ranked(&self) -> Vec<usize> {
        let all = self.better.iter().map(|state| (&state.answers, state.kind));
        preferred(&all.collect::<Vec<_>>(), self.decider.thresholds.field)
    }
}

/// What kind of state has restored examples.
#[derive(Clone, Copy)]
pub(super) struct StateKind {
    by_field: bool,
    mechanisms: usize,
    /// Steps in which its field has dreamt of the data.
    field_steps: usize,
}

impl StateKind {
    /// That of a state the field of which has dreamt of the data for so many steps.
    pub fn of(model: &DeepCama, field_steps: usize) -> Self {
        let (by_field, mechanisms) = (model.field().is_some(), model.config().mechanisms.len());
        Self { by_field, mechanisms, field_steps: if by_field { field_steps } else { 0 } }
    }
}

/// What is said of examples that a state of this kind has restored.
type Restoration<'a> = (&'a Answers, StateKind);

/// Which of these restorations are the best, best first: those as sure as the surest, most agreeing first, then the others.
///
/// What a field makes of an image is plainer than the image, so that both classifiers are surer of it and agree more often, right or
/// wrong: so such restorations come first only if one of them is `asked` more agreed on than all others.
pub(super) fn preferred(all: &[Restoration], asked: f64) -> Vec<usize> {
    let like = |by_field| (0..all.len()).filter(move |&i| all[i].1.by_field == by_field);
    let most = |by_field| like(by_field).map(|i| all[i].0.agreement()).fold(f64::NEG_INFINITY, f64::max);
    let [without, with] = [
        (most(false), in_order(all, like(false).collect())),
        (most(true), in_order_of_field(all, like(true).collect())),
    ];
    let [first, then] = if with.0 - asked > without.0 { [with.1, without.1] } else { [without.1, with.1] };
    first.into_iter().chain(then).collect()
}

/// Those of all that are `alike`, restored by a field: the plainest of those that are as good as the best, within a standard error
/// (Breiman et al., Classification and Regression Trees, 1984), then the others. The best is that of which classifiers agree on most,
/// or the one of which they are surer than they agree on fewer. The fewer mechanisms the plainer, and of as many the one of which the
/// field has dreamt longer of the data.
fn in_order_of_field(all: &[Restoration], mut alike: Vec<usize>) -> Vec<usize> {
    let answers = |i: usize| all[i].0;
    let agreement = |i: usize| answers(i).agreement();
    let Some(most) = alike.iter().copied().max_by(|&a, &b| agreement(a).total_cmp(&agreement(b))) else {
        return alike;
    };
    let rise = |i: usize| answers(i).rise_over(answers(most));
    let surer = alike.iter().copied().filter(|&i| rise(i) > 1.0).max_by(|&a, &b| rise(a).total_cmp(&rise(b)));
    let best = answers(surer.unwrap_or(most));
    let key = |i: usize| {
        let (answers, StateKind { mechanisms, field_steps, .. }) = all[i];
        let ties = best.rise_over(answers) <= 1.0;
        (!ties, if ties { (mechanisms, usize::MAX - field_steps) } else { (0, 0) })
    };
    alike.sort_by(|&a, &b| key(a).cmp(&key(b)).then(agreement(b).total_cmp(&agreement(a))));
    alike
}

/// Those of all that are `alike`: those as sure as the surest of them, most agreeing first, then the others.
fn in_order(all: &[Restoration], mut alike: Vec<usize>) -> Vec<usize> {
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
        answers_from(0, sure, agreeing)
    }

    /// The same of the first so many from one of the examples on.
    fn answers_from(first: usize, sure: f64, agreeing: usize) -> Answers {
        let log_p = |p: f64| vec![p.ln(), (1.0 - p).ln()];
        let one = |i: usize| Answer {
            // Not all alike, so that differences have an error.
            direct: log_p(sure - 0.001 * (i % 7) as f64),
            bayes: log_p(if (first..first + agreeing).contains(&i) { 0.9 } else { 0.1 }),
            anomaly_score: 0.0,
            judged: 0.0,
        };
        Answers::of(&(0..100).map(one).collect::<Vec<_>>(), None)
    }

    #[test]
    fn a_field_is_preferred_where_classifiers_agree_on_more_than_is_asked_for() {
        let [without, sure, little, much] =
            [answers(0.8, 80), answers(0.9, 70), answers(0.95, 84), answers(0.95, 90)];
        let preferred = |all: &[(&Answers, bool)], asked| {
            let restoration = |&(answers, by_field): &(_, _)| {
                (answers, StateKind { by_field, mechanisms: 1, field_steps: 0 })
            };
            preferred(&all.iter().map(restoration).collect::<Vec<_>>(), asked)
        };
        // As sure as the surest first, then those that agree more often.
        assert_eq!(preferred(&[(&without, false), (&sure, false)], 0.05), [1, 0]);
        assert_eq!(preferred(&[(&little, true), (&much, true)], 0.05), [1, 0]);
        // That a field makes them surer counts for nothing.
        assert_eq!(preferred(&[(&without, false), (&little, true)], 0.05), [0, 1]);
        assert_eq!(preferred(&[(&without, false), (&little, true)], 0.03), [1, 0]);
        assert_eq!(preferred(&[(&without, false), (&much, true)], 0.05), [1, 0]);
        // The surest of a field may be less agreed on than another.
        let surest = answers(0.99, 60);
        assert_eq!(preferred(&[(&without, false), (&much, true), (&surest, true)], 0.05), [1, 2, 0]);
        assert!(preferred(&[], 0.05).is_empty());
    }

    #[test]
    fn of_restorations_by_a_field_that_are_agreed_on_alike_the_plainest_comes_first() {
        let [often, less] = [90, 80].map(|agreeing| answers(0.9, agreeing));
        // On other examples.
        let hardly_less = answers_from(8, 0.9, 89);
        let by = |answers, mechanisms, field_steps| {
            (answers, StateKind { by_field: true, mechanisms, field_steps })
        };
        assert_eq!(preferred(&[by(&often, 2, 0), by(&hardly_less, 1, 0), by(&less, 1, 0)], 0.05), [1, 0, 2]);
        assert_eq!(preferred(&[by(&often, 1, 100), by(&hardly_less, 1, 200)], 0.05), [1, 0]);
        assert_eq!(preferred(&[by(&often, 3, 0), by(&less, 1, 200)], 0.05), [0, 1]);
    }

    #[test]
    fn of_restorations_by_a_field_one_that_classifiers_are_surer_of_than_they_agree_less_comes_first() {
        let by = |answers, field_steps| (answers, StateKind { by_field: true, mechanisms: 1, field_steps });
        let (often, surer, less_sure) = (answers(0.8, 90), answers(0.9, 86), answers(0.75, 86));
        assert_eq!(preferred(&[by(&often, 100), by(&surer, 200), by(&less_sure, 300)], 0.05), [1, 0, 2]);
        // However sure: what they agree on far less is not better.
        assert_eq!(preferred(&[by(&often, 100), by(&answers(0.99, 40), 200)], 0.05), [0, 1]);
    }
}
