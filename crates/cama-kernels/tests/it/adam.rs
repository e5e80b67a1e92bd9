//! Steps of Adam against Burn's own.

use crate::common::{close, host, tensor};
use burn::optim::{AdamW, AdamWConfig, AdamWState, Optimizer};
use burn::tensor::Tensor;
use cama_kernels::adam::{Step, adam, sum_of_squares};

#[test]
fn steps_are_burns() {
    for weight_decay in [0.0, 0.1] {
        let theirs: AdamW = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(weight_decay).build();
        let mut their_state: Option<AdamWState<2>> = None;
        let (mut ours, mut moments) = (tensor([37, 1001], 1), None);
        let mut their_parameters = ours.clone();
        for time in 1..=30 {
            let gradient: Tensor<2> = tensor([37, 1001], 100 + time as u64).mul_scalar(1.0 / time as f64);
            let learning_rate = 1e-2 / (1.0 + time as f64);
            let step = Step {
                learning_rate,
                betas: [0.9, 0.999],
                epsilon: 1e-8,
                weight_decay: f64::from(weight_decay),
                time,
            };
            let (moved, made) = adam(ours, gradient.clone(), moments, step);
            (ours, moments) = (moved, Some(made));
            (their_parameters, their_state) =
                theirs.step(learning_rate, their_parameters, gradient, their_state);
            close("parameters", ours.clone(), their_parameters.clone(), 2e-6);
        }
        let [first, second] = moments.unwrap();
        let state = their_state.unwrap().momentum;
        close("first moments", first, state.moment_1, 1e-6);
        close("second moments", second, state.moment_2, 1e-6);
    }
}

#[test]
fn what_others_hold_is_left_alone() {
    let held = tensor([4, 3], 1);
    let (before, part) = (host(held.clone()), held.clone().narrow(0, 1, 2));
    let step = Step { learning_rate: 0.1, betas: [0.9, 0.999], epsilon: 1e-8, weight_decay: 0.0, time: 1 };
    let (moved, _) = adam(part.clone(), tensor([2, 3], 2), None, step);
    assert_eq!(host(held), before);
    // The first step is one learning rate along the sign of the gradient.
    for ((p, g), m) in host(part).into_iter().zip(host(tensor([2, 3], 2))).zip(host(moved)) {
        assert!((p - 0.1 * g.signum() - m).abs() < 1e-6);
    }
}

#[test]
fn squares_are_summed() {
    for n in [1, 63, 64, 100_003] {
        let x: Tensor<1> = tensor([n], 9);
        let truth: f64 = host(x.clone()).into_iter().map(|v| f64::from(v) * f64::from(v)).sum();
        let found = f64::from(host(sum_of_squares(x))[0]);
        assert!((found / truth - 1.0).abs() < 1e-6, "{n}: {found} instead of {truth}");
    }
}
