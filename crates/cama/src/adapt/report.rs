//! What an adaptation did.

use serde::{Deserialize, Serialize};

use super::config::Keep;
use crate::decide::{Comparison, Outliers, Verdict};
use crate::model::DeepCama;

/// Whether an adaptation was let stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The best state that was seen was kept; it may be one that was there before the first step of Eq. 8.
    Adapted,
    /// It was kept, and many examples are explained neither as they are nor restored: those are left as they were.
    AdaptedForSome,
    /// The previous model comes back: see [`AdaptReport::rollback_reason`].
    RolledBack,
}

/// Why the previous model came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RollbackReason {
    /// No state explained the validation set better without losing accuracy on clean ones.
    NotBetter,
    /// Restored, the examples are no easier to classify: the discriminative classifier is not surer, or Bayes' rule agrees
    /// with it no more often, or clean data would suffer. No report is made with it any more; older model folders have it.
    NoEasier,
    /// The same, of the state of which the two agree on most.
    NotEasier(Comparison),
    /// On clean examples what decides would be right less often.
    CostsClean {
        /// Accuracy on clean examples before.
        before: f64,
        /// With the best state.
        after: f64,
        /// How much less it may be.
        tolerance: f64,
    },
    /// What was done to the examples is outside of what the mechanisms can express: restored, they are harder to classify than
    /// before. Reports of older model folders have it for [`FewRestored`](Self::FewRestored), too.
    Outside,
    /// The same: restored, next to none of them is explained as clean ones are.
    FewRestored {
        /// How many are.
        restored: usize,
        /// Of how many.
        examples: usize,
        /// Which share had to be.
        least: f64,
    },
    /// The m that was found of the data set explains its numbers hardly better than noise would.
    LittleGained {
        /// By how much better it explains a number, in nats.
        gain: f64,
        /// By how much it had to.
        least: f64,
        /// What the direct classifier and Bayes' rule say of the rows so restored, where they were asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        compared: Option<Comparison>,
    },
    /// Numbers diverged, with how, before any state was better.
    Diverged(String),
}

impl std::fmt::Display for RollbackReason {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::NotBetter => write!(
                f,
                "no state explained the validation data better while keeping the accuracy on clean data"
            ),
            Self::NoEasier => write!(
                f,
                "restored, the data is no easier to classify: the direct classifier is not surer of it, or Bayes' rule agrees with \
                 it no more often, or clean data would suffer"
            ),
            Self::NotEasier(compared) => {
                write!(f, "restored, the data is not surely easier to classify: {compared}")
            }
            Self::CostsClean { before, after, tolerance } => write!(
                f,
                "clean data would be classified correctly in {:.1}% of cases in place of {:.1}%, and {:.1} points may be lost",
                100.0 * after,
                100.0 * before,
                100.0 * tolerance
            ),
            Self::Outside => write!(
                f,
                "what was done to the data is outside of what the mechanisms can express: restored, it is harder to \
                 classify than before"
            ),
            Self::FewRestored { restored, examples, least } => write!(
                f,
                "what was done to the data is outside of what the mechanisms can express: restored, {restored} of {examples} \
                 examples are explained as clean data is, and {:.0}% are asked for",
                100.0 * least
            ),
            Self::LittleGained { gain, least, compared } => {
                write!(
                    f,
                    "what was found to have been done to the columns explains a number by {gain:.2} nats better than noise would, \
                     and {least:.2} are asked for"
                )?;
                compared.iter().try_for_each(|compared| write!(f, "; besides, {compared}"))
            }
            Self::Diverged(what) => write!(f, "{what}, before any state was better"),
        }
    }
}

/// What adaptation did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdaptReport {
    /// Whether it was let stand.
    pub outcome: Outcome,
    /// Why the previous model came back, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_reason: Option<RollbackReason>,
    /// Which state was to be kept.
    #[serde(default, skip_serializing_if = "is_best")]
    pub keep: Keep,
    /// Whether a guard judged what was adapted, and judges what the adapted model predicts.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub guarded: bool,
    /// Steps that found the global m.
    #[serde(default)]
    pub global_steps: usize,
    /// Optimiser steps of Eq. 8 done.
    pub steps: usize,
    /// Steps in which the field of the state that was kept has dreamt of the data.
    #[serde(default)]
    pub field_steps: usize,
    /// The step whose state was kept; 0 is the state before the first, or the previous model.
    pub kept_step: usize,
    /// Unlabelled examples that were trained on.
    pub examples: usize,
    /// Rows that were set aside before, as outliers.
    #[serde(default)]
    pub outliers: usize,
    /// Of all unlabelled examples given, how many are restored with the model that was kept ([`Verdict::Restored`]).
    ///
    /// [`Verdict::Restored`]: crate::Verdict::Restored
    #[serde(default)]
    pub restored: usize,
    /// How many are left as they were, and explained so.
    #[serde(default)]
    pub as_they_were: usize,
    /// How many are not explained either way. All three are zero without a guard.
    #[serde(default)]
    pub unexplained: usize,
    /// Eq. 7 on the unlabelled validation set before, in nats: with do(m = 0), or, if the model infers m already,
    /// with an inferred m.
    pub elbo_before: f64,
    /// The same with the state that was kept.
    pub elbo_after: f64,
    /// Accuracy (K = 4) on the clean validation set before, with do(m = 0) or, if the model infers m already,
    /// with the mean of q2; nothing without clean data.
    pub clean_before: Option<f64>,
    /// The same with the state that was kept, and the mean of q2.
    pub clean_after: Option<f64>,
}

