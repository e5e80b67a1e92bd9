//! Diagonal Gaussians and the layer that predicts one.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

use super::affine;
use super::init::Init;
use super::layers::{Dense, HeadLayers};
use super::rescale::scaled;

/// A batch of Gaussians with diagonal covariance; the last of the `D` dimensions holds the components.
#[derive(Clone, Debug)]
pub struct DiagonalGaussian<const D: usize> {
    /// Means.
    pub mean: Tensor<D>,
    /// Logarithms of the variances.
    pub log_var: Tensor<D>,
}

impl<const D: usize> DiagonalGaussian<D> {
    /// `mean + σ noise`, differentiable in both parameters (reparameterisation).
    pub fn sample(&self, noise: Tensor<D>) -> Tensor<D> {
        self.mean.clone() + self.log_var.clone().mul_scalar(0.5).exp() * noise
    }

    /// `KL(self ‖ N(0, I))` in nats, summed over the last dimension, which stays with length 1.
    pub fn kl_to_standard(&self) -> Tensor<D> {
        let var = self.log_var.clone().exp();
        (self.mean.clone().square() + var - self.log_var.clone() - 1.0).sum_dim(D - 1).mul_scalar(0.5)
    }

    /// `log q(value)` in nats, summed over the last dimension, which stays with length 1.
    pub fn log_prob(&self, value: Tensor<D>) -> Tensor<D> {
        let log_2pi = (2.0 * std::f64::consts::PI).ln();
        let scaled = (value - self.mean.clone()).square() * self.log_var.clone().neg().exp();
        (scaled + self.log_var.clone() + log_2pi).sum_dim(D - 1).mul_scalar(-0.5)
    }
}

/// Bound on the log-variances of [`GaussianHead::bounded`].
const MOST_LOG_VAR: f64 = 20.0;

/// Two linear layers, for the mean and for the log-variance.
#[derive(Module, Debug)]
pub struct GaussianHead {
    mean: Linear,
    log_var: Linear,
    bounded: bool,
    constant: bool,
}

impl GaussianHead {
    /// A head `[.., d_in] → [.., d_out]`.
    ///
    /// Under He initialisation the log-variance starts at −4 with weights × 0.1: wide initial posteriors
    /// drown the signal of the latent variable and it is never used.
    pub fn new(d_in: usize, d_out: usize, init: &mut Init) -> Self {
        let mut head = Self {
            mean: init.linear(d_in, d_out, true),
            log_var: init.linear(d_in, d_out, true),
            bounded: false,
            constant: false,
        };
        if init.rescales() {
            head.log_var = scaled(head.log_var, 0.1, -4.0);
        }
        head
    }

    /// The same head, with variances that stay finite where features are out of all bounds, as of a cell in a wrong unit,
    /// if `bounded`.
    pub fn bounded(self, bounded: bool) -> Self {
        Self { bounded, ..self }
    }

    /// The same head, which predicts the same Gaussian whatever the features if `constant`: its biases.
    pub fn constant(self, constant: bool) -> Self {
        Self { constant, ..self }
    }

    /// The same head with the mean's weights × 0.1, so that the first means lie near zero.
    pub fn near_zero(mut self) -> Self {
        self.mean = scaled(self.mean, 0.1, 0.0);
        self
    }

    /// Its layers, with their weights.
    pub fn layers(&self) -> HeadLayers {
        HeadLayers {
            mean: Dense::of(&self.mean, 1.0),
            log_var: Dense::of(&self.log_var, 1.0),
            most_log_var: self.bounded.then_some(MOST_LOG_VAR as f32),
            constant: self.constant,
        }
    }

    /// The Gaussian at features `h`: `[.., d_in] → [.., d_out]`.
    pub fn forward<const D: usize>(&self, h: Tensor<D>) -> DiagonalGaussian<D> {
        let h = if self.constant { h.zeros_like() } else { h };
        let mut log_var = affine(&self.log_var, h.clone());
        if self.bounded {
            log_var = log_var.clamp(-MOST_LOG_VAR, MOST_LOG_VAR);
        }
        DiagonalGaussian { mean: affine(&self.mean, h), log_var }
    }
}
