//! What a mechanism's values are standardised by, and the checks that all mechanisms share.

use serde::{Deserialize, Serialize};

/// A weight that is larger than this is none of ours.
const LARGEST: f64 = 1e6;
/// What varies less than this does not vary.
const SMALLEST: f64 = 1e-6;

/// `value` to six decimals: all constants of a model are such, because numbers of few digits are written short and
/// read back to the last bit by any reader of JSON.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Mean and standard deviation of the reference draw.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Standard {
    pub(super) mean: f64,
    pub(super) sd: f64,
}

impl Default for Standard {
    fn default() -> Self {
        Self { mean: 0.0, sd: 1.0 }
    }
}

impl Standard {
    /// Of `values`; what does not vary is left at its scale.
    pub(super) fn measure(values: &[f64]) -> Self {
        let number = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / number;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / number).sqrt();
        Self { mean: rounded(mean), sd: if sd > SMALLEST { rounded(sd) } else { 1.0 } }
    }

    /// `value`, standardised.
    pub(super) fn of(&self, value: f64) -> f64 {
        (value - self.mean) / self.sd
    }

    pub(super) fn problem(&self) -> Option<String> {
        if self.sd < SMALLEST {
            return Some(format!("the standard deviation (sd) is {}, not above 0", self.sd));
        }
        out_of_bounds([&self.mean, &self.sd])
    }
}

/// The number among `weights` that is no sensible weight, if there is one.
pub(super) fn out_of_bounds<'a>(weights: impl IntoIterator<Item = &'a f64>) -> Option<String> {
    let bad = weights.into_iter().find(|weight| weight.is_nan() || weight.abs() > LARGEST)?;
    Some(format!("there is a weight {bad:e}, where ±{LARGEST:e} is the most"))
}

/// Says that a list has not the `wanted` number of entries, if so.
pub(super) fn miscounted(what: &str, number: usize, wanted: usize) -> Option<String> {
    (number != wanted).then(|| format!("{what} has {number} entries, where {wanted} are needed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standardised_values_have_mean_0_and_standard_deviation_1() {
        let standard = Standard::measure(&[1.0, 3.0]);
        assert_eq!(standard, Standard { mean: 2.0, sd: 1.0 });
        assert_eq!(standard.of(3.5), 1.5);
        assert_eq!(Standard::measure(&[4.0, 4.0]), Standard { mean: 4.0, sd: 1.0 });
    }
}
