//! The guard: whether an example, restored or as it is, is one that the model can explain.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::ask::log_probabilities;
use super::compare::Answers;
use super::decision::Decision;
use super::explain::{explain, rngs};
use super::rule::ByRule;
use super::thresholds::Thresholds;
use super::verdict::{Context, Verdict};
use crate::batch;
use crate::classifier::Classifier;
use crate::data::Dataset;
use crate::model::DeepCama;
use crate::predict::{PredictConfig, highest};
use crate::{Error, Result};

/// The share of clean examples that lie below the threshold before it is raised.
const SHARE: f64 = 0.99;

/// How much farther than that from clean examples an example may be: restored ones are blurred a little.
const SLACK: f64 = 1.25;

/// How far up from the mean to the threshold a restored example may lie of which nothing is known but itself, or that is one
/// of a mixture: farther where Bayes' rule and the discriminative classifier agree on its class.
const AGREED: f64 = 0.7;
const DISAGREED: f64 = 0.35;

/// From how many explained examples on data is taken to be what the mechanisms can express, and below how many not.
const INSIDE: f64 = 0.5;
const OUTSIDE: f64 = 0.1;

/// From what share on examples that are explained as they are make data that nothing was done to.
const AT_REST: f64 = 0.9;

/// By how much the share of examples on which Bayes' rule agrees may be lower.
const DISAGREEMENT: f64 = 0.05;

/// Fewer examples say too little of the data that they are from.
pub(super) const LEAST_EXAMPLES: usize = 50;

/// How badly the model explains clean examples at worst, learnt from examples that it was not trained on.
///
/// An example's anomaly score is how far log p(x|do(m=0)) lies below the highest that any mean could reach: for Bernoulli
/// pixels below their negative entropy (half the deviance; grey levels cost nothing in themselves), for what has a
/// density below zero. What is outside the family of mechanisms stays an anomaly score when it is restored.
///
/// Not so where a mechanism can shrink what it cannot explain onto its mean, as the factors of columns can: in tables,
/// noise passes for a change of scale. That log p(x) is low still tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// The highest anomaly score, in nats, that passes for explained.
    pub threshold: f64,
    /// Mean anomaly score of clean examples, in nats.
    pub mean: f64,
    /// Median anomaly score of clean examples, in nats.
    pub median: f64,
    /// On how many clean examples, as a share, Bayes' rule and the model's own discriminative classifier agree; 1 where
    /// it has none.
    pub agreement: f64,
    /// Clean examples that it was learnt from.
    pub examples: usize,
}

impl Guard {
    /// The fewest clean examples that tell what it is to be explained.
    pub const LEAST_CLEAN: usize = 20;

    /// Learns from clean examples, best such as the model was not trained on, what it is to be explained; `direct` is the
    /// discriminative classifier that it will be asked with.
    ///
    /// # Errors
    ///
    /// If the examples do not fit the model, there are fewer than [`LEAST_CLEAN`](Self::LEAST_CLEAN), or numbers are
    /// not finite.
    pub fn fit<D: Dataset>(
        model: &DeepCama,
        direct: Option<&dyn Classifier>,
        clean: &D,
        seed: u64,
    ) -> Result<Self> {
        model.check_fits(clean)?;
        if clean.len() < Self::LEAST_CLEAN {
            return Err(Error::Mismatch(format!(
                "a guard learns from {} clean examples or more, {} has {}",
                Self::LEAST_CLEAN,
                clean.name(),
                clean.len()
            )));
        }
        let (scores, agreed) = Self::explain_clean(model, direct, clean, seed)?;
        let examples = scores.len();
        let mean = scores.iter().sum::<f64>() / examples as f64;
        let high = scores[((examples as f64 * SHARE).ceil() as usize).clamp(1, examples) - 1];
        Ok(Self {
            // From the mean, not from zero: a density has no natural zero.
            threshold: mean + SLACK * (high - mean),
            mean,
            median: scores[examples / 2],
            agreement: agreed as f64 / examples as f64,
            examples,
        })
    }

