//! A step of Adam, in one pass over parameters, gradients and moments.

mod extension;
mod step;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use self::extension::{AdamOps, Moved};
pub use self::step::Step;
use crate::is_native;

/// The parameters after a step down the `gradient`, and the first and second moments, all on the `flex` device and of one
/// shape; `moments` is nothing before the first step. What nothing else holds is changed in place.
///
/// # Panics
///
/// If the tensors are on another device, or have different shapes.
pub fn adam<const D: usize>(
    parameters: Tensor<D>,
    gradient: Tensor<D>,
    moments: Option<[Tensor<D>; 2]>,
    step: Step,
) -> (Tensor<D>, [Tensor<D>; 2]) {
    assert_eq!(parameters.dims(), gradient.dims(), "a gradient for each parameter");
    let [first, second] = moments.unwrap_or_else(|| [gradient.zeros_like(), gradient.zeros_like()]);
    let moved = Dispatch::adam(
        parameters.into_dispatch(),
        gradient.into_dispatch(),
        first.into_dispatch(),
        second.into_dispatch(),
        step,
    );
    let Moved { parameters, first, second } = moved;
    (Tensor::from_dispatch(parameters), [Tensor::from_dispatch(first), Tensor::from_dispatch(second)])
}

/// Σ g² of all numbers, `[1]`, without a tensor of squares where it runs natively. Not differentiable.
pub fn sum_of_squares<const D: usize>(gradient: Tensor<D>) -> Tensor<1> {
    if is_native(&gradient.device()) && !gradient.device().is_autodiff() {
        return Tensor::from_dispatch(Dispatch::sum_of_squares(gradient.into_dispatch()));
    }
    gradient.square().sum()
}