fn yes() -> bool {
    true
}

// serde passes references.
fn is_yes(value: &bool) -> bool {
    *value
}

fn is_best(keep: &Keep) -> bool {
    *keep == Keep::Best
}

impl AdaptReport {
    /// What was kept and why, in words.
    pub fn kept(&self) -> String {
        if self.outcome == Outcome::RolledBack {
            let why = self.rollback_reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
            return format!("nothing was kept, the model is as it was{why}");
        }
        let state = match (self.keep, self.steps) {
            (_, 0) if self.global_steps > 0 => "the m that was found of the data set was kept".to_string(),
            (Keep::Last, steps) => {
                format!("the state after the last step, {steps}, was kept, whatever it is worth")
            }
            (Keep::Best, steps) => {
                let field = match self.field_steps {
                    0 => String::new(),
                    steps => {
                        format!(
                            ", with a field that has dreamt of what was done to the data for {steps} steps"
                        )
                    }
                };
                let kept_step = self.kept_step;
                format!(
                    "the best state that was validated was kept, that of step {kept_step} of {steps}{field}"
                )
            }
        };
        let guard = match self.guarded {
            true => "a guard decides for which examples m is inferred",
            false => "without a guard: m is inferred for every example",
        };
        format!("{state}; {guard}")
    }
}

/// An adapted model, or the model as it was, and what was done.
#[derive(Clone, Debug)]
pub struct Adapted {
    /// The model.
    pub model: DeepCama,
    /// What was done.
    pub report: AdaptReport,
    /// What the guard makes of every unlabelled example with the model; empty without a guard.
    pub verdicts: Vec<Verdict>,
    /// What rows are outliers, if any was: their verdict is [`Verdict::Unexplained`].
    pub outliers: Option<Outliers>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> AdaptReport {
        AdaptReport {
            outcome: Outcome::Adapted,
            rollback_reason: None,
            keep: Keep::Best,
            guarded: true,
            global_steps: 0,
            steps: 200,
            kept_step: 50,
            field_steps: 0,
            examples: 10,
            outliers: 0,
            restored: 0,
            as_they_were: 0,
            unexplained: 0,
            elbo_before: 0.0,
            elbo_after: 0.0,
            clean_before: None,
            clean_after: None,
        }
    }

    #[test]
    fn words_say_which_state_was_kept_and_who_judges() {
        let best = report().kept();
        assert!(best.contains("step 50 of 200") && best.contains("a guard decides"), "{best}");
        let dreamt = AdaptReport { field_steps: 70, ..report() }.kept();
        assert!(dreamt.contains("for 70 steps; a guard"), "{dreamt}");
        let last = AdaptReport { keep: Keep::Last, guarded: false, kept_step: 200, ..report() }.kept();
        assert!(last.contains("the last step, 200") && last.contains("without a guard"), "{last}");
        let reason = Some(RollbackReason::NotBetter);
        let back = AdaptReport { outcome: Outcome::RolledBack, rollback_reason: reason, ..report() }.kept();
        assert!(back.contains("nothing was kept") && back.contains("no state explained"), "{back}");
    }

    #[test]
    fn reports_of_before_are_read_as_what_they_were() {
        let text = serde_json::to_string(&report()).unwrap();
        assert!(!text.contains("keep") && !text.contains("guarded"), "{text}");
        assert_eq!(serde_json::from_str::<AdaptReport>(&text).unwrap(), report());
        let last = AdaptReport { keep: Keep::Last, guarded: false, ..report() };
        let text = serde_json::to_string(&last).unwrap();
        assert_eq!(serde_json::from_str::<AdaptReport>(&text).unwrap(), last);
    }
}
