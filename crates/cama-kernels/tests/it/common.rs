//! What the tests of all operations share.

use burn::tensor::{Device, Tensor, TensorData};

/// Numbers from −1 to 1 that look random; other seeds give others.
pub fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..n)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

/// A tensor of such numbers.
pub fn tensor<const D: usize>(shape: [usize; D], seed: u64) -> Tensor<D> {
    let data = TensorData::new(numbers(shape.iter().product(), seed), shape);
    Tensor::from_data(data, &Device::flex())
}

/// The same as a leaf that gradients are asked of.
pub fn leaf<const D: usize>(tensor: &Tensor<D>) -> Tensor<D> {
    tensor.clone().autodiff().require_grad()
}

/// Numbers of a tensor.
pub fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Panics unless all of `a` is within `tolerance` of `b`, relative to the largest of `b`, or to 1 if that is larger.
pub fn close<const D: usize>(what: &str, a: Tensor<D>, b: Tensor<D>, tolerance: f32) {
    assert_eq!(a.dims(), b.dims(), "{what}");
    let scale = host(b.clone()).iter().fold(1.0f32, |most, v| most.max(v.abs()));
    close_at(what, a, b, tolerance, scale);
}

/// The same, relative to `scale`.
pub fn close_at<const D: usize>(what: &str, a: Tensor<D>, b: Tensor<D>, tolerance: f32, scale: f32) {
    let (a, b) = (host(a), host(b));
    for (i, (a, b)) in a.iter().zip(&b).enumerate() {
        assert!((a - b).abs() <= tolerance * scale, "{what} {i}: {a} instead of {b} (largest: {scale})");
    }
}
