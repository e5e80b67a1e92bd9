//! How much Bayes' rule counts in the product where an example is explained badly.

use serde::{Deserialize, Serialize};

use super::ask::exponentials;
use super::compare::Answer;
use super::guard::Guard;
use crate::{Error, Result};

/// How much Bayes' rule counts in the product where an example is explained badly.
///
/// log p(y|x) = `direct` · log p_direct(y|x) + (log p(x|y) + log p(y)) / (T (1 + e / `tolerance`)²), up to a constant, where
/// e is by how much the example's anomaly score, as it is judged, is above `typical`. What the model explains as it does
/// clean examples, Bayes' rule decides as far as T lets it; what it does not explain, the discriminative classifier decides.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tempering {
    /// Power of the discriminative classifier.
    pub direct: f64,
    /// Median anomaly score of clean examples, in nats.
    pub typical: f64,
    /// Nats above it at which T is four times as high.
    pub tolerance: f64,
}

impl Tempering {
    /// The same T for every example.
    pub const CONSTANT: Self = Self { direct: 1.0, typical: 0.0, tolerance: 1e12 };

    /// By which T is multiplied for an example with this anomaly score.
    pub fn factor(&self, anomaly_score: f64) -> f64 {
        let above = (anomaly_score - self.typical).max(0.0);
        (1.0 + above / self.tolerance).powi(2).min(NO_SAY)
    }

    /// The same where a guard tells what is explained: of what is not, Bayes' rule says nothing. How wrong it is there, damage
    /// to a user's own examples does not tell.
    pub fn factor_under(&self, guard: Option<&Guard>, anomaly_score: f64) -> f64 {
        match guard {
            Some(guard) if anomaly_score > guard.threshold => NO_SAY,
            _ => self.factor(anomaly_score),
        }
    }

    /// Errors unless it is one that can be: from a file it may be anything.
    ///
    /// # Errors
    ///
    /// [`Error::Config`].
    pub fn check(&self) -> Result<()> {
        for (field, value) in [("direct", self.direct), ("tolerance", self.tolerance)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::config(format!("tempering.{field}"), value, "a positive number"));
            }
        }
        match self.typical.is_finite() {
            true => Ok(()),
            false => Err(Error::config("tempering.typical", self.typical, "a finite number")),
        }
    }
}

/// A factor of T with which Bayes' rule has no say any more.
pub(super) const NO_SAY: f64 = 1e12;

/// What an example says of how the two should be weighed.
pub(crate) struct Weighed {
    bayes: Vec<f64>,
    direct: Vec<f64>,
    anomaly_score: f64,
    label: usize,
    /// Which examples it came with: of the same damage, restored or as they were.
    group: usize,
}

impl Weighed {
    /// By how much it is an anomaly, as it is judged.
    pub fn anomaly_score(&self) -> f64 {
        self.anomaly_score
    }

    /// What is said of an example of class `label` in this group.
    pub fn new(answer: Answer, label: usize, group: usize) -> Self {
        let Answer { direct, bayes, judged, .. } = answer;
        // As probabilities have it, none of which is zero.
        let floor =
            |log_p: Vec<f64>| log_p.into_iter().map(|log_p| log_p.max(f64::MIN_POSITIVE.ln())).collect();
        Self { bayes: floor(bayes), direct: floor(direct), anomaly_score: judged, label, group }
    }
}

/// Where logarithms of the three parameters are looked for, and steps of each search.
const LOG_DIRECT: (f64, f64) = (-3.0, 2.0);
const LOG_T: (f64, f64) = (0.0, 8.0);
const LOG_TOLERANCE: (f64, f64) = (-1.0, 12.0);
const SEARCH: usize = 24;
const SWEEPS: usize = 6;

/// What a nat counts that the product loses to the discriminative classifier alone on a group as a whole, beside one that it
/// loses on any example: it is to be worse on none.
const HARM: f64 = 4.0;

/// T and the tempering under which labels are most probable, and in no group of examples much less so than by the
/// discriminative classifier alone: the best of searches from several tolerances, each along one parameter after the other.
/// `typical` is the median anomaly score of clean examples.
pub(crate) fn fit_tempering(examples: &[Weighed], typical: f64) -> (f64, Tempering) {
    let groups = examples.iter().map(|example| example.group + 1).max().unwrap_or_default();
    let loss = |[direct, log_t, tolerance]: [f64; 3]| {
        let tempering = Tempering { direct: direct.exp(), typical, tolerance: tolerance.exp() };
        let (mut all, mut lost) = (0.0, vec![0.0; groups]);
        for example in examples {
            let loss = example.loss(log_t.exp(), &tempering);
            all += loss;
            lost[example.group] += loss - example.loss(f64::INFINITY, &tempering);
        }
        all + HARM * lost.into_iter().map(|lost| lost.max(0.0)).sum::<f64>()
    };
    let bounds = [LOG_DIRECT, LOG_T, LOG_TOLERANCE];
    let from = |tolerance: f64| {
        let mut at = [0.0, 2.0, tolerance];
        for _ in 0..SWEEPS {
            for i in 0..3 {
                at[i] = golden(bounds[i], |value| {
                    let mut at = at;
                    at[i] = value;
                    loss(at)
                });
            }
        }
        (loss(at), at)
    };
    let found = [1.0, 3.0, 5.0, 8.0].map(from);
    let (_, [direct, log_t, tolerance]) =
        found.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).expect("four searches");
    (log_t.exp(), Tempering { direct: direct.exp(), typical, tolerance: tolerance.exp() })
}

