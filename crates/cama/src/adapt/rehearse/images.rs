//! Rehearsal on images.

use std::ops::Range;

use rand_chacha::ChaCha8Rng;

use super::{Rehearsing, SEEN, Tried, share, worth_most, worth_of};
use crate::adapt::candidates::{self, StateKind};
use crate::data::Dataset;
use crate::decide::{AS_OFTEN, Answer, Answers, EVER_ENOUGH, LEAST_AGREEMENT, Thresholds, Weighed};
use crate::model::{DeepCama, M};
use crate::{Error, Result};

/// Damage to images: what affine and photometric mechanisms express, all images alike or each by itself, some of it
/// strong, and what they do not.
const IMAGE_DAMAGE: [&str; 18] = [
    "none",
    "shift:0.1",
    "shift:0.25",
    "rotate:20",
    "rotate:45",
    "scale:1.4",
    "shear:0.5",
    "contrast:0.3:0.7",
    "brightness:0.3",
    "rotate:30+contrast:0.4:0.8",
    "noise:0.2",
    "blur:1.5",
    "impulse:0.1",
    "invert-part:0.5",
    "bars:2",
    "scribble:2",
    "occlude:0.3",
    "ramp:0.4",
];

/// One damage to images, before thresholds are known.
struct ImageTrial {
    damage: &'static str,
    before: Answers,
    /// Accuracy if nothing is restored.
    accuracy: f64,
    /// What the classifiers say of the images restored by each state of the model.
    states: Vec<Restored>,
}

/// Images that a state of the model has restored.
struct Restored {
    answers: Answers,
    kind: StateKind,
    /// Accuracy of the discriminative classifier.
    accuracy: f64,
}

/// On what share more two classifiers may be asked to agree where a field has restored images.
const ASKED_OF_FIELD: [f64; 9] = [0.0, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2];

impl<D: Dataset> Rehearsing<'_, D> {
    /// Damages images, and restores them by the mechanisms alone and together; with it, on what share of their agreement on
    /// clean images classifiers must agree on such as are explained, and on such as are not, and how much more is asked of a field.
    pub(super) fn images(
        &self,
        rng: &mut ChaCha8Rng,
        weighed: &mut Vec<Weighed>,
    ) -> Result<(Vec<Tried>, Thresholds)> {
        let (model, usual) = (self.decider.model, self.decider.thresholds);
        // Without a discriminative classifier nothing is asked.
        if self.decider.direct.is_none() {
            return Ok((Vec::new(), usual));
        }
        let mut states = candidates::groups(model)?;
        if model.restores() {
            states.push(model.clone());
        }
        let (mut trials, mut groups) = (Vec::new(), 0);
        for damage in IMAGE_DAMAGE {
            let clean = self.examples(rng);
            // What cannot be done to such images, as some things to coloured ones, is not rehearsed.
            let Some(data) = damage.parse().ok().and_then(|damage| clean.manipulated(&damage, rng).ok())
            else {
                continue;
            };
            trials.push(self.image(damage, [&clean, &data], &states, weighed, &mut groups)?);
        }
        let on_clean = self.guard.agreement;
        let found = |explained| trials.iter().flat_map(|trial| trial.likely(on_clean, explained)).collect();
        let thresholds = Thresholds {
            unexplained: least_share(found(false), LEAST_AGREEMENT..AS_OFTEN),
            explained: least_share(found(true), EVER_ENOUGH..LEAST_AGREEMENT),
            ..usual
        };
        let thresholds = Thresholds { field: asked_of_field(&trials, on_clean, &thresholds), ..thresholds };
        let tried = trials.iter().map(|trial| trial.tried(on_clean, &thresholds)).collect();
        Ok((tried, thresholds))
    }

    /// One damage, of which these are the clean and the damaged images, and what they say of how classifiers should be weighed.
    fn image(
        &self,
        damage: &'static str,
        [clean, data]: [&D; 2],
        states: &[DeepCama],
        weighed: &mut Vec<Weighed>,
        groups: &mut usize,
    ) -> Result<ImageTrial> {
        let labels = data.labels().expect("labelled clean examples");
        let threshold = Some(self.guard.threshold);
        let as_they_are = self.ask(self.decider.model, data, M::Null)?;
        let before = Answers::of(&as_they_are, threshold);
        let accuracy = |answers: &[Answer]| share(answers, labels, |answer| &answer.direct);
        let mut trial = ImageTrial { damage, before, accuracy: accuracy(&as_they_are), states: Vec::new() };
        let mut best: Option<(f64, &DeepCama)> = None;
        for state in states {
            let restored = match self.ask(state, data, M::Mean) {
                // What cannot be restored would not be.
                Err(Error::Diverged(_)) => continue,
                restored => restored?,
            };
            let (answers, accuracy) = (Answers::of(&restored, threshold), accuracy(&restored));
            if best.is_none_or(|(highest, _)| answers.agreement() > highest) {
                best = Some((answers.agreement(), state));
            }
            if answers.are_better(&trial.before, self.guard.agreement, &self.decider.thresholds) {
                weighed.extend(weigh(restored, labels, groups));
            }
            trial.states.push(Restored { answers, kind: StateKind::of(state, 0), accuracy });
        }
        weighed.extend(weigh(as_they_are, labels, groups));
        if let (Some(see), Some((_, state))) = (self.see, best) {
            let few: Vec<usize> = (0..clean.len().min(SEEN)).collect();
            let [clean, damaged] = [clean, data].map(|data| data.select(&few));
            let restored: Vec<f32> =
                self.decide(state, &damaged)?.into_iter().flat_map(|decision| decision.restored).collect();
            see(damage, [&clean, &damaged, &damaged.with_x(&restored)?]);
        }
        Ok(trial)
    }
}

