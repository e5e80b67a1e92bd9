//! Warps against Burn's own operations, values and gradients.

use crate::common::{close, host, leaf, tensor};
use burn::tensor::Tensor;
use cama_kernels::warp::{composed, composed_affine, warp, warp_affine};
use proptest::prelude::*;

proptest! {
    #[test]
    fn warps_are_burns(
        batch in 1usize..4, group in 1usize..5, channels in 1usize..4, height in 1usize..12, width in 1usize..12,
        reach in 0.1f32..3.0, seed in 0u64..1000,
    ) {
        let image = [channels, height, width];
        let x = tensor([batch, group, channels * height * width], seed);
        // From well inside to far beyond the canvas.
        let places = |seed, side: usize| tensor([batch, height * width], seed).mul_scalar(reach * side as f32);
        let (rows, columns) = (places(seed + 1, height), places(seed + 2, width));
        let towards = tensor([batch, group, channels * height * width], seed + 3);
        let run = |of: fn(Tensor<3>, [usize; 3], Tensor<2>, Tensor<2>) -> Tensor<3>| {
            let (x, rows, columns) = (leaf(&x), leaf(&rows), leaf(&columns));
            let y = of(x.clone(), image, rows.clone(), columns.clone());
            let gradients = (y.clone() * towards.clone().autodiff()).sum().backward();
            let [x, rows, columns] = [x.grad(&gradients).map(|g| g.flatten(0, 2)), rows.grad(&gradients).map(|g| g.flatten(0, 1)), columns.grad(&gradients).map(|g| g.flatten(0, 1))]
                .map(|g: Option<Tensor<1>>| g.unwrap());
            (y.without_autodiff(), x, rows, columns)
        };
        let (ours, theirs) = (run(warp), run(composed));
        close("value", ours.0, theirs.0, 1e-5);
        close("gradient of x", ours.1, theirs.1, 1e-5);
        close("gradient of the rows", ours.2, theirs.2, 2e-5);
        close("gradient of the columns", ours.3, theirs.3, 2e-5);
        close("value without gradients", warp(x.clone(), image, rows.clone(), columns.clone()), composed(x, image, rows, columns), 1e-5);
    }
}

/// Maps near the identity, `[batch, 6]`: turned, scaled and moved by up to `reach`.
fn maps(batch: usize, reach: f32, seed: u64) -> Tensor<2> {
    let identity = Tensor::<2>::from_floats([[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]], &burn::tensor::Device::flex());
    tensor([batch, 6], seed).mul_scalar(reach) + identity
}

proptest! {
    #[test]
    fn affine_warps_are_burns(
        batch in 1usize..4, group in 1usize..4, channels in 1usize..4, height in 1usize..24, width in 1usize..40,
        reach in 0.05f32..3.0, seed in 0u64..1000,
    ) {
        let image = [channels, height, width];
        let x = tensor([batch, group, channels * height * width], seed);
        let maps = maps(batch, reach, seed + 1);
        let towards = tensor([batch, group, channels * height * width], seed + 3);
        let run = |of: fn(Tensor<3>, [usize; 3], Tensor<2>) -> Tensor<3>| {
            let (x, maps) = (leaf(&x), leaf(&maps));
            let y = of(x.clone(), image, maps.clone());
            let gradients = (y.clone() * towards.clone().autodiff()).sum().backward();
            (y.without_autodiff(), x.grad(&gradients).unwrap(), maps.grad(&gradients).unwrap())
        };
        let (ours, theirs) = (run(warp_affine), run(composed_affine));
        // Where a place is a whole number but for the last digit, either pixel beside it may be the first.
        let side = height.max(width) as f32;
        close("value", ours.0, theirs.0, 1e-5 * side);
        close("gradient of x", ours.1, theirs.1, 1e-5 * side);
        close("value without gradients", warp_affine(x.clone(), image, maps.clone()), composed_affine(x.clone(), image, maps.clone()), 1e-5 * side);
        // The derivative in a place jumps where it is a whole number: gradients are compared at the same places.
        let same = {
            let (x, maps) = (leaf(&x), leaf(&maps));
            let y = warp_affine(x, image, maps.clone());
            maps.grad(&(y * towards.clone().autodiff()).sum().backward()).unwrap()
        };
        close("gradient of the maps, asked for with that of x", same, ours.2, 1e-6);
    }

    #[test]
    fn gradients_of_affine_maps_are_burns(
        batch in 1usize..4, channels in 1usize..4, height in 1usize..16, width in 1usize..16, seed in 0u64..1000,
    ) {
        let image = [channels, height, width];
        let x = tensor([batch, 2, channels * height * width], seed);
        let towards = tensor([batch, 2, channels * height * width], seed + 3);
        // A quarter of a pixel and more from every whole number: moved alone, by multiples that stay there.
        let identity = Tensor::<2>::from_floats([[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]], &burn::tensor::Device::flex());
        let moved = Tensor::<2>::from_floats([[0.0, 0.0, 1.37, 0.0, 0.0, -0.61]], &burn::tensor::Device::flex());
        let maps = (identity + moved).repeat_dim(0, batch);
        let run = |of: fn(Tensor<3>, [usize; 3], Tensor<2>) -> Tensor<3>| {
            let (x, maps) = (leaf(&x), leaf(&maps));
            let y = of(x, image, maps.clone());
            maps.grad(&(y * towards.clone().autodiff()).sum().backward()).unwrap()
        };
        close("gradient of the maps", run(warp_affine), run(composed_affine), 1e-4);
    }
}

#[test]
fn each_gradient_can_be_asked_for_alone() {
    let image = [1, 5, 4];
    let (x, rows, columns) =
        (tensor([2, 3, 20], 1), tensor([2, 20], 2).mul_scalar(2.0), tensor([2, 20], 3).mul_scalar(2.0));
    let all = {
        let (x, rows, columns) = (leaf(&x), leaf(&rows), leaf(&columns));
        let gradients = warp(x.clone(), image, rows.clone(), columns.clone()).square().sum().backward();
        (x.grad(&gradients).unwrap(), rows.grad(&gradients).unwrap())
    };
    let (only_x, only_rows) = (leaf(&x), leaf(&rows));
    let gradients = warp(only_x.clone(), image, rows.clone().autodiff(), columns.clone().autodiff());
    close("x alone", only_x.grad(&gradients.square().sum().backward()).unwrap(), all.0, 1e-6);
    let gradients = warp(x.autodiff(), image, only_rows.clone(), columns.autodiff());
    close("rows alone", only_rows.grad(&gradients.square().sum().backward()).unwrap(), all.1, 1e-6);
}

#[test]
fn far_beyond_the_canvas_there_is_nothing() {
    let image = [1, 3, 3];
    for far in [-1e30, -3.1, 3.1, 1e30] {
        let places = || Tensor::<2>::full([1, 9], far, &burn::tensor::Device::flex());
        assert_eq!(host(warp(tensor([1, 1, 9], 1), image, places(), places())), [0.0; 9], "{far}");
    }
    let nowhere = Tensor::<2>::full([1, 9], f32::NAN, &burn::tensor::Device::flex());
    let made = host(warp(tensor([1, 1, 9], 1), image, nowhere.clone(), nowhere));
    assert!(made.iter().all(|v| v.is_nan()), "{made:?}");
}
