//! The activation against Burn's own, values and gradients.

use burn::tensor::{Device, Tensor};
use cama_kernels::activation::{composed, leaky_relu};
use proptest::prelude::*;

use crate::common::{close, host, leaf, tensor};

proptest! {
    #[test]
    fn activations_are_burns(
        rows in 1usize..40, width in 1usize..70, slope in prop_oneof![Just(0.0), Just(0.2), Just(1.0)], seed in 0u64..1000,
    ) {
        let (x, towards) = (tensor([rows, width], seed), tensor([rows, width], seed + 1));
        close("value without gradients", leaky_relu(x.clone(), slope), composed(x.clone(), slope), 1e-6);
        let run = |of: fn(Tensor<2>, f64) -> Tensor<2>| {
            let x = leaf(&x);
            let y = of(x.clone(), slope);
            let gradients = (y.clone() * towards.clone().autodiff()).sum().backward();
            (y.without_autodiff(), x.grad(&gradients).unwrap())
        };
        let (ours, theirs) = (run(leaky_relu), run(composed));
        close("value", ours.0, theirs.0, 1e-6);
        close("gradient", ours.1, theirs.1, 1e-6);
    }
}

#[test]
fn what_is_no_number_or_infinite_is_seen() {
    let values = [f32::NEG_INFINITY, f32::INFINITY, f32::NAN, 0.0, -0.0, -1e-40];
    for slope in [0.0, 0.2, 1.0] {
        let x = Tensor::<1>::from_floats(values, &Device::flex()).autodiff().require_grad();
        let run = |of: fn(Tensor<1>, f64) -> Tensor<1>| {
            let y = of(x.clone(), slope);
            let gradients = y.clone().sum().backward();
            [host(y.without_autodiff()), host(x.grad(&gradients).unwrap())]
        };
        for (ours, theirs) in run(leaky_relu).into_iter().flatten().zip(run(composed).into_iter().flatten()) {
            assert!(
                ours == theirs || ours.is_nan() && theirs.is_nan(),
                "{ours} instead of {theirs}, slope {slope}"
            );
        }
    }
}
