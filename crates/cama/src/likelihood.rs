//! p(x|y,c,z,m): what the decoder and the mechanisms made of its parameters, and its log density.

use burn::tensor::{Tensor, activation};
use cama_data::{ChildKind, DataShape, TableShape};
use cama_kernels::likelihood::{Given, bernoulli, sigmoid};
use serde::{Deserialize, Serialize};

/// No column is explained more closely than this, in standard deviations of the training data: a column that the
/// others determine would else draw its variance to zero.
const LEAST_LOG_SIGMA: f64 = -5.0;

/// Farther off its mean nothing gets less probable: beyond, squares would soon overflow.
const MOST_DEVIATIONS: f64 = 1e6;

/// p(x|·).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likelihood {
    /// Bernoulli for every pixel, with x in [0, 1] taken as the expected value.
    Bernoulli,
    /// Gaussian for every pixel; the decoder gives its mean, and one variance for all pixels is learnt.
    Gaussian,
    /// What the kind of each column of a table says: see [`ChildKind`].
    Columns,
}

/// Parameters of p(x|·) of a batch; means and logits are `[batch, group, width]`.
///
/// Log standard deviations are `[batch or 1, group or 1, width or 1]`.
pub enum LikelihoodParams {
    /// Pixels, straight from the decoder.
    BernoulliLogits(Tensor<3>),
    /// Pixels that a mechanism has changed; their means may have left [0, 1].
    BernoulliMeans(Tensor<3>),
    /// Pixels.
    Gaussian {
        /// Means.
        means: Tensor<3>,
        /// Log standard deviations.
        log_sigma: Tensor<3>,
    },
    /// Columns of a table.
    Columns {
        /// Means of numbers, logits of the rest.
        outputs: Tensor<3>,
        /// Log standard deviations of numbers; what stands there of others is not used.
        log_sigma: Tensor<3>,
    },
}

impl LikelihoodParams {
    /// Columns with these learnt log standard deviations, `[width]`.
    pub(crate) fn columns(outputs: Tensor<3>, log_sigma: Tensor<1>) -> Self {
        Self::Columns { outputs, log_sigma: log_sigma.clamp_min(LEAST_LOG_SIGMA).unsqueeze() }
    }

    /// The same with other means: `f` is given means of pixels, and of columns means of numbers and logits of the rest.
    pub fn map_means(self, f: impl FnOnce(Tensor<3>) -> Tensor<3>) -> Self {
        match self {
            Self::BernoulliLogits(logits) => Self::BernoulliMeans(f(sigmoid(logits))),
            Self::BernoulliMeans(means) => Self::BernoulliMeans(f(means)),
            Self::Gaussian { means, log_sigma } => Self::Gaussian { means: f(means), log_sigma },
            Self::Columns { outputs, log_sigma } => Self::Columns { outputs: f(outputs), log_sigma },
        }
    }

    /// The same with other log standard deviations, where it has any.
    pub fn map_log_sigma(self, f: impl FnOnce(Tensor<3>) -> Tensor<3>) -> Self {
        match self {
            Self::Gaussian { means, log_sigma } => Self::Gaussian { means, log_sigma: f(log_sigma) },
            Self::Columns { outputs, log_sigma } => Self::Columns { outputs, log_sigma: f(log_sigma) },
            bernoulli => bernoulli,
        }
    }

    /// The expected X, `[batch, group, width]`: of numbers their means, of the rest probabilities.
    pub fn means(self, data: &DataShape) -> Tensor<3> {
        match (self, data) {
            (Self::BernoulliLogits(logits), _) => sigmoid(logits),
            (Self::BernoulliMeans(means) | Self::Gaussian { means, .. }, _) => means,
            (Self::Columns { outputs, .. }, DataShape::Image(_)) => outputs,
            (Self::Columns { outputs, .. }, DataShape::Table(table)) => {
                let means = table.blocks().into_iter().map(|(kind, first, length)| {
                    let block = outputs.clone().narrow(2, first, length);
                    match kind {
                        ChildKind::Number => block,
                        ChildKind::Boolean => sigmoid(block),
                        ChildKind::Category(_) => activation::softmax(block, 2),
                    }
                });
                Tensor::cat(means.collect(), 2)
            }
        }
    }

    /// log p(x|·) in nats, summed over X: `x` is `[batch, width]`, the result `[batch, group]`.
    pub fn log_prob(self, data: &DataShape, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::BernoulliLogits(logits) => bernoulli(logits, x, Given::Logits),
            Self::BernoulliMeans(means) => bernoulli(means, x, Given::Means),
            Self::Gaussian { means, log_sigma } => {
                gaussian(means, log_sigma, x.unsqueeze_dim(1)).sum_dim(2).squeeze_dim(2)
            }
            Self::Columns { outputs, log_sigma } => {
                let table = data.table().expect("only tables have columns");
                columns(table, outputs, log_sigma, x)
            }
        }
    }
}

/// Σ log p of the columns of a row, `[batch, group]`.
fn columns(table: &TableShape, outputs: Tensor<3>, log_sigma: Tensor<3>, x: Tensor<2>) -> Tensor<2> {
    let x: Tensor<3> = x.unsqueeze_dim(1);
    let blocks = table.blocks().into_iter().map(|(kind, first, length)| {
        let part = |t: &Tensor<3>| t.clone().narrow(2, first, length);
        let (output, x) = (part(&outputs), part(&x));
        let log_p = match kind {
            ChildKind::Number => gaussian(output, part(&log_sigma), x),
            ChildKind::Boolean => log_odds(output, x),
            ChildKind::Category(_) => activation::log_softmax(output, 2) * x,
        };
        log_p.sum_dim(2).squeeze_dim::<2>(2)
    });
    blocks.reduce(|a, b| a + b).expect("checked to have a column")
}

/// x log σ(l) + (1 − x) log σ(−l) = x l + log σ(−l)
fn log_odds(logits: Tensor<3>, x: Tensor<3>) -> Tensor<3> {
    x * logits.clone() + activation::log_sigmoid(-logits)
}

fn gaussian(mean: Tensor<3>, log_sigma: Tensor<3>, x: Tensor<3>) -> Tensor<3> {
    let half_log_2pi = 0.5 * (2.0 * std::f64::consts::PI).ln();
    let scaled = (x - mean) * log_sigma.clone().neg().exp();
    let scaled = scaled.clamp(-MOST_DEVIATIONS, MOST_DEVIATIONS);
    scaled.square().mul_scalar(-0.5) - log_sigma - half_log_2pi
}