    /// The anomaly scores of clean examples, ascending, and on how many of them the two classifiers agree.
    fn explain_clean<D: Dataset>(
        model: &DeepCama,
        direct: Option<&dyn Classifier>,
        clean: &D,
        seed: u64,
    ) -> Result<(Vec<f64>, usize)> {
        let sampling = &PredictConfig::default().sampling(model);
        let all: Vec<usize> = (0..clean.len()).collect();
        let parts = all.par_chunks(100).map(|part| {
            let observed = batch::observed(clean, part.iter().copied(), &model.device());
            let rows = part.iter().map(|&i| clean.x(i));
            let mut rngs = rngs(seed, clean, part.iter().copied());
            let explained = explain(model, &observed, None, rows, sampling, &mut rngs);
            let agreed = match direct {
                Some(direct) => {
                    let rows = log_probabilities(direct, &observed)?;
                    let agree = |(row, class): &(&Vec<f64>, &usize)| highest(row) == **class;
                    rows.iter().zip(&explained.classes).filter(agree).count()
                }
                None => part.len(),
            };
            Ok((explained.anomaly_scores, agreed))
        });
        let (scores, agreed): (Vec<_>, Vec<_>) = parts.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let mut scores: Vec<f64> = scores.into_iter().flatten().collect();
        if scores.iter().any(|score| !score.is_finite()) {
            return Err(Error::Diverged("log p(x) of clean examples is not finite".into()));
        }
        scores.sort_by(f64::total_cmp);
        Ok((scores, agreed.into_iter().sum()))
    }

    /// The verdict on an example with this anomaly score as it is, and with this one restored, where the model infers m;
    /// `agreed` says whether Bayes' rule and a discriminative classifier agree on what is restored.
    pub fn judge(
        &self,
        context: Context,
        as_it_is: f64,
        restored: Option<f64>,
        agreed: Option<bool>,
    ) -> Verdict {
        match restored {
            Some(restored) if self.restores(context, restored, agreed) => Verdict::Restored,
            // All of it is easier to classify restored: what is then less of an anomaly is so, too.
            Some(restored) if context == Context::Inside && restored < as_it_is => Verdict::Restored,
            _ if as_it_is <= self.threshold => Verdict::AsItWas,
            _ => Verdict::Unexplained,
        }
    }

    /// Whether an example with this anomaly score, restored, is restored whatever it was.
    pub(super) fn restores(&self, context: Context, restored: f64, agreed: Option<bool>) -> bool {
        restored <= self.threshold_for(context, agreed)
    }

    /// The highest anomaly score with which an example may be restored.
    fn threshold_for(&self, context: Context, agreed: Option<bool>) -> f64 {
        let share = match (context, agreed) {
            (Context::Outside | Context::AtRest, _) => return f64::NEG_INFINITY,
            (Context::Inside, _) => 1.0,
            (_, Some(true)) => AGREED,
            (_, Some(false)) => DISAGREED,
            (_, None) => (AGREED + DISAGREED) / 2.0,
        };
        self.mean + share * (self.threshold - self.mean)
    }

    /// What data is of which the discriminative classifier and Bayes' rule say this as it is, and this restored; nothing is
    /// learnt of few examples.
    pub(super) fn context_of(
        &self,
        before: &Answers,
        after: &Answers,
        thresholds: &Thresholds,
        adapted_to: Option<usize>,
    ) -> Context {
        let better = after.are_better(before, self.agreement, thresholds)
            || adapted_to.is_some_and(|n| after.may_be_better(before, n, self.agreement, thresholds));
        match better {
            true => Context::Inside,
            false if before.explained() >= AT_REST => Context::AtRest,
            false => Context::Outside,
        }
    }

    /// What data is, where there is no discriminative classifier, of which restored examples look so.
    ///
    /// Half of the clean examples have an anomaly score below their median. So twice the share of restored ones below it
    /// estimates how many are explained as clean ones are, however the others are distributed (Storey, J. R. Stat.
    /// Soc. B 64, 2002). And what is rightly restored looks to both classifiers like the same class: if Bayes' rule
    /// agrees with the discriminative one on restored examples less than that one agrees with itself on them as they
    /// were, and less than on clean ones, restoration has made things worse, however well it explains them; blurred
    /// images are such.
    pub(super) fn context(&self, survey: &Survey) -> Context {
        if survey.restored.len() < LEAST_EXAMPLES {
            return Context::Unknown;
        }
        let n = survey.restored.len() as f64;
        let below = survey.restored.iter().filter(|&&anomaly_score| anomaly_score <= self.median).count();
        let explained = (2.0 * below as f64 / n).min(1.0);
        let allowed = DISAGREEMENT + (1.0 - self.agreement);
        let worse = (survey.as_alone as f64 - survey.as_bayes as f64) / n > allowed;
        match explained {
            _ if worse => Context::Outside,
            explained if explained >= INSIDE => Context::Inside,
            explained if explained >= OUTSIDE => Context::Mixed,
            _ => Context::Outside,
        }
    }
}

