//! Likelihoods against Burn's own operations and against doubles, values and gradients.

use crate::common::{close, close_at, host, leaf, tensor};
use burn::tensor::{Device, Tensor, TensorData, activation};
use cama_kernels::likelihood::{Given, bernoulli, bernoulli_in_doubt, composed, sigmoid};
use proptest::prelude::*;

fn check([batch, group, width]: [usize; 3], given: Given, doubt: f32, seed: u64) {
    let parameters = match given {
        // Of pixels that are all but surely the other the gradients are large, and cancel in the sum over a group.
        Given::Logits if doubt > 0.0 => tensor([batch, group, width], seed).mul_scalar(5.0),
        Given::Logits | Given::Floored(_) => tensor([batch, group, width], seed).mul_scalar(12.0),
        // Some beyond what a mean can be.
        Given::Means => tensor([batch, group, width], seed).mul_scalar(0.7).add_scalar(0.5),
    };
    let x = tensor([batch, width], seed + 1).mul_scalar(0.5).add_scalar(0.5);
    let towards = tensor([batch, group], seed + 2);
    let run = |of: fn(Tensor<3>, Tensor<2>, Given, f32) -> Tensor<2>, towards: &Tensor<2>| {
        let (parameters, x) = (leaf(&parameters), leaf(&x));
        let y = of(parameters.clone(), x.clone(), given, doubt);
        let gradients = (y.clone() * towards.clone().autodiff()).sum().backward();
        (y.without_autodiff(), parameters.grad(&gradients).unwrap(), x.grad(&gradients).unwrap())
    };
    let (ours, theirs) = (run(bernoulli_in_doubt, &towards), run(composed, &towards));
    // What the members of a group add to the gradient of x may be large and cancel in their sum: it is as exact as they are.
    let of_one = |member: usize| {
        let only = Tensor::<2>::zeros([batch, group], &towards.device());
        let place = [0..batch, member..member + 1];
        let only = only.slice_assign(place.clone(), towards.clone().slice(place));
        run(composed, &only).2.abs()
    };
    let scale = host((0..group).map(of_one).reduce(|a, b| a + b).unwrap()).into_iter().fold(1.0, f32::max);
    close("value", ours.0, theirs.0, 2e-5);
    close("gradient of the parameters", ours.1, theirs.1, 2e-5);
    close_at("gradient of x", ours.2, theirs.2, 2e-5, scale);
    close(
        "value without gradients",
        bernoulli_in_doubt(parameters.clone(), x.clone(), given, doubt),
        composed(parameters, x, given, doubt),
        2e-5,
    );
}

proptest! {
    #[test]
    fn bernoulli_is_burns(
        batch in 1usize..6, group in 1usize..12, width in 1usize..900, given in 0usize..3, share in 0.01f32..0.95,
        doubt in prop_oneof![Just(0.0f32), 0.01f32..0.99, Just(1.0)], seed in 0u64..1000,
    ) {
        let given = [Given::Logits, Given::Floored(share), Given::Means][given];
        check([batch, group, width], given, doubt, seed);
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

/// Of four pixels that are black or white, or of the grey that was inferred, all 3⁴ images that can have been, each with how probable
/// it was inferred to be.
#[test]
fn doubt_is_a_sum_over_all_images() {
    let (l, x) = ([0.7f64, -2.0, 30.0, -14.0], [0.2f64, 0.9, 0.5, 1.0]);
    for doubt in [0.25, 1.0] {
        let mut truth = 0.0;
        for image in 0..81usize {
            let mut term = 1.0;
            for pixel in 0..4 {
                let p = 1.0 / (1.0 + (-l[pixel]).exp());
                let (inferred, grey) = match image / 3usize.pow(pixel as u32) % 3 {
                    0 => (doubt * (1.0 - x[pixel]), 0.0),
                    1 => (doubt * x[pixel], 1.0),
                    _ => (1.0 - doubt, x[pixel]),
                };
                term *= inferred * p.powf(grey) * (1.0 - p).powf(1.0 - grey);
            }
            truth += term;
        }
        let tensor = |values: [f64; 4]| {
            Tensor::<2>::from_data(
                TensorData::new(values.map(|v| v as f32).to_vec(), [1, 4]),
                &Device::flex(),
            )
        };
        let found = bernoulli_in_doubt(tensor(l).unsqueeze_dim(1), tensor(x), Given::Logits, doubt as f32);
        let found = f64::from(host(found)[0]);
        assert!((found / truth.ln() - 1.0).abs() < 1e-6, "{doubt}: {found} instead of {}", truth.ln());
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
        for doubt in [0.0, 0.5, 1.0] {
            let x = tensor([1, 3], 1).abs();
            assert!(host(bernoulli_in_doubt(logits.clone(), x, given, doubt))[0].is_nan());
        }
    }
}
