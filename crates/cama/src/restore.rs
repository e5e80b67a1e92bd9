//! X as it would have been without the manipulation.

use burn::tensor::Tensor;

use crate::data::DataShape;
use crate::model::{DeepCama, M, MChoice, Observed, tempered};

/// T_m⁻¹(x) at the mean of q2(m|x), `[batch, width]`: pixels in [0, 1], or columns as the model reads them; of what a field
/// leaves of x, where there is one.
///
/// Differentiable in x, through q2 as through T_m⁻¹, and in the weights. A model without a mechanism gives x back; a
/// latent mechanism undoes nothing in X itself.
pub fn restore(model: &DeepCama, observed: &Observed) -> Tensor<2> {
    restore_cleared(model, &model.cleared(observed, true))
}

/// The same of what a field has left of x already.
pub(crate) fn restore_cleared(model: &DeepCama, cleared: &Observed) -> Tensor<2> {
    let Some(mechanisms) = model.mechanisms() else { return cleared.x.clone() };
    let restored = restored(model, &mechanisms.posterior(cleared).mean, cleared.x.clone());
    known_only(cleared, restored)
}

/// What was restored where X was observed; what is filled in for a missing value was not manipulated.
pub(crate) fn known_only(observed: &Observed, restored: Tensor<2>) -> Tensor<2> {
    match &observed.known {
        Some(known) => observed.x.clone() + (restored - observed.x.clone()) * known.clone(),
        None => restored,
    }
}

/// The same with the m that has been asked for: with the global m of a factor model, less how far the classes have moved by
/// themselves.
pub(crate) fn restore_with(model: &DeepCama, observed: &Observed, choice: MChoice) -> Tensor<2> {
    match (choice, model.mechanisms()) {
        (M::Null, _) | (M::Global, None) => observed.x.clone(),
        (M::Global, Some(mechanisms)) => {
            let m = mechanisms.global_m().expect("checked to have one");
            restored_globally(model, &m.repeat_dim(0, observed.x.dims()[0]), observed)
        }
        (M::Mean | M::Sample | M::Given(_), _) => restore(model, observed),
    }
}

/// T_m⁻¹(x) for a known global `m`, `[batch, dim]`.
pub(crate) fn restored_globally(model: &DeepCama, m: &Tensor<2>, observed: &Observed) -> Tensor<2> {
    let x = restored(model, m, observed.x.clone());
    let Some(factor) = model.factor() else { return x };
    let scores = model.exact_scores(factor, observed, Some(m));
    let x = factor.unmoved(x, tempered(scores, model.log_py(observed, None), factor.power()));
    known_only(observed, x)
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