impl ImageTrial {
    /// Of every state whose restored images are mostly `explained`, or are not, and which classifiers find easier: on what share of
    /// their agreement on clean images they agree, and what is gained.
    fn likely(&self, on_clean: f64, explained: bool) -> Vec<(f64, f64)> {
        let one = |Restored { answers, accuracy, .. }: &Restored| {
            let share = answers.likely_agreement(&self.before, on_clean)?;
            (answers.are_explained() == explained).then_some((share, accuracy - self.accuracy))
        };
        self.states.iter().filter_map(one).collect()
    }

    /// The trial with these thresholds but for how much surer the discriminative classifier must be: states as they would be
    /// preferred.
    fn tried(&self, on_clean: f64, thresholds: &Thresholds) -> Tried {
        let evidence = |state: &Restored| state.answers.evidence(&self.before, on_clean, thresholds);
        let may_be: Vec<&Restored> = self.states.iter().filter(|state| evidence(state).is_finite()).collect();
        let answers: Vec<_> = may_be.iter().map(|state| (&state.answers, state.kind)).collect();
        let order = candidates::preferred(&answers, thresholds.field).into_iter();
        let options = order.map(|i| (evidence(may_be[i]), may_be[i].accuracy)).collect();
        Tried { damage: self.damage.into(), options, surer: f64::INFINITY, before: self.accuracy }
    }
}

/// On what share more classifiers must agree where a field has restored, so that what is preferred gains most accuracy; of several such
/// shares the one nearest to the usual one.
fn asked_of_field(trials: &[ImageTrial], on_clean: f64, thresholds: &Thresholds) -> f64 {
    let worth = |field: f64| {
        let thresholds = Thresholds { field, ..*thresholds };
        trials.iter().map(|trial| trial.tried(on_clean, &thresholds).worth(thresholds.rise)).sum()
    };
    let usual = thresholds.field;
    worth_most(ASKED_OF_FIELD.into_iter(), usual, worth, |field| (field - usual).abs())
}

/// The share of their agreement on clean images from which on it pays to restore, of shares at which this much accuracy was gained:
/// half-way between two that were found, or one and the least that is ever enough, where the `range` begins. The usual share, where
/// it ends, unless a lower one gains more, at two at least: one alone may be chance.
fn least_share(mut found: Vec<(f64, f64)>, range: Range<f64>) -> f64 {
    found.retain(|(share, _)| range.contains(share));
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut best, mut most, mut worth) = (range.end, 0.0, 0.0);
    for (i, (share, gained)) in found.iter().enumerate() {
        worth += worth_of(*gained);
        let next = found.get(i + 1).map_or(range.start, |(share, _)| *share);
        if i > 0 && worth > most {
            (best, most) = ((share * next).sqrt(), worth);
        }
    }
    best
}

/// What is said of examples with these labels, as the next group.
fn weigh(answers: Vec<Answer>, labels: &[usize], groups: &mut usize) -> Vec<Weighed> {
    *groups += 1;
    answers.into_iter().zip(labels).map(|(answer, label)| Weighed::new(answer, *label, *groups - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_explained_is_restored_where_that_paid_in_rehearsal() {
        let least_share = |found| least_share(found, LEAST_AGREEMENT..AS_OFTEN);
        // Nothing was found, or nothing that gains: as often as always.
        assert_eq!(least_share(Vec::new()), AS_OFTEN);
        assert_eq!(least_share(vec![(0.9, -0.1), (0.5, 0.3)]), AS_OFTEN);
        assert_eq!(least_share(vec![(0.9, 0.3)]), AS_OFTEN);
        // Half-way down to what harms, or to the least that is ever enough.
        let helps = [(0.92, 0.1), (0.9, 0.05)];
        assert!((least_share(helps.to_vec()) - (0.9 * LEAST_AGREEMENT).sqrt()).abs() < 1e-12);
        let harms = [helps.as_slice(), &[(0.85, -0.05)]].concat();
        assert!((least_share(harms) - (0.9f64 * 0.85).sqrt()).abs() < 1e-12);
        // Harm weighs more than gain.
        assert_eq!(least_share(vec![(0.94, -0.05), (0.9, 0.15)]), AS_OFTEN);
    }
}
