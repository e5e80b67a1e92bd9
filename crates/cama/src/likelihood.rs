//! p(x|y,c,z,m): what the decoder and the mechanisms made of its parameters, and its log density.

use burn::tensor::{Tensor, activation};
use cama_data::{ChildKind, DataShape, TableShape};
use cama_kernels::likelihood::{Given, bernoulli_in_doubt, sigmoid};
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
    /// Values of which each is, with a small probability, none that the causes explain.
    Outliers {
        /// p(x|·) of the others.
        explained: Box<LikelihoodParams>,
        /// The probability π, in (0, 1).
        share: f64,
    },
}

impl LikelihoodParams {
    /// Columns with these learnt log standard deviations, `[width]`.
    pub(crate) fn columns(outputs: Tensor<3>, log_sigma: Tensor<1>) -> Self {
        Self::Columns { outputs, log_sigma: log_sigma.clamp_min(LEAST_LOG_SIGMA).unsqueeze() }
    }

    /// The same where each value is, with probability `share`, an outlier, whatever the others are: a pixel of any grey in
    /// [0, 1], a number from a standard Cauchy distribution, which has the middle of a standardised column and leaves room for values
    /// far from all, a category of any kind. No value is then less probable than that, so none alone can decide against a class. With
    /// 0 nothing changes.
    pub fn with_outliers(self, share: f64) -> Self {
        match self {
            // Neither is an outlier of the other.
            Self::Outliers { explained, share: of } => {
                explained.with_outliers(1.0 - (1.0 - share) * (1.0 - of))
            }
            _ if share == 0.0 => self,
            explained => Self::Outliers { explained: Box::new(explained), share },
        }
    }

    /// The same with other means: `f` is given means of pixels, and of columns means of numbers and logits of the rest.
    pub fn map_means(self, f: impl FnOnce(Tensor<3>) -> Tensor<3>) -> Self {
        match self {
            Self::BernoulliLogits(logits) => Self::BernoulliMeans(f(sigmoid(logits))),
            Self::BernoulliMeans(means) => Self::BernoulliMeans(f(means)),
            Self::Gaussian { means, log_sigma } => Self::Gaussian { means: f(means), log_sigma },
            Self::Columns { outputs, log_sigma } => Self::Columns { outputs: f(outputs), log_sigma },
            Self::Outliers { explained, share } => explained.map_means(f).with_outliers(share),
        }
    }

    /// The same with other log standard deviations, where it has any.
    pub fn map_log_sigma(self, f: impl FnOnce(Tensor<3>) -> Tensor<3>) -> Self {
        match self {
            Self::Gaussian { means, log_sigma } => Self::Gaussian { means, log_sigma: f(log_sigma) },
            Self::Columns { outputs, log_sigma } => Self::Columns { outputs, log_sigma: f(log_sigma) },
            Self::Outliers { explained, share } => explained.map_log_sigma(f).with_outliers(share),
            bernoulli => bernoulli,
        }
    }

