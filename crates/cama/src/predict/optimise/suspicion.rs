//! Whether an example was made to mislead q1.

use super::super::scores::highest;

/// By how many nats searching z contradicts what q1 leads to: how much higher the best class stands than the one that amortised
/// inference prefers; 0 where they agree.
///
/// What is meant for q1, or for a network like it, leaves the model as it was: then they contradict each other.
pub(crate) fn suspicion(optimised: &[f64], amortised: usize) -> f64 {
    optimised[highest(optimised)] - optimised[amortised]
}
