//! What classifiers say, as rows on the host, and products of it.

use burn::tensor::Tensor;

use crate::Result;
use crate::batch::host;
use crate::classifier::Classifier;
use crate::model::Observed;
use crate::predict::normalised;

/// One row of log p(y|x) an example.
pub(super) type Rows = Vec<Vec<f64>>;

/// log p(y|x) of a discriminative classifier.
pub(super) fn log_probabilities(classifier: &dyn Classifier, observed: &Observed) -> Result<Rows> {
    let log_p: Tensor<2> = classifier.log_probabilities(observed, &mut [])?;
    let classes = log_p.dims()[1];
    Ok(host(log_p).chunks(classes).map(|row| row.iter().map(|&p| f64::from(p)).collect()).collect())
}

/// Normalised exponentials of `bayes`/T + `direct`.
pub(super) fn product(bayes: &[f64], direct: &[f64], temperature: f64) -> Vec<f64> {
    // Relative to the highest, so that log p(x) takes no digits.
    let highest = bayes.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let scores: Vec<f64> =
        bayes.iter().zip(direct).map(|(bayes, direct)| (bayes - highest) / temperature + direct).collect();
    exponentials(&scores)
}

/// Logarithms of probabilities, none of them −∞.
pub(super) fn log_of(p: &[f64]) -> Vec<f64> {
    p.iter().map(|p| p.max(f64::MIN_POSITIVE).ln()).collect()
}

/// Normalised exponentials.
pub(super) fn exponentials(scores: &[f64]) -> Vec<f64> {
    normalised(scores).1
}