    /// The expected X, `[batch, group, width]`: of numbers their means, of the rest probabilities; outliers left out.
    pub fn means(self, data: &DataShape) -> Tensor<3> {
        match (self, data) {
            (Self::Outliers { explained, .. }, data) => explained.means(data),
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
        self.log_prob_in_doubt(data, x, 0.0)
    }

    /// The same of Bernoulli pixels each of which, with probability `doubt`, is not of the grey `x` but black or white, with `x` as the
    /// probability of white: Σ_x' q(x') p(x'|·) over what a pixel can have been, q being what was inferred of it. So none of which little
    /// is known says much. What is not Bernoulli is taken as it is.
    pub fn log_prob_in_doubt(self, data: &DataShape, x: Tensor<2>, doubt: f64) -> Tensor<2> {
        match self {
            Self::BernoulliLogits(logits) => bernoulli_in_doubt(logits, x, Given::Logits, doubt as f32),
            Self::BernoulliMeans(means) => bernoulli_in_doubt(means, x, Given::Means, doubt as f32),
            Self::Gaussian { means, log_sigma } => {
                gaussian(means, log_sigma, x.unsqueeze_dim(1)).sum_dim(2).squeeze_dim(2)
            }
            Self::Columns { outputs, log_sigma } => {
                let table = data.table().expect("only tables have columns");
                columns(table, outputs, log_sigma, x, 0.0)
            }
            Self::Outliers { explained, share } => explained.log_prob_with(data, x, share, doubt),
        }
    }

    /// log p(x|·) where each value is an outlier with probability `share`.
    fn log_prob_with(self, data: &DataShape, x: Tensor<2>, share: f64, doubt: f64) -> Tensor<2> {
        match self {
            Self::BernoulliLogits(logits) => {
                bernoulli_in_doubt(logits, x, Given::Floored(share as f32), doubt as f32)
            }
            Self::BernoulliMeans(means) => {
                let means = mixed(means.clamp(0.0, 1.0), share, 0.5);
                bernoulli_in_doubt(means, x, Given::Means, doubt as f32)
            }
            Self::Gaussian { means, log_sigma } => {
                let explained = gaussian(means, log_sigma, x.unsqueeze_dim(1));
                // Of any grey: its density is 1.
                let outlier = explained.zeros_like();
                log_mixed(explained, outlier, share).sum_dim(2).squeeze_dim(2)
            }
            Self::Columns { outputs, log_sigma } => {
                let table = data.table().expect("only tables have columns");
                columns(table, outputs, log_sigma, x, share)
            }
            Self::Outliers { .. } => unreachable!("`with_outliers` joins the shares of two"),
        }
    }
}

/// Probabilities of which a share is `outlier` instead.
fn mixed(p: Tensor<3>, share: f64, outlier: f64) -> Tensor<3> {
    p.mul_scalar(1.0 - share).add_scalar(share * outlier)
}

/// log ((1 − share) exp(explained) + share exp(outlier)).
fn log_mixed(explained: Tensor<3>, outlier: Tensor<3>, share: f64) -> Tensor<3> {
    let outlier = outlier.expand(explained.dims()).add_scalar(share.ln());
    let explained = explained.add_scalar((1.0 - share).ln());
    let (above, below) = (explained.clone().max_pair(outlier.clone()), explained.min_pair(outlier));
    (below - above.clone()).exp().add_scalar(1.0).log() + above
}

/// Σ log p of the columns of a row, of which each is an outlier with probability `share`, `[batch, group]`.
fn columns(
    table: &TableShape,
    outputs: Tensor<3>,
    log_sigma: Tensor<3>,
    x: Tensor<2>,
    share: f64,
) -> Tensor<2> {
    let x: Tensor<3> = x.unsqueeze_dim(1);
    let blocks = table.blocks().into_iter().map(|(kind, first, length)| {
        let part = |t: &Tensor<3>| t.clone().narrow(2, first, length);
        let (output, x) = (part(&outputs), part(&x));
        let log_p = match kind {
            ChildKind::Number if share > 0.0 => {
                let outlier = (x.clone().square() + 1.0).log().neg() - std::f64::consts::PI.ln();
                log_mixed(gaussian(output, part(&log_sigma), x), outlier, share)
            }
            ChildKind::Number => gaussian(output, part(&log_sigma), x),
            ChildKind::Boolean if share > 0.0 => {
                let p = mixed(sigmoid(output), share, 0.5);
                let log_q = p.clone().neg().add_scalar(1.0).log();
                x * (p.log() - log_q.clone()) + log_q
            }
            ChildKind::Boolean => log_odds(output, x),
            ChildKind::Category(kinds) if share > 0.0 => {
                mixed(activation::softmax(output, 2), share, 1.0 / kinds as f64).log() * x
            }
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