/// What the guard sees of data as a whole, everything restored.
#[derive(Default)]
pub(super) struct Survey {
    /// Misfit of every restored example, in nats.
    restored: Vec<f64>,
    /// How often the discriminative classifier on the restored example agrees with Bayes' rule.
    as_bayes: usize,
    /// How often it agrees with itself on the example as it was.
    as_alone: usize,
}

impl Survey {
    /// Adds an example that was decided about without a guard.
    ///
    /// Where nothing acts on X itself, nothing is undone, and there is nothing to compare.
    pub fn add(&mut self, decision: &Decision, undoes: bool) {
        self.restored.push(decision.anomaly_score[1]);
        let ByRule { bayes, direct, direct_alone, .. } = &decision.by_rule;
        if !direct.is_empty() && undoes {
            self.as_bayes += usize::from(highest(direct) == highest(bayes));
            self.as_alone += usize::from(highest(direct) == highest(direct_alone));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUARD: Guard =
        Guard { threshold: 100.0, mean: 50.0, median: 40.0, agreement: 0.98, examples: 1000 };

    #[test]
    fn what_is_known_of_the_data_decides_in_doubt() {
        let verdict = |context, restored, agreed| GUARD.judge(context, 300.0, Some(restored), agreed);
        for (context, agreed, highest) in [
            (Context::Unknown, Some(true), 85.0),
            (Context::Mixed, Some(false), 67.5),
            (Context::Mixed, None, 76.25),
        ] {
            assert_eq!(verdict(context, highest - 0.1, agreed), Verdict::Restored, "{context:?} {agreed:?}");
            assert_eq!(
                verdict(context, highest + 0.1, agreed),
                Verdict::Unexplained,
                "{context:?} {agreed:?}"
            );
        }
        // Where all of the data is easier to classify restored, less of an anomaly is enough.
        assert_eq!(verdict(Context::Inside, 299.0, Some(false)), Verdict::Restored);
        assert_eq!(verdict(Context::Inside, 301.0, Some(true)), Verdict::Unexplained);
        assert_eq!(verdict(Context::AtRest, 0.0, Some(true)), Verdict::Unexplained);
        assert_eq!(verdict(Context::Outside, 0.0, Some(true)), Verdict::Unexplained);
        assert_eq!(GUARD.judge(Context::Outside, 99.0, Some(0.0), Some(true)), Verdict::AsItWas);
        assert_eq!(GUARD.judge(Context::Unknown, 99.0, None, None), Verdict::AsItWas);
        assert_eq!(GUARD.judge(Context::Unknown, 101.0, None, None), Verdict::Unexplained);
    }

    /// Data of which so many in a hundred are explained as clean examples are, the others far from it; the classifier
    /// agrees on restored examples with Bayes' rule and with itself so often.
    fn context(explained: usize, as_bayes: usize, as_alone: usize) -> Context {
        let clean = (0..explained).map(|i| if i % 2 == 0 { 30.0 } else { 60.0 });
        let restored = clean.chain((explained..100).map(|_| 200.0)).collect();
        GUARD.context(&Survey { restored, as_bayes, as_alone })
    }

    #[test]
    fn data_is_told_from_what_the_mechanisms_cannot_express() {
        assert_eq!(context(100, 95, 40), Context::Inside);
        assert_eq!(context(52, 95, 40), Context::Inside);
        assert_eq!(context(30, 95, 40), Context::Mixed);
        assert_eq!(context(4, 95, 40), Context::Outside);
        // As blurred images do: well explained, and harder to classify than before.
        assert_eq!(context(100, 78, 91), Context::Outside);
        assert_eq!(context(100, 97, 100), Context::Inside);
        // Where the two agree on less of the clean data, less is asked of them.
        let weak = Guard { agreement: 0.85, ..GUARD };
        let restored = || vec![30.0; 100];
        let survey = |as_bayes| Survey { restored: restored(), as_bayes, as_alone: 99 };
        assert_eq!(weak.context(&survey(85)), Context::Inside);
        assert_eq!(weak.context(&survey(70)), Context::Outside);
        let few = Survey { restored: vec![300.0; 49], as_bayes: 0, as_alone: 49 };
        assert_eq!(GUARD.context(&few), Context::Unknown);
    }
}
