//! How good predictions are: accuracy, likelihood of the labels, calibration, likelihood of the data.

use cama::{Error, Prediction, Result};
use serde::{Deserialize, Serialize};

/// Bins of the calibration error.
pub const CALIBRATION_BINS: usize = 15;

/// The 97.5% quantile of the standard normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// How good the predictions of labelled examples are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Number of examples.
    pub n: usize,
    /// Share of the examples whose most probable class is the true one.
    pub accuracy: f64,
    /// 95% Wilson interval of the accuracy, low and high.
    pub accuracy_interval: [f64; 2],
    /// Mean log p(y|x) of the true class, in nats; a probability that underflows counts as the smallest
    /// normal number.
    pub log_likelihood: f64,
    /// Expected calibration error: the mean distance between the probability of the predicted class and how
    /// often it is right, over [`CALIBRATION_BINS`] bins of equal width, weighted by their numbers of examples
    /// (Guo et al., ICML 2017).
    pub calibration_error: f64,
    /// Mean estimate of the bound on log p(x), in nats; none of a classifier that has no p(x).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_px: Option<f64>,
    /// Whether each example's most probable class is the true one, in their order: what a comparison of two scores on the
    /// same examples needs. Not written with the rest, and empty in a score that was read.
    #[serde(skip)]
    pub correct: Vec<bool>,
}

impl Score {
    /// The score of a model's `predictions` where `labels` are the true classes.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] if there is not one label a prediction, no prediction at all, or a label beyond
    /// the classes.
    pub fn new(predictions: &[Prediction], labels: &[usize]) -> Result<Self> {
        let judged = predictions.iter().map(|p| (p.class, p.probabilities.as_slice()));
        let log_px = predictions.iter().map(|p| p.log_px).sum::<f64>() / predictions.len() as f64;
        Ok(Self { log_px: Some(log_px), ..Self::judged(judged, labels)? })
    }

    /// The score of a classifier that has no p(x), from its p(y|x) of every class; the prediction is the most
    /// probable one.
    ///
    /// # Errors
    ///
    /// As for [`Score::new`].
    pub fn of_probabilities(probabilities: &[Vec<f64>], labels: &[usize]) -> Result<Self> {
        let most_probable = |p: &[f64]| (0..p.len()).max_by(|&a, &b| p[a].total_cmp(&p[b])).unwrap_or(0);
        Self::judged(probabilities.iter().map(|p| (most_probable(p), p.as_slice())), labels)
    }

    /// The score of predicted classes with the probabilities of all.
    fn judged<'a>(
        predictions: impl ExactSizeIterator<Item = (usize, &'a [f64])>,
        labels: &[usize],
    ) -> Result<Self> {
        let n = predictions.len();
        if n == 0 || n != labels.len() {
            return Err(Error::Mismatch(format!(
                "{n} predictions cannot be judged by {} labels",
                labels.len()
            )));
        }
        let mut log_likelihood = 0.0;
        let mut correct = Vec::with_capacity(n);
        let mut calibration = Calibration::default();
        for ((class, probabilities), &label) in predictions.zip(labels) {
            let Some(&probability) = probabilities.get(label) else {
                let classes = probabilities.len();
                return Err(Error::Mismatch(format!(
                    "label {label} is beyond the model's {classes} classes"
                )));
            };
            let is_right = class == label;
            correct.push(is_right);
            log_likelihood += probability.max(f64::MIN_POSITIVE).ln();
            calibration.add(probabilities[class], is_right);
        }
        let right = correct.iter().filter(|&&is_right| is_right).count();
        Ok(Self {
            n,
            accuracy: right as f64 / n as f64,
            accuracy_interval: wilson(right, n),
            log_likelihood: log_likelihood / n as f64,
            calibration_error: calibration.error(),
            log_px: None,
            correct,
        })
    }
}

/// 95% interval of a share of `right` out of `n`, low and high (Wilson, J. Am. Stat. Assoc. 22, 1927).
pub fn wilson(right: usize, n: usize) -> [f64; 2] {
    let (n, share) = (n as f64, right as f64 / n as f64);
    let z2 = Z_95 * Z_95;
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z_95 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    [(centre - half).max(0.0), (centre + half).min(1.0)]
}

/// For each bin of the predicted class's probability: how many, how many right, and the sum of probabilities.
#[derive(Default)]
struct Calibration {
    bins: [(usize, usize, f64); CALIBRATION_BINS],
}

impl Calibration {
    /// Bin i holds probabilities from i/15, excluded, to (i + 1)/15.
    fn add(&mut self, probability: f64, right: bool) {
        let bin = (probability * CALIBRATION_BINS as f64).ceil() as usize;
        let (n, rights, sum) = &mut self.bins[bin.clamp(1, CALIBRATION_BINS) - 1];
        *n += 1;
        *rights += usize::from(right);
        *sum += probability;
    }

    fn error(&self) -> f64 {
        let n: usize = self.bins.iter().map(|(n, ..)| n).sum();
        self.bins.iter().map(|(_, right, sum)| (*right as f64 - sum).abs()).sum::<f64>() / n as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(probabilities: [f64; 2], log_px: f64) -> Prediction {
        let class = usize::from(probabilities[1] > probabilities[0]);
        Prediction { class, probabilities: probabilities.to_vec(), log_px, m: vec![], samples: vec![] }
    }

    #[test]
    fn scores_agree_with_hand_computed_ones() {
        let predictions = [
            prediction([0.9, 0.1], -10.0),
            prediction([0.9, 0.1], -20.0),
            prediction([0.4, 0.6], -30.0),
            prediction([0.0, 1.0], -40.0),
        ];
        let score = Score::new(&predictions, &[0, 1, 1, 1]).unwrap();
        assert_eq!((score.n, score.accuracy, score.log_px), (4, 0.75, Some(-25.0)));
        assert_eq!(score.correct, [true, false, true, true]);
        let log_likelihood = (0.9f64.ln() + 0.1f64.ln() + 0.6f64.ln()) / 4.0;
        assert!((score.log_likelihood - log_likelihood).abs() < 1e-12);
        // Two images at .9, one of them right: |1 − 1.8|; one at .6, right: .4; one at 1, right: 0.
        assert!((score.calibration_error - (0.8 + 0.4) / 4.0).abs() < 1e-12);
    }

    #[test]
    fn wilsons_interval_agrees_with_tables() {
        // Newcombe, Statistics in Medicine 17 (1998), Table I, method 3.
        for (right, n, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let interval = wilson(right, n);
            assert!((interval[0] - low).abs() < 5e-5 && (interval[1] - high).abs() < 5e-5, "{interval:?}");
        }
        assert_eq!(wilson(20, 20)[1], 1.0);
    }

    #[test]
    fn impossible_and_absent_predictions() {
        let score = Score::new(&[prediction([1.0, 0.0], 0.0)], &[1]).unwrap();
        assert!(score.log_likelihood.is_finite() && score.log_likelihood < -700.0);
        assert_eq!(score.calibration_error, 1.0);
        assert!(Score::new(&[], &[]).is_err());
        assert!(Score::new(&[prediction([1.0, 0.0], 0.0)], &[0, 1]).is_err());
        assert!(Score::new(&[prediction([1.0, 0.0], 0.0)], &[2]).is_err());
    }
}
