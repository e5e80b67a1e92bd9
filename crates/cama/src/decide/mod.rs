//! Deciding: what is restored, and by what it is classified.
//!
//! m of an example is inferred and undone. A guard judges whether the restored example is one that the model can
//! explain; if it is not, the example stays as it was. Its class then comes from Bayes' rule, from a discriminative
//! classifier on what the guard lets through, or from both.

mod ask;
mod chunk;
mod compare;
mod decider;
mod deciding;
mod decision;
mod doubt;
mod explain;

mod guard;
mod outliers;
mod rule;
mod rule_classifier;
mod run;
mod survey;
mod temperature;
mod tempering;
mod thresholds;
mod verdict;

pub use compare::Comparison;
pub(crate) use compare::{Answer, Answers, mean_and_error};
pub use decider::Decider;
pub use decision::Decision;
pub use doubt::with_doubt;
pub use guard::Guard;
pub use outliers::Outliers;
pub use rule::{ByRule, DecideConfig, Rule, TEMPERATURE};
pub use rule_classifier::RuleClassifier;
pub use temperature::fit_temperature;
pub use tempering::Tempering;
pub(crate) use tempering::{Weighed, fit_tempering};
pub use thresholds::Thresholds;
pub(crate) use thresholds::{AS_OFTEN, EVER_ENOUGH, LEAST_AGREEMENT};
pub use verdict::{Context, Surveyed, Verdict};
