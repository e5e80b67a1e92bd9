//! X as it would have been without the manipulation.

use burn::tensor::Tensor;

use crate::data::DataShape;
use crate::model::{DeepCama, Observed};

/// T_m⁻¹(x) at the mean of q2(m|x), `[batch, width]`: pixels in [0, 1], or columns as the model reads them.
///
/// Differentiable in x, through q2 as through T_m⁻¹, and in the weights. A model without a mechanism gives x back; a
/// latent mechanism undoes nothing in X itself.
pub fn restore(model: &DeepCama, observed: &Observed) -> Tensor<2> {
    let Some(mechanisms) = model.mechanisms() else { return observed.x.clone() };
    restored(model, &mechanisms.posterior(observed).mean, observed.x.clone())
}

/// T_m⁻¹(x) for known `m`, `[batch, dim]`.
pub(crate) fn restored(model: &DeepCama, m: &Tensor<2>, x: Tensor<2>) -> Tensor<2> {
    let Some(mechanisms) = model.mechanisms() else { return x };
    let x = mechanisms.restore(m, x);
    match model.config().data {
        DataShape::Image(_) => x.clamp(0.0, 1.0),
        DataShape::Table(_) => x,
    }
}
