//! log p(x|y,c,z,m) from what the decoder and the mechanisms made.

use burn::tensor::{Tensor, activation};
use cama_kernels::likelihood::{Given, bernoulli, sigmoid};

use crate::input::{ChildKind, Input, Likelihood, TableInput};

/// No column is explained more closely than this, in standard deviations of the training data: a column that the
/// others determine would else draw its variance to zero.
const LEAST_LOG_SIGMA: f64 = -5.0;

/// Farther off its mean nothing gets less probable: beyond, squares would soon overflow.
const MOST_DEVIATIONS: f64 = 1e6;

/// Parameters of p(x|·) for `[batch, group, width]`.
#[expect(clippy::large_enum_variant, reason = "one is made for each batch, and moved at once")]
pub enum Observation {
    /// Straight from the decoder: means of what is Gaussian, logits of the rest.
    Logits(Tensor<3>),
    /// Means of pixels that a mechanism has changed; it may have left [0, 1].
    Means(Tensor<3>),
    /// Columns that a mechanism has changed: means of numbers and logits of the rest, and the logarithm of the
    /// factor by which the standard deviation of a number has grown, `[batch, width]`.
    Columns {
        /// Means or logits.
        outputs: Tensor<3>,
        /// Growth of the standard deviations.
        log_stretch: Option<Tensor<2>>,
    },
}

impl Observation {
    /// The expected X, `[batch, group, width]`: of numbers their means, of the rest probabilities.
    pub fn means(self, input: &Input) -> Tensor<3> {
        match (self, input) {
            (Self::Logits(logits), Input::Image(image)) => match image.likelihood {
                Likelihood::Bernoulli => sigmoid(logits),
                Likelihood::Gaussian => logits,
            },
            (Self::Logits(outputs) | Self::Columns { outputs, .. }, Input::Table(table)) => {
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
            (Self::Means(means) | Self::Columns { outputs: means, .. }, _) => means,
        }
    }

    /// log p(x|·) in nats, summed over X: `x` is `[batch, width]`, the result `[batch, group]`.
    ///
    /// `log_sigma` are the learnt log standard deviations of what is Gaussian.
    pub(super) fn log_prob(self, input: &Input, log_sigma: Option<Tensor<1>>, x: Tensor<2>) -> Tensor<2> {
        match (input, self) {
            (Input::Image(image), observed) => pixels(image.likelihood, observed, log_sigma, x, input),
            (Input::Table(table), Self::Columns { outputs, log_stretch }) => {
                columns(table, outputs, log_stretch, log_sigma, x)
            }
            (Input::Table(table), Self::Logits(outputs) | Self::Means(outputs)) => {
                columns(table, outputs, None, log_sigma, x)
            }
        }
    }
}

/// Σ log p of the pixels, `[batch, group]`.
fn pixels(
    likelihood: Likelihood,
    observed: Observation,
    log_sigma: Option<Tensor<1>>,
    x: Tensor<2>,
    input: &Input,
) -> Tensor<2> {
    match (likelihood, observed) {
        (Likelihood::Bernoulli, Observation::Logits(logits)) => bernoulli(logits, x, Given::Logits),
        (Likelihood::Bernoulli, means) => bernoulli(means.means(input), x, Given::Means),
        (Likelihood::Gaussian, observed) => {
            let log_sigma: Tensor<3> = log_sigma.expect("a Gaussian model has a learnt variance").unsqueeze();
            gaussian(observed.means(input), log_sigma, x.unsqueeze_dim(1)).sum_dim(2).squeeze_dim(2)
        }
    }
}

/// Σ log p of the columns of a row, `[batch, group]`.
fn columns(
    table: &TableInput,
    outputs: Tensor<3>,
    log_stretch: Option<Tensor<2>>,
    log_sigma: Option<Tensor<1>>,
    x: Tensor<2>,
) -> Tensor<2> {
    let x: Tensor<3> = x.unsqueeze_dim(1);
    let log_sigma = log_sigma.expect("a table's model has learnt variances").clamp_min(LEAST_LOG_SIGMA);
    let mut log_sigma: Tensor<3> = log_sigma.unsqueeze();
    if let Some(stretch) = log_stretch {
        log_sigma = log_sigma + stretch.unsqueeze_dim(1);
    }
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
