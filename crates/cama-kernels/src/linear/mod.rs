//! Linear layers, with activation.

mod extension;
mod pass;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use self::extension::LinearOps;
use crate::{activation, is_native};

/// The activated x W + b: `x` is `[.., inputs]`, `weight` `[inputs, outputs]`, `bias` `[outputs]`, the result
/// `[.., outputs]`. A `slope` for negative values of 0 is ReLU, of 1 no activation. Differentiable in all three.
///
/// # Panics
///
/// If shapes do not fit.
pub fn linear<const D: usize>(x: Tensor<D>, weight: Tensor<2>, bias: Tensor<1>, slope: f64) -> Tensor<D> {
    let [inputs, outputs] = weight.dims();
    let mut dims = x.dims();
    assert_eq!(
        (dims[D - 1], bias.dims()),
        (inputs, [outputs]),
        "a number for each input, a bias for each output"
    );
    let rows = x.shape().num_elements() / inputs.max(1);
    if rows * inputs * outputs == 0 || !is_native(&x.device()) {
        return composed(x, weight, bias, slope);
    }
    let x: Tensor<2> = x.reshape([rows, inputs]);
    let y = Dispatch::linear(x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch(), slope as f32);
    dims[D - 1] = outputs;
    Tensor::<2>::from_dispatch(y).reshape(dims)
}

/// The same, composed of Burn's own operations.
pub fn composed<const D: usize>(x: Tensor<D>, weight: Tensor<2>, bias: Tensor<1>, slope: f64) -> Tensor<D> {
    let y = burn::tensor::module::linear(x, weight, Some(bias));
    activation::composed(y, slope)
}
