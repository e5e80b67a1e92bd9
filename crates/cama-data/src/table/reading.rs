//! How a number is read before it is standardised: as it is, or as its signed logarithm.

use serde::{Deserialize, Serialize};

/// How a number is read before it is standardised.
///
/// Measurements often spread over decades, and vary about their mean by a share of it rather than by an amount. Their
/// signed logarithm varies evenly, and a sensor that gains or loses sensitivity shifts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reading {
    /// As it is.
    #[default]
    Linear,
    /// sign(x) · ln(1 + |x| / unit).
    SignedLog {
        /// Where the logarithm begins to bend, in the column's own unit; above 0.
        unit: f64,
        /// The mean of the training data, in the column's own unit.
        mean: f64,
        /// The standard deviation of the training data, in the column's own unit; above 0.
        sd: f64,
    },
}

/// Fewer numbers say too little of how they vary.
const LEAST_NUMBERS: usize = 20;

/// No class of the training data is taken to vary by less than this, in standard deviations of the whole column: a class
/// of nearly equal values would else decide alone.
const LEAST_SPREAD: f64 = 0.05;

impl Reading {
    /// Whether it is [`Linear`](Reading::Linear).
    pub fn is_linear(&self) -> bool {
        *self == Reading::Linear
    }

    /// The reading of `number`.
    pub fn read(&self, number: f64) -> f64 {
        match self {
            Reading::Linear => number,
            Reading::SignedLog { unit, .. } => number.signum() * (number.abs() / unit).ln_1p(),
        }
    }

    /// The number whose reading is `reading`.
    pub fn undo(&self, reading: f64) -> f64 {
        match self {
            Reading::Linear => reading,
            Reading::SignedLog { unit, .. } => reading.signum() * unit * reading.abs().exp_m1(),
        }
    }

    /// The reading under which the numbers of a column, each with the class of its row, are more probable: normal within
    /// each class, with the Jacobian of the reading. The logarithm has one parameter more, and must earn half the
    /// logarithm of their number (Schwarz, Ann. Stat. 6, 1978).
    pub(super) fn of(numbers: &[f64], classes: &[usize]) -> Reading {
        let (mean, sd) = moments(numbers);
        let Some(unit) =
            unit(numbers).filter(|_| numbers.len() >= LEAST_NUMBERS && numbers.len() == classes.len())
        else {
            return Reading::Linear;
        };
        let log = Reading::SignedLog { unit, mean, sd };
        let readings: Vec<f64> = numbers.iter().map(|number| log.read(*number)).collect();
        // ln |du/dx| = −ln(unit + |x|).
        let log_jacobian = -numbers.iter().map(|x| (unit + x.abs()).ln()).sum::<f64>();
        let n = numbers.len() as f64;
        let gain = log_likelihood(&readings, classes) + log_jacobian - log_likelihood(numbers, classes);
        match gain > 0.5 * n.ln() && moments(&readings).1.is_normal() {
            true => log,
            false => Reading::Linear,
        }
    }
}

/// Where the logarithm bends: at the first quartile of |x|, or, where a quarter of the numbers are zero, at the median of
/// the others.
fn unit(numbers: &[f64]) -> Option<f64> {
    let mut sizes: Vec<f64> = numbers.iter().map(|number| number.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let quartile = sizes[(sizes.len() - 1) / 4];
    if quartile > 0.0 {
        return Some(quartile);
    }
    sizes.retain(|size| *size > 0.0);
    sizes.get(sizes.len().checked_sub(1)? / 2).copied()
}

/// Σ log p(x|class) of normal classes, up to a constant.
fn log_likelihood(numbers: &[f64], classes: &[usize]) -> f64 {
    let whole = moments(numbers).1;
    let mut by_class = std::collections::BTreeMap::<usize, Vec<f64>>::new();
    numbers.iter().zip(classes).for_each(|(x, class)| by_class.entry(*class).or_default().push(*x));
    let of_class = |numbers: &Vec<f64>| {
        let spread = moments(numbers).1 / whole + LEAST_SPREAD;
        -(numbers.len() as f64) * (spread * whole).ln()
    };
    by_class.values().map(of_class).sum()
}

/// The mean and the standard deviation, which divides by the number of values.
pub(super) fn moments(numbers: &[f64]) -> (f64, f64) {
    let n = numbers.len() as f64;
    // Sums of differences keep the digits that sums of large numbers lose.
    let mean = numbers[0] + numbers.iter().map(|number| number - numbers[0]).sum::<f64>() / n;
    let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;

    /// Numbers of two classes, normal about `mean` and `mean + apart`.
    fn normal(mean: f64, apart: f64) -> (Vec<f64>, Vec<usize>) {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let classes: Vec<usize> = (0..400).map(|i| i % 2).collect();
        let draw = |class: &usize| -> f64 {
            let noise: f64 = StandardNormal.sample(&mut rng);
            mean + apart * *class as f64 + noise
        };
        let numbers = classes.iter().map(draw).collect();
        (numbers, classes)
    }

    #[test]
    fn what_spreads_over_decades_is_read_as_logarithms_and_else_nothing() {
        for (mean, apart) in [(0.0, 0.0), (0.0, 3.0), (10.0, 1.0), (-2.0, 4.0)] {
            let (numbers, classes) = normal(mean, apart);
            assert_eq!(Reading::of(&numbers, &classes), Reading::Linear, "{mean} {apart}");
        }
        let (numbers, classes) = normal(0.0, 1.0);
        let decades: Vec<f64> = numbers.iter().map(|x| (1.5 * x).exp() * 300.0).collect();
        assert!(!Reading::of(&decades, &classes).is_linear());
        let both_signs: Vec<f64> = numbers.iter().map(|x| x.signum() * (3.0 * x.abs()).exp_m1()).collect();
        assert!(!Reading::of(&both_signs, &classes).is_linear());
        // In another unit the same.
        let other = |numbers: &[f64]| numbers.iter().map(|x| x * 1e-9).collect::<Vec<f64>>();
        assert!(Reading::of(&other(&numbers), &classes).is_linear());
        assert!(!Reading::of(&other(&decades), &classes).is_linear());
    }

    #[test]
    fn readings_are_undone() {
        let log = Reading::SignedLog { unit: 0.3, mean: 0.0, sd: 1.0 };
        for x in [-1e6, -2.0, -1e-9, 0.0, 0.1, 5e8] {
            assert!((log.undo(log.read(x)) - x).abs() <= 1e-12 * x.abs(), "{x}");
            assert_eq!(Reading::Linear.undo(Reading::Linear.read(x)), x);
        }
    }

    #[test]
    fn a_column_of_few_numbers_or_of_zeros_is_read_as_it_is() {
        assert_eq!(Reading::of(&[0.0, 0.0, 0.0, 1.0], &[0, 0, 1, 1]), Reading::Linear);
        assert_eq!(Reading::of(&[1.0, 2.0], &[0, 1]), Reading::Linear);
    }
}
