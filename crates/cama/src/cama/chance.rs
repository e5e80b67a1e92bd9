//! Whether a classifier is better than a guess.

use super::Cama;
use crate::Result;
use crate::data::Dataset;
use crate::model::M;

/// The most validation examples that are asked for.
const MOST: usize = 300;

/// How probable it is at most that a guess does as well, for a classifier to be more than that.
const LEVEL: f64 = 0.05;

impl Cama {
    /// A warning if clean, labelled examples that the model was not trained on are classified no better than by always answering
    /// the most frequent class.
    pub(super) fn guesses<D: Dataset>(&self, validation: &D) -> Result<Option<String>> {
        let examples = validation.select(&(0..validation.len().min(MOST)).collect::<Vec<_>>());
        let labels = examples.labels().unwrap_or_default();
        let frequent = (0..self.classes().len()).map(|class| count(labels, |label| label == class)).max();
        let (n, frequent) = (labels.len(), frequent.unwrap_or_default());
        let guess = frequent as f64 / n.max(1) as f64;
        if at_least(n, n, guess) > LEVEL {
            // So few, or so much alike, that a classifier that is always right would look like a guess.
            return Ok(None);
        }
        let predicted = self.predictor().configure(|config| config.m = M::Null).predict(&examples)?;
        let mut right = predicted.iter().zip(labels).map(|(predicted, label)| predicted.class == *label);
        let correct = right.by_ref().filter(|right| *right).count();
        if at_least(correct, n, guess) <= LEVEL {
            return Ok(None);
        }
        let noun = examples.data_shape().noun();
        Ok(Some(format!(
            "of {} of the validation set {correct} are classified correctly, not clearly more than the {frequent} that \
             always answering their most frequent class would get right: check that the labels belong to the {noun}s and \
             depend on what the model reads of them, give more of them, or train for longer (--epochs)",
            examples.data_shape().counted(n)
        )))
    }
}

fn count(labels: &[usize], of: impl Fn(usize) -> bool) -> usize {
    labels.iter().filter(|label| of(**label)).count()
}

/// The probability of at least so many of `n` by chance, each of them with probability `p` (binomial).
fn at_least(correct: usize, n: usize, p: f64) -> f64 {
    if p >= 1.0 {
        return 1.0;
    }
    let mut log_term = n as f64 * (1.0 - p).ln();
    let mut sum = 0.0;
    for k in 0..=n {
        if k >= correct {
            sum += log_term.exp();
        }
        log_term += ((n - k) as f64 / (k + 1) as f64).ln() + (p / (1.0 - p)).ln();
    }
    f64::min(sum, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binomial_tail_is_that_of_coins() {
        // Of 4 fair coins 1 in 16 series is all heads, 5 in 16 have three or more.
        assert!((at_least(4, 4, 0.5) - 1.0 / 16.0).abs() < 1e-12);
        assert!((at_least(3, 4, 0.5) - 5.0 / 16.0).abs() < 1e-12);
        assert!((at_least(0, 7, 0.3) - 1.0).abs() < 1e-12);
        // A tail of the normal distribution, 2.29 standard deviations out.
        let tail = at_least(62, 100, 0.5);
        assert!((tail - 0.0105).abs() < 5e-4, "{tail}");
    }
}
