//! From what a classifier gives for each class to log p(y|x).

use std::str::FromStr;

use cama::{Error, Result};

/// What a classifier gives for each class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// Any numbers, of which the softmax is the probability.
    Logits,
    /// The probabilities.
    Probabilities,
}

impl FromStr for OutputKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "logits" => Ok(OutputKind::Logits),
            "probabilities" => Ok(OutputKind::Probabilities),
            _ => Err(Error::unknown_name("classifier output", name, &["logits", "probabilities"])),
        }
    }
}

/// How far from 0, from 1 and from a sum of 1 the rounding of single precision may bring probabilities.
const ROUNDING: f32 = 1e-3;

impl OutputKind {
    /// What these rows can be: probabilities if all of them are.
    pub(crate) fn of(rows: &[Vec<f32>]) -> OutputKind {
        let probable = |row: &Vec<f32>| {
            row.iter().all(|p| (0.0..=1.0 + ROUNDING).contains(p))
                && (row.iter().sum::<f32>() - 1.0).abs() <= ROUNDING
        };
        if rows.iter().all(probable) { OutputKind::Probabilities } else { OutputKind::Logits }
    }

    /// log p(y|x) of one row, in nats; the class of each value stays.
    ///
    /// A probability below the smallest normal number of single precision is taken for that, so that no logarithm is
    /// infinite; then all are normalised.
    ///
    /// # Errors
    ///
    /// What is wrong with the numbers, in words.
    pub(crate) fn log_probabilities(self, row: &[f32]) -> Result<Vec<f32>, String> {
        if let Some(bad) = row.iter().find(|value| !value.is_finite()) {
            return Err(format!("it gives {bad} for a class"));
        }
        let values: Vec<f64> = row.iter().map(|value| f64::from(*value)).collect();
        let logs: Vec<f64> = match self {
            OutputKind::Logits => values,
            OutputKind::Probabilities => {
                let outside = |p: &&f64| !(-f64::from(ROUNDING)..=1.0 + f64::from(ROUNDING)).contains(*p);
                if let Some(bad) = values.iter().find(outside) {
                    return Err(format!("it gives {bad} for a class, which is no probability"));
                }
                values.iter().map(|p| p.max(f64::from(f32::MIN_POSITIVE)).ln()).collect()
            }
        };
        let total = log_sum_exp(&logs);
        let least = f64::from(f32::MIN_POSITIVE).ln();
        let logs: Vec<f64> = logs.iter().map(|log| (log - total).max(least)).collect();
        let total = log_sum_exp(&logs);
        Ok(logs.iter().map(|log| (log - total) as f32).collect())
    }
}

/// log Σ exp of finite numbers.
fn log_sum_exp(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: &[f32], b: &[f32]) {
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5), "{a:?} {b:?}");
    }

    #[test]
    fn logits_and_probabilities_of_the_same_classifier_say_the_same() {
        let logits = OutputKind::Logits.log_probabilities(&[1.0, 3.0, 3.0]).unwrap();
        let e = 2f32.exp();
        let p = [1.0 / (1.0 + 2.0 * e), e / (1.0 + 2.0 * e), e / (1.0 + 2.0 * e)];
        close(&logits, &p.map(f32::ln));
        close(&OutputKind::Probabilities.log_probabilities(&p).unwrap(), &logits);
        // Log-probabilities are logits.
        close(&OutputKind::Logits.log_probabilities(&logits).unwrap(), &logits);
    }

    #[test]
    fn logarithms_are_finite_and_normalised_whatever_comes() {
        for (kind, row) in [
            (OutputKind::Probabilities, [1.0, 0.0, 0.0]),
            (OutputKind::Probabilities, [0.0, 0.0, 0.0]),
            (OutputKind::Probabilities, [-1e-7, 1.0, 0.2]),
            (OutputKind::Logits, [3e38, -3e38, 0.0]),
            (OutputKind::Logits, [-3e38, -3e38, -3e38]),
        ] {
            let logs = kind.log_probabilities(&row).unwrap();
            assert!(logs.iter().all(|log| log.is_finite() && *log > -90.0), "{row:?} {logs:?}");
            assert!((logs.iter().map(|log| log.exp()).sum::<f32>() - 1.0).abs() < 1e-6, "{row:?}");
        }
        assert!(OutputKind::Logits.log_probabilities(&[f32::NAN, 0.0]).unwrap_err().contains("NaN"));
        assert!(OutputKind::Probabilities.log_probabilities(&[-0.5, 1.5]).unwrap_err().contains("-0.5"));
    }

    #[test]
    fn probabilities_are_told_by_their_sum_and_range() {
        assert_eq!(OutputKind::of(&[vec![0.2, 0.8], vec![0.0, 1.0]]), OutputKind::Probabilities);
        assert_eq!(OutputKind::of(&[vec![0.2, 0.8], vec![-0.5, 1.5]]), OutputKind::Logits);
        assert_eq!(OutputKind::of(&[vec![0.2, 0.7]]), OutputKind::Logits);
        let text = "logit".parse::<OutputKind>().unwrap_err().to_string();
        assert!(text.contains("did you mean `logits`?"), "{text}");
    }
}
