//! What searches for z start from, and how far an outlier may be from being one, from clean data.

use super::Cama;
use crate::data::Dataset;
use crate::decide::{DecideConfig, Decision, Rule};
use crate::model::M;
use crate::predict::{Bank, BankConfig, Inference, OptimiseConfig, PredictConfig};
use crate::progress::{Event, Observer, Phase};
use crate::{Config, Error, Result};

/// The most latents of a class.
const LATENTS: usize = 500;

/// Examples with which the floor is chosen, and the fewest with which that makes sense.
const CALIBRATED: usize = 300;
const FEWEST: usize = 50;

/// Probabilities of an outlier that are tried.
const FLOORS: [f64; 8] = [0.0, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5];

/// Of clean examples, as many exceed the suspicion from which on an example is suspicious.
const FALSE_ALARMS: f64 = 0.01;

/// Of standard errors of a difference, as many are taken for none.
const STANDARD_ERRORS: f64 = 1.0;

impl Cama {
    /// The bank of latents with which [`Inference::Optimise`] starts, if there is one.
    pub fn bank(&self) -> Option<&Bank> {
        self.bank.as_ref()
    }

    /// The same with a bank of latents of clean, labelled examples, so that Bayes' rule can search z
    /// ([`Inference::Optimise`]): q1's means of 500 of each class at most. On 300 others of the examples it is found out
    ///
    /// - how probable an outlier may be taken to be (the floor): the more, the less a few values decide, and the less is left to
    ///   tell the classes apart. Of .01, .03, .1, .2 … .5 and none the greatest is kept whose accuracy is within one standard error, of
    ///   the difference in pairs, of the best one's. No attack is looked at for that;
    /// - by how much the search contradicts amortised inference on one in a hundred of them: more is suspicious.
    ///
    /// A factor model, which integrates z out, needs no latents; what is searched are the outliers of each row.
    ///
    /// Examples that training did not learn from serve best. `observer` sees the steps, and can stop it.
    ///
    /// # Errors
    ///
    /// If the data does not fit the model, has no labels, or too few examples of a class, or the observer
    /// breaks.
    pub fn with_bank<D: Dataset>(self, clean: &D, observer: &mut Observer) -> Result<Self> {
        self.model.check_labelled(clean)?;
        let n = clean.len();
        // Every so many an example to calibrate with, at most a quarter of all.
        let step = n.div_ceil(CALIBRATED).max(4);
        let (calibrated, kept): (Vec<usize>, Vec<usize>) = (0..n).partition(|i| i % step == 0);
        if calibrated.len() < FEWEST {
            return Err(Error::Mismatch(format!(
                "{} has {}: too few to find out how to search z; give {} at least",
                clean.name(),
                self.model.config().data.counted(n),
                FEWEST * 4
            )));
        }
        let bank = match self.model.factor() {
            Some(_) => Bank::without_latents(&self.model),
            None => Bank::of(&self.model, clean, &kept, LATENTS)?,
        };
        let held_out = clean.select(&calibrated);
        let found = Calibrating { cama: &self, held_out: &held_out, observer }.run(&bank)?;
        Ok(Self { bank: Some(bank.with(found)), ..self })
    }
}

/// What a bank is calibrated with.
struct Calibrating<'a, 'o, D> {
    cama: &'a Cama,
    held_out: &'a D,
    observer: &'a mut Observer<'o>,
}

impl<D: Dataset> Calibrating<'_, '_, D> {
    fn run(&mut self, bank: &Bank) -> Result<BankConfig> {
        let labels = self.held_out.labels().expect("checked to have some");
        let mut all: Vec<(f64, Vec<bool>, Vec<f64>)> = Vec::new();
        for (done, floor) in FLOORS.into_iter().enumerate() {
            let decisions = self.searched(bank, floor)?;
            let right =
                decisions.iter().zip(labels).map(|(decision, label)| decision.class == *label).collect();
            let suspicions = decisions.iter().filter_map(|decision| decision.suspicion).collect();
            all.push((floor, right, suspicions));
            let step = Event::Step {
                phase: Phase::Bank,
                done: done + 1,
                total: FLOORS.len(),
                loss: 1.0 - mean(&all[done].1),
            };
            if (self.observer)(step).is_break() {
                return Err(Error::Interrupted("no bank was made".into()));
            }
        }
        let accuracies: Vec<f64> = all.iter().map(|(_, right, _)| mean(right)).collect();
        let best = (0..all.len()).max_by(|&a, &b| accuracies[a].total_cmp(&accuracies[b])).unwrap_or(0);
        let kept = all.iter().rposition(|(_, right, _)| is_as_good(right, &all[best].1)).unwrap_or(best);
        let (floor, _, suspicions) = &all[kept];
        Ok(BankConfig {
            floor: *floor,
            suspicious_above: exceeded_by(suspicions, FALSE_ALARMS),
            tried: FLOORS.into_iter().zip(accuracies).collect(),
            ..bank.config().clone()
        })
    }

    /// What is decided about clean examples with this probability of an outlier.
    fn searched(&self, bank: &Bank, floor: f64) -> Result<Vec<Decision>> {
        let optimise = OptimiseConfig { floor: Some(floor), ..OptimiseConfig::default() };
        let predict = PredictConfig {
            m: M::Null,
            inference: Inference::Optimise,
            optimise,
            ..PredictConfig::default()
        };
        let config = DecideConfig { rule: Rule::Bayes, predict }.check()?;
        let decider = self.cama.decider();
        crate::decide::Decider { bank: Some(bank), guard: None, ..decider }.decide(self.held_out, &config)
    }
}

fn mean(right: &[bool]) -> f64 {
    right.iter().filter(|right| **right).count() as f64 / right.len() as f64
}

/// Whether the one is no worse than the other, in pairs, but for so many standard errors of the difference.
fn is_as_good(one: &[bool], other: &[bool]) -> bool {
    let n = one.len() as f64;
    let lost: Vec<f64> = one
        .iter()
        .zip(other)
        .map(|(one, other)| f64::from(u8::from(*other)) - f64::from(u8::from(*one)))
        .collect();
    let mean = lost.iter().sum::<f64>() / n;
    let variance = lost.iter().map(|lost| (lost - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    // One example is a standard error; rounding is not to decide about it.
    mean <= STANDARD_ERRORS * (variance / n).sqrt() + 1e-9
}

/// What this share of all exceeds.
fn exceeded_by(all: &[f64], share: f64) -> f64 {
    let mut sorted = all.to_vec();
    sorted.sort_by(f64::total_cmp);
    let above = (share * all.len() as f64) as usize;
    sorted.iter().rev().nth(above).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_as_good_as_the_best_within_a_standard_error_of_their_difference() {
        let right = |wrong: std::ops::Range<usize>| (0..100).map(|i| !wrong.contains(&i)).collect::<Vec<_>>();
        let best = right(0..2);
        assert!(is_as_good(&best, &best) && is_as_good(&right(0..3), &best));
        // Four more of a hundred, all of them lost: twice their standard error.
        assert!(!is_as_good(&right(0..6), &best));
        // The same accuracy, on others.
        assert!(is_as_good(&right(50..52), &best));
    }

    #[test]
    fn one_in_a_hundred_is_above_what_one_in_a_hundred_exceeds() {
        let all: Vec<f64> = (0..300).map(f64::from).collect();
        let bound = exceeded_by(&all, 0.01);
        assert_eq!(all.iter().filter(|value| **value > bound).count(), 3);
        assert_eq!(exceeded_by(&[], 0.01), 0.0);
    }
}
