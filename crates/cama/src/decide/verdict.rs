//! Verdicts on examples, and on the data that they are from.

use serde::{Deserialize, Serialize};

use crate::data::SPREAD;

/// What the guard makes of an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Restored, it is explained as clean examples are: it is classified restored.
    Restored,
    /// As it was, it is explained as clean examples are, and restored it is not, or the model infers no m.
    AsItWas,
    /// Neither way is it explained as clean examples are: it is left as it was, and not to be relied on.
    Unexplained,
    /// As it was, and explained, but searching z contradicts what q1 leads to, by more than for one in a hundred clean
    /// examples: it may have been made to mislead. Only with [`Inference::Optimise`](crate::Inference::Optimise).
    Suspicious,
}

impl Verdict {
    /// All verdicts.
    pub const ALL: [Verdict; 4] = [Self::Restored, Self::AsItWas, Self::Unexplained, Self::Suspicious];

    /// In words, as in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::AsItWas => "as-it-was",
            Self::Unexplained => "unexplained",
            Self::Suspicious => "suspicious",
        }
    }
}

/// What the guard has learnt of a data set as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Surveyed {
    /// What is known of the data.
    pub context: Context,
    /// Under a factor model, log odds that an example is one of the manipulated ones, before it is seen.
    pub log_odds: f64,
    /// How many examples told it.
    #[serde(default = "most_examples")]
    pub examples: usize,
}

/// How many examples tell of data at most, which older model folders do not say.
fn most_examples() -> usize {
    SPREAD
}

/// What is known of the data that an example is from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Context {
    /// Nothing: each example is judged by itself, and strictly.
    #[default]
    Unknown,
    /// Most of it is explained when it is restored: an example is given the benefit of the doubt.
    Inside,
    /// Some of it is explained when it is restored: each example is judged strictly.
    Mixed,
    /// Most of it is explained as it is, and restored it is no easier to classify: nothing need be undone.
    AtRest,
    /// Next to nothing of it is explained when it is restored, or restored it is harder to classify: what was done to
    /// it, the mechanisms cannot express. Nothing is restored.
    Outside,
}
