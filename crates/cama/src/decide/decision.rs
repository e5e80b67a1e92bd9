//! What was decided.

use serde::Serialize;

use super::rule::ByRule;
use super::verdict::Verdict;
use crate::mechanism::FieldSummary;

/// What was decided about one example.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// What the guard makes of it.
    pub verdict: Verdict,
    /// The most probable class, by the rule that was asked.
    pub class: usize,
    /// p(y|x) of every class, by the rule that was asked.
    pub probabilities: Vec<f64>,
    /// The same by each of the rules that were computed.
    pub by_rule: ByRule,
    /// The mean of q2(m|x); empty with [`M::Null`](crate::M::Null).
    pub m: Vec<f32>,
    /// Its standard deviations.
    pub m_sd: Vec<f32>,
    /// What a field found to have been done to the pixels, where the model has one and infers what was done.
    pub field: Option<FieldSummary>,
    /// T_m⁻¹(x), where the verdict is [`Verdict::Restored`], else x.
    pub restored: Vec<f32>,
    /// log p(x), see [`Prediction::log_px`](crate::Prediction): with the inferred m where the example is restored, else with do(m = 0).
    pub log_px: f64,
    /// log p(x) with the inferred m less log p(x|do(m=0)), in nats: positive where it is more probable that
    /// the example was manipulated. The latter is estimated with two samples of z only, so a few nats are noise. With a
    /// field, which leaves another x, each is relative to the highest log p of that x under any mean: no Bayes factor, but
    /// by how much less of an anomaly it is.
    pub log_bayes_factor: f64,
    /// By how many nats searching z contradicts amortised inference, with [`Inference::Optimise`](crate::Inference::Optimise): how much
    /// higher the best class stands than the one that samples of q1 lead to.
    pub suspicion: Option<f64>,
    /// How badly it is explained as it was, and restored, in nats: see [`Guard`](crate::Guard).
    pub anomaly_score: [f64; 2],
}
