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
    let [batch, _, width] = parameters.dims();
    assert_eq!(x.dims(), [batch, width], "an x for each group");
    if parameters.shape().num_elements() > 0 && is_native(&x.device()) {
        return Tensor::from_dispatch(Dispatch::bernoulli(
            parameters.into_dispatch(),
            x.into_dispatch(),
            given,
        ));
    }
    composed(parameters, x, given)
}

/// The same, composed of Burn's own operations.
pub fn composed(parameters: Tensor<3>, x: Tensor<2>, given: Given) -> Tensor<2> {
    let x = x.unsqueeze_dim::<3>(1);
    let log_p = match given {
        // x log σ(l) + (1 − x) log σ(−l) = x l + log σ(−l)
        Given::Logits => x * parameters.clone() + activation::log_sigmoid(-parameters),
        Given::Floored(share) => {
            let share = f64::from(share);
            of_means(activation::sigmoid(parameters).mul_scalar(1.0 - share).add_scalar(0.5 * share), x)
        }
        Given::Means => of_means(parameters.clamp(MARGIN, 1.0 - MARGIN), x),
    };
    log_p.sum_dim(2).squeeze_dim(2)
}

/// x log p + (1 − x) log(1 − p), pixel by pixel.
fn of_means(p: Tensor<3>, x: Tensor<3>) -> Tensor<3> {
    let log_q = p.clone().neg().add_scalar(1.0).log();
    x * (p.log() - log_q.clone()) + log_q
}

/// σ(x) = 1 / (1 + e⁻ˣ), element by element.
pub fn sigmoid<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if is_native(&x.device()) {
        return Tensor::from_dispatch(Dispatch::logistic(x.into_dispatch()));
    }
    activation::sigmoid(x)
}
