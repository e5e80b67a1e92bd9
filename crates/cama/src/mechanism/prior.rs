//! p(m) of a mechanism's part of m.

use burn::tensor::Tensor;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::network::DiagonalGaussian;

/// p of each component of a mechanism's part of m, with mean 0 and variance 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prior {
    /// Standard normal.
    Normal,
    /// Laplace: sparse, for parameters of which most are zero.
    Laplace,
}

/// The scale of a Laplace distribution with variance 1.
const LAPLACE_SCALE: f64 = std::f64::consts::FRAC_1_SQRT_2;

impl Prior {
    /// KL(q ‖ p), `[batch, 1]`, in nats: exact.
    pub fn divergence(self, q: &DiagonalGaussian<2>) -> Tensor<2> {
        match self {
            Self::Normal => q.kl_to_standard(),
            Self::Laplace => {
                // −H(q) + E|m|/b + log 2b, with the mean of a folded normal distribution for E|m|.
                let pi = std::f64::consts::PI;
                let sigma = q.log_var.clone().mul_scalar(0.5).exp();
                let ratio = q.mean.clone() / sigma.clone();
                let absolute = sigma * ratio.clone().square().mul_scalar(-0.5).exp().mul_scalar((2.0 / pi).sqrt())
                    + q.mean.clone() * ratio.mul_scalar(std::f64::consts::FRAC_1_SQRT_2).erf();
                let entropy = q.log_var.clone().mul_scalar(0.5) + 0.5 * (1.0 + (2.0 * pi).ln());
                (absolute.mul_scalar(1.0 / LAPLACE_SCALE) - entropy + (2.0 * LAPLACE_SCALE).ln()).sum_dim(1)
            }
        }
    }

    /// log p(m), `[batch, 1]`, in nats.
    pub fn log_prob(self, m: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Normal => {
                let standard = DiagonalGaussian { mean: m.zeros_like(), log_var: m.zeros_like() };
                standard.log_prob(m)
            }
            Self::Laplace => {
                (m.abs().mul_scalar(-1.0 / LAPLACE_SCALE) - (2.0 * LAPLACE_SCALE).ln()).sum_dim(1)
            }
        }
    }

    /// A draw from the prior, made of the standard normal number `normal`.
    pub(crate) fn draw(self, normal: f32, rng: &mut ChaCha8Rng) -> f32 {
        match self {
            Self::Normal => normal,
            Self::Laplace => {
                // A normal number whose variance is exponentially distributed with mean 1.
                let uniform: f32 = rng.random();
                normal * (-(1.0 - uniform).ln()).sqrt()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::noise::normals;

    const PRIORS: [Prior; 2] = [Prior::Normal, Prior::Laplace];

    fn row<const N: usize>(values: [f32; N]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), [1, N]), &burn::tensor::Device::flex())
    }

    fn log_density(prior: Prior, m: f64) -> f64 {
        f64::from(prior.log_prob(row([m as f32])).into_scalar::<f32>())
    }

    #[test]
    fn densities_have_mass_and_variance_one() {
        for prior in PRIORS {
            let step = 1e-2;
            let grid = (-1500..=1500).map(|i| (f64::from(i) + 0.5) * step);
            let moments: Vec<[f64; 2]> =
                grid.map(|m| (log_density(prior, m).exp() * step, m)).map(|(p, m)| [p, p * m * m]).collect();
            let [mass, variance] = [0, 1].map(|k| moments.iter().map(|m| m[k]).sum::<f64>());
            assert!((mass - 1.0).abs() < 1e-3 && (variance - 1.0).abs() < 1e-3, "{prior:?} {mass} {variance}");
        }
    }

    #[test]
    fn divergences_agree_with_numerical_integration() {
        for prior in PRIORS {
            for (mean, sd) in [(0.0, 1.0), (0.3, 0.2), (-2.0, 0.5), (1.5, 1.7), (0.0, 0.05)] {
                let log_var = 2.0 * f64::ln(sd);
                let q = DiagonalGaussian { mean: row([mean as f32]), log_var: row([log_var as f32]) };
                let exact = f64::from(prior.divergence(&q).into_scalar::<f32>());
                let step = sd / 200.0;
                let integral: f64 = (-2000..2000)
                    .map(|i| mean + (f64::from(i) + 0.5) * step)
                    .map(|m| {
                        let log_q = -0.5 * ((m - mean) / sd).powi(2)
                            - sd.ln()
                            - 0.5 * (2.0 * std::f64::consts::PI).ln();
                        log_q.exp() * (log_q - log_density(prior, m)) * step
                    })
                    .sum();
                assert!((exact - integral).abs() < 2e-3, "{prior:?} N({mean}, {sd}²): {exact} {integral}");
            }
        }
    }

    #[test]
    fn draws_follow_the_density() {
        for prior in PRIORS {
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            let n = 40_000;
            let normal: Vec<f32> = normals(n, &mut rng).collect();
            let draws: Vec<f64> = normal.iter().map(|z| f64::from(prior.draw(*z, &mut rng))).collect();
            let share = |most: f64| draws.iter().filter(|m| m.abs() < most).count() as f64 / n as f64;
            for most in [0.1, 0.5, 1.0, 2.5] {
                let expected: f64 =
                    (0..1000).map(|i| (f64::from(i) + 0.5) * most / 1000.0).map(|m| log_density(prior, m).exp()).sum::<f64>()
                        * 2.0 * most / 1000.0;
                assert!((share(most) - expected).abs() < 0.01, "{prior:?} {most}: {} {expected}", share(most));
            }
        }
    }
}
