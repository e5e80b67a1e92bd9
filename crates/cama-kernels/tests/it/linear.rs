//! Linear layers against Burn's own, values and gradients.

use crate::common::{close, leaf, tensor};
use burn::tensor::Tensor;
use cama_kernels::linear::{composed, linear};
use proptest::prelude::*;

proptest! {
    #[test]
    fn linear_layers_are_burns(
        rows in 1usize..80, inputs in 1usize..90, outputs in 1usize..90, slope in prop_oneof![Just(0.0), Just(0.2), Just(1.0)],
        seed in 0u64..1000,
    ) {
        let (x, weight, bias) = (tensor([rows, 2, inputs], seed), tensor([inputs, outputs], seed + 1), tensor([outputs], seed + 2));
        let towards = tensor([rows, 2, outputs], seed + 3);
        let run = |of: fn(Tensor<3>, Tensor<2>, Tensor<1>, f64) -> Tensor<3>| {
            let (x, weight, bias) = (leaf(&x), leaf(&weight), leaf(&bias));
            let y = of(x.clone(), weight.clone(), bias.clone(), slope);
            let gradients = (y.clone() * towards.clone().autodiff()).sum().backward();
            (
                y.without_autodiff(),
                x.grad(&gradients).unwrap(),
                weight.grad(&gradients).unwrap(),
                bias.grad(&gradients).unwrap(),
            )
        };
        let (ours, theirs) = (run(linear), run(composed));
        close("value", ours.0, theirs.0, 1e-5);
        close("gradient of x", ours.1, theirs.1, 1e-5);
        close("gradient of the weights", ours.2, theirs.2, 2e-5);
        close("gradient of the bias", ours.3, theirs.3, 1e-5);
    }
}

#[test]
fn a_view_is_read_as_it_is_seen() {
    // The middle of a wider tensor, and a transposed weight.
    let (x, weight) = (tensor([6, 11], 1).narrow(1, 3, 5), tensor([7, 5], 2).transpose());
    let bias = tensor([7], 3);
    close(
        "value",
        linear(x.clone(), weight.clone(), bias.clone(), 1.0),
        composed(x, weight, bias, 1.0),
        1e-6,
    );
}

#[test]
fn a_row_gets_the_same_bits_alone_as_among_others() {
    for (inputs, outputs) in [(3, 2), (10, 100), (100, 7), (200, 200)] {
        let (x, weight, bias) = (tensor([70, inputs], 1), tensor([inputs, outputs], 2), tensor([outputs], 3));
        let bits = |x: Tensor<2>| -> Vec<u32> {
            let y = linear(x, weight.clone(), bias.clone(), 0.2).into_data();
            y.iter::<f32>().map(f32::to_bits).collect()
        };
        let bits_of_gradient = |x: Tensor<2>| -> Vec<u32> {
            let x = leaf(&x);
            let y = linear(x.clone(), weight.clone().autodiff(), bias.clone().autodiff(), 0.2);
            let gradient = x.grad(&(y.clone() * y).sum().backward()).unwrap().into_data();
            gradient.iter::<f32>().map(f32::to_bits).collect()
        };
        let all_gradients = bits_of_gradient(x.clone());
        let all = bits(x.clone());
        for rows in [1, 2, 5, 69] {
            for first in [0, 1] {
                let part = bits(x.clone().narrow(0, first, rows));
                assert_eq!(
                    part,
                    all[first * outputs..(first + rows) * outputs],
                    "{rows} of {inputs} to {outputs}"
                );
                let part = bits_of_gradient(x.clone().narrow(0, first, rows));
                let among = &all_gradients[first * inputs..(first + rows) * inputs];
                assert_eq!(part, among, "gradient of {rows} of {inputs} to {outputs}");
            }
        }
    }
}
