//! log p of Bernoulli pixels, and the logistic function.

mod entropy;
mod extension;
mod given;
mod pass;

use burn::backend::Dispatch;
use burn::tensor::{Tensor, activation};

pub use self::entropy::negative_entropy;
use self::extension::LikelihoodOps;
pub use self::given::{Given, MARGIN};
use crate::is_native;

/// Σ x log p + (1 − x) log(1 − p) over a row, in nats: `parameters` are `[batch, group, width]`, `x` is `[batch, width]`,
/// shared by its group, and the result `[batch, group]`. Differentiable in both.
///
/// # Panics
///
/// If shapes do not fit.
pub fn bernoulli(parameters: Tensor<3>, x: Tensor<2>, given: Given) -> Tensor<2> {
    bernoulli_in_doubt(parameters, x, given, 0.0)
}

/// The same of pixels that were not seen but inferred: with probability `doubt`, from 0 to 1, a pixel is not of the grey `x` but
/// black or white, with `x` as the probability of white. Σ log ((1 − doubt) pˣ (1 − p)¹⁻ˣ + doubt (x p + (1 − x)(1 − p))).
///
/// # Panics
///
/// If shapes do not fit.
pub fn bernoulli_in_doubt(parameters: Tensor<3>, x: Tensor<2>, given: Given, doubt: f32) -> Tensor<2> {
    let [batch, _, width] = parameters.dims();
    assert_eq!(x.dims(), [batch, width], "an x for each group");
    if parameters.shape().num_elements() > 0 && is_native(&x.device()) {
        return Tensor::from_dispatch(Dispatch::bernoulli(
            parameters.into_dispatch(),
            x.into_dispatch(),
            given,
            doubt,
        ));
    }
    composed(parameters, x, given, doubt)
}

/// The same, composed of Burn's own operations.
pub fn composed(parameters: Tensor<3>, x: Tensor<2>, given: Given, doubt: f32) -> Tensor<2> {
    let x = x.unsqueeze_dim::<3>(1);
    let log_p = match given {
        // x log σ(l) + (1 − x) log σ(−l) = x l + log σ(−l)
        Given::Logits if doubt == 0.0 => x * parameters.clone() + activation::log_sigmoid(-parameters),
        Given::Logits => {
            let [log_p, log_q] = [parameters.clone(), -parameters].map(activation::log_sigmoid);
            let as_grey = x.clone() * (log_p.clone() - log_q.clone()) + log_q.clone();
            in_doubt(as_grey, [log_p.exp(), log_q.exp()], x, doubt)
        }
        Given::Floored(share) => {
            let share = f64::from(share);
            let means = activation::sigmoid(parameters).mul_scalar(1.0 - share).add_scalar(0.5 * share);
            of_means(means, x, doubt)
        }
        Given::Means => of_means(parameters.clamp(MARGIN, 1.0 - MARGIN), x, doubt),
    };
    log_p.sum_dim(2).squeeze_dim(2)
}

/// x log p + (1 − x) log(1 − p), pixel by pixel, or what becomes of it in doubt.
fn of_means(p: Tensor<3>, x: Tensor<3>, doubt: f32) -> Tensor<3> {
    let q = p.clone().neg().add_scalar(1.0);
    let log_q = q.clone().log();
    let as_grey = x.clone() * (p.clone().log() - log_q.clone()) + log_q;
    if doubt == 0.0 { as_grey } else { in_doubt(as_grey, [p, q], x, doubt) }
}

/// log p of pixels in doubt, of which `as_grey` is that of a grey.
fn in_doubt(as_grey: Tensor<3>, [p, q]: [Tensor<3>; 2], x: Tensor<3>, doubt: f32) -> Tensor<3> {
    let doubt = f64::from(doubt);
    let black_or_white = x.clone() * p + x.neg().add_scalar(1.0) * q;
    (as_grey.exp().mul_scalar(1.0 - doubt) + black_or_white.mul_scalar(doubt)).log()
}

/// σ(x) = 1 / (1 + e⁻ˣ), element by element.
pub fn sigmoid<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if is_native(&x.device()) {
        return Tensor::from_dispatch(Dispatch::logistic(x.into_dispatch()));
    }
    activation::sigmoid(x)
}
