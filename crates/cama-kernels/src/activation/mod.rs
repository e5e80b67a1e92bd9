//! The activation by itself, where it is part of no other operation.

mod extension;
mod pass;

pub(crate) use pass::{activate, activate_backward};

use burn::backend::Dispatch;
use burn::tensor::{Tensor, activation};

use self::extension::ActivationOps;
use crate::is_native;

/// max(x, slope · x) of every number, for slopes from 0, ReLU, to 1, no activation at all. Differentiable.
pub fn leaky_relu<const D: usize>(x: Tensor<D>, slope: f64) -> Tensor<D> {
    if slope != 1.0 && is_native(&x.device()) {
        return Tensor::from_dispatch(Dispatch::activated(x.into_dispatch(), slope as f32));
    }
    composed(x, slope)
}

/// The same, composed of Burn's own operations.
pub fn composed<const D: usize>(x: Tensor<D>, slope: f64) -> Tensor<D> {
    match slope {
        1.0 => x,
        0.0 => activation::relu(x),
        slope => activation::leaky_relu(x, slope),
    }
}
