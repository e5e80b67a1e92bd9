//! One score of one classifier, with all that belongs to it.

use cama::{Decision, Verdict};
use serde::{Deserialize, Serialize};

use crate::metrics::Score;

/// The score of one classifier under one manipulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The name of the data.
    pub data: String,
    /// What is scored: a deep CAMA model by one of its rules (`direct-alone`, `direct`, `bayes`, `product`; with an
    /// external classifier `external-alone` and `external` in place of the first two), or a baseline.
    pub classifier: String,
    /// What was done to the data, as a specification.
    pub manipulation: String,
    /// How much of it, in its own unit.
    pub severity: f64,
    /// How good the predictions were.
    #[serde(flatten)]
    pub score: Score,
    /// What the guard decided about the examples: with do(m=0) none is restored, without a guard all are. Nothing for
    /// classifiers that read the examples as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Shares>,
    /// What the examples were made on, where the manipulation is an attack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attack: Option<Attacked>,
}

/// The shares of the guard's verdicts, which sum to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// Restored, and explained so.
    pub restored: f64,
    /// Left as they were, and explained so.
    pub as_they_were: f64,
    /// Explained neither way, and left as they were.
    pub unexplained: f64,
    /// Left as they were, and suspicious; of rows of before, and unless z is searched, none.
    #[serde(default)]
    pub suspicious: f64,
}

impl Shares {
    pub(super) fn of(decisions: &[Decision]) -> Self {
        let share = |of| decisions.iter().filter(|d| d.verdict == of).count() as f64 / decisions.len() as f64;
        Self {
            restored: share(Verdict::Restored),
            as_they_were: share(Verdict::AsItWas),
            unexplained: share(Verdict::Unexplained),
            suspicious: share(Verdict::Suspicious),
        }
    }
}

/// What was attacked to make the examples of a [`Row`], and what the attack achieved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attacked {
    /// The classifier that the examples were made on: the row's own, or a surrogate.
    pub made_on: String,
    /// Mean loss of that one before the attack, without a guard, in nats: −log p(y|x) of the correct class; of a
    /// targeted attack log p of the target.
    pub loss_before: f64,
    /// The same after half of the steps.
    pub loss_half: f64,
    /// The same in the end: attacks raise it.
    pub loss_after: f64,
    /// The share of the examples that it then takes for another class, or for the target.
    pub misled: f64,
    /// The share of the examples whose gradient was exactly zero where the attack began: it leaves them there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flat: f64,
}

// serde passes references.
fn is_zero(share: &f64) -> bool {
    *share == 0.0
}
