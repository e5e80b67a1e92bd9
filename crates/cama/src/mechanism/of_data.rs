//! p(m) of a data set: what was done to its examples, as far as they share it.

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::network::DiagonalGaussian;
use crate::{Error, Result};

/// The least standard deviation of a component, in those of its prior: examples that are all alike must not rule out others.
const LEAST_SD: f64 = 0.01;

/// The mean and the standard deviation of every component of m in a data set, found by empirical Bayes in closed form: the
/// normal distribution that has the least divergence from q2(m|x) of its examples, on average, has the mean of q2's means and
/// the variance of q2's means plus the mean of q2's variances.
///
/// What all examples share then costs each of them little: under p(m) = N(0, I) a shift of all images by the same two pixels is
/// paid for by every image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriorOfData {
    /// Means, in standard deviations of the mechanisms' priors.
    pub mean: Vec<f64>,
    /// Standard deviations, in the same unit.
    pub sd: Vec<f64>,
}

impl PriorOfData {
    /// From the means and variances of q2(m|x), `[n, dim]`, row after row.
    ///
    /// # Panics
    ///
    /// If there is no example.
    pub(crate) fn of(means: &[f32], variances: &[f32], dim: usize) -> Self {
        assert!(dim > 0 && means.len() >= dim && means.len() == variances.len(), "an example at least");
        let n = (means.len() / dim) as f64;
        let component = |values: &[f32], j: usize| -> Vec<f64> {
            values.iter().skip(j).step_by(dim).map(|value| f64::from(*value)).collect()
        };
        let (mut mean, mut sd) = (Vec::with_capacity(dim), Vec::with_capacity(dim));
        for j in 0..dim {
            let [means, variances] = [means, variances].map(|values| component(values, j));
            let centre = means.iter().sum::<f64>() / n;
            let spread: f64 = means.iter().map(|mean| (mean - centre).powi(2)).sum();
            let variance = (spread + variances.iter().sum::<f64>()) / n;
            mean.push(centre);
            sd.push(variance.sqrt().max(LEAST_SD));
        }
        Self { mean, sd }
    }

    /// Errors unless it is one of `dim` components that can be.
    ///
    /// # Errors
    ///
    /// [`Error::Config`].
    pub fn check(&self, dim: usize) -> Result<()> {
        for (field, values, allowed) in [
            ("mean", &self.mean, (|value: &f64| value.is_finite()) as fn(&f64) -> bool),
            ("sd", &self.sd, |value: &f64| value.is_finite() && *value > 0.0),
        ] {
            if values.len() != dim || !values.iter().all(allowed) {
                let what = if field == "sd" { "finite, positive numbers" } else { "finite numbers" };
                return Err(Error::config(
                    format!("model.prior_of_data.{field}"),
                    format!("{values:?}"),
                    format!("{dim} {what}, one for each component of m"),
                ));
            }
        }
        Ok(())
    }

    /// The distribution, `[1, dim]`.
    pub(crate) fn gaussian(&self, device: &Device) -> DiagonalGaussian<2> {
        let row = |values: Vec<f32>| Tensor::<1>::from_floats(values.as_slice(), device).unsqueeze();
        DiagonalGaussian {
            mean: row(self.mean.iter().map(|mean| *mean as f32).collect()),
            log_var: row(self.sd.iter().map(|sd| 2.0 * sd.ln() as f32).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::mechanism::Prior;

    const DIM: usize = 2;

    /// Means and variances of q2 of 50 examples.
    fn q2() -> [Vec<f32>; 2] {
        let t = |i: usize| i as f32 / 50.0;
        let means = (0..50).flat_map(|i| [2.0 + 0.3 * (7.0 * t(i)).sin(), -t(i)]);
        let variances = (0..50).flat_map(|i| [0.01 + 0.02 * t(i), 0.04]);
        [means.collect(), variances.collect()]
    }

    /// Mean divergence of the examples, each of as many components, from this prior, in nats.
    fn divergence(prior: &Prior, [means, variances]: &[Vec<f32>; 2], dim: usize) -> f64 {
        let tensor = |values: &[f32]| {
            let shape = [values.len() / dim, dim];
            Tensor::<2>::from_data(TensorData::new(values.to_vec(), shape), &Device::flex())
        };
        let q = DiagonalGaussian { mean: tensor(means), log_var: tensor(variances).log() };
        f64::from(prior.divergence(&q).mean().into_scalar::<f32>())
    }

    #[test]
    fn no_other_normal_prior_is_nearer_to_the_data() {
        let q2 = q2();
        let found = PriorOfData::of(&q2[0], &q2[1], DIM);
        let at = |prior: &PriorOfData| divergence(&Prior::OfData(prior.gaussian(&Device::flex())), &q2, DIM);
        let least = at(&found);
        for j in 0..DIM {
            for change in [-0.05, 0.05] {
                let mut other = found.clone();
                other.mean[j] += change;
                assert!(at(&other) > least, "mean {j} {change}");
                let mut other = found.clone();
                other.sd[j] *= 1.0 + change;
                assert!(at(&other) > least, "sd {j} {change}");
            }
        }
        assert!(least < 2.5 && divergence(&Prior::Normal, &q2, DIM) > 2.0 + least, "{least}");
    }

    /// Against the closed form of one component, by hand: KL(N(1, .5²) ‖ N(0, 1)) = (.25 + 1 − 1)/2 − ln .5.
    #[test]
    fn the_standard_normal_is_one_of_them() {
        let standard = PriorOfData { mean: vec![0.0], sd: vec![1.0] }.gaussian(&Device::flex());
        let kl = divergence(&Prior::OfData(standard), &[vec![1.0], vec![0.25]], 1);
        assert!((kl - (0.125 + 2f64.ln())).abs() < 1e-5, "{kl}");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let [means, variances] = q2();
        let prior = PriorOfData::of(&means, &variances, DIM);
        assert!(prior.check(2).is_ok() && prior.check(3).is_err());
        assert!(PriorOfData { sd: vec![1.0, 0.0], ..prior.clone() }.check(2).is_err());
        assert!(PriorOfData { mean: vec![1.0, f64::NAN], ..prior }.check(2).is_err());
        // All alike: others stay possible.
        assert_eq!(PriorOfData::of(&[1.0; 3], &[0.0; 3], 1).sd, [LEAST_SD]);
    }
}
