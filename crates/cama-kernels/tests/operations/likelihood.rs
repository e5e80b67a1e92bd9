//! Likelihoods against Burn's own operations and against doubles, values and gradients.

use crate::common::{close, host, leaf, tensor};
use burn::tensor::{Device, Tensor, TensorData, activation};
use cama_kernels::likelihood::{Given, bernoulli, composed, sigmoid};
use proptest::prelude::*;

fn check(batch: usize, group: usize, width: usize, given: Given, seed: u64) {
    let parameters = match given {
        Given::Logits | Given::Floored(_) => tensor([batch, group, width], seed).mul_scalar(12.0),
        // Some beyond what a mean can be.
        Given::Means => tensor([batch, group, width], seed).mul_scalar(0.7).add_scalar(0.5),
    };
    let x = tensor([batch, width], seed + 1).mul_scalar(0.5).add_scalar(0.5);
    let towards = tensor([batch, group], seed + 2);
    let run = |of: fn(Tensor<3>, Tensor<2>, Given) -> Tensor<2>| {
        let (parameters, x) = (leaf(&parameters), leaf(&x));
        let y = of(parameters.clone(), x.clone(), given);
        let gradients = (y.clone() * towards.clone().autodiff()).sum().backward();
        (y.without_autodiff(), parameters.grad(&gradients).unwrap(), x.grad(&gradients).unwrap())
    };
    let (ours, theirs) = (run(bernoulli), run(composed));
    close("value", ours.0, theirs.0, 2e-5);
    close("gradient of the parameters", ours.1, theirs.1, 2e-5);
    close("gradient of x", ours.2, theirs.2, 2e-5);
    close(
        "value without gradients",
        bernoulli(parameters.clone(), x.clone(), given),
        composed(parameters, x, given),
        2e-5,
    );
}

proptest! {
    #[test]
    fn bernoulli_is_burns(
        batch in 1usize..6, group in 1usize..12, width in 1usize..900, given in 0usize..3, share in 0.01f32..0.95,
        seed in 0u64..1000,
    ) {
        check(batch, group, width, [Given::Logits, Given::Floored(share), Given::Means][given], seed);
    }
}

#[test]
fn a_logarithm_of_a_product_loses_no_digits() {
    // Two images of 784 pixels against sums in double precision.
    for scale in [0.01, 1.0, 30.0, 200.0] {
        let (logits, x) = (tensor([1, 2, 784], 5).mul_scalar(scale), tensor([1, 784], 6).abs());
        let (l, pixels) = (host(logits.clone()), host(x.clone()));
        let truth = l.chunks(784).map(|row| {
            let terms = row.iter().zip(&pixels).map(|(l, x)| {
                let (l, x) = (f64::from(*l), f64::from(*x));
                x * l - l.max(0.0) - (-l.abs()).exp().ln_1p()
            });
            terms.sum::<f64>()
        });
        for (found, truth) in host(bernoulli(logits, x, Given::Logits)).into_iter().zip(truth) {
            assert!((f64::from(found) / truth - 1.0).abs() < 3e-7, "{scale}: {found} instead of {truth}");
        }
    }
}

#[test]
fn the_logistic_function_is_burns() {
    let x = tensor([7, 41], 3).mul_scalar(20.0);
    let run = |of: fn(Tensor<2>) -> Tensor<2>| {
        let x = leaf(&x);
        let y = of(x.clone());
        let gradients = (y.clone() * tensor([7, 41], 4).autodiff()).sum().backward();
        (y.without_autodiff(), x.grad(&gradients).unwrap())
    };
    let (ours, theirs) = (run(sigmoid), run(activation::sigmoid));
    close("value", ours.0, theirs.0, 3e-7);
    close("gradient", ours.1, theirs.1, 3e-7);
}

#[test]
fn what_is_no_number_stays_none() {
    let logits = Tensor::from_data(TensorData::new(vec![0.0f32, f32::NAN, 1.0], [1, 1, 3]), &Device::flex());
    for given in [Given::Logits, Given::Floored(0.3), Given::Means] {
        assert!(host(bernoulli(logits.clone(), tensor([1, 3], 1), given))[0].is_nan());
    }
}
