//! Sums of exponentials, as logarithms.

use burn::tensor::Tensor;

/// log Σ exp over tensors of one shape, element by element, without overflow.
///
/// # Panics
///
/// If there are none.
pub(crate) fn log_sum_exp(all: Vec<Tensor<2>>) -> Tensor<2> {
    let highest = all.iter().cloned().map(Tensor::detach).reduce(Tensor::max_pair).expect("one or more");
    let sum = all.into_iter().map(|x| (x - highest.clone()).exp()).reduce(|a, b| a + b);
    sum.expect("one or more").log() + highest
}

/// log Σ exp over the last dimension, `[batch, n] → [batch]`, without overflow.
pub fn logsumexp(x: Tensor<2>) -> Tensor<1> {
    let batch = x.dims()[0];
    let max = x.clone().detach().max_dim(1);
    ((x - max.clone()).exp().sum_dim(1).log() + max).reshape([batch])
}
