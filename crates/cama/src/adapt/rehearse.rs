//! What adapting to damage that was done on purpose tells of adapting to damage that was not.

use serde::{Deserialize, Serialize};

/// What adapting to clean rows of the user's own, damaged on purpose, has told: their labels are known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rehearsal {
    /// How much better than nothing but noise the m of a data set must explain a number to be kept, in nats.
    pub least_gain: f64,
}

/// What is asked for where nothing was rehearsed: read off adaptations to five data sets of measurements.
const LEAST_GAIN: f64 = 0.29;

impl Default for Rehearsal {
    fn default() -> Self {
        Self { least_gain: LEAST_GAIN }
    }
}