impl Weighed {
    /// −log p(label).
    fn loss(&self, temperature: f64, tempering: &Tempering) -> f64 {
        let temperature = temperature * tempering.factor(self.anomaly_score);
        let scores: Vec<f64> = self
            .bayes
            .iter()
            .zip(&self.direct)
            .map(|(bayes, direct)| bayes / temperature + tempering.direct * direct)
            .collect();
        -exponentials(&scores)[self.label].max(f64::MIN_POSITIVE).ln()
    }
}

/// Where a function of one number is lowest, by golden sections.
pub(super) fn golden((mut low, mut high): (f64, f64), loss: impl Fn(f64) -> f64) -> f64 {
    let section = (5f64.sqrt() - 1.0) / 2.0;
    let (mut left, mut right) = (high - section * (high - low), low + section * (high - low));
    let (mut at_left, mut at_right) = (loss(left), loss(right));
    for _ in 0..SEARCH {
        if at_left < at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - section * (high - low);
            at_left = loss(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + section * (high - low);
            at_right = loss(right);
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_place_is_found() {
        assert!((golden((-3.0, 5.0), |x| (x - 1.25).powi(2)) - 1.25).abs() < 1e-3);
    }

    /// Bayes' rule is right where an example is explained, and surely wrong where it is not; the other is right always, but
    /// never sure.
    #[test]
    fn bayes_rule_counts_where_it_is_right() {
        let example = |i: usize| {
            let explained = i.is_multiple_of(2);
            let label = i % 3;
            let says = if explained { label } else { (label + 1) % 3 };
            let log = |of: usize, sure: f64| {
                (0..3).map(|class| if class == of { 0.0 } else { -sure }).collect::<Vec<f64>>()
            };
            let anomaly_score = if explained { 50.0 + (i % 7) as f64 } else { 300.0 };
            // Now and then the other is wrong.
            let of_direct = if i.is_multiple_of(10) { (label + 2) % 3 } else { label };
            Weighed { bayes: log(says, 80.0), direct: log(of_direct, 1.0), anomaly_score, label, group: 0 }
        };
        let examples: Vec<Weighed> = (0..300).map(example).collect();
        let (temperature, tempering) = fit_tempering(&examples, 52.0);
        let right = |example: &Weighed| example.loss(temperature, &tempering) < 2f64.ln();
        let share = examples.iter().filter(|e| right(e)).count() as f64 / 300.0;
        assert!(share > 0.93, "{share} {temperature} {tempering:?}");
        assert_eq!(tempering.factor(10.0), 1.0);
        assert!(tempering.factor(1e300) <= NO_SAY);
    }

    /// Bayes' rule is right on most of the data, and surely wrong on one kind of it, which is explained as well.
    #[test]
    fn the_product_is_worse_on_no_kind_of_data() {
        let example = |i: usize| {
            let (label, group) = (i % 3, usize::from(i.is_multiple_of(10)));
            let says = if group == 0 { label } else { (label + 1) % 3 };
            let log = |of: usize, sure: f64| {
                (0..3).map(|class| if class == of { 0.0 } else { -sure }).collect::<Vec<f64>>()
            };
            // Now and then the other is wrong, more often where Bayes' rule is not.
            let of_direct = if i % 4 == 3 { (label + 2) % 3 } else { label };
            Weighed { bayes: log(says, 20.0), direct: log(of_direct, 2.0), anomaly_score: 50.0, label, group }
        };
        // On how many of the kind the product is right, if its fit knows of it or not.
        let right = |known: bool| {
            let fitted: Vec<Weighed> = (0..300)
                .map(example)
                .map(|e| Weighed { group: if known { e.group } else { 0 }, ..e })
                .collect();
            let (temperature, tempering) = fit_tempering(&fitted, 52.0);
            let of_kind = (0..300).map(example).filter(|e| e.group == 1);
            of_kind.filter(|e| e.loss(temperature, &tempering) < 2f64.ln()).count()
        };
        assert_eq!((right(true), right(false)), (30, 0));
    }
}
