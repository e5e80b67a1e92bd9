//! Scores of the classes of one example.

/// log Σ exp of scores, and their exponentials, normalised.
pub(crate) fn normalised(scores: &[f64]) -> (f64, Vec<f64>) {
    // Relative to the highest score: far off all classes, log p(x) has no digits left for its last terms.
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let relative: Vec<f64> = scores.iter().map(|s| (s - highest).exp()).collect();
    let sum: f64 = relative.iter().sum();
    let log_sum = if highest.is_finite() { highest + sum.ln() } else { f64::NAN };
    (log_sum, relative.iter().map(|p| p / sum).collect())
}

/// Where the highest score stands; of several, the last.
pub(crate) fn highest(scores: &[f64]) -> usize {
    (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).expect("two classes or more")
}
