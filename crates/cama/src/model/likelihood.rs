//! log p(x|y,z,m) from what the decoder and the mechanisms made.

use burn::tensor::{Tensor, activation};

use super::Likelihood;

/// Bernoulli means that a mechanism changed are kept this far from 0 and 1.
const MARGIN: f64 = 1e-6;

/// Parameters of p(x|·) for `[batch, group, pixels]`.
pub enum Observation {
    /// Straight from the decoder: the mean itself if Gaussian, else the mean is the logistic function of these.
    Logits(Tensor<3>),
    /// Means that a mechanism has changed; it may have left [0, 1].
    Means(Tensor<3>),
}

impl Observation {
    /// Means of the pixels, `[batch, group, pixels]`.
    pub fn means(self, likelihood: Likelihood) -> Tensor<3> {
        match (self, likelihood) {
            (Self::Logits(logits), Likelihood::Bernoulli) => activation::sigmoid(logits),
            (Self::Logits(means), Likelihood::Gaussian) | (Self::Means(means), _) => means,
        }
    }
}

impl Likelihood {
    /// log p(x|·) in nats, summed over pixels: `x` is `[batch, pixels]`, the result `[batch, group]`.
    ///
    /// `log_sigma`, `[1]`, is the learnt log standard deviation of a Gaussian pixel.
    pub fn log_prob(self, observed: Observation, log_sigma: Option<Tensor<1>>, x: Tensor<2>) -> Tensor<2> {
        let x: Tensor<3> = x.unsqueeze_dim(1);
        let per_pixel = match self {
            // x log σ(l) + (1 − x) log σ(−l) = x l + log σ(−l)
            Self::Bernoulli => match observed {
                Observation::Logits(logits) => x * logits.clone() + activation::log_sigmoid(-logits),
                Observation::Means(means) => {
                    let p = means.clamp(MARGIN, 1.0 - MARGIN);
                    let log_q = p.clone().neg().add_scalar(1.0).log();
                    x * (p.log() - log_q.clone()) + log_q
                }
            },
            Self::Gaussian => {
                let log_sigma: Tensor<3> =
                    log_sigma.expect("a Gaussian model has a learnt variance").unsqueeze();
                let half_log_2pi = 0.5 * (2.0 * std::f64::consts::PI).ln();
                let scaled = (x - observed.means(self)) * log_sigma.clone().neg().exp();
                scaled.square().mul_scalar(-0.5) - log_sigma - half_log_2pi
            }
        };
        per_pixel.sum_dim(2).squeeze_dim(2)
    }
}
