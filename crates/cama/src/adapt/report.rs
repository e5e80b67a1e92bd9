//! What an adaptation did.

use serde::{Deserialize, Serialize};

/// Whether an adaptation was let stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The best state that was seen was kept; it may be one that was there before the first step of Eq. 8.
    Adapted,
    /// It was kept, and many examples are explained neither as they are nor restored: those are left as they were.
    AdaptedForSome,
    /// The former model comes back: see [`AdaptReport::left`].
    RolledBack,
}

/// Why a model was left as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftReason {
    /// No state explained the held-out examples better without losing accuracy on clean ones.
    NotBetter,
    /// What was done to the examples is outside of what the mechanisms can express: restored, next to none of them is
    /// explained as clean ones are, or they are harder to classify than before.
    Outside,
    /// Numbers diverged, with how, before any state was better.
    Diverged(String),
}

impl std::fmt::Display for LeftReason {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::NotBetter => write!(
                f,
                "no state explained the held-out data better while keeping the accuracy on clean data"
            ),
            Self::Outside => write!(
                f,
                "what was done to the data is outside of what the mechanisms can express: restored, next to nothing of it \
                 is explained as clean data is, or it is harder to classify than before"
            ),
            Self::Diverged(what) => write!(f, "{what}, before any state was better"),
        }
    }
}

/// What adaptation did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdaptReport {
    /// Whether it was let stand.
    pub outcome: Outcome,
    /// Why the former model came back, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<LeftReason>,
    /// Steps that found what was done to all the data alike.
    #[serde(default)]
    pub shared_steps: usize,
    /// Optimiser steps of Eq. 8 done.
    pub steps: usize,
    /// The step whose state was kept; 0 is the state before the first, or the former model.
    pub kept_step: usize,
    /// Unlabelled examples that were trained on.
    pub examples: usize,
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
    /// Eq. 7 on held-out unlabelled examples before, in nats: with do(m = 0), or, if the model infers m already,
    /// with an inferred m.
    pub elbo_before: f64,
    /// The same with the state that was kept.
    pub elbo_after: f64,
    /// Accuracy (K = 4) on held-out clean examples before, with do(m = 0) or, if the model infers m already,
    /// with the mean of q2; nothing without clean data.
    pub clean_before: Option<f64>,
    /// The same with the state that was kept, and the mean of q2.
    pub clean_after: Option<f64>,
}
